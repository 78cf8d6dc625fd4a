"""Every answer carries its headers; foreign writes and large bodies do not pass."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fastapi import FastAPI

from negatoscope.doors.web.application import create_application
from negatoscope.doors.web.guard import FORM_LIMIT
from negatoscope.platform.runtime import Platform
from tests.builders.web_client import TestClient

OURS = "http://testserver"


@pytest.mark.parametrize("path", ["/about", "/health", "/nowhere", "/static/icon.svg"])
def test_every_answer_forbids_inline_script_and_frames(browser: TestClient, path: str) -> None:
    headers = browser.get(path).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert "unsafe-inline" not in headers["content-security-policy"]
    assert policy["frame-ancestors"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-request-id"]


def test_pages_are_not_kept_by_caches_but_hashed_files_are(browser: TestClient) -> None:
    assert browser.get("/about").headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": OURS, "Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": OURS, "Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://testserver.evil.example", "Sec-Fetch-Site": "same-origin"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://testserver:1"}, 403),
        ({"Cookie": "session=x"}, 403),
    ],
)
def test_a_write_passes_only_from_our_own_pages(application: FastAPI, headers: dict[str, str], status: int) -> None:
    with TestClient(application, follow_redirects=False) as client:
        answer = client.post("/preferences", data={"theme": "light"}, headers=headers)
    assert answer.status_code == status


def test_a_body_over_the_limit_is_refused_before_it_is_read(browser: TestClient) -> None:
    answer = browser.post("/preferences", content=b"x" * (FORM_LIMIT + 1))
    assert answer.status_code == 413


def test_a_body_without_a_length_is_counted_as_it_comes(browser: TestClient) -> None:
    def endless() -> object:
        for _ in range(FORM_LIMIT // 65536 + 2):
            yield b"x" * 65536

    answer = browser.post("/preferences", content=endless(), headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 413


def test_a_fault_of_ours_shows_neither_trace_nor_message(application: FastAPI, capsys: pytest.CaptureFixture[str]) -> None:
    @application.get("/planted-fault")
    def planted() -> None:
        raise ValueError("DUPONT CANARI 1960-01-01")

    with TestClient(application, raise_server_exceptions=True) as client:
        page = client.get("/planted-fault", headers={"Accept": "text/html"})
        problem = client.get("/planted-fault", headers={"Accept": "application/json"})
    assert page.status_code == problem.status_code == 500
    assert problem.json()["request_id"] == problem.headers["x-request-id"]
    captured = capsys.readouterr()
    for text in (page.text, problem.text, captured.out, captured.err):
        assert "CANARI" not in text
        assert "Traceback" not in text


def test_a_given_request_number_is_kept_only_when_it_is_one(browser: TestClient) -> None:
    assert browser.get("/health", headers={"X-Request-Id": "abcDEF-12345"}).headers["x-request-id"] == "abcDEF-12345"
    assert browser.get("/health", headers={"X-Request-Id": "x\ty"}).headers["x-request-id"] != "x\ty"


def test_behind_a_proxy_the_public_address_counts_as_https(platform: Platform) -> None:
    settings = platform.settings.model_copy(update={"public_url": "https://ris.hospital.example"})
    application = create_application(replace(platform, settings=settings))
    headers = {"Host": "ris.hospital.example", "Origin": "https://ris.hospital.example", "Accept": "text/html"}
    with TestClient(application, headers=headers, follow_redirects=False) as client:
        answer = client.post("/preferences", data={"theme": "light"})
        assert answer.status_code == 303
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        assert all("Secure" in cookie for cookie in answer.headers.get_list("set-cookie"))
        plain = client.post("/preferences", data={"theme": "light"}, headers={"Origin": "http://ris.hospital.example"})
        assert plain.status_code == 403
        inside = client.post("/preferences", headers={"Host": "10.0.0.5:8080", "Origin": "http://10.0.0.5:8080"})
        assert inside.status_code == 303
        assert "strict-transport-security" not in inside.headers
