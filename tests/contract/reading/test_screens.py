"""The screens of the reading room: the list, the desk, the editor, the signature, the findings, the register."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import text

from negatoscope.access.model import Role
from negatoscope.access.passwords import hash_password
from negatoscope.dose.register import RECORD_EXPOSURES
from negatoscope.platform.runtime import Platform
from negatoscope.reading.tasks import FOLLOW_REPORT, OPEN_TASK
from tests.builders.reading import a_stored_study
from tests.builders.web_client import TestClient, sign_in

PASSWORD = "correct horse battery staple"
CONFIRMED = ["no_order", "identity_to_reconcile", "images_arriving"]
JSON = {"Accept": "application/json"}


@pytest.fixture
def study_uid(platform: Platform, react: Callable[..., int]) -> str:
    """Return a study on the list."""
    made = a_stored_study(platform)
    react(OPEN_TASK)
    return made


def editor_of(page: str) -> tuple[str, int]:
    """Return report and version that the editor of a page speaks of."""
    report, version = re.search(r'data-report="([^"]+)" data-version="(\d+)"', page).groups()  # type: ignore[union-attr]  # a missing editor fails the test
    return report, int(version)


def save(browser: TestClient, report: str, version: int, **sections: str) -> dict[str, object]:
    """Save a text as the editor does."""
    answer = browser.post(f"/reports/{report}/draft", json={"version": version, "body": sections}, headers=JSON)
    assert answer.status_code == 200, answer.text
    told: dict[str, object] = answer.json()
    return told


def test_list_shows_the_study_with_its_points_and_the_count_in_its_title(
    platform: Platform, browser: TestClient, study_uid: str
) -> None:
    sign_in(browser, platform, Role.RADIOLOGIST)
    page = browser.get("/reading").text
    assert "<title>(1) " in page
    assert f'data-href="/reading/{study_uid}"' in page
    assert 'data-refresh-on="reading_task_changed' in page


def test_filters_are_addresses(platform: Platform, browser: TestClient, study_uid: str) -> None:
    sign_in(browser, platform, Role.RADIOLOGIST)
    assert study_uid in browser.get("/reading?q=eluard&modality=DX").text
    assert study_uid not in browser.get("/reading?q=personne").text
    assert browser.get("/reading?view=nonsense").status_code == 400
    assert browser.get("/reading?since=yesterday").status_code == 400
    assert browser.get("/reading?after=x").status_code == 400


def test_pages_are_closed_to_those_who_do_not_read(platform: Platform, browser: TestClient, study_uid: str) -> None:
    sign_in(browser, platform, Role.SECRETARY)
    for address in ("/reading", f"/reading/{study_uid}", f"/studies/{study_uid}/findings", "/ai", "/dose"):
        assert browser.get(address).status_code == 403, address


def test_whole_reading_by_the_screens(
    platform: Platform, browser: TestClient, study_uid: str, react: Callable[..., int]
) -> None:
    subject = sign_in(browser, platform, Role.RADIOLOGIST)
    assert subject.user_id is not None
    set_password(platform, subject.user_id)
    opened = browser.post("/reading/next")
    assert opened.headers["location"] == f"/reading/{study_uid}"
    page = browser.get(f"/reading/{study_uid}").text
    assert '<script type="application/json" id="viewer-config">' in page
    report, version = editor_of(page)
    begun = browser.post(f"/reports/{report}/template", json={"template": "chest_pa_normal", "body": {}}, headers=JSON).json()[
        "body"
    ]
    told = save(browser, report, version, **begun)
    stale = browser.post(f"/reports/{report}/draft", json={"version": version, "body": {"findings": "x"}}, headers=JSON)
    assert stale.status_code == 412
    assert stale.json()["body"]["conclusion"] == begun["conclusion"]
    faults = browser.get(f"/reports/{report}/faults", headers=JSON).json()["faults"]
    assert {fault["name"] for fault in faults} == set(CONFIRMED)
    signature = {"version": told["version"], "password": "wrong", "confirmed": CONFIRMED}
    refused = browser.post(f"/reports/{report}/sign", json=signature, headers=JSON)
    assert (refused.status_code, refused.json()["reason"]) == (403, "wrong_password")
    signed = browser.post(f"/reports/{report}/sign", json=signature | {"password": PASSWORD}, headers=JSON)
    assert signed.status_code == 200, signed.text
    react(FOLLOW_REPORT)
    pdf = browser.get(f"/reports/versions/{signed.json()['version_id']}/report.pdf")
    assert pdf.headers["content-type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF")
    after = browser.get(f"/reading/{study_uid}").text
    assert begun["conclusion"] in after
    assert 'name="addendum"' in after
    assert 'name="findings"' not in after
    assert study_uid in browser.get("/reading?view=read").text
    assert study_uid not in browser.get("/reading").text


def test_reader_behind_another_reads_only(platform: Platform, browser: TestClient, study_uid: str) -> None:
    sign_in(browser, platform, Role.RADIOLOGIST)
    browser.post("/reading/next")
    second = sign_in(browser, platform, Role.RADIOLOGIST)
    page = browser.get(f"/reading/{study_uid}").text
    assert 'id="report-editor"' not in page
    assert 'id="take-over"' in page
    assert second.display_name not in page.split('id="desk-bar"')[1].split("</details>")[0]


def test_findings_are_given_to_the_viewer_as_agreed(platform: Platform, browser: TestClient, study_uid: str) -> None:
    sign_in(browser, platform, Role.RESIDENT)
    answer = browser.get(f"/studies/{study_uid}/findings", headers=JSON)
    assert answer.json() == {"status": "waiting", "models": [], "findings": []}


def test_register_and_runs_are_shown(
    platform: Platform, browser: TestClient, study_uid: str, react: Callable[..., int]
) -> None:
    react(RECORD_EXPOSURES)
    sign_in(browser, platform, Role.LEAD_RADIOLOGIST)
    register = browser.get("/dose").text
    assert "Éluard" in register
    assert ">85<" in register
    assert browser.get("/ai").status_code == 200
    sign_in(browser, platform, Role.PHYSICIST)
    blind = browser.get("/dose").text
    assert "Éluard" not in blind
    assert ">85<" in blind


@pytest.mark.parametrize("language", ["fr", "en"])
def test_screens_speak_both_languages(platform: Platform, browser: TestClient, study_uid: str, language: str) -> None:
    sign_in(browser, platform, Role.RADIOLOGIST)
    browser.cookies.set("language", language)
    heading = {"fr": "Liste de lecture", "en": "Reading list"}[language]
    assert heading in browser.get("/reading").text
    assert {"fr": "Conclusion", "en": "Conclusion"}[language] in browser.get(f"/reading/{study_uid}").text


def test_draft_of_an_unknown_shape_is_refused(platform: Platform, browser: TestClient, study_uid: str) -> None:
    sign_in(browser, platform, Role.RADIOLOGIST)
    report, version = editor_of(browser.get(f"/reading/{study_uid}").text)
    for content in ({"version": version}, {"version": version, "body": {"surprise": "x"}}, {"version": "x", "body": {}}):
        assert browser.post(f"/reports/{report}/draft", json=content, headers=JSON).status_code == 400


def set_password(platform: Platform, user_id: object) -> None:
    """Give the account a password."""
    with platform.database.owner_transaction() as tx:
        tx.execute(
            text("update users set password_hash = :hash where user_id = :user"),
            {"hash": hash_password(PASSWORD), "user": user_id},
        )
