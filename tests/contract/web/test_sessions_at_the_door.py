"""Who is asking: session cookie or bearer token, and what is answered to those who are not known or not entitled."""

from __future__ import annotations

from typing import Annotated

import pytest
from fastapi import Depends, FastAPI
from sqlalchemy import text

from negatoscope.access.model import Action, Role, Subject, system_subject
from negatoscope.access.sessions import logout
from negatoscope.access.tokens import create_token
from negatoscope.doors.web.dependencies import requires
from negatoscope.platform.errors import Forbidden
from negatoscope.platform.runtime import Platform
from tests.builders.subjects import a_user
from tests.builders.web_client import TestClient, sign_in


@pytest.fixture
def _planted(application: FastAPI) -> None:
    @application.get("/planted")
    def planted(subject: Annotated[Subject, Depends(requires(Action.CLAIM_READING))]) -> dict[str, str]:
        return {"name": subject.display_name}


@pytest.mark.usefixtures("_planted")
def test_the_session_cookie_makes_a_subject(browser: TestClient, platform: Platform) -> None:
    subject = sign_in(browser, platform, Role.RADIOLOGIST)
    assert browser.get("/planted").json() == {"name": subject.display_name}


@pytest.mark.usefixtures("_planted")
def test_a_revoked_session_ends_at_once(browser: TestClient, platform: Platform) -> None:
    sign_in(browser, platform, Role.RADIOLOGIST)
    assert browser.get("/planted").status_code == 200
    logout(platform, browser.cookies["session"], address=None)
    answer = browser.get("/planted?x=1")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=/planted%3Fx%3D1")


@pytest.mark.usefixtures("_planted")
def test_a_role_without_the_action_is_refused_with_a_page_that_says_why(browser: TestClient, platform: Platform) -> None:
    sign_in(browser, platform, Role.SECRETARY)
    answer = browser.get("/planted")
    assert answer.status_code == 403
    assert "Votre rôle" in answer.text


@pytest.mark.usefixtures("_planted")
def test_a_bearer_token_makes_a_subject_and_is_never_mixed_with_a_cookie(
    browser: TestClient, program: TestClient, platform: Platform
) -> None:
    user = a_user(platform, Role.RADIOLOGIST)
    assert user.user_id is not None
    token, _row = create_token(platform, system_subject(platform.tenant, "operator"), user_id=user.user_id, title="test")
    bearer = {"Authorization": f"Bearer {token}"}
    assert program.get("/planted", headers=bearer).json() == {"name": user.display_name}
    sign_in(browser, platform, Role.RADIOLOGIST)
    assert browser.get("/planted", headers={"Authorization": "Bearer negatoscope_x_y", "Accept": "*/*"}).status_code == 401


@pytest.mark.usefixtures("_planted")
@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Bearer " + "x" * 600, "Bearer negatoscope_a_b", ""])
def test_anything_else_is_asked_to_sign_in(program: TestClient, header: str) -> None:
    answer = program.get("/planted", headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["title"] == "Sign in first"


def test_the_account_remembers_language_and_theme(browser: TestClient, platform: Platform) -> None:
    sign_in(browser, platform, Role.RADIOLOGIST)
    browser.post("/preferences", data={"language": "en", "theme": "reading-room"})
    for name in ("language", "theme"):
        del browser.cookies[name]
    page = browser.get("/help").text
    assert '<html lang="en" data-theme="reading-room"' in page


def test_an_act_that_needs_a_fresh_proof_leads_to_the_password_and_back(
    application: FastAPI, browser: TestClient, platform: Platform
) -> None:
    @application.get("/planted-step-up")
    @application.post("/planted-step-up")
    def planted() -> None:
        raise Forbidden("Confirm your password first.", reason="needs_step_up")

    sign_in(browser, platform, Role.RADIOLOGIST)
    asked = browser.get("/planted-step-up?study=1.2.3")
    assert (asked.status_code, asked.headers["location"]) == (303, "/confirm?next=/planted-step-up%3Fstudy%3D1.2.3")
    written = browser.post("/planted-step-up", headers={"Referer": "http://testserver/shares/new?study=1.2.3"})
    assert written.headers["location"] == "/confirm?next=/shares/new%3Fstudy%3D1.2.3"


@pytest.mark.usefixtures("_planted")
def test_what_the_door_refuses_stands_in_the_trail(browser: TestClient, platform: Platform) -> None:
    subject = sign_in(browser, platform, Role.SECRETARY)
    assert browser.get("/planted").status_code == 403
    with platform.database.read(platform.tenant) as tx:
        rows = tx.execute(text("select actor_name, action, outcome from audit_entries where outcome = 'refused'")).all()
    assert [tuple(row) for row in rows] == [(subject.display_name, "claim_reading", "refused")]
