"""A disk that forgets at a power cut whatever was not synced: what the store acknowledged is there all the same."""

from __future__ import annotations

import random
from pathlib import Path
from uuid import UUID

import pytest

from negatoscope.platform.blobs.disk import Disk
from negatoscope.platform.blobs.frames import FRAME_BYTES
from negatoscope.platform.blobs.local import LocalBlobStore
from negatoscope.platform.blobs.port import BlobRef, Bytes
from negatoscope.platform.errors import CorruptObject
from negatoscope.platform.keyring import Keyring


class PowerCut(BaseException):
    """The machine is off."""


class ForgetfulDisk(Disk):
    """Files whose bytes and names last only once they are synced; the power goes at the n-th call."""

    def __init__(self, chooser: random.Random, cut_at: int) -> None:
        self._chooser = chooser
        self._left = cut_at
        self._paths: dict[int, Path] = {}
        self._lasting_bytes: dict[Path, int] = {}
        self._renamed: dict[Path, Path] = {}

    def _count(self) -> None:
        self._left -= 1
        if self._left <= 0:
            raise PowerCut

    def create(self, path: Path) -> int:
        self._count()
        descriptor = super().create(path)
        self._paths[descriptor] = path
        self._lasting_bytes[path] = 0
        return descriptor

    def write(self, descriptor: int, data: Bytes) -> None:
        self._count()
        super().write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        self._count()
        path = self._paths[descriptor]
        self._lasting_bytes[path] = path.stat().st_size

    def close(self, descriptor: int) -> None:
        self._paths.pop(descriptor, None)
        super().close(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        self._count()
        super().rename(source, target)
        self._lasting_bytes[target] = self._lasting_bytes.pop(source)
        self._renamed[target] = source

    def sync_folder(self, path: Path) -> None:
        self._count()
        self._renamed = {target: source for target, source in self._renamed.items() if target.parent != path}

    def unlink(self, path: Path) -> None:
        if self._left > 0:  # a process that is off cleans nothing up
            super().unlink(path)

    def forget(self) -> None:
        """Take back what was not synced; a name that was not may have lasted or not."""
        for target, source in self._renamed.items():
            if target.exists() and self._chooser.random() < 0.5:
                target.rename(source)
                self._lasting_bytes[source] = self._lasting_bytes.pop(target)
        for path, lasting in self._lasting_bytes.items():
            if path.exists():
                written = path.stat().st_size
                with path.open("r+b") as file:
                    file.truncate(lasting)
                    file.truncate(written)  # what follows the synced bytes reads as zeros


class HastyDisk(ForgetfulDisk):
    """A disk whose sync does nothing, as a store that acknowledges too early would have it."""

    def sync(self, descriptor: int) -> None:
        self._count()


class NamelessDisk(ForgetfulDisk):
    """A disk whose folders are never synced."""

    def sync_folder(self, path: Path) -> None:
        self._count()


def acknowledged_until_the_cut(store: LocalBlobStore, chooser: random.Random) -> list[tuple[BlobRef, bytes]]:
    """Store objects until the power goes; return those whose commit had returned."""
    kept: list[tuple[BlobRef, bytes]] = []
    try:
        while True:
            data = chooser.randbytes(chooser.choice((10, 5000, FRAME_BYTES + 17)))
            writer = store.begin()
            writer.write(data)
            kept.append((writer.commit(), data))
    except PowerCut:
        return kept


def count_lost(folder: Path, tenant: UUID, keyring: Keyring, kind: type[ForgetfulDisk], seed: int) -> tuple[int, int]:
    """Cut the power once; return how many objects were acknowledged and how many of them are not what they were."""
    chooser = random.Random(seed)
    LocalBlobStore(folder, tenant, keyring, reserve_bytes=0)
    disk = kind(chooser, cut_at=chooser.randint(1, 60))
    kept = acknowledged_until_the_cut(LocalBlobStore(folder, tenant, keyring, disk=disk, reserve_bytes=0), chooser)
    disk.forget()
    lost = 0
    after = LocalBlobStore(folder, tenant, keyring, reserve_bytes=0)
    for ref, data in kept:
        try:
            with after.open(ref) as reader:
                lost += reader.read(0, ref.size) != data
        except CorruptObject:
            lost += 1
    return len(kept), lost


def test_nothing_acknowledged_is_forgotten_whenever_the_power_goes(tmp_path: Path, tenant: UUID, keyring: Keyring) -> None:
    kept = lost = 0
    for seed in range(40):
        counted = count_lost(tmp_path / "objects", tenant, keyring, ForgetfulDisk, seed)
        kept, lost = kept + counted[0], lost + counted[1]
    assert kept > 100
    assert lost == 0


@pytest.mark.parametrize("kind", [HastyDisk, NamelessDisk])
def test_a_store_that_does_not_sync_is_found_out(
    tmp_path: Path, tenant: UUID, keyring: Keyring, kind: type[ForgetfulDisk]
) -> None:
    assert sum(count_lost(tmp_path / "objects", tenant, keyring, kind, seed)[1] for seed in range(5)) > 0
