"""Rehearse a restore: load the dump beside, read every object as its row demands, and prove the whole complete."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from negatoscope.app.backup.manifest import Manifest, read_latest
from negatoscope.app.backup.restoring import check_keyring, place_keyring, restore_database
from negatoscope.archive.kept_store import Position, list_kept_after
from negatoscope.archive.open import read_pixels
from negatoscope.archive.studies import list_known_instances
from negatoscope.archive.verify import rehash
from negatoscope.audit.sealing import seal_pending
from negatoscope.audit.verification import chain_status, verify_chain
from negatoscope.platform.errors import NegatoscopeError
from negatoscope.platform.runtime import Platform
from negatoscope.platform.settings import Settings

MOST_PICTURES: Final = 20

Opening = Callable[[Settings], AbstractContextManager[Platform]]
Progress = Callable[[int, int], None]
"""Told how many objects are done, and of how many."""


@dataclass(slots=True, kw_only=True)
class Rehearsal:
    """What a restore of this backup would give."""

    manifest: Manifest
    database_s: float = 0.0
    objects_s: float = 0.0
    objects: int = 0
    object_bytes: int = 0
    sealed: int = 0
    pictures: int = 0
    faults: list[str] = field(default_factory=list)


def rehearse(settings: Settings, folder: Path, keyring_file: Path, progress: Progress, opened: Opening) -> Rehearsal:
    """Restore the latest backup into a folder that goes again, its objects read where they lie, and look for gaps.

    `opened` opens an installation whose settings it is given, and closes it.
    """
    manifest = read_latest(folder)
    check_keyring(manifest, keyring_file)
    result = Rehearsal(manifest=manifest, faults=list(manifest.faults))
    with tempfile.TemporaryDirectory(prefix="negatoscope-drill-") as place:
        beside = Path(place)
        beside.chmod(0o711)
        tried = settings.model_copy(update={"data": beside, "database_url": None, "objects_url": None})
        place_keyring(tried, keyring_file)
        (beside / "objects").symlink_to((folder / "objects").resolve())
        began = time.monotonic()
        result.faults += restore_database(tried, folder, manifest)
        result.database_s = time.monotonic() - began
        with opened(tried) as platform:
            for tenant in platform.database.tenants():
                _prove(platform.for_tenant(tenant), result, progress)
    if result.objects != manifest.object_count:
        result.faults.append(f"{result.objects} objects have rows instead of {manifest.object_count}")
    return result


def _prove(platform: Platform, result: Rehearsal, progress: Progress) -> None:
    """Read the objects of one tenant, check its trail, and decode some of its images."""
    began = time.monotonic()
    report = rehash(platform, progress)
    result.objects_s += time.monotonic() - began
    result.objects += report.checked
    result.object_bytes += report.bytes
    result.faults += report.damaged
    seal_pending(platform.database, platform.clock, tenants=[platform.tenant])
    with platform.database.read(platform.tenant) as tx:
        result.faults += [f"audit {fault.kind}: {fault.detail}" for fault in verify_chain(tx)]
        result.sealed += chain_status(tx).head.sequence
        names = [kept.name for kept in list_kept_after(tx, Position(), MOST_PICTURES)]
        images = list_known_instances(tx, names).values()
    for instance in images:
        if instance.pixels is None:
            continue
        try:
            read_pixels(platform, instance)
        except NegatoscopeError as error:
            result.faults.append(f"instance {instance.sop_instance_uid} cannot be decoded: {error.reason}")
        result.pictures += 1
