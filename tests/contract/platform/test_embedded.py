"""The embedded server starts, stops, and starts again in one process with everything kept."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from negatoscope.platform.embedded import EmbeddedServer
from negatoscope.platform.errors import SettingsError
from tests.e2e.product import descendants


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


def test_server_that_was_killed_starts_again_at_once_with_everything(folder: Path) -> None:
    server = EmbeddedServer(folder / "pg")
    url = server.start()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create table kept (value integer)")
    for value in range(2):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("insert into kept values (%s)", (value,))
        postmaster = int((folder / "pg" / "postmaster.pid").read_text().split("\n", 1)[0])
        for pid in [postmaster, *descendants(postmaster)]:
            os.kill(pid, signal.SIGKILL)
        assert server.start() == url
    with psycopg.connect(url) as connection:
        rows = connection.execute("select value from kept order by value").fetchall()
    server.stop()
    assert rows == [(0,), (1,)]


def test_path_too_long_for_a_socket_is_said(folder: Path) -> None:
    with pytest.raises(SettingsError, match="too long"):
        EmbeddedServer(folder / ("x" * 100))
