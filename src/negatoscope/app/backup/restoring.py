"""Restore the latest backup of a folder into an empty installation; nothing that exists is written over."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from negatoscope.app.backup import rows
from negatoscope.app.backup.database_dump import load_database
from negatoscope.app.backup.manifest import BACKUP_TENANT, Manifest, read_latest, store_of
from negatoscope.app.backup.taking import copy_object, read_list
from negatoscope.app.build import start_database
from negatoscope.platform.blobs.opening import open_blob_store
from negatoscope.platform.blobs.port import BlobStore
from negatoscope.platform.database import Database
from negatoscope.platform.errors import SettingsError
from negatoscope.platform.keyring import Keyring
from negatoscope.platform.settings import Settings

Progress = Callable[[int, int], None]
"""Told how many objects are done, and of how many."""


def restore(settings: Settings, folder: Path, keyring_file: Path, progress: Progress) -> tuple[Manifest, list[str]]:
    """Restore database and objects; return the backup and what is missing or wrong, each object having been read again."""
    manifest = read_latest(folder)
    check_keyring(manifest, keyring_file)
    _refuse_what_exists(settings)
    place_keyring(settings, keyring_file)
    faults = restore_database(settings, folder, manifest)
    return manifest, [*faults, *_restore_objects(settings, folder, manifest, progress)]


def check_keyring(manifest: Manifest, keyring_file: Path) -> None:
    """Raise SettingsError unless this keyring opens the backup."""
    if not keyring_file.is_file():
        raise SettingsError(
            f"There is no keyring {keyring_file}. A backup is sealed: name the copy of keyring.json that you keep elsewhere.",
            reason="keyring_missing",
        )
    if not set(manifest.keys) <= Keyring.open_or_create(keyring_file).identifiers:
        raise SettingsError(f"The keyring {keyring_file} is not that of this backup.", reason="keyring_foreign")


def place_keyring(settings: Settings, keyring_file: Path) -> None:
    """Give an installation the keyring of its backup."""
    target = settings.data / "keyring.json"
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o711)
    if target.exists() and target.samefile(keyring_file):
        return
    target.touch(mode=0o600)
    shutil.copyfile(keyring_file, target)


def restore_database(settings: Settings, folder: Path, manifest: Manifest) -> list[str]:
    """Load the dump into the empty database that the settings name, the embedded one when they name none.

    Return the tables that do not have as many rows as when the dump was taken.
    """
    keyring = Keyring.open_or_create(settings.data / "keyring.json")
    prepared = start_database(settings)
    database = Database(prepared.url)
    try:
        with database.owner_transaction() as tx:
            if not rows.is_empty(tx):
                raise SettingsError("The database is not empty: nothing was changed.", reason="database_not_empty")
            if not rows.prepare_roles(tx, manifest.owner):
                raise SettingsError(
                    f"The backup was taken under the role {manifest.owner}, which this server lacks: create it first.",
                    reason="no_role",
                )
        with store_of(folder, BACKUP_TENANT, keyring).open(manifest.dump) as reader:
            load_database(database.url, reader.chunks())
        with database.owner_transaction() as tx:
            rows.take_over(tx)
            counts = rows.count_rows(tx)
        return [
            f"{name}: {counts.get(name, 0)} rows instead of {count}"
            for name, count in manifest.rows.items()
            if counts.get(name, 0) != count
        ]
    finally:
        database.close()
        if prepared.server is not None and prepared.started_here:
            prepared.server.stop()


def _refuse_what_exists(settings: Settings) -> None:
    for name in ("database", "objects"):
        path = settings.data / name
        if path.is_dir() and any(path.iterdir()):
            raise SettingsError(
                f"{path} is not empty. Restore into an empty folder (NEGATOSCOPE_DATA); nothing was changed.",
                reason="data_not_empty",
            )


def _restore_objects(settings: Settings, folder: Path, manifest: Manifest, progress: Progress) -> list[str]:
    keyring = Keyring.open_or_create(settings.data / "keyring.json")
    own = store_of(folder, BACKUP_TENANT, keyring)
    stores: dict[UUID, tuple[BlobStore, BlobStore]] = {}
    faults = []
    for number, (tenant, blob) in enumerate(read_list(own, manifest.objects), 1):
        if tenant not in stores:
            stores[tenant] = store_of(folder, tenant, keyring), open_blob_store(settings, tenant)
        fault = copy_object(*stores[tenant], blob)
        if fault is not None:
            faults.append(f"{blob.key}: {fault}")
        progress(number, manifest.object_count)
    return faults
