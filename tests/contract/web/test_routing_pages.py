"""Routing rules, transfers and servers through the browser's door."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from negatoscope.access.model import Role
from negatoscope.archive.routing import rule_store
from negatoscope.archive.routing.model import Condition, Operator, Rule, TransferState
from negatoscope.archive.routing.transfer_store import list_transfers
from negatoscope.archive.stability import sweep
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.runtime import Platform
from tests.builders.archive import store_data_set
from tests.builders.dicom import a_ct_slice, a_dx_image
from tests.builders.routing import Receiver, a_device, a_rule, some_content
from tests.builders.web_client import TestClient, sign_in
from tests.contract.routing.conftest import route_once

Form = dict[str, str | list[str]]


def a_form(platform: Platform, **changes: str | list[str]) -> Form:
    form: Form = {
        "name": "Bloc opératoire",
        "destination": f"device:{a_device(platform, 'CONSOLE', 104)}",
        "trigger": "study_complete",
        "parcel": "objects",
        "keyword": ["Modality", "StudyDate", ""],
        "operator": ["one_of", "range", "equals"],
        "value": ["DX; CR", "20260101", ""],
        "upper": ["", "20261231", ""],
        "most_attempts": "5",
        "is_enabled": "yes",
    }
    return form | changes


def sign_in_as_administrator(browser: TestClient, platform: Platform) -> None:
    browser.headers["Accept-Language"] = "en"
    sign_in(browser, platform, Role.ADMINISTRATOR)


def the_rule(platform: Platform) -> Rule:
    with platform.database.read(platform.tenant) as tx:
        (rule,) = rule_store.list_rules(tx)
    return rule


def test_an_administrator_writes_a_rule_changes_it_and_switches_it_off(browser: TestClient, platform: Platform) -> None:
    sign_in_as_administrator(browser, platform)
    form = a_form(platform)
    answer = browser.post("/routing", data=form)
    assert answer.status_code == 303
    path = answer.headers["location"]
    rule = the_rule(platform)
    assert rule.content.conditions == (
        Condition(keyword="Modality", operator=Operator.ONE_OF, values=("DX", "CR")),
        Condition(keyword="StudyDate", operator=Operator.RANGE, values=("20260101", "20261231")),
    )
    shown = browser.get(path).text
    assert 'value="DX; CR"' in shown
    assert browser.post(path, data=form | {"version": "1", "hours_start": "22:00", "hours_end": "06:00"}).status_code == 303
    assert "22:00–06:00" in browser.get("/routing").text
    assert browser.post(f"{path}/switch", data={"version": "2"}).status_code == 303
    assert the_rule(platform).is_enabled is False
    history = browser.get(path).text
    assert [word in history for word in ("The rule was made", "Hours", "Rule switched off")] == [True] * 3


def test_a_stale_change_is_not_kept_and_says_who_was_first(browser: TestClient, platform: Platform) -> None:
    sign_in_as_administrator(browser, platform)
    form = a_form(platform)
    path = browser.post("/routing", data=form).headers["location"]
    browser.post(path, data=form | {"version": "1", "priority": "high"})
    answer = browser.post(path, data=form | {"version": "1", "name": "Mine"})
    assert answer.status_code == 412
    assert the_rule(platform).changed_by in answer.text
    assert "Place in the queue" in answer.text
    assert 'value="Mine"' in answer.text
    assert the_rule(platform).name == "Bloc opératoire"


@pytest.mark.parametrize(
    "changes",
    [
        {"name": " "},
        {"destination": ""},
        {"destination": "device:6b1d5f0e-0000-4000-8000-000000000000"},
        {"most_attempts": "0"},
        {"most_attempts": "many"},
        {"hours_start": "25:00", "hours_end": "06:00"},
        {"hours_start": "06:00", "hours_end": "06:00"},
        {"keyword": ["NoSuchThing", "StudyDate", ""]},
        {"keyword": ["PixelData", "StudyDate", ""]},
        {"value": ["", "20260101", ""]},
        {"value": ["DX", "yesterday", ""]},
        {"transfer_syntax_uid": "1.2.840.10008.1.2.4.50"},
    ],
)
def test_a_rule_that_cannot_mean_what_it_says_comes_back_with_its_fault(
    browser: TestClient, platform: Platform, changes: Form
) -> None:
    sign_in_as_administrator(browser, platform)
    answer = browser.post("/routing", data=a_form(platform) | changes)
    assert answer.status_code == 400
    assert "error-summary" in answer.text


def test_a_trial_explains_each_condition_keeps_nothing_and_veils_people(browser: TestClient, platform: Platform) -> None:
    sign_in_as_administrator(browser, platform)
    store_data_set(platform, a_dx_image(StationName="SALLE1"))
    store_data_set(platform, a_ct_slice())
    form = a_form(platform, keyword=["Modality", "StationName", "PatientName"]) | {
        "operator": ["equals", "matches", "matches"],
        "value": ["DX", "SALLE*", "Élu*"],
        "upper": ["", "", ""],
    }
    answer = browser.post("/routing/try", data=form)
    assert answer.status_code == 200
    trial = answer.text[answer.text.index('id="trial"') :]
    assert "1 of 1" in trial
    assert trial.count("does not hold") == 2  # Modality and StationName of the CT
    assert "SALLE1" in trial
    assert "Zoé" not in trial
    assert "value not shown" in trial
    with platform.database.read(platform.tenant) as tx:
        assert rule_store.list_rules(tx) == []
        assert list_transfers(tx) == []


def test_a_dead_letter_is_seen_tried_again_and_given_up(
    browser: TestClient,
    platform: Platform,
    clock: TurnedClock,
    react: Callable[..., int],
    run_jobs: Callable[..., int],
) -> None:
    receiver = Receiver()
    receiver.start()
    receiver.stop()  # its port is free, and nobody listens
    a_rule(platform, some_content(a_device(platform, "VIEWER", receiver.port), most_attempts=1))
    store_data_set(platform, a_dx_image())
    clock.turn(timedelta(seconds=platform.settings.study_quiet_s + 1))
    sweep(platform)
    route_once(react, run_jobs)
    sign_in_as_administrator(browser, platform)
    listed = browser.get("/transfers").text
    assert "The receiver does not answer" in listed
    assert "0/1" in listed
    found = re.search(r"/transfers/([0-9a-f-]{36})/retry", listed)
    assert found is not None
    path = f"/transfers/{found[1]}"
    with platform.database.read(platform.tenant) as tx:
        version = list_transfers(tx)[0].version
    assert browser.post(f"{path}/dismiss", data={"version": str(version), "reason": "no"}).status_code == 400
    assert browser.post(f"{path}/retry", data={"version": str(version)}).status_code == 303
    assert browser.post(f"{path}/retry", data={"version": str(version)}).status_code == 412
    reason = {"version": str(version + 1), "reason": "The viewer was taken away."}
    assert browser.post(f"{path}/dismiss", data=reason).status_code == 303
    with platform.database.read(platform.tenant) as tx:
        assert list_transfers(tx)[0].state is TransferState.DISMISSED


def test_the_secret_of_a_server_is_never_shown(browser: TestClient, platform: Platform) -> None:
    sign_in_as_administrator(browser, platform)
    form = {"name": "Group archive", "base_url": "https://archive.example.org/dicom-web", "secret": "canary-secret"}
    assert browser.post("/servers", data=form).status_code == 303
    listed = browser.get("/servers").text
    found = re.search(r'href="(/servers/[0-9a-f-]{36})"', listed)
    assert found is not None
    assert "canary" not in listed + browser.get(found[1]).text
    assert browser.post("/servers", data=form | {"name": "Other", "base_url": "http://archive.example.org"}).status_code == 400
    assert browser.post(f"{found[1]}/switch", data={"version": "1"}).status_code == 303


@pytest.mark.parametrize("role", [Role.RADIOLOGIST, Role.LEAD_RADIOLOGIST, Role.SECRETARY, Role.AUDITOR])
@pytest.mark.parametrize("path", ["/routing", "/transfers", "/servers"])
def test_routing_is_for_those_who_manage_devices(browser: TestClient, platform: Platform, role: Role, path: str) -> None:
    sign_in(browser, platform, role)
    assert browser.get(path).status_code in {403, 404}
