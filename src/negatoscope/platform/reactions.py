"""What one part does when another says that something happened: durable readers of the event log.

A reaction and the move of its cursor commit together, so its effects in the database happen exactly once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import orjson
from sqlalchemy import Connection, text

from negatoscope.platform.database import TenantId
from negatoscope.platform.events import Event, Position, head, read_after
from negatoscope.platform.logs import get_logger
from negatoscope.platform.runtime import Platform

MOST_FAILURES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """What one part does when another says that something happened. `handle` joins the transaction that moves the cursor."""

    name: str
    kinds: frozenset[str]
    handle: Callable[[Platform, Connection, Event], None]


class Reactor:
    """Run reactions as facts arrive; several reactors may run, each cursor is held by one at a time."""

    def __init__(self, platform: Platform, reactions: tuple[Reaction, ...]) -> None:
        self._platform = platform
        self._reactions = reactions
        self._seen: dict[TenantId, Position] = {}

    def run_once(self, tenant: TenantId) -> int:
        """Digest what is ready for this tenant; return the number of facts handled."""
        with self._platform.database.read(tenant) as tx:
            last = head(tx)
        if self._seen.get(tenant) == last:
            return 0
        handled = 0
        caught_up = True
        for reaction in self._reactions:
            count, complete = self._digest(tenant, reaction, last)
            handled += count
            caught_up = caught_up and complete
        if caught_up:
            self._seen[tenant] = last
        return handled

    def _digest(self, tenant: TenantId, reaction: Reaction, last: Position) -> tuple[int, bool]:
        count = 0
        while True:
            try:
                with self._platform.database.transaction(tenant) as tx:
                    cursor = _lock_cursor(tx, reaction.name)
                    if cursor is None:
                        return count, False
                    events = read_after(tx, cursor[0], kinds=reaction.kinds, limit=1)
                    if not events:
                        _move_cursor(tx, reaction.name, max(cursor[0], last, key=lambda p: (p.transaction_id, p.sequence)))
                        return count, True
                    event = events[0]
                    reaction.handle(self._platform, tx, event)
                    _move_cursor(tx, reaction.name, event.position)
                    count += 1
            except Exception as error:  # the outermost loop of the reactor: one bad fact may not stop the others
                get_logger().error("reaction_failed", reaction=reaction.name, error=type(error).__name__, exc_info=True)
                if not self._count_failure(tenant, reaction, error):
                    return count, False

    def _count_failure(self, tenant: TenantId, reaction: Reaction, error: Exception) -> bool:
        """Note a failure; after several, park the fact and return True so that the next one is taken."""
        with self._platform.database.transaction(tenant) as tx:
            cursor = _lock_cursor(tx, reaction.name)
            if cursor is None:
                return False
            position, failures = cursor
            if failures + 1 < MOST_FAILURES:
                tx.execute(
                    text("update event_cursors set failures = failures + 1 where reaction = :reaction"),
                    {"reaction": reaction.name},
                )
                return False
            for event in read_after(tx, position, kinds=reaction.kinds, limit=1):
                tx.execute(
                    text(
                        "insert into event_faults (reaction, event_sequence, kind, subject, payload, error)"
                        " values (:reaction, :sequence, :kind, :subject, cast(:payload as jsonb), :error) on conflict do nothing"
                    ),
                    {
                        "reaction": reaction.name,
                        "sequence": event.sequence,
                        "kind": event.kind,
                        "subject": event.subject,
                        "payload": orjson.dumps(event.payload).decode(),
                        "error": type(error).__name__,
                    },
                )
                _move_cursor(tx, reaction.name, event.position)
            return True


def _lock_cursor(tx: Connection, reaction: str) -> tuple[Position, int] | None:
    """Return the cursor, held until the transaction ends, and its failures; None while another process holds it."""
    tx.execute(
        text(
            "insert into event_cursors (reaction, transaction_id, sequence) values (:reaction, '0', 0) on conflict do nothing"
        ),
        {"reaction": reaction},
    )
    row = tx.execute(
        text(
            "select cast(cast(transaction_id as text) as bigint), sequence, failures from event_cursors"
            " where reaction = :reaction for update skip locked"
        ),
        {"reaction": reaction},
    ).one_or_none()
    return (Position(row[0], row[1]), row[2]) if row else None


def _move_cursor(tx: Connection, reaction: str, position: Position) -> None:
    tx.execute(
        text(
            "update event_cursors set transaction_id = cast(cast(:transaction_id as text) as xid8), sequence = :sequence, failures = 0"
            " where reaction = :reaction"
        ),
        {"reaction": reaction, "transaction_id": str(position.transaction_id), "sequence": position.sequence},
    )
