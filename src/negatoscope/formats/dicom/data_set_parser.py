"""A push parser of one encoded data set (PS3.5 section 7): iterative, strict, and bounded in memory.

Bytes come in pieces of any size. Values are skipped, never held, except those the index needs. No length is trusted: a
value may not pass the end of its container, and what is still open at the end of the bytes is a truncation.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from negatoscope.formats.dicom.containers import (
    FIRST_ORDINARY_TAG,
    FIRST_SPECIAL_TAG,
    MAXIMUM_DEPTH,
    Coding,
    Container,
    ElementHeader,
    Kind,
    item_keys,
    root_container,
)
from negatoscope.formats.dicom.elements import (
    INDEXED_SEQUENCES,
    ITEM,
    ITEM_DELIMITER,
    LONG_VRS,
    PIXEL_DATA,
    PIXEL_DATA_TAGS,
    SEQUENCE_DELIMITER,
    SEQUENCE_TAGS,
    SHORT_VRS,
    UNDEFINED_LENGTH,
)
from negatoscope.formats.dicom.fragments import FragmentList
from negatoscope.formats.dicom.representations import accept_value
from negatoscope.formats.dicom.verdict import PixelDataSpan, Refusal

MAXIMUM_ELEMENTS: Final = 10_000  # of one data set or item; the largest seen in practice have some hundreds
MAXIMUM_INDEXED_VALUE: Final = 4_096
MAXIMUM_INDEXED_ITEMS: Final = 64
_PIECE: Final = 1 << 16

_SHORT, _LONG, _NESTING = 1, 2, 3
_UNUSUAL: Final = (0, _NESTING)
_DELIMITER_GROUP: Final = 0xFFFE0000
_OLD_PRIVATE_GROUPS: Final = (1, 3, 5, 7)
_VR_KINDS: Final = {
    **dict.fromkeys(SHORT_VRS, _SHORT),
    **dict.fromkeys(LONG_VRS, _LONG),
    **dict.fromkeys((b"SQ", b"UN"), _NESTING),
}
_EXPLICIT: Final = {Coding.EXPLICIT_LITTLE: Struct("<HH2sH").unpack_from, Coding.EXPLICIT_BIG: Struct(">HH2sH").unpack_from}
_LENGTH: Final = {Coding.EXPLICIT_LITTLE: Struct("<L").unpack_from, Coding.EXPLICIT_BIG: Struct(">L").unpack_from}
_IMPLICIT: Final = Struct("<HHL").unpack_from
_ITEM_HEADER: Final = {
    Coding.IMPLICIT_LITTLE: _IMPLICIT,
    Coding.EXPLICIT_LITTLE: _IMPLICIT,
    Coding.EXPLICIT_BIG: Struct(">HHL").unpack_from,
}


class DataSetParser:
    """Judge one data set as it arrives. ``failure`` is set once and ends all work."""

    def __init__(
        self, coding: Coding, *, position: int = 0, header_limit: int, longest_value: int = MAXIMUM_INDEXED_VALUE
    ) -> None:
        self.failure: Refusal | None = None
        self.warnings: set[str] = set()
        self.items: dict[str, list[dict[str, bytes]]] = {}
        self.pixel_data: PixelDataSpan | None = None
        self.header_end: int | None = None
        self._header: bytearray | None = bytearray()
        self._header_limit = header_limit
        self._longest_value = longest_value
        self._position = position  # absolute position of the first byte not yet consumed
        self._containers = [root_container(coding)]
        self._pending = bytearray()
        self._needed = 0
        self._skip = 0
        self._fragments: FragmentList | None = None

    @property
    def values(self) -> dict[str, bytes]:
        """Return the raw indexed values of the top level."""
        return self._containers[0].values

    @property
    def position(self) -> int:
        """Return the absolute position reached."""
        return self._position

    def header(self) -> bytes | None:
        """Return the encoded elements before the pixel data, None when there were too many bytes to keep."""
        return bytes(self._header) if self._header is not None else None

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        at, size = 0, len(data)
        while at < size and self.failure is None:
            if self._skip:
                step = min(self._skip, size - at)
                self._consume(memoryview(data)[at : at + step], step)
                self._skip -= step
            else:
                step = min(_PIECE, size - at)
                self._parse(data[at : at + step])
            at += step

    def finish(self) -> Refusal | None:
        """Say whether the bytes ended where the data set ends."""
        if self.failure is None:
            self._close_finished()
        if self.failure is None and (len(self._containers) > 1 or self._skip or self._pending):
            self.failure = Refusal.TRUNCATED
        if self.header_end is None:
            self.header_end = self._position
        return self.failure

    def _parse(self, piece: bytes) -> None:
        if self._pending:
            self._pending += piece
            if len(self._pending) < self._needed:
                return
            piece = bytes(self._pending)
            self._pending.clear()
        self._needed = 0
        used = self._run(piece, 0)
        self._consume(piece, used)
        if used < len(piece):
            self._pending += memoryview(piece)[used:]

    def _consume(self, piece: bytes | memoryview, used: int) -> None:
        """Go forward, keeping what belongs to the header."""
        if self._header is not None and (self.header_end is None or self.header_end > self._position):
            stop = used if self.header_end is None else self.header_end - self._position
            if len(self._header) + stop > self._header_limit:
                self._header = None
            else:
                self._header += memoryview(piece)[:stop]
        self._position += used

    def _run(self, data: bytes, at: int) -> int:
        """Parse from ``at``; return how far the bytes were used. A rest to skip is left in ``_skip``."""
        while self.failure is None and not self._skip:
            container = self._containers[-1]
            if self._position + at >= container.limit:
                self._close(container, self._position + at)
                continue
            before = at
            if container.kind is Kind.SEQUENCE:
                at = self._read_item_header(container, data, at)
            elif container.kind is Kind.FRAGMENTS:
                at = self._read_fragment(container, data, at)
            elif len(container.seen) > MAXIMUM_ELEMENTS:
                self.failure = Refusal.ELEMENT_LIMIT
            elif container.coding is Coding.IMPLICIT_LITTLE:
                at = self._read_implicit(container, data, at)
            else:
                at = self._read_explicit(container, data, at)
            if at == before and self._containers[-1] is container:
                return at
        return at

    def _read_explicit(self, container: Container, data: bytes, at: int) -> int:
        unpack, unpack_length = _EXPLICIT[container.coding], _LENGTH[container.coding]
        kinds, seen, indexed = _VR_KINDS, container.seen, container.indexed
        size, limit = len(data), container.limit - self._position
        while at < limit:
            if size - at < 8:
                self._needed = 8
                return at
            group, element, vr, length = unpack(data, at)
            tag = group << 16 | element
            kind = kinds.get(vr, 0)
            value_at = at + 8
            if kind >= _LONG:
                if size - at < 12:
                    self._needed = 12
                    return at
                length = unpack_length(data, value_at)[0]
                value_at += 4
                if length == UNDEFINED_LENGTH:
                    kind = _NESTING
            if kind in _UNUSUAL or tag in indexed or not FIRST_ORDINARY_TAG <= tag < FIRST_SPECIAL_TAG:
                before = at
                at = self._take(container, data, ElementHeader(tag, vr, length, at, value_at))
                if at == before or self._skip or self._containers[-1] is not container:
                    return at
                continue
            after = value_at + length
            if tag in seen or after > limit:
                self._refuse(tag, seen)
                return at
            seen.add(tag)
            if length & 1:
                self.warnings.add("odd_length")
            if after > size:
                self._skip = after - size
                return size
            at = after
        return at

    def _read_implicit(self, container: Container, data: bytes, at: int) -> int:
        unpack, sequences = _IMPLICIT, SEQUENCE_TAGS
        seen, indexed = container.seen, container.indexed
        size, limit = len(data), container.limit - self._position
        while at < limit:
            if size - at < 8:
                self._needed = 8
                return at
            group, element, length = unpack(data, at)
            tag = group << 16 | element
            value_at = at + 8
            after = value_at + length
            if (
                tag in indexed
                or tag in sequences
                or length == UNDEFINED_LENGTH
                or not FIRST_ORDINARY_TAG <= tag < FIRST_SPECIAL_TAG
            ):
                before = at
                vr = b"SQ" if tag in sequences or length == UNDEFINED_LENGTH else b""
                at = self._take(container, data, ElementHeader(tag, vr, length, at, value_at))
                if at == before or self._skip or self._containers[-1] is not container:
                    return at
                continue
            if tag in seen or after > limit:
                self._refuse(tag, seen)
                return at
            seen.add(tag)
            if length & 1:
                self.warnings.add("odd_length")
            if after > size:
                self._skip = after - size
                return size
            at = after
        return at

    def _take(self, container: Container, data: bytes, header: ElementHeader) -> int:
        """Handle an element that is not simply passed over; return where to go on, its own place to stop here."""
        tag, vr, length, at, value_at = header
        if tag >= _DELIMITER_GROUP or tag < FIRST_ORDINARY_TAG:
            if tag >> 16 not in _OLD_PRIVATE_GROUPS:
                return self._take_delimiter(container, header)
            # Groups 0001 to 0007 may not be private (PS3.5 7.8.1), yet some archives of the 1990s wrote there.
            self.warnings.add("forbidden_private_group")
        if container.coding is not Coding.IMPLICIT_LITTLE and vr not in _VR_KINDS:
            self.failure = Refusal.UNKNOWN_VR
            return at
        is_undefined = length == UNDEFINED_LENGTH
        if tag in container.seen or (not is_undefined and self._position + value_at + length > container.limit):
            self._refuse(tag, container.seen)
            return at
        if tag in PIXEL_DATA_TAGS and (is_undefined or len(self._containers) == 1):
            return self._open_pixel_data(container, data, header)
        if vr == b"SQ" or (vr == b"UN" and (is_undefined or tag in SEQUENCE_TAGS)):
            return self._open_sequence(container, header)
        if is_undefined:
            self.failure = Refusal.UNDEFINED_LENGTH_NOT_ALLOWED
            return at
        if tag in container.indexed:
            return self._keep_value(container, data, header)
        container.seen.add(tag)
        return self._pass_over(data, value_at + length)

    def _refuse(self, tag: int, seen: set[int]) -> None:
        self.failure = Refusal.DUPLICATE_TAG if tag in seen else Refusal.LENGTH_EXCEEDS_PARENT

    def _pass_over(self, data: bytes, after: int) -> int:
        if after > len(data):
            self._skip = after - len(data)
            return len(data)
        return after

    def _keep_value(self, container: Container, data: bytes, header: ElementHeader) -> int:
        tag, vr, length, at, value_at = header
        after = value_at + length
        if length > self._longest_value:
            self.failure = Refusal.VALUE_TOO_LONG
            return at
        if after > len(data):
            self._needed = after - at
            return at
        container.seen.add(tag)
        keyword, expected = container.indexed[tag]
        is_kept, self.failure = accept_value(tag, expected, vr or expected, length, self.warnings)
        if is_kept:
            container.values[keyword] = data[value_at:after]
        return after if self.failure is None else at

    def _take_delimiter(self, container: Container, header: ElementHeader) -> int:
        if header.tag != ITEM_DELIMITER:
            is_stray = header.tag in (ITEM, SEQUENCE_DELIMITER)
            self.failure = Refusal.MALFORMED_SEQUENCE if is_stray else Refusal.FORBIDDEN_GROUP
            return header.at
        if container.has_defined_length or len(self._containers) == 1:
            self.failure = Refusal.MALFORMED_SEQUENCE
            return header.at
        self._containers.pop()
        return header.value_at

    def _open_sequence(self, container: Container, header: ElementHeader) -> int:
        if len(self._containers) > 2 * MAXIMUM_DEPTH:
            self.failure = Refusal.DEPTH_LIMIT
            return header.at
        container.seen.add(header.tag)
        # An unknown representation hides a sequence in implicit VR little endian, whatever is around it (PS3.5 6.2.2).
        coding = Coding.IMPLICIT_LITTLE if header.vr == b"UN" else container.coding
        sequence = self._open(Kind.SEQUENCE, coding, header.length, header.value_at)
        if len(self._containers) == 2 and header.tag in INDEXED_SEQUENCES:
            sequence.keyword = INDEXED_SEQUENCES[header.tag][0]
        return header.value_at

    def _open(self, kind: Kind, coding: Coding, length: int, value_at: int) -> Container:
        is_defined = length != UNDEFINED_LENGTH
        limit = self._position + value_at + length if is_defined else self._containers[-1].limit
        opened = Container(kind, coding, limit, has_defined_length=is_defined)
        self._containers.append(opened)
        return opened

    def _open_pixel_data(self, container: Container, data: bytes, header: ElementHeader) -> int:
        tag, vr, length, at, value_at = header
        is_top = len(self._containers) == 1
        is_encapsulated = length == UNDEFINED_LENGTH
        may_be = tag == PIXEL_DATA and container.coding is Coding.EXPLICIT_LITTLE and vr in (b"OB", b"OW")
        if is_encapsulated and not may_be:
            self.failure = Refusal.UNDEFINED_LENGTH_NOT_ALLOWED
            return at
        if is_top and self.pixel_data is not None:
            self.failure = Refusal.DUPLICATE_TAG
            return at
        container.seen.add(tag)
        start = self._position + value_at
        if is_top:
            self.header_end = self._position + at
            known = 0 if is_encapsulated else length
            self.pixel_data = PixelDataSpan(tag=tag, offset=start, length=known, encapsulated=is_encapsulated)
        if not is_encapsulated:
            return self._pass_over(data, value_at + length)
        self._fragments = FragmentList(start) if is_top else None
        self._open(Kind.FRAGMENTS, container.coding, length, value_at)
        return value_at

    def _read_item_header(self, sequence: Container, data: bytes, at: int) -> int:
        if len(data) - at < 8:
            self._needed = 8
            return at
        group, element, length = _ITEM_HEADER[sequence.coding](data, at)
        tag = group << 16 | element
        if tag == SEQUENCE_DELIMITER and not sequence.has_defined_length:
            self._containers.pop()
            return at + 8
        is_inside = length == UNDEFINED_LENGTH or self._position + at + 8 + length <= sequence.limit
        if tag != ITEM or not is_inside:
            self.failure = Refusal.MALFORMED_SEQUENCE if tag != ITEM else Refusal.LENGTH_EXCEEDS_PARENT
            return at
        item = self._open(Kind.DATA_SET, sequence.coding, length, at + 8)
        if sequence.keyword:
            kept = self.items.setdefault(sequence.keyword, [])
            if len(kept) < MAXIMUM_INDEXED_ITEMS:
                item.indexed = item_keys(sequence.keyword)
                kept.append(item.values)
            else:
                self.warnings.add("items_not_indexed")
        return at + 8

    def _read_fragment(self, container: Container, data: bytes, at: int) -> int:
        if len(data) - at < 8:
            self._needed = 8
            return at
        group, element, length = _IMPLICIT(data, at)
        tag = group << 16 | element
        position = self._position + at
        if tag == SEQUENCE_DELIMITER:
            self._containers.pop()
            if self._fragments is not None and self.pixel_data is not None:
                self.pixel_data = self._fragments.span(position)
                self._fragments = None
            return at + 8
        if tag != ITEM or length == UNDEFINED_LENGTH or position + 8 + length > container.limit:
            self.failure = Refusal.MALFORMED_FRAGMENTS
            return at
        if self._fragments is not None:
            self._fragments.add(position + 8, length)
        return self._pass_over(data, at + 8 + length)

    def _close(self, container: Container, position: int) -> None:
        if container.has_defined_length and position == container.limit:
            self._containers.pop()
        else:
            self.failure = Refusal.LENGTH_EXCEEDS_PARENT

    def _close_finished(self) -> None:
        while len(self._containers) > 1 and not self._skip and not self._pending:
            container = self._containers[-1]
            if not container.has_defined_length or self._position != container.limit:
                return
            self._containers.pop()
