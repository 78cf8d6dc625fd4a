"""Full disks, failing syncs, damaged files and abrupt ends: an error and nothing left, never other bytes."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from negatoscope.platform.blobs.disk import Disk
from negatoscope.platform.blobs.frames import FRAME_BYTES, HEADER_BYTES, SEALED_BYTES
from negatoscope.platform.blobs.local import LocalBlobStore
from negatoscope.platform.blobs.port import BlobRef, Bytes
from negatoscope.platform.errors import CorruptObject, NegatoscopeError, OutOfResources, Unavailable
from negatoscope.platform.keyring import Keyring


class FailingDisk(Disk):
    """A disk whose n-th call fails."""

    def __init__(self, fails_at: int, error: int) -> None:
        self.calls = 0
        self.fails_at = fails_at
        self.error = error
        self.failed_call = ""

    def _count(self, call: str) -> None:
        self.calls += 1
        if self.calls == self.fails_at:
            self.failed_call = call
            raise OSError(self.error, os.strerror(self.error))

    def create(self, path: Path) -> int:
        self._count("create")
        return super().create(path)

    def write(self, descriptor: int, data: Bytes) -> None:
        if self.calls + 1 == self.fails_at:
            super().write(descriptor, memoryview(data)[: len(data) // 2])
        self._count("write")
        super().write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        self._count("sync")
        super().sync(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        self._count("rename")
        super().rename(source, target)

    def make_folder(self, path: Path) -> None:
        self._count("make_folder")
        super().make_folder(path)

    def sync_folder(self, path: Path) -> None:
        self._count("sync_folder")
        super().sync_folder(path)


def files_under(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def put(store: LocalBlobStore, data: bytes) -> BlobRef:
    writer = store.begin()
    try:
        for offset in range(0, len(data), 300_000):
            writer.write(data[offset : offset + 300_000])
        return writer.commit()
    finally:
        writer.discard()


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_each_call_to_the_disk_may_fail_and_nothing_is_left(tmp_path: Path, tenant: UUID, keyring: Keyring, error: int) -> None:
    data = random.Random(1).randbytes(2 * FRAME_BYTES + 5)
    failed = []
    for fails_at in range(1, 100):
        folder = tmp_path / f"objects{fails_at}"
        disk = FailingDisk(0, error)
        store = LocalBlobStore(folder, tenant, keyring, disk=disk, reserve_bytes=0)
        disk.fails_at = disk.calls + fails_at
        expected: type[NegatoscopeError] = OutOfResources if error == errno.ENOSPC else Unavailable
        try:
            ref = put(store, data)
        except expected:
            assert files_under(folder) == []
            failed.append(disk.failed_call)
        else:
            assert disk.failed_call == ""
            with store.open(ref) as reader:
                assert reader.read(0, ref.size) == data
            break
    assert failed == [
        *("create", "write", "write", "write", "write", "sync", "rename", "sync_folder"),
    ]


def test_failed_sync_is_never_tried_again_and_the_store_takes_no_more(tmp_path: Path, tenant: UUID, keyring: Keyring) -> None:
    LocalBlobStore(tmp_path / "objects", tenant, keyring, reserve_bytes=0)
    disk = FailingDisk(0, errno.EIO)
    store = LocalBlobStore(tmp_path / "objects", tenant, keyring, disk=disk, reserve_bytes=0)
    kept = put(store, b"kept")
    writer = store.begin()
    writer.write(b"lost")
    disk.fails_at = disk.calls + 2
    with pytest.raises(Unavailable):
        writer.commit()
    assert disk.failed_call == "sync"
    with pytest.raises(ValueError, match="closed"):
        writer.commit()
    with pytest.raises(Unavailable) as refusal:
        store.begin()
    assert refusal.value.reason == "storage_failed"
    with store.open(kept) as reader:
        assert reader.read(0, 4) == b"kept"


def test_failed_sync_of_the_folder_stops_the_store_too(tmp_path: Path, tenant: UUID, keyring: Keyring) -> None:
    disk = FailingDisk(0, errno.EIO)
    store = LocalBlobStore(tmp_path / "objects", tenant, keyring, disk=disk, reserve_bytes=0)
    writer = store.begin()
    writer.write(b"lost")
    disk.fails_at = disk.calls + 4
    with pytest.raises(Unavailable):
        writer.commit()
    assert disk.failed_call == "sync_folder"
    with pytest.raises(Unavailable):
        store.begin()


def test_store_leaves_the_reserve_to_the_database(tmp_path: Path, tenant: UUID, keyring: Keyring) -> None:
    store = LocalBlobStore(tmp_path / "objects", tenant, keyring, reserve_bytes=1 << 62)
    with pytest.raises(OutOfResources):
        store.begin()


def test_really_full_volume_refuses_and_recovers(tmp_path: Path, tenant: UUID, keyring: Keyring) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(volume)], capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip("mounting a small volume is not permitted here")
    try:
        store = LocalBlobStore(volume / "objects", tenant, keyring, reserve_bytes=0)
        first = put(store, random.Random(1).randbytes(2 << 20))
        with pytest.raises(OutOfResources):
            put(store, random.Random(2).randbytes(3 << 20))
        assert len(files_under(volume)) == 1
        store.delete(first)
        second = put(store, random.Random(2).randbytes(3 << 20))
        with store.open(second) as reader:
            assert reader.read(0, second.size) == random.Random(2).randbytes(3 << 20)
    finally:
        subprocess.run(["umount", str(volume)], check=True)


@pytest.mark.parametrize("size", [0, 1, 1000])
def test_every_flipped_byte_of_a_small_object_is_found(local: LocalBlobStore, size: int) -> None:
    ref = put(local, random.Random(3).randbytes(size))
    path = local.path_of(ref.key)
    stored = path.read_bytes()
    for place in range(len(stored)):
        damaged = bytearray(stored)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(CorruptObject), local.open(ref) as reader:
            list(reader.chunks())


def test_damage_in_one_frame_leaves_the_others_readable(local: LocalBlobStore) -> None:
    data = random.Random(4).randbytes(3 * FRAME_BYTES)
    ref = put(local, data)
    path = local.path_of(ref.key)
    stored = bytearray(path.read_bytes())
    stored[HEADER_BYTES + SEALED_BYTES + 77] ^= 0x80
    path.write_bytes(stored)
    with local.open(ref) as reader:
        assert reader.read(0, FRAME_BYTES) == data[:FRAME_BYTES]
        assert reader.read(2 * FRAME_BYTES, FRAME_BYTES) == data[2 * FRAME_BYTES :]
        with pytest.raises(CorruptObject):
            reader.read(FRAME_BYTES - 1, 2)


def test_exchanged_repeated_and_cut_frames_are_found(local: LocalBlobStore) -> None:
    data = random.Random(5).randbytes(3 * FRAME_BYTES)
    ref = put(local, data)
    path = local.path_of(ref.key)
    stored = path.read_bytes()
    header, body = stored[:HEADER_BYTES], stored[HEADER_BYTES:]
    frames = [body[i * SEALED_BYTES : (i + 1) * SEALED_BYTES] for i in range(3)]
    for order in ([1, 0, 2], [0, 0, 2], [0, 1], [0, 1, 2, 2], [0, 2, 1]):
        path.write_bytes(header + b"".join(frames[i] for i in order))
        with pytest.raises(CorruptObject), local.open(ref) as reader:
            list(reader.chunks())


def test_object_cut_short_is_not_a_shorter_object(local: LocalBlobStore) -> None:
    data = random.Random(6).randbytes(2 * FRAME_BYTES)
    ref = put(local, data)
    path = local.path_of(ref.key)
    path.write_bytes(path.read_bytes()[: HEADER_BYTES + SEALED_BYTES])
    shorter = BlobRef(key=ref.key, size=FRAME_BYTES, sha256=ref.sha256, wrapped_key=ref.wrapped_key)
    with pytest.raises(CorruptObject), local.open(shorter) as reader:
        reader.read(0, FRAME_BYTES)


def test_nothing_readable_lies_on_the_disk(local: LocalBlobStore) -> None:
    ref = put(local, b"PLAIN" * 1000)
    assert b"PLAIN" not in local.path_of(ref.key).read_bytes()
    assert local.path_of(ref.key).stat().st_mode & 0o077 == 0


def test_other_tenant_cannot_open_the_object(tmp_path: Path, local: LocalBlobStore, keyring: Keyring) -> None:
    ref = put(local, b"data")
    other = LocalBlobStore(tmp_path / "objects", UUID(int=7), keyring, reserve_bytes=0)
    with pytest.raises(CorruptObject):
        other.open(ref)


WRITER = """
import sys, uuid
from pathlib import Path
from negatoscope.platform.blobs.local import LocalBlobStore
from negatoscope.platform.keyring import Keyring
store = LocalBlobStore(Path(sys.argv[1]), uuid.UUID(sys.argv[2]), Keyring.open_or_create(Path(sys.argv[3])), reserve_bytes=0)
number = 0
while True:
    writer = store.begin()
    for piece in range(1 + number % 5):
        writer.write(bytes([number % 251]) * 400_000)
    ref = writer.commit()
    print(number, ref.key, ref.size, ref.sha256, ref.wrapped_key.hex(), flush=True)
    number += 1
