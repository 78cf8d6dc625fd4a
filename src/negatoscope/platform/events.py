"""Facts that others may react to: an append-only log in the database, read by cursors that never skip and may repeat.

A reader takes only what is older than the oldest running transaction, in the order (transaction, sequence), so a
transaction that commits late is never passed over. Delivery is at least once; a reaction and the move of its cursor
commit together, so its effects in the database happen exactly once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import Connection, text

from negatoscope.platform.database import Database, TenantId
from negatoscope.platform.logs import get_logger

if TYPE_CHECKING:
    from negatoscope.platform.runtime import Platform

JsonValue = str | int | float | bool | None | list["JsonValue"] | dict[str, "JsonValue"]

MOST_FAILURES = 5
READY = "transaction_id < pg_snapshot_xmin(pg_current_snapshot())"


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the log, totally ordered."""

    transaction_id: int = 0
    sequence: int = 0

    def __str__(self) -> str:
        return f"{self.transaction_id}-{self.sequence}"

    @classmethod
    def parse(cls, value: str) -> Position | None:
        """Read what `str()` wrote; None for anything else."""
        first, _, second = value.partition("-")
        return cls(int(first), int(second)) if first.isdigit() and second.isdigit() and len(value) < 64 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One fact. `subject` is the identifier it speaks of, `payload` what a reader needs besides."""

    sequence: int
    kind: str
    subject: str
    payload: Mapping[str, JsonValue]
    at: datetime
    position: Position = field(default_factory=Position)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """What one part does when another says that something happened. `handle` joins the transaction that moves the cursor."""

    name: str
    kinds: frozenset[str]
    handle: Callable[[Platform, Connection, Event], None]


def publish(tx: Connection, kind: str, *, subject: str, payload: Mapping[str, JsonValue] | None = None) -> None:
    """Append a fact in the transaction that makes it true."""
    tx.execute(
        text("insert into events (kind, subject, payload) values (:kind, :subject, cast(:payload as jsonb))"),
        {"kind": kind, "subject": subject, "payload": orjson.dumps(payload or {}).decode()},
    )


def head(tx: Connection) -> Position:
    """Return the position of the last fact that is safe to read."""
    row = tx.execute(
        text(
            f"select cast(cast(transaction_id as text) as bigint), sequence from events where tenant = current_tenant() and {READY}"  # noqa: S608
            " order by transaction_id desc, sequence desc limit 1"
        )
    ).one_or_none()
    return Position(row[0], row[1]) if row else Position()


def read_after(tx: Connection, position: Position, *, kinds: frozenset[str] | None = None, limit: int = 100) -> list[Event]:
    """Return the facts after a position, oldest first."""
    rows = tx.execute(
        text(
            "select cast(cast(transaction_id as text) as bigint), sequence, kind, subject, payload, at from events"  # noqa: S608
            f" where tenant = current_tenant() and {READY}"
            " and (transaction_id, sequence) > (cast(cast(:transaction_id as text) as xid8), :sequence)"
            + (" and kind = any(:kinds)" if kinds is not None else "")
            + " order by transaction_id, sequence limit :limit"
        ),
        {
            "transaction_id": str(position.transaction_id),
            "sequence": position.sequence,
            "limit": limit,
            **({"kinds": sorted(kinds)} if kinds is not None else {}),
        },
    )
    return [
        Event(sequence=row[1], kind=row[2], subject=row[3], payload=row[4], at=row[5], position=Position(row[0], row[1]))
        for row in rows
    ]


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


class EventFeed:
    """Fan the log of one tenant out to the open browsers of this process: one poll for all of them."""

    def __init__(self, database: Database, tenant: TenantId, *, period_s: float = 0.2) -> None:
        self._database = database
        self._tenant = tenant
        self._period_s = period_s
        self._position: Position | None = None
        self._listeners: set[asyncio.Queue[Event]] = set()

    async def run(self) -> None:
        """Poll until cancelled. A database that is away is waited for."""
        while True:
            if self._listeners or self._position is None:
                try:
                    events = await asyncio.to_thread(self._poll)
                except Exception as error:  # the outermost loop of the feed: browsers stay connected while the database is away
                    get_logger().warning("event_feed_failed", error=type(error).__name__)
                    events = []
                for event in events:
                    for queue in self._listeners:
                        if queue.full():
                            queue.get_nowait()
                        queue.put_nowait(event)
            await asyncio.sleep(self._period_s)

    def _poll(self) -> list[Event]:
        with self._database.read(self._tenant) as tx:
            if self._position is None:
                self._position = head(tx)
                return []
            events = read_after(tx, self._position, limit=500)
        if events:
            self._position = events[-1].position
        return events

    async def listen(self, *, after: Position | None = None, heartbeat_s: float = 15.0) -> AsyncIterator[Event | None]:
        """Yield facts as they come, those after `after` first; None when nothing happened for `heartbeat_s`."""
        queue: asyncio.Queue[Event] = asyncio.Queue(maxsize=1000)
        if not self._listeners:
            self._position = None
            await asyncio.to_thread(self._poll)
        self._listeners.add(queue)
        try:
            if after is not None:
                for event in await asyncio.to_thread(self._missed, after):
                    yield event
            while True:
                try:
                    yield await asyncio.wait_for(queue.get(), heartbeat_s)
                except TimeoutError:
                    yield None
        finally:
            self._listeners.discard(queue)

    def _missed(self, after: Position) -> list[Event]:
        with self._database.read(self._tenant) as tx:
            return read_after(tx, after, limit=1000)
