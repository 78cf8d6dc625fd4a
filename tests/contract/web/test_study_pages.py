"""The study page shows what its reader may see, and is traced; the viewer page gives the island what it needs."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from negatoscope.access.model import Role
from negatoscope.access.relations import relate
from negatoscope.archive.studies import get_study
from negatoscope.platform.runtime import Platform
from tests.builders.reading import a_stored_study
from tests.builders.web_client import TestClient, sign_in

HOSTILE = '"><img src=x onerror=alert(1)>^{{7*7}}'


def viewer_config(page: str) -> dict[str, object]:
    block = re.search(r'<script type="application/json" id="viewer-config">(.*?)</script>', page, re.DOTALL)
    assert block is not None
    config: dict[str, object] = json.loads(block.group(1))
    return config


def audited(platform: Platform, action: str) -> list[str]:
    with platform.database.read(platform.tenant) as tx:
        return list(
            tx.execute(text("select study_uid from audit_entries where action = :action"), {"action": action}).scalars()
        )


def test_a_radiologist_sees_the_study_and_leaves_a_trace(browser: TestClient, platform: Platform) -> None:
    study_uid = a_stored_study(platform)
    sign_in(browser, platform, Role.RADIOLOGIST)
    page = browser.get(f"/studies/{study_uid}")
    assert page.status_code == 200
    assert f'href="/reading/{study_uid}"' in page.text
    assert f"/dicom-web/studies/{study_uid}/series/" in page.text
    assert audited(platform, "view_study") == [study_uid]


def test_a_secretary_reads_reports_and_sees_no_image(browser: TestClient, platform: Platform) -> None:
    study_uid = a_stored_study(platform)
    sign_in(browser, platform, Role.SECRETARY)
    page = browser.get(f"/studies/{study_uid}")
    assert page.status_code == 200
    assert "/dicom-web/" not in page.text
    assert browser.get(f"/studies/{study_uid}/viewer").status_code == 403


def test_a_referrer_sees_only_the_studies_of_related_patients(browser: TestClient, platform: Platform) -> None:
    study_uid = a_stored_study(platform)
    referrer = sign_in(browser, platform, Role.REFERRER)
    unknown = browser.get("/studies/1.2.3.4")
    hidden = browser.get(f"/studies/{study_uid}")
    assert hidden.status_code == unknown.status_code == 404
    assert without_number(hidden.text, study_uid) == without_number(unknown.text, "1.2.3.4")
    assert referrer.user_id is not None
    with platform.database.transaction(platform.tenant) as tx:
        patient_id = get_study(tx, study_uid).patient_id
        relate(tx, referrer.user_id, patient_id, source="test", until=platform.clock.now() + timedelta(days=1))
    page = browser.get(f"/studies/{study_uid}")
    assert page.status_code == 200
    assert "/reading/" not in page.text


def without_number(page: str, study_uid: str) -> str:
    """Leave out what differs between two requests by nature: their numbers and the address asked for."""
    return re.sub(r"<code>[0-9a-f]+</code>", "", page.replace(study_uid, ""))


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.AUDITOR, Role.PHYSICIST])
def test_those_without_clinical_rights_are_refused(role: Role, browser: TestClient, platform: Platform) -> None:
    study_uid = a_stored_study(platform)
    sign_in(browser, platform, role)
    assert browser.get(f"/studies/{study_uid}").status_code == 403


def test_hostile_names_stay_text(browser: TestClient, platform: Platform) -> None:
    study_uid = a_stored_study(platform, PatientName=HOSTILE, StudyDescription="<script>alert(2)</script>")
    sign_in(browser, platform, Role.RADIOLOGIST)
    for path in (f"/studies/{study_uid}", f"/studies/{study_uid}/viewer"):
        page = browser.get(path).text
        assert "<img src=x" not in page
        assert "alert(2)</script>" not in page
        assert "49" not in re.sub(r"[0-9.]{8,}", "", page.partition("<main")[2].partition('class="identity-fact')[0])


def test_the_viewer_page_configures_the_island(browser: TestClient, platform: Platform) -> None:
    study_uid = a_stored_study(platform)
    sign_in(browser, platform, Role.RADIOLOGIST)
    page = browser.get(f"/studies/{study_uid}/viewer").text
    config = viewer_config(page)
    assert config["study_uid"] == study_uid
    assert config["dicomweb_root"] == "/dicom-web"
    assert config["language"] == "fr"
    assert config["priors"] == []
    assert 'id="viewer"' in page


def test_an_address_that_is_no_uid_is_refused(browser: TestClient, platform: Platform) -> None:
    sign_in(browser, platform, Role.RADIOLOGIST)
    assert browser.get("/studies/1.2%27%20or%201=1").status_code == 400
