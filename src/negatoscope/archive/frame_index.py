"""Where each compressed frame lies, worked out once at reception and kept in the row of the instance. Pure.

Form: number of frames, then for each frame its number of fragments (unsigned 32 bits, little endian), then for each
fragment its offset and length (unsigned 64 bits, little endian). Offsets count in the stored file.
"""

from __future__ import annotations

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

Read = Callable[[int, int], bytes]
"""Give so many bytes of the stored file from an offset."""


def index_frames(span: PixelDataSpan, frames: int, read: Read, *, extended_offset_table: bytes = b"") -> bytes | None:
    """Return the index of a span of the stored file, or None when its frames cannot be told apart."""
    try:
        return pack(group_fragments(span, frames, read, extended_offset_table=extended_offset_table))
    except CorruptObject:
        return None


def group_fragments(
    span: PixelDataSpan, frames: int, read: Read, *, extended_offset_table: bytes = b""
) -> Sequence[FrameSpans]:
    """Return the fragments of each frame; raise CorruptObject when nothing tells them apart."""
    if not span.fragments:
        span = replace(span, fragments=tuple(scan_fragments(span.offset, span.length, read)))
    if len(span.fragments) == frames or frames == 1:
        return frame_spans(span, frames)
    heads = [read(fragment.offset, min(_HEAD_BYTES, fragment.length)) for fragment in span.fragments]
    table = span.basic_offset_table
    offsets = read(table.offset, table.length) if table is not None else b""
    try:
        return frame_spans(span, frames, basic_offset_table=offsets, extended_offset_table=extended_offset_table, heads=heads)
    except CorruptObject:
        # Some writers give a table that does not fit; where each frame starts like an image, none is needed.
        return frame_spans(span, frames, heads=heads)


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
    """List the fragments of an element that has more of them than the gate keeps, by walking its items."""
    spans: list[ByteSpan] = []
    place, end = offset, offset + length
    while place + _ITEM_HEADER_BYTES <= end:
        header = read(place, _ITEM_HEADER_BYTES)
        (size,) = _COUNT.unpack_from(header, 4)
        if header[:4] != _ITEM or place + _ITEM_HEADER_BYTES + size > end:
            break
        spans.append(ByteSpan(place + _ITEM_HEADER_BYTES, size))
        place += _ITEM_HEADER_BYTES + size
    return spans[1:]
