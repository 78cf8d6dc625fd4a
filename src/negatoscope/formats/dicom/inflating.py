"""Inflate a deflated data set as it arrives (PS3.5 A.5), in bounded pieces and never more than a multiple of what came."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

from negatoscope.formats.dicom.verdict import Refusal

_PIECE: Final = 1 << 20
_FACTOR: Final = 64
_ALLOWANCE: Final = 16 << 20
_MAXIMUM: Final = 2 << 30
_TRAILER_LENGTH: Final = 8


class BoundedInflater:
    """Turn deflated pieces into inflated ones. ``failure`` ends the work."""

    def __init__(self) -> None:
        self.failure: Refusal | None = None
        self.warnings: set[str] = set()
        self._inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
        self._received = 0
        self._inflated = 0
        self._checksum = 0
        self._trailing = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take the next deflated bytes; stop asking for more pieces to stop inflating."""
        self._received += len(data)
        if self._has_ended():
            self._keep_trailing(data)
            return
        while self.failure is None and not self._has_ended():
            inflated, data = self._step(data)
            if inflated:
                yield inflated
            if not data and len(inflated) < _PIECE:
                break
        if self._has_ended():
            self._keep_trailing(self._inflater.unused_data)

    def _has_ended(self) -> bool:
        return self._inflater.eof

    def _keep_trailing(self, data: bytes) -> None:
        self._trailing += data[: _TRAILER_LENGTH + 1 - len(self._trailing)]

    def _step(self, data: bytes) -> tuple[bytes, bytes]:
        try:
            inflated = self._inflater.decompress(data, _PIECE)
        except zlib.error:
            self.failure = Refusal.BAD_DEFLATE
            return b"", b""
        self._inflated += len(inflated)
        self._checksum = zlib.crc32(inflated, self._checksum)
        if self._inflated > min(_MAXIMUM, _FACTOR * self._received + _ALLOWANCE):
            self.failure = Refusal.INFLATE_LIMIT
            return b"", b""
        return inflated, self._inflater.unconsumed_tail

    def finish(self) -> Refusal | None:
        """Say whether the stream ended, with nothing behind it but what writers are known to put there."""
        if self.failure is None and not self._has_ended():
            self.failure = Refusal.TRUNCATED
        elif self.failure is None and bytes(self._trailing) not in (b"", b"\0"):  # one NUL makes the length even
            trailer = self._checksum.to_bytes(4, "little") + (self._inflated & 0xFFFFFFFF).to_bytes(4, "little")
            if bytes(self._trailing) == trailer:
                self.warnings.add("gzip_trailer")  # some toolkits leave the end of a gzip file on
            else:
                self.failure = Refusal.BAD_DEFLATE
        return self.failure
