"""Invented orders."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

from negatoscope.access.model import Subject, device_subject, system_subject
from negatoscope.orders.accept import accept_order
from negatoscope.orders.model import Order, OrderRequest, Physician, Room
from negatoscope.orders.rooms import define_room
from negatoscope.platform.runtime import Platform
from tests.builders.patients import an_identifier, some_demographics

ROOM_DX = Room(room_code="R1", name="Salle 1", modality="DX", station_ae_title="DX1", station_name="SALLE1")
ROOM_CR = Room(room_code="R2", name="Salle 2", modality="CR", station_ae_title="CR1", station_name="SALLE2")
PHYSICIAN = Physician(family_name="Thomas", given_names="Éric", identifier="801234564895", issuer="ASIP-SANTE-PS")


def a_request(**changes: object) -> OrderRequest:
    """Return a chest radiograph wanted for a new patient."""
    usual = OrderRequest(
        source="hl7",
        procedure_code="CHEST-PA",
        identifiers=(an_identifier(),),
        demographics=some_demographics(),
        placer_order_number=uuid4().hex[:12],
        placer_issuer="HIS",
        requesting_physician=PHYSICIAN,
        clinical_question="Toux fébrile, pneumopathie ?",
    )
    return replace(usual, **changes)  # type: ignore[arg-type]  # the fields of OrderRequest, checked by its constructor


def some_rooms(platform: Platform) -> None:
    """Give the department a DX and a CR room."""
    with platform.database.transaction(platform.tenant) as tx:
        for room in (ROOM_DX, ROOM_CR):
            define_room(tx, system_subject(platform.tenant, "demonstration"), room)


def a_sender(platform: Platform) -> Subject:
    """Return a hospital system that sends orders."""
    return device_subject(platform.tenant, "HIS", "127.0.0.1")


def an_order(platform: Platform, **changes: object) -> Order:
    """Place an order and return it."""
    return accept_order(platform, a_sender(platform), a_request(**changes))
