"""The live stream tells kinds and identifiers, and only to those who may see of everybody."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from negatoscope.access.model import Action, Role
from negatoscope.access.policy import may_ever
from negatoscope.doors.web.live import LIVE_KINDS, encode, told_kinds
from negatoscope.platform.events import Event, Position
from tests.builders.subjects import a_subject


def test_an_event_carries_identifiers_and_nothing_else_of_its_payload() -> None:
    event = Event(
        sequence=7,
        kind="study_arrived",
        subject="1.2.3",
        payload={"study_uid": "1.2.3", "patient_name": "DUPONT^CANARI", "note": "x\n\ndata: forged"},
        at=datetime.now(UTC),
        position=Position(12, 7),
    )
    lines = encode(event).decode().splitlines()
    assert lines[0] == "id: 12-7"
    assert orjson.loads(lines[1].removeprefix("data: ")) == {
        "kind": "study_arrived",
        "subject": "1.2.3",
        "study_uid": "1.2.3",
    }
    assert lines[2:] == [""]


@pytest.mark.parametrize("role", [Role.REFERRER, Role.PATIENT, Role.AUDITOR, Role.ADMINISTRATOR])
def test_those_who_see_only_some_patients_are_told_nothing(role: Role) -> None:
    assert told_kinds(a_subject(role)) == frozenset()


def test_a_physicist_is_told_of_exposures_alone() -> None:
    assert told_kinds(a_subject(Role.PHYSICIST)) == {"exposures_recorded"}


def test_a_radiologist_is_told_of_studies() -> None:
    assert {"study_arrived", "study_updated", "study_stable"} <= told_kinds(a_subject(Role.RADIOLOGIST))


@pytest.mark.parametrize("role", list(Role))
def test_nobody_is_told_of_what_the_role_may_never_do(role: Role) -> None:
    subject = a_subject(role)
    for kind in told_kinds(subject):
        assert may_ever(subject, LIVE_KINDS[kind])


def test_a_token_of_narrow_scope_is_told_no_more_than_its_scope() -> None:
    assert told_kinds(a_subject(Role.RADIOLOGIST, limited_to=frozenset({Action.CREATE_ORDER}))) == frozenset()
