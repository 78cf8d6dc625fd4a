"""Facts that others may react to: an append-only log in the database, read by cursors that never skip and may repeat.

A reader takes only what is older than the oldest running transaction, in the order (transaction, sequence), so a
transaction that commits late is never passed over. Delivery is at least once; a reaction and the move of its cursor
commit together, so its effects in the database happen exactly once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import orjson
from sqlalchemy import Connection, text

from negatoscope.platform.database import Database, TenantId
from negatoscope.platform.json_value import JsonValue
from negatoscope.platform.logs import get_logger

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


def position_ago(tx: Connection, seconds: float) -> Position:
    """Return the position of the last fact that was written more than some seconds ago."""
    row = tx.execute(
        text(
            f"select cast(cast(transaction_id as text) as bigint), sequence from events where tenant = current_tenant() and {READY}"  # noqa: S608
            " and at < clock_timestamp() - make_interval(secs => :seconds)"
            " order by transaction_id desc, sequence desc limit 1"
        ),
        {"seconds": seconds},
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

    async def listen(
        self, *, after: Position | None = None, ago_s: float = 0.0, heartbeat_s: float = 15.0
    ) -> AsyncIterator[Event | None]:
        """Yield facts as they come, first those after `after`, or without it those of the last `ago_s` seconds.

        None when nothing happened for `heartbeat_s`.
        """
        queue: asyncio.Queue[Event] = asyncio.Queue(maxsize=1000)
        if not self._listeners:
            self._position = None
            await asyncio.to_thread(self._poll)
        self._listeners.add(queue)
        try:
            if after is not None or ago_s > 0:
                for event in await asyncio.to_thread(self._missed, after, ago_s):
                    yield event
            while True:
                try:
                    yield await asyncio.wait_for(queue.get(), heartbeat_s)
                except TimeoutError:
                    yield None
        finally:
            self._listeners.discard(queue)

    def _missed(self, after: Position | None, ago_s: float) -> list[Event]:
        with self._database.read(self._tenant) as tx:
            return read_after(tx, after or position_ago(tx, ago_s), limit=1000)
