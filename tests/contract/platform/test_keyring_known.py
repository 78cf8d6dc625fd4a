"""A start without the keyring that sealed what the database knows of is refused, and changes nothing."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from negatoscope.app.build import note_keyring
from negatoscope.platform.database import Database
from negatoscope.platform.errors import SettingsError
from negatoscope.platform.keyring import Keyring
from negatoscope.platform.settings import Settings


@pytest.fixture
def fresh(database_url: str) -> Database:
    """A database of its own, of which nothing but the keyring's table matters."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("drop database if exists keyring_test")
        connection.execute("create database keyring_test")
    url = database_url.replace("/negatoscope?", "/keyring_test?")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "create table keyring_keys (identifier text primary key, noted_at timestamptz not null default now())"
        )
    return Database(url)


def test_keyring_is_made_at_the_first_start_and_missed_ever_after(fresh: Database, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    note_keyring(fresh, settings)
    note_keyring(fresh, settings)
    keyring = tmp_path / "keyring.json"
    kept = keyring.read_bytes()
    keyring.unlink()
    with pytest.raises(SettingsError) as caught:
        note_keyring(fresh, settings)
    assert caught.value.reason == "keyring_missing"
    assert not keyring.exists()
    keyring.write_bytes(kept)
    keyring.chmod(0o600)
    note_keyring(fresh, settings)


def test_keyring_of_another_installation_is_refused(fresh: Database, tmp_path: Path) -> None:
    note_keyring(fresh, Settings(data=tmp_path))
    other = tmp_path / "other"
    other.mkdir()
    Keyring.open_or_create(other / "keyring.json")
    with pytest.raises(SettingsError) as caught:
        note_keyring(fresh, Settings(data=other))
    assert caught.value.reason == "keyring_foreign"
