"""Matching keys of workitems: each kind of matching, on values of each kind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from negatoscope.orders.workitems.attributes import tag_of
from negatoscope.orders.workitems.matching import LONGEST_KEY, Keys, check_keys, keys_of, matches, narrows, select_keys
from negatoscope.orders.workitems.moments import parse_moment, parse_offset, parse_span, write_moment
from negatoscope.orders.workitems.searching import narrowing_of
from negatoscope.platform.errors import InvalidInput
from tests.builders.workitems import a_code, a_request_reference, a_workitem, as_attributes

PARIS = ZoneInfo("Europe/Paris")
WORKITEM = as_attributes(
    a_workitem(
        PatientName="Lefèvre^Chloé",
        PatientID="P-1",
        PatientBirthDate="19800131",
        StudyInstanceUID="2.25.7",
        ScheduledWorkitemCodeSequence=Sequence([a_code("1", "A", "One"), a_code("2", "B", "Two")]),
        ReferencedRequestSequence=Sequence([a_request_reference("ACC1")]),
    )
)


def key(**values: str) -> Keys:
    return {tag_of(keyword): value for keyword, value in values.items()}


def test_no_key_and_empty_keys_match_everything() -> None:
    universal: list[Keys] = [{}, key(PatientName="", PatientID="*"), {tag_of("ScheduledWorkitemCodeSequence"): {}}]
    for keys in universal:
        assert matches(WORKITEM, keys, PARIS)
        assert not narrows(keys)


@pytest.mark.parametrize(
    ("keyword", "wanted", "is_match"),
    [
        ("PatientName", "LEFEVRE^CHLOE", True),
        ("PatientName", "lefè*", True),
        ("PatientName", "Lef*e^C?loe", True),
        ("PatientName", "Martin*", False),
        ("PatientID", "P-1", True),
        ("PatientID", "P-?", True),
        ("PatientID", "p-1", False),
        ("PatientID", "P-*1", True),
        ("StudyInstanceUID", "2.25.7", True),
        ("StudyInstanceUID", "2.25.6\\2.25.7", True),
        ("StudyInstanceUID", "2.25.*", False),
        ("ProcedureStepState", "SCHEDULED\\IN PROGRESS", True),
        ("ProcedureStepState", "COMPLETED", False),
        ("PatientBirthDate", "19800131", True),
        ("PatientBirthDate", "1980", True),
        ("PatientBirthDate", "19800101-19801231", True),
        ("PatientBirthDate", "-19791231", False),
        ("ScheduledProcedureStepStartDateTime", "20260310", True),
        ("ScheduledProcedureStepStartDateTime", "20260310083000+0000", True),
        ("ScheduledProcedureStepStartDateTime", "202603100930-202603100931", True),
        ("ScheduledProcedureStepStartDateTime", "20260311-", False),
        ("ScheduledProcedureStepStartDateTime", "-20260310093000", True),
        ("ScheduledProcedureStepStartDateTime", "20260310093000-0500", False),
        ("AdmissionID", "anything", False),
    ],
)
def test_each_kind_of_value_is_matched_in_its_way(keyword: str, wanted: str, is_match: bool) -> None:
    assert matches(WORKITEM, key(**{keyword: wanted}), PARIS) is is_match


def test_the_keys_of_a_sequence_are_met_by_one_item() -> None:
    tag = tag_of("ScheduledWorkitemCodeSequence")
    assert matches(WORKITEM, {tag: key(CodeValue="2", CodingSchemeDesignator="B")}, PARIS)
    assert not matches(WORKITEM, {tag: key(CodeValue="2", CodingSchemeDesignator="A")}, PARIS)
    assert matches(WORKITEM, {tag_of("ReferencedRequestSequence"): key(AccessionNumber="ACC*")}, PARIS)


def test_an_identifier_becomes_keys_without_the_lock() -> None:
    identifier = Dataset()
    identifier.TransactionUID, identifier.PatientName, identifier.SpecificCharacterSet = "2.25.1", "A*", "ISO_IR 192"
    identifier.ProcedureStepState = ["SCHEDULED", "COMPLETED"]
    identifier.ScheduledWorkitemCodeSequence = Sequence([a_code("1")])
    identifier.InputInformationSequence = Sequence([])
    assert keys_of(identifier) == {
        tag_of("PatientName"): "A*",
        tag_of("ProcedureStepState"): "SCHEDULED\\COMPLETED",
        tag_of("ScheduledWorkitemCodeSequence"): key(CodeValue="1", CodingSchemeDesignator="DCM", CodeMeaning="Interpretation"),
        tag_of("InputInformationSequence"): {},
    }


@pytest.mark.parametrize(
    "keys",
    [
        key(ScheduledProcedureStepStartDateTime="soon"),
        key(ScheduledProcedureStepStartDateTime="-"),
        key(SOPInstanceUID="../1"),
        key(PatientBirthDate="19800131-x"),
    ],
)
def test_a_key_that_cannot_be_understood_is_refused(keys: Keys) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_keys(keys, PARIS)
    assert refused.value.reason == "bad_key"


def test_what_was_asked_for_comes_back_and_nothing_else() -> None:
    tag = tag_of("ScheduledWorkitemCodeSequence")
    chosen = select_keys(WORKITEM, {tag_of("PatientID"): "", tag_of("AccessionNumber"): "", tag: key(CodeValue="")})
    assert set(chosen) == {tag_of("PatientID"), tag_of("AccessionNumber"), tag}
    assert chosen[tag_of("AccessionNumber")] == {"vr": "SH"}
    assert chosen[tag]["Value"] == [
        {"00080100": {"vr": "SH", "Value": ["1"]}},
        {"00080100": {"vr": "SH", "Value": ["2"]}},
    ]
    assert select_keys(WORKITEM, {tag: {}})[tag] == WORKITEM[tag]


def test_the_index_is_asked_for_no_less_than_the_keys_match() -> None:
    plain = narrowing_of(key(ProcedureStepState="SCHEDULED\\COMPLETED", PatientID="P-1", WorklistLabel="AI"), PARIS)
    assert (plain.states, plain.patient_identifier, plain.worklist_label) == (("SCHEDULED", "COMPLETED"), "P-1", "AI")
    wild = narrowing_of(key(ProcedureStepState="S*", PatientID="P-*", WorklistLabel="A?", SOPInstanceUID="*"), PARIS)
    assert wild == narrowing_of({}, PARIS)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2026", "2026-01-01T00:00:00", "2026-12-31T23:59:59.999999"),
        ("202602", "2026-02-01T00:00:00", "2026-02-28T23:59:59.999999"),
        ("2026031009", "2026-03-10T09:00:00", "2026-03-10T09:59:59.999999"),
        ("20260310093012.5", "2026-03-10T09:30:12.500000", "2026-03-10T09:30:12.599999"),
        ("20260310093060", "2026-03-10T09:30:59", "2026-03-10T09:30:59.999999"),
    ],
)
def test_a_moment_of_limited_precision_is_a_span(text: str, first: str, last: str) -> None:
    span = parse_span(text, UTC)
    assert span is not None
    assert (span.first, span.last) == (
        datetime.fromisoformat(first).replace(tzinfo=UTC),
        datetime.fromisoformat(last).replace(tzinfo=UTC),
    )


@pytest.mark.parametrize("text", ["", "20", "2026013", "20260310093000+9900", "20261301", "202603109", "2026.5"])
def test_what_is_no_moment_is_none(text: str) -> None:
    assert parse_moment(text, UTC) is None


def test_offsets_are_read_and_others_are_not() -> None:
    assert parse_offset("-0530") == timezone(-timedelta(hours=5, minutes=30))
    assert [parse_offset(text) for text in ("", "0100", "+1", "+1460", "+1500", None)] == [None] * 6


moments = st.integers(min_value=-(2**31), max_value=2**32).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(moments)
def test_what_is_written_is_read_again(moment: datetime) -> None:
    assert parse_moment(write_moment(moment), PARIS) == moment


@given(moments, moments, moments)
def test_a_range_holds_what_lies_between(low: datetime, high: datetime, moment: datetime) -> None:
    span = parse_span(f"{low:%Y%m%d%H%M%S}-{high:%Y%m%d%H%M%S}", UTC)
    assert span is not None or low == high
    if span is not None:
        assert span.holds(moment) is (low <= moment < high + timedelta(seconds=1))


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_keys(text: str) -> None:
    for keyword in ("PatientName", "PatientID", "ScheduledProcedureStepStartDateTime", "StudyInstanceUID", "PatientBirthDate"):
        keys = key(**{keyword: text})
        matches(WORKITEM, keys, PARIS)
        try:
            check_keys(keys, PARIS)
        except InvalidInput:
            continue
        narrowing_of(keys, PARIS)


def is_naive_match(text: str, wanted: str) -> bool:
    """Match in a table of prefixes, the plain way."""
    row = [True] + [False] * len(text)
    for sign in wanted:
        if sign == "*":
            row = [any(row[: end + 1]) for end in range(len(text) + 1)]
        else:
            row = [False] + [row[end] and sign in {"?", text[end]} for end in range(len(text))]
    return row[-1]


@given(st.text("ab[]!-", min_size=1, max_size=8), st.text("ab*?[]!-", min_size=1, max_size=10))
def test_wildcards_match_as_the_plain_way_does(text: str, wanted: str) -> None:
    attributes = WORKITEM | {tag_of("PatientID"): {"vr": "LO", "Value": [text]}}
    assert matches(attributes, key(PatientID=wanted), PARIS) is is_naive_match(text, wanted)


@pytest.mark.parametrize("keyword", ["PatientID", "PatientName"])
def test_a_hostile_key_takes_no_exponential_time(keyword: str) -> None:
    vr = "PN" if keyword == "PatientName" else "LO"
    attributes = WORKITEM | {tag_of(keyword): {"vr": vr, "Value": ["a" * 2000]}}
    assert not matches(attributes, key(**{keyword: "*a" * 300 + "*b"}), PARIS)


def test_a_key_has_a_longest_length_but_for_a_list_of_uids() -> None:
    check_keys(key(PatientID="x" * LONGEST_KEY, SOPInstanceUID="\\".join(["2.25.7"] * 300)), PARIS)
    with pytest.raises(InvalidInput, match="malformed"):
        check_keys(key(PatientID="x" * (LONGEST_KEY + 1)), PARIS)
