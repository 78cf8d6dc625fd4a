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
    """Turn deflated pieces into inflated ones. ``failure`` ends the work.

    What comes out, and whether and why it fails, does not depend on how the stream was cut: C-STORE, STOW and import cut it
    differently.
    """

    def __init__(self) -> None:
        self.failure: Refusal | None = None
        self.warnings: set[str] = set()
        self._inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
        self._received = 0
        self._inflated = 0
        self._since_check = 0
        self._checksum = 0
        self._trailing = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take the next deflated bytes; stop asking for more pieces to stop inflating."""
        self._received += len(data)
        if self._has_ended():
            self._keep_trailing(data)
            return
        while self.failure is None and not self._has_ended():
            room = _PIECE - self._since_check
            inflated, data = self._step(data, room)
            if inflated:
                yield inflated
            if not data and len(inflated) < room:
                break
        if self._has_ended():
            self._keep_trailing(self._inflater.unused_data)

    def _has_ended(self) -> bool:
        return self._inflater.eof

    def _keep_trailing(self, data: bytes) -> None:
        self._trailing += data[: _TRAILER_LENGTH + 1 - len(self._trailing)]

    def _step(self, data: bytes, room: int) -> tuple[bytes, bytes]:
        before = self._inflater.copy()
        try:
            inflated = self._inflater.decompress(data, room)
        except zlib.error:
            self.failure = Refusal.BAD_DEFLATE
            return _inflated_before_the_fault(before, data), b""
        rest = self._inflater.unconsumed_tail
        self._inflated += len(inflated)
        self._since_check = (self._since_check + len(inflated)) % _PIECE
        self._checksum = zlib.crc32(inflated, self._checksum)
        # Judged at fixed places of what comes out, by what has gone in for it.
        is_due = self._since_check == 0 and bool(inflated)
        if is_due and self._inflated > min(_MAXIMUM, _FACTOR * (self._received - len(rest)) + _ALLOWANCE):
            self.failure = Refusal.INFLATE_LIMIT
            return b"", b""
        return inflated, rest

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


def _inflated_before_the_fault(inflater: zlib._Decompress, data: bytes) -> bytes:
    """Inflate byte by byte what zlib throws away when it meets a fault; less than the step that failed asked for."""
    salvaged = bytearray()
    try:
        for byte in data:
            salvaged += inflater.decompress(bytes([byte]))
    except zlib.error:
        pass
    return bytes(salvaged)
