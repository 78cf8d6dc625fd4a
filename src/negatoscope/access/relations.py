"""Care relations, broken glass and oppositions: what links a person to a patient at this moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, DateTime, Select, TextClause, Uuid, bindparam, exists, func, literal, select
from sqlalchemy.dialects.postgresql import insert

from negatoscope.access.model import Subject, SubjectKind
from negatoscope.access.tables import broken_glass, care_relations, oppositions
from negatoscope.platform.database import written_out

_Person = ColumnElement[UUID] | ColumnElement[UUID | None]
_PATIENT: Final = bindparam("patient", type_=Uuid())
_PERSON: Final = bindparam("person", type_=Uuid())
_OWN: Final = bindparam("own", type_=Uuid())
_MOMENT: Final = bindparam("moment", type_=DateTime(timezone=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a subject stands to a patient now."""

    related: bool = False
    glass_broken: bool = False
    opposed: bool = False


def relate(tx: Connection, user_id: UUID, patient_id: UUID, *, source: str, until: datetime) -> None:
    """Say that this person cares for this patient until then. The same source again prolongs, and never shortens.

    `source` is what made the relation: order:<identifier>, stay:<identifier>, invitation, declared.
    """
    statement = insert(care_relations).values(user_id=user_id, patient_id=patient_id, source=source, until=until)
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant", "user_id", "patient_id", "source"],
            set_={"until": func.greatest(care_relations.c.until, statement.excluded.until)},
        )
    )


def end_relation(tx: Connection, user_id: UUID, patient_id: UUID, *, source: str, at: datetime) -> None:
    """End a relation before its time."""
    tx.execute(
        care_relations.update()
        .where(
            care_relations.c.user_id == user_id,
            care_relations.c.patient_id == patient_id,
            care_relations.c.source == source,
            care_relations.c.until > at,
        )
        .values(until=at)
    )


def find_standing(tx: Connection, subject: Subject, patient_id: UUID | None) -> Standing:
    """Return how the subject stands to the patient, in one query; nothing for machines and for no patient."""
    if patient_id is None or subject.kind in {SubjectKind.SYSTEM, SubjectKind.DEVICE}:
        return Standing()
    values = {"patient": patient_id, "person": subject.user_id}
    if subject.patient_id is not None:
        values["own"] = subject.patient_id
    given: dict[str, object] = {**values, "moment": subject.seen_at} if subject.seen_at is not None else {**values}
    row = tx.execute(_standing(subject.kind is SubjectKind.SHARE, frozenset(given)), given).one()
    return Standing(related=bool(row[0]), glass_broken=bool(row[1]), opposed=bool(row[2]))


@cache
def _standing(is_share: bool, given: frozenset[str]) -> TextClause:
    at: ColumnElement[datetime] = _MOMENT if "moment" in given else func.now()
    own = _OWN if "own" in given else None
    opposed = _oppositions(_PERSON, _PATIENT, is_share=is_share, own=own)
    return written_out(select(_related(_PERSON, _PATIENT, at), _broken(_PERSON, _PATIENT, at), exists(opposed)))


def is_related(subject: Subject, patient: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Return the condition that a care relation links the subject to this patient now."""
    return _related(_person(subject), patient, moment(subject.seen_at))


def has_broken_glass(subject: Subject, patient: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Return the condition that the subject opened this patient's record in an emergency, and it is open still."""
    return _broken(_person(subject), patient, moment(subject.seen_at))


def is_open_to(subject: Subject, patient: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Return the condition that this patient does not object to the subject, or that an emergency goes before it."""
    own = literal(subject.patient_id) if subject.patient_id is not None else None
    opposed = _oppositions(_person(subject), patient, is_share=subject.kind is SubjectKind.SHARE, own=own)
    return ~exists(opposed.where(~has_broken_glass(subject, patient)))


def _person(subject: Subject) -> _Person:
    return literal(subject.user_id, Uuid())


def _related(person: _Person, patient: ColumnElement[UUID], at: ColumnElement[datetime]) -> ColumnElement[bool]:
    columns = care_relations.c
    return exists(select(literal(1)).where(columns.user_id == person, columns.patient_id == patient, columns.until > at))


def _broken(person: _Person, patient: ColumnElement[UUID], at: ColumnElement[datetime]) -> ColumnElement[bool]:
    columns = broken_glass.c
    return exists(select(literal(1)).where(columns.user_id == person, columns.patient_id == patient, columns.until > at))


def _oppositions(
    person: _Person,
    patient: ColumnElement[UUID],
    *,
    is_share: bool,
    own: ColumnElement[UUID] | None,
) -> Select[int]:
    """Return what this patient has against the subject: oneself never objects to oneself."""
    everybody, named = oppositions.c.user_id.is_(None), oppositions.c.user_id == person
    found = select(literal(1)).where(
        oppositions.c.patient_id == patient,
        oppositions.c.withdrawn_at.is_(None),
        everybody if is_share else named,
    )
    return found.where(patient != own) if own is not None else found


def moment(seen_at: datetime | None) -> ColumnElement[datetime]:
    """Return the moment that decides: when the subject was recognised, or the server's time where nobody says."""
    return literal(seen_at) if seen_at is not None else func.now()


def objects_to_sharing(tx: Connection, patient_id: UUID) -> bool:
    """Tell whether the patient objects to every share with third parties."""
    opposition = select(literal(1)).where(
        oppositions.c.patient_id == patient_id,
        oppositions.c.withdrawn_at.is_(None),
        oppositions.c.user_id.is_(None),
    )
    return bool(tx.execute(select(exists(opposition))).scalar_one())
