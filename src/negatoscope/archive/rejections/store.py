"""Rows of rejections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from negatoscope.archive.corrections.model import MoveState
from negatoscope.archive.corrections.tables import moved_objects, moves
from negatoscope.archive.rejections.model import NoteSummary, Rejection, RejectionTitle
from negatoscope.archive.rejections.shown import not_rejected
from negatoscope.archive.rejections.tables import rejections
from negatoscope.archive.tables import instances, series, studies

_AT_ONCE: Final = 1000


def insert_rejections(tx: Connection, rows: Sequence[Rejection]) -> None:
    """Write down what a note names; what it named before stays as it is."""
    for start in range(0, len(rows), _AT_ONCE):
        values = [{name: getattr(row, name) for name in Rejection.__slots__} for row in rows[start : start + _AT_ONCE]]
        tx.execute(insert_or_skip(rejections).values(values).on_conflict_do_nothing())


def list_rejections(tx: Connection, study_uid: str) -> list[Rejection]:
    """Return every rejection of a study, revoked ones too, oldest first."""
    columns = rejections.c
    query = select(rejections).where(columns.study_uid == study_uid)
    rows = tx.execute(query.order_by(columns.rejected_at, columns.note_uid, columns.sop_instance_uid)).mappings()
    return [_rejection(row) for row in rows]


def list_note(tx: Connection, note_uid: str) -> list[Rejection]:
    """Return what one note names."""
    query = select(rejections).where(rejections.c.note_uid == note_uid).order_by(rejections.c.sop_instance_uid)
    return [_rejection(row) for row in tx.execute(query).mappings()]


def list_in_force(tx: Connection, sop_instance_uid: str) -> list[Rejection]:
    """Return the notes in force that name an object in the study in which it stands, oldest first."""
    columns = rejections.c
    stands = select(instances.c.study_uid).where(instances.c.sop_instance_uid == sop_instance_uid).scalar_subquery()
    query = select(rejections).where(
        columns.sop_instance_uid == sop_instance_uid, columns.study_uid == stands, columns.revoked_at.is_(None)
    )
    return [_rejection(row) for row in tx.execute(query.order_by(columns.rejected_at, columns.note_uid)).mappings()]


def hold_places(tx: Connection, study_uid: str, sop_instance_uids: Sequence[str]) -> dict[str, tuple[str, str] | None]:
    """Return study and series in which the objects stand that are here, and keep them there until the transaction ends.

    None for an object that neither is in this study nor was moved out of it.
    """
    left = (moves.c.from_study_uid == study_uid) & (moves.c.state == MoveState.APPLIED.value)
    moved = moved_objects.join(moves, moves.c.move_id == moved_objects.c.move_id)
    was_here = exists(
        select(1).select_from(moved).where(left, moved_objects.c.sop_instance_uid == instances.c.sop_instance_uid)
    ).correlate(instances)
    columns = instances.c
    found: dict[str, tuple[str, str] | None] = {}
    for start in range(0, len(sop_instance_uids), _AT_ONCE):
        query = select(columns.sop_instance_uid, columns.study_uid, columns.series_uid, was_here)
        query = query.where(columns.sop_instance_uid.in_(sop_instance_uids[start : start + _AT_ONCE]))
        query = query.order_by(columns.sop_instance_uid).with_for_update(read=True, of=instances)
        for uid, stands_in, series_uid, came in tx.execute(query):
            found[uid] = (stands_in, series_uid) if came or stands_in == study_uid else None
    return found


def rejected_instances(tx: Connection, study_uid: str) -> dict[str, str]:
    """Return the objects of a study that are rejected now, each with the code of the first note that says so."""
    columns = rejections.c
    query = select(columns.sop_instance_uid, columns.title).where(columns.study_uid == study_uid, columns.revoked_at.is_(None))
    found: dict[str, str] = {}
    for uid, title in tx.execute(query.order_by(columns.rejected_at, columns.note_uid)):
        found.setdefault(uid, title)
    return found


def list_notes(tx: Connection, *, before: tuple[datetime, str] | None, limit: int) -> list[NoteSummary]:
    """Return the notes, newest first, those after `before` in that order."""
    columns = rejections.c
    here = func.count().filter(
        select(1).where(instances.c.sop_instance_uid == columns.sop_instance_uid).correlate(rejections).exists()
    )
    query = select(
        columns.note_uid,
        columns.study_uid,
        columns.title,
        func.min(columns.explanation),
        func.min(columns.source),
        columns.rejected_at,
        func.count(),
        here,
        func.count(columns.revoked_at),
    ).where(columns.sop_instance_uid != columns.note_uid)
    if before is not None:
        query = query.where(
            (columns.rejected_at < before[0]) | ((columns.rejected_at == before[0]) & (columns.note_uid > before[1]))
        )
    query = query.group_by(columns.note_uid, columns.study_uid, columns.title, columns.rejected_at)
    query = query.order_by(columns.rejected_at.desc(), columns.note_uid).limit(limit)
    return [
        NoteSummary(
            note_uid=row[0],
            study_uid=row[1],
            title=RejectionTitle(row[2]),
            explanation=row[3],
            source=row[4],
            rejected_at=row[5],
            objects=row[6],
            here=row[7],
            revoked=row[8],
        )
        for row in tx.execute(query)
    ]


def update_revoked(
    tx: Connection, note_uid: str, sop_instance_uids: Sequence[str], *, by: str, reason: str, at: datetime
) -> list[Rejection]:
    """Take back what a note says of these objects; return what changed."""
    columns = rejections.c
    statement = (
        update(rejections)
        .where(columns.note_uid == note_uid, columns.sop_instance_uid.in_(sop_instance_uids), columns.revoked_at.is_(None))
        .values(revoked_at=at, revoked_by=by, revocation_reason=reason)
        .returning(*columns)
    )
    return [_rejection(row) for row in tx.execute(statement).mappings()]


def update_revisions(tx: Connection, study_uid: str, series_uids: Iterable[str]) -> None:
    """Say of these series that what is shown of them has changed."""
    same = (series.c.study_uid == study_uid) & series.c.series_uid.in_(sorted(set(series_uids)))
    tx.execute(update(series).where(same).values(revision=series.c.revision + 1))


def update_shown_count(tx: Connection, study_uid: str) -> None:
    """Count anew what a study that receives nothing shows."""
    shown = select(func.count()).where(instances.c.study_uid == study_uid, not_rejected()).scalar_subquery()
    tx.execute(update(studies).where(studies.c.study_uid == study_uid).values(instances=shown, version=studies.c.version + 1))


def _rejection(row: RowMapping) -> Rejection:
    values: dict[str, Any] = {name: row[name] for name in Rejection.__slots__}
    values["title"] = RejectionTitle(row["title"])
    return Rejection(**values)
