"""People and audit through the browser's door."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from fastapi import FastAPI
from sqlalchemy import text

from negatoscope.access.model import Role
from negatoscope.audit.sealing import seal_pending
from negatoscope.audit.trail import record
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.runtime import Platform
from tests.builders.subjects import a_user
from tests.builders.web_client import TestClient, sign_in

PASSWORD = "marigold-saddle-93-fjord"


@pytest.fixture
def other(application: FastAPI) -> Iterator[TestClient]:
    """A second browser."""
    headers = {"Accept": "text/html", "Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}
    with TestClient(application, headers=headers, follow_redirects=False) as client:
        yield client


def make_user(browser: TestClient, **changes: str | list[str]) -> tuple[int, str, str]:
    form: dict[str, str | list[str]] = {
        "login": "alix.moreau", "display_name": "Dr Alix Moreau", "roles": ["radiologist"], "password": PASSWORD,
    }  # fmt: skip
    answer = browser.post("/users", data=form | changes)
    return answer.status_code, answer.headers.get("location", ""), answer.text


def test_administrator_makes_an_account_that_can_sign_in(browser: TestClient, other: TestClient, platform: Platform) -> None:
    sign_in(browser, platform, Role.ADMINISTRATOR)
    status, location, _ = make_user(browser)
    assert status == 303
    assert "Dr Alix Moreau" in browser.get("/users").text
    assert browser.get(location).status_code == 200
    assert other.post("/login", data={"login": "alix.moreau", "password": PASSWORD}).status_code == 303


@pytest.mark.parametrize(
    "changes",
    [
        {"login": "no good"}, {"password": "short"}, {"display_name": ""}, {"roles": []}, {"roles": ["patient"]},
        {"roles": ["patient"], "patient_number": "NOBODY"},
    ],
)  # fmt: skip
def test_account_that_could_not_work_comes_back_with_its_fault(
    browser: TestClient, platform: Platform, changes: dict[str, str | list[str]]
) -> None:
    sign_in(browser, platform, Role.ADMINISTRATOR)
    status, _, shown = make_user(browser, **changes)
    assert status == 400
    assert "error-summary" in shown
    assert PASSWORD not in shown


def test_roles_of_a_person_change_and_the_session_ends(browser: TestClient, other: TestClient, platform: Platform) -> None:
    sign_in(browser, platform, Role.ADMINISTRATOR)
    person = sign_in(other, platform, Role.RADIOGRAPHER)
    assert other.get("/account").status_code == 200
    path = f"/users/{person.user_id}"
    assert browser.post(f"{path}/roles", data={"version": "1", "roles": ["secretary"]}).status_code == 303
    assert other.get("/account").status_code == 303
    assert browser.post(f"{path}/roles", data={"version": "1", "roles": ["auditor"]}).status_code == 400
    assert browser.post(f"{path}/disable", data={"version": "2"}).status_code == 303
    assert browser.post(f"{path}/enable", data={"version": "3"}).status_code == 303


def test_nobody_changes_the_own_roles_on_the_page(browser: TestClient, platform: Platform) -> None:
    me = sign_in(browser, platform, Role.ADMINISTRATOR)
    answer = browser.post(f"/users/{me.user_id}/roles", data={"version": "1", "roles": ["radiologist"]})
    assert answer.status_code == 400
    assert 'name="roles"' not in browser.get(f"/users/{me.user_id}").text


def test_old_proof_shows_the_account_and_no_form(browser: TestClient, platform: Platform, clock: TurnedClock) -> None:
    sign_in(browser, platform, Role.ADMINISTRATOR)
    person = a_user(platform, Role.RADIOGRAPHER)
    clock.turn(timedelta(minutes=11))
    shown = browser.get(f"/users/{person.user_id}").text
    assert "/confirm?next=/users/" in shown
    assert 'name="roles"' not in shown
    assert browser.get("/users/new").headers["location"].startswith("/confirm")


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMINISTRATOR, Role.LEAD_RADIOLOGIST}))
def test_others_find_no_accounts(browser: TestClient, platform: Platform, role: Role) -> None:
    sign_in(browser, platform, role)
    for path in ("/users", "/users/new", f"/users/{a_user(platform, Role.SECRETARY).user_id}"):
        assert browser.get(path).status_code in {403, 404}


def test_officer_searches_the_trail_and_leaves_a_trace(browser: TestClient, platform: Platform) -> None:
    radiologist = a_user(platform, Role.RADIOLOGIST)
    with platform.database.transaction(platform.tenant) as tx:
        record(tx, radiologist.actor, "view_images", study_uid="1.2.3", objects={"series": ["1.2.3.4"], "instances": 2})
        record(tx, radiologist.actor, "sign_final", outcome="refused", reason='<img src=x onerror="alert(1)">')
    sign_in(browser, platform, Role.AUDITOR)
    found = browser.get(f"/audit?who={radiologist.display_name}")
    assert found.status_code == 200
    assert found.text.count(f'<th scope="row">{radiologist.display_name}') == 2
    assert "<img src=x" not in found.text
    assert radiologist.display_name not in browser.get("/audit?act=login&outcome=failure&since=2026-01-01&until=x").text
    with platform.database.read(platform.tenant) as tx:
        count = tx.execute(text("select count(*) from audit_entries where action = 'search_audit'")).scalar_one()
    assert count == 1


def test_administrator_states_a_reason_before_the_trail_opens(browser: TestClient, platform: Platform) -> None:
    sign_in(browser, platform, Role.ADMINISTRATOR)
    with platform.database.transaction(platform.tenant) as tx:
        record(tx, a_user(platform, Role.RADIOLOGIST).actor, "view_images")
    closed, still, opened = (
        browser.get(f"/audit{query}").text for query in ("", "?reason=short", "?reason=looking+for+a+failed+transfer")
    )
    assert "<tbody>" not in closed
    assert "<tbody>" not in still
    assert "<tbody>" in opened


def test_page_tells_whether_the_chain_is_intact(browser: TestClient, platform: Platform) -> None:
    with platform.database.transaction(platform.tenant) as tx:
        entry = record(tx, a_user(platform, Role.RADIOLOGIST).actor, "view_images")
    seal_pending(platform.database, platform.clock, tenants=[platform.tenant])
    sign_in(browser, platform, Role.AUDITOR)
    intact = browser.post("/audit/check").text
    assert str(entry) not in intact
    with platform.database.owner_transaction() as tx:
        tx.execute(text("update audit_entries set action = 'login' where entry_id = :entry"), {"entry": entry})
    assert str(entry) in browser.post("/audit/check").text


def test_pages_of_the_trail_follow_each_other(browser: TestClient, platform: Platform) -> None:
    actor = a_user(platform, Role.RADIOLOGIST).actor
    with platform.database.transaction(platform.tenant) as tx:
        for number in range(60):
            record(tx, actor, "view_images", objects={"mark": f"mark-{number:02d}"})
    sign_in(browser, platform, Role.AUDITOR)
    first = browser.get("/audit?act=view_images").text
    following = re.search(r'href="(/audit\?[^"]+after=[^"]+)" rel="next"', first)
    assert following is not None
    second = browser.get(following[1].replace("&amp;", "&")).text
    marks = re.findall(r"mark-\d\d", first) + re.findall(r"mark-\d\d", second)
    assert marks == [f"mark-{number:02d}" for number in reversed(range(60))]


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMINISTRATOR, Role.AUDITOR}))
def test_trail_is_closed_to_all_others(browser: TestClient, platform: Platform, role: Role) -> None:
    sign_in(browser, platform, role)
    assert browser.get("/audit").status_code in {403, 404}
    assert browser.post("/audit/check").status_code in {403, 404}
