"""The port through which every object is written, read and deleted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

Bytes = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobRef:
    """Where an object is and what it must be; whoever keeps the object keeps these four values in its row.

    `size` and `sha256` (hexadecimal) are of the plain bytes.
    """

    key: str
    size: int
    sha256: str
    wrapped_key: bytes


class BlobWriter(Protocol):
    """One object that is being written; it exists for nobody before `commit` returns."""

    @property
    def size(self) -> int:
        """Count the plain bytes written so far."""
        ...

    def write(self, data: Bytes) -> None:
        """Append bytes; the caller may reuse its buffer as soon as this returns."""
        ...

    def commit(self) -> BlobRef:
        """Return once the object is durable. On any error nothing is left and the object does not exist."""
        ...

    def discard(self) -> None:
        """Leave nothing behind; harmless after `commit`, which it does not undo."""
        ...


class BlobReader(Protocol):
    """One object open for reading; every byte given out was authenticated first."""

    @property
    def size(self) -> int:
        """Count the plain bytes of the object."""
        ...

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly this range, or raise CorruptObject; ValueError if it is outside the object."""
        ...

    def chunks(self, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield the range (the whole object by default) in pieces of at most a few MiB."""
        ...

    def close(self) -> None:
        """Give back what the reader holds."""
        ...

    def __enter__(self) -> BlobReader:
        """Return the reader itself."""
        ...

    def __exit__(self, *_: object) -> None:
        """Close the reader."""
        ...


class BlobStore(Protocol):
    """The objects of one tenant."""

    def begin(self) -> BlobWriter:
        """Start a new object; raise OutOfResources when there is no room, Unavailable when the store failed before."""
        ...

    def open(self, ref: BlobRef) -> BlobReader:
        """Open an object; this or the first read raises CorruptObject if it is missing or was cut short."""
        ...

    def delete(self, ref: BlobRef) -> None:
        """Remove an object; no error if it is gone already."""
        ...

    def list_keys(self) -> Iterator[tuple[str, datetime]]:
        """List the key of every object with the time of its last change, in the order of their first digits."""
        ...

    def delete_key(self, key: str) -> None:
        """Remove an object that no row names."""
        ...

    def stored_size_of(self, key: str) -> int | None:
        """Count the sealed bytes of an object, None when there is none."""
        ...

    def sealed(self, key: str) -> Iterator[bytes]:
        """Yield an object as it is kept, sealed, in pieces of a few MiB; CorruptObject when it is missing."""
        ...

    def adopt(self, key: str, sealed: Iterable[bytes]) -> None:
        """Return once an object that was sealed elsewhere under the same keyring is durable here; replaces what has the key."""
        ...
