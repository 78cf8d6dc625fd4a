"""Which studies of another archive are this person's, and which of them are wanted. Every state of fetching."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest

from negatoscope.archive.prefetch.model import (
    FETCH_TABLE,
    FetchEvent,
    FetchState,
    PriorSource,
    RemoteStudy,
    SourceKind,
    Wanted,
    is_of_region,
    is_same_person,
    narrow,
    next_fetch_state,
)
from negatoscope.archive.prefetch.remote_studies import remote_study
from negatoscope.patients.model import Demographics, Sex
from negatoscope.platform.errors import InvalidTransition

TODAY = date(2026, 6, 1)
ANNE = Demographics(family_name="Éluard", given_names="Zoé", birth_date=date(1970, 1, 2), sex=Sex.FEMALE)
A_SOURCE = PriorSource(source_id=uuid4(), name="Other", kind=SourceKind.DEVICE, peer_id=uuid4(), patient_issuer="GROUP")
WANTED = Wanted(study_uid="1.2.3", patient_id=uuid4(), modality="DX", body_parts=frozenset({"CHEST", "RIBS"}))


def a_study(number: int = 1, **changes: object) -> RemoteStudy:
    made = RemoteStudy(
        study_uid=f"1.2.9.{number}",
        patient_identifier="G-1",
        patient_issuer="GROUP",
        demographics=ANNE,
        study_date=TODAY - timedelta(days=number),
        modalities=("DX",),
        objects=2,
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the changes are members of a study


@pytest.mark.parametrize(
    ("study", "expected"),
    [
        (a_study(), True),
        (a_study(demographics=replace(ANNE, family_name="ELUARD", given_names="ZOE Marie")), True),
        (a_study(patient_issuer=""), True),
        (a_study(patient_issuer="OTHER"), False),
        (a_study(patient_identifier="G-2"), False),
        (a_study(demographics=replace(ANNE, family_name="Durand")), False),
        (a_study(demographics=replace(ANNE, birth_date=date(1971, 1, 2))), False),
        (a_study(demographics=replace(ANNE, birth_date=None)), False),
        (a_study(demographics=replace(ANNE, family_name="")), False),
        (a_study(demographics=replace(ANNE, sex=Sex.MALE)), False),
    ],
)
def test_a_number_alone_proves_nothing(study: RemoteStudy, expected: bool) -> None:
    assert is_same_person(ANNE, study, "G-1", "GROUP") is expected


def test_a_patient_without_birth_date_is_nobody_elsewhere() -> None:
    assert not is_same_person(replace(ANNE, birth_date=None), a_study(), "G-1", "GROUP")


def test_what_is_wanted_comes_newest_first_and_the_planned_modality_before_others() -> None:
    found = [a_study(40), a_study(3, modalities=("CT",)), a_study(5), a_study(7, modalities=("CR", "DX"))]
    assert [one.study_uid for one in narrow(A_SOURCE, WANTED, found, TODAY)] == ["1.2.9.5", "1.2.9.7", "1.2.9.40", "1.2.9.3"]


@pytest.mark.parametrize(
    "study",
    [
        a_study(study_uid="1.2.3"),
        a_study(objects=5000),
        a_study(modalities=("US",)),
        a_study(study_date=TODAY - timedelta(days=4000)),
        a_study(study_date=TODAY + timedelta(days=1)),
    ],
)
def test_what_is_not_wanted(study: RemoteStudy) -> None:
    assert narrow(replace(A_SOURCE, modalities=("DX", "CR")), WANTED, [study], TODAY) == []


@pytest.mark.parametrize(
    ("parts", "expected"),
    [(["CHEST"], True), (["chest "], True), (["FOOT", "RIBS"], True), (["FOOT"], False), ([""], True), ([], True)],
)
def test_a_study_of_another_part_of_the_body_is_left_and_one_that_names_none_is_taken(parts: list[str], expected: bool) -> None:
    assert is_of_region(WANTED, parts) is expected


@pytest.mark.parametrize("state", list(FetchState))
@pytest.mark.parametrize("event", list(FetchEvent))
def test_fetching_moves_as_the_table_says_and_no_other_way(state: FetchState, event: FetchEvent) -> None:
    if (state, event) in FETCH_TABLE:
        assert next_fetch_state(state, event) is FETCH_TABLE[state, event]
    else:
        with pytest.raises(InvalidTransition):
            next_fetch_state(state, event)


@pytest.mark.parametrize("uid", ["", "1.2.", "1.2/../3", "1.2.3?x=1", "1." + "2" * 70])
def test_an_answer_with_a_false_identifier_says_nothing(uid: str) -> None:
    assert remote_study({"StudyInstanceUID": uid, "PatientName": "A^B"}) is None


def test_an_answer_is_read_with_what_it_lacks() -> None:
    read = remote_study({"StudyInstanceUID": "1.2.3", "PatientName": "=漢^字", "PatientBirthDate": "1970", "StudyDate": "x"})
    assert read is not None
    assert (read.demographics.family_name, read.demographics.birth_date, read.study_date) == ("漢", None, None)
