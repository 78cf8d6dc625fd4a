"""Broken glass and oppositions in the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, func, insert, select, update

from negatoscope.access.tables import broken_glass, oppositions, users
from negatoscope.platform.errors import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenGlass:
    """One emergency access: who, to which patient, why, until when, and whether it was reviewed."""

    broken_glass_id: UUID
    user_id: UUID
    display_name: str
    patient_id: UUID
    reason_code: str
    explanation: str
    broken_at: datetime
    until: datetime
    reviewed_at: datetime | None


_COLUMNS = (
    broken_glass.c.broken_glass_id,
    broken_glass.c.user_id,
    users.c.display_name,
    broken_glass.c.patient_id,
    broken_glass.c.reason_code,
    broken_glass.c.explanation,
    broken_glass.c.broken_at,
    broken_glass.c.until,
    broken_glass.c.reviewed_at,
)
_SOURCE = broken_glass.join(users, users.c.user_id == broken_glass.c.user_id)


def insert_broken_glass(
    tx: Connection,
    *,
    broken_glass_id: UUID,
    user_id: UUID,
    patient_id: UUID,
    reason_code: str,
    explanation: str,
    at: datetime,
    until: datetime,
) -> None:
    """Note an emergency access."""
    tx.execute(
        insert(broken_glass).values(
            broken_glass_id=broken_glass_id,
            user_id=user_id,
            patient_id=patient_id,
            reason_code=reason_code,
            explanation=explanation,
            broken_at=at,
            until=until,
        )
    )


def count_broken_glass(tx: Connection, user_id: UUID, since: datetime) -> int:
    """Return how often a person broke the glass since then."""
    return tx.execute(
        select(func.count())
        .select_from(broken_glass)
        .where(broken_glass.c.user_id == user_id, broken_glass.c.broken_at > since)
    ).scalar_one()


def list_open_glass(tx: Connection, user_id: UUID, now: datetime) -> list[BrokenGlass]:
    """Return the emergency accesses of a person that are open now."""
    rows = tx.execute(
        select(*_COLUMNS)
        .select_from(_SOURCE)
        .where(broken_glass.c.user_id == user_id, broken_glass.c.until > now)
        .order_by(broken_glass.c.until)
    )
    return [BrokenGlass(**row) for row in rows.mappings()]


def list_glass_to_review(tx: Connection, *, limit: int = 100) -> list[BrokenGlass]:
    """Return emergency accesses that nobody reviewed, the oldest first."""
    rows = tx.execute(
        select(*_COLUMNS)
        .select_from(_SOURCE)
        .where(broken_glass.c.reviewed_at.is_(None))
        .order_by(broken_glass.c.broken_at)
        .limit(limit)
    )
    return [BrokenGlass(**row) for row in rows.mappings()]


def update_reviewed(tx: Connection, broken_glass_id: UUID, *, reviewed_by: UUID, at: datetime) -> UUID:
    """Note a review by another person and return the patient concerned; raise NotFound when there is none to make."""
    patient_id: UUID | None = tx.execute(
        update(broken_glass)
        .where(
            broken_glass.c.broken_glass_id == broken_glass_id,
            broken_glass.c.reviewed_at.is_(None),
            broken_glass.c.user_id != reviewed_by,
        )
        .values(reviewed_at=at, reviewed_by=reviewed_by)
        .returning(broken_glass.c.patient_id)
    ).scalar_one_or_none()
    if patient_id is None:
        raise NotFound("Nothing is to be reviewed here.")
    return patient_id


def insert_opposition(tx: Connection, *, opposition_id: UUID, patient_id: UUID, user_id: UUID | None, at: datetime) -> None:
    """Note what a patient objects to."""
    tx.execute(insert(oppositions).values(opposition_id=opposition_id, patient_id=patient_id, user_id=user_id, since=at))


def withdraw_opposition(tx: Connection, opposition_id: UUID, *, patient_id: UUID, at: datetime) -> None:
    """Note that the patient objects no longer."""
    changed = tx.execute(
        update(oppositions)
        .where(
            oppositions.c.opposition_id == opposition_id,
            oppositions.c.patient_id == patient_id,
            oppositions.c.withdrawn_at.is_(None),
        )
        .values(withdrawn_at=at)
    )
    if changed.rowcount == 0:
        raise NotFound("No such opposition.")


def list_oppositions(tx: Connection, patient_id: UUID) -> list[tuple[UUID, UUID | None, datetime]]:
    """Return what a patient objects to now: identifier, person (None: every share), since when."""
    rows = tx.execute(
        select(oppositions.c.opposition_id, oppositions.c.user_id, oppositions.c.since)
        .where(oppositions.c.patient_id == patient_id, oppositions.c.withdrawn_at.is_(None))
        .order_by(oppositions.c.since)
    )
    return [(row.opposition_id, row.user_id, row.since) for row in rows]
