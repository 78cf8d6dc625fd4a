"""Background work that survives kill -9: DBOS on the same PostgreSQL, behind this port.

A job is enqueued in the transaction that makes it necessary: both commit or neither. Its key is its identity: the same
key enqueued again is the same job. Each attempt is one workflow; a failed attempt enqueues the next with a growing
wait, so that a job that waits for days holds no thread. A finished step of an attempt is not repeated after a crash,
an interrupted one is: effects outside the database need an idempotency key of their own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Protocol, cast

import orjson
from dbos import DBOS, DBOSClient, EnqueueOptions, Serializer
from sqlalchemy import Connection
from sqlalchemy.engine import URL

from negatoscope.platform.database import APPLICATION_ROLE, TenantId, tenant_of
from negatoscope.platform.json_value import JsonValue

APPLICATION = "negatoscope"
VERSION = "1"
QUEUE = "jobs"
WORKFLOW = "attempt_job"


class NamedJob(Protocol):
    """A kind of job, as far as the queue knows it."""

    @property
    def name(self) -> str:
        """Return the name under which a worker finds what to do."""


class JobFailed(Exception):
    """An attempt failed for good; kept by the engine with the job."""


class JsonSerializer(Serializer):
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
            system_database_url=engine_url(url), serializer=JsonSerializer(), application_name=APPLICATION, lazy=True
        )

    def enqueue(
        self,
        tx: Connection,
        job: NamedJob,
        *,
        key: str,
        arguments: Mapping[str, JsonValue] | None = None,
        wait_s: float = 0.0,
        priority: int = 0,
    ) -> None:
        """Enqueue the first attempt of a job in this transaction. The same key again changes nothing.

        Of what waits at once, the lowest `priority` starts first; all that names none stands before all that does.
        """
        tenant = tenant_of(tx)
        options: EnqueueOptions = {
            "workflow_name": WORKFLOW,
            "queue_name": QUEUE,
            "workflow_id": _workflow_id(tenant, job.name, key, 1),
            "app_version": VERSION,
        }
        if wait_s > 0:
            options["delay_seconds"] = wait_s
        if priority > 0:
            options["priority"] = priority
        self._client.enqueue_in_transaction(
            tx,
            options,
            str(tenant),
            job.name,
            key,
            1,
            dict(arguments or {}),
        )

    def enqueue_next(
        self,
        tenant: TenantId,
        job: NamedJob,
        *,
        key: str,
        attempt: int,
        wait_s: float,
        arguments: Mapping[str, JsonValue],
    ) -> None:
        """Enqueue the attempt that follows a failed one, after its wait."""
        self._client.enqueue(
            {
                "workflow_name": WORKFLOW,
                "queue_name": QUEUE,
                "workflow_id": _workflow_id(tenant, job.name, key, attempt + 1),
                "app_version": VERSION,
                "delay_seconds": wait_s,
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


def _workflow_id(tenant: TenantId, name: str, key: str, attempt: int) -> str:
    readable = key if len(key) <= 120 else hashlib.sha256(key.encode()).hexdigest()
    return f"{tenant}/{name}/{readable}/{attempt}"
