"""Sign-in, confirmation, sign-out and the account page, through the browser's door."""

from __future__ import annotations

import re
from datetime import timedelta

import pyotp
import pytest
from fastapi import FastAPI

from negatoscope.access import second_factor, tokens
from negatoscope.access.model import AuthLevel, Role, Subject
from negatoscope.access.sessions import session_subject
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.errors import Unauthenticated
from negatoscope.platform.runtime import Platform
from tests.builders.subjects import a_user
from tests.builders.web_client import TestClient, sign_in

PASSWORD = "lantern-orchid-47-viaduct"


@pytest.fixture
def person(platform: Platform) -> Subject:
    return a_user(platform, Role.RADIOLOGIST, password=PASSWORD)


def log_in(browser: TestClient, login: str | None, password: str = PASSWORD, next_path: str = "/") -> tuple[int, str]:
    answer = browser.post("/login", data={"login": login or "", "password": password, "next": next_path})
    return answer.status_code, answer.headers.get("location", "")


def token_of(browser: TestClient) -> str:
    return str(browser.cookies.get("session"))


def is_good(platform: Platform, token: str) -> bool:
    try:
        session_subject(platform, token, address=None)
    except Unauthenticated:
        return False
    return True


def test_page_of_a_stranger_leads_to_sign_in_and_back(browser: TestClient, person: Subject) -> None:
    asked = browser.get("/account?x=1")
    assert (asked.status_code, asked.headers["location"]) == (303, "/login?next=/account%3Fx%3D1")
    assert browser.get(asked.headers["location"]).status_code == 200
    assert log_in(browser, person.login, next_path="/account?x=1") == (303, "/account?x=1")
    assert browser.get("/account").status_code == 200


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_sign_in_never_leads_to_another_site(browser: TestClient, person: Subject, target: str) -> None:
    assert log_in(browser, person.login, next_path=target) == (303, "/")


def test_wrong_password_keeps_the_login_and_tells_nothing_else(browser: TestClient, person: Subject) -> None:
    wrong = browser.post("/login", data={"login": person.login, "password": "wrong-password-1234"})
    unknown = browser.post("/login", data={"login": "nobody-here", "password": "wrong-password-1234"})
    assert wrong.status_code == unknown.status_code == 403
    assert person.login is not None
    same = [re.sub(r"[0-9a-f]{16}", "", answer.text) for answer in (wrong, unknown)]
    assert same[0].replace(person.login, "L") == same[1].replace("nobody-here", "L")
    assert "session" not in browser.cookies


def test_typed_login_is_shown_as_text(browser: TestClient) -> None:
    answer = browser.post("/login", data={"login": '"><img src=x onerror=alert(1)>', "password": "x"})
    assert "<img" not in answer.text


def test_session_cookie_is_closed_to_scripts_and_other_sites(browser: TestClient, person: Subject) -> None:
    answer = browser.post("/login", data={"login": person.login, "password": PASSWORD})
    cookie = next(value for value in answer.headers.get_list("set-cookie") if value.startswith("session="))
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie


def test_cookie_is_bound_to_this_host_over_https(application: FastAPI, person: Subject) -> None:
    headers = {"Accept": "text/html", "Origin": "https://testserver", "Sec-Fetch-Site": "same-origin"}
    with TestClient(application, base_url="https://testserver", headers=headers, follow_redirects=False) as browser:
        answer = browser.post("/login", data={"login": person.login, "password": PASSWORD})
    cookie = next(value for value in answer.headers.get_list("set-cookie") if "session=" in value)
    assert cookie.startswith("__Host-session=")
    assert "Secure" in cookie


def test_session_that_was_planted_is_not_taken_over(browser: TestClient, platform: Platform, person: Subject) -> None:
    browser.cookies.set("session", "planted-by-somebody-else", domain="testserver.local", path="/")
    log_in(browser, person.login)
    assert token_of(browser) != "planted-by-somebody-else"
    assert not is_good(platform, "planted-by-somebody-else")


def test_second_factor_is_asked_on_a_page_of_its_own(
    browser: TestClient, platform: Platform, person: Subject, clock: TurnedClock
) -> None:
    generator = pyotp.TOTP(second_factor.begin_enrolment(platform, person).secret)
    second_factor.confirm_enrolment(platform, person, generator.at(clock.now()))
    clock.turn(timedelta(minutes=1))
    assert log_in(browser, person.login, next_path="/account") == (303, "/login/code?next=%2Faccount")
    half = token_of(browser)
    assert browser.get("/account").status_code == 303
    assert browser.post("/login/code", data={"code": "000000"}).status_code == 403
    done = browser.post("/login/code", data={"code": generator.at(clock.now()), "next": "/account"})
    assert (done.status_code, done.headers["location"]) == (303, "/account")
    assert token_of(browser) != half
    assert not is_good(platform, half)
    assert session_subject(platform, token_of(browser), address=None).auth_level is AuthLevel.TWO_FACTOR


