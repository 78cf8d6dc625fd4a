"""A backup taken while objects come in is a whole: rows without objects cannot be in it, and a restore proves it."""

from __future__ import annotations

import secrets
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import psycopg
import pytest

from negatoscope.app.backup.drill import rehearse
from negatoscope.app.backup.manifest import BACKUP_TENANT, read_latest, store_of
from negatoscope.app.backup.restoring import restore
from negatoscope.app.backup.taking import read_list, take_backup
from negatoscope.app.build import build_platform, prepare_database
from negatoscope.app.command_line.opening import opened_platform
from negatoscope.archive.kept_store import hold_objects
from negatoscope.archive.orphans import MINIMUM_AGE, sweep_orphans
from negatoscope.archive.verify import rehash
from negatoscope.audit.sealing import seal_pending
from negatoscope.audit.verification import verify_chain
from negatoscope.platform.blobs.local import LocalBlobStore
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.database import Database
from negatoscope.platform.errors import SettingsError
from negatoscope.platform.events import publish
from negatoscope.platform.keyring import Keyring
from negatoscope.platform.reactions import Reaction, Reactor
from negatoscope.platform.runtime import Platform
from negatoscope.platform.settings import Settings
from tests.builders.archive import store_bytes, store_data_set
from tests.builders.dicom import a_ct_slice, a_dx_image, part10_bytes


def silent(done: int, total: int) -> None:
    """Show no progress."""


@pytest.fixture
def empty_database(database_url: str) -> Iterator[Callable[..., str]]:
    """Make databases of their own on the server of the tests."""
    names: list[str] = []

    def make(template: str = "template1") -> str:
        names.append(f"backup_{secrets.token_hex(6)}")
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(f"create database {names[-1]} template {template}")
        return database_url.replace("/negatoscope?", f"/{names[-1]}?")

    yield make
    with psycopg.connect(database_url, autocommit=True) as connection:
        for name in names:
            connection.execute(f"drop database if exists {name} with (force)")


