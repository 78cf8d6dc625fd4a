"""Emergency access through the browser's door."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from negatoscope.access.model import Role
from negatoscope.archive.studies import get_study
from negatoscope.audit.reading import EntryFilter, search_entries
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.runtime import Platform
from tests.builders.reading import a_stored_study
from tests.builders.web_client import TestClient, sign_in

WHY = "Unconscious in the emergency room, no other history"


@pytest.fixture
def study_uid(platform: Platform) -> str:
    return a_stored_study(platform, PatientID="GLASS-1", PatientBirthDate="19610504")


def sign_in_strongly(browser: TestClient, platform: Platform, *roles: Role) -> None:
    """Sign in as one who gave a second factor."""
    sign_in(browser, platform, *roles)
    with platform.database.transaction(platform.tenant) as tx:
        tx.execute(text("update user_sessions set auth_level = 'two_factor'"))


def ask(browser: TestClient, **changes: str) -> int:
    form = {"number": "GLASS-1", "birth_date": "1961-05-04", "reason_code": "emergency", "explanation": WHY}
    return int(browser.post("/emergency", data=form | changes).status_code)


def test_referrer_opens_a_record_and_it_closes_again(
    browser: TestClient, platform: Platform, study_uid: str, clock: TurnedClock
) -> None:
    sign_in_strongly(browser, platform, Role.REFERRER)
    assert browser.get(f"/studies/{study_uid}").status_code == 404
    assert ask(browser) == 303
    assert study_uid in browser.get("/emergency").text
    assert browser.get(f"/studies/{study_uid}").status_code == 200
    for _ in range(5):
        clock.turn(timedelta(minutes=50))
        closed = browser.get(f"/studies/{study_uid}").status_code
    assert closed == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"explanation": "too short"}, {"reason_code": "curiosity"}, {"number": "GLASS-2"}, {"birth_date": "1961-05-05"},
        {"birth_date": ""}, {"number": " "},
    ],
)  # fmt: skip
def test_record_stays_closed_to_a_wrong_form(
    browser: TestClient, platform: Platform, study_uid: str, changes: dict[str, str]
) -> None:
    sign_in_strongly(browser, platform, Role.REFERRER)
    assert ask(browser, **changes) == 400
    assert browser.get(f"/studies/{study_uid}").status_code == 404


def test_password_alone_opens_nothing(browser: TestClient, platform: Platform, study_uid: str) -> None:
    sign_in(browser, platform, Role.REFERRER)
    assert '<form class="form" method="post" action="/emergency"' not in browser.get("/emergency").text
    assert ask(browser) == 400
    assert browser.get(f"/studies/{study_uid}").status_code == 404


@pytest.mark.parametrize("weakness", ["password_alone", "old_proof"])
def test_form_does_not_tell_who_is_a_patient_here(
    browser: TestClient, platform: Platform, study_uid: str, weakness: str, clock: TurnedClock
) -> None:
    if weakness == "password_alone":
        sign_in(browser, platform, Role.REFERRER)
    else:
        sign_in_strongly(browser, platform, Role.REFERRER)
        clock.turn(timedelta(minutes=11))
    form = {"number": "GLASS-1", "birth_date": "1961-05-04", "reason_code": "emergency", "explanation": WHY}
    known, stranger = (browser.post("/emergency", data=form | {"number": one}) for one in ("GLASS-1", "GLASS-2"))
    assert (known.status_code, known.headers.get("location")) == (stranger.status_code, stranger.headers.get("location"))
    assert known.text.replace("GLASS-1", "") == stranger.text.replace("GLASS-2", "")


def test_guessing_patients_is_written_down_and_slowed_down(
    browser: TestClient, platform: Platform, study_uid: str, clock: TurnedClock
) -> None:
    sign_in_strongly(browser, platform, Role.REFERRER)
    for number in range(7):
        assert ask(browser, number=f"NOBODY-{number}") == 400
    assert ask(browser) == 400
    assert browser.get(f"/studies/{study_uid}").status_code == 404
    with platform.database.read(platform.tenant) as tx:
        failed = search_entries(tx, EntryFilter(action="break_glass", outcome="refused")).entries
    assert [one.entry.objects for one in failed] == [{"refusal": "patient_not_named"}] * 6
    clock.turn(timedelta(minutes=2))
    assert ask(browser) == 303


def test_second_factor_that_is_missing_is_written_down(browser: TestClient, platform: Platform, study_uid: str) -> None:
    sign_in(browser, platform, Role.REFERRER)
    ask(browser)
    with platform.database.read(platform.tenant) as tx:
        (refused,) = search_entries(tx, EntryFilter(action="break_glass")).entries
    assert (refused.entry.outcome, refused.entry.objects) == ("refused", {"refusal": "needs_two_factor"})


def test_patient_and_officer_learn_of_it(browser: TestClient, platform: Platform, study_uid: str) -> None:
    sign_in_strongly(browser, platform, Role.REFERRER)
    ask(browser)
    browser.cookies.clear()
    sign_in(browser, platform, Role.AUDITOR)
    assert WHY in browser.get("/audit/emergencies").text
    browser.cookies.clear()
    with platform.database.read(platform.tenant) as tx:
        patient_id = get_study(tx, study_uid).patient_id
    sign_in(browser, platform, Role.PATIENT, patient_id=patient_id)
    assert WHY in browser.get("/my-exams").text


@pytest.mark.parametrize("role", [Role.SECRETARY, Role.ADMINISTRATOR, Role.PATIENT])
def test_others_have_no_such_page(browser: TestClient, platform: Platform, role: Role) -> None:
    sign_in(browser, platform, role)
    assert browser.get("/emergency").status_code in {403, 404}
