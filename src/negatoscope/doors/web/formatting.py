"""Dates, times and numbers as people write them in the language of the page, in the time zone of the house."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from babel import dates, numbers

from negatoscope.doors.web.language import current_language

LOCALES: Final = {"fr": "fr_FR", "en": "en_GB"}
_zone: ZoneInfo = ZoneInfo("Europe/Paris")


def use_time_zone(name: str) -> None:
    """Set the zone in which this process shows times."""
    global _zone  # noqa: PLW0603 - one house, one zone a process
    _zone = ZoneInfo(name)


def local_time(moment: datetime) -> datetime:
    """Return the moment in the zone of the house."""
    return moment.astimezone(_zone)


def _locale() -> str:
    return LOCALES[current_language()]


def format_date(day: date) -> str:
    """Return a day in figures: 24/11/2026."""
    if isinstance(day, datetime):
        day = local_time(day).date()
    return dates.format_date(day, "dd/MM/yyyy", locale=_locale())


def format_long_date(day: date) -> str:
    """Return a day in words: 24 novembre 2026."""
    if isinstance(day, datetime):
        day = local_time(day).date()
    return dates.format_date(day, "long", locale=_locale())


def format_time(moment: datetime) -> str:
    """Return hours and minutes of the house: 14:05."""
    return dates.format_time(local_time(moment).time(), "HH:mm", locale=_locale())


def format_datetime(moment: datetime) -> str:
    """Return day and time in figures: 24/11/2026 14:05."""
    return f"{format_date(moment)} {format_time(moment)}"


def format_duration(length: timedelta) -> str:
    """Return a length in its largest unit: 3 minutes, 2 heures."""
    return dates.format_timedelta(length, threshold=1.2, locale=_locale())


def format_number(value: float, digits: int = 0) -> str:
    """Return a number with the marks of the language: 1 234,5."""
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return numbers.format_decimal(value, format=pattern, locale=_locale())


def format_percent(share: float) -> str:
    """Return a share of one as a percentage: 91 %."""
    return numbers.format_percent(
        share, format="#,##0\N{NO-BREAK SPACE}%" if current_language() == "fr" else "#,##0%", locale=_locale()
    )


def format_person_name(name: str) -> str:
    """Return a DICOM person name (PS3.5 6.2.1) as people write it: family name, given names; prefix first."""
    family, given, middle, prefix, suffix = ([*name.partition("=")[0].split("^"), "", "", "", "", ""])[:5]
    return " ".join(part.strip() for part in (prefix, family, given, middle, suffix) if part.strip())


def format_size(size: int) -> str:
    """Return a size in bytes in decimal units: 12,4 Mo."""
    byte, units = ("o", ("", "k", "M", "G", "T")) if current_language() == "fr" else ("B", ("", "k", "M", "G", "T"))
    value, index = float(size), 0
    while value >= 1000 and index < len(units) - 1:
        value, index = value / 1000, index + 1
    return f"{format_number(value, 1 if index and value < 100 else 0)}\N{NO-BREAK SPACE}{units[index]}{byte}"
