"""Data types of HL7 v2 as Python values: CX, XPN, XCN, EI, CE/CWE, TS."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone, tzinfo

from negatoscope.formats.hl7v2.errors import Condition, MessageError
from negatoscope.formats.hl7v2.message import Repetition, Segment

_TIMESTAMP = re.compile(r"(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(?:\.\d{1,4})?([+-]\d{4})?")


@dataclass(frozen=True, slots=True)
class Authority:
    """HD: an assigning authority."""

    namespace: str = ""
    universal_id: str = ""
    universal_id_type: str = ""

    @property
    def name(self) -> str:
        """Return the namespace, or the universal identifier where there is none."""
        return self.namespace or self.universal_id


@dataclass(frozen=True, slots=True)
class Identifier:
    """CX: a number, who gave it, and of what kind it is (table 0203)."""

    value: str
    authority: Authority = Authority()
    kind: str = ""


@dataclass(frozen=True, slots=True)
class EntityIdentifier:
    """EI: an identifier of a thing."""

    value: str = ""
    authority: Authority = Authority()


@dataclass(frozen=True, slots=True)
class PersonName:
    """XPN; `given_names` is XPN-2, `further_names` XPN-3, which France fills with the whole list of birth names."""

    family_name: str = ""
    given_name: str = ""
    further_names: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Professional:
    """XCN."""

    identifier: str = ""
    family_name: str = ""
    given_name: str = ""
    authority: Authority = Authority()
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """CE or CWE: the first triplet; the second one where the first is empty."""

    code: str = ""
    text: str = ""
    scheme: str = ""

    @property
    def is_empty(self) -> bool:
        """Say whether neither code nor text is there."""
        return not self.code and not self.text


def read_authority(value: Repetition, component: int) -> Authority:
    """Read an HD that is one component, its parts subcomponents."""
    return Authority(*(value.text(component, part).strip() for part in (1, 2, 3)))


def read_identifiers(segment: Segment, field: int) -> tuple[Identifier, ...]:
    """Read every CX of a field that has a value."""
    return tuple(
        Identifier(value.text(1).strip(), read_authority(value, 4), value.text(5).strip())
        for value in segment.repetitions(field)
        if value.text(1).strip()
    )


def read_entity(segment: Segment, field: int) -> EntityIdentifier:
    """Read an EI whose authority is components 2 to 4."""
    value = segment.first(field)
    return EntityIdentifier(value.text(1).strip(), Authority(*(value.text(part).strip() for part in (2, 3, 4))))


def read_names(segment: Segment, field: int) -> tuple[PersonName, ...]:
    """Read every XPN of a field."""
    return tuple(
        PersonName(value.text(1).strip(), value.text(2).strip(), value.text(3).strip(), value.text(7).strip())
        for value in segment.repetitions(field)
    )


def read_professional(segment: Segment, field: int) -> Professional | None:
    """Read the first XCN of a field."""
    value = segment.first(field)
    found = Professional(
        value.text(1).strip(),
        value.text(2).strip(),
        value.text(3).strip(),
        read_authority(value, 9),
        value.text(13).strip(),
    )
    return found if found.identifier or found.family_name else None


def read_code(segment: Segment, field: int, repetition: int = 0) -> Code:
    """Read a CE or CWE."""
    found = segment.repetitions(field)
    if repetition >= len(found):
        return Code()
    value = found[repetition]
    first = Code(*(value.text(part).strip() for part in (1, 2, 3)))
    return first if first.code else Code(value.text(4).strip(), value.text(5).strip() or first.text, value.text(6).strip())


def read_moment(text: str, zone: tzinfo, location: str) -> datetime | None:
    """Read a TS; one without offset is local to the site. None where it is empty; MessageError where it is no time."""
    match = _match(text, location)
    if match is None:
        return None
    year, month, day, hour, minute, second, offset = match.groups()
    try:
        naive = datetime(  # noqa: DTZ001 - the zone follows
            int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), min(int(second or 0), 59)
        )
        return naive.replace(tzinfo=_offset(offset) if offset else zone)
    except ValueError as error:
        raise MessageError("A time does not exist.", Condition.DATA_TYPE_ERROR, location) from error


def read_day(text: str, location: str) -> date | None:
    """Read the day of a DT or TS. A birth date of which only the year or month is known is not known."""
    match = _match(text, location)
    if match is None or match.group(3) is None:
        return None
    try:
        return date(*(int(match.group(part)) for part in (1, 2, 3)))
    except ValueError as error:
        raise MessageError("A date does not exist.", Condition.DATA_TYPE_ERROR, location) from error


def _match(text: str, location: str) -> re.Match[str] | None:
    stripped = text.strip()
    if not stripped:
        return None
    match = _TIMESTAMP.fullmatch(stripped)
    if match is None or not stripped.isascii():
        raise MessageError("A date or time is malformed.", Condition.DATA_TYPE_ERROR, location)
    return match


def _offset(text: str) -> timezone:
    minutes = int(text[1:3]) * 60 + int(text[3:5])
    return timezone(timedelta(minutes=minutes if text[0] == "+" else -minutes))
