"""The small routes of the report editor ask the policy about the patient, as the large ones do."""

from __future__ import annotations

from negatoscope.access.model import Role, system_subject
from negatoscope.access.oppositions import record_opposition
from negatoscope.archive.studies import get_study
from negatoscope.platform.runtime import Platform
from negatoscope.reporting.drafts import open_draft
from tests.builders.reading import a_stored_study
from tests.builders.subjects import a_user
from tests.builders.web_client import TestClient, sign_in


def test_a_reader_whom_the_patient_objects_to_begins_no_report_from_a_template(browser: TestClient, platform: Platform) -> None:
    study_uid = a_stored_study(platform)
    report = open_draft(platform, a_user(platform, Role.RADIOLOGIST), study_uid)
    reader = sign_in(browser, platform, Role.RADIOLOGIST)
    path, choice = f"/reports/{report.report_id}/template", {"template": "", "body": {}}
    assert browser.post(path, json=choice).status_code == 404  # permitted, and there is no template of no name
    with platform.database.read(platform.tenant) as tx:
        patient_id = get_study(tx, study_uid).patient_id
    operator = system_subject(platform.tenant, "operator")
    record_opposition(platform, operator, patient_id=patient_id, user_id=reader.user_id)
    assert browser.post(path, json=choice).status_code == 403
