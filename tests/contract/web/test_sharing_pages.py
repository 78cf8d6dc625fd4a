"""Share links, the patient's space and the referring physician's results through the browser's door."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape

import pytest
from fastapi import FastAPI

from negatoscope.access.model import Role
from negatoscope.access.relations import relate
from negatoscope.archive.studies import get_study
from negatoscope.audit.reading import EntryFilter, search_entries
from negatoscope.platform.runtime import Platform
from negatoscope.sharing.links import list_visible_shares
from negatoscope.sharing.model import Share
from tests.builders.reading import a_stored_study
from tests.builders.subjects import a_user
from tests.builders.web_client import TestClient, sign_in


@pytest.fixture
def study_uid(platform: Platform) -> str:
    return a_stored_study(platform)


@pytest.fixture
def visitor(application: FastAPI) -> Iterator[TestClient]:
    """Another browser, of somebody without an account."""
    headers = {"Accept": "text/html", "Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}
    with TestClient(application, headers=headers, follow_redirects=False) as client:
        yield client


def make(browser: TestClient, study_uid: str, **changes: str) -> tuple[str, str]:
    """Make a link on the page; return its secret and its code."""
    form = {"study": study_uid, "recipient_name": "Dr Fantine Tholomyès", "scope": "view", "life_days": "7", "most_opens": "3"}
    answer = browser.post("/shares", data=form | changes)
    assert answer.status_code == 200, answer.text
    shown = unescape(answer.text)
    link = re.search(r"http://testserver/s#([A-Za-z0-9_-]{43})", shown)
    code = re.search(r">(\d{3}) (\d{3})<", shown)
    assert link is not None
    assert code is not None
    return link[1], code[1] + code[2]


def shares(platform: Platform) -> tuple[Share, ...]:
    with platform.database.read(platform.tenant) as tx:
        return list_visible_shares(tx, a_user(platform, Role.SECRETARY), platform.clock.now()).shares


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def test_link_and_code_open_the_study_in_another_browser(
    browser: TestClient, visitor: TestClient, platform: Platform, study_uid: str
) -> None:
    other = a_stored_study(platform, PatientID="SOMEBODY-ELSE")
    sign_in(browser, platform, Role.RADIOLOGIST)
    token, code = make(browser, study_uid)
    opened = visitor.post("/s", data={"token": f"http://testserver/s#{token}", "code": f"{code[:3]} {code[3:]}"})
    assert (opened.status_code, opened.headers["location"]) == (303, f"/studies/{study_uid}")
    assert visitor.get(f"/studies/{study_uid}").status_code == 200
    assert visitor.get("/my-exams").headers["location"] == f"/studies/{study_uid}"
    for path in (f"/studies/{other}", "/shares", "/users", "/audit", "/results", "/account", f"/shares/new?study={study_uid}"):
        assert visitor.get(path).status_code in {403, 404}, path


def test_looking_at_the_landing_page_reveals_and_counts_nothing(
    browser: TestClient, visitor: TestClient, platform: Platform, study_uid: str
) -> None:
    sign_in(browser, platform, Role.RADIOLOGIST)
    token, _ = make(browser, study_uid)
    for path in ("/s", f"/s?{token}", "/s"):
        preview = visitor.get(path, headers={"User-Agent": "LinkPreviewBot/1.0"})
        assert preview.status_code == 200
        assert "Tholomyès" not in preview.text
        assert study_uid not in preview.text
    (share,) = shares(platform)
    assert (share.opens, share.wrong_codes) == (0, 0)


def test_wrong_code_and_unknown_link_look_alike(
    browser: TestClient, visitor: TestClient, platform: Platform, study_uid: str
) -> None:
    sign_in(browser, platform, Role.RADIOLOGIST)
    token, code = make(browser, study_uid)
    answers = [visitor.post("/s", data={"token": known, "code": wrong(code)}) for known in (token, "x" * 43)]
    assert {answer.status_code for answer in answers} == {403}
    pages = [re.sub(r"\b[0-9a-f]{16}\b", "", answer.text) for answer in answers]
    assert pages[0].replace(token, "T") == pages[1].replace("x" * 43, "T")


def test_link_locks_after_five_wrong_codes(
    browser: TestClient, visitor: TestClient, platform: Platform, study_uid: str
) -> None:
    sign_in(browser, platform, Role.RADIOLOGIST)
    token, code = make(browser, study_uid)
    for _ in range(5):
        assert visitor.post("/s", data={"token": token, "code": wrong(code)}).status_code == 403
    assert visitor.post("/s", data={"token": token, "code": code}).status_code == 403
    assert "session" not in visitor.cookies


def test_withdrawing_a_link_puts_its_reader_out(
    browser: TestClient, visitor: TestClient, platform: Platform, study_uid: str
) -> None:
    sign_in(browser, platform, Role.RADIOLOGIST)
    token, code = make(browser, study_uid)
    visitor.post("/s", data={"token": token, "code": code})
    (share,) = shares(platform)
    assert browser.post(f"/shares/{share.share_id}/revoke").status_code == 303
    assert visitor.get(f"/studies/{study_uid}").status_code == 303


def test_link_of_another_person_is_not_withdrawn_by_guessing(
    browser: TestClient, visitor: TestClient, platform: Platform, study_uid: str
) -> None:
    sign_in(browser, platform, Role.RADIOLOGIST)
    make(browser, study_uid)
    (share,) = shares(platform)
    sign_in(visitor, platform, Role.REFERRER)
    known = visitor.post(f"/shares/{share.share_id}/revoke")
    unknown = visitor.post("/shares/00000000-0000-4000-8000-000000000000/revoke")
    assert known.status_code == unknown.status_code == 404
    assert shares(platform)[0].state.value == "active"


def test_old_proof_asks_for_the_password_before_the_form(browser: TestClient, platform: Platform, study_uid: str) -> None:
    sign_in(browser, platform, Role.RADIOLOGIST)
    assert browser.get(f"/shares/new?study={study_uid}").status_code == 200
    platform.clock.turn(timedelta(minutes=11))  # type: ignore[attr-defined] # the clock of the tests
    asked = browser.get(f"/shares/new?study={study_uid}")
    assert asked.status_code == 303
    assert asked.headers["location"].startswith("/confirm?next=/shares/new")


@pytest.mark.parametrize("changes", [{"recipient_name": " "}, {"life_days": "31"}, {"life_days": "0"}, {"most_opens": "51"}])
def test_wrong_form_comes_back_with_what_was_typed(
    browser: TestClient, platform: Platform, study_uid: str, changes: dict[str, str]
) -> None:
    sign_in(browser, platform, Role.RADIOLOGIST)
    form = {"study": study_uid, "recipient_name": "Dr Fantine", "recipient_kind": "relative"} | changes
    answer = browser.post("/shares", data=form)
    assert answer.status_code == 400
    assert "error-summary" in answer.text
    assert shares(platform) == ()


def test_names_are_shown_as_text(browser: TestClient, platform: Platform, study_uid: str) -> None:
    sign_in(browser, platform, Role.RADIOLOGIST)
    make(browser, study_uid, recipient_name='"><img src=x onerror=alert(1)>')
    assert "<img src=x" not in browser.get("/shares").text


def test_patient_sees_exams_and_who_looked(
    browser: TestClient, visitor: TestClient, platform: Platform, study_uid: str
) -> None:
    with platform.database.read(platform.tenant) as tx:
        patient_id = get_study(tx, study_uid).patient_id
    radiologist = sign_in(visitor, platform, Role.RADIOLOGIST)
    assert visitor.get(f"/studies/{study_uid}").status_code == 200
    sign_in(browser, platform, Role.PATIENT, patient_id=patient_id)
    assert browser.get("/").headers["location"] == "/my-exams"
    shown = browser.get("/my-exams")
    assert shown.status_code == 200
    assert radiologist.display_name in shown.text
    assert f"/studies/{study_uid}" in shown.text


def test_patient_objects_and_allows_again(browser: TestClient, platform: Platform, study_uid: str) -> None:
    with platform.database.read(platform.tenant) as tx:
        patient_id = get_study(tx, study_uid).patient_id
    sign_in(browser, platform, Role.PATIENT, patient_id=patient_id)
    assert browser.post("/my-exams/opposition").status_code == 303
    shown = browser.get("/my-exams").text
    found = re.search(r"/my-exams/opposition/([0-9a-f-]{36})/withdraw", shown)
    assert found is not None
    form = {"study": study_uid, "recipient_name": "My GP", "recipient_kind": "professional"}
    assert browser.post("/shares", data=form).status_code == 400
    assert browser.post(f"/my-exams/opposition/{found[1]}/withdraw").status_code == 303
    assert browser.post("/shares", data=form).status_code == 200


def test_referrer_finds_results_of_patients_in_care(browser: TestClient, platform: Platform, study_uid: str) -> None:
    a_stored_study(platform, PatientID="SOMEBODY-ELSE", PatientName="Other^One")
    referrer = sign_in(browser, platform, Role.REFERRER)
    assert study_uid not in browser.get("/results").text
    with platform.database.transaction(platform.tenant) as tx:
        assert referrer.user_id is not None
        until = platform.clock.now() + timedelta(days=1)
        relate(tx, referrer.user_id, get_study(tx, study_uid).patient_id, source="order:1", until=until)
    shown = browser.get("/results").text
    assert study_uid in shown
    assert "OTHER" not in shown.upper().replace("ANOTHER", "")


def test_every_opening_stands_in_the_trail_with_its_address(
    browser: TestClient, visitor: TestClient, platform: Platform, study_uid: str
) -> None:
    sign_in(browser, platform, Role.RADIOLOGIST)
    token, code = make(browser, study_uid)
    visitor.post("/s", data={"token": token, "code": code})
    with platform.database.read(platform.tenant) as tx:
        (opened,) = search_entries(tx, EntryFilter(action="open_share")).entries
    assert (opened.entry.actor.kind, opened.entry.actor.name) == ("share", "Dr Fantine Tholomyès")
    assert opened.entry.actor.address is not None


def test_copy_of_a_study_is_given_after_a_fresh_proof(browser: TestClient, platform: Platform, study_uid: str) -> None:
    sign_in(browser, platform, Role.RADIOLOGIST)
    copy = browser.get(f"/studies/{study_uid}/files")
    assert (copy.status_code, copy.headers["content-type"]) == (200, "application/zip")
    assert copy.content[:2] == b"PK"
    assert copy.headers["content-disposition"] == 'attachment; filename="study.zip"'
    platform.clock.turn(timedelta(minutes=11))  # type: ignore[attr-defined] # the clock of the tests
    asked = browser.get(f"/studies/{study_uid}/files")
    assert (asked.status_code, asked.headers["location"]) == (303, f"/confirm?next=/studies/{study_uid}/files")


@pytest.mark.parametrize("role", [Role.SECRETARY, Role.REFERRER, Role.ADMINISTRATOR, Role.PHYSICIST, Role.RADIOGRAPHER])
def test_copy_of_a_study_is_refused_to_others(browser: TestClient, platform: Platform, study_uid: str, role: Role) -> None:
    sign_in(browser, platform, role)
    assert browser.get(f"/studies/{study_uid}/files").status_code in {403, 404}
