"""What one part does when another says that something happened: durable readers of the event log.

A reaction and the move of its cursor commit together, so its effects in the database happen exactly once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import orjson
from sqlalchemy import Connection, text

from negatoscope.platform.database import TenantId
from negatoscope.platform.errors import OutOfResources, Unavailable
from negatoscope.platform.events import Event, Position, head, read_after
from negatoscope.platform.logs import get_logger
from negatoscope.platform.runtime import Platform

MOST_FAILURES = 6
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 60.0
SERIALIZATION_FAILURE, DEADLOCK, LOCK_TIMEOUT = "40001", "40P01", "55P03"


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
        """Note a failure and wait longer each time. A fact that is the fault itself is parked after several, and True returned."""
        with self._platform.database.transaction(tenant) as tx:
            cursor = _lock_cursor(tx, reaction.name)
            if cursor is None:
                return False
            position, failures = cursor
            if failures + 1 < MOST_FAILURES or passes_by_itself(error):
                _postpone(tx, reaction.name, min(FIRST_WAIT_S * 2.0 ** min(failures, 20), LONGEST_WAIT_S))
                return False
            for event in read_after(tx, position, kinds=reaction.kinds, limit=1):
                _park(tx, reaction.name, event, type(error).__name__)
                _move_cursor(tx, reaction.name, event.position)
            return True


def passes_by_itself(error: Exception) -> bool:
    """Return whether waiting mends this error: a part that is away, a full disk, a lost race between transactions."""
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return isinstance(error, Unavailable | OutOfResources) or state in {SERIALIZATION_FAILURE, DEADLOCK, LOCK_TIMEOUT}


def retry_parked(platform: Platform, reactions: tuple[Reaction, ...]) -> tuple[int, int]:
    """Hand each parked fact to its reaction again, each in a transaction of its own; return how many were digested and left."""
    by_name = {reaction.name: reaction for reaction in reactions}
    with platform.database.read(platform.tenant) as tx:
        parked = tx.execute(text("select reaction, event_sequence from event_faults order by event_sequence")).all()
    digested = 0
    for name, sequence in parked:
        try:
            with platform.database.transaction(platform.tenant) as tx:
                digested += _retry(platform, tx, by_name.get(name), name, sequence)
        except Exception as error:  # one fact that still fails stays parked, and the others have their turn
            get_logger().warning("reaction_failed_again", reaction=name, error=type(error).__name__)
    return digested, len(parked) - digested


def _retry(platform: Platform, tx: Connection, reaction: Reaction | None, name: str, sequence: int) -> int:
    row = tx.execute(
        text(
            "select kind, subject, payload, at from event_faults where reaction = :name and event_sequence = :sequence"
            " for update skip locked"
        ),
        {"name": name, "sequence": sequence},
    ).one_or_none()
    if row is None or reaction is None:
        return 0
    reaction.handle(platform, tx, Event(sequence=sequence, kind=row[0], subject=row[1], payload=row[2], at=row[3]))
    tx.execute(
        text("delete from event_faults where reaction = :name and event_sequence = :sequence"),
        {"name": name, "sequence": sequence},
    )
    return 1


def _park(tx: Connection, reaction: str, event: Event, error: str) -> None:
    tx.execute(
        text(
            "insert into event_faults (reaction, event_sequence, kind, subject, payload, error)"
            " values (:reaction, :sequence, :kind, :subject, cast(:payload as jsonb), :error) on conflict do nothing"
        ),
        {
            "reaction": reaction,
            "sequence": event.sequence,
            "kind": event.kind,
            "subject": event.subject,
            "payload": orjson.dumps(event.payload).decode(),
            "error": error,
        },
    )


def _postpone(tx: Connection, reaction: str, wait_s: float) -> None:
    tx.execute(
        text(
            "update event_cursors set failures = failures + 1, next_try_at = clock_timestamp() + make_interval(secs => :wait_s)"
            " where reaction = :reaction"
        ),
        {"reaction": reaction, "wait_s": wait_s},
    )


def _lock_cursor(tx: Connection, reaction: str) -> tuple[Position, int] | None:
    """Return the cursor, held until the transaction ends, and its failures; None while another holds it or it waits after one."""
    tx.execute(
        text(
            "insert into event_cursors (reaction, transaction_id, sequence) values (:reaction, '0', 0) on conflict do nothing"
        ),
        {"reaction": reaction},
    )
    row = tx.execute(
        text(
            "select cast(cast(transaction_id as text) as bigint), sequence, failures from event_cursors"
            " where reaction = :reaction and next_try_at <= clock_timestamp() for update skip locked"
        ),
        {"reaction": reaction},
    ).one_or_none()
    return (Position(row[0], row[1]), row[2]) if row else None


def _move_cursor(tx: Connection, reaction: str, position: Position) -> None:
    tx.execute(
        text(
            "update event_cursors set transaction_id = cast(cast(:transaction_id as text) as xid8), sequence = :sequence, failures = 0,"
            " next_try_at = '-infinity'"
            " where reaction = :reaction"
        ),
        {"reaction": reaction, "transaction_id": str(position.transaction_id), "sequence": position.sequence},
    )
