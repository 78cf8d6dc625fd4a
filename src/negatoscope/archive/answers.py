"""Write one match of a search as a data set or as DICOM JSON. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from pydicom.dataset import Dataset

from negatoscope.archive.query_attributes import (
    ATTRIBUTES,
    CONSTANT_ATTRIBUTES,
    REQUEST_KEYS,
    Attribute,
    Matching,
    Value,
    tag_of,
)
from negatoscope.platform.json_value import JsonValue

_CONSTANTS: dict[str, JsonValue] = {
    tag_of(keyword): {"vr": "CS", "Value": [value]} for keyword, value in CONSTANT_ATTRIBUTES.items()
}
_NAME_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_REQUEST_VRS = {keyword: ("UI" if keyword.endswith("UID") else "SH") for keyword in REQUEST_KEYS}


def json_of(attributes: Sequence[Attribute], rows: Sequence[Sequence[Any]]) -> list[dict[str, JsonValue]]:
    """Return one object of the DICOM JSON model a row; empty attributes are one object shared by all."""
    writers = [(attribute.tag, _json_writer(attribute.keyword)) for attribute in attributes]
    return [_CONSTANTS | {tag: write(value) for (tag, write), value in zip(writers, row, strict=True)} for row in rows]


@cache
def _json_writer(keyword: str) -> Callable[[Any], dict[str, Any]]:
    """Return what writes a value of this attribute: chosen once, since a search of images writes thousands."""
    attribute = ATTRIBUTES[keyword]
    vr, form = attribute.vr, attribute.format
    empty = {"vr": vr}
    if attribute.matching is Matching.REQUEST:
        return lambda requests: {"vr": vr, "Value": [_request_json(request) for request in requests]} if requests else empty
    if vr in {"PN", "IS", "US"}:

        def write_converted(value: object) -> dict[str, Any]:
            values = [_json_value(vr, entry) for entry in form(value)]
            return {"vr": vr, "Value": values} if values else empty

        return write_converted

    def write(value: object) -> dict[str, Any]:
        values = form(value)
        return {"vr": vr, "Value": values} if values else empty

    return write


def dataset_of(attributes: Sequence[Attribute], row: Sequence[Any]) -> Dataset:
    """Return one match as a data set; an attribute without value is present and empty."""
    answer = Dataset()
    for keyword, constant in CONSTANT_ATTRIBUTES.items():
        setattr(answer, keyword, constant)
    for attribute, value in zip(attributes, row, strict=True):
        if attribute.matching is Matching.REQUEST:
            answer.RequestAttributesSequence = [_request_dataset(request) for request in value or ()]
            continue
        values = attribute.format(value)
        setattr(answer, attribute.keyword, values[0] if len(values) == 1 else values or None)
    return answer


def _json_value(vr: str, value: Value) -> JsonValue:
    if vr != "PN":
        return int(value) if vr in {"IS", "US"} else value
    groups = str(value).split("=")
    return {name: group for name, group in zip(_NAME_GROUPS, groups, strict=False) if group}


def _request_json(request: Mapping[str, str]) -> JsonValue:
    return {
        tag_of(keyword): {"vr": _REQUEST_VRS[keyword], "Value": [request[member]]}
        for keyword, member in REQUEST_KEYS.items()
        if request.get(member)
    }


def _request_dataset(request: Mapping[str, str]) -> Dataset:
    item = Dataset()
    for keyword, member in REQUEST_KEYS.items():
        if request.get(member):
            setattr(item, keyword, request[member])
    return item
