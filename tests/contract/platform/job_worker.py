"""A worker process for the tests of the job engine: `python job_worker.py URL TENANT EXECUTOR FOLDER`."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from uuid import UUID

from negatoscope.app.build import build_platform
from negatoscope.platform.database import Database, TenantId
from negatoscope.platform.errors import Unavailable
from negatoscope.platform.job_worker import JobDefinition, JobRun, JobWorker
from negatoscope.platform.lease import Lease
from negatoscope.platform.runtime import Platform
from negatoscope.platform.settings import Settings


def work(platform: Platform, run: JobRun) -> None:
    folder = platform.settings.data

    def note(word: str) -> None:
        with (folder / "done").open("a") as file:
            file.write(f"{run.key} {run.attempt} {word}\n")

    def first() -> None:
        note("first")

    def second() -> None:
        if run.arguments.get("die") and not (folder / "died").exists():
            (folder / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if run.arguments.get("fail") and run.attempt < 2:
            raise Unavailable("not yet")
        note("second")

    run.step("first", first)
    run.step("second", second)


WORK = JobDefinition(name="work", run=work, first_retry_s=0.05)

if __name__ == "__main__":
    url, tenant, executor, folder = sys.argv[1:]
    database = Database(url)
    platform = build_platform(Settings(data=Path(folder)), database, TenantId(UUID(tenant)))
    lease = Lease(database, platform.jobs, platform.clock, executor_id=executor)
    lease.start()
    worker = JobWorker(platform, (WORK,), executor_id=executor, lease=lease)
    worker.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    stop.wait()
    worker.close()
    lease.stop()
