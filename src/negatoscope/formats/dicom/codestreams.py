"""What a compressed frame says of itself before anything decodes it: size, precision, components.

A decoder allocates what the codestream claims. Reading the claim first, and refusing another size than the data set
describes, keeps a frame of some bytes from asking for gigabytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_STANDALONE: Final = {0x01, *range(0xD0, 0xD9)}  # TEM, RSTn, SOI: markers without a length
_FRAME_HEADERS: Final = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF, 0xF7}
_START_OF_SCAN: Final = 0xDA
_END: Final = b"\xff\xd9"
_START_OF_TILE_PART: Final = b"\xff\x90\x00\x0a"
_TOLERATED_TAIL: Final = 16
_BOX_SIGNATURE: Final = b"\0\0\0\x0cjP  \r\n\x87\n"
_CODESTREAM_BOX: Final = b"jp2c"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodestreamFacts:
    """Hold what the header of a codestream claims."""

    rows: int
    columns: int
    components: int
    precision: int
    is_signed: bool


def is_whole(encoded: bytes) -> bool:
    """Tell whether the end marker (EOI, EOC) stands where it must, padding and a few stray bytes apart.

    Decoders of the JPEG family fill what is missing of a cut frame with grey and say nothing.
    """
    return _END in encoded.rstrip(b"\0")[-_TOLERATED_TAIL:]


def has_whole_tile_parts(encoded: bytes) -> bool:
    """Tell whether each tile-part of JPEG 2000 or HTJ2K lies whole in the codestream (ISO 15444-1 A.4.2)."""
    stream = jpeg_2000_codestream(encoded)
    at = stream.find(_START_OF_TILE_PART)
    while at >= 0 and stream.startswith(_START_OF_TILE_PART, at):
        length = int.from_bytes(stream[at + 6 : at + 10], "big")
        if length == 0:  # the last one may run to the end marker
            return True
        if length < 14 or at + length > len(stream):
            return False
        at += length
    return at >= 0 and stream.startswith(_END, at)


def read_jpeg_facts(encoded: bytes) -> CodestreamFacts | None:
    """Read the frame header (SOF) of JPEG or JPEG-LS (ISO 10918-1 B.2.2, ISO 14495-1 C.2.2); None when there is none."""
    at = 2
    if not encoded.startswith(b"\xff\xd8"):
        return None
    while at + 4 <= len(encoded):
        if encoded[at] != 0xFF:
            return None
        marker = encoded[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in _STANDALONE:
            at += 2
            continue
        if marker == _START_OF_SCAN:
            return None
        length = int.from_bytes(encoded[at + 2 : at + 4], "big")
        if marker in _FRAME_HEADERS and at + 10 <= len(encoded):
            return CodestreamFacts(
                precision=encoded[at + 4],
                rows=int.from_bytes(encoded[at + 5 : at + 7], "big"),
                columns=int.from_bytes(encoded[at + 7 : at + 9], "big"),
                components=encoded[at + 9],
                is_signed=False,
            )
        at += 2 + length
    return None


def jpeg_2000_codestream(encoded: bytes) -> bytes:
    """Return the codestream alone where a writer kept the file format's boxes around it, against PS3.5 A.4.4."""
    if not encoded.startswith(_BOX_SIGNATURE):
        return encoded
    at = encoded.find(_CODESTREAM_BOX)
    return encoded[at + 4 :] if at >= 0 else encoded


def read_jpeg_2000_facts(encoded: bytes) -> CodestreamFacts | None:
    """Read the SIZ marker of JPEG 2000 or HTJ2K (ISO 15444-1 A.5.1); None when there is none."""
    stream = jpeg_2000_codestream(encoded)
    if not stream.startswith(b"\xff\x4f\xff\x51") or len(stream) < 43:
        return None

    def number(at: int) -> int:
        return int.from_bytes(stream[at : at + 4], "big")

    return CodestreamFacts(
        rows=number(12) - number(20),
        columns=number(8) - number(16),
        components=int.from_bytes(stream[40:42], "big"),
        precision=(stream[42] & 0x7F) + 1,
        is_signed=bool(stream[42] & 0x80),
    )
