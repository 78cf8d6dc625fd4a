"""Background work that survives kill -9: DBOS on the same PostgreSQL, behind this port.

A job is enqueued in the transaction that makes it necessary: both commit or neither. Its key is its identity: the same
key enqueued again is the same job. Each attempt is one workflow; a failed attempt enqueues the next with a growing
wait, so that a job that waits for days holds no thread. A finished step of an attempt is not repeated after a crash,
an interrupted one is: effects outside the database need an idempotency key of their own.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

import orjson
from dbos import DBOS, DBOSClient, DBOSConfig, Serializer
from sqlalchemy import Connection
from sqlalchemy.engine import URL

from negatoscope.platform.database import APPLICATION_ROLE, TenantId, tenant_of
from negatoscope.platform.errors import NegatoscopeError
from negatoscope.platform.events import JsonValue
from negatoscope.platform.logs import get_logger

if TYPE_CHECKING:
    from negatoscope.platform.runtime import Platform

T = TypeVar("T")
APPLICATION = "negatoscope"
VERSION = "1"
QUEUE = "jobs"
WORKFLOW = "attempt_job"
LONGEST_WAIT_S = 900.0


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


class JobFailed(Exception):
    """An attempt failed for good; kept by the engine with the job."""


class _JsonSerializer(Serializer):
    """Store arguments and results as JSON. The engine's default is pickle, which runs code when it is read."""

    def serialize(self, data: Any) -> str:
        if isinstance(data, BaseException):
            data = {"error": type(data).__name__, "reason": getattr(data, "reason", None)}
        return orjson.dumps(data).decode()

    def deserialize(cls, serialized_data: str) -> Any:  # noqa: N805 - the signature of the library
        value = orjson.loads(serialized_data)
        if isinstance(value, dict) and set(value) == {"error", "reason"}:
            return JobFailed(value["error"])
        return value

    def name(self) -> str:
        return "negatoscope_json"


class Jobs:
    """Enqueue jobs from any process."""

    def __init__(self, url: URL) -> None:
        self._client = DBOSClient(
            system_database_url=engine_url(url), serializer=_JsonSerializer(), application_name=APPLICATION, lazy=True
        )

    def enqueue(
        self,
        tx: Connection,
        job: JobDefinition,
        *,
        key: str,
        arguments: Mapping[str, JsonValue] | None = None,
    ) -> None:
        """Enqueue the first attempt of a job in this transaction. The same key again changes nothing."""
        tenant = tenant_of(tx)
        self._client.enqueue_in_transaction(
            tx,
            {
                "workflow_name": WORKFLOW,
                "queue_name": QUEUE,
                "workflow_id": _workflow_id(tenant, job.name, key, 1),
                "app_version": VERSION,
            },
            str(tenant),
            job.name,
            key,
            1,
            dict(arguments or {}),
        )

    def enqueue_next(
        self, tenant: TenantId, job: JobDefinition, *, key: str, attempt: int, arguments: Mapping[str, JsonValue]
    ) -> None:
        """Enqueue the attempt that follows a failed one, after its wait."""
        self._client.enqueue(
            {
                "workflow_name": WORKFLOW,
                "queue_name": QUEUE,
                "workflow_id": _workflow_id(tenant, job.name, key, attempt + 1),
                "app_version": VERSION,
                "delay_seconds": job.wait_s(attempt),
            },
            str(tenant),
            job.name,
            key,
            attempt + 1,
            dict(arguments),
        )

    def pending(self, *, executor_ids: list[str] | None = None) -> list[str]:
        """Return the workflow identifiers that are claimed and unfinished, of these executors or of all."""
        found = self._client.list_workflows(status="PENDING", executor_id=executor_ids, load_input=False, load_output=False)
        return [workflow.workflow_id for workflow in found]

    def waiting(self, tenant: TenantId) -> list[tuple[str, str, int, dict[str, JsonValue]]]:
        """Return (job name, key, attempt, arguments) of what waits for a worker."""
        found = self._client.list_workflows(status=["ENQUEUED", "DELAYED"], workflow_id_prefix=f"{tenant}/", load_output=False)
        waiting = []
        for workflow in found:
            _, name, key, attempt, arguments = cast("Any", workflow.input)["args"]
            waiting.append((str(name), str(key), int(attempt), dict(arguments)))
        return waiting

    def failed(self, tenant: TenantId, *, limit: int = 100) -> list[str]:
        """Return the identifiers `tenant/job/key/attempt` of the jobs that failed for good, newest first."""
        found = self._client.list_workflows(
            status=["ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED", "CANCELLED"],
            workflow_id_prefix=f"{tenant}/",
            limit=limit,
            sort_desc=True,
            load_input=False,
            load_output=False,
        )
        return [workflow.workflow_id for workflow in found]

    def withdraw(self, tenant: TenantId, name: str, key: str, attempt: int) -> None:
        """Cancel an attempt that nobody started."""
        self._client.cancel_workflow(_workflow_id(tenant, name, key, attempt))

    def take_over(self, workflow_id: str) -> None:
        """Put a dead executor's attempt back on the queue."""
        self._client.resume_workflow(workflow_id, queue_name=QUEUE)

    def give_up(self, workflow_id: str) -> None:
        """Cancel an attempt that killed its worker too often."""
        self._client.cancel_workflow(workflow_id)

    def close(self) -> None:
        """Close the connections of the client."""
        self._client.destroy()


