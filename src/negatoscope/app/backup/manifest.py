"""What one backup holds: a file of JSON beside the objects, written last, so that a backup without it is none."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from negatoscope.platform.blobs.local import LocalBlobStore
from negatoscope.platform.blobs.port import BlobRef
from negatoscope.platform.errors import SettingsError
from negatoscope.platform.keyring import Keyring

FORMAT: Final = 1
BACKUP_TENANT: Final = UUID(int=0)
"""Under which the dump and the list of objects are sealed in the store of the backup."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One backup. It names no person; the dump and the list are sealed like any object."""

    taken_at: datetime
    release: str
    owner: str
    keys: tuple[str, ...]
    dump: BlobRef
    objects: BlobRef
    object_count: int
    object_bytes: int
    rows: dict[str, int]
    faults: tuple[str, ...] = field(default=())


def store_of(folder: Path, tenant: UUID, keyring: Keyring) -> LocalBlobStore:
    """Return the objects of one tenant in a backup; all backups of a folder share them."""
    return LocalBlobStore(folder / "objects", tenant, keyring)


def write_manifest(folder: Path, manifest: Manifest) -> Path:
    """Write the manifest durably and return its path."""
    backups = folder / "backups"
    backups.mkdir(exist_ok=True)
    path = backups / f"{manifest.taken_at:%Y%m%dT%H%M%S.%fZ}.json"
    temporary = path.with_suffix(".tmp")
    content = {"format": FORMAT, **asdict(manifest), "taken_at": manifest.taken_at.isoformat()}
    with temporary.open("w", encoding="ascii") as file:
        json.dump(content, file, indent=1, default=lambda value: bytes(value).hex())
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    for synced in (backups, folder):
        descriptor = os.open(synced, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    return path


def read_latest(folder: Path) -> Manifest:
    """Return the latest whole backup of a folder; SettingsError when there is none or it cannot be read."""
    paths = sorted((folder / "backups").glob("*.json"))
    if not paths:
        raise SettingsError(f"{folder} holds no backup.", reason="no_backup")
    try:
        content = json.loads(paths[-1].read_text("ascii"))
        if content.pop("format") != FORMAT:
            raise SettingsError(f"{paths[-1]} was written by another release.", reason="other_backup_format")
        return Manifest(
            **{
                **content,
                "taken_at": datetime.fromisoformat(content["taken_at"]),
                "keys": tuple(content["keys"]),
                "faults": tuple(content["faults"]),
                "dump": _ref(content["dump"]),
                "objects": _ref(content["objects"]),
            }
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{paths[-1]} cannot be read.", reason="bad_manifest") from error


def _ref(value: dict[str, Any]) -> BlobRef:
    return BlobRef(
        key=value["key"], size=value["size"], sha256=value["sha256"], wrapped_key=bytes.fromhex(value["wrapped_key"])
    )
