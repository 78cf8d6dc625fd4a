"""Read the trail: who looked at a patient's record, and the search of the data protection officer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, or_, select

from negatoscope.audit.model import Entry
from negatoscope.audit.store import ENTRY_COLUMNS, entry_of
from negatoscope.audit.tables import audit_chain, audit_entries


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPosition:
    """Where a page of entries ends; the next page goes on from there."""

    at: datetime
    entry_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryFilter:
    """What the search keeps; every part left out keeps everything. `actor_name` matches its beginning in any case."""

    patient_id: UUID | None = None
    study_uid: str | None = None
    actor_user_id: UUID | None = None
    actor_name: str | None = None
    action: str | None = None
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedEntry:
    """An entry and its number in the chain; None while it waits for its seal."""

    entry: Entry
    sequence: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPage:
    """Some entries, newest first, and where the next page starts."""

    entries: tuple[SealedEntry, ...]
    next: EntryPosition | None


def list_accesses(tx: Connection, *, patient_id: UUID, limit: int = 200) -> list[Entry]:
    """Return what was done with the record of this patient, newest first, refused attempts included."""
    rows = tx.execute(
        select(*ENTRY_COLUMNS)
        .where(audit_entries.c.patient_id == patient_id)
        .order_by(audit_entries.c.at.desc(), audit_entries.c.entry_id.desc())
        .limit(limit)
    )
    return [entry_of(row) for row in rows.mappings()]


def search_entries(tx: Connection, wanted: EntryFilter, *, after: EntryPosition | None = None, limit: int = 50) -> EntryPage:
    """Return one page of entries, newest first, each with its number in the chain."""
    conditions = _conditions(wanted)
    if after is not None:
        conditions.append(
            or_(
                audit_entries.c.at < after.at,
                and_(audit_entries.c.at == after.at, audit_entries.c.entry_id < after.entry_id),
            )
        )
    rows = (
        tx.execute(
            select(*ENTRY_COLUMNS, audit_chain.c.sequence)
            .outerjoin(audit_chain, audit_chain.c.entry_id == audit_entries.c.entry_id)
            .where(*conditions)
            .order_by(audit_entries.c.at.desc(), audit_entries.c.entry_id.desc())
            .limit(limit + 1)
        )
        .mappings()
        .all()
    )
    entries = tuple(SealedEntry(entry=entry_of(row), sequence=row["sequence"]) for row in rows[:limit])
    last = entries[-1].entry if len(rows) > limit else None
    return EntryPage(entries=entries, next=EntryPosition(at=last.at, entry_id=last.entry_id) if last is not None else None)


def _conditions(wanted: EntryFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.patient_id is not None:
        conditions.append(audit_entries.c.patient_id == wanted.patient_id)
    if wanted.study_uid is not None:
        conditions.append(audit_entries.c.study_uid == wanted.study_uid)
    if wanted.actor_user_id is not None:
        conditions.append(audit_entries.c.actor_user_id == wanted.actor_user_id)
    if wanted.actor_name is not None:
        conditions.append(audit_entries.c.actor_name.istartswith(wanted.actor_name, autoescape=True))
    if wanted.action is not None:
        conditions.append(audit_entries.c.action == wanted.action)
    if wanted.outcome is not None:
        conditions.append(audit_entries.c.outcome == wanted.outcome)
    if wanted.since is not None:
        conditions.append(audit_entries.c.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(audit_entries.c.at < wanted.until)
    return conditions
