"""List the archives from which earlier examinations may be fetched."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from sqlalchemy import Connection

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Subject
from negatoscope.access.policy import may_ever
from negatoscope.access.store.devices import get_device
from negatoscope.archive.prefetch import store
from negatoscope.archive.prefetch.model import (
    MOST_AGE_DAYS,
    MOST_OBJECTS,
    MOST_STUDIES,
    PriorSource,
    SourceKind,
)
from negatoscope.archive.routing.rule_store import get_server
from negatoscope.audit.trail import record
from negatoscope.platform.errors import InvalidInput, NotFound
from negatoscope.platform.runtime import Platform

LONGEST_NAME = 64
LONGEST_MODALITY = 16


def add_source(platform: Platform, subject: Subject, source: PriorSource) -> PriorSource:
    """Add a source."""
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.MANAGE_DEVICES)
        checked = _checked(tx, source)
        store.insert_source(tx, checked)
        _trace(tx, subject, checked)
    return checked


def change_source(platform: Platform, subject: Subject, source: PriorSource) -> PriorSource:
    """Keep a changed source; StaleVersion when somebody changed it since it was read."""
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.MANAGE_DEVICES)
        checked = _checked(tx, source)
        store.update_source(tx, checked)
        _trace(tx, subject, checked)
        return store.get_source(tx, source.source_id)


def get_source(tx: Connection, subject: Subject, source_id: UUID) -> PriorSource:
    """Return one source, for those who manage devices."""
    _require_manager(subject)
    return store.get_source(tx, source_id)


def list_sources(tx: Connection, subject: Subject) -> list[PriorSource]:
    """Return the sources by name, for those who manage devices."""
    _require_manager(subject)
    return store.list_sources(tx)


def _checked(tx: Connection, source: PriorSource) -> PriorSource:
    name, issuer = " ".join(source.name.split()), source.patient_issuer.strip()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise InvalidInput("Name the source in 1 to 64 characters.", reason="source_name_missing", field="name")
    if not 1 <= len(issuer) <= LONGEST_NAME or not issuer.isprintable():
        raise InvalidInput(
            "Name the issuer of the patient numbers that this archive knows.", reason="issuer_missing", field="patient_issuer"
        )
    modalities = tuple(dict.fromkeys(one.strip().upper() for one in source.modalities if one.strip()))
    if any(len(one) > LONGEST_MODALITY or not one.isalnum() for one in modalities):
        raise InvalidInput("Modalities read like DX, CR, CT.", reason="modalities_not_valid", field="modalities")
    if not 1 <= source.most_age_days <= MOST_AGE_DAYS:
        raise InvalidInput("An age is between 1 day and 100 years.", reason="age_not_valid", field="most_age")
    if not 1 <= source.most_studies <= MOST_STUDIES:
        raise InvalidInput("Between 1 and 50 studies are fetched.", reason="studies_not_valid", field="most_studies")
    if not 1 <= source.most_objects <= MOST_OBJECTS:
        raise InvalidInput("A study has between 1 and 100000 images.", reason="objects_not_valid", field="most_objects")
    _check_peer(tx, source)
    return replace(source, name=name, patient_issuer=issuer, modalities=modalities)


def _check_peer(tx: Connection, source: PriorSource) -> None:
    try:
        if source.kind is SourceKind.SERVER:
            get_server(tx, source.peer_id)
            return
        device = get_device(tx, source.peer_id)
    except NotFound as error:
        raise InvalidInput("Choose the archive to ask.", reason="peer_missing", field="peer") from error
    if device.host is None:
        raise InvalidInput("This device has no address to ask.", reason="peer_without_address", field="peer")


def _require_manager(subject: Subject) -> None:
    if not may_ever(subject, Action.MANAGE_DEVICES):
        raise NotFound("Nothing is here.")


def _trace(tx: Connection, subject: Subject, source: PriorSource) -> None:
    record(
        tx,
        subject.actor,
        Action.MANAGE_DEVICES.value,
        objects={
            "source": str(source.source_id),
            "name": source.name,
            "peer": str(source.peer_id),
            "issuer": source.patient_issuer,
            "enabled": source.is_enabled,
        },
    )
