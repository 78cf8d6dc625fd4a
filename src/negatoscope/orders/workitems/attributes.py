"""Read and write a data set in the DICOM JSON model (PS3.18 F.2) by keyword. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final, cast

from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset

from negatoscope.formats.dicom.json_model import data_set_to_json
from negatoscope.formats.dicom.json_values import JsonDataSet, JsonElement, JsonValue
from negatoscope.platform.errors import CorruptObject, InvalidInput

_NAME_GROUPS: Final = ("Alphabetic", "Ideographic", "Phonetic")


def read_attributes(data_set: Dataset) -> JsonDataSet:
    """Return a data set as the model; InvalidInput when a value cannot be written."""
    try:
        return data_set_to_json(data_set)
    except CorruptObject as error:
        sentence = "A value is not what its representation promises."
        raise InvalidInput(sentence, reason="invalid_attribute_value") from error


def write_attributes(attributes: JsonDataSet) -> Dataset:
    """Return the model as a data set."""
    return Dataset.from_json(attributes)


@cache
def tag_of(keyword: str) -> str:
    """Return the tag of a keyword of the dictionary as the model writes it."""
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise ValueError(f"{keyword} is no keyword")
    return f"{tag:08X}"


def has(data_set: JsonDataSet, keyword: str) -> bool:
    """Tell whether the attribute is present, with a value or without."""
    return tag_of(keyword) in data_set


def has_value(data_set: JsonDataSet, keyword: str) -> bool:
    """Tell whether the attribute is present with a value; a sequence with an item has one."""
    element = data_set.get(tag_of(keyword))
    return element is not None and (bool(element.get("Value")) or bool(element.get("InlineBinary")))


def values_of(element: JsonElement | None) -> Sequence[JsonValue]:
    """Return the values of an element; none when it is absent, empty or binary."""
    values = element.get("Value", ()) if element is not None else ()
    return values if isinstance(values, list) else ()


def text_of(data_set: JsonDataSet, keyword: str) -> str:
    """Return the first value as text, empty when there is none."""
    values = values_of(data_set.get(tag_of(keyword)))
    return value_text(values[0]) if values else ""


def value_text(value: JsonValue) -> str:
    """Return one value as DICOM writes it; the groups of a person's name parted by an equals sign."""
    if isinstance(value, dict):
        return "=".join(str(value.get(group, "")) for group in _NAME_GROUPS).rstrip("=")
    return "" if value is None else str(value)


def items_of(data_set: JsonDataSet, keyword: str) -> list[JsonDataSet]:
    """Return the items of a sequence."""
    return items_in(data_set.get(tag_of(keyword)))


def items_in(element: JsonElement | None) -> list[JsonDataSet]:
    """Return the items of an element that is a sequence."""
    # The values of SQ are data sets; those of PN are objects too, and are not asked for here.
    return [cast("JsonDataSet", value) for value in values_of(element) if isinstance(value, dict)]


def put(data_set: JsonDataSet, keyword: str, *values: JsonValue) -> None:
    """Write an attribute in the representation of the dictionary; without values it is empty."""
    vr = dictionary_VR(keyword)
    data_set[tag_of(keyword)] = {"vr": vr, "Value": list(values)} if values else {"vr": vr}


def copy(source: JsonDataSet, target: JsonDataSet, *keywords: str) -> None:
    """Copy the attributes that have a value."""
    for keyword in keywords:
        if has_value(source, keyword):
            target[tag_of(keyword)] = source[tag_of(keyword)]


def code_item(value: str, scheme: str, meaning: str) -> JsonDataSet:
    """Return one item of a code sequence."""
    item: JsonDataSet = {}
    put(item, "CodeValue", value)
    put(item, "CodingSchemeDesignator", scheme)
    put(item, "CodeMeaning", meaning)
    return item
