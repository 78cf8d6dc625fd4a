"""Where each compressed frame lies, worked out once at reception and kept in the row of the instance. Pure.

Form: number of frames, then for each frame its number of fragments (unsigned 32 bits, little endian), then for each
fragment its offset and length (unsigned 64 bits, little endian). Offsets count in the stored file.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from itertools import pairwise
from struct import Struct
from typing import Final

from negatoscope.formats.dicom.verdict import ByteSpan, PixelDataSpan

_COUNT: Final = Struct("<I")
_SPAN: Final = Struct("<QQ")
_ITEM_HEADER_BYTES: Final = 8
# Start of image (JPEG, JPEG-LS), start of codestream (JPEG 2000, HTJ2K), JPEG XL codestream and container.
_FRAME_STARTS: Final = (b"\xff\xd8", b"\xff\x4f", b"\xff\x0a", b"\0\0\0\x0cJXL ")

Read = Callable[[int, int], bytes]


def index_frames(span: PixelDataSpan, frames: int, read: Read) -> bytes | None:
    """Return the index, or None when the fragments cannot be told apart; `read` gives bytes of the stored file.

    `span` counts in the stored file too. The basic offset table decides where there is one (PS3.5 A.4); without it a
    frame starts where a fragment starts like an image.
    """
    fragments = span.fragments
    if not fragments:
        return None
    if len(fragments) == frames:
        return pack([[fragment] for fragment in fragments])
    if frames == 1:
        return pack([list(fragments)])
    starts = _starts_by_table(span, frames, read) or _starts_by_content(fragments, read)
    if len(starts) != frames:
        return None
    return pack([list(fragments[start:end]) for start, end in pairwise([*starts, len(fragments)])])


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
    return PixelDataSpan(
        tag=span.tag,
        offset=span.offset + by,
        length=span.length,
        encapsulated=span.encapsulated,
        fragment_count=span.fragment_count,
        fragments=tuple(ByteSpan(fragment.offset + by, fragment.length) for fragment in span.fragments),
        basic_offset_table=ByteSpan(table.offset + by, table.length) if table is not None else None,
    )


def _starts_by_table(span: PixelDataSpan, frames: int, read: Read) -> list[int]:
    table = span.basic_offset_table
    if table is None or table.length != 4 * frames:
        return []
    offsets = [_COUNT.unpack_from(entry)[0] for entry in _entries(read(table.offset, table.length))]
    first = span.fragments[0].offset
    numbers = {fragment.offset - first: number for number, fragment in enumerate(span.fragments)}
    starts = [numbers.get(offset, -1) for offset in offsets]
    is_sound = starts[0] == 0 and all(before < after for before, after in pairwise(starts))
    return starts if is_sound else []


def _entries(table: bytes) -> list[bytes]:
    return [table[place : place + 4] for place in range(0, len(table), 4)]


def _starts_by_content(fragments: Sequence[ByteSpan], read: Read) -> list[int]:
    return [
        number
        for number, fragment in enumerate(fragments)
        if read(fragment.offset, min(8, fragment.length)).startswith(_FRAME_STARTS)
    ]


def scan_fragments(offset: int, length: int, read: Read) -> list[ByteSpan]:
    """List the fragments of an element whose index was too long to keep, by walking its items."""
    spans: list[ByteSpan] = []
    place, end = offset, offset + length
    while place + _ITEM_HEADER_BYTES <= end:
        header = read(place, _ITEM_HEADER_BYTES)
        (size,) = _COUNT.unpack_from(header, 4)
        if header[:4] != b"\xfe\xff\x00\xe0" or place + _ITEM_HEADER_BYTES + size > end:
            break
        spans.append(ByteSpan(place + _ITEM_HEADER_BYTES, size))
        place += _ITEM_HEADER_BYTES + size
    return spans[1:]
