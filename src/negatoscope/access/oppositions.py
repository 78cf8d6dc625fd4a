"""What a patient objects to: one person reading the record, or every share with third parties."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Connection

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Subject
from negatoscope.access.store import glass as store
from negatoscope.audit.trail import record
from negatoscope.platform.events import publish
from negatoscope.platform.runtime import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Opposition:
    """One thing a patient objects to: a person, or, with None, every share with third parties."""

    opposition_id: UUID
    user_id: UUID | None
    since: datetime


def list_oppositions(tx: Connection, subject: Subject, patient_id: UUID) -> list[Opposition]:
    """Return what a patient objects to now."""
    authorise(tx, subject, Action.RECORD_OPPOSITION, patient_id=patient_id)
    return [
        Opposition(opposition_id=opposition_id, user_id=user_id, since=since)
        for opposition_id, user_id, since in store.list_oppositions(tx, patient_id)
    ]


def record_opposition(platform: Platform, subject: Subject, *, patient_id: UUID, user_id: UUID | None = None) -> UUID:
    """Note an opposition to one person, or, without one, to every share; it holds from the next request on."""
    opposition_id = uuid4()
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.RECORD_OPPOSITION, patient_id=patient_id)
        store.insert_opposition(
            tx, opposition_id=opposition_id, patient_id=patient_id, user_id=user_id, at=platform.clock.now()
        )
        record(
            tx,
            subject.actor,
            Action.RECORD_OPPOSITION.value,
            patient_id=patient_id,
            objects={"opposition": str(opposition_id), "to": str(user_id) if user_id is not None else "shares"},
        )
        publish(
            tx,
            "opposition_recorded",
            subject=str(patient_id),
            payload={"to": str(user_id) if user_id is not None else "shares"},
        )
    return opposition_id


def withdraw_opposition(platform: Platform, subject: Subject, *, patient_id: UUID, opposition_id: UUID) -> None:
    """Note that the patient objects no longer."""
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.RECORD_OPPOSITION, patient_id=patient_id)
        store.withdraw_opposition(tx, opposition_id, patient_id=patient_id, at=platform.clock.now())
        record(
            tx,
            subject.actor,
            Action.RECORD_OPPOSITION.value,
            patient_id=patient_id,
            objects={"opposition": str(opposition_id), "withdrawn": True},
        )
