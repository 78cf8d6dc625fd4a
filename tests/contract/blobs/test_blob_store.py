"""What every blob store promises, asked of each of them."""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from negatoscope.platform.blobs.frames import FRAME_BYTES, stored_size
from negatoscope.platform.blobs.local import LocalBlobStore
from negatoscope.platform.blobs.port import BlobRef, BlobStore
from negatoscope.platform.errors import CorruptObject
from negatoscope.platform.keyring import Keyring

SIZES = [0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 3 * FRAME_BYTES, 10 * FRAME_BYTES + 17]


def some_bytes(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def put(store: BlobStore, data: bytes, piece: int = 70_000) -> BlobRef:
    writer = store.begin()
    for offset in range(0, len(data), piece):
        writer.write(data[offset : offset + piece])
    return writer.commit()


@pytest.mark.parametrize("size", SIZES)
def test_object_comes_back_byte_for_byte(store: BlobStore, size: int) -> None:
    data = some_bytes(size)
    ref = put(store, data)
    assert (ref.size, ref.sha256) == (size, hashlib.sha256(data).hexdigest())
    with store.open(ref) as reader:
        assert b"".join(reader.chunks()) == data


@pytest.mark.parametrize("piece", [1, 4096, FRAME_BYTES, FRAME_BYTES + 5, 5 * FRAME_BYTES])
def test_stored_object_does_not_depend_on_how_it_was_cut(store: BlobStore, piece: int) -> None:
    data = some_bytes(2 * FRAME_BYTES + 3 if piece > 1 else 3000)
    ref = put(store, data, piece)
    with store.open(ref) as reader:
        assert reader.read(0, ref.size) == data


def test_any_range_is_the_same_range_of_the_object(store: BlobStore) -> None:
    data = some_bytes(3 * FRAME_BYTES + 100)
    ref = put(store, data)
    edges = [0, 1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 2 * FRAME_BYTES, len(data) - 1, len(data)]
    with store.open(ref) as reader:
        for start in edges:
            for end in edges:
                if start <= end:
                    assert reader.read(start, end - start) == data[start:end]
                    assert b"".join(reader.chunks(start, end - start)) == data[start:end]


@pytest.mark.parametrize(("offset", "length"), [(-1, 1), (0, 11), (11, 0), (5, -1)])
def test_range_outside_the_object_is_our_fault(store: BlobStore, offset: int, length: int) -> None:
    ref = put(store, b"0123456789")
    with store.open(ref) as reader, pytest.raises(ValueError, match="outside"):
        reader.read(offset, length)


def test_writer_copies_what_the_caller_may_overwrite(store: BlobStore) -> None:
    buffer = bytearray(b"first")
    writer = store.begin()
    writer.write(buffer)
    buffer[:] = b"other"
    ref = writer.commit()
    with store.open(ref) as reader:
        assert reader.read(0, 5) == b"first"


@pytest.mark.parametrize("size", [10, 20 * FRAME_BYTES])
def test_discarded_object_leaves_nothing(store: BlobStore, size: int) -> None:
    writer = store.begin()
    writer.write(some_bytes(size))
    writer.discard()
    assert list(store.list_keys()) == []


def test_object_exists_for_nobody_before_commit(store: BlobStore) -> None:
    writer = store.begin()
    writer.write(some_bytes(2 * FRAME_BYTES))
    assert list(store.list_keys()) == []
    ref = writer.commit()
    assert [key for key, _ in store.list_keys()] == [ref.key]


def test_deleted_object_is_missing_and_deleting_again_is_harmless(store: BlobStore) -> None:
    ref = put(store, b"data")
    store.delete(ref)
    store.delete(ref)
    with pytest.raises(CorruptObject), store.open(ref) as reader:
        reader.read(0, 1)


def test_key_of_one_object_does_not_open_another(store: BlobStore) -> None:
    first, second = put(store, b"first"), put(store, b"other")
    with pytest.raises(CorruptObject):
        store.open(replace(first, wrapped_key=second.wrapped_key))


def test_object_that_was_never_written_is_missing(store: BlobStore) -> None:
    ref = put(store, b"data")
    with pytest.raises(CorruptObject), store.open(replace(ref, key=uuid4().hex)) as reader:
        reader.read(0, 1)


@pytest.mark.parametrize("size", [0, 5, 2 * FRAME_BYTES + 5, 9 * FRAME_BYTES])
def test_sealed_object_is_adopted_by_another_store_of_the_keyring(
    store: BlobStore, tmp_path: Path, tenant: UUID, keyring: Keyring, size: int
) -> None:
    data = some_bytes(size)
    ref = put(store, data)
    copy = LocalBlobStore(tmp_path / "copy", tenant, keyring, reserve_bytes=0)
    assert copy.stored_size_of(ref.key) is None
    copy.adopt(ref.key, store.sealed(ref.key))
    assert copy.stored_size_of(ref.key) == store.stored_size_of(ref.key) == stored_size(size)
    store.delete(ref)
    store.adopt(ref.key, copy.sealed(ref.key))
    with store.open(ref) as reader:
        assert b"".join(reader.chunks()) == data
    with pytest.raises(CorruptObject):
        list(store.sealed("0" * 32))
