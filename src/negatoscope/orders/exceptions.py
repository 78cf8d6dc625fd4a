"""What did not go as planned, for the person who settles it."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection

from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Action, Subject
from negatoscope.audit.trail import record
from negatoscope.orders import exception_store
from negatoscope.orders.model import OpenException
from negatoscope.platform.errors import InvalidInput
from negatoscope.platform.events import publish
from negatoscope.platform.runtime import Platform

MOST_SHOWN = 200


def list_exceptions(tx: Connection, subject: Subject) -> list[OpenException]:
    """Return what waits for a person, oldest first."""
    authorise(tx, subject, Action.RECONCILE_STUDY, reason="looking at what waits")
    return exception_store.list_exceptions(tx, limit=MOST_SHOWN)


def settle_exception(platform: Platform, subject: Subject, exception_id: UUID, *, reason: str) -> None:
    """Say that one was looked into, and what came of it."""
    if not reason.strip():
        raise InvalidInput("Give a reason.", field="reason", reason="reason_missing")
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.RECONCILE_STUDY, reason=reason)
        kind = exception_store.resolve_exception(tx, exception_id, platform.clock.now())
        record(tx, subject.actor, "exception_settled", objects={"exception": str(exception_id), "kind": kind}, reason=reason)
        publish(tx, "order_moved", subject=str(exception_id), payload={"event": "exception_settled"})
