"""What is to be done to an attribute: the basic profile of PS3.15 annex E, changed by the options that were chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from negatoscope.formats.dicom.deidentification.table_e_1_1 import ROWS
from negatoscope.platform.errors import InvalidInput


class Option(StrEnum):
    """Name an option of PS3.15 E.3."""

    RETAIN_SAFE_PRIVATE = "retain_safe_private"
    RETAIN_UIDS = "retain_uids"
    RETAIN_DEVICE_IDENTITY = "retain_device_identity"
    RETAIN_INSTITUTION_IDENTITY = "retain_institution_identity"
    RETAIN_PATIENT_CHARACTERISTICS = "retain_patient_characteristics"
    RETAIN_FULL_DATES = "retain_full_dates"
    RETAIN_MODIFIED_DATES = "retain_modified_dates"
    CLEAN_DESCRIPTORS = "clean_descriptors"
    CLEAN_STRUCTURED_CONTENT = "clean_structured_content"
    CLEAN_GRAPHICS = "clean_graphics"


class Act(StrEnum):
    """Name what is done to an attribute; the value is the sign in table E.1-1."""

    REMOVE = "X"
    EMPTY = "Z"
    DUMMY = "D"
    NEW_UID = "U"
    KEEP = "K"
    CLEAN = "C"


METHOD_CODES: Final[Mapping[Option | None, tuple[str, str]]] = MappingProxyType({
    None: ("113100", "Basic Application Confidentiality Profile"),
    Option.CLEAN_GRAPHICS: ("113103", "Clean Graphics Option"),
    Option.CLEAN_STRUCTURED_CONTENT: ("113104", "Clean Structured Content Option"),
    Option.CLEAN_DESCRIPTORS: ("113105", "Clean Descriptors Option"),
    Option.RETAIN_FULL_DATES: ("113106", "Retain Longitudinal Temporal Information Full Dates Option"),
    Option.RETAIN_MODIFIED_DATES: ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    Option.RETAIN_PATIENT_CHARACTERISTICS: ("113108", "Retain Patient Characteristics Option"),
    Option.RETAIN_DEVICE_IDENTITY: ("113109", "Retain Device Identity Option"),
    Option.RETAIN_UIDS: ("113110", "Retain UIDs Option"),
    Option.RETAIN_SAFE_PRIVATE: ("113111", "Retain Safe Private Option"),
    Option.RETAIN_INSTITUTION_IDENTITY: ("113112", "Retain Institution Identity Option"),
})  # fmt: skip
"""Code and meaning in PS3.16 CID 7050, coding scheme DCM; None is the basic profile itself."""

# Which module of which object requires an attribute is not asked: of alternatives the one that suits every object is taken.
_SETTLED: Final = {"X/Z": Act.EMPTY, "X/D": Act.DUMMY, "Z/D": Act.DUMMY, "X/Z/D": Act.DUMMY, "X/Z/U*": Act.NEW_UID}


@dataclass(frozen=True, slots=True)
class _Row:
    basic: Act
    overrides: Mapping[Option, Act]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The basic profile with some options. Raises InvalidInput for options that contradict one another."""

    options: frozenset[Option] = frozenset()

    def __post_init__(self) -> None:
        if {Option.RETAIN_FULL_DATES, Option.RETAIN_MODIFIED_DATES} <= self.options:
            raise InvalidInput(
                "Dates are kept as they are or shifted, not both.", reason="contradictory_options", field="options"
            )

    def act_on(self, tag: int) -> Act | None:
        """Return what the table says of this attribute, None when it says nothing.

        Of several options, shifted dates win over kept ones, and an option that keeps wins over one that cleans.
        """
        row = _find_row(tag)
        if row is None:
            return None
        acts = {act for option, act in row.overrides.items() if option in self.options}
        if Option.RETAIN_MODIFIED_DATES in self.options and Option.RETAIN_MODIFIED_DATES in row.overrides:
            return Act.CLEAN
        if Act.KEEP in acts:
            return Act.KEEP
        return Act.CLEAN if acts else row.basic


def _read_rows(text: str) -> tuple[dict[int, _Row], dict[tuple[int, int], _Row]]:
    """Return the rows by tag, and those of repeating groups by (bits that count, their value)."""
    single: dict[int, _Row] = {}
    repeating: dict[tuple[int, int], _Row] = {}
    row = _Row(Act.REMOVE, {})
    for line in text.strip().splitlines():
        if not line.startswith(" "):
            basic, *words = line.split()
            overrides = {Option(name): Act(sign) for name, _, sign in (word.partition("=") for word in words)}
            row = _Row(_SETTLED.get(basic) or Act(basic), MappingProxyType(overrides))
            continue
        for tag in line.split():
            if "x" in tag:
                mask = int("".join("0" if digit == "x" else "F" for digit in tag), 16)
                repeating[mask, int(tag.replace("x", "0"), 16)] = row
            else:
                single[int(tag, 16)] = row
    return single, repeating


_SINGLE, _REPEATING = _read_rows(ROWS)


def _find_row(tag: int) -> _Row | None:
    found = _SINGLE.get(tag)
    if found is not None:
        return found
    return next((row for (mask, value), row in _REPEATING.items() if tag & mask == value), None)
