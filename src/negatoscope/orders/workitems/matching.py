"""Matching keys of workitems, the same for C-FIND, searches by HTTP and filtered subscriptions (PS3.4 CC.2.8, C.2.2.2). Pure.

Keys are a tree by tag: a text, or the keys of a sequence's item. An empty text, or `*`, matches everything.
"""

from __future__ import annotations

import re
from datetime import timezone
from fnmatch import fnmatchcase, translate
from functools import lru_cache
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from negatoscope.formats.dicom.json_values import JsonDataSet, JsonElement, JsonValue
from negatoscope.formats.dicom.uids import is_uid
from negatoscope.orders.workitems.attributes import items_in, tag_of, value_text, values_of
from negatoscope.orders.workitems.moments import parse_span
from negatoscope.patients.names import name_key, name_pattern
from negatoscope.platform.errors import InvalidInput

Keys: TypeAlias = "dict[str, str | Keys]"
Zone: TypeAlias = ZoneInfo | timezone

NEVER_KEYS: Final = frozenset({"00080005", "00080201", "00081195"})
"""Specific Character Set, Timezone Offset From UTC and the Transaction UID, which cannot be queried."""
_NUMBERS: Final = frozenset({"DS", "FD", "FL", "IS", "SL", "SS", "SV", "UL", "US", "UV"})
LONGEST_KEY: Final = 1024
"""Characters of a key other than a list of UIDs; no attribute that is searched by is longer."""
_DIGITS: Final = re.compile(r"[\d.:]*")


def keys_of(identifier: Dataset) -> Keys:
    """Return the keys of a C-FIND identifier or of the information of an action."""
    keys: Keys = {}
    for element in identifier:
        tag = f"{int(element.tag):08X}"
        if element.tag.element == 0 or tag in NEVER_KEYS:
            continue
        if element.VR == "SQ":
            keys[tag] = keys_of(element.value[0]) if element.value else {}
        else:
            value = element.value
            values = value if isinstance(value, (MultiValue, list)) else [value]
            keys[tag] = "" if value is None else "\\".join(str(part).strip(" \0") for part in values)
    return keys


def narrows(keys: Keys) -> bool:
    """Tell whether some key matches less than everything."""
    return any(narrows(key) if isinstance(key, dict) else not _is_universal(key) for key in keys.values())


def check_keys(keys: Keys, zone: Zone) -> None:
    """Raise InvalidInput (reason ``bad_key``) for a key that cannot be understood; `field` is its tag."""
    for tag, key in keys.items():
        if isinstance(key, dict):
            check_keys(key, zone)
        elif not _is_universal(key) and not _is_sound(tag, key, zone):
            raise InvalidInput("A matching key is malformed.", reason="bad_key", field=tag)


def matches(attributes: JsonDataSet, keys: Keys, zone: Zone) -> bool:
    """Tell whether a workitem, or an item of one of its sequences, has a value for each key."""
    return all(_has_match(attributes.get(tag), key, zone) for tag, key in keys.items())


def _has_match(element: JsonElement | None, key: str | Keys, zone: Zone) -> bool:
    if isinstance(key, dict):
        # All keys of a sequence are matched by one item (PS3.4 C.2.2.2.6).
        return not narrows(key) or any(matches(item, key, zone) for item in items_in(element))
    if _is_universal(key):
        return True
    vr = str(element["vr"]) if element is not None else ""
    return any(_is_match(vr, value, key, zone) for value in values_of(element))


def _is_match(vr: str, value: JsonValue, key: str, zone: Zone) -> bool:
    text = value_text(value)
    if vr == "DT":
        wanted, moment = parse_span(key, zone), parse_span(text, zone)
        return wanted is not None and moment is not None and moment.first is not None and wanted.holds(moment.first)
    if vr in {"DA", "TM"}:
        return _in_range(text, key)
    alternatives = [part for part in key.split("\\") if part]
    if vr == "UI":
        return text in alternatives
    if vr == "PN":
        return any(_is_name(text, part) for part in alternatives)
    if vr in _NUMBERS:
        return any(_is_number(text, part) for part in alternatives)
    return any(_wildcards(part).fullmatch(text) is not None for part in alternatives)


def _in_range(text: str, key: str) -> bool:
    """Match a date or a time: digits of limited precision stand for their whole span."""
    value = text.replace(":", "")
    first, separator, second = (part.strip().replace(":", "") for part in key.partition("-"))
    if not separator:
        second = first
    return (not first or value.ljust(13, "0") >= first.ljust(13, "0")) and (
        not second or value.ljust(13, "0") <= second.ljust(13, "9")
    )


def _is_name(text: str, key: str) -> bool:
    pattern = name_pattern(key).replace("%", "*").replace("_", "?")
    return bool(pattern) and fnmatchcase(name_key(text), pattern)


def _is_number(text: str, key: str) -> bool:
    try:
        return float(text) == float(key)
    except ValueError:
        return False


@lru_cache(maxsize=256)
def _wildcards(key: str) -> re.Pattern[str]:
    # `translate` makes of each `*` an atomic group: no key takes exponential time. Sets in brackets are none here.
    return re.compile(translate(key.replace("[", "[[]")))


def _is_universal(key: str) -> bool:
    return not key.strip("* \0")


def _is_sound(tag: str, key: str, zone: Zone) -> bool:
    if tag in _MOMENT_TAGS:
        return parse_span(key, zone) is not None
    if tag == tag_of("SOPInstanceUID"):
        return all(is_uid(part) for part in key.split("\\"))
    if len(key) > LONGEST_KEY:
        return False
    if tag == tag_of("PatientBirthDate"):
        return all(_DIGITS.fullmatch(part.strip()) is not None for part in key.split("-"))
    return True


_MOMENT_TAGS: Final = frozenset(
    tag_of(keyword)
    for keyword in (
        "ScheduledProcedureStepStartDateTime",
        "ScheduledProcedureStepModificationDateTime",
        "ScheduledProcedureStepExpirationDateTime",
        "ExpectedCompletionDateTime",
    )
)


def select_keys(attributes: JsonDataSet, keys: Keys) -> JsonDataSet:
    """Return what was asked for, empty where there is no value; a sequence asked for without item keys comes whole."""
    chosen: JsonDataSet = {}
    for tag, key in keys.items():
        element = attributes.get(tag)
        if element is None:
            chosen[tag] = {"vr": "SQ"} if isinstance(key, dict) else {"vr": _vr_of(tag)}
        elif isinstance(key, dict) and key and element["vr"] == "SQ":
            items = [select_keys(item, key) for item in items_in(element)]
            chosen[tag] = {"vr": "SQ", "Value": [*items]} if items else {"vr": "SQ"}
        else:
            chosen[tag] = element
    return chosen


def _vr_of(tag: str) -> str:
    try:
        return dictionary_VR(int(tag, 16)).rpartition(" ")[2]
    except KeyError:
        return "UN"
