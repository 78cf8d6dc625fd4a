"""Corrections through the browser's door: rejected, shown again, moved, released and settled, each by who may."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from pydicom.dataset import Dataset
from sqlalchemy import text

from negatoscope.access.model import Role
from negatoscope.archive.held import store
from negatoscope.archive.model import Outcome
from negatoscope.archive.rejections.store import rejected_instances
from negatoscope.archive.retention.erasing import ERASE
from negatoscope.archive.retention.keeping import propose_due
from negatoscope.archive.studies import get_study, list_instances
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.runtime import Platform
from tests.builders.archive import store_data_set
from tests.builders.dicom import a_dx_image
from tests.builders.web_client import TestClient, sign_in

REASON = "compared with the console of the room"


@pytest.fixture
def images(platform: Platform) -> list[Dataset]:
    first = a_dx_image()
    second = a_dx_image(StudyInstanceUID=first.StudyInstanceUID, SeriesInstanceUID=first.SeriesInstanceUID)
    for image in (first, second):
        store_data_set(platform, image)
    return [first, second]


def rejected(platform: Platform, study_uid: str) -> set[str]:
    with platform.database.read(platform.tenant) as tx:
        return set(rejected_instances(tx, study_uid))


def test_images_are_rejected_on_their_study_and_shown_again(
    browser: TestClient, platform: Platform, images: list[Dataset]
) -> None:
    study_uid, image = str(images[0].StudyInstanceUID), str(images[0].SOPInstanceUID)
    sign_in(browser, platform, Role.RADIOLOGIST)
    assert f"/archive/studies/{study_uid}" in browser.get(f"/studies/{study_uid}").text
    page = browser.get(f"/archive/studies/{study_uid}").text
    assert page.count('name="images"') == 2
    form: dict[str, str | list[str]] = {"images": [image], "title": "113001", "explanation": "Flou de bougé"}
    faults: tuple[dict[str, str | list[str]], ...] = ({"images": []}, {"title": "113039"}, {"title": ""}, {"explanation": " "})
    for wrong in faults:
        answer = browser.post(f"/archive/studies/{study_uid}/reject", data=form | wrong)
        assert answer.status_code == 400
        assert "error-summary" in answer.text
    assert rejected(platform, study_uid) == set()
    assert browser.post(f"/archive/studies/{study_uid}/reject", data=form).status_code == 303
    assert image in rejected(platform, study_uid)
    assert image not in browser.get(f"/studies/{study_uid}").text
    assert "Flou de bougé" in browser.get(f"/archive/studies/{study_uid}").text
    listed = browser.get("/archive/rejections").text
    note = re.search(r'action="(/archive/rejections/[0-9.]+/revoke)"', listed)
    assert note is not None
    assert "Flou de bougé" in listed
    assert browser.post(note[1], data={"reason": "short"}).status_code in {303, 400}
    if image in rejected(platform, study_uid):
        assert browser.post(note[1], data={"reason": REASON}).status_code == 303
    assert image not in rejected(platform, study_uid)
    assert browser.post(note[1], data={"reason": REASON}).status_code == 400


def test_resident_corrects_nothing(browser: TestClient, platform: Platform, images: list[Dataset]) -> None:
    study_uid = str(images[0].StudyInstanceUID)
    sign_in(browser, platform, Role.RESIDENT)
    assert "/archive/studies" not in browser.get(f"/studies/{study_uid}").text
    for path in ("/archive", "/archive/rejections", "/archive/moves", f"/archive/studies/{study_uid}"):
        assert browser.get(path).status_code == 403
    form = {"images": [str(images[0].SOPInstanceUID)], "title": "113001", "explanation": REASON}
    assert browser.post(f"/archive/studies/{study_uid}/reject", data=form).status_code == 403
    assert rejected(platform, study_uid) == set()


def test_images_are_moved_by_two_people_and_put_back(browser: TestClient, platform: Platform, images: list[Dataset]) -> None:
    study_uid, image = str(images[0].StudyInstanceUID), str(images[1].SOPInstanceUID)
    other = a_dx_image(PatientID="SYN-0009", PatientName="Ōta^Jun")
    store_data_set(platform, other)
    sign_in(browser, platform, Role.IDENTITY_OFFICER)
    form: dict[str, str | list[str]] = {"images": [image], "target": "patient", "patient_number": "SYN-0009", "reason": REASON}
    path = f"/archive/studies/{study_uid}/move"
    for wrong in ({"patient_number": "nobody"}, {"target": "study", "to_study_uid": "1.2.3"}, {"reason": ""}):
        assert browser.post(path, data=form | wrong).status_code == 400
    assert browser.post(path, data=form).status_code == 303
    listed = browser.get("/archive/moves").text
    move = re.search(r'action="(/archive/moves/[0-9a-f-]+)"', listed)
    assert move is not None
    assert browser.post(move[1], data={"decision": "confirm", "version": "1"}).status_code == 400
    sign_in(browser, platform, Role.IDENTITY_OFFICER)
    assert browser.post(move[1], data={"decision": "confirm", "version": "9"}).status_code == 412
    assert browser.post(move[1], data={"decision": "confirm", "version": "1"}).status_code == 303
    with platform.database.read(platform.tenant) as tx:
        target = tx.execute(text("select to_study_uid from moves")).scalar_one()
        assert [str(one.sop_instance_uid) for one in list_instances(tx, target)] == [image]
        assert get_study(tx, target).patient_identifier == "SYN-0009"
    assert browser.get(f"/archive/studies/{target}").status_code == 200
    sign_in(browser, platform, Role.LEAD_RADIOLOGIST)
    assert browser.post(move[1], data={"decision": "undo", "version": "2", "reason": REASON}).status_code == 303
    with platform.database.read(platform.tenant) as tx:
        assert len(list_instances(tx, study_uid)) == 2


def test_quarantined_object_is_shown_copied_and_released_by_two(
    browser: TestClient, platform: Platform, images: list[Dataset]
) -> None:
    stray = a_dx_image(StudyInstanceUID=images[0].StudyInstanceUID, PatientID="SYN-0002", PatientName="Autre^Nom")
    store_data_set(platform, stray)
    sign_in(browser, platform, Role.RADIOLOGIST)
    found = re.search(r'href="(/archive/quarantine/[0-9a-f-]{36})"', browser.get("/archive").text)
    assert found is not None
    path = found[1]
    assert "Autre^Nom" in browser.get(path).text
    assert browser.get(f"{path}/file").content[128:132] == b"DICM"
    assert browser.post(path, data={"decision": "propose", "version": "1"}).status_code == 400
    assert browser.post(path, data={"decision": "propose", "version": "1", "reason": REASON}).status_code == 303
    assert 'value="confirm"' not in browser.get(path).text
    assert browser.post(path, data={"decision": "confirm", "version": "2", "reason": REASON}).status_code == 400
    sign_in(browser, platform, Role.IDENTITY_OFFICER)
    assert browser.get(f"{path}/file").status_code == 403
    assert browser.post(path, data={"decision": "confirm", "version": "2", "reason": REASON}).status_code == 303
    with platform.database.read(platform.tenant) as tx:
        assert len(list_instances(tx, str(stray.StudyInstanceUID))) == 3


def test_administrator_sees_that_objects_are_held_but_not_whose(
    browser: TestClient, platform: Platform, images: list[Dataset]
) -> None:
    store_data_set(
        platform, a_dx_image(StudyInstanceUID=images[0].StudyInstanceUID, PatientID="SYN-0002", PatientName="Autre^Nom")
    )
    sign_in(browser, platform, Role.ADMINISTRATOR)
    found = re.search(r'href="(/archive/quarantine/[0-9a-f-]{36})"', browser.get("/archive").text)
    assert found is not None
    assert "Autre" not in browser.get(found[1]).text


def test_conflict_is_compared_and_settled(browser: TestClient, platform: Platform, images: list[Dataset]) -> None:
    twin = a_dx_image(KVP="70", bits_stored=10)
    for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"):
        setattr(twin, keyword, images[0][keyword].value)
    store_data_set(platform, twin)
    sign_in(browser, platform, Role.RADIOLOGIST)
    found = re.search(r'href="(/archive/conflicts/[0-9.]+/[0-9a-f]{64})"', browser.get("/archive").text)
    assert found is not None
    page = browser.get(found[1]).text
    assert "KVP" in page
    assert "Patient&#39;s Name" not in page
    assert browser.get(f"{found[1]}/file").content[128:132] == b"DICM"
    assert browser.post(found[1], data={"decision": "made_current"}).status_code == 400
    assert browser.post(found[1], data={"decision": "made_current", "reason": REASON}).status_code == 303
    with platform.database.read(platform.tenant) as tx:
        assert store.list_open_conflicts(tx, 10) == []
    assert REASON in browser.get(found[1]).text


def test_study_is_held_let_go_by_two_and_certified(
    browser: TestClient, platform: Platform, clock: TurnedClock, images: list[Dataset], run_jobs: Callable[..., int]
) -> None:
    study_uid = str(images[0].StudyInstanceUID)
    clock.turn(timedelta(days=365 * 21))
    sign_in(browser, platform, Role.AUDITOR)
    hold = {"study_uid": study_uid, "whole_patient": "yes", "reason": REASON}
    assert browser.post("/archive/retention/holds", data=hold | {"study_uid": "1.2.3"}).status_code == 400
    assert browser.post("/archive/retention/holds", data=hold).status_code == 303
    assert propose_due(platform) == 0
    lift = re.search(r'action="(/archive/retention/holds/[0-9a-f-]+)"', browser.get("/archive/retention").text)
    assert lift is not None
    assert browser.post(lift[1], data={"reason": ""}).status_code == 400
    assert browser.post(lift[1], data={"reason": REASON}).status_code == 303
    assert propose_due(platform) == 1
    found = re.search(r'action="(/archive/retention/[0-9a-f-]{36})"', browser.get("/archive/retention").text)
    assert found is not None
    approval = {"decision": "approve", "version": "1", "reason": REASON}
    assert browser.post(found[1], data=approval).status_code == 303
    assert browser.post(found[1], data=approval | {"version": "2"}).status_code == 400
    sign_in(browser, platform, Role.ADMINISTRATOR)
    assert browser.post(found[1], data=approval | {"version": "2"}).status_code == 303
    assert browser.get(f"{found[1]}/certificate").status_code == 404
    run_jobs(ERASE)
    certificate = browser.get(f"{found[1]}/certificate").json()
    assert {one["sop_instance_uid"] for one in certificate["objects"]} == {str(one.SOPInstanceUID) for one in images}
    assert store_data_set(platform, images[0]).outcome is Outcome.REFUSED
    assert browser.post(f"{found[1]}/allow", data={"reason": REASON}).status_code == 303
    assert store_data_set(platform, images[0]).outcome is Outcome.STORED
