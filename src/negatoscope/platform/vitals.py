"""How an installation feels: what its administrators and the doctor look at first."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text

from negatoscope.platform.events import READY
from negatoscope.platform.lease import LEASE_S
from negatoscope.platform.runtime import Platform

MOST_COUNTED = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Executor:
    """A worker process and when it was last seen; `alive` while its lease runs."""

    executor_id: str
    seen_at: datetime
    alive: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionState:
    """A reader of the event log: how many facts it has not digested (1,000 means that or more), and failures in a row."""

    name: str
    waiting: int
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFault:
    """A fact that was parked because a reaction could not digest it."""

    reaction: str
    kind: str
    error: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """The state of the queues and of the disk of one installation, for one tenant."""

    executors: tuple[Executor, ...]
    reactions: tuple[ReactionState, ...]
    event_faults: tuple[EventFault, ...]
    jobs_waiting: int
    jobs_failed: tuple[str, ...]
    disk_free_bytes: int
    disk_total_bytes: int


def read_vitals(platform: Platform) -> Vitals:
    """Return the vitals; a few queries, none of which grows with the archive."""
    with platform.database.read(platform.tenant) as tx:
        rows = tx.execute(
            text(
                "select executor_id, seen_at, seen_at > now() - :lease from job_executors where seen_at > now() - interval '1 day'"
            ),
            {"lease": timedelta(seconds=LEASE_S)},
        ).all()
        executors = tuple(Executor(executor_id=row[0], seen_at=row[1], alive=row[2]) for row in rows)
        reactions = tuple(
            ReactionState(name=row[0], waiting=row[1], failures=row[2])
            for row in tx.execute(
                text(
                    "select c.reaction, (select count(*) from (select 1 from events e where e.tenant = c.tenant"  # noqa: S608
                    f" and e.{READY} and (e.transaction_id, e.sequence) > (c.transaction_id, c.sequence) limit :most) unread),"
                    " c.failures from event_cursors c order by c.reaction"
                ),
                {"most": MOST_COUNTED},
            )
        )
        faults = tuple(
            EventFault(reaction=row[0], kind=row[1], error=row[2], at=row[3])
            for row in tx.execute(text("select reaction, kind, error, at from event_faults order by at desc limit 100"))
        )
    disk = shutil.disk_usage(platform.settings.data)
    return Vitals(
        executors=executors,
        reactions=reactions,
        event_faults=faults,
        jobs_waiting=len(platform.jobs.waiting(platform.tenant)),
        jobs_failed=tuple(platform.jobs.failed(platform.tenant)),
        disk_free_bytes=disk.free,
        disk_total_bytes=disk.total,
    )
