"""The job engine on a real worker process: with its transaction or not at all, once a key, again after failure and kill -9."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from negatoscope.platform.lease import Lease
from negatoscope.platform.runtime import Platform
from tests.contract.platform.job_worker import WORK

WORKER = Path(__file__).with_name("job_worker.py")


@contextmanager
def a_worker(platform: Platform, executor: str) -> Iterator[subprocess.Popen[str]]:
    url = platform.database.url.render_as_string(hide_password=False)
    arguments = [sys.executable, str(WORKER), url, str(platform.tenant), executor, str(platform.settings.data)]
    root = Path(__file__).resolve().parents[3]
    process = subprocess.Popen(
        arguments, stdout=subprocess.PIPE, text=True, cwd=root, env={"PYTHONPATH": f"{root / 'src'}:{root}"}
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)
        assert process.stdout is not None
        process.stdout.close()


def lines_when(platform: Platform, count: int, *, within_s: float = 30.0) -> list[str]:
    """Watch the file that the job appends to until it has so many lines."""
    file = platform.settings.data / "done"
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        lines = file.read_text().splitlines() if file.exists() else []
        if len(lines) >= count:
            return lines
        threading.Event().wait(0.02)
    pytest.fail(f"fewer than {count} steps ran in {within_s} s")


def enqueue(platform: Platform, key: str, **arguments: bool) -> None:
    with platform.database.transaction(platform.tenant) as tx:
        platform.jobs.enqueue(tx, WORK, key=key, arguments=dict(arguments))


def test_job_commits_with_its_transaction_and_runs_once_a_key(platform: Platform) -> None:
    def enqueue_and_fail() -> None:
        with platform.database.transaction(platform.tenant) as tx:
            platform.jobs.enqueue(tx, WORK, key="rolled-back")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        enqueue_and_fail()
    enqueue(platform, "kept")
    enqueue(platform, "kept")
    assert [waiting[1] for waiting in platform.jobs.waiting(platform.tenant)] == ["kept"]
    with a_worker(platform, f"w-{uuid4()}"):
        assert lines_when(platform, 2) == ["kept 1 first", "kept 1 second"]


def test_failed_attempt_is_followed_by_another(platform: Platform) -> None:
    enqueue(platform, "k", fail=True)
    with a_worker(platform, f"w-{uuid4()}"):
        assert lines_when(platform, 3) == ["k 1 first", "k 2 first", "k 2 second"]


def test_killed_worker_loses_nothing_and_repeats_no_finished_step(platform: Platform) -> None:
    """The worker dies by kill -9 in the second step; another takes its attempt over when its lease has run out."""
    enqueue(platform, "k", die=True)
    dead, heir = f"dead-{uuid4()}", f"heir-{uuid4()}"
    with a_worker(platform, dead) as process:
        process.wait(timeout=30)
    lease = Lease(platform.database, platform.jobs, platform.clock, executor_id=heir)
    assert lease.take_over_from_the_dead() == [], "the lease has not run out yet"
    with platform.database.owner_transaction() as tx:
        tx.execute(text("update job_executors set seen_at = now() - interval '1 minute' where executor_id = :id"), {"id": dead})
    with a_worker(platform, heir):
        assert lines_when(platform, 2) == ["k 1 first", "k 1 second"]
