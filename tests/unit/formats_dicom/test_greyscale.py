"""The grey table agrees with the formulas of the standard, computed apart, one value at a time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from negatoscope.formats.dicom.files import data_set_from_header, encode_data_set
from negatoscope.formats.dicom.greyscale import (
    GreyscaleParameters,
    LookupTable,
    VoiFunction,
    Window,
    grey_table,
    stored_values,
)
from negatoscope.formats.dicom.greyscale_plain import greyscale_as_plain, greyscale_from_plain
from negatoscope.formats.dicom.greyscale_reading import list_voi, read_greyscale, with_window
from negatoscope.formats.dicom.transfer_syntaxes import (
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)
from negatoscope.platform.errors import InvalidInput
from tests.builders.dicom import a_ct_slice, a_dx_image
from tests.golden.greyscale.make_vectors import all_files, encoded, exact_grey

GOLDEN = Path(__file__).parents[2] / "golden" / "greyscale"
CASES = [case for path in sorted(GOLDEN.glob("*.json")) for case in json.loads(path.read_text(encoding="utf-8"))]


def parameters_of(case: dict[str, Any]) -> GreyscaleParameters:
    def lut(given: dict[str, Any]) -> LookupTable:
        return LookupTable(first_mapped=given["first_mapped"], bits=given["bits"], data=tuple(given["data"]))

    voi = case["voi"]
    if voi is not None:
        voi = lut(voi["lut"]) if "lut" in voi else Window(**{**voi, "function": VoiFunction(voi["function"])})
    padding = None
    if case["padding_value"] is not None:
        limit = case["padding_range_limit"]
        padding = (case["padding_value"], case["padding_value"] if limit is None else limit)
    return GreyscaleParameters(
        bits_stored=case["bits_stored"],
        is_signed=case["pixel_representation"] == 1,
        photometric_interpretation=case["photometric_interpretation"],
        rescale_slope=case["rescale_slope"],
        rescale_intercept=case["rescale_intercept"],
        modality_lut=None if case["modality_lut"] is None else lut(case["modality_lut"]),
        voi=voi,
        presentation_lut_shape=case["presentation_lut_shape"],
        padding=padding,
    )


def greys(case: dict[str, Any], *, above: int = 0) -> list[int]:
    data_range = None if case["data_range"] is None else tuple(case["data_range"])
    table = grey_table(parameters_of(case), data_range=data_range, invert=case["invert"])
    mask = (1 << case["bits_stored"]) - 1
    return [int(table[(stored & mask) | (above & ~mask & 0xFFFF)]) for stored in case["stored"]]


def test_the_vectors_are_what_their_script_makes() -> None:
    assert {path.stem: path.read_text(encoding="utf-8") for path in GOLDEN.glob("*.json")} == {
        name: encoded(cases) for name, cases in all_files().items()
    }
    assert len(CASES) >= 30


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_table_gives_the_expected_greys(case: dict[str, Any]) -> None:
    assert greys(case) == case["expected"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_bits_above_the_stored_ones_change_nothing(case: dict[str, Any]) -> None:
    assert greys(case, above=0xFFFF) == case["expected"]


@given(
    function=st.sampled_from(list(VoiFunction)),
    center=st.floats(-5000, 5000),
    width=st.floats(1.5, 9000),
    slope=st.floats(0.01, 4),
    intercept=st.floats(-2000, 2000),
    signed=st.booleans(),
    photometric=st.sampled_from(["MONOCHROME1", "MONOCHROME2"]),
    stored=st.integers(-2048, 2047),
)
def test_any_window_is_within_one_grey_of_the_formula(
    function: VoiFunction,
    center: float,
    width: float,
    slope: float,
    intercept: float,
    signed: bool,
    photometric: str,
    stored: int,
) -> None:
    given_case = CASES[0] | {
        "voi": {"function": function.value, "center": center, "width": width},
        "rescale_slope": slope,
        "rescale_intercept": intercept,
        "pixel_representation": int(signed),
        "photometric_interpretation": photometric,
        "stored": [stored if signed else stored + 2048],
    }
    assert abs(greys(given_case)[0] - exact_grey(given_case, given_case["stored"][0])) <= 0.5001


def test_widths_that_the_standard_forbids_are_a_step_and_never_fail() -> None:
    for function in VoiFunction:
        for width in (0.0, -5.0):
            parameters = GreyscaleParameters(bits_stored=12, voi=Window(center=2000, width=width, function=function))
            table = grey_table(parameters)
            assert table[1000] == 0
            assert table[3000] == 255


def test_the_table_rises_with_the_stored_value() -> None:
    for function in VoiFunction:
        table = grey_table(GreyscaleParameters(bits_stored=16, voi=Window(center=30000, width=20000, function=function)))
        assert (np.diff(table.astype(int)) >= 0).all()


def test_stored_bits_that_do_not_start_at_the_lowest_are_found() -> None:
    parameters = GreyscaleParameters(bits_stored=12, high_bit=15, is_signed=True)
    values = stored_values(parameters)
    assert values[0x0010] == 1
    assert values[0xFFF7] == -1
    assert values[0x8000] == -2048


def a_lut(entries: list[int], *, first: int = 0, bits: int = 12, vr: str = "US", explanation: str = "") -> Dataset:
    item = Dataset()
    item.add_new(0x00283002, "SS" if first < 0 else "US", [len(entries) if len(entries) < 65536 else 0, first, bits])
    item.add_new(0x00283006, vr, np.asarray(entries, "<u2").tobytes() if vr == "OW" else entries)
    if explanation:
        item.LUTExplanation = explanation
    return item


@pytest.mark.parametrize("syntax", [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_BIG_ENDIAN])
def test_luts_and_windows_are_read_from_a_data_set(syntax: str) -> None:
    data_set = a_dx_image(
        photometric="MONOCHROME1",
        VOILUTSequence=Sequence([a_lut([0, 10, 4095], explanation="NORMAL"), a_lut([0, 4095])]),
        WindowCenter=["2000", "1000.5"],
        WindowWidth=["3000", "500"],
        WindowCenterWidthExplanation=["Soft", "Bone"],
        VOILUTFunction="SIGMOID",
        PresentationLUTShape="INVERSE",
        RescaleSlope="2",
        RescaleIntercept="-7",
        PixelPaddingValue=0,
    )
    del data_set.PixelData
    read = data_set_from_header(encode_data_set(data_set, syntax), syntax)
    assert list_voi(read) == [
        LookupTable(first_mapped=0, bits=12, data=(0, 10, 4095), explanation="NORMAL"),
        LookupTable(first_mapped=0, bits=12, data=(0, 4095)),
        Window(center=2000, width=3000, function=VoiFunction.SIGMOID, explanation="Soft"),
        Window(center=1000.5, width=500, function=VoiFunction.SIGMOID, explanation="Bone"),
    ]
    parameters = read_greyscale(read, choice=2)
    assert parameters == GreyscaleParameters(
        bits_stored=12,
        high_bit=11,
        photometric_interpretation="MONOCHROME1",
        rescale_slope=2,
        rescale_intercept=-7,
        voi=Window(center=2000, width=3000, function=VoiFunction.SIGMOID, explanation="Soft"),
        presentation_lut_shape="INVERSE",
        padding=(0, 0),
    )
    assert greyscale_from_plain(greyscale_as_plain(parameters)) == parameters
    first = read_greyscale(read)
    assert greyscale_from_plain(json.loads(json.dumps(greyscale_as_plain(first)))) == first


def test_a_lut_in_words_or_with_two_entries_a_word_is_read() -> None:
    assert list_voi(a_dx_image(VOILUTSequence=Sequence([a_lut([5, 6, 7], vr="OW")])))[0] == LookupTable(
        first_mapped=0, bits=12, data=(5, 6, 7)
    )
    packed = a_lut([0x0201, 0x0403], bits=8)
    packed.LUTDescriptor = [4, 0, 8]
    assert list_voi(a_dx_image(VOILUTSequence=Sequence([packed])))[0] == LookupTable(first_mapped=0, bits=8, data=(1, 2, 3, 4))


def test_broken_luts_are_passed_over() -> None:
    short = a_lut([1, 2, 3])
    short.LUTDescriptor = [100, 0, 12]
    deep = a_lut([1, 2, 3], bits=17)
    empty = Dataset()
    found = list_voi(a_dx_image(VOILUTSequence=Sequence([short, deep, empty])))
    assert all(isinstance(voi, Window) for voi in found)


def test_values_without_meaning_are_passed_over() -> None:
    data_set = a_dx_image(VOILUTFunction="NONSENSE")
    data_set.WindowCenter = ["100", "200"]
    data_set.WindowWidth = "50"
    assert list_voi(data_set) == [Window(center=100, width=50)]


def test_padding_written_with_the_other_sign_is_understood() -> None:
    data_set = a_ct_slice()
    data_set.add_new(0x00280120, "US", 63536)
    assert read_greyscale(data_set).padding == (-2000, -2000)


def test_functional_groups_come_before_the_data_set() -> None:
    def group(center: str) -> Dataset:
        voi = Dataset()
        voi.WindowCenter, voi.WindowWidth = center, "10"
        holder = Dataset()
        holder.FrameVOILUTSequence = Sequence([voi])
        return holder

    data_set = a_ct_slice(
        PerFrameFunctionalGroupsSequence=Sequence([group("1"), group("2")]),
        SharedFunctionalGroupsSequence=Sequence([group("3")]),
    )
    assert list_voi(data_set, frame=2) == [Window(center=2, width=10)]
    del data_set.PerFrameFunctionalGroupsSequence
    assert list_voi(data_set, frame=2) == [Window(center=3, width=10)]


def test_colour_has_no_grey_scale() -> None:
    with pytest.raises(InvalidInput):
        read_greyscale(a_dx_image(PhotometricInterpretation="RGB"))


def test_another_window_replaces_the_transformation() -> None:
    seen = with_window(read_greyscale(a_dx_image()), Window(center=5, width=6))
    assert seen.voi == Window(center=5, width=6)
