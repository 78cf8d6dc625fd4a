"""Dates and times of a data set, moved back by the patient's shift (PS3.15 E.3.6)."""

from __future__ import annotations

from datetime import date
from typing import Final

from negatoscope.formats.dicom.deidentification.pseudonyms import Pseudonyms

TEMPORAL_VRS: Final = frozenset({"DA", "DT", "TM"})


def shifted_value(vr: str, value: str, pseudonyms: Pseudonyms) -> str:
    """Return a DA, DT or TM value as it is given out: times of day stay, days move; '' for what cannot be read.

    A DT that is no more precise than a year or month names no day: it is given out without a value.
    """
    if vr == "TM":
        return value if _is_time(value) else ""
    day, rest = value[:8], value[8:]
    if len(day) != 8 or not day.isascii() or not day.isdigit() or not (vr == "DT" or not rest.strip()):
        return ""
    try:
        moved = pseudonyms.shifted(date(int(day[:4]), int(day[4:6]), int(day[6:])))
    except ValueError:
        return ""
    if rest and not _is_time(rest.replace("+", "").replace("-", "")):
        return ""
    return f"{moved:%Y%m%d}".rjust(8, "0") + rest.strip()


def _is_time(text: str) -> bool:
    return len(text) <= 26 and all(letter in "0123456789.: " for letter in text)
