"""Sources of earlier examinations through the browser's door."""

from __future__ import annotations

import re

import pytest

from negatoscope.access.model import Role
from negatoscope.archive.prefetch import store
from negatoscope.archive.prefetch.model import SourceKind
from negatoscope.orders.prefetching import PREFETCH
from negatoscope.platform.reactions import Reactor
from negatoscope.platform.runtime import Platform
from tests.builders.orders import an_order, some_rooms
from tests.builders.patients import an_identifier
from tests.builders.routing import a_device
from tests.builders.web_client import TestClient, sign_in

Form = dict[str, str]


def a_form(platform: Platform, **changes: str) -> Form:
    form = {
        "name": "Group",
        "peer": f"device:{a_device(platform, 'GROUP', 104)}",
        "patient_issuer": "GROUP",
        "modalities": "DX, cr",
        "same_region": "yes",
        "most_age": "10",
        "most_studies": "3",
        "most_objects": "500",
        "is_enabled": "yes",
    }
    return form | changes


def sign_in_as_administrator(browser: TestClient, platform: Platform) -> None:
    browser.headers["Accept-Language"] = "en"
    sign_in(browser, platform, Role.ADMINISTRATOR)


def test_an_administrator_lists_a_source_and_sees_what_became_of_the_questions(browser: TestClient, platform: Platform) -> None:
    sign_in_as_administrator(browser, platform)
    form = a_form(platform)
    assert browser.post("/prefetch", data=form).status_code == 303
    with platform.database.read(platform.tenant) as tx:
        (source,) = store.list_sources(tx)
    assert (source.kind, source.modalities, source.most_age_days) == (SourceKind.DEVICE, ("DX", "CR"), 3652)
    some_rooms(platform)
    an_order(platform, identifiers=(an_identifier("H-1"),))
    Reactor(platform, (PREFETCH,)).run_once(platform.tenant)
    shown = browser.get("/prefetch").text
    assert "Answers of the sources" in shown
    found = re.search(r'href="(/prefetch/[0-9a-f-]{36})"', shown)
    assert found is not None
    assert 'value="DX CR"' in browser.get(found[1]).text
    assert browser.post(found[1], data=form | {"version": "1", "most_studies": "5"}).status_code == 303
    assert browser.post(found[1], data=form | {"version": "1", "most_studies": "6"}).status_code == 412
    assert browser.post("/prefetch/studies/1.2.3/retry", data={"version": "1"}).status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"peer": ""},
        {"peer": "server:6b1d5f0e-0000-4000-8000-000000000000"},
        {"patient_issuer": " "},
        {"modalities": "DX<script>"},
        {"most_age": "old"},
        {"most_studies": "0"},
        {"most_objects": "-1"},
    ],
)
def test_a_source_that_cannot_be_asked_comes_back_with_its_fault(
    browser: TestClient, platform: Platform, changes: Form
) -> None:
    sign_in_as_administrator(browser, platform)
    answer = browser.post("/prefetch", data=a_form(platform) | changes)
    assert answer.status_code == 400
    assert "error-summary" in answer.text


@pytest.mark.parametrize("role", [Role.RADIOLOGIST, Role.SECRETARY, Role.AUDITOR])
def test_sources_are_for_those_who_manage_devices(browser: TestClient, platform: Platform, role: Role) -> None:
    sign_in(browser, platform, role)
    assert browser.get("/prefetch").status_code in {403, 404}
