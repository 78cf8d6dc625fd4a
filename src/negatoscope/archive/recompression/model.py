"""Which codec a modality is kept in, what may be recompressed, and what rebuilds the form as received. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from negatoscope.archive.model import Instance
from negatoscope.formats.dicom.transfer_syntaxes import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    HTJ2K_LOSSLESS_RPCL,
    IMPLICIT_VR_LITTLE_ENDIAN,
    JPEG_LS_LOSSLESS,
)

_SOURCES: Final = frozenset({EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN})
# Luminance and chrominance stay as received: decoders of JPEG 2000 turn them into RGB, which are other samples.
_PHOTOMETRIC: Final = frozenset({"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR", "RGB"})
_PIXEL_DATA: Final = 0x7FE00010
LONGEST_REST: Final = 1 << 20
LONGEST_HEADER: Final = 4 << 20
LARGEST_FILE: Final = 256 << 20
"""Who asks for the form as received gets it once it is whole and has its hash, so it must have its place in memory."""


class Codec(StrEnum):
    """How objects are kept once their study is complete."""

    HTJ2K = "htj2k"
    JPEG_LS = "jpeg_ls"

    @property
    def transfer_syntax_uid(self) -> str:
        """Return the transfer syntax that objects get."""
        return _SYNTAXES[self]


_SYNTAXES: Final = MappingProxyType({Codec.HTJ2K: HTJ2K_LOSSLESS_RPCL, Codec.JPEG_LS: JPEG_LS_LOSSLESS})


class Result(StrEnum):
    """What became of one object. All but RECOMPRESSED leave it as it was."""

    RECOMPRESSED = "recompressed"
    NOT_ELIGIBLE = "not_eligible"
    NOT_SMALLER = "not_smaller"
    NOT_IDENTICAL = "not_identical"
    CHANGED_MEANWHILE = "changed_meanwhile"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The objects of a modality are kept in this codec."""

    modality: str
    codec: Codec
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginalForm:
    """The object as it was received, without its pixels. `header` is None where that of the kept form is the same."""

    transfer_syntax_uid: str
    sha256: str
    size: int
    blob_key: str
    head: bytes
    header: bytes | None
    pixel_header: bytes
    rest: bytes


def is_eligible(instance: Instance) -> bool:
    """Tell whether the object has native pixels that both codecs keep to the last bit.

    Compressed objects stay as received, whether without loss or not; so do deflated and big-endian ones, single bits,
    32 bits, floating point, planes one after the other, luminance with chrominance, and files larger than `LARGEST_FILE`.
    """
    pixels = instance.pixels
    if pixels is None or instance.pixel_tag != _PIXEL_DATA or instance.transfer_syntax_uid not in _SOURCES:
        return False
    is_plain = pixels.samples_per_pixel == 1 or (pixels.samples_per_pixel == 3 and pixels.planar_configuration == 0)
    return (
        is_plain
        and pixels.bits_allocated in (8, 16)
        and pixels.photometric_interpretation in _PHOTOMETRIC
        and instance.blob.size <= LARGEST_FILE
        and instance.header_end - instance.data_set_offset <= LONGEST_HEADER
    )
