"""Devices through the browser's door."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from negatoscope.access.devices import Caller, Stranger, device_for, identify_caller
from negatoscope.access.model import Role
from negatoscope.access.store.devices import find_device
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.runtime import Platform
from tests.builders.certificates import Authority
from tests.builders.web_client import TestClient, sign_in

FORM: dict[str, str | list[str]] = {
    "ae_title": "DX1", "description": "Room 1", "addresses": "10.1.2.0/24, 10.9.9.9", "services": ["store_images"],
}  # fmt: skip


def is_known(platform: Platform, address: str, ae_title: str = "DX1") -> bool:
    with platform.database.read(platform.tenant) as tx:
        return device_for(tx, ae_title, address, False) is not None


def first_device(browser: TestClient) -> str:
    found = re.search(r'href="(/devices/[0-9a-f-]{36})"', browser.get("/devices").text)
    assert found is not None
    return found[1]


def test_administrator_lets_a_device_in_changes_and_refuses_it(browser: TestClient, platform: Platform) -> None:
    sign_in(browser, platform, Role.ADMINISTRATOR)
    assert browser.post("/devices", data=FORM).status_code == 303
    assert is_known(platform, "10.1.2.7")
    path = first_device(browser)
    assert "10.9.9.9" in browser.get(path).text
    assert browser.post(path, data=FORM | {"addresses": "10.5.5.5", "version": "1"}).status_code == 303
    assert (is_known(platform, "10.1.2.7"), is_known(platform, "10.5.5.5")) == (False, True)
    assert browser.post(path, data=FORM | {"version": "1"}).status_code == 412
    assert browser.post(f"{path}/disable", data={"version": "2"}).status_code == 303
    assert not is_known(platform, "10.5.5.5")
    assert browser.post(f"{path}/enable", data={"version": "3"}).status_code == 303
    assert is_known(platform, "10.5.5.5")


@pytest.mark.parametrize(
    "changes",
    [
        {"ae_title": "A" * 17}, {"ae_title": ""}, {"description": " "}, {"addresses": "everywhere"}, {"addresses": ""},
        {"services": []}, {"services": ["sign_final"]}, {"host": "ws1"}, {"host": "ws1", "port": "x"}, {"port": "70000"},
    ],
)  # fmt: skip
def test_device_that_could_not_work_comes_back_with_its_fault(
    browser: TestClient, platform: Platform, changes: dict[str, str | list[str]]
) -> None:
    sign_in(browser, platform, Role.ADMINISTRATOR)
    answer = browser.post("/devices", data=FORM | changes)
    assert answer.status_code == 400
    assert "error-summary" in answer.text


def test_taken_title_is_said_when_made_and_when_changed(browser: TestClient, platform: Platform) -> None:
    sign_in(browser, platform, Role.ADMINISTRATOR)
    browser.post("/devices", data=FORM)
    path = first_device(browser)
    assert browser.post("/devices", data=FORM).status_code == 400
    assert browser.post("/devices", data=FORM | {"ae_title": "DX2"}).status_code == 303
    assert browser.post(path, data=FORM | {"ae_title": "DX2", "version": "1"}).status_code == 400


def test_form_asks_for_the_password_first(browser: TestClient, platform: Platform, clock: TurnedClock) -> None:
    sign_in(browser, platform, Role.ADMINISTRATOR)
    clock.turn(timedelta(minutes=11))
    assert browser.get("/devices").status_code == 200
    assert browser.get("/devices/new").headers["location"].startswith("/confirm")


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMINISTRATOR}))
def test_others_find_no_devices(browser: TestClient, platform: Platform, role: Role) -> None:
    sign_in(browser, platform, role)
    assert browser.get("/devices").status_code in {403, 404}


def test_a_device_is_bound_to_a_certificate_by_its_fingerprint_or_by_the_certificate_itself(
    browser: TestClient, platform: Platform, tmp_path: Path
) -> None:
    issued = Authority(tmp_path).issue("modality")
    printed = ":".join(issued.sha256[index : index + 2] for index in range(0, 64, 2)).upper()
    sign_in(browser, platform, Role.ADMINISTRATOR)
    for number, shown in enumerate((f"sha256 Fingerprint={printed}", issued.certificate.read_text())):
        form = FORM | {"ae_title": f"DX{number}", "certificate": shown, "uses_tls": "true", "asks_user": "true"}
        assert browser.post("/devices", data=form).status_code == 303
        with platform.database.read(platform.tenant) as tx:
            device = find_device(tx, f"DX{number}")
            callers = [
                identify_caller(tx, f"DX{number}", "10.1.2.7", False, certificate_sha256=sha256)
                for sha256 in (issued.sha256, "0" * 64, None)
            ]
        assert device is not None
        assert (device.certificate_sha256, device.uses_tls, device.asks_user) == (issued.sha256, True, True)
        assert isinstance(callers[0], Caller)
        assert callers[1:] == [Stranger.OTHER_CERTIFICATE, Stranger.NO_CERTIFICATE]
    assert issued.sha256 in browser.get(first_device(browser)).text


@pytest.mark.parametrize("certificate", ["abc", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "z" * 64])
def test_what_is_no_certificate_comes_back_with_its_fault(browser: TestClient, platform: Platform, certificate: str) -> None:
    sign_in(browser, platform, Role.ADMINISTRATOR)
    answer = browser.post("/devices", data=FORM | {"certificate": certificate})
    assert answer.status_code == 400
    assert "error-summary" in answer.text
