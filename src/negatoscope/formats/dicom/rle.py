"""RLE lossless frames (PS3.5 annex G): byte planes of each sample, most significant first, each row packed by itself."""

from __future__ import annotations

from struct import Struct
from typing import Final

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from negatoscope.platform.errors import CorruptObject

_HEADER: Final = Struct("<16L")
_MAXIMUM_SEGMENTS: Final = 15


def encode_rle(frame: NDArray[np.generic]) -> bytes:
    """Encode ``(rows, columns)`` or ``(rows, columns, samples)`` of any integer type."""
    rows, columns = frame.shape[:2]
    size = frame.dtype.itemsize
    as_bytes = np.ascontiguousarray(frame, dtype=frame.dtype.newbyteorder(">")).view(np.uint8)
    planes = as_bytes.reshape(rows, columns, -1)
    if planes.shape[2] > _MAXIMUM_SEGMENTS:
        raise ValueError(f"{planes.shape[2]} byte planes of {size} bytes a sample do not fit an RLE header")
    segments = []
    for index in range(planes.shape[2]):
        plane = np.ascontiguousarray(planes[:, :, index])
        packed = b"".join(imagecodecs.packbits_encode(row.tobytes()) for row in plane)
        segments.append(packed + b"\0" * (len(packed) & 1))
    offsets, at = [], _HEADER.size
    for segment in segments:
        offsets.append(at)
        at += len(segment)
    return _HEADER.pack(len(segments), *offsets, *[0] * (_MAXIMUM_SEGMENTS - len(offsets))) + b"".join(segments)


def decode_rle(encoded: bytes, rows: int, columns: int, samples: int, size: int) -> NDArray[np.uint8]:
    """Decode to ``(rows, columns, samples, size)`` bytes, least significant first."""
    if len(encoded) < _HEADER.size:
        raise CorruptObject("A compressed frame cannot be decoded.", reason="undecodable_frame")
    count, *offsets = _HEADER.unpack_from(encoded)
    if count != samples * size:
        raise CorruptObject("A compressed frame has another number of samples than described.", reason="frame_mismatch")
    ends = [*offsets[1:count], len(encoded)]
    planes = np.empty((rows, columns, samples, size), np.uint8)
    for index, (start, end) in enumerate(zip(offsets[:count], ends, strict=True)):
        if not _HEADER.size <= start <= end <= len(encoded):
            raise CorruptObject("A compressed frame cannot be decoded.", reason="undecodable_frame")
        plane = np.frombuffer(unpack_bits(encoded[start:end], rows * columns), np.uint8)
        planes[:, :, index // size, size - 1 - index % size] = plane.reshape(rows, columns)
    return planes


def unpack_bits(packed: bytes, length: int) -> bytes:
    """Unpack one segment to exactly this length; what follows is padding."""
    try:
        unpacked = bytes(imagecodecs.packbits_decode(packed))
    except (RuntimeError, ValueError) as error:
        raise CorruptObject("A compressed frame cannot be decoded.", reason="undecodable_frame") from error
    if len(unpacked) < length:
        raise CorruptObject("A compressed frame has fewer pixels than described.", reason="frame_mismatch")
    return unpacked[:length]
