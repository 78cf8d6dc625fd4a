"""The rules of recompression through the browser's door."""

from __future__ import annotations

import pytest

from negatoscope.access.model import Role
from negatoscope.platform.runtime import Platform
from tests.builders.web_client import TestClient, sign_in


def test_administrator_sets_changes_and_removes_a_rule(browser: TestClient, platform: Platform) -> None:
    sign_in(browser, platform, Role.ADMINISTRATOR)
    assert "telles que reçues" in browser.get("/recompression").text
    assert browser.post("/recompression", data={"modality": "ct", "codec": "htj2k"}).status_code == 303
    assert browser.post("/recompression", data={"modality": "CT", "codec": "jpeg_ls"}).status_code == 303
    shown = browser.get("/recompression").text
    assert shown.count('data-key="CT"') == 1
    assert "<td>JPEG-LS" in shown
    assert browser.post("/recompression/remove", data={"modality": "CT"}).status_code == 303
    assert 'data-key="CT"' not in browser.get("/recompression").text


@pytest.mark.parametrize(
    ("modality", "codec", "field"), [("CT!", "htj2k", "modality"), ("", "htj2k", "modality"), ("CT", "gif", "codec")]
)
def test_rule_that_says_nothing_comes_back_with_its_fault(
    browser: TestClient, platform: Platform, modality: str, codec: str, field: str
) -> None:
    sign_in(browser, platform, Role.ADMINISTRATOR)
    answer = browser.post("/recompression", data={"modality": modality, "codec": codec})
    assert answer.status_code == 400
    assert f'href="#{field}"' in answer.text


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMINISTRATOR}))
def test_others_find_no_rules(browser: TestClient, platform: Platform, role: Role) -> None:
    sign_in(browser, platform, role)
    assert browser.get("/recompression").status_code in {403, 404}
    assert browser.post("/recompression", data={"modality": "CT", "codec": "htj2k"}).status_code in {403, 404}
