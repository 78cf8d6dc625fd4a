"""Conditions: each operator, several values, numbers written in two ways, and what may not be read by who tries a rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatoscope.archive.routing.conditions import examine, holds, is_comparable, is_ordered, names_somebody
from negatoscope.archive.routing.model import Condition, Operator

DATES = st.dates().map(lambda day: day.strftime("%Y%m%d").zfill(8))


def a_condition(keyword: str, operator: Operator, *values: str) -> Condition:
    return Condition(keyword=keyword, operator=operator, values=values)


@pytest.mark.parametrize(
    ("condition", "values", "expected"),
    [
        (a_condition("Modality", Operator.EQUALS, "DX"), ["DX"], True),
        (a_condition("Modality", Operator.EQUALS, "dx "), ["DX"], True),
        (a_condition("Modality", Operator.EQUALS, "DX"), ["CR"], False),
        (a_condition("Modality", Operator.EQUALS, "DX"), [], False),
        (a_condition("SeriesNumber", Operator.EQUALS, "1"), ["01"], True),
        (a_condition("KVP", Operator.EQUALS, "120"), ["120.0"], True),
        (a_condition("Modality", Operator.ONE_OF, "CR", "DX"), ["DX"], True),
        (a_condition("Modality", Operator.ONE_OF, "CR", "CT"), ["DX"], False),
        (a_condition("ImageType", Operator.EQUALS, "PRIMARY"), ["ORIGINAL", "PRIMARY"], True),
        (a_condition("StudyDescription", Operator.MATCHES, "thorax*"), ["Thorax de face"], True),
        (a_condition("StudyDescription", Operator.MATCHES, "*face"), ["Thorax de face"], True),
        (a_condition("StationName", Operator.MATCHES, "SALLE?"), ["SALLE1"], True),
        (a_condition("StationName", Operator.MATCHES, "SALLE?"), ["SALLE12"], False),
        (a_condition("StationName", Operator.MATCHES, "[A]*"), ["A1"], False),
        (a_condition("StationName", Operator.MATCHES, "[A]*"), ["[A]1"], True),
        (a_condition("BodyPartExamined", Operator.PRESENT), ["CHEST"], True),
        (a_condition("BodyPartExamined", Operator.PRESENT), ["  "], False),
        (a_condition("StudyDate", Operator.RANGE, "20260101", ""), ["20260101"], True),
        (a_condition("StudyDate", Operator.RANGE, "20260101", "20260131"), ["20260201"], False),
        (a_condition("StudyTime", Operator.RANGE, "08", "1200"), ["101112"], True),
        (a_condition("SliceThickness", Operator.RANGE, "", "1.5"), ["1.25"], True),
        (a_condition("SliceThickness", Operator.RANGE, "-1", "1.5"), ["1.6"], False),
        (a_condition("SliceThickness", Operator.RANGE, "0", "1.5"), ["thin"], False),
        (a_condition("SliceThickness", Operator.RANGE, "thin", "1.5"), ["1"], False),
        (a_condition("SliceThickness", Operator.RANGE, "0", "9"), ["NaN"], False),
    ],
)
def test_a_condition_holds_when_one_value_fits(condition: Condition, values: list[str], expected: bool) -> None:
    assert holds(condition, values) is expected


@given(low=DATES, high=DATES, value=DATES)
def test_a_range_of_dates_is_that_of_their_digits(low: str, high: str, value: str) -> None:
    assert holds(a_condition("StudyDate", Operator.RANGE, low, high), [value]) is (low <= value <= high)


@given(st.text())
def test_no_value_is_too_strange_to_be_compared(value: str) -> None:
    for keyword in ("Modality", "StudyDate", "StudyTime", "SliceThickness"):
        for operator in Operator:
            wanted = {Operator.PRESENT: (), Operator.RANGE: (value, value)}.get(operator, (value,))
            assert holds(a_condition(keyword, operator, *wanted), [value]) in {True, False}


def test_who_wants_the_verdict_alone_reads_no_further() -> None:
    asked: list[str] = []

    def values_of(keyword: str) -> tuple[str, ...]:
        asked.append(keyword)
        return ()

    conditions = [a_condition("Modality", Operator.PRESENT), a_condition("PatientSex", Operator.PRESENT)]
    assert all(finding.holds for finding in examine(conditions, values_of)) is False
    assert asked == ["Modality"]


@pytest.mark.parametrize(
    ("keyword", "comparable", "ordered", "veiled"),
    [
        ("Modality", True, False, False),
        ("SeriesDescription", True, False, False),
        ("StudyDate", True, True, False),
        ("KVP", True, True, False),
        ("PatientName", True, False, True),
        ("PatientID", True, False, True),
        ("PatientWeight", True, True, True),
        ("ReferringPhysicianName", True, False, True),
        ("AccessionNumber", True, False, True),
        ("RequestAttributesSequence", False, False, False),
        ("PixelData", False, False, False),
        ("NoSuchKeyword", False, False, False),
    ],
)
def test_attributes_that_can_be_compared_ordered_or_name_somebody(
    keyword: str, comparable: bool, ordered: bool, veiled: bool
) -> None:
    assert (is_comparable(keyword), is_ordered(keyword), names_somebody(keyword)) == (comparable, ordered, veiled)
