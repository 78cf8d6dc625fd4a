"""Turn matching keys into conditions (PS3.4 C.2.2.2): single value, UID list, wildcard, range, universal."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import date, time
from typing import Final, NamedTuple

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    String,
    Text,
    and_,
    cast,
    exists,
    false,
    func,
    or_,
    select,
    type_coerce,
    union,
)
from sqlalchemy.dialects.postgresql import ARRAY

from negatoscope.archive.query_attributes import ATTRIBUTES, REQUEST_KEYS, Attribute, Level, Matching
from negatoscope.archive.tables import instances, series, studies
from negatoscope.formats.dicom.uids import is_uid
from negatoscope.formats.dicom.values import parse_date, parse_time
from negatoscope.patients.names import key_range, name_pattern
from negatoscope.patients.tables import patient_identifiers
from negatoscope.platform.errors import InvalidInput

Conditions = list[ColumnElement[bool]]
MOST_UIDS: Final = 10_000
FIRST_OF_OTHER_SCRIPTS: Final = 0x1100
"""Hangul, kana and Han lie beyond; everything before is folded into the search key."""
EMPTY: Final = '""'
_RANGE: Final = "-"
_COMBINED: Final = {"StudyDate": "StudyTime", "SeriesDate": "SeriesTime"}


class Shown(NamedTuple):
    """What whoever searches may see of series and instances."""

    series: ColumnElement[bool]
    instances: ColumnElement[bool]


def conditions_of(
    filters: Mapping[str, str],
    level: Level,
    shown: Shown,
    *,
    combines_date_time: bool = True,
    matches_empty: bool = False,
) -> Conditions:
    """Return one condition for each key that is no universal match; raise InvalidInput naming a key that is malformed.

    A key of a lower level than the one searched asks for a series or an image that is `shown` and matches (`Modality` of a
    study).
    Keys that the archive does not index are left out here: `unsupported_keys` names them.
    """
    found: Conditions = []
    remaining = dict(filters)
    for date_keyword, time_keyword in _COMBINED.items() if combines_date_time else ():
        if _is_range(remaining.get(date_keyword)) and remaining.get(time_keyword):
            combined = _combined(date_keyword, remaining.pop(date_keyword), time_keyword, remaining.pop(time_keyword))
            found.extend(_at_level(ATTRIBUTES[date_keyword].level, level, condition, shown) for condition in combined)
    for keyword, value in remaining.items():
        sequence, _, inner = keyword.partition(".")
        attribute = ATTRIBUTES.get(sequence)
        if attribute is None or attribute.matching is Matching.NONE or not value.strip():
            continue
        if matches_empty and value.strip(" \0") == EMPTY:
            condition = _is_empty(attribute)
        else:
            condition = _request(inner, value) if attribute.matching is Matching.REQUEST else _condition(attribute, value)
        if condition is not None:
            found.append(_at_level(attribute.level, level, condition, shown))
    return found


def _at_level(of: Level, searched: Level, condition: ColumnElement[bool], shown: Shown) -> ColumnElement[bool]:
    if of.depth <= max(searched.depth, Level.STUDY.depth):
        return condition
    if of is Level.SERIES:
        return exists().where(series.c.study_uid == studies.c.study_uid, condition, shown.series)
    if searched is Level.SERIES:
        same = and_(instances.c.study_uid == series.c.study_uid, instances.c.series_uid == series.c.series_uid)
        return exists().where(same, condition, shown.instances)
    return exists().where(instances.c.study_uid == studies.c.study_uid, condition, shown.instances)


def unsupported_keys(filters: Mapping[str, str]) -> frozenset[str]:
    """Return the keys with a value that do not narrow the search."""
    return frozenset(keyword for keyword, value in filters.items() if value and not _is_supported(keyword))


def _is_supported(keyword: str) -> bool:
    sequence, _, inner = keyword.partition(".")
    attribute = ATTRIBUTES.get(sequence)
    if attribute is None or attribute.matching is Matching.NONE:
        return False
    return inner in REQUEST_KEYS if attribute.matching is Matching.REQUEST else not inner


def _condition(attribute: Attribute, value: str) -> ColumnElement[bool] | None:
    match attribute.matching:
        case Matching.UID:
            return _uids(attribute, value)
        case Matching.NAME:
            return _name(attribute, value)
        case Matching.DATE | Matching.TIME:
            return _range(attribute, value)
        case Matching.INTEGER:
            return _integer(attribute, value)
        case Matching.ANY_OF:
            return _any_of(value)
        case _:
            return _text(attribute, value)


def _is_empty(attribute: Attribute) -> ColumnElement[bool] | None:
    """Ask for no value (PS3.4 C.2.2.2.7); None for what always has one or is a list."""
    if attribute.matching in {Matching.ANY_OF, Matching.REQUEST, Matching.UID}:
        return None
    return or_(attribute.key.is_(None), cast(attribute.key, Text) == "")


def _uids(attribute: Attribute, value: str) -> ColumnElement[bool] | None:
    uids = [uid.strip(" \0") for uid in value.replace(",", "\\").split("\\")]
    uids = [uid for uid in uids if uid]
    if not uids or uids == ["*"]:
        return None
    if len(uids) > MOST_UIDS:
        raise InvalidInput("The list of identifiers is too long.", reason="too_many_uids", field=attribute.keyword)
    if not all(is_uid(uid) for uid in uids):
        raise InvalidInput("A unique identifier is malformed.", reason="bad_uid", field=attribute.keyword)
    return attribute.key == uids[0] if len(uids) == 1 else attribute.key.in_(uids)


def _text(attribute: Attribute, value: str) -> ColumnElement[bool] | None:
    wanted = value.strip(" \0")
    if not wanted.strip("*"):
        return None
    if "*" in wanted or "?" in wanted:
        return _like(attribute.key, wanted)
    if attribute.keyword == "PatientID":
        return studies.c.study_uid.in_(_studies_of_identifier(wanted))
    return attribute.key == wanted


def _studies_of_identifier(identifier: str) -> CompoundSelect[str]:
    """Return the studies that show this number, and those of whoever bears it: each issuer's number finds the patient.

    Two searches by index put together, where one condition with "or" would read every study.
    """
    shown, borne = studies.alias("shown"), studies.alias("borne")
    bearers = patient_identifiers.c
    return union(
        select(shown.c.study_uid).where(shown.c.patient_identifier == identifier),
        select(borne.c.study_uid)
        .join(patient_identifiers, bearers.patient_id == borne.c.patient_id)
        .where(bearers.value == identifier),
    )


def _like(column: ColumnElement[object], pattern: str) -> ColumnElement[bool]:
    escaped = pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    condition = type_coerce(column, String).like(escaped.replace("*", "%").replace("?", "_"), escape="\\")
    prefix = pattern.split("*", 1)[0].split("?", 1)[0]
    return and_(_starts_with(column, prefix), condition) if prefix else condition


def _starts_with(column: ColumnElement[object], prefix: str) -> ColumnElement[bool]:
    """Say it as a range, which an index under the C collation serves."""
    low, high = key_range(prefix)
    return and_(type_coerce(column, String) >= low, type_coerce(column, String) < high)


def _name(attribute: Attribute, value: str) -> ColumnElement[bool] | None:
    """Match each component group that is given; one group alone in another script than Latin may be any of the three."""
    alphabetic, *others = value.split("=")
    conditions = [_name_key(attribute, alphabetic)] if alphabetic.strip(" \0^") else []
    for number, group in enumerate(others, start=2):
        if group.strip(" \0^*"):
            conditions.append(_group(attribute, number, group))
    if not others and any(ord(letter) >= FIRST_OF_OTHER_SCRIPTS for letter in value):
        return or_(*[condition for condition in conditions if condition is not None], *_groups(attribute, alphabetic))
    found = [condition for condition in conditions if condition is not None]
    return and_(*found) if found else None


def _groups(attribute: Attribute, group: str) -> Conditions:
    return [_group(attribute, number, group) for number in (2, 3)]


def _group(attribute: Attribute, number: int, group: str) -> ColumnElement[bool]:
    """Match the ideographic or phonetic group as it was written: these scripts have neither case nor accents to fold."""
    kept = func.split_part(type_coerce(attribute.value, String), "=", number)
    wanted = unicodedata.normalize("NFC", group.strip(" \0"))
    return _like(kept, wanted) if "*" in wanted or "?" in wanted else kept == wanted


def _name_key(attribute: Attribute, value: str) -> ColumnElement[bool] | None:
    pattern = name_pattern(value)
    if not pattern.strip("%"):
        return None if value.strip(" \0*") == "" else false()
    if "%" not in pattern and "_" not in pattern:
        return attribute.key == pattern
    condition = type_coerce(attribute.key, String).like(pattern, escape="\\")
    prefix = pattern.split("%", 1)[0].split("_", 1)[0]
    return and_(_starts_with(attribute.key, prefix), condition) if prefix else condition


def _integer(attribute: Attribute, value: str) -> ColumnElement[bool] | None:
    wanted = value.strip(" \0")
    if not wanted.strip("*"):
        return None
    try:
        number = int(wanted)
    except ValueError as error:
        raise InvalidInput("A number is malformed.", reason="bad_number", field=attribute.keyword) from error
    return attribute.key == number if abs(number) < 1 << 31 else false()


def _any_of(value: str) -> ColumnElement[bool] | None:
    wanted = [part.strip(" \0") for part in value.replace(",", "\\").split("\\")]
    wanted = [part for part in wanted if part]
    if not wanted or "*" in wanted:
        return None
    if not any("*" in part or "?" in part for part in wanted):
        return studies.c.modalities.op("&&")(cast(wanted, ARRAY(Text)))
    other = series.alias("series_of_study")
    alternatives = [_like(other.c.modality, part) for part in wanted]
    return exists().where(other.c.study_uid == studies.c.study_uid, or_(*alternatives))


def _request(inner: str, value: str) -> ColumnElement[bool] | None:
    member = REQUEST_KEYS.get(inner)
    if member is None or not value.strip("* \0"):
        return None
    return series.c.requests.contains([{member: value.strip(" \0")}])


def _is_range(value: str | None) -> bool:
    return value is not None and _RANGE in value


def _range(attribute: Attribute, value: str) -> ColumnElement[bool] | None:
    wanted = value.strip(" \0")
    if not wanted.strip("*"):
        return None
    low, high = _bounds(attribute, wanted)
    conditions: Conditions = []
    if low is not None:
        conditions.append(attribute.key >= low)
    if high is not None:
        conditions.append(attribute.key <= high)
    return and_(*conditions) if conditions else None


def _bounds(attribute: Attribute, value: str) -> tuple[date | time | None, date | time | None]:
    first, separator, second = (part.strip() for part in value.partition(_RANGE))
    low = _parse(attribute, first) if first else None
    if not separator:
        return low, _end_of(first, low)
    return low, _end_of(second, _parse(attribute, second)) if second else None


def _parse(attribute: Attribute, text: str) -> date | time:
    parsed: date | time | None = parse_date(text) if attribute.matching is Matching.DATE else parse_time(text)
    if parsed is None:
        raise InvalidInput("A date or time is malformed.", reason="bad_range", field=attribute.keyword)
    return parsed


def _end_of(text: str, value: date | time | None) -> date | time | None:
    """Return the last moment that a time of limited precision stands for: 10 means until 10:59:59."""
    if not isinstance(value, time):
        return value
    digits = len(text.partition(".")[0].replace(":", ""))
    minute = value.minute if digits >= 4 else 59
    second = value.second if digits >= 6 else 59
    return value.replace(minute=minute, second=second, microsecond=value.microsecond or 999_999)


def _combined(date_keyword: str, dates: str, time_keyword: str, times: str) -> Conditions:
    """Match date and time as one moment: from the first time on the first day to the second on the last (C.2.2.2.5)."""
    day, clock = ATTRIBUTES[date_keyword], ATTRIBUTES[time_keyword]
    first_day, last_day = _bounds(day, dates.strip(" \0"))
    first_time, last_time = _bounds(clock, times.strip(" \0"))
    found: Conditions = []
    if first_day is not None:
        same = and_(day.key == first_day, clock.key >= (first_time or time.min))
        found.append(or_(day.key > first_day, same))
    if last_day is not None:
        same = and_(day.key == last_day, clock.key <= (last_time or time.max))
        found.append(or_(day.key < last_day, same))
    return found
