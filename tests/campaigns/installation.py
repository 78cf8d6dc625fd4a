"""An installation whose processes are killed: doors forked from a process that has imported them, and its own PostgreSQL."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Final

import psycopg

from negatoscope.access import tokens, users
from negatoscope.access.model import Role, system_subject
from negatoscope.app import process
from negatoscope.app.build import build_platform, prepare_database
from negatoscope.platform import failpoints
from negatoscope.platform.database import Database
from negatoscope.platform.embedded import EmbeddedServer
from negatoscope.platform.runtime import Platform
from negatoscope.platform.settings import Settings, load_settings
from tests.e2e.product import descendants, free_port, pause

START_S: Final = 60.0
PRELOADED: Final = ["negatoscope.app.process", "negatoscope.doors.dimse.server", "tests.campaigns.installation"]


def _serve_dimse(environment: dict[str, str], failpoint: str | None) -> None:
    """Be the DICOM process of an installation, in a fork."""
    process.die_with_parent()
    os.environ.update(environment)
    failpoints.arm(failpoint)
    process.run_dimse(load_settings())


@dataclass(slots=True)
class Installation:
    """A data folder, its database, a DICOM process and a web process that may be killed at any time."""

    folder: Path
    platform: Platform
    token: str
    dicom_port: int
    web_port: int
    _server: EmbeddedServer
    _environment: dict[str, str]
    _dimse: ForkServerProcess | None = None
    _web: subprocess.Popen[bytes] | None = None
    _forks: multiprocessing.context.ForkServerContext = field(default_factory=lambda: multiprocessing.get_context("forkserver"))

    @classmethod
    def open(cls, folder: Path) -> Installation:
        """Start the database of a folder, new or left by an earlier campaign."""
        folder.mkdir(parents=True, exist_ok=True)
        server = EmbeddedServer(folder / "database")
        url = server.start()
        settings = Settings(
            data=folder, database_url=url, demonstration=True, dicom_port=free_port(), http_port=free_port(), log_level="error"
        )
        database = Database(url)
        platform = build_platform(settings, database, prepare_database(database, settings), sandbox_processes=1)
        environment = {
            "NEGATOSCOPE_DATA": str(folder),
            "NEGATOSCOPE_DATABASE_URL": url,
            "NEGATOSCOPE_DEMONSTRATION": "true",
            "NEGATOSCOPE_DICOM_PORT": str(settings.dicom_port),
            "NEGATOSCOPE_HTTP_PORT": str(settings.http_port),
            "NEGATOSCOPE_LOG_LEVEL": "error",
        }
        return cls(folder, platform, _token(platform), settings.dicom_port, settings.http_port, server, environment)

    def start_dimse(self, failpoint: str | None = None) -> None:
        """Start the DICOM process, to die at `failpoint` if one is named."""
        self._forks.set_forkserver_preload(PRELOADED)
        self._dimse = self._forks.Process(target=_serve_dimse, args=(self._environment, failpoint), daemon=True)
        self._dimse.start()
        self._await_door(self.dicom_port, self._dimse.is_alive, may_die=failpoint is not None)

    def start_web(self, failpoint: str | None = None) -> None:
        """Start the web server with its worker."""
        environment = {**os.environ, **self._environment, **({failpoints.VARIABLE: failpoint} if failpoint else {})}
        self._web = subprocess.Popen(
            [sys.executable, "-m", "negatoscope.app.process", "web"],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        started = self._web
        self._await_door(self.web_port, lambda: started.poll() is None)

    def kill_dimse(self, *, within_s: float = 0.0) -> bool:
        """Kill the DICOM process unless it dies by itself within the time; tell whether it did."""
        killed = self._dimse
        assert killed is not None
        assert killed.pid is not None
        killed.join(timeout=within_s)
        died = not killed.is_alive()
        if not died:
            os.kill(killed.pid, signal.SIGKILL)
        killed.join()
        if killed.exitcode != -signal.SIGKILL:
            raise AssertionError(f"the DICOM process ended by itself with status {killed.exitcode}")
        self._dimse = None
        return died

    def kill_web(self, *, within_s: float = 0.0) -> bool:
        """Kill the web server with its worker, once the worker has died by itself or the time is over; tell whether it did."""
        killed = self._web
        assert killed is not None
        workers = descendants(killed.pid)
        deadline = time.monotonic() + within_s
        while not (died := workers != descendants(killed.pid)) and time.monotonic() < deadline:
            pause(0.02)
        for pid in [killed.pid, *descendants(killed.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        killed.wait()
        self._web = None
        return died

    def kill_database(self) -> None:
        """Kill every process of PostgreSQL at once, and start it again: it replays its log."""
        postmaster = int((self.folder / "database" / "postmaster.pid").read_text().split("\n", 1)[0])
        for pid in [postmaster, *descendants(postmaster)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._server.start()
        self._await_database()

    def close(self) -> None:
        """Stop everything; the folder stays."""
        if self._dimse is not None:
            self.kill_dimse()
        if self._web is not None:
            self.kill_web()
        self.platform.close()
        self._server.stop()

    def _await_door(self, port: int, lives: Callable[[], bool], *, may_die: bool = False) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return
            if not lives():
                if may_die:
                    return
                raise AssertionError(f"a process of {self.folder} ended before it opened its door")
            pause(0.005)
        raise AssertionError(f"a process of {self.folder} did not open its door")

    def _await_database(self) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            try:
                psycopg.connect(self._environment["NEGATOSCOPE_DATABASE_URL"]).close()
            except psycopg.OperationalError:
                pause(0.02)
            else:
                return
        raise AssertionError("PostgreSQL did not come back")


def _token(platform: Platform) -> str:
    operator = system_subject(platform.tenant, "campaign")
    with platform.database.read(platform.tenant) as tx:
        account = users.find_user(tx, "campaign")
    if account is None:
        account = users.create_user(
            platform,
            operator,
            login="campaign",
            display_name="Campaign",
            roles=[Role.RADIOLOGIST],
            password="correct-horse-battery-staple-campaign",
            reason="a campaign of kills",
        )
    return tokens.create_token(platform, operator, user_id=account.user_id, title="campaign")[0]
