"""Write one match of a search as a data set or as DICOM JSON. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydicom.dataset import Dataset

from negatoscope.archive.query_attributes import (
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


def json_of(attributes: Sequence[Attribute], row: Sequence[Any]) -> dict[str, JsonValue]:
    """Return one object of the DICOM JSON model."""
    answer = dict(_CONSTANTS)
    for attribute, value in zip(attributes, row, strict=True):
        if attribute.matching is Matching.REQUEST:
            values: list[JsonValue] = [_request_json(request) for request in value or ()]
        else:
            values = [_json_value(attribute.vr, entry) for entry in attribute.format(value)]
        answer[attribute.tag] = {"vr": attribute.vr, "Value": values} if values else {"vr": attribute.vr}
    return answer


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
