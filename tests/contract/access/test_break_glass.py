"""Emergency access and oppositions as use cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.break_glass import break_glass, list_open_glass, list_to_review, review
from negatoscope.access.model import AuthLevel, Role, Subject
from negatoscope.access.oppositions import record_opposition, withdraw_opposition
from negatoscope.audit.reading import list_accesses
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.errors import Forbidden, InvalidInput, NotFound
from negatoscope.platform.events import Position, read_after
from negatoscope.platform.runtime import Platform
from tests.builders.subjects import a_user

WHY = "Unconscious in the emergency room, no other source of history"


def a_referrer(platform: Platform) -> Subject:
    return replace(a_user(platform, Role.REFERRER), auth_level=AuthLevel.TWO_FACTOR)


def test_broken_glass_opens_one_patient_for_four_hours_and_leaves_its_trace(platform: Platform, clock: TurnedClock) -> None:
    referrer, patient = a_referrer(platform), uuid4()
    opened = break_glass(platform, referrer, patient_id=patient, reason_code="emergency", explanation=WHY)
    assert opened.until == clock.now() + timedelta(hours=4)
    assert [glass.patient_id for glass in list_open_glass(platform, referrer)] == [patient]
    with platform.database.read(platform.tenant) as tx:
        authorise(tx, referrer, Action.VIEW_IMAGES, patient_id=patient)
        with pytest.raises(NotFound):
            authorise(tx, referrer, Action.VIEW_IMAGES, patient_id=uuid4())
        (access,) = list_accesses(tx, patient_id=patient)
    assert (access.action, access.reason) == ("break_glass", WHY)
    clock.turn(timedelta(hours=4))
    later = replace(referrer, seen_at=clock.now(), authenticated_at=clock.now())
    assert list_open_glass(platform, later) == []
    with platform.database.read(platform.tenant) as tx, pytest.raises(NotFound):
        authorise(tx, later, Action.VIEW_IMAGES, patient_id=patient)


@pytest.mark.parametrize("explanation", ["", "nineteen characters", "  many      spaces   "])
def test_explanation_has_twenty_characters(platform: Platform, explanation: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        break_glass(platform, a_referrer(platform), patient_id=uuid4(), reason_code="emergency", explanation=explanation)
    assert refusal.value.field == "explanation"


def test_only_clinicians_with_a_second_factor_break_the_glass(platform: Platform) -> None:
    for subject in (
        a_user(platform, Role.REFERRER),
        replace(a_user(platform, Role.SECRETARY), auth_level=AuthLevel.TWO_FACTOR),
    ):
        with pytest.raises((Forbidden, NotFound)):
            break_glass(platform, subject, patient_id=uuid4(), reason_code="emergency", explanation=WHY)


def test_fourth_time_in_a_day_raises_an_alert(platform: Platform) -> None:
    referrer = a_referrer(platform)
    for _ in range(4):
        break_glass(platform, referrer, patient_id=uuid4(), reason_code="emergency", explanation=WHY)
    with platform.database.read(platform.tenant) as tx:
        kinds = [event.kind for event in read_after(tx, Position())]
    assert kinds == ["glass_broken"] * 4 + ["glass_broken_often"]


def test_review_is_made_once_and_by_another_person(platform: Platform) -> None:
    lead = replace(a_user(platform, Role.LEAD_RADIOLOGIST), auth_level=AuthLevel.TWO_FACTOR)
    auditor = a_user(platform, Role.AUDITOR)
    opened = break_glass(platform, lead, patient_id=uuid4(), reason_code="emergency", explanation=WHY)
    assert [glass.broken_glass_id for glass in list_to_review(platform, auditor)] == [opened.broken_glass_id]
    with pytest.raises(NotFound):
        review(platform, lead, opened.broken_glass_id)
    review(platform, auditor, opened.broken_glass_id)
    assert list_to_review(platform, auditor) == []
    with pytest.raises(NotFound):
        review(platform, auditor, opened.broken_glass_id)


def test_opposition_holds_until_it_is_withdrawn(platform: Platform) -> None:
    secretary, radiologist, patient = a_user(platform, Role.SECRETARY), a_user(platform, Role.RADIOLOGIST), uuid4()
    opposition = record_opposition(platform, secretary, patient_id=patient, user_id=radiologist.user_id)
    with platform.database.read(platform.tenant) as tx, pytest.raises(Forbidden) as refusal:
        authorise(tx, radiologist, Action.VIEW_IMAGES, patient_id=patient)
    assert refusal.value.reason == "opposed"
    withdraw_opposition(platform, secretary, patient_id=patient, opposition_id=opposition)
    with platform.database.read(platform.tenant) as tx:
        authorise(tx, radiologist, Action.VIEW_IMAGES, patient_id=patient)
