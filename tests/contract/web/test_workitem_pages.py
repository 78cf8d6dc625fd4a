"""The page of the workitems: states and subscribers for those who oversee them, without a patient, for nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from negatoscope.access.model import Role
from negatoscope.doors.web.workitem_pages import PAGE
from negatoscope.formats.dicom.uids import new_uid
from negatoscope.orders.workitems import service
from negatoscope.orders.workitems.model import GLOBAL_SUBSCRIPTION, Wire
from negatoscope.orders.workitems.searching import site_zone
from negatoscope.orders.workitems.subscriptions import Receiver, subscribe
from negatoscope.platform.runtime import Platform
from tests.builders.subjects import a_user
from tests.builders.web_client import TestClient, sign_in
from tests.builders.workitems import a_workitem, as_attributes


def a_list(platform: Platform, count: int = 1) -> list[str]:
    """Make workitems, one a minute, followed by one subscriber with a lock; return their UIDs."""
    person = a_user(platform, Role.RADIOLOGIST)
    uids = [new_uid() for _ in range(count)]
    for place, uid in enumerate(uids):
        start = f"{platform.clock.now() + timedelta(minutes=place):%Y%m%d%H%M%S}+0000"
        workitem = a_workitem(
            ScheduledProcedureStepStartDateTime=start, PatientName="Canary^Patient", ProcedureStepLabel=f"Step {place}."
        )
        service.create(platform, person, uid, as_attributes(workitem))
    receiver = Receiver(ae_title="PROGRAM", wire=Wire.WEBSOCKET)
    zone = site_zone(platform.settings.time_zone)
    subscribe(platform, person, GLOBAL_SUBSCRIPTION, receiver, deletion_lock=True, zone=zone)
    return uids


def test_an_administrator_sees_states_and_subscribers_without_patients(browser: TestClient, platform: Platform) -> None:
    (uid,) = a_list(platform)
    sign_in(browser, platform, Role.ADMINISTRATOR)
    text = browser.get("/workitems").text
    assert uid in text
    assert "PROGRAM" in text
    assert "Canary" not in text
    service.request_cancel(platform, a_user(platform, Role.RADIOLOGIST), uid, {})
    assert uid not in browser.get("/workitems").text
    assert uid in browser.get("/workitems?tab=ended").text
    assert uid in browser.get("/workitems?tab=all").text


def test_pages_follow_each_other(browser: TestClient, platform: Platform) -> None:
    uids = a_list(platform, PAGE + 2)
    sign_in(browser, platform, Role.LEAD_RADIOLOGIST)
    first = browser.get("/workitems").text
    assert f'data-key="{uids[-1]}"' in first
    assert f'data-key="{uids[1]}"' not in first
    address = first.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    second = browser.get(address).text
    assert [f'data-key="{uid}"' in second for uid in uids[:3]] == [True, True, False]
    for wrong in ("x_1", "2026-01-01_1.2", "2026-01-01T00:00:00+00:00_1.02"):
        assert browser.get("/workitems", params={"after": wrong}).status_code == 400


def test_a_subscriber_is_removed_with_its_locks(browser: TestClient, platform: Platform) -> None:
    a_list(platform)
    sign_in(browser, platform, Role.ADMINISTRATOR)
    text = browser.get("/workitems").text
    action = text.partition('action="/workitems/subscribers/')[2].partition('"')[0]
    assert browser.post(f"/workitems/subscribers/{action}").status_code == 303
    assert "PROGRAM" not in browser.get("/workitems").text
    assert browser.post(f"/workitems/subscribers/{action}").status_code == 404


@pytest.mark.parametrize("role", [Role.RADIOLOGIST, Role.SECRETARY, Role.REFERRER, Role.PATIENT])
def test_others_do_not_see_the_page(browser: TestClient, platform: Platform, role: Role) -> None:
    sign_in(browser, platform, role)
    assert browser.get("/workitems").status_code in {403, 404}
