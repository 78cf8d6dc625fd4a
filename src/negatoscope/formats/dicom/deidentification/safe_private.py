"""The private attributes that may stay: those of PS3.15 table E.3.10-1 whose values are numbers only (note 2 there)."""

from __future__ import annotations

from typing import Final

NUMERIC_VRS: Final = frozenset({"DS", "FD", "FL", "IS", "SL", "SS", "SV", "UL", "US", "UV"})
_NUMBERS: Final = frozenset("0123456789+-.eE \\")

_SAFE: Final[dict[tuple[int, str], frozenset[int]]] = {
    (0x0019, "GEMS_ACQU_01"): frozenset({0x23, 0x24, 0x27}),
    (0x0019, "SIEMENS MR HEADER"): frozenset({0x0C, 0x0E, 0x27}),
    (0x0025, "GEMS_SERS_01"): frozenset({0x07}),
    (0x0043, "GEMS_PARM_01"): frozenset({0x39, 0x6F}),
    (0x0045, "GEMS_HELIOS_01"): frozenset({0x01, 0x02}),
    (0x0099, "NQHeader"): frozenset({0x04, 0x10, 0x21}),
    (0x00E1, "ELSCINT1"): frozenset({0x21, 0x50}),
    (0x0119, "SIEMENS Ultrasound SC2000"): frozenset({0x05, 0x06, 0x07, 0x08, 0x09, 0x13}),
    (0x0139, "SIEMENS Ultrasound SC2000"): frozenset({0x01}),
    (0x0149, "SIEMENS Ultrasound SC2000"): frozenset({0x01, 0x02, 0x03}),
    (0x0199, "NQLeft"): frozenset(range(0x01, 0x17)),
    (0x01F1, "ELSCINT1"): frozenset({0x07, 0x26, 0x27}),
    (0x0299, "NQRight"): frozenset(range(0x01, 0x17)),
    (0x0903, "GEIIS PACS"): frozenset({0x10, 0x11, 0x12}),
    (0x2001, "Philips Imaging DD 001"): frozenset({0x03}),
    (0x2005, "Philips MR Imaging DD 001"): frozenset({0x0D, 0x0E}),
    (0x7053, "Philips PET Private Group"): frozenset({0x00, 0x09}),
}


def is_safe_private(tag: int, creator: str, vr: str, value: object) -> bool:
    """Tell whether a private attribute is one of the known ones and holds numbers, and nothing but numbers."""
    known = _SAFE.get((tag >> 16, creator.strip()), frozenset())
    if tag & 0xFF not in known or vr not in NUMERIC_VRS:
        return False
    return vr not in {"DS", "IS"} or set(str(value)) <= _NUMBERS | set("[], '")


def is_safe_creator(tag: int, creator: str) -> bool:
    """Tell whether a private creator (gggg,0010-00FF) names one of the known blocks."""
    return (tag >> 16, creator.strip()) in _SAFE
