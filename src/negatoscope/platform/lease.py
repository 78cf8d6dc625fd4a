"""The lease of a job executor: it beats in the database while it lives; when it falls silent, others take its attempts.

An executor that could not beat for longer than the lease must not begin another step: somebody else may have its work.
That is the fence against a process that was paused and comes back. An attempt that was taken over too often kills its
workers; it is given up and shown as failed.
"""

from __future__ import annotations

import threading
from datetime import timedelta

from sqlalchemy import text

from negatoscope.platform.clock import Clock
from negatoscope.platform.database import Database
from negatoscope.platform.errors import Unavailable
from negatoscope.platform.jobs import Jobs
from negatoscope.platform.logs import get_logger

LEASE_S = 15.0
BEAT_S = 3.0
MOST_TAKEOVERS = 3


class Lease:
    """The lease of one executor, and its watch over the others."""

    def __init__(self, database: Database, jobs: Jobs, clock: Clock, *, executor_id: str) -> None:
        self._database = database
        self._jobs = jobs
        self._clock = clock
        self._executor_id = executor_id
        self._beaten_at: float | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Beat once, then go on beating on a thread."""
        self.beat()
        self._thread = threading.Thread(target=self._run, name="job-lease", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop beating and give the lease back, so that what is left is taken over at once."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        with self._database.owner_transaction() as tx:
            tx.execute(
                text("update job_executors set seen_at = '-infinity' where executor_id = :id"), {"id": self._executor_id}
            )

    def check(self) -> None:
        """Raise Unavailable (`lease_lost`) when this executor may no longer act: its work may be somebody else's now."""
        if self._beaten_at is None or self._clock.monotonic() - self._beaten_at > LEASE_S:
            raise Unavailable("This worker lost its lease.", reason="lease_lost")

    def wait(self) -> None:
        """Return once this executor holds its lease: work that was taken while the database was away waits for the next beat."""
        while True:
            try:
                return self.check()
            except Unavailable:
                if self._stop.wait(0.1):
                    raise

    def beat(self) -> None:
        """Say that this executor lives."""
        began = self._clock.monotonic()
        with self._database.owner_transaction() as tx:
            tx.execute(
                text(
                    "insert into job_executors (executor_id, seen_at) values (:id, now())"
                    " on conflict (executor_id) do update set seen_at = now()"
                ),
                {"id": self._executor_id},
            )
        self._beaten_at = began

    def take_over_from_the_dead(self) -> list[str]:
        """Put the attempts of silent executors back on the queue; return those that were."""
        with self._database.owner_transaction() as tx:
            dead = list(
                tx.scalars(
                    text("select executor_id from job_executors where seen_at < now() - :lease and executor_id <> :id"),
                    {"lease": timedelta(seconds=LEASE_S * 2), "id": self._executor_id},
                )
            )
        taken = []
        for workflow_id in self._jobs.pending(executor_ids=dead) if dead else []:
            if self._count_takeover(workflow_id) > MOST_TAKEOVERS:
                get_logger().error("job_given_up", key=workflow_id)
                self._jobs.give_up(workflow_id)
            else:
                get_logger().warning("job_taken_over", key=workflow_id)
                self._jobs.take_over(workflow_id)
                taken.append(workflow_id)
        return taken

    def _count_takeover(self, workflow_id: str) -> int:
        with self._database.owner_transaction() as tx:
            return int(
                tx.execute(
                    text(
                        "insert into job_takeovers (workflow_id, takeovers) values (:id, 1)"
                        " on conflict (workflow_id) do update set takeovers = job_takeovers.takeovers + 1 returning takeovers"
                    ),
                    {"id": workflow_id},
                ).scalar_one()
            )

    def _run(self) -> None:
        while not self._stop.wait(BEAT_S):
            try:
                self.beat()
                self.take_over_from_the_dead()
            except Exception as error:  # the outermost loop of the lease: a database that is away is waited for
                get_logger().warning("job_lease_failed", error=type(error).__name__)
