"""Whether the attributes of an object fit the conditions of a rule, and why. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from typing import Final

from pydicom.datadict import dictionary_VR, tag_for_keyword

from negatoscope.archive.routing.model import Condition, Operator
from negatoscope.formats.dicom.values import parse_date, parse_time

Values = Callable[[str], tuple[str, ...]]
"""Return the values that an object has of an attribute, as DICOM writes them; () where it has none."""

NUMBERS: Final = frozenset({"DS", "FD", "FL", "IS", "SL", "SS", "SV", "UL", "US", "UV"})
TEXTS: Final = frozenset({"AE", "AS", "CS", "DT", "LO", "LT", "PN", "SH", "ST", "UC", "UI", "UR", "UT"})
COMPARED: Final = NUMBERS | TEXTS | {"DA", "TM"}
PATIENT_GROUP: Final = 0x0010
NAMING: Final = frozenset({
    "AccessionNumber",
    "AdmissionID",
    "OperatorsName",
    "PerformedProcedureStepID",
    "RequestedProcedureID",
    "ScheduledProcedureStepID",
    "StudyID",
})  # fmt: skip
SOURCE: Final = "SourceApplicationEntityTitle"
"""The attribute of the file meta information under which a rule asks from which application an object came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Whether one condition holds for one object, and the values it looked at."""

    condition: Condition
    holds: bool
    values: tuple[str, ...]


def is_comparable(keyword: str) -> bool:
    """Tell whether a condition may name this attribute: one of the dictionary whose values can be compared."""
    return tag_for_keyword(keyword) is not None and bool(_representations(keyword) & COMPARED)


def is_ordered(keyword: str) -> bool:
    """Tell whether the values of an attribute stand between two others: numbers, dates and times."""
    return bool(_representations(keyword) & (NUMBERS | {"DA", "TM"}))


def names_somebody(keyword: str) -> bool:
    """Tell whether the values of an attribute may name a person, so that whoever tries a rule does not read them."""
    tag = tag_for_keyword(keyword) or 0
    return tag >> 16 == PATIENT_GROUP or keyword in NAMING or "PN" in _representations(keyword)


def examine(conditions: Sequence[Condition], values_of: Values) -> Iterator[Finding]:
    """Yield what each condition finds, in order; who needs the verdict alone stops at the first that does not hold."""
    for condition in conditions:
        values = values_of(condition.keyword)
        yield Finding(condition=condition, holds=holds(condition, values), values=values)


def holds(condition: Condition, values: Sequence[str]) -> bool:
    """Tell whether one of the values fits. Texts are compared without regard to case and spaces around them."""
    present = [value.strip() for value in values if value.strip()]
    match condition.operator:
        case Operator.PRESENT:
            return bool(present)
        case Operator.EQUALS | Operator.ONE_OF:
            wanted = {_folded(condition.keyword, value) for value in condition.values}
            return any(_folded(condition.keyword, value) in wanted for value in present)
        case Operator.MATCHES:
            patterns = [_escaped(value.strip().casefold()) for value in condition.values]
            return any(fnmatchcase(value.casefold(), pattern) for value in present for pattern in patterns)
        case Operator.RANGE:
            low, high = condition.values
            return any(_is_between(condition.keyword, value, low, high) for value in present)


def can_order(keyword: str, value: str) -> bool:
    """Tell whether a value of this attribute has a place in a range."""
    return _ordered(keyword, value) is not None


def _folded(keyword: str, value: str) -> str | Decimal:
    """Numbers that are written in two ways are the same number."""
    if _representations(keyword) & NUMBERS:
        try:
            return Decimal(value.strip())
        except InvalidOperation:
            return value.strip()
    return value.strip().casefold()


def _escaped(pattern: str) -> str:
    """Leave * and ? their meaning alone: a bracket is a bracket, as in DICOM."""
    return pattern.replace("[", "[[]")


def _is_between(keyword: str, value: str, low: str, high: str) -> bool:
    found = _ordered(keyword, value)
    least, most = _ordered(keyword, low), _ordered(keyword, high)
    if found is None or (low and least is None) or (high and most is None):
        return False
    return (least is None or least <= found) and (most is None or found <= most)


def _ordered(keyword: str, value: str) -> Decimal | None:
    """Return a value as a number that orders as it does."""
    representations = _representations(keyword)
    if "DA" in representations:
        day: date | None = parse_date(value)
        return Decimal(day.toordinal()) if day is not None else None
    if "TM" in representations:
        moment: time | None = parse_time(value)
        return None if moment is None else Decimal((moment.hour * 60 + moment.minute) * 60 + moment.second)
    try:
        number = Decimal(value.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _representations(keyword: str) -> frozenset[str]:
    tag = tag_for_keyword(keyword)
    return frozenset(dictionary_VR(tag).split(" or ")) if tag is not None else frozenset()
