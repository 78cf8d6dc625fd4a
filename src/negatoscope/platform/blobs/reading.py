"""Read ranges of an object by opening only the frames that hold them, from whichever store has the sealed bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Protocol

from negatoscope.platform.blobs.frames import (
    FRAME_BYTES,
    HEADER_BYTES,
    SEALED_BYTES,
    FrameCipher,
    count_frames,
    stored_size,
)
from negatoscope.platform.errors import CorruptObject

_FRAMES_A_CHUNK: Final = 2


class SealedSource(Protocol):
    """Where sealed bytes come from."""

    def fetch(self, offset: int, length: int) -> bytes:
        """Return at most `length` stored bytes from `offset`."""
        ...

    def close(self) -> None:
        """Give back what is held."""
        ...


class FrameReader:
    """Random reads of one sealed object."""

    def __init__(self, cipher: FrameCipher, source: SealedSource, size: int) -> None:
        self._cipher = cipher
        self._source = source
        self._total = count_frames(size)
        self.size = size

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly this range, or raise CorruptObject; ValueError if it is outside the object."""
        self._check_range(offset, length)
        if length == 0:
            return b""
        first, last = offset // FRAME_BYTES, (offset + length - 1) // FRAME_BYTES
        plain = self._open_frames(first, last)
        start = offset - first * FRAME_BYTES
        with memoryview(plain) as view:
            return bytes(view[start : start + length])

    def chunks(self, offset: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield the range in pieces of at most 2 MiB, cut where frames end so that none is opened twice."""
        end = self.size if length is None else offset + length
        self._check_range(offset, end - offset)
        if self.size == 0:
            self._open_frames(0, 0)
        while offset < end:
            boundary = (offset // FRAME_BYTES + _FRAMES_A_CHUNK) * FRAME_BYTES
            stop = min(boundary, end)
            yield self.read(offset, stop - offset)
            offset = stop

    def close(self) -> None:
        """Give back what the reader holds."""
        self._source.close()

    def __enter__(self) -> FrameReader:
        """Return the reader itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the reader."""
        self.close()

    def _check_range(self, offset: int, length: int) -> None:
        if offset < 0 or length < 0 or offset + length > self.size:
            raise ValueError("the range is outside the object")

    def _open_frames(self, first: int, last: int) -> bytearray:
        """Return the plain bytes of frames `first` to `last`; with the first frame the header is checked too."""
        start = HEADER_BYTES + first * SEALED_BYTES if first else 0
        end = min(HEADER_BYTES + (last + 1) * SEALED_BYTES, stored_size(self.size))
        sealed = self._source.fetch(start, end - start)
        if len(sealed) != end - start:
            raise CorruptObject("A stored object is shorter than it was written.", reason="truncated_object")
        plain = bytearray(min((last + 1) * FRAME_BYTES, self.size) - first * FRAME_BYTES)
        with memoryview(sealed) as stored, memoryview(plain) as target:
            position = 0
            if first == 0:
                self._cipher.check_header(stored[:HEADER_BYTES])
                position = HEADER_BYTES
            for number in range(first, last + 1):
                total = self._total if number == self._total - 1 else 0
                place = (number - first) * FRAME_BYTES
                frame = target[place : place + FRAME_BYTES]
                taken = len(frame) + SEALED_BYTES - FRAME_BYTES
                self._cipher.open_into(number, stored[position : position + taken], total, frame)
                position += taken
        return plain
