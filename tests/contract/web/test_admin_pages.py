"""The administrators see how the installation feels, and nothing of the patients."""

from __future__ import annotations

import pytest

from negatoscope.access.model import Role, system_subject
from negatoscope.archive.model import Outcome, Source, SourceKind
from negatoscope.archive.receive import begin_instance
from negatoscope.doors.web.admin_pages import REASONS
from negatoscope.formats.dicom.verdict import Refusal
from negatoscope.platform.runtime import Platform
from tests.builders.dicom import a_dx_image, part10_bytes
from tests.builders.reading import a_stored_study
from tests.builders.web_client import TestClient, sign_in


def quarantine_something(platform: Platform) -> None:
    data = part10_bytes(a_dx_image(PatientName="CANARI^Jaune", PatientID="CANARI-1"))
    incoming = begin_instance(
        platform, system_subject(platform.tenant, "test"), source=Source(kind=SourceKind.IMPORT, name="test")
    )
    incoming.write(data[: len(data) - 100])
    assert incoming.commit().outcome is Outcome.QUARANTINED


def test_what_is_held_back_is_listed_with_its_reason_and_without_its_patient(browser: TestClient, platform: Platform) -> None:
    sign_in(browser, platform, Role.ADMINISTRATOR)
    assert "Rien n’est retenu" in browser.get("/admin").text
    quarantine_something(platform)
    page = browser.get("/admin").text
    assert "L’objet est plus court qu’il ne le dit" in page
    assert "CANARI" not in page


def test_parts_that_do_not_answer_are_said_so(browser: TestClient, platform: Platform) -> None:
    a_stored_study(platform)
    sign_in(browser, platform, Role.ADMINISTRATOR)
    page = browser.get("/admin").text
    assert "Ne répond pas" in page  # no worker runs here


@pytest.mark.parametrize("role", [Role.RADIOLOGIST, Role.SECRETARY, Role.REFERRER, Role.PATIENT, Role.AUDITOR])
def test_nobody_else_sees_the_installation(role: Role, browser: TestClient, platform: Platform) -> None:
    sign_in(browser, platform, role)
    assert browser.get("/admin").status_code == 403


def test_reasons_in_words_are_reasons_that_exist() -> None:
    assert set(REASONS) <= {*map(str, Refusal), "patient_mismatch", "other_bytes"}
