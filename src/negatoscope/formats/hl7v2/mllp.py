"""The Minimal Lower Layer Protocol: a message between 0x0B and 0x1C 0x0D. Pure; both our listener and our sender use it."""

from __future__ import annotations

from negatoscope.formats.hl7v2.errors import Condition, MessageError
from negatoscope.formats.hl7v2.parser import LARGEST_MESSAGE

START = b"\x0b"
END = b"\x1c\x0d"
_BETWEEN = b"\r\n \t"


def frame(content: bytes) -> bytes:
    """Return a message ready for the wire."""
    return START + content + END


class Deframer:
    """Cut a stream of bytes into messages, however they are split or joined on the way."""

    def __init__(self, largest: int = LARGEST_MESSAGE) -> None:
        self._buffer = bytearray()
        self._largest = largest
        self._scanned = 0

    @property
    def is_inside(self) -> bool:
        """Say whether a message has begun and not ended."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes and return the messages that they complete; MessageError when the stream is no MLLP or too large."""
        self._buffer += data
        found = []
        while (message := self._next()) is not None:
            found.append(message)
        return found

    def _next(self) -> bytes | None:
        if self._scanned == 0:
            self._skip_between()
        if not self._buffer:
            return None
        if self._buffer[:1] != START:
            raise MessageError("The stream does not start a message with 0x0B.", Condition.SEGMENT_SEQUENCE_ERROR)
        end = self._buffer.find(END, max(1, self._scanned - 1))
        if end < 0:
            self._scanned = len(self._buffer)
            if self._scanned > self._largest + len(START):
                raise MessageError("The message is larger than 5 MB.", Condition.APPLICATION_INTERNAL_ERROR)
            return None
        message = bytes(self._buffer[1:end])
        del self._buffer[: end + len(END)]
        self._scanned = 0
        return message

    def _skip_between(self) -> None:
        """Leave out the line ends that some senders put between two frames."""
        skipped = len(self._buffer) - len(bytes(self._buffer).lstrip(_BETWEEN)) if self._buffer[:1] != START else 0
        del self._buffer[:skipped]