def test_confirmation_gives_another_token_and_goes_back(
    browser: TestClient, platform: Platform, person: Subject, clock: TurnedClock
) -> None:
    log_in(browser, person.login)
    before = token_of(browser)
    clock.turn(timedelta(minutes=20))
    assert browser.post("/account/tokens", data={"title": "t", "scope": "read"}).headers["location"].startswith("/confirm")
    assert browser.post("/confirm", data={"password": "wrong-password-1234"}).status_code == 403
    done = browser.post("/confirm", data={"password": PASSWORD, "next": "/account"})
    assert (done.status_code, done.headers["location"]) == (303, "/account")
    assert not is_good(platform, before)
    assert browser.post("/account/tokens", data={"title": "t", "scope": "read", "days": "30"}).status_code == 200


def test_sign_out_ends_the_session_at_once(browser: TestClient, platform: Platform, person: Subject) -> None:
    log_in(browser, person.login)
    token = token_of(browser)
    assert browser.post("/logout").status_code == 200
    assert not is_good(platform, token)
    browser.cookies.set("session", token)
    assert browser.get("/account").status_code == 303


def test_sign_out_is_not_done_by_a_link(browser: TestClient, person: Subject) -> None:
    log_in(browser, person.login)
    assert browser.get("/logout").status_code == 405
    assert browser.get("/account").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://other.testserver"},
        {"Origin": "http://testserver.evil.example"},
        {},
    ],
)
@pytest.mark.parametrize("path", ["/logout", "/account/password", "/account/tokens", "/account/second-factor", "/confirm"])
def test_write_from_a_foreign_page_is_refused(
    application: FastAPI, platform: Platform, path: str, headers: dict[str, str]
) -> None:
    with TestClient(application, headers={"Accept": "text/html"}, follow_redirects=False) as foreign:
        sign_in(foreign, platform, Role.RADIOLOGIST)
        answer = foreign.post(path, headers=headers, data={"password": PASSWORD, "title": "t"})
        assert answer.status_code == 403
        assert is_good(platform, token_of(foreign))


def test_foreign_page_cannot_sign_a_browser_in(application: FastAPI, person: Subject) -> None:
    with TestClient(application, headers={"Accept": "text/html"}, follow_redirects=False) as foreign:
        headers = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        answer = foreign.post("/login", headers=headers, data={"login": person.login, "password": PASSWORD})
        assert answer.status_code == 403
        assert "session" not in foreign.cookies


def test_password_change_ends_the_other_browser_and_keeps_this_one(
    browser: TestClient, application: FastAPI, person: Subject
) -> None:
    log_in(browser, person.login)
    with TestClient(application, headers=dict(browser.headers), follow_redirects=False) as other:
        log_in(other, person.login)
        form = {"current": PASSWORD, "new": "marigold-saddle-93-fjord", "again": "marigold-saddle-93-fjord"}
        assert browser.post("/account/password", data=form | {"again": "x"}).status_code == 400
        assert browser.post("/account/password", data=form | {"current": "wrong"}).status_code == 400
        assert browser.post("/account/password", data=form | {"new": "short", "again": "short"}).status_code == 400
        assert browser.post("/account/password", data=form).status_code == 303
        assert browser.get("/account").status_code == 200
        assert other.get("/account").status_code == 303


def test_password_change_revokes_the_tokens_if_asked(browser: TestClient, platform: Platform, person: Subject) -> None:
    log_in(browser, person.login)
    browser.post("/account/tokens", data={"title": "research", "scope": "read", "days": "30"})
    changed = {"current": PASSWORD, "new": "marigold-saddle-93-fjord", "again": "marigold-saddle-93-fjord"}
    assert browser.post("/account/password", data=changed | {"end_tokens": "yes"}).status_code == 303
    assert [token.revoked_at is not None for token in tokens.list_own_tokens(platform, person)] == [True]


def test_token_is_shown_once_and_then_opens_the_door(browser: TestClient, platform: Platform, person: Subject) -> None:
    log_in(browser, person.login)
    shown = browser.post("/account/tokens", data={"title": "research", "scope": "read", "days": "30"}).text
    found = re.search(r"negatoscope_[0-9a-f]{16}_[A-Za-z0-9_-]{43}", shown)
    assert found is not None
    assert tokens.token_subject(platform, found[0], address=None).user_id == person.user_id
    assert found[0] not in browser.get("/account").text
    token_id = found[0].split("_")[1]
    assert browser.post(f"/account/tokens/{token_id}/revoke").status_code == 303
    with pytest.raises(Unauthenticated):
        tokens.token_subject(platform, found[0], address=None)


def test_other_session_can_be_ended_from_the_account_page(
    browser: TestClient, application: FastAPI, platform: Platform, person: Subject
) -> None:
    log_in(browser, person.login)
    with TestClient(application, headers=dict(browser.headers), follow_redirects=False) as other:
        log_in(other, person.login)
        session_id = session_subject(platform, token_of(other), address=None).session_id
        assert browser.post(f"/account/sessions/{session_id}/end").status_code == 303
        assert other.get("/account").status_code == 303


def test_language_and_theme_of_the_account_follow_to_the_next_browser(
    browser: TestClient, application: FastAPI, person: Subject
) -> None:
    log_in(browser, person.login)
    assert browser.post("/account/preferences", data={"language": "en", "theme": "reading-room"}).status_code == 303
    with TestClient(application, headers=dict(browser.headers), follow_redirects=False) as other:
        log_in(other, person.login)
        assert 'lang="en"' in other.get("/account").text
        assert 'data-theme="reading-room"' in other.get("/account").text
