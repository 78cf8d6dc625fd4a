"""The few calls that make a file durable; a test stands in for the disk to make each of them fail in turn."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Final

from negatoscope.platform.blobs.port import Bytes

_WRITE_BACK: Final = 2  # SYNC_FILE_RANGE_WRITE of Linux: start, do not wait
_libc: Final = ctypes.CDLL(None)


class Disk:
    """The file system of this machine. Every method raises OSError."""

    def create(self, path: Path) -> int:
        """Create a file that must not exist and return its descriptor."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    def write(self, descriptor: int, data: Bytes) -> None:
        """Write all of the bytes."""
        with memoryview(data).cast("B") as view:
            written = 0
            while written < len(view):
                written += os.write(descriptor, view[written:])

    def start_write_back(self, descriptor: int, offset: int, length: int) -> None:
        """Let the kernel begin to write this range, so that `sync` finds less to do. It promises nothing and may do nothing."""
        start = getattr(_libc, "sync_file_range", None)
        if start is not None:
            start(ctypes.c_int(descriptor), ctypes.c_int64(offset), ctypes.c_int64(length), ctypes.c_uint(_WRITE_BACK))

    def sync(self, descriptor: int) -> None:
        """Return when the bytes of the file are on stable storage."""
        os.fdatasync(descriptor)

    def close(self, descriptor: int) -> None:
        """Close the descriptor."""
        os.close(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        """Give a file its final name."""
        source.rename(target)

    def make_folder(self, path: Path) -> None:
        """Make a folder; no error if it is there."""
        path.mkdir(mode=0o700, exist_ok=True)

    def sync_folder(self, path: Path) -> None:
        """Return when the names in the folder are on stable storage."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def unlink(self, path: Path) -> None:
        """Remove a file; no error if it is gone."""
        path.unlink(missing_ok=True)

    def free_bytes(self, path: Path) -> int:
        """Count the bytes that we may still write on the volume of `path`."""
        volume = os.statvfs(path)
        return volume.f_bavail * volume.f_frsize
