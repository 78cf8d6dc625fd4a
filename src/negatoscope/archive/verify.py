"""Read every stored object again and compare it with what was written down when it was received."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from negatoscope.archive.study_store import count_kept_objects, list_held_objects, list_instances_after
from negatoscope.platform.blobs.port import BlobRef, BlobStore
from negatoscope.platform.errors import CorruptObject
from negatoscope.platform.runtime import Platform

Progress = Callable[[int, int], None]
"""Told how many objects are done, and of how many."""

_PAGE: Final = 500


@dataclass(slots=True)
class Rehashing:
    """What was found: how many objects were read, and those that are not what was written, with why."""

    checked: int = 0
    damaged: list[str] = field(default_factory=list)


def rehash(platform: Platform, progress: Progress | None = None) -> Rehashing:
    """Read and hash every object of the archive, those that are held back too; nothing is changed."""
    report = Rehashing()
    with platform.database.read(platform.tenant) as tx:
        total = count_kept_objects(tx)
    for name, blob in _kept_objects(platform):
        fault = check_object(platform.blobs, blob)
        report.checked += 1
        if fault is not None:
            report.damaged.append(f"{name}: {fault}")
        if progress is not None:
            progress(report.checked, max(total, report.checked))
    return report


def check_object(blobs: BlobStore, blob: BlobRef) -> str | None:
    """Return what is wrong with one object, None when its bytes are those that were received."""
    digest = hashlib.sha256()
    try:
        with blobs.open(blob) as reader:
            for chunk in reader.chunks():
                digest.update(chunk)
    except CorruptObject as error:
        return error.reason
    return None if digest.hexdigest() == blob.sha256 else "other_hash"


def _kept_objects(platform: Platform) -> Iterator[tuple[str, BlobRef]]:
    after = ""
    while True:
        with platform.database.read(platform.tenant) as tx:
            page = list_instances_after(tx, after, _PAGE)
        if not page:
            break
        for instance in page:
            yield f"instance {instance.sop_instance_uid}", instance.blob
        after = page[-1].sop_instance_uid
    with platform.database.read(platform.tenant) as tx:
        held = list_held_objects(tx)
    yield from held
