"""Read every stored object again and compare it with what was written down when it was received."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from negatoscope.archive.kept_store import KeptObject, Position, count_kept, is_kept, list_kept_after, next_kind
from negatoscope.archive.recompression.restoring import check_original
from negatoscope.archive.recompression.store import list_recompressed
from negatoscope.archive.study_store import find_instance
from negatoscope.platform.blobs.port import BlobRef, BlobStore
from negatoscope.platform.errors import CorruptObject
from negatoscope.platform.runtime import Platform

Progress = Callable[[int, int], None]
"""Told how many objects are done, and of how many."""

Finding = tuple[KeptObject, str | None]
"""An object that was read, and what is wrong with it."""

_PAGE: Final = 500


@dataclass(slots=True)
class Rehashing:
    """What was found: how many objects were read, and those that are not what was written, with why."""

    checked: int = 0
    bytes: int = 0
    damaged: list[str] = field(default_factory=list)


def rehash(platform: Platform, progress: Progress | None = None) -> Rehashing:
    """Read and hash every object of the archive, those that are held back too; nothing is changed."""
    report = Rehashing()
    with platform.database.read(platform.tenant) as tx:
        total = count_kept(tx)
    for page in kept_pages(platform):
        for kept, fault in examine(platform, page):
            report.checked += 1
            report.bytes += kept.blob.size
            if fault is not None:
                report.damaged.append(f"{kept.kind} {kept.name}: {fault}")
            if progress is not None:
                progress(report.checked, max(total, report.checked))
    return report


def examine(platform: Platform, page: Sequence[KeptObject]) -> Iterator[Finding]:
    """Read these objects one after the other; of one that was recompressed, prove too that it can be given back as it came."""
    names = [kept.name for kept in page if kept.kind == "instance"]
    with platform.database.read(platform.tenant) as tx:
        recompressed = list_recompressed(tx, names) if names else set()
    for kept in page:
        fault = check_object(platform.blobs, kept.blob)
        if fault is None and kept.name in recompressed:
            fault = _check_original(platform, kept)
        if fault is not None and not _is_kept(platform, kept):
            fault = None  # it went while this read
        yield kept, fault


def _is_kept(platform: Platform, kept: KeptObject) -> bool:
    with platform.database.read(platform.tenant) as tx:
        return is_kept(tx, kept)


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


def _check_original(platform: Platform, kept: KeptObject) -> str | None:
    with platform.database.read(platform.tenant) as tx:
        instance = find_instance(tx, kept.name)
    return check_original(platform, instance) if instance is not None and instance.blob == kept.blob else None


def kept_pages(platform: Platform) -> Iterator[list[KeptObject]]:
    """Walk over every object that a row names, a page at a time."""
    position = Position()
    while True:
        with platform.database.read(platform.tenant) as tx:
            page = list_kept_after(tx, position, _PAGE)
        if page:
            yield page
            position = page[-1].position
        elif (kind := next_kind(position.kind)) is not None:
            position = Position(kind=kind)
        else:
            return