def prepare(url: URL) -> None:
    """Create or migrate the tables of the job engine, and let the application role enqueue in its own transactions."""
    DBOS.migrate(engine_url(url), application_role=APPLICATION_ROLE)


def engine_url(url: URL) -> str:
    """Return the address as the engine wants it, password included."""
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


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
        platform.jobs.enqueue_next(platform.tenant, job, key=run.key, attempt=run.attempt, arguments=run.arguments)
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
        check_lease: Callable[[], None],
        threads: int = 4,
    ) -> None:
        self.executor_id = executor_id
        self._check_lease = check_lease
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
            "serializer": _JsonSerializer(),
            "run_migrations": False,
            "log_level": "WARNING",
            "sys_db_pool_size": self._threads + 4,
        }
        DBOS(config=config)

        def attempt_job(tenant: str, name: str, key: str, attempt: int, arguments: dict[str, JsonValue]) -> str:
            return self._attempt(tenant, name, key, attempt, arguments)

        DBOS.workflow(name=WORKFLOW)(attempt_job)
        DBOS.launch()
        DBOS.register_queue(QUEUE, worker_concurrency=self._threads, polling_interval_sec=0.1, on_conflict="always_update")

    def _attempt(self, tenant: str, name: str, key: str, attempt: int, arguments: dict[str, JsonValue]) -> str:
        platform = self._platform.for_tenant(TenantId(UUID(tenant)))
        job = self._jobs.get(name)
        if job is None:
            raise JobFailed(f"no job named {name}")
        self._check_lease()
        return perform(platform, job, JobRun(key=key, attempt=attempt, arguments=arguments, step=self._durable_step))

    def _durable_step(self, name: str, work: Callable[[], JsonValue]) -> JsonValue:
        self._check_lease()
        return DBOS.run_step({"name": name}, partial(work))

    def close(self) -> None:
        """Finish what runs, for up to ten seconds, and leave the rest to whoever takes over."""
        with contextlib.suppress(Exception):  # the database may be gone already; unfinished attempts are resumed later
            DBOS.destroy(workflow_completion_timeout_sec=10)


def _workflow_id(tenant: TenantId, name: str, key: str, attempt: int) -> str:
    readable = key if len(key) <= 120 else hashlib.sha256(key.encode()).hexdigest()
    return f"{tenant}/{name}/{readable}/{attempt}"
