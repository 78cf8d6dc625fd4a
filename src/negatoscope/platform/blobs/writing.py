"""Turn a stream of plain bytes into sealed frames and their hash, for whichever store takes them."""

from __future__ import annotations

from typing import Protocol

from negatoscope.platform.blobs.frames import FRAME_BYTES, FrameCipher
from negatoscope.platform.blobs.hashing import StreamHash
from negatoscope.platform.blobs.port import BlobRef, Bytes


class Sink(Protocol):
    """Where sealed bytes go."""

    def append(self, data: Bytes) -> None:
        """Take these bytes before returning."""
        ...


class FrameWriter:
    """Cut, hash and seal; hold back at most one frame, since only the last one carries the total."""

    def __init__(self, cipher: FrameCipher, sink: Sink) -> None:
        self._cipher = cipher
        self._sink = sink
        self._hash = StreamHash()
        self._pending = bytearray()
        self._frames = 0
        self.size = 0
        sink.append(cipher.header())

    def write(self, data: Bytes) -> None:
        """Append plain bytes; the caller may reuse its buffer when this returns."""
        view = memoryview(data).cast("B")
        self.size += len(view)
        offset = 0
        is_borrowed = False
        while offset < len(view):
            if len(self._pending) == FRAME_BYTES:
                self._flush(self._pending)
                self._pending = bytearray()
            if not self._pending and len(view) - offset > FRAME_BYTES:
                self._flush(view[offset : offset + FRAME_BYTES])
                is_borrowed = True
                offset += FRAME_BYTES
                continue
            taken = min(FRAME_BYTES - len(self._pending), len(view) - offset)
            self._pending += view[offset : offset + taken]
            offset += taken
        if is_borrowed:
            self._hash.settle()

    def finish(self) -> BlobRef:
        """Seal the last frame and return what the row must keep."""
        self._append(self._pending, self._frames + 1)
        sha256 = self._hash.hexdigest(self._pending)
        self._pending = bytearray()
        cipher = self._cipher
        return BlobRef(key=cipher.key, size=self.size, sha256=sha256, wrapped_key=cipher.wrapped_key)

    def _flush(self, plain: Bytes) -> None:
        self._hash.update_later(plain)
        self._append(plain, 0)

    def _append(self, plain: Bytes, total: int) -> None:
        self._sink.append(self._cipher.seal(self._frames, plain, total))
        self._frames += 1
