"""Open an installation for one command: its database (started when it does not run, and then stopped again), its engines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from negatoscope.app.build import build_platform, prepare_database, start_database
from negatoscope.platform.database import Database
from negatoscope.platform.logs import configure_logs
from negatoscope.platform.runtime import Platform
from negatoscope.platform.settings import Settings, load_settings


@contextmanager
def opened_platform(settings: Settings | None = None) -> Iterator[Platform]:
    """Yield the engines of the installation that the settings name, prepared for this release."""
    settings = settings or load_settings()
    configure_logs("error", process="command")
    prepared = start_database(settings)
    database = Database(prepared.url)
    try:
        platform = build_platform(settings, database, prepare_database(database, settings))
        try:
            yield platform
        finally:
            platform.close()
    finally:
        database.close()
        if prepared.server is not None and prepared.started_here:
            prepared.server.stop()
