"""Choose what to answer: which media type, in which transfer syntax (PS3.18 8.7.3). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from negatoscope.doors.dicomweb.accept import MediaRange
from negatoscope.formats.dicom.pixels import LOSSLESS_TARGETS
from negatoscope.formats.dicom.transfer_syntaxes import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    HTJ2K,
    HTJ2K_LOSSLESS,
    HTJ2K_LOSSLESS_RPCL,
    IMPLICIT_VR_LITTLE_ENDIAN,
    JPEG_2000,
    JPEG_2000_LOSSLESS,
    JPEG_BASELINE,
    JPEG_EXTENDED,
    JPEG_LOSSLESS,
    JPEG_LOSSLESS_SV1,
    JPEG_LS_LOSSLESS,
    JPEG_LS_NEAR_LOSSLESS,
    JPEG_XL,
    JPEG_XL_JPEG_RECOMPRESSION,
    JPEG_XL_LOSSLESS,
    RLE_LOSSLESS,
    find_transfer_syntax,
)

OCTETS: Final = "application/octet-stream"
DICOM: Final = "application/dicom"
STORED: Final = "*"

# The compressed media types, each with the syntaxes it may carry; the first is its default (PS3.18 table 8.7.3-2).
MEDIA_TYPES: Final[dict[str, tuple[str, ...]]] = {
    "image/jpeg": (JPEG_LOSSLESS_SV1, JPEG_LOSSLESS, JPEG_BASELINE, JPEG_EXTENDED),
    "image/jls": (JPEG_LS_LOSSLESS, JPEG_LS_NEAR_LOSSLESS),
    "image/jp2": (JPEG_2000_LOSSLESS, JPEG_2000),
    "image/jphc": (HTJ2K_LOSSLESS, HTJ2K_LOSSLESS_RPCL, HTJ2K),
    "image/jxl": (JPEG_XL_LOSSLESS, JPEG_XL_JPEG_RECOMPRESSION, JPEG_XL),
    "image/dicom-rle": (RLE_LOSSLESS,),
}
_LITTLE_ENDIAN_CELLS: Final = frozenset({
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Choice:
    """What is sent: the media type of each part, its transfer syntax, and whether the stored bytes will do."""

    media_type: str
    transfer_syntax_uid: str
    is_stored: bool
    multipart: bool

    @property
    def content_type(self) -> str:
        """Return the Content-Type of a part."""
        return f"{self.media_type}; transfer-syntax={self.transfer_syntax_uid}"


def choose_object(ranges: Sequence[MediaRange], stored_uid: str, *, single: bool) -> Choice | None:
    """Choose for whole objects; `single` allows an answer without multipart. None when nothing is acceptable."""
    for wanted in ranges:
        if not wanted.covers(DICOM) or (not wanted.multipart and not single and wanted.media_type == DICOM):
            continue
        multipart = wanted.multipart or wanted.media_type != DICOM
        target = _object_syntax(wanted.transfer_syntax, stored_uid)
        if target is not None:
            return Choice(DICOM, target, target == stored_uid, multipart)
    return None


def _object_syntax(asked: str | None, stored_uid: str) -> str | None:
    if asked in {STORED, stored_uid}:
        return stored_uid
    target = asked or EXPLICIT_VR_LITTLE_ENDIAN
    if target == stored_uid:
        return stored_uid
    return target if _can_decode(stored_uid) and _can_write(target) else None


def choose_frames(ranges: Sequence[MediaRange], stored_uid: str, *, single: bool) -> Choice | None:
    """Choose for frames; `single` allows an answer without multipart. None when nothing is acceptable."""
    for wanted in ranges:
        found = _frame_choice(wanted, stored_uid)
        if found is None:
            continue
        media_type, target = found
        multipart = wanted.multipart or not single or wanted.media_type.endswith("/*")
        return Choice(media_type, target, _same_cells(target, stored_uid), multipart)
    return None


def _frame_choice(wanted: MediaRange, stored_uid: str) -> tuple[str, str] | None:
    if wanted.covers(OCTETS):
        return _octets(wanted.transfer_syntax, stored_uid)
    syntaxes = MEDIA_TYPES.get(wanted.media_type)
    if syntaxes is None and wanted.media_type == "image/*":
        return _octets(STORED, stored_uid) if media_type_of(stored_uid) == OCTETS else (media_type_of(stored_uid), stored_uid)
    if syntaxes is None:
        return None
    asked = wanted.transfer_syntax
    if stored_uid in syntaxes and asked in {STORED, stored_uid}:
        return wanted.media_type, stored_uid
    target = syntaxes[0] if asked in {None, STORED} else str(asked)
    if target == stored_uid or (target in syntaxes and _can_decode(stored_uid) and target in LOSSLESS_TARGETS):
        return wanted.media_type, target
    return None


def _octets(asked: str | None, stored_uid: str) -> tuple[str, str] | None:
    if asked in {STORED, stored_uid}:
        return OCTETS, stored_uid
    target = asked or EXPLICIT_VR_LITTLE_ENDIAN
    if _same_cells(target, stored_uid):
        return OCTETS, target
    is_native = target in _LITTLE_ENDIAN_CELLS
    return (OCTETS, target) if _can_decode(stored_uid) and (is_native or target in LOSSLESS_TARGETS) else None


def media_type_of(transfer_syntax_uid: str) -> str:
    """Return the media type of a frame in this syntax."""
    for media_type, syntaxes in MEDIA_TYPES.items():
        if transfer_syntax_uid in syntaxes:
            return media_type
    return OCTETS


def _same_cells(first: str, second: str) -> bool:
    return first == second or {first, second} <= _LITTLE_ENDIAN_CELLS


def _can_decode(transfer_syntax_uid: str) -> bool:
    syntax = find_transfer_syntax(transfer_syntax_uid)
    return syntax is not None and syntax.codec != "video"


def _can_write(transfer_syntax_uid: str) -> bool:
    syntax = find_transfer_syntax(transfer_syntax_uid)
    if syntax is None or syntax.deflated:
        return False
    return not syntax.encapsulated or transfer_syntax_uid in LOSSLESS_TARGETS
