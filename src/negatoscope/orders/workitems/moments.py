"""Moments of a data set (DT, PS3.5 6.2): what span of time a value of limited precision stands for. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final
from zoneinfo import ZoneInfo

from negatoscope.formats.dicom.json_values import JsonDataSet
from negatoscope.orders.workitems.attributes import text_of

_MOMENT: Final = r"\d{4}(?:\d{2}){0,5}(?:\.\d{1,6})?(?:[+-]\d{4})?"
_SINGLE: Final = re.compile(rf"({_MOMENT})", re.ASCII)
_RANGE: Final = re.compile(rf"({_MOMENT})?-({_MOMENT})?", re.ASCII)
_PARTS: Final = re.compile(r"(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\.\d{1,6})?([+-]\d{4})?", re.ASCII)
_OFFSET: Final = re.compile(r"([+-])(\d{2})(\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Span:
    """From the first to the last moment, both included; None where it is open."""

    first: datetime | None
    last: datetime | None

    def holds(self, moment: datetime) -> bool:
        """Tell whether the moment lies in the span."""
        return (self.first is None or self.first <= moment) and (self.last is None or moment <= self.last)


def parse_moment(text: str, zone: ZoneInfo | timezone) -> datetime | None:
    """Return the moment at which the value begins; without an offset it is in the time zone given."""
    span = _span(text.strip(" \0"), zone)
    return span.first if span is not None else None


def parse_span(text: str, zone: ZoneInfo | timezone) -> Span | None:
    """Return what a matching key asks for: one moment or a range (PS3.4 C.2.2.2.5); None when it is malformed."""
    wanted = text.strip(" \0")
    if _SINGLE.fullmatch(wanted):
        single = _span(wanted, zone)
        if single is not None:
            return single
    found = _RANGE.fullmatch(wanted)
    if found is None or found.group(1) == found.group(2):
        return None
    low = _span(found.group(1), zone) if found.group(1) else Span(None, None)
    high = _span(found.group(2), zone) if found.group(2) else Span(None, None)
    return Span(low.first, high.last) if low is not None and high is not None else None


def zone_of(data_set: JsonDataSet, time_zone: str) -> ZoneInfo | timezone:
    """Return the zone in which moments without an offset are meant: that of the data set, else that of the site."""
    return parse_offset(text_of(data_set, "TimezoneOffsetFromUTC")) or ZoneInfo(time_zone)


def write_moment(moment: datetime) -> str:
    """Return a moment as DT in UTC, to the second."""
    return f"{moment.astimezone(UTC):%Y%m%d%H%M%S}+0000"


def _span(text: str, zone: ZoneInfo | timezone) -> Span | None:
    found = _PARTS.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    offered = parse_offset(offset) if offset is not None else zone
    if offered is None or (fraction is not None and second is None):
        return None
    try:
        first = datetime(
            int(year),
            int(month or 1),
            int(day or 1),
            int(hour or 0),
            int(minute or 0),
            min(int(second or 0), 59),  # a leap second is written 60
            int(fraction[1:].ljust(6, "0")) if fraction else 0,
            tzinfo=offered,
        )
    except ValueError:
        return None
    return Span(first, _last(first, month, day, hour, minute, second, fraction))


def _last(first: datetime, *given: str | None) -> datetime:
    """Return the last moment that a value of this precision stands for."""
    month, day, hour, minute, second, fraction = given
    tick = timedelta(microseconds=1)
    if month is None:
        return first.replace(month=12, day=31, hour=23, minute=59, second=59, microsecond=999_999)
    if day is None:
        start_of_next = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
        return start_of_next - tick
    if hour is None:
        return first.replace(hour=23, minute=59, second=59, microsecond=999_999)
    if minute is None:
        return first.replace(minute=59, second=59, microsecond=999_999)
    if second is None:
        return first.replace(second=59, microsecond=999_999)
    if fraction is None:
        return first.replace(microsecond=999_999)
    return first + timedelta(microseconds=10 ** (7 - len(fraction))) - tick


def parse_offset(text: str | None) -> timezone | None:
    """Return the offset from UTC written as ``+0100``; None when it is absent or malformed."""
    found = _OFFSET.fullmatch(text or "")
    if found is None or int(found.group(3)) > 59:
        return None
    length = timedelta(hours=int(found.group(2)), minutes=int(found.group(3)))
    if length > timedelta(hours=14):
        return None
    return timezone(-length if found.group(1) == "-" else length)
