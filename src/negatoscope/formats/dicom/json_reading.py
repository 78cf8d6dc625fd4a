"""Read a data set out of DICOM JSON that strangers sent (PS3.18 annex F): strictly, and never deeper than the gate allows.

What comes out is the same pydicom data set as from the encoded form, so that both are judged by the same rules after this.
Errors: InvalidInput with the reason ``bad_json`` or ``bad_json_model``; `field` is the tag.
"""

from __future__ import annotations

import math
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping
from typing import Final

import orjson
from pydicom.config import IGNORE
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag

from negatoscope.formats.dicom.containers import MAXIMUM_DEPTH
from negatoscope.formats.dicom.elements import LONG_VRS, SHORT_VRS
from negatoscope.formats.dicom.files import PYDICOM_FAULTS
from negatoscope.formats.dicom.json_values import is_binary
from negatoscope.platform.errors import InvalidInput

_TEXTS: Final = frozenset({
    "AE", "AS", "CS", "DA", "DT", "LO", "LT", "SH", "ST", "TM", "UC", "UI", "UR", "UT",
})  # fmt: skip
_INTEGERS: Final[Mapping[str, tuple[int, int]]] = {
    "US": (0, 2**16 - 1),
    "SS": (-(2**15), 2**15 - 1),
    "UL": (0, 2**32 - 1),
    "SL": (-(2**31), 2**31 - 1),
    "UV": (0, 2**64 - 1),
    "SV": (-(2**63), 2**63 - 1),
}
_LONGEST: Final[Mapping[str, int]] = {
    "AE": 16,
    "CS": 16,
    "DA": 8,
    "DT": 26,
    "LO": 64,
    "SH": 16,
    "TM": 14,
    "UI": 64,
    "LT": 10_240,
}
_NAME_GROUPS: Final = ("Alphabetic", "Ideographic", "Phonetic")
_WHOLE: Final = frozenset({"LT", "ST", "UR", "UT"})
_KNOWN: Final = frozenset(vr.decode("ascii") for vr in LONG_VRS | SHORT_VRS)
_MEMBERS: Final = frozenset({"vr", "Value", "InlineBinary"})


def read_json_data_set(body: bytes, *, longest: int) -> Dataset:
    """Return the data set of a body that holds one object, or an array of one; references to bulk data are refused."""
    if len(body) > longest:
        raise InvalidInput("The body is too long.", reason="bad_json")
    try:
        model = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidInput("The body is no JSON.", reason="bad_json") from error
    if isinstance(model, list) and len(model) == 1:
        model = model[0]
    data_set = _data_set(model, 0)
    data_set.SpecificCharacterSet = "ISO_IR 192"  # JSON is Unicode, whatever the element says (PS3.18 F.2)
    return data_set


def _data_set(model: object, depth: int) -> Dataset:
    if not isinstance(model, dict) or depth > MAXIMUM_DEPTH:
        raise InvalidInput("A data set is a JSON object, nested no deeper than we read.", reason="bad_json_model")
    data_set = Dataset()
    for name, element in sorted(model.items()):
        tag = _tag(name)
        if tag & 0xFFFF == 0:
            continue  # group lengths say nothing
        try:
            data_set.add(_element(tag, element, depth))
        except InvalidInput:
            raise
        except PYDICOM_FAULTS as error:
            raise _bad("A value is not what its representation promises.", tag) from error
    return data_set


def _tag(name: str) -> int:
    if len(name) != 8 or any(digit not in "0123456789ABCDEFabcdef" for digit in name):
        raise InvalidInput("A tag is eight hexadecimal digits.", reason="bad_json_model")
    tag = int(name, 16)
    if tag >> 16 in {0x0000, 0x0002, 0xFFFE}:
        raise _bad("This group has no place in a data set.", tag)
    return tag