"""


def test_killed_writer_loses_nothing_it_acknowledged(tmp_path: Path, local: LocalBlobStore, tenant: UUID) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    acknowledged: list[tuple[int, BlobRef]] = []
    for round_number in range(6):
        command = [sys.executable, "-c", WRITER, str(tmp_path / "objects"), str(tenant), str(tmp_path / "keyring.json")]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stdout is not None
            for line in process.stdout:
                fields = line.split()
                if len(fields) == 5 and line.endswith("\n"):
                    number, key, size, sha256, wrapped = fields
                    ref = BlobRef(key=key, size=int(size), sha256=sha256, wrapped_key=bytes.fromhex(wrapped))
                    acknowledged.append((int(number), ref))
                if len(acknowledged) % 7 == round_number:
                    process.send_signal(signal.SIGKILL)
    assert len(acknowledged) > 6
    for value, ref in acknowledged:
        with local.open(ref) as reader:
            assert reader.read(0, ref.size) == bytes([value % 251]) * ref.size
    visible = {key for key, _ in local.list_keys()}
    assert {ref.key for _, ref in acknowledged} <= visible
    local.sweep_incoming(datetime.now(UTC) + timedelta(hours=1))
    incoming = tmp_path / "objects" / str(tenant) / "incoming"
    assert list(incoming.iterdir()) == []
