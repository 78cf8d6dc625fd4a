"""Values of one element in the DICOM JSON model (PS3.18 F.2), from their encoded bytes."""

from __future__ import annotations

import math
import struct
from base64 import b64encode
from typing import Final, TypeAlias

from negatoscope.formats.dicom.charsets import TextDecoder

JsonValue: TypeAlias = "str | int | float | dict[str, str] | JsonDataSet | None"
JsonElement: TypeAlias = "dict[str, str | list[JsonValue]]"
JsonDataSet: TypeAlias = "dict[str, JsonElement]"

BULK_THRESHOLD: Final = 1024

_NUMBERS: Final = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d", "UV": "Q", "SV": "q"}
_SIZES: Final = {vr: struct.calcsize(code) for vr, code in _NUMBERS.items()}
_WHOLE_TEXTS: Final = ("LT", "ST", "UT", "UR")
_BINARY: Final = ("OB", "OW", "OF", "OD", "OL", "OV", "UN")
_NAME_GROUPS: Final = ("Alphabetic", "Ideographic", "Phonetic")


def is_binary(vr: str) -> bool:
    """Tell whether values of this representation are bytes, not text, numbers or items."""
    return vr in _BINARY


def element_json(vr: str, value: bytes, decoder: TextDecoder, *, little_endian: bool, bulk_data_uri: str) -> JsonElement:
    """Return the JSON object of one element that is no sequence; long binaries become a reference."""
    if not value:
        return {"vr": vr}
    if vr in _BINARY:
        if len(value) > BULK_THRESHOLD:
            return {"vr": vr, "BulkDataURI": bulk_data_uri}
        return {"vr": vr, "InlineBinary": b64encode(value).decode("ascii")}
    if vr in _NUMBERS:
        return {"vr": vr, "Value": _numbers(vr, value, little_endian)}
    if vr == "AT":
        return {"vr": vr, "Value": _tags(value, little_endian)}
    if vr in _WHOLE_TEXTS:
        text = decoder.text(value, keeps_layout=vr != "UR")
        return {"vr": vr, "Value": [text]} if text else {"vr": vr}
    if vr == "PN":
        return _with_values(vr, [_person_name(name) for name in decoder.text(value, is_person_name=True).split("\\")])
    if vr in ("DS", "IS"):
        return _with_values(vr, [number_json(text, vr) for text in decoder.text(value).split("\\")])
    # The most frequent by far: short texts, usually of one value.
    return _with_values(vr, [text.strip(" \0") or None for text in decoder.text(value).split("\\")])


def _with_values(vr: str, values: list[JsonValue]) -> JsonElement:
    if values == [None]:
        return {"vr": vr}
    return {"vr": vr, "Value": values}


def _numbers(vr: str, value: bytes, little_endian: bool) -> list[JsonValue]:
    count = len(value) // _SIZES[vr]
    numbers = struct.unpack_from(f"{'<' if little_endian else '>'}{count}{_NUMBERS[vr]}", value)
    if vr in ("FL", "FD"):
        return [_finite(number) for number in numbers]
    return list(numbers)


def _finite(number: float) -> JsonValue:
    # JSON has no such numbers; a string keeps what was there.
    return number if math.isfinite(number) else str(number)


def _tags(value: bytes, little_endian: bool) -> list[JsonValue]:
    numbers = struct.unpack_from(f"{'<' if little_endian else '>'}{len(value) // 4 * 2}H", value)
    return [f"{group:04X}{number:04X}" for group, number in zip(numbers[::2], numbers[1::2], strict=True)]


def number_json(text: str, vr: str) -> JsonValue:
    """Return DS and IS as JSON numbers; what is no number stays the text it is (PS3.18 F.2.3 allows both)."""
    stripped = text.strip()
    if not stripped:
        return None
    try:
        if vr == "IS":
            return int(stripped)
        number = float(stripped)
    except ValueError:
        return stripped
    return number if math.isfinite(number) else stripped


def _person_name(name: str) -> JsonValue:
    groups = {keyword: text.rstrip(" ") for keyword, text in zip(_NAME_GROUPS, name.split("="), strict=False) if text.strip()}
    return groups or None
