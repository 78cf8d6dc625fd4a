"""Kinds of background work, and the worker that runs their attempts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from dbos import DBOS, DBOSConfig

from negatoscope.platform.database import TenantId
from negatoscope.platform.errors import NegatoscopeError, Unavailable
from negatoscope.platform.jobs import APPLICATION, QUEUE, VERSION, WORKFLOW, JobFailed, JsonSerializer, engine_url
from negatoscope.platform.json_value import JsonValue
from negatoscope.platform.lease import Lease
from negatoscope.platform.logs import get_logger
from negatoscope.platform.runtime import Platform

LONGEST_WAIT_S = 900.0
# A look into the queue takes 4 ms of CPU time; ten a second were 4 % of a core of a product at rest.
POLL_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDefinition:
    """A kind of background work. `run` raises to fail the attempt; `max_attempts` None retries for ever.

    The n-th retry waits `first_retry_s * 2 ** (n - 1)` seconds, at most a quarter of an hour.
    """

    name: str
    run: Callable[[Platform, JobRun], None]
    max_attempts: int | None = 5
    first_retry_s: float = 2.0

    def wait_s(self, attempt: int) -> float:
        """Return the wait before the attempt that follows this one."""
        return min(self.first_retry_s * 2.0 ** min(attempt - 1, 20), LONGEST_WAIT_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRun:
    """One attempt. `step` runs a callable once: after a crash its stored JSON value is returned instead."""

    key: str
    attempt: int
    arguments: Mapping[str, JsonValue]
    step: Callable[[str, Callable[[], JsonValue]], JsonValue]


def perform(platform: Platform, job: JobDefinition, run: JobRun) -> str:
    """Run one attempt; on failure enqueue the next, or raise JobFailed after the last. Return what happened, in a word."""
    try:
        job.run(platform, run)
    except Exception as error:  # the outermost loop of the worker: whatever an attempt does, the queue goes on
        reason = error.reason if isinstance(error, NegatoscopeError) else type(error).__name__
        get_logger().warning(
            "job_attempt_failed",
            job=job.name,
            attempt=run.attempt,
            reason=reason,
            exc_info=not isinstance(error, NegatoscopeError),
        )
        if job.max_attempts is not None and run.attempt >= job.max_attempts:
            raise JobFailed(reason) from error
        platform.jobs.enqueue_next(
            platform.tenant, job, key=run.key, attempt=run.attempt, wait_s=job.wait_s(run.attempt), arguments=run.arguments
        )
        return "retried"
    return "done"


class JobWorker:
    """Run enqueued jobs in this process, on threads, until closed."""

    def __init__(
        self,
        platform: Platform,
        jobs: tuple[JobDefinition, ...],
        *,
        executor_id: str,
        lease: Lease,
        threads: int = 4,
    ) -> None:
        self.executor_id = executor_id
        self._lease = lease
        self._platform = platform
        self._jobs = {job.name: job for job in jobs}
        self._threads = threads

    def start(self) -> None:
        """Connect to the queue; attempts this executor had begun before a crash are resumed first."""
        config: DBOSConfig = {
            "name": APPLICATION,
            "system_database_url": engine_url(self._platform.database.url),
            "application_version": VERSION,
            "executor_id": self.executor_id,
            "serializer": JsonSerializer(),
            "run_migrations": False,
            "log_level": "WARNING",
            "sys_db_pool_size": self._threads + 4,
        }
        DBOS(config=config)

        def attempt_job(tenant: str, name: str, key: str, attempt: int, arguments: dict[str, JsonValue]) -> str:
            return self._attempt(tenant, name, key, attempt, arguments)

        DBOS.workflow(name=WORKFLOW)(attempt_job)
        DBOS.launch()
        DBOS.register_queue(QUEUE, worker_concurrency=self._threads, polling_interval_sec=POLL_S, on_conflict="always_update")

    def _attempt(self, tenant: str, name: str, key: str, attempt: int, arguments: dict[str, JsonValue]) -> str:
        platform = self._platform.for_tenant(TenantId(UUID(tenant)))
        self._lease.wait()
        job = self._jobs.get(name) or JobDefinition(
            name=name, run=_unknown_to_this_release, max_attempts=None, first_retry_s=60.0
        )
        return perform(platform, job, JobRun(key=key, attempt=attempt, arguments=arguments, step=self._durable_step))

    def _durable_step(self, name: str, work: Callable[[], JsonValue]) -> JsonValue:
        self._lease.check()
        return DBOS.run_step({"name": name}, partial(work))

    def close(self) -> None:
        """Finish what runs, for up to ten seconds, and leave the rest to whoever takes over."""
        with contextlib.suppress(Exception):  # the database may be gone already; unfinished attempts are resumed later
            DBOS.destroy(workflow_completion_timeout_sec=10)


def _unknown_to_this_release(_: Platform, run: JobRun) -> None:
    """Fail the attempt, so that it comes back: a worker of another release knows this kind of job."""
    raise Unavailable("This worker does not know this kind of job.", reason="unknown_job")
