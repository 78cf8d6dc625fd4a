"""SQL of what did not go as planned: kept for a person, never dropped."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from negatoscope.formats.dicom.uids import StudyUid
from negatoscope.orders.model import OpenException
from negatoscope.orders.tables import order_exceptions
from negatoscope.platform.errors import NotFound
from negatoscope.platform.json_value import JsonValue

IDENTITY_CONFLICT = "identity_conflict"


def insert_exception(
    tx: Connection,
    kind: str,
    *,
    key: str,
    at: datetime,
    detail: Mapping[str, JsonValue],
    order_id: UUID | None = None,
    study_uid: str | None = None,
) -> bool:
    """Keep what did not go as planned, once for the same `key`; False when it was known."""
    inserted = tx.execute(
        insert_or_skip(order_exceptions)
        .values(
            exception_id=uuid4(),
            kind=kind,
            fingerprint=hashlib.sha256(key.encode()).hexdigest(),
            order_id=order_id,
            study_uid=study_uid,
            detail=dict(detail),
            at=at,
        )
        .on_conflict_do_nothing()
        .returning(order_exceptions.c.exception_id)
    )
    return inserted.first() is not None


def list_conflicting_studies(tx: Connection, order_id: UUID) -> list[StudyUid]:
    """Return the studies that came for an order under another patient, and wait for a decision."""
    table = order_exceptions.c
    query = select(table.study_uid).where(
        table.order_id == order_id, table.kind == IDENTITY_CONFLICT, table.resolved_at.is_(None)
    )
    return [StudyUid(uid) for uid in tx.execute(query.order_by(table.at)).scalars() if uid is not None]


def resolve_conflict(tx: Connection, order_id: UUID, study_uid: str, at: datetime) -> None:
    """Say that the conflict about a study is decided."""
    table = order_exceptions.c
    tx.execute(
        update(order_exceptions)
        .where(
            table.order_id == order_id,
            table.study_uid == study_uid,
            table.kind == IDENTITY_CONFLICT,
            table.resolved_at.is_(None),
        )
        .values(resolved_at=at)
    )


def list_open_exceptions(tx: Connection, order_id: UUID) -> list[tuple[str, datetime]]:
    """Return the kind and time of what is unresolved about an order."""
    table = order_exceptions.c
    query = select(table.kind, table.at).where(table.order_id == order_id, table.resolved_at.is_(None)).order_by(table.at)
    return [(row.kind, row.at) for row in tx.execute(query)]


def list_exceptions(tx: Connection, *, limit: int) -> list[OpenException]:
    """Return what waits for a person, oldest first."""
    table = order_exceptions.c
    query = select(order_exceptions).where(table.resolved_at.is_(None)).order_by(table.at, table.exception_id).limit(limit)
    return [
        OpenException(
            exception_id=row["exception_id"],
            kind=row["kind"],
            order_id=row["order_id"],
            study_uid=row["study_uid"],
            station=str(row["detail"].get("station", "")),
            at=row["at"],
        )
        for row in tx.execute(query).mappings()
    ]


def count_exceptions(tx: Connection) -> int:
    """Return how many wait for a person."""
    query = select(func.count()).select_from(order_exceptions).where(order_exceptions.c.resolved_at.is_(None))
    return tx.execute(query).scalar_one()


def resolve_exception(tx: Connection, exception_id: UUID, at: datetime) -> str:
    """Say that one was looked into; return its kind, or raise NotFound when it was before."""
    table = order_exceptions
    resolved = tx.execute(
        update(table)
        .where(table.c.exception_id == exception_id, table.c.resolved_at.is_(None))
        .values(resolved_at=at)
        .returning(table.c.kind)
    )
    kind = resolved.scalar_one_or_none()
    if kind is None:
        raise NotFound("Nothing waits here for a decision.", reason="no_such_exception")
    return str(kind)
