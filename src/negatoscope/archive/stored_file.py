"""Parts of a stored object: its header, its frames, any range, whichever way its data set is encoded."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import Final

from negatoscope.archive.frame_index import WindowedRead, find_frame, group_fragments
from negatoscope.archive.model import Instance
from negatoscope.formats.dicom.frames import native_frame_span
from negatoscope.formats.dicom.transfer_syntaxes import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    find_transfer_syntax,
)
from negatoscope.formats.dicom.verdict import ByteSpan, PixelDataSpan
from negatoscope.platform.blobs.port import BlobReader, BlobStore
from negatoscope.platform.errors import CorruptObject, NotFound

_INFLATED_PIECE: Final = 1 << 20


def is_deflated(instance: Instance) -> bool:
    """Tell whether offsets into the data set count in its inflated form, not in the file."""
    return instance.transfer_syntax_uid == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN


def is_encapsulated(instance: Instance) -> bool:
    """Tell whether the pixels are compressed."""
    syntax = find_transfer_syntax(instance.transfer_syntax_uid)
    return syntax is not None and syntax.encapsulated


def read_header(blobs: BlobStore, instance: Instance) -> bytes:
    """Return the encoded elements before the pixel data."""
    with blobs.open(instance.blob) as reader:
        return b"".join(pieces(reader, instance, ByteSpan(instance.data_set_offset, _header_length(instance))))


def _header_length(instance: Instance) -> int:
    return instance.header_end - instance.data_set_offset


def pieces(reader: BlobReader, instance: Instance, span: ByteSpan) -> Iterator[bytes]:
    """Yield a span of the file; of a deflated data set, a span of its inflated form."""
    if not is_deflated(instance):
        yield from reader.chunks(span.offset, span.length)
        return
    skipped, wanted = span.offset - instance.data_set_offset, span.length
    for piece in _inflated(reader, instance.data_set_offset):
        useful = piece[skipped : skipped + wanted]
        skipped -= min(skipped, len(piece))
        wanted -= len(useful)
        if useful:
            yield useful
        if wanted == 0:
            return
    if wanted:
        raise CorruptObject("A deflated object is shorter than it was.", reason="truncated_object")


def _inflated(reader: BlobReader, offset: int) -> Iterator[bytes]:
    """Inflate in bounded pieces what the gate has inflated before, within its limits."""
    inflater = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    try:
        for chunk in reader.chunks(offset, reader.size - offset):
            data = chunk
            while data:
                yield inflater.decompress(data, _INFLATED_PIECE)
                data = inflater.unconsumed_tail
        while piece := inflater.decompress(b"", _INFLATED_PIECE):
            yield piece
    except zlib.error as error:
        raise CorruptObject("A deflated object cannot be inflated.", reason="bad_deflate") from error


def known_frame_spans(instance: Instance, frame: int) -> list[ByteSpan] | None:
    """Return where frame number `frame` (from 1) lies; None when only a walk through the fragments tells.

    There are several spans when it was sent in several fragments.
    """
    if instance.pixels is None or instance.pixel_offset is None:
        raise NotFound("The object has no frames.", reason="no_such_frame")
    if not is_encapsulated(instance):
        return [native_frame_span(instance.pixels, instance.pixel_offset, frame)]
    if not 1 <= frame <= instance.frames:
        raise NotFound("There is no such frame.", reason="no_such_frame")
    return find_frame(instance.frame_index, frame - 1) if instance.frame_index is not None else None


def _searched_frame_spans(reader: BlobReader, instance: Instance, frame: int) -> Sequence[ByteSpan]:
    span = PixelDataSpan(
        tag=instance.pixel_tag or 0,
        offset=instance.pixel_offset or 0,
        length=instance.pixel_length or 0,
        encapsulated=True,
    )
    return group_fragments(span, instance.frames, WindowedRead(reader.read, reader.size))[frame - 1]


def frame_pieces(reader: BlobReader, instance: Instance, frame: int) -> Iterator[bytes]:
    """Yield the stored bytes of a frame."""
    spans = known_frame_spans(instance, frame)
    for span in _searched_frame_spans(reader, instance, frame) if spans is None else spans:
        yield from pieces(reader, instance, span)


def read_frame(blobs: BlobStore, instance: Instance, frame: int) -> bytes:
    """Return the stored bytes of a frame."""
    with blobs.open(instance.blob) as reader:
        found = list(frame_pieces(reader, instance, frame))
    return found[0] if len(found) == 1 else b"".join(found)