@pytest.fixture(scope="module")
def prepared(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Prepare one database, of which the installations of these tests are copies; with the keyring that it knows."""
    name = f"backup_{secrets.token_hex(6)}"
    data = tmp_path_factory.mktemp("prepared")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"create database {name}")
        url = database_url.replace("/negatoscope?", f"/{name}?")
        database = Database(url)
        prepare_database(database, Settings(data=data, database_url=url))
        database.close()
        yield name, data / "keyring.json"
        connection.execute(f"drop database {name} with (force)")


@pytest.fixture
def opened(clock: TurnedClock) -> Iterator[Callable[[Settings], Platform]]:
    """Open installations, and close them at the end."""
    platforms: list[Platform] = []

    def open_platform(settings: Settings) -> Platform:
        assert settings.database_url is not None
        database = Database(settings.database_url)
        platforms.append(
            build_platform(settings, database, prepare_database(database, settings), clock=clock, sandbox_processes=1)
        )
        return platforms[-1]

    yield open_platform
    for platform in platforms:
        platform.close()


@pytest.fixture
def source(
    tmp_path: Path,
    prepared: tuple[str, Path],
    empty_database: Callable[..., str],
    opened: Callable[[Settings], Platform],
) -> Platform:
    (tmp_path / "source").mkdir()
    shutil.copy2(prepared[1], tmp_path / "source")
    platform = opened(Settings(data=tmp_path / "source", database_url=empty_database(prepared[0]), demonstration=True))
    for _ in range(3):
        store_data_set(platform, a_ct_slice())
    store_bytes(platform, part10_bytes(a_dx_image())[:-9])
    return platform


def keyring_of(platform: Platform) -> Path:
    return platform.settings.data / "keyring.json"


def test_a_backup_under_load_is_restored_whole(
    tmp_path: Path, source: Platform, empty_database: Callable[..., str], opened: Callable[[Settings], Platform]
) -> None:
    stop = threading.Event()
    stored: list[str] = []

    def load() -> None:
        while not stop.is_set():
            stored.append(str(store_data_set(source, a_ct_slice()).sop_instance_uid))

    thread = threading.Thread(target=load)
    thread.start()
    try:
        manifest = take_backup(source, tmp_path / "backup", silent)
    finally:
        stop.set()
        thread.join()
    assert manifest.faults == ()
    assert 4 <= manifest.object_count <= 4 + len(stored)
    settings = Settings(data=tmp_path / "restored", database_url=empty_database(), demonstration=True)
    _, faults = restore(settings, tmp_path / "backup", keyring_of(source), silent)
    assert faults == []
    restored = opened(settings)
    report = rehash(restored)
    assert (report.checked, report.damaged) == (manifest.object_count, [])
    seal_pending(restored.database, restored.clock)
    with restored.database.read(restored.tenant) as tx:
        assert verify_chain(tx) == []
    store_data_set(restored, a_ct_slice())


def test_only_what_is_new_is_copied_the_second_time(
    tmp_path: Path, source: Platform, clock: TurnedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = take_backup(source, tmp_path / "backup", silent)
    store_data_set(source, a_ct_slice())
    adopted: list[str] = []
    adopt = LocalBlobStore.adopt

    def counted(store: LocalBlobStore, key: str, sealed: Iterable[bytes]) -> None:
        adopted.append(key)
        adopt(store, key, sealed)

    monkeypatch.setattr(LocalBlobStore, "adopt", counted)
    second = take_backup(source, tmp_path / "backup", silent)
    assert (first.object_count, second.object_count, len(adopted)) == (4, 5, 1)


def test_nothing_of_a_patient_lies_readable_in_a_backup(tmp_path: Path, source: Platform) -> None:
    take_backup(source, tmp_path / "backup", silent)
    content = b"".join(path.read_bytes() for path in (tmp_path / "backup").rglob("*") if path.is_file())
    for word in ("Éluard".encode(), b"ELUARD", b"SYN-0001", b"PGDMP"):
        assert word not in content


def test_a_damaged_object_is_told_and_copied_once_it_is_mended_and_a_sound_copy_stays(tmp_path: Path, source: Platform) -> None:
    assert isinstance(source.blobs, LocalBlobStore)
    keys = sorted(key for key, _ in source.blobs.list_keys())
    source.blobs.path_of(keys[0]).unlink()
    damaged = source.blobs.path_of(keys[1])
    sound = damaged.read_bytes()
    damaged.write_bytes(sound[:-1] + b"?")
    manifest = take_backup(source, tmp_path / "backup", silent)
    assert sorted(fault.rpartition(": ")[2] for fault in manifest.faults) == ["damaged_frame", "missing_object"]
    damaged.write_bytes(sound)
    manifest = take_backup(source, tmp_path / "backup", silent)
    assert [fault.rpartition(": ")[2] for fault in manifest.faults] == ["missing_object"]
    damaged.write_bytes(sound[:-1] + b"?")
    assert len(take_backup(source, tmp_path / "backup", silent).faults) == 1


def test_a_rehearsal_finds_what_the_backup_lost_since(tmp_path: Path, source: Platform) -> None:
    take_backup(source, tmp_path / "backup", silent)
    keyring = Keyring.open_or_create(keyring_of(source))
    own = store_of(tmp_path / "backup", BACKUP_TENANT, keyring)
    tenant, blob = next(iter(read_list(own, read_latest(tmp_path / "backup").objects)))
    store_of(tmp_path / "backup", tenant, keyring).path_of(blob.key).unlink()
    found = rehearse(source.settings, tmp_path / "backup", keyring_of(source), silent, opened_platform)
    assert len(found.faults) == 2
    assert all("missing_object" in fault for fault in found.faults)
    assert (found.objects, found.pictures) == (4, 3)
    assert found.sealed > 0


def test_nothing_that_exists_is_written_over(tmp_path: Path, source: Platform, empty_database: Callable[..., str]) -> None:
    take_backup(source, tmp_path / "backup", silent)
    with pytest.raises(SettingsError) as refusal:
        restore(source.settings, tmp_path / "backup", keyring_of(source), silent)
    assert refusal.value.reason == "data_not_empty"
    elsewhere = source.settings.model_copy(update={"data": tmp_path / "elsewhere"})
    with pytest.raises(SettingsError) as refusal:
        restore(elsewhere, tmp_path / "backup", keyring_of(source), silent)
    assert refusal.value.reason == "database_not_empty"
    Keyring.open_or_create(tmp_path / "other.json")
    for keyring, reason in ((tmp_path / "none.json", "keyring_missing"), (tmp_path / "other.json", "keyring_foreign")):
        fresh = Settings(data=tmp_path / "fresh", database_url=empty_database())
        with pytest.raises(SettingsError) as refusal:
            restore(fresh, tmp_path / "backup", keyring, silent)
        assert refusal.value.reason == reason


def test_nothing_is_deleted_while_a_backup_is_taken(source: Platform, clock: TurnedClock) -> None:
    writer = source.blobs.begin()
    writer.write(b"orphan")
    writer.commit()
    clock.turn(2 * MINIMUM_AGE)
    with source.database.owner_transaction() as tx:
        hold_objects(tx)
        assert sweep_orphans(source) == 0
    assert sweep_orphans(source) == 1


def test_after_a_restore_unread_facts_are_read_and_new_ones_too(
    tmp_path: Path, source: Platform, empty_database: Callable[..., str], opened: Callable[[Settings], Platform]
) -> None:
    seen: list[str] = []
    reaction = Reaction(
        name="tests.restored", kinds=frozenset({"said"}), handle=lambda _, __, event: seen.append(event.subject)
    )

    def say(platform: Platform, subject: str) -> None:
        with platform.database.transaction(platform.tenant) as tx:
            publish(tx, "said", subject=subject)

    say(source, "read before")
    Reactor(source, (reaction,)).run_once(source.tenant)
    say(source, "not read yet")
    with source.database.owner_transaction() as tx:
        tx.exec_driver_sql("update events set transaction_id = '900000000000' where subject = 'not read yet'")
    take_backup(source, tmp_path / "backup", silent)
    settings = Settings(data=tmp_path / "restored", database_url=empty_database(), demonstration=True)
    restore(settings, tmp_path / "backup", keyring_of(source), silent)
    restored = opened(settings)
    say(restored, "said afterwards")
    Reactor(restored, (reaction,)).run_once(restored.tenant)
    assert seen == ["read before", "not read yet", "said afterwards"]


def test_a_backup_that_did_not_end_is_none(tmp_path: Path, source: Platform) -> None:
    take_backup(source, tmp_path / "backup", silent)
    manifest = next((tmp_path / "backup" / "backups").glob("*.json"))
    manifest.rename(manifest.with_suffix(".tmp"))
    with pytest.raises(SettingsError) as refusal:
        read_latest(tmp_path / "backup")
    assert refusal.value.reason == "no_backup"
