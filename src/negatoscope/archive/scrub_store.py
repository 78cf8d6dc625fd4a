"""Rows of the scrub: how far it has come, what it found damaged, and alarms of the storage itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, RowMapping, select, update
from sqlalchemy.dialects.postgresql import insert

from negatoscope.archive.kept_store import KeptObject, Position
from negatoscope.archive.tables import damaged_objects, scrubs, storage_alarms

SILENCE: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrubState:
    """How far the present round has come, when it may go on, and how the last whole one went."""

    position: Position
    due_at: datetime
    round_began_at: datetime
    round_objects: int
    round_bytes: int
    last_round_ended_at: datetime | None
    last_round_objects: int
    last_round_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DamagedObject:
    """An object that is not what was written, and has not been found sound since."""

    kind: str
    name: str
    study_uid: str | None
    fault: str
    found_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageAlarm:
    """A store that could not make an object durable."""

    place: str
    reason: str
    raised_at: datetime
    seen_at: datetime
    times: int


def claim_scrub(tx: Connection, now: datetime, until: datetime) -> ScrubState | None:
    """Take the scrub until then, unless it is not due or another worker has it; the first call begins the first round."""
    row = tx.execute(
        update(scrubs).where(scrubs.c.due_at <= now).values(due_at=until).returning(*scrubs.c)
    ).mappings().one_or_none()  # fmt: skip
    if row is None:
        first = {"kind": Position().kind, "after": [], "due_at": until, "round_began_at": now}
        begun = insert(scrubs).values(first).on_conflict_do_nothing().returning(*scrubs.c)
        row = tx.execute(begun).mappings().one_or_none()
    return _state(row) if row is not None else None


def update_scrub(tx: Connection, state: ScrubState) -> None:
    """Write down how far the scrub has come and when it may go on."""
    tx.execute(
        update(scrubs).values(
            kind=state.position.kind,
            after=list(state.position.after),
            due_at=state.due_at,
            round_began_at=state.round_began_at,
            round_objects=state.round_objects,
            round_bytes=state.round_bytes,
            last_round_ended_at=state.last_round_ended_at,
            last_round_objects=state.last_round_objects,
            last_round_bytes=state.last_round_bytes,
        )
    )


def find_scrub(tx: Connection) -> ScrubState | None:
    """Return how far the scrub has come, None before the first."""
    row = tx.execute(select(scrubs)).mappings().one_or_none()
    return _state(row) if row is not None else None


def insert_damage(tx: Connection, kept: KeptObject, fault: str, now: datetime) -> bool:
    """Note a damaged object; True when it is news: never seen, or found sound in between."""
    columns = damaged_objects.c
    known = tx.execute(
        update(damaged_objects)
        .where(columns.blob_key == kept.blob.key, columns.mended_at.is_(None))
        .values(seen_at=now, fault=fault)
    )
    if known.rowcount:
        return False
    values = {
        "kind": kept.kind,
        "name": kept.name,
        "study_uid": kept.study_uid,
        "fault": fault,
        "found_at": now,
        "seen_at": now,
        "mended_at": None,
    }
    statement = insert(damaged_objects).values(blob_key=kept.blob.key, **values)
    tx.execute(statement.on_conflict_do_update(index_elements=["tenant", "blob_key"], set_=values))
    return True


def mark_mended(tx: Connection, keys: list[str], now: datetime) -> None:
    """Note that these objects were found sound; most were never anything else."""
    columns = damaged_objects.c
    tx.execute(
        update(damaged_objects).where(columns.blob_key.in_(keys), columns.mended_at.is_(None)).values(mended_at=now)
    )  # fmt: skip


def forget_damage(tx: Connection, *, unseen_since: datetime, now: datetime) -> None:
    """Close what was found damaged earlier and not met again since then."""
    columns = damaged_objects.c
    tx.execute(update(damaged_objects).where(columns.mended_at.is_(None), columns.seen_at < unseen_since).values(mended_at=now))


def list_damaged(tx: Connection, limit: int = 100) -> list[DamagedObject]:
    """Return what is damaged now, the latest found first."""
    columns = damaged_objects.c
    query = select(damaged_objects).where(columns.mended_at.is_(None)).order_by(columns.found_at.desc(), columns.blob_key)
    return [
        DamagedObject(**{name: row[name] for name in DamagedObject.__slots__})
        for row in tx.execute(query.limit(limit)).mappings()
    ]


def insert_alarm(tx: Connection, place: str, reason: str, now: datetime) -> bool:
    """Note that a store failed; True when it is news: not seen within the last hour."""
    columns = storage_alarms.c
    last = tx.execute(select(columns.seen_at).where(columns.place == place)).scalar_one_or_none()
    values = {"place": place, "reason": reason, "raised_at": now, "seen_at": now, "times": 1}
    statement = insert(storage_alarms).values(values)
    again = {"seen_at": now, "reason": reason, "times": columns.times + 1}
    tx.execute(statement.on_conflict_do_update(index_elements=["tenant", "place"], set_=again))
    return last is None or now - last > SILENCE


def list_alarms(tx: Connection, since: datetime) -> list[StorageAlarm]:
    """Return the stores that failed since then."""
    query = select(storage_alarms).where(storage_alarms.c.seen_at >= since).order_by(storage_alarms.c.seen_at.desc())
    return [
        StorageAlarm(**{name: row[name] for name in StorageAlarm.__slots__}) for row in tx.execute(query).mappings()
    ]  # fmt: skip


def _state(row: RowMapping) -> ScrubState:
    values = {name: row[name] for name in ScrubState.__slots__ if name != "position"}
    return ScrubState(position=Position(kind=row["kind"], after=tuple(row["after"])), **values)