def _element(tag: int, element: object, depth: int) -> DataElement:
    if not isinstance(element, dict) or not set(element) <= _MEMBERS or len(element) > 2:
        raise _bad("An element has a representation and a value, and nothing else.", tag)
    vr = element.get("vr")
    if not isinstance(vr, str) or vr not in _KNOWN:
        raise _bad("An element lacks its representation.", tag)
    if "InlineBinary" in element:
        return _made(tag, vr, _binary(tag, vr, element["InlineBinary"]))
    values = element.get("Value", [])
    if not isinstance(values, list):
        raise _bad("The values of an element are an array.", tag)
    if vr == "SQ":
        return _made(tag, vr, Sequence([_data_set(item, depth + 1) for item in values]))
    read = [_value(tag, vr, value) for value in values]
    if vr in _WHOLE and len(read) > 1:
        raise _bad("This representation has one value.", tag)
    return _made(tag, vr, read[0] if len(read) == 1 else read or None)


def _made(tag: int, vr: str, value: object) -> DataElement:
    # What a value may be was looked at here; the library would only warn.
    return DataElement(Tag(tag), vr, value, validation_mode=IGNORE)


def _binary(tag: int, vr: str, content: object) -> bytes:
    if not is_binary(vr) or not isinstance(content, str):
        raise _bad("This representation is not binary.", tag)
    try:
        return b64decode(content, validate=True)
    except (Base64Error, ValueError) as error:
        raise _bad("The binary value is no base64.", tag) from error


def _value(tag: int, vr: str, value: object) -> object:
    if value is None:
        return "" if vr in _TEXTS or vr in {"DS", "IS", "PN"} else _refuse(tag)
    if vr in _TEXTS:
        return _text(tag, vr, value)
    if vr == "PN":
        return _name(tag, value)
    if vr in _INTEGERS:
        low, high = _INTEGERS[vr]
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        return value if is_whole and low <= value <= high else _refuse(tag)  # type: ignore[operator]  # whole, as is_whole says
    if vr in {"DS", "IS", "FD", "FL"}:
        return _number(tag, vr, value)
    if vr == "AT":
        return _tag(value) if isinstance(value, str) else _refuse(tag)
    return _refuse(tag)


def _text(tag: int, vr: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST.get(vr, 1 << 20) or ("\\" in value and vr not in _WHOLE):
        raise _bad("A text is too long for its representation, or holds a backslash.", tag)
    layout = "\n\r\t\f" if vr in _WHOLE | {"UC"} else ""
    if any(character not in layout and not character.isprintable() for character in value):
        raise _bad("A text holds a control character.", tag)
    return value


def _name(tag: int, value: object) -> str:
    if not isinstance(value, dict) or not set(value) <= set(_NAME_GROUPS):
        raise _bad("A person's name is an object of its groups.", tag)
    groups = [_text(tag, "LO", value.get(group, "")) for group in _NAME_GROUPS]
    if any("=" in group for group in groups):
        raise _bad("A group of a name holds a delimiter.", tag)
    return "=".join(groups).rstrip("=")


def _number(tag: int, vr: str, value: object) -> object:
    """Read a number, or the text of one, which PS3.18 F.2.3 allows for DS and IS."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return _refuse(tag)
    if isinstance(value, str) and (vr in {"FD", "FL"} or not value.isascii() or len(value) > 16):
        return _refuse(tag)
    try:
        number = int(value) if vr == "IS" and not isinstance(value, float) else float(value)
    except ValueError:
        return _refuse(tag)
    if not math.isfinite(number) or (vr == "IS" and number != int(number)):
        return _refuse(tag)
    if vr in {"FD", "FL"}:
        return float(number)
    text = value if isinstance(value, str) else f"{number:.10g}" if vr == "DS" else str(int(number))
    return text if len(text) <= 16 else _refuse(tag)


def _refuse(tag: int) -> object:
    raise _bad("A value is not what its representation promises.", tag)


def _bad(sentence: str, tag: int) -> InvalidInput:
    return InvalidInput(sentence, reason="bad_json_model", field=f"{tag:08X}")
