"""The embedded server starts, stops, and starts again in one process with everything kept."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from negatoscope.platform.embedded import EmbeddedServer
from negatoscope.platform.errors import SettingsError


@pytest.fixture
def folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="nego-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_server_stops_and_keeps_everything(folder: Path) -> None:
    server = EmbeddedServer(folder / "pg")
    assert not server.runs()
    with psycopg.connect(server.start()) as connection:
        connection.execute("create table kept as select 42 as value")
    assert server.runs()
    server.stop()
    assert not server.runs()
    with psycopg.connect(server.start()) as connection:
        row = connection.execute("select value from kept").fetchone()
    server.stop()
    assert row == (42,)
    assert not server.runs()


def test_path_too_long_for_a_socket_is_said(folder: Path) -> None:
    with pytest.raises(SettingsError, match="too long"):
        EmbeddedServer(folder / ("x" * 100))
