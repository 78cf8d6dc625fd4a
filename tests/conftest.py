"""One embedded PostgreSQL for the whole run; a fresh tenant, hence an empty world, for each test."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import hypothesis
import psycopg
import pytest
from sqlalchemy import text

from negatoscope.app.build import build_platform, prepare_database
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.database import Database, TenantId
from negatoscope.platform.embedded import EmbeddedServer
from negatoscope.platform.job_worker import JobDefinition, JobRun, perform
from negatoscope.platform.reactions import Reaction, Reactor
from negatoscope.platform.runtime import Platform
from negatoscope.platform.settings import Settings

# Property tests judge what is right; how fast an example runs says only how busy the machine is.
hypothesis.settings.register_profile("no_deadline", deadline=None)
hypothesis.settings.load_profile("no_deadline")


@pytest.fixture(autouse=True, scope="session")
def _no_settings_of_the_developer() -> None:
    for name in [name for name in os.environ if name.startswith("NEGATOSCOPE_")]:
        del os.environ[name]


@pytest.fixture(scope="session")
def database_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="nego-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def database_url(database_folder: Path) -> Iterator[str]:
    """A server whose commits do not wait for the disk: what the tests ask of it is right answers."""
    server = EmbeddedServer(database_folder / "pg")
    url = server.start()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("alter system set synchronous_commit = 'off'")
        connection.execute("alter system set max_connections = 300")
        connection.execute("select pg_reload_conf()")
    yield url
    server.stop()


@pytest.fixture(scope="session")
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    prepare_database(database, Settings(tenant="template"))
    yield database
    database.close()


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock(datetime.now(UTC).replace(microsecond=0))


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return Settings(data=tmp_path, database_url=database_url, tenant=f"test-{uuid4()}", demonstration=True)


@pytest.fixture
def platform(settings: Settings, database: Database, clock: TurnedClock) -> Iterator[Platform]:
    tenant = TenantId(uuid4())
    with database.owner_transaction() as tx:
        tx.execute(
            text("insert into tenants (tenant, name) values (:tenant, :name)"), {"tenant": tenant, "name": settings.tenant}
        )
    platform = build_platform(settings, database, tenant, clock=clock, sandbox_processes=1)
    yield platform
    platform.sandbox.close()
    platform.jobs.close()


@pytest.fixture
def react(platform: Platform) -> Callable[..., int]:
    """Let reactions digest every fact published so far: `react(REACTION, …)`."""

    def digest(*reactions: Reaction) -> int:
        return Reactor(platform, reactions).run_once(platform.tenant)

    return digest


@pytest.fixture
def run_jobs(platform: Platform) -> Callable[..., int]:
    """Run, in this thread, each attempt that waits for a worker: `run_jobs(JOB, …)`; return how many ran."""

    def run(*jobs: JobDefinition) -> int:
        known = {job.name: job for job in jobs}
        count = 0
        for name, key, attempt, arguments in platform.jobs.waiting(platform.tenant):
            if name in known:
                platform.jobs.withdraw(platform.tenant, name, key, attempt)
                perform(
                    platform, known[name], JobRun(key=key, attempt=attempt, arguments=arguments, step=lambda _, work: work())
                )
                count += 1
        return count

    return run
