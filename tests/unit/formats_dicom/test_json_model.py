"""DICOM JSON from encoded bytes says what pydicom's own model says, and never fails on what the gate accepts."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from negatoscope.formats.dicom.files import data_set_from_header, encode_data_set
from negatoscope.formats.dicom.gate import judge
from negatoscope.formats.dicom.json_model import bulk_value, data_set_to_json, dump_json, header_to_json
from negatoscope.formats.dicom.transfer_syntaxes import (
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)
from negatoscope.platform.errors import CorruptObject
from tests.builders.dicom import a_ct_slice, a_dx_image, bare_bytes, sample_files

SYNTAXES = (IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN)


def reference(data_set: Dataset) -> dict[str, Any]:
    model: dict[str, Any] = data_set.to_json_dict(
        bulk_data_threshold=1024, bulk_data_element_handler=lambda element: f"bulk/{int(element.tag):08X}"
    )
    return model


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("data_set", [a_dx_image(), a_ct_slice()], ids=["dx", "ct"])
def test_model_equals_pydicoms(data_set: Dataset, syntax: str) -> None:
    verdict = judge(bare_bytes(data_set, syntax), syntax)
    assert verdict.header is not None
    model = header_to_json(verdict.header, syntax, bulk_data_root="bulk", pixel_data_vr="OW")
    assert model == reference(data_set)
    assert json.loads(dump_json(model)) == model


def test_model_of_a_data_set_equals_that_of_its_bytes() -> None:
    data_set = a_dx_image()
    assert data_set_to_json(data_set, bulk_data_root="bulk") == reference(data_set)


def test_names_have_their_groups_and_texts_their_values() -> None:
    data_set = Dataset()
    data_set.SpecificCharacterSet = ["", "ISO 2022 IR 87"]
    data_set.PatientName = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    data_set.ImageType = ["ORIGINAL", "", "AXIAL"]
    data_set.ImageComments = "  first line\r\nsecond\\line  "
    model = header_to_json(bare_bytes(data_set), EXPLICIT_VR_LITTLE_ENDIAN, bulk_data_root="")
    name = {"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう"}
    assert model["00100010"] == {"vr": "PN", "Value": [name]}
    assert model["00080008"] == {"vr": "CS", "Value": ["ORIGINAL", None, "AXIAL"]}
    assert model["00204000"] == {"vr": "LT", "Value": ["  first line\r\nsecond\\line"]}
    assert model["00080005"] == {"vr": "CS", "Value": ["ISO_IR 192"]}


def test_numbers_that_are_none_stay_text() -> None:
    encoded = b"".join(
        [
            b"\x18\0\x51\x11IS\x04\0 12 ",
            b"\x18\0\x87\x90FD\x10\0" + b"\0\0\0\0\0\0\xf8\x3f" + b"\0\0\0\0\0\0\xf0\x7f",
            b"\x28\0\x52\x10DS\x04\0abc ",
            b"\x28\0\x53\x10DS\x04\0nan ",
        ]
    )
    model = header_to_json(encoded, EXPLICIT_VR_LITTLE_ENDIAN, bulk_data_root="")
    assert model["00181151"]["Value"] == [12]
    assert model["00189087"]["Value"] == [1.5, "inf"]
    assert model["00281052"]["Value"] == ["abc"]
    assert model["00281053"]["Value"] == ["nan"]


def test_nested_long_binaries_name_their_place() -> None:
    icon = Dataset()
    icon.Rows = 64
    icon.add_new(0x7FE00010, "OW", bytes(4096))
    data_set = Dataset()
    data_set.IconImageSequence = Sequence([icon])
    model = data_set_to_json(data_set, bulk_data_root="root")
    assert json.loads(dump_json(model))["00880200"]["Value"][0]["7FE00010"] == {
        "vr": "OW",
        "BulkDataURI": "root/00880200/0/7FE00010",
    }
    encoded = encode_data_set(data_set)
    assert bulk_value(encoded, EXPLICIT_VR_LITTLE_ENDIAN, "00880200/0/7FE00010") == bytes(4096)
    assert bulk_value(encoded, EXPLICIT_VR_LITTLE_ENDIAN, "00880200/1/7FE00010") is None


def test_what_the_gate_accepts_always_has_a_model() -> None:
    models = 0
    for path in sample_files():
        verdict = judge(path.read_bytes())
        if verdict.accepted and verdict.header is not None and verdict.transfer_syntax_uid is not None:
            model = header_to_json(verdict.header, verdict.transfer_syntax_uid, bulk_data_root="bulk")
            read = data_set_from_header(verdict.header, verdict.transfer_syntax_uid)
            assert {int(key, 16) for key in model} == {int(tag) for tag in read.keys() if int(tag) & 0xFFFF}, path.name  # noqa: SIM118
            models += len(dump_json(model)) > 2
    assert models > 50


@given(st.binary(max_size=300), st.sampled_from(SYNTAXES))
def test_nonsense_ends_in_one_error(data: bytes, syntax: str) -> None:
    with contextlib.suppress(CorruptObject):
        assert dump_json(header_to_json(data, syntax, bulk_data_root="")).startswith(b"{")
