"""Where each compressed frame lies, worked out once at reception and kept in the row of the instance. Pure.

Form: number of frames, then for each frame its number of fragments (unsigned 32 bits, little endian), then for each
fragment its offset and length (unsigned 64 bits, little endian). Offsets count in the stored file.
"""

from __future__ import annotations

import contextlib
from array import array
from collections.abc import Callable, Sequence
from dataclasses import replace
from struct import Struct
from typing import Final

from negatoscope.formats.dicom.frames import FrameSpans, frame_spans
from negatoscope.formats.dicom.verdict import ByteSpan, PixelDataSpan
from negatoscope.platform.errors import CorruptObject

_COUNT: Final = Struct("<I")
_SPAN: Final = Struct("<QQ")
_ITEM: Final = b"\xfe\xff\x00\xe0"
_ITEM_HEADER_BYTES: Final = 8
_HEAD_BYTES: Final = 12
_WINDOW_BYTES: Final = 1 << 20

Read = Callable[[int, int], bytes]
"""Give so many bytes of the stored file from an offset."""


MOST_FRAGMENTS: Final = 262_144
"""No device cuts an object finer; a list of more is made to tire whoever reads it."""


class WindowedRead:
    """Serve many small reads from one larger read at a time: each read of the store opens a whole MiB."""

    def __init__(self, read: Read, size: int) -> None:
        self._read = read
        self._size = size
        self._start = 0
        self._window = b""

    def __call__(self, offset: int, length: int) -> bytes:
        """Return so many bytes from an offset."""
        end = offset + length
        if offset < self._start or end > self._start + len(self._window):
            if length > _WINDOW_BYTES or end > self._size:
                return self._read(offset, length)
            self._start = offset
            self._window = self._read(offset, min(_WINDOW_BYTES, self._size - offset))
        return self._window[offset - self._start : end - self._start]


def index_frames(span: PixelDataSpan, frames: int, read: Read, *, extended_offset_table: bytes = b"") -> bytes | None:
    """Return the index of a span of the stored file, or None when its frames cannot be told apart.

    Where the gate kept no fragments there are too many to walk while a sender waits: a reader of the frame walks them.
    """
    if not span.fragments:
        return None
    try:
        return pack(group_fragments(span, frames, read, extended_offset_table=extended_offset_table))
    except CorruptObject:
        return None


def group_fragments(
    span: PixelDataSpan, frames: int, read: Read, *, extended_offset_table: bytes = b""
) -> Sequence[FrameSpans]:
    """Return the fragments of each frame; raise CorruptObject when nothing tells them apart.

    `read` is called for a few bytes of each fragment: give a `WindowedRead`.
    """
    if not span.fragments:
        table, *fragments = scan_fragments(span.offset, span.length, read)
        span = replace(span, fragments=tuple(fragments), basic_offset_table=table)
    if len(span.fragments) == frames or frames == 1:
        return frame_spans(span, frames)
    offsets = _offset_table(span, frames, read)
    if offsets or extended_offset_table:
        with contextlib.suppress(CorruptObject):
            return frame_spans(span, frames, basic_offset_table=offsets, extended_offset_table=extended_offset_table)
    # Some writers give a table that does not fit; where each frame starts like an image, none is needed.
    heads = [read(fragment.offset, min(_HEAD_BYTES, fragment.length)) for fragment in span.fragments]
    return frame_spans(span, frames, heads=heads)


def _offset_table(span: PixelDataSpan, frames: int, read: Read) -> bytes:
    table = span.basic_offset_table
    return read(table.offset, table.length) if table is not None and table.length == _COUNT.size * frames else b""


def pack(frames: Sequence[Sequence[ByteSpan]]) -> bytes:
    """Return the index of these frames."""
    counts = b"".join(_COUNT.pack(len(fragments)) for fragments in frames)
    spans = b"".join(_SPAN.pack(span.offset, span.length) for fragments in frames for span in fragments)
    return _COUNT.pack(len(frames)) + counts + spans


def find_frame(index: bytes, frame: int) -> list[ByteSpan]:
    """Return the fragments of a frame, counted from 0."""
    (frames,) = _COUNT.unpack_from(index)
    if not 0 <= frame < frames:
        raise ValueError("no such frame")
    counts = array("I", index[4 : 4 + 4 * frames])
    first = sum(counts[:frame])
    start = 4 + 4 * frames + _SPAN.size * first
    return [ByteSpan(*_SPAN.unpack_from(index, start + _SPAN.size * number)) for number in range(counts[frame])]


def moved(span: PixelDataSpan, by: int) -> PixelDataSpan:
    """Return the span with every offset moved, from the received stream to the stored file."""
    table = span.basic_offset_table
    return replace(
        span,
        offset=span.offset + by,
        fragments=tuple(ByteSpan(fragment.offset + by, fragment.length) for fragment in span.fragments),
        basic_offset_table=ByteSpan(table.offset + by, table.length) if table is not None else None,
    )


def scan_fragments(offset: int, length: int, read: Read) -> list[ByteSpan]:
    """List the items of an element by walking it: the basic offset table, then each fragment."""
    spans: list[ByteSpan] = []
    place, end = offset, offset + length
    while place + _ITEM_HEADER_BYTES <= end:
        header = read(place, _ITEM_HEADER_BYTES)
        (size,) = _COUNT.unpack_from(header, 4)
        if header[:4] != _ITEM or place + _ITEM_HEADER_BYTES + size > end:
            break
        spans.append(ByteSpan(place + _ITEM_HEADER_BYTES, size))
        place += _ITEM_HEADER_BYTES + size
        if len(spans) > MOST_FRAGMENTS:
            break
    if not 0 < len(spans) <= MOST_FRAGMENTS:
        raise CorruptObject("The fragments of an object cannot be listed.", reason="frames_not_separable")
    return spans
