"""The public pages, in both languages and all themes, and the choices a person makes."""

from __future__ import annotations

import pytest

from tests.builders.web_client import TestClient


@pytest.mark.parametrize("path", ["/about", "/accessibility", "/help"])
@pytest.mark.parametrize(("language", "home"), [("fr", "À propos"), ("en", "About")])
def test_a_public_page_speaks_the_chosen_language(browser: TestClient, path: str, language: str, home: str) -> None:
    browser.cookies.set("language", language)
    answer = browser.get(path)
    assert answer.status_code == 200
    assert f'<html lang="{language}"' in answer.text
    assert home in answer.text


def test_the_language_of_the_browser_counts_until_one_is_chosen(browser: TestClient) -> None:
    assert '<html lang="en"' in browser.get("/about", headers={"Accept-Language": "de, en;q=0.8, fr;q=0.5"}).text
    assert '<html lang="fr"' in browser.get("/about", headers={"Accept-Language": "de"}).text


def test_a_choice_is_kept_and_leads_back_to_the_page(browser: TestClient) -> None:
    answer = browser.post("/preferences", data={"theme": "reading-room", "language": "en", "back": "/help?x=1"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/help?x=1")
    page = browser.get("/help").text
    assert 'data-theme="reading-room"' in page
    assert '<html lang="en"' in page


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_a_choice_never_leads_to_another_site(browser: TestClient, back: str) -> None:
    assert browser.post("/preferences", data={"theme": "dark", "back": back}).headers["location"] == "/"


def test_an_unknown_choice_is_refused(browser: TestClient) -> None:
    assert browser.post("/preferences", data={"theme": "pink"}).status_code == 400


def test_a_missing_page_is_a_helpful_page_for_people_and_a_problem_for_programs(
    browser: TestClient, program: TestClient
) -> None:
    page = browser.get("/nowhere")
    assert page.status_code == 404
    assert "<h1>" in page.text
    problem = program.get("/nowhere")
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json()["status"] == 404


def test_health_is_ready_when_the_database_answers(program: TestClient) -> None:
    assert program.get("/health").json()["status"] == "ready"
    assert program.get("/health/live").json()["status"] == "alive"
