"""DICOM JSON that strangers send: what is sound comes out as it was, anything else is refused and nothing breaks."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from negatoscope.formats.dicom.json_model import data_set_to_json, dump_json
from negatoscope.formats.dicom.json_reading import read_json_data_set
from negatoscope.platform.errors import InvalidInput
from tests.builders.workitems import a_code, a_performance, a_workitem

LONGEST = 1 << 20


def read(model: Any) -> dict[str, Any]:
    return dict(data_set_to_json(read_json_data_set(json.dumps(model).encode(), longest=LONGEST)))


@pytest.mark.parametrize("make", [a_workitem, a_performance, a_code])
def test_what_we_write_is_read_as_it_was(make: Callable[[], Dataset]) -> None:
    data_set = make()
    data_set.SpecificCharacterSet = "ISO_IR 192"
    data_set.PatientName = "Lefèvre^Chloé=レフェ"
    model = data_set_to_json(data_set)
    assert data_set_to_json(read_json_data_set(dump_json(model), longest=LONGEST)) == model
    assert data_set_to_json(read_json_data_set(dump_json([model]), longest=LONGEST)) == model


def test_each_kind_of_value_is_read() -> None:
    model = {
        "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]},
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "A^B", "Phonetic": "a"}]},
        "00181310": {"vr": "US", "Value": [0, 65535, 0, 1]},
        "00101030": {"vr": "DS", "Value": [72.5]},
        "00200013": {"vr": "IS", "Value": [3]},
        "00189087": {"vr": "FD", "Value": [1.25]},
        "00280009": {"vr": "AT", "Value": ["00181063"]},
        "00420011": {"vr": "OB", "InlineBinary": "AAEC"},
        "00080020": {"vr": "DA"},
    }
    assert read(model) == model | {"00420011": {"vr": "OB", "InlineBinary": "AAECAA=="}}  # padded to even length


@pytest.mark.parametrize(
    "model",
    [
        [],
        [{}, {}],
        "text",
        {"0010001": {"vr": "LO"}},
        {"0010001G": {"vr": "LO"}},
        {"00100010": []},
        {"00100010": {"Value": []}},
        {"00100010": {"vr": "PN", "Value": ["A^B"]}},
        {"00100010": {"vr": "PN", "Value": [{"Other": "A"}]}},
        {"00100010": {"vr": "PN", "Value": [{"Alphabetic": "A=B"}]}},
        {"00100020": {"vr": "LO", "Value": "A"}},
        {"00100020": {"vr": "LO", "Value": ["A\\B"]}},
        {"00100020": {"vr": "LO", "Value": ["A" * 65]}},
        {"00100020": {"vr": "LO", "Value": ["A\u0000"]}},
        {"00100020": {"vr": "LO", "Value": [1]}},
        {"00100020": {"vr": "XX", "Value": ["A"]}},
        {"00100020": {"vr": "LO", "Value": ["A"], "Extra": 1}},
        {"00100020": {"vr": "LO", "BulkDataURI": "file:///etc/passwd"}},
        {"00280010": {"vr": "US", "Value": [-1]}},
        {"00280010": {"vr": "US", "Value": [65536]}},
        {"00280010": {"vr": "US", "Value": [True]}},
        {"00280010": {"vr": "US", "Value": [1.5]}},
        {"00200013": {"vr": "IS", "Value": [1.5]}},
        {"00101030": {"vr": "DS", "Value": ["heavy"]}},
        {"00189087": {"vr": "FD", "Value": [None]}},
        {"00420011": {"vr": "OB", "InlineBinary": "!"}},
        {"00100020": {"vr": "LO", "InlineBinary": "AAEC"}},
        {"00020010": {"vr": "UI", "Value": ["1.2"]}},
        {"FFFEE000": {"vr": "SQ", "Value": []}},
        {"00400275": {"vr": "SQ", "Value": ["item"]}},
    ],
    ids=lambda model: json.dumps(model)[:60],
)
def test_what_is_not_the_model_is_refused(model: Any) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_json_data_set(json.dumps(model).encode(), longest=LONGEST)
    assert refused.value.reason in {"bad_json", "bad_json_model"}


def test_neither_depth_nor_length_hurts() -> None:
    deep = b'{"00400275":{"vr":"SQ","Value":[' * 900 + b"{}" + b"]}}" * 900
    with pytest.raises(InvalidInput):
        read_json_data_set(deep, longest=LONGEST)
    with pytest.raises(InvalidInput):
        read_json_data_set(b" " * 11, longest=10)
    with pytest.raises(InvalidInput):
        read_json_data_set(b"{", longest=10)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["vr", "Value", "00100010"]), inner, max_size=3)
    ),
    max_leaves=8,
)
elements = st.fixed_dictionaries(
    {"vr": st.sampled_from(["PN", "LO", "DS", "IS", "US", "SQ", "UI", "DT", "OB", "AT", "UN", "FD", "??"])},
    optional={"Value": st.lists(json_values, max_size=3) | json_values, "InlineBinary": json_values},
)


@given(st.dictionaries(st.sampled_from(["00100010", "00100020", "00400275", "00280010", "7FE00010"]), elements, max_size=3))
def test_whatever_is_sent_is_read_or_refused(model: dict[str, Any]) -> None:
    try:
        data_set = read_json_data_set(json.dumps(model).encode(), longest=LONGEST)
    except InvalidInput:
        return
    data_set_to_json(data_set)
