"""Objects as encrypted files in a folder: temporary file, fdatasync, rename, sync of the folder, and only then an answer."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from negatoscope.platform.blobs.disk import Disk
from negatoscope.platform.blobs.frames import FRAME_BYTES, FrameCipher, new_key, stored_size
from negatoscope.platform.blobs.port import BlobRef, Bytes
from negatoscope.platform.blobs.reading import FrameReader
from negatoscope.platform.blobs.writing import FrameWriter
from negatoscope.platform.errors import CorruptObject, NegatoscopeError, OutOfResources, Unavailable
from negatoscope.platform.failpoints import reach
from negatoscope.platform.keyring import Keyring
from negatoscope.platform.logs import get_logger

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FOLDERS: Final = tuple(f"{number:02x}" for number in range(256))
RESERVE_BYTES: Final = 256 << 20


class LocalBlobStore:
    """The objects of one tenant in `folder`/tenant, fanned out over 256 folders by the first digits of their key.

    `reserve_bytes` of the volume are left to the database, so that a full disk still lets it write its log.
    After a failed sync the kernel may have dropped the pages it could not write, so nothing is tried again on that
    file, and the store takes no further objects until the process is started anew; reading goes on.
    """

    def __init__(
        self, folder: Path, tenant: UUID, keyring: Keyring, *, disk: Disk | None = None, reserve_bytes: int = RESERVE_BYTES
    ) -> None:
        self._root = folder / str(tenant)
        self._incoming = self._root / "incoming"
        self._tenant = tenant
        self._keyring = keyring
        self._disk = disk or Disk()
        self._reserve = reserve_bytes
        self._failed = False
        try:
            self._make_folders(folder)
        except OSError as error:
            raise failure(error) from error

    def begin(self) -> LocalBlobWriter:
        """Start a new object."""
        if self._failed:
            raise Unavailable("Storage failed and takes no new objects.", reason="storage_failed")
        try:
            if self._disk.free_bytes(self._incoming) < self._reserve:
                raise OutOfResources("Storage is full.", reason="storage_full")
        except OSError as error:
            raise failure(error) from error
        return LocalBlobWriter(self, FrameCipher.create(self._keyring, self._tenant, new_key()))

    def open(self, ref: BlobRef) -> FrameReader:
        """Open an object."""
        cipher = FrameCipher.unwrap(self._keyring, self._tenant, ref.key, ref.wrapped_key)
        source = _FileSource(self.path_of(ref.key))
        if source.size != stored_size(ref.size):
            source.close()
            raise CorruptObject("A stored object has not the size it was written with.", reason="truncated_object")
        return FrameReader(cipher, source, ref.size)

    def delete(self, ref: BlobRef) -> None:
        """Remove an object; no error if it is gone already."""
        self.delete_key(ref.key)

    def delete_key(self, key: str) -> None:
        """Remove an object that no row names."""
        path = self.path_of(key)
        try:
            self._disk.unlink(path)
            if path.parent.is_dir():
                self._disk.sync_folder(path.parent)
        except OSError as error:
            raise failure(error) from error

    def list_keys(self) -> Iterator[tuple[str, datetime]]:
        """List the key of every object with the time of its last change."""
        for name in _FOLDERS:
            with os.scandir(self._root / name) as entries:
                for entry in entries:
                    with contextlib.suppress(FileNotFoundError):
                        yield entry.name, datetime.fromtimestamp(entry.stat().st_mtime, UTC)

    def stored_size_of(self, key: str) -> int | None:
        """Count the sealed bytes of an object, None when there is none."""
        try:
            return self.path_of(key).stat().st_size
        except FileNotFoundError:
            return None

    def sealed(self, key: str) -> Iterator[bytes]:
        """Yield an object as it is kept, in pieces of 1 MiB."""
        source = _FileSource(self.path_of(key))
        try:
            for offset in range(0, source.size, FRAME_BYTES):
                yield source.fetch(offset, FRAME_BYTES)
        finally:
            source.close()

    def adopt(self, key: str, sealed: Iterable[bytes]) -> None:
        """Keep an object that was sealed elsewhere, in the same durable way as a new one."""
        temporary, descriptor = self.new_temporary()
        try:
            try:
                for piece in sealed:
                    self._disk.write(descriptor, piece)
                self._disk.sync(descriptor)
            finally:
                self._disk.close(descriptor)
            self.publish(temporary, key)
        except OSError as error:
            raise failure(error) from error
        finally:
            self._disk.unlink(temporary)

    def sweep_incoming(self, older_than: datetime) -> int:
        """Remove temporary files that a process which ended abruptly left behind; return their number."""
        removed = 0
        for path in self._incoming.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if datetime.fromtimestamp(path.stat().st_mtime, UTC) < older_than:
                    self._disk.unlink(path)
                    removed += 1
        return removed

    def path_of(self, key: str) -> Path:
        """Return where the object with this key lies; ValueError unless the key is one of ours."""
        if len(key) != 32 or not set(key) <= set("0123456789abcdef"):
            raise ValueError("not the key of an object")
        return self._root / key[:2] / key

    def _make_folders(self, folder: Path) -> None:
        """Make every folder at once, so that no object waits for one; the folder of temporary files comes last."""
        if self._incoming.is_dir():
            return
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in _FOLDERS:
            self._disk.make_folder(self._root / name)
        self._disk.make_folder(self._incoming)
        for path in (self._root, folder, folder.parent):
            self._disk.sync_folder(path)

    def new_temporary(self) -> tuple[Path, int]:
        """Create a temporary file."""
        path = self._incoming / secrets.token_hex(16)
        return path, self._disk.create(path)

    def publish(self, temporary: Path, key: str) -> None:
        """Give a synced temporary file its name, durably."""
        target = self.path_of(key)
        folder = target.parent
        self._disk.rename(temporary, target)
        reach("after_rename")
        try:
            self._disk.sync_folder(folder)
        except OSError as error:
            if error.errno not in _FULL:
                self.mark_failed()
            with contextlib.suppress(OSError):
                self._disk.unlink(target)
            raise
        reach("after_folder_sync")

    def mark_failed(self) -> None:
        """Take no more objects: a sync failed."""
        self._failed = True
        get_logger().error("storage_failed", reason="sync")

    @property
    def keyring(self) -> Keyring:
        """Return the keyring that wraps the keys of the objects."""
        return self._keyring

    @property
    def disk(self) -> Disk:
        """Return the disk that writers use."""
        return self._disk


class LocalBlobWriter:
    """One file on its way into the store."""

    def __init__(self, store: LocalBlobStore, cipher: FrameCipher) -> None:
        self._store = store
        self._disk = store.disk
        self._descriptor: int | None = None
        self._temporary: Path | None = None
        self._written = 0
        reach("before_temporary")
        try:
            self._temporary, self._descriptor = store.new_temporary()
            reach("after_temporary")
            self._frames = FrameWriter(cipher, self)
        except OSError as error:
            self.discard()
            raise failure(error) from error

    @property
    def size(self) -> int:
        """Count the plain bytes written so far."""
        return self._frames.size

    def append(self, data: Bytes) -> None:
        """Write sealed bytes to the temporary file."""
        if self._descriptor is None:
            raise ValueError("the writer is closed")
        self._disk.write(self._descriptor, data)
        if len(data) >= FRAME_BYTES:
            self._disk.start_write_back(self._descriptor, self._written, len(data))
        self._written += len(data)
        reach("after_write")

    def write(self, data: Bytes) -> None:
        """Append plain bytes."""
        try:
            self._frames.write(data)
        except OSError as error:
            self.discard()
            raise failure(error) from error

    def commit(self) -> BlobRef:
        """Sync, rename, sync the folder."""
        temporary = self._temporary
        if self._descriptor is None or temporary is None:
            raise ValueError("the writer is closed")
        try:
            ref = self._frames.finish()
            reach("before_sync")
            self._sync(self._descriptor)
            reach("after_sync")
            self._disk.close(self._descriptor)
            self._descriptor = None
            self._store.publish(temporary, ref.key)
        except OSError as error:
            self.discard()
            raise failure(error) from error
        self._temporary = None
        return ref

    def discard(self) -> None:
        """Close and remove the temporary file."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                self._disk.close(self._descriptor)
            self._descriptor = None
        if self._temporary is not None:
            with contextlib.suppress(OSError):
                self._disk.unlink(self._temporary)
            self._temporary = None

    def _sync(self, descriptor: int) -> None:
        try:
            self._disk.sync(descriptor)
        except OSError as error:
            if error.errno not in _FULL:
                self._store.mark_failed()
            raise


class _FileSource:
    """Sealed bytes from a file."""

    _open = False

    def __init__(self, path: Path) -> None:
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise CorruptObject("A stored object is missing.", reason="missing_object") from error
        except OSError as error:
            raise failure(error) from error
        self.size = os.fstat(self._descriptor).st_size
        self._open = True

    def fetch(self, offset: int, length: int) -> bytes:
        try:
            data = os.pread(self._descriptor, length, offset)
            if len(data) < length:
                pieces = [data]
                while pieces[-1] and sum(map(len, pieces)) < length:
                    read = sum(map(len, pieces))
                    pieces.append(os.pread(self._descriptor, length - read, offset + read))
                data = b"".join(pieces)
        except OSError as error:
            raise CorruptObject("A stored object cannot be read from its disk.", reason="unreadable_object") from error
        return data

    def close(self) -> None:
        if self._open:
            self._open = False
            os.close(self._descriptor)

    def __del__(self) -> None:
        self.close()


def failure(error: OSError) -> NegatoscopeError:
    """Say what a failed call to the disk means to whoever wanted to store."""
    if error.errno in _FULL:
        return OutOfResources("Storage is full.", reason="storage_full")
    return Unavailable("Storage failed.", reason="storage_failed")
