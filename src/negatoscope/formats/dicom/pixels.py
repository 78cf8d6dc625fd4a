"""One frame: from its encoded bytes to an array and back, in every transfer syntax we know (PS3.5 8.2 and annex A).

Pure functions of bytes, run by others in a process that may be killed: the decoders are C libraries fed by strangers.
An array holds the cells as they are in native form: ``(rows, columns)`` or ``(rows, columns, samples)``, of the integer
type that Bits Allocated and Pixel Representation name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import imagecodecs
import numpy as np
from jpeg_ls import encode_pixel_data  # type: ignore[import-untyped]  # pyjpegls has no type marker
from numpy.typing import NDArray

from negatoscope.formats.dicom.attributes import PixelDescription
from negatoscope.formats.dicom.codestreams import (
    CodestreamFacts,
    has_whole_tile_parts,
    is_whole,
    jpeg_2000_codestream,
    read_jpeg_2000_facts,
    read_jpeg_facts,
)
from negatoscope.formats.dicom.ignored_errors import raising_ignored_errors
from negatoscope.formats.dicom.rle import decode_rle, encode_rle
from negatoscope.formats.dicom.transfer_syntaxes import (
    HTJ2K_LOSSLESS,
    HTJ2K_LOSSLESS_RPCL,
    JPEG_2000_LOSSLESS,
    JPEG_LOSSLESS_SV1,
    JPEG_LS_LOSSLESS,
    RLE_LOSSLESS,
    TransferSyntax,
    find_transfer_syntax,
)
from negatoscope.platform.errors import CorruptObject, InvalidInput

Frame = NDArray[np.generic]

LOSSLESS_TARGETS: Final = (
    JPEG_LS_LOSSLESS,
    JPEG_2000_LOSSLESS,
    HTJ2K_LOSSLESS,
    HTJ2K_LOSSLESS_RPCL,
    JPEG_LOSSLESS_SV1,
    RLE_LOSSLESS,
)


def cell_dtype(pixels: PixelDescription) -> np.dtype[np.generic]:
    """Return the NumPy type of one cell."""
    if pixels.bits_allocated == 1:
        return np.dtype(np.uint8)
    return np.dtype(f"{'i' if pixels.is_signed else 'u'}{pixels.bits_allocated // 8}")


def photometric_after_decoding(pixels: PixelDescription, transfer_syntax_uid: str) -> str:
    """Return what the decoded samples mean: decoders of the JPEG family turn luminance and chrominance into RGB."""
    syntax = _syntax(transfer_syntax_uid)
    is_converted = syntax.codec in ("jpeg", "jpeg_2000", "htj2k", "jpeg_xl")
    if is_converted and pixels.samples_per_pixel == 3 and pixels.photometric_interpretation.startswith("YBR"):
        return "RGB"
    return pixels.photometric_interpretation


def decode_frame(encoded: bytes, pixels: PixelDescription, transfer_syntax_uid: str) -> Frame:
    """Decode one frame. Raise CorruptObject when the bytes are no such frame, or another size than described."""
    syntax = _syntax(transfer_syntax_uid)
    if not syntax.encapsulated or syntax.codec is None:
        return _native_frame(encoded, pixels, little_endian=syntax.little_endian)
    if syntax.codec == "rle":
        return _rle_frame(encoded, pixels)
    decode = _DECODERS.get(syntax.codec)
    if decode is None:
        raise InvalidInput("Frames of this transfer syntax are not decoded.", reason="not_decodable")
    facts = _check_claims(encoded, pixels, syntax)
    try:
        decoded = np.asarray(decode(encoded))
    except (RuntimeError, ValueError, TypeError, MemoryError) as error:
        raise CorruptObject("A compressed frame cannot be decoded.", reason="undecodable_frame") from error
    return _as_cells(decoded, pixels, facts)


def _syntax(transfer_syntax_uid: str) -> TransferSyntax:
    syntax = find_transfer_syntax(transfer_syntax_uid)
    if syntax is None:
        raise InvalidInput("The transfer syntax is not known.", reason="unknown_transfer_syntax")
    return syntax


def _check_claims(encoded: bytes, pixels: PixelDescription, syntax: TransferSyntax) -> CodestreamFacts | None:
    if syntax.codec == "jpeg_xl":
        return None
    is_jpeg_2000 = syntax.codec in ("jpeg_2000", "htj2k")
    facts = read_jpeg_2000_facts(encoded) if is_jpeg_2000 else read_jpeg_facts(encoded)
    if facts is None or not is_whole(encoded) or (is_jpeg_2000 and not has_whole_tile_parts(encoded)):
        raise CorruptObject("A compressed frame cannot be decoded.", reason="undecodable_frame")
    claimed = (facts.rows, facts.columns, facts.components)
    if claimed != (pixels.rows, pixels.columns, pixels.samples_per_pixel) or facts.precision > pixels.bits_allocated:
        raise CorruptObject("A compressed frame has another size than described.", reason="frame_mismatch")
    return facts


def _shape(pixels: PixelDescription) -> tuple[int, ...]:
    if pixels.samples_per_pixel == 1:
        return pixels.rows, pixels.columns
    return pixels.rows, pixels.columns, pixels.samples_per_pixel


def _as_cells(decoded: Frame, pixels: PixelDescription, facts: CodestreamFacts | None) -> Frame:
    if decoded.shape != _shape(pixels) or decoded.dtype.kind not in "iu":
        raise CorruptObject("A compressed frame has another size than described.", reason="frame_mismatch")
    precision = facts.precision if facts is not None else pixels.bits_stored
    target = cell_dtype(pixels)
    if pixels.is_signed and not (facts is not None and facts.is_signed):
        # The codec saw bit patterns without sign: the sign bit is the highest of its precision.
        sign = 1 << (precision - 1)
        patterns = decoded.astype(np.int64) & ((1 << precision) - 1)
        return ((patterns ^ sign) - sign).astype(target)
    if not pixels.is_signed and decoded.dtype.kind == "i":
        return (decoded.astype(np.int64) & ((1 << precision) - 1)).astype(target)
    return np.ascontiguousarray(decoded.astype(target, copy=False))


def _native_frame(encoded: bytes, pixels: PixelDescription, *, little_endian: bool) -> Frame:
    shape = _shape(pixels)
    count = int(np.prod(shape))
    if pixels.bits_allocated == 1:
        bits = np.unpackbits(np.frombuffer(encoded, np.uint8), bitorder="little")
        return _sized(bits, count).reshape(shape)
    if pixels.photometric_interpretation == "YBR_FULL_422" and len(encoded) < count:
        raise InvalidInput("Subsampled native colour is not decoded.", reason="not_decodable")
    dtype = cell_dtype(pixels)
    usable = len(encoded) - len(encoded) % dtype.itemsize
    cells = np.frombuffer(encoded[:usable], dtype.newbyteorder("<" if little_endian else ">"))
    cells = _sized(cells, count).astype(dtype)
    if pixels.samples_per_pixel > 1 and pixels.planar_configuration == 1:
        planes = cells.reshape(pixels.samples_per_pixel, pixels.rows, pixels.columns)
        return np.ascontiguousarray(np.moveaxis(planes, 0, 2))
    return cells.reshape(shape)


def _sized(cells: Frame, count: int) -> Frame:
    if cells.size < count:
        raise CorruptObject("A frame has fewer pixels than described.", reason="frame_mismatch")
    return cells[:count]


def _rle_frame(encoded: bytes, pixels: PixelDescription) -> Frame:
    dtype = cell_dtype(pixels)
    planes = decode_rle(encoded, pixels.rows, pixels.columns, pixels.samples_per_pixel, dtype.itemsize)
    return planes.view(dtype.newbyteorder("<")).astype(dtype).reshape(_shape(pixels))


def _decode_htj2k(encoded: bytes) -> Frame:
    with raising_ignored_errors():
        return np.asarray(imagecodecs.htj2k_decode(jpeg_2000_codestream(encoded), planar=False))


_DECODERS: Final[dict[str, Callable[[bytes], Frame]]] = {
    "jpeg": imagecodecs.jpeg8_decode,
    # libjpeg-turbo, not the codec's jpegsof3_decode: that one reads on behind the end of a cut frame.
    "jpeg_lossless": imagecodecs.jpeg8_decode,
    "jpeg_ls": imagecodecs.jpegls_decode,
    "jpeg_2000": imagecodecs.jpeg2k_decode,
    "htj2k": _decode_htj2k,
    "jpeg_xl": imagecodecs.jpegxl_decode,
}


def encode_frame(frame: Frame, pixels: PixelDescription, transfer_syntax_uid: str) -> bytes:
    """Encode one frame without loss; decoding it gives back every cell, overlay bits and all."""
    syntax = _syntax(transfer_syntax_uid)
    if frame.shape != _shape(pixels) or frame.dtype != cell_dtype(pixels):
        raise ValueError("the frame is not what its description says")
    if not syntax.encapsulated:
        return _native_bytes(frame, pixels, little_endian=syntax.little_endian)
    if transfer_syntax_uid == RLE_LOSSLESS:
        return encode_rle(frame)
    if transfer_syntax_uid not in LOSSLESS_TARGETS or pixels.bits_allocated not in (8, 16):
        raise InvalidInput("Frames are not encoded in this transfer syntax.", reason="not_encodable")
    precision = pixels.bits_stored if _fits(frame, pixels) else pixels.bits_allocated
    if transfer_syntax_uid == JPEG_2000_LOSSLESS:
        return bytes(
            imagecodecs.jpeg2k_encode(frame, codecformat="J2K", bitspersample=precision, reversible=True, level=0, mct=False)
        )
    if transfer_syntax_uid in (HTJ2K_LOSSLESS, HTJ2K_LOSSLESS_RPCL):
        return bytes(imagecodecs.htj2k_encode(frame, reversible=True, rgb=False, tlm=True))
    if transfer_syntax_uid == JPEG_LOSSLESS_SV1:
        patterns = _patterns(frame, precision)
        return bytes(imagecodecs.jpeg8_encode(patterns, lossless=True, predictor=1, bitspersample=precision))
    return _encode_jpeg_ls(frame, pixels, precision)


def _patterns(frame: Frame, precision: int) -> Frame:
    """Return the lowest bits of each cell as unsigned numbers, for codecs that know no sign."""
    unsigned = np.dtype(f"u{frame.dtype.itemsize}")
    patterns: Frame = np.bitwise_and(frame.view(unsigned), unsigned.type((1 << precision) - 1), dtype=unsigned)
    return patterns


def _fits(frame: Frame, pixels: PixelDescription) -> bool:
    """Tell whether all cells are plain values of Bits Stored bits, so that the codec may use that precision."""
    if pixels.bits_stored == pixels.bits_allocated:
        return True
    lowest = -(1 << (pixels.bits_stored - 1)) if pixels.is_signed else 0
    highest = lowest + (1 << pixels.bits_stored) - 1
    return bool(frame.min() >= lowest and frame.max() <= highest)


def _native_bytes(frame: Frame, pixels: PixelDescription, *, little_endian: bool) -> bytes:
    if pixels.bits_allocated == 1:
        return np.packbits(frame.reshape(-1) != 0, bitorder="little").tobytes()
    ordered = np.moveaxis(frame, 2, 0) if frame.ndim == 3 and pixels.planar_configuration == 1 else frame
    encoded: bytes = ordered.astype(frame.dtype.newbyteorder("<" if little_endian else ">")).tobytes()
    return encoded


def _encode_jpeg_ls(frame: Frame, pixels: PixelDescription, precision: int) -> bytes:
    try:
        return bytes(
            encode_pixel_data(
                _patterns(frame, precision).tobytes(),
                rows=pixels.rows,
                columns=pixels.columns,
                samples_per_pixel=pixels.samples_per_pixel,
                bits_allocated=pixels.bits_allocated,
                bits_stored=precision,
                planar_configuration=0,
            )
        )
    except RuntimeError:
        # Its buffer is as large as the input, which some pixels or pure noise outgrow; this one keeps whole cells.
        return bytes(imagecodecs.jpegls_encode(_patterns(frame, pixels.bits_allocated)))


def transcode_frame(encoded: bytes, pixels: PixelDescription, source_uid: str, target_uid: str) -> bytes:
    """Decode one frame and encode it in another lossless or native syntax."""
    return encode_frame(decode_frame(encoded, pixels, source_uid), pixels, target_uid)
