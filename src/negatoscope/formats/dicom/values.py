"""Single values of an element as Python values: dates, times, numbers (PS3.5 6.2). None when absent or not understood."""

from __future__ import annotations

import math
from datetime import date, datetime, time
from typing import Final

_INT32: Final = 2**31


def parse_date(text: str) -> date | None:
    """Read DA ``YYYYMMDD``, or the older ``YYYY.MM.DD``."""
    digits = text.replace(".", "") if len(text) == 10 else text
    if len(digits) != 8 or not (digits.isascii() and digits.isdigit()):
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None


def parse_time(text: str) -> time | None:
    """Read TM ``HH``, ``HHMM``, ``HHMMSS`` or ``HHMMSS.FFFFFF``, or the older form with colons."""
    whole, _, fraction = text.replace(":", "").partition(".")
    if len(whole) not in (2, 4, 6) or not (whole.isascii() and whole.isdigit()):
        return None
    if fraction and not (fraction.isascii() and fraction.isdigit()):
        return None
    try:
        seconds = min(int(whole[4:6] or 0), 59)  # a leap second is written 60
        return time(int(whole[:2]), int(whole[2:4] or 0), seconds, int(fraction[:6].ljust(6, "0")) if fraction else 0)
    except ValueError:
        return None


def parse_date_time(text: str) -> datetime | None:
    """Read DT as the local time it was written in (its offset from UTC is dropped, as DA and TM have none)."""
    local = text
    for sign in "+-":
        local = local.partition(sign)[0]
    day = parse_date(local[:8])
    if day is None:
        return None
    clock = parse_time(local[8:]) if len(local) > 8 else time()
    return datetime.combine(day, clock) if clock is not None else None


def parse_integer(text: str) -> int | None:
    """Read IS: an integer of 32 bits; ``12.0``, which some devices write, is 12."""
    if not text or len(text) > 32:
        return None
    try:
        number = int(text)
    except ValueError:
        decimal = parse_decimal(text)
        if decimal is None or decimal != int(decimal):
            return None
        number = int(decimal)
    return number if -_INT32 <= number < _INT32 else None


def parse_decimal(text: str) -> float | None:
    """Read DS: a finite number."""
    if not text or len(text) > 64:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
