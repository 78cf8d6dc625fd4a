"""The receive buffer: finds whole protocol data units in a stream of bytes and refuses a length before it allocates."""

from __future__ import annotations

import struct
from typing import Final

from negatoscope.doors.dimse.pdu import HEADER_LENGTH, PduType
from negatoscope.platform.errors import InvalidInput

FIXED_LENGTH: Final = 4
FIRST_CAPACITY: Final = 4096
READ_AHEAD: Final = 64 * 1024


class PduFramer:
    """Cut a stream into protocol data units without copying them.

    The socket writes into `writable()`, `advance` says how much came, `next_pdu` gives each whole unit as a view that is
    good until `writable` is called again. The buffer grows only for lengths within the limits, so that a header which
    claims 4 GiB costs nothing.
    """

    def __init__(self, *, associate_limit: int, data_limit: int) -> None:
        self._limits: dict[int, int] = {
            PduType.ASSOCIATE_RQ: associate_limit,
            PduType.ASSOCIATE_AC: associate_limit,
            PduType.ASSOCIATE_RJ: FIXED_LENGTH,
            PduType.DATA_TF: 0,
            PduType.RELEASE_RQ: FIXED_LENGTH,
            PduType.RELEASE_RP: FIXED_LENGTH,
            PduType.ABORT: FIXED_LENGTH,
        }
        self._data_limit = data_limit
        self._buffer = bytearray(FIRST_CAPACITY)
        self._start = 0
        self._end = 0

    def expect_data(self) -> None:
        """Allow data transfers from here on, and make room to receive them fast."""
        self._limits[PduType.DATA_TF] = self._data_limit
        self._reserve(HEADER_LENGTH + self._data_limit + READ_AHEAD)

    @property
    def is_inside_pdu(self) -> bool:
        """Tell whether a protocol data unit has begun and is not yet whole."""
        return self._end > self._start

    def writable(self) -> memoryview:
        """Return where the next bytes go; never empty."""
        if self._start == self._end:
            self._start = self._end = 0
        elif self._end == len(self._buffer) or self._start > len(self._buffer) // 2:
            self._reserve(len(self._buffer))
        return memoryview(self._buffer)[self._end :]

    def advance(self, count: int) -> None:
        """Note that `count` bytes were written into the last `writable()`."""
        self._end += count

    def next_pdu(self) -> tuple[int, memoryview] | None:
        """Return type and variable field of the next whole unit, or None when more bytes are needed."""
        held = self._end - self._start
        if held < HEADER_LENGTH:
            return None
        kind, length = struct.unpack_from(">BxI", self._buffer, self._start)
        self._check(kind, length)
        if held < HEADER_LENGTH + length:
            if HEADER_LENGTH + length > len(self._buffer) - self._start:
                self._reserve(HEADER_LENGTH + length)
            return None
        start = self._start + HEADER_LENGTH
        self._start = start + length
        return kind, memoryview(self._buffer)[start : self._start]

    def _check(self, kind: int, length: int) -> None:
        limit = self._limits.get(kind)
        if limit is None:
            raise InvalidInput("The type of the protocol data unit is unknown.", reason="unrecognized_pdu")
        if limit == 0:
            raise InvalidInput("Data came before the association was accepted.", reason="unexpected_pdu")
        if length > limit:
            raise InvalidInput("The protocol data unit is longer than was agreed.", reason="invalid_parameter")

    def _reserve(self, capacity: int) -> None:
        """Move what is held to the front of a buffer of at least `capacity` bytes."""
        held = self._end - self._start
        target = self._buffer if capacity <= len(self._buffer) else bytearray(capacity)
        target[:held] = self._buffer[self._start : self._end]
        self._buffer, self._start, self._end = target, 0, held
