"""Messages received and deliveries made. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NewType
from uuid import UUID

from negatoscope.platform.errors import InvalidTransition

DeliveryId = NewType("DeliveryId", UUID)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedMessage:
    """One HL7 message as it was answered. Its content is sealed, and no part of it stands here."""

    message_id: UUID
    sender: str
    control_id: str
    message_type: str
    address: str
    received_at: datetime
    attempts: int
    code: str
    condition: str
    location: str
    sentence: str
    answer: bytes
    order_ids: tuple[UUID, ...]
    size: int


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    QUEUED = "queued"
    DELIVERED = "delivered"
    PARKED = "parked"
    CANCELLED = "cancelled"


class DeliveryEvent(StrEnum):
    """What happens to a delivery."""

    FAIL = "fail"
    ACCEPT = "accept"
    REFUSE = "refuse"
    RETRY = "retry"
    CANCEL = "cancel"


# A receiver that does not answer is tried for ever; one that refuses waits for a person.
DELIVERY_TABLE: Mapping[tuple[DeliveryState, DeliveryEvent], DeliveryState] = MappingProxyType({
    (DeliveryState.QUEUED, DeliveryEvent.FAIL): DeliveryState.QUEUED,
    (DeliveryState.QUEUED, DeliveryEvent.ACCEPT): DeliveryState.DELIVERED,
    (DeliveryState.QUEUED, DeliveryEvent.REFUSE): DeliveryState.PARKED,
    (DeliveryState.QUEUED, DeliveryEvent.CANCEL): DeliveryState.CANCELLED,
    (DeliveryState.PARKED, DeliveryEvent.RETRY): DeliveryState.QUEUED,
    (DeliveryState.PARKED, DeliveryEvent.CANCEL): DeliveryState.CANCELLED,
})  # fmt: skip


def next_delivery_state(state: DeliveryState, event: DeliveryEvent) -> DeliveryState:
    """Return the state after `event`, or raise InvalidTransition."""
    target = DELIVERY_TABLE.get((state, event))
    if target is None:
        raise InvalidTransition("This is not possible for a delivery in this state.")
    return target


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One result on its way to one destination. `delivery_id` is the MSH-10 of every attempt."""

    delivery_id: DeliveryId
    kind: str
    destination: str
    report_version_id: UUID
    study_uid: str
    patient_id: UUID
    order_id: UUID | None
    state: DeliveryState
    attempts: int
    round: int
    last_reason: str
    created_at: datetime
    last_attempt_at: datetime | None
    delivered_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What came of one attempt."""

    at: datetime
    outcome: str
    detail: str
