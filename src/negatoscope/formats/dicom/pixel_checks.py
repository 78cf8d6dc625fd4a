"""Whether the pixel data of a data set is as long and as encoded as its description says (PS3.3 C.7.6.3, PS3.5 8 and A.4)."""

from __future__ import annotations

from typing import Final

from negatoscope.formats.dicom.attributes import PixelDescription
from negatoscope.formats.dicom.data_set_parser import DataSetParser
from negatoscope.formats.dicom.elements import DOUBLE_FLOAT_PIXEL_DATA, FLOAT_PIXEL_DATA, PIXEL_DATA
from negatoscope.formats.dicom.transfer_syntaxes import ENCAPSULATED_UNCOMPRESSED, TransferSyntax
from negatoscope.formats.dicom.values import parse_integer
from negatoscope.formats.dicom.verdict import PixelDataSpan, Refusal

_NEEDED: Final = ("Rows", "Columns", "BitsAllocated", "SamplesPerPixel")
_TOLERATED_PADDING: Final = 4096  # some writers fill the last block of a file
_BITS_ALLOCATED: Final = {PIXEL_DATA: (1, 8, 16, 32, 64), FLOAT_PIXEL_DATA: (32,), DOUBLE_FLOAT_PIXEL_DATA: (64,)}


def check_pixels(parser: DataSetParser, syntax: TransferSyntax | None) -> tuple[Refusal | None, PixelDescription | None]:
    """Return why the pixels must be refused, and their description where there are any."""
    span = parser.pixel_data
    if span is None or syntax is None:
        # An object cut between two elements parses to its end: only the description betrays that its pixels are gone.
        return (Refusal.MISSING_PIXEL_DATA if "Rows" in parser.values else None), None
    is_little = syntax.little_endian
    numbers = {
        keyword: int.from_bytes(parser.values[keyword], "little" if is_little else "big")
        for keyword in (*_NEEDED, "BitsStored", "HighBit", "PixelRepresentation", "PlanarConfiguration")
        if keyword in parser.values
    }
    if any(keyword not in numbers for keyword in _NEEDED):
        return Refusal.MISSING_PIXEL_DESCRIPTION, None
    frames_text = parser.values.get("NumberOfFrames", b"").decode("latin-1").strip(" \0")
    frames = parse_integer(frames_text) if frames_text else 1
    described = PixelDescription(
        rows=numbers["Rows"],
        columns=numbers["Columns"],
        samples_per_pixel=numbers["SamplesPerPixel"],
        bits_allocated=numbers["BitsAllocated"],
        bits_stored=numbers.get("BitsStored", numbers["BitsAllocated"]),
        high_bit=numbers.get("HighBit", numbers.get("BitsStored", numbers["BitsAllocated"]) - 1),
        is_signed=numbers.get("PixelRepresentation", 0) == 1,
        planar_configuration=numbers.get("PlanarConfiguration", 0),
        photometric_interpretation=parser.values.get("PhotometricInterpretation", b"").decode("latin-1").strip(" \0"),
        frames=frames or 0,
    )
    if not _is_sensible(described, span.tag):
        return Refusal.BAD_PIXEL_DESCRIPTION, described
    return _check_length(described, span, syntax, parser.warnings), described


def _is_sensible(described: PixelDescription, tag: int) -> bool:
    return (
        described.rows > 0
        and described.columns > 0
        and described.frames > 0
        and described.samples_per_pixel in (1, 3, 4)
        and described.bits_allocated in _BITS_ALLOCATED[tag]
        and 0 < described.bits_stored <= described.bits_allocated
        and described.bits_stored - 1 <= described.high_bit < described.bits_allocated
        and described.planar_configuration in (0, 1)
    )


def _check_length(
    described: PixelDescription, span: PixelDataSpan, syntax: TransferSyntax, warnings: set[str]
) -> Refusal | None:
    if span.encapsulated != syntax.encapsulated:
        return Refusal.PIXEL_ENCODING_MISMATCH
    if span.encapsulated:
        if span.fragment_count < 1:
            return Refusal.FRAME_COUNT_MISMATCH
        is_video = syntax.codec == "video"
        is_one_each = syntax.uid == ENCAPSULATED_UNCOMPRESSED or syntax.codec == "rle"
        if is_one_each and span.fragment_count != described.frames:
            return Refusal.FRAME_COUNT_MISMATCH
        return Refusal.FRAME_COUNT_MISMATCH if not is_video and span.fragment_count < described.frames else None
    lengths = {_even(native_length(described))}
    if described.photometric_interpretation == "YBR_FULL_422":
        lengths.add(_even(native_length(described) // 3 * 2))
    if _even(span.length) in lengths:
        return None
    if 0 < span.length - max(lengths) <= _TOLERATED_PADDING:
        warnings.add("pixel_data_padded")
        return None
    return Refusal.PIXEL_SIZE_MISMATCH


def native_length(described: PixelDescription) -> int:
    """Return the number of bytes of all frames in native form, without padding."""
    bits = described.rows * described.columns * described.samples_per_pixel * described.frames * described.bits_allocated
    return (bits + 7) // 8


def _even(length: int) -> int:
    return length + (length & 1)
