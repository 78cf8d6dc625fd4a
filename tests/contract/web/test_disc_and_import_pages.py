"""Discs and imports through the browser's door: asked for, followed, fetched; sent, judged, listed."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from datetime import timedelta

import pytest

from negatoscope.access.model import Role
from negatoscope.archive.discs.writing import WRITE_DISC
from negatoscope.archive.imports.archives import READ_ARCHIVES
from negatoscope.platform.runtime import Platform
from tests.builders.dicom import a_ct_slice, a_dx_image, part10_bytes
from tests.builders.media import a_directory
from tests.builders.reading import a_stored_study
from tests.builders.web_client import TestClient, sign_in

RunJobs = Callable[..., int]


@pytest.fixture
def study_uid(platform: Platform) -> str:
    return a_stored_study(platform, [a_dx_image(), a_dx_image(Modality="US")])


def test_disc_is_asked_for_followed_and_fetched(
    browser: TestClient, platform: Platform, study_uid: str, run_jobs: RunJobs
) -> None:
    sign_in(browser, platform, Role.RADIOLOGIST)
    assert f"/discs/new?study={study_uid}" in browser.get(f"/studies/{study_uid}").text
    assert study_uid in browser.get(f"/discs/new?study={study_uid}").text
    form = {"study": study_uid, "identity": "remove", "project": "Thorax", "options": "clean_descriptors"}
    made = browser.post(f"/discs?of={study_uid}", data=form)
    assert made.status_code == 303, made.text
    address = made.headers["location"]
    assert "<progress" in browser.get(address).text
    assert browser.get(f"{address}/file").status_code == 409
    run_jobs(WRITE_DISC)
    ready = browser.get(address).text
    assert f"{address}/file" in ready
    assert "IM000002" in ready
    fetched = browser.get(f"{address}/file")
    assert fetched.headers["content-length"] == str(len(fetched.content))
    with zipfile.ZipFile(io.BytesIO(fetched.content)) as archive:
        assert archive.testzip() is None
    assert address in browser.get("/discs").text
    assert browser.post(f"{address}/cancel").status_code == 409


def test_faults_of_the_form_are_said_beside_it(browser: TestClient, platform: Platform, study_uid: str) -> None:
    sign_in(browser, platform, Role.RADIOLOGIST)
    for form in (
        {"identity": "keep"},
        {"study": study_uid, "identity": "remove", "project": " "},
        {"study": study_uid, "identity": "remove", "project": "x", "options": ["retain_full_dates", "retain_modified_dates"]},
    ):
        answer = browser.post(f"/discs?of={study_uid}", data=form)
        assert answer.status_code == 400
        assert 'class="fault"' in answer.text


def test_disc_needs_a_fresh_proof_and_a_reason_where_the_policy_wants_them(
    browser: TestClient, platform: Platform, study_uid: str
) -> None:
    sign_in(browser, platform, Role.RADIOGRAPHER)
    form = {"study": study_uid, "identity": "keep"}
    assert browser.post(f"/discs?of={study_uid}", data=form).status_code == 400
    made = browser.post(f"/discs?of={study_uid}", data=form | {"reason": "The patient asked for a copy."})
    assert made.status_code == 303
    cancelled = browser.post(f"{made.headers['location']}/cancel")
    assert cancelled.status_code == 303
    platform.clock.turn(timedelta(minutes=11))  # type: ignore[attr-defined] # the clock of the tests
    asked = browser.post(f"/discs?of={study_uid}", data=form | {"reason": "The patient asked for a copy."})
    assert asked.headers["location"].startswith("/confirm?next=")


def test_who_may_take_images_without_identity_is_shown_none(browser: TestClient, platform: Platform, study_uid: str) -> None:
    sign_in(browser, platform, Role.PHYSICIST)
    shown = browser.get(f"/discs/new?study={study_uid}")
    assert shown.status_code == 200
    assert "luard" not in shown.text.casefold()
    assert 'value="keep"' not in shown.text
    form = {"study": study_uid, "identity": "remove", "project": "Dose"}
    made = browser.post(f"/discs?of={study_uid}", data=form)
    assert "luard" not in browser.get(made.headers["location"]).text.casefold()


@pytest.mark.parametrize("role", [Role.SECRETARY, Role.ADMINISTRATOR, Role.IDENTITY_OFFICER])
def test_discs_are_refused_to_others(browser: TestClient, platform: Platform, study_uid: str, role: Role) -> None:
    sign_in(browser, platform, role)
    assert browser.get("/discs").status_code in {403, 404}
    assert browser.get(f"/discs/new?study={study_uid}").status_code in {403, 404}


def test_disc_that_was_brought_is_taken_in_file_by_file(browser: TestClient, platform: Platform, run_jobs: RunJobs) -> None:
    sign_in(browser, platform, Role.SECRETARY)
    inside = io.BytesIO()
    with zipfile.ZipFile(inside, "w") as archive:
        archive.writestr("X", part10_bytes(a_ct_slice()))
    image = a_dx_image(StudyDescription="Thorax <apporté>")
    large = part10_bytes(a_dx_image(rows=1200, columns=1000))
    files = [
        ("folder", ("CD/DICOMDIR", a_directory(["A"], ["GONE"]), "application/octet-stream")),
        ("folder", ("CD/A", part10_bytes(image), "application/octet-stream")),
        ("folder", ("CD/sub/B", large, "application/octet-stream")),
        ("files", ("more.zip", inside.getvalue(), "application/zip")),
    ]
    sent = browser.post("/imports/upload", files=files, data={"unused": "x"})
    assert sent.status_code == 303, sent.text
    assert len(large) > 2 << 20
    address = sent.headers["location"]
    run_jobs(READ_ARCHIVES)
    shown = browser.get(address).text
    for word in ("CD/A", "CD/sub/B", "CD/GONE", "Thorax &lt;apporté&gt;", ">X<"):
        assert word in shown
    refused = browser.get(f"{address}?verdict=refused").text
    assert "CD/GONE" in refused
    assert "CD/sub/B" not in re.sub(r"(?s)<nav.*?</nav>", "", refused)
    assert address in browser.get("/imports").text


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "multipart/form-data; boundary=x"),
        (b"--x\r\n\r\n\r\n--x--\r\n", "multipart/form-data; boundary=x"),
        (b"--y\r\nnothing", "multipart/form-data; boundary=x"),
        (b"a=b", "application/x-www-form-urlencoded"),
        (b'--x\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nabc', "multipart/form-data; boundary=x"),
        (b"--x\r\n" + b"a" * 9000, "multipart/form-data; boundary=x"),
    ],
)
def test_broken_bodies_are_answered_and_keep_nothing(
    browser: TestClient, platform: Platform, body: bytes, content_type: str
) -> None:
    sign_in(browser, platform, Role.SECRETARY)
    answer = browser.post("/imports/upload", content=body, headers={"content-type": content_type})
    assert answer.status_code == 400
    assert list(platform.blobs.list_keys()) == []


@pytest.mark.parametrize("role", [Role.PHYSICIST, Role.REFERRER, Role.PATIENT, Role.ADMINISTRATOR])
def test_imports_are_refused_to_others(browser: TestClient, platform: Platform, role: Role) -> None:
    sign_in(browser, platform, role)
    assert browser.get("/imports").status_code in {403, 404}
    assert browser.post("/imports/upload", files={"f": ("a", b"x")}).status_code in {403, 404}
