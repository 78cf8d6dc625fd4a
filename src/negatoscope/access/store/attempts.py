"""Proofs of identity that failed, counted before they are checked, so that many at once gain nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, case, delete
from sqlalchemy.dialects.postgresql import insert

from negatoscope.access.tables import failed_proofs

FORGOTTEN_AFTER = timedelta(hours=1)


def count_attempt(tx: Connection, kind: str, value: str, now: datetime) -> tuple[int, datetime | None]:
    """Count one more attempt and return how many in a row, and until when the kind and value are locked.

    The row stays held until the transaction ends.
    """
    statement = insert(failed_proofs).values(kind=kind, value=value, failures=1, last_at=now)
    recent = failed_proofs.c.last_at > now - FORGOTTEN_AFTER
    row = tx.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant", "kind", "value"],
            set_={
                "failures": case((recent, failed_proofs.c.failures + 1), else_=1),
                "last_at": now,
            },
        ).returning(failed_proofs.c.failures, failed_proofs.c.locked_until)
    ).one()
    return row.failures, row.locked_until


def lock_attempts(tx: Connection, kind: str, value: str, until: datetime) -> None:
    """Refuse further attempts until then."""
    tx.execute(
        failed_proofs.update().where(failed_proofs.c.kind == kind, failed_proofs.c.value == value).values(locked_until=until)
    )


def forget_attempts(tx: Connection, kind: str, value: str) -> None:
    """Start counting anew after a proof that succeeded."""
    tx.execute(delete(failed_proofs).where(failed_proofs.c.kind == kind, failed_proofs.c.value == value))


def uncount_attempt(tx: Connection, kind: str, value: str) -> None:
    """Take one attempt back: it succeeded, while others from the same place may not have."""
    tx.execute(
        failed_proofs.update()
        .where(failed_proofs.c.kind == kind, failed_proofs.c.value == value, failed_proofs.c.failures > 0)
        .values(failures=failed_proofs.c.failures - 1)
    )


def delete_attempts(tx: Connection, *, before: datetime) -> int:
    """Delete counts whose last attempt was before then and that lock nothing; return how many."""
    over = failed_proofs.c.locked_until.is_(None) | (failed_proofs.c.locked_until < before)
    return tx.execute(delete(failed_proofs).where(failed_proofs.c.last_at < before, over)).rowcount
