"""Where each frame lies in pixel data, native or in fragments (PS3.5 8.1 and A.4), and frames put into fragments."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import pairwise
from struct import unpack_from
from typing import Final

from negatoscope.formats.dicom.attributes import PixelDescription
from negatoscope.formats.dicom.verdict import ByteSpan, PixelDataSpan
from negatoscope.platform.errors import CorruptObject, NotFound

_ITEM: Final = b"\xfe\xff\x00\xe0"
_HEADER_LENGTH: Final = 8
_STARTS: Final = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP")  # JPEG and JPEG-LS, JPEG 2000, its boxes

FrameSpans = tuple[ByteSpan, ...]


def native_frame_span(pixels: PixelDescription, pixel_data_offset: int, frame: int) -> ByteSpan:
    """Locate frame number ``frame`` (from 1) of native pixel data; frames of single bits must end on whole bytes."""
    if not 1 <= frame <= pixels.frames:
        raise NotFound("There is no such frame.", reason="no_such_frame")
    bits = pixels.rows * pixels.columns * pixels.samples_per_pixel * pixels.bits_allocated
    if bits % 8 and pixels.frames > 1:
        raise CorruptObject("Frames of single bits that share a byte are not separated.", reason="unaligned_frames")
    length = (bits + 7) // 8
    return ByteSpan(pixel_data_offset + (frame - 1) * length, length)


def frame_spans(
    span: PixelDataSpan,
    frames: int,
    *,
    basic_offset_table: bytes = b"",
    extended_offset_table: bytes = b"",
    heads: Sequence[bytes] = (),
) -> list[FrameSpans]:
    """Group the fragments of encapsulated pixel data by frame.

    Frames without a table and with more fragments than frames are told apart by the first bytes of each fragment,
    given in ``heads``. Raise CorruptObject (reason ``frames_not_separable``) when nothing tells.
    """
    fragments = span.fragments
    if len(fragments) == frames:
        return [(fragment,) for fragment in fragments]
    if frames == 1 and fragments:
        return [fragments]
    starts = _table(extended_offset_table, "Q") or _table(basic_offset_table, "L")
    if len(starts) == frames and fragments:
        return _group_by_offsets(fragments, starts)
    begins = [index for index, head in enumerate(heads) if head.startswith(_STARTS)]
    if len(begins) == frames and len(heads) == len(fragments) and begins[0] == 0:
        return [fragments[begin:end] for begin, end in zip(begins, [*begins[1:], len(fragments)], strict=True)]
    raise CorruptObject("The frames of an object cannot be told apart.", reason="frames_not_separable")


def _table(encoded: bytes, code: str) -> list[int]:
    size = 8 if code == "Q" else 4
    return list(unpack_from(f"<{len(encoded) // size}{code}", encoded))


def _group_by_offsets(fragments: Sequence[ByteSpan], starts: Sequence[int]) -> list[FrameSpans]:
    # Offsets count from the item header of the first fragment (PS3.5 A.4).
    origin = fragments[0].offset - _HEADER_LENGTH
    index_of = {fragment.offset - _HEADER_LENGTH - origin: index for index, fragment in enumerate(fragments)}
    begins = [index_of.get(start, -1) for start in starts]
    if begins[0] != 0 or any(later <= earlier for earlier, later in pairwise(begins)):
        raise CorruptObject("The offset table of an object does not fit its fragments.", reason="frames_not_separable")
    return [tuple(fragments[begin:end]) for begin, end in zip(begins, [*begins[1:], len(fragments)], strict=True)]


def read_fragments(value: bytes) -> tuple[bytes, list[ByteSpan]]:
    """Return the basic offset table and the fragments of an encapsulated value; spans count from its first byte."""
    spans: list[ByteSpan] = []
    at = 0
    try:
        while at < len(value) and value[at : at + 4] == _ITEM:
            (length,) = unpack_from("<L", value, at + 4)
            spans.append(ByteSpan(at + _HEADER_LENGTH, length))
            at += _HEADER_LENGTH + length
    except struct.error as error:
        raise CorruptObject("Encapsulated pixel data cannot be read.", reason="fragments_unreadable") from error
    if not spans or at > len(value):
        raise CorruptObject("Encapsulated pixel data cannot be read.", reason="fragments_unreadable")
    table = spans[0]
    return value[table.offset : table.offset + table.length], spans[1:]


def split_frames(value: bytes, frames: int, *, extended_offset_table: bytes = b"") -> list[bytes]:
    """Return the encoded bytes of each frame of an encapsulated value."""
    table, fragments = read_fragments(value)
    span = PixelDataSpan(
        tag=0x7FE00010,
        offset=0,
        length=len(value),
        encapsulated=True,
        fragment_count=len(fragments),
        fragments=tuple(fragments),
    )
    heads = [value[fragment.offset : fragment.offset + 12] for fragment in fragments]
    grouped = frame_spans(span, frames, basic_offset_table=table, extended_offset_table=extended_offset_table, heads=heads)
    return [b"".join(value[part.offset : part.offset + part.length] for part in parts) for parts in grouped]


def encapsulate(frames: Sequence[bytes]) -> bytes:
    """Put each frame into one fragment behind a basic offset table; without the sequence delimiter, as pydicom keeps it."""
    padded = [frame + b"\0" * (len(frame) & 1) for frame in frames]
    offsets, at = [], 0
    for frame in padded:
        offsets.append(at)
        at += _HEADER_LENGTH + len(frame)
    fits = at < 1 << 32  # beyond that only an extended table could tell; an empty one is always allowed
    table = b"".join(offset.to_bytes(4, "little") for offset in offsets) if fits else b""
    items = [table, *padded]
    return b"".join(_ITEM + len(item).to_bytes(4, "little") + item for item in items)
