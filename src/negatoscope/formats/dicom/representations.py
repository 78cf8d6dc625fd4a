"""Whether an indexed value has a value representation and length that can be read for what it claims to be."""

from __future__ import annotations

from typing import Final

from negatoscope.formats.dicom.elements import PIXEL_DESCRIPTION_TAGS, UID_TAGS
from negatoscope.formats.dicom.verdict import Refusal

_TEXT_VRS: Final = frozenset(
    {
        *(b"AE", b"AS", b"CS", b"DA", b"DS", b"DT", b"IS", b"LO", b"LT"),
        *(b"PN", b"SH", b"ST", b"TM", b"UC", b"UI", b"UN", b"UR", b"UT"),
    }
)


def accept_value(tag: int, expected: bytes, vr: bytes, length: int, warnings: set[str]) -> tuple[bool, Refusal | None]:
    """Say whether to keep the value, and whether the whole object must be refused for it."""
    if vr != expected:
        if tag in PIXEL_DESCRIPTION_TAGS or (tag in UID_TAGS and vr != b"UN"):
            return False, Refusal.WRONG_VR
        warnings.add("unexpected_vr")
        return vr in _TEXT_VRS, None
    if expected == b"US" and length != 2:
        return False, Refusal.BAD_PIXEL_DESCRIPTION
    if length & 1:
        warnings.add("odd_length")
    return True, None
