"""Read a multipart body as it arrives: headers and bytes of each part, nothing held but a boundary's length (RFC 2046)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from negatoscope.platform.errors import InvalidInput

LONGEST_BOUNDARY: Final = 70
LONGEST_HEADERS: Final = 16 << 10
MOST_PARTS: Final = 100_000
_LONGEST_PREAMBLE: Final = 64 << 10


@dataclass(frozen=True, slots=True)
class PartBegins:
    """A part starts; header names are in lower case."""

    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PartBytes:
    """Some bytes of the part."""

    data: bytes


@dataclass(frozen=True, slots=True)
class PartEnds:
    """The part is complete."""


MultipartEvent = PartBegins | PartBytes | PartEnds


class _State(Enum):
    PREAMBLE = "preamble"
    AFTER_BOUNDARY = "after_boundary"
    HEADERS = "headers"
    BODY_START = "body_start"
    BODY = "body"
    END = "end"


class MultipartReader:
    """Turn pieces of a body into events; raises InvalidInput for a body that is no multipart."""

    def __init__(self, boundary: str) -> None:
        if not 0 < len(boundary) <= LONGEST_BOUNDARY or not boundary.isascii() or not boundary.isprintable():
            raise InvalidInput("The boundary of the multipart body is missing or malformed.", reason="bad_boundary")
        self._delimiter = b"\r\n--" + boundary.encode("ascii")
        # The first boundary needs no line before it; one is supplied so that there is one rule for all of them.
        self._held = bytearray(b"\r\n")
        self._state = _State.PREAMBLE
        self._parts = 0

    def feed(self, data: bytes) -> Iterator[MultipartEvent]:
        """Take bytes and yield what they complete."""
        self._held += data
        while True:
            before = (self._state, len(self._held))
            yield from self._step()
            if (self._state, len(self._held)) == before:
                return

    def finish(self) -> None:
        """Raise InvalidInput unless the closing boundary was seen."""
        if self._state is not _State.END:
            raise InvalidInput("The multipart body ends before its closing boundary.", reason="truncated_body")

    def _step(self) -> Iterator[MultipartEvent]:
        match self._state:
            case _State.PREAMBLE:
                self._skip_preamble()
            case _State.AFTER_BOUNDARY:
                self._read_boundary_end()
            case _State.HEADERS:
                yield from self._read_headers()
            case _State.BODY_START:
                yield from self._look_for_empty_body()
            case _State.BODY:
                yield from self._read_body()
            case _State.END:
                self._held.clear()

    def _skip_preamble(self) -> None:
        place = self._held.find(self._delimiter)
        if place >= 0:
            del self._held[: place + len(self._delimiter)]
            self._state = _State.AFTER_BOUNDARY
        elif len(self._held) > _LONGEST_PREAMBLE:
            raise InvalidInput("The body does not begin with its boundary.", reason="bad_multipart")

    def _read_boundary_end(self) -> None:
        if len(self._held) < 2:
            return
        if self._held[:2] == b"--":
            self._state = _State.END
            return
        place = self._held.find(b"\r\n")
        if place < 0:
            if len(self._held) > LONGEST_HEADERS:
                raise InvalidInput("A boundary is not followed by a line end.", reason="bad_multipart")
            return
        if self._held[:place].strip(b" \t"):
            raise InvalidInput("A boundary is followed by other text.", reason="bad_multipart")
        # The line end stays: headers that are absent end at once.
        del self._held[:place]
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise InvalidInput("The body has too many parts.", reason="too_many_parts")
        self._state = _State.HEADERS

    def _read_headers(self) -> Iterator[MultipartEvent]:
        end = self._held.find(b"\r\n\r\n")
        if end < 0:
            if len(self._held) > LONGEST_HEADERS:
                raise InvalidInput("The headers of a part are too long.", reason="bad_multipart")
            return
        lines = bytes(self._held[:end]).decode("latin-1").split("\r\n")
        del self._held[: end + 4]
        self._state = _State.BODY_START
        headers = {}
        for line in lines:
            name, separator, value = line.partition(":")
            if separator:
                headers[name.strip().lower()] = value.strip()
        yield PartBegins(headers)

    def _look_for_empty_body(self) -> Iterator[MultipartEvent]:
        """The line end that closes the headers also begins the delimiter of a part without a body."""
        shortened = self._delimiter[2:]
        if len(self._held) < len(shortened):
            return
        if self._held.startswith(shortened):
            del self._held[: len(shortened)]
            self._state = _State.AFTER_BOUNDARY
            yield PartEnds()
        else:
            self._state = _State.BODY

    def _read_body(self) -> Iterator[MultipartEvent]:
        place = self._held.find(self._delimiter)
        if place >= 0:
            data = bytes(memoryview(self._held)[:place])
            del self._held[: place + len(self._delimiter)]
            self._state = _State.AFTER_BOUNDARY
            if data:
                yield PartBytes(data)
            yield PartEnds()
            return
        certain = len(self._held) - len(self._delimiter) + 1
        if certain > 0:
            data = bytes(memoryview(self._held)[:certain])
            del self._held[:certain]
            yield PartBytes(data)
