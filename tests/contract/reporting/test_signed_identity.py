"""Who a signed report is about, and who may read it."""

from __future__ import annotations

import io
from datetime import timedelta
from hashlib import sha256

import pydicom
import pytest
from sqlalchemy import text

from negatoscope.access.model import Role, Subject, system_subject
from negatoscope.access.relations import relate
from negatoscope.archive.corrections.moving import propose_move
from negatoscope.archive.open import open_instances
from negatoscope.archive.stability import mark_stable
from negatoscope.archive.studies import attach_to_patient, get_study, list_instances
from negatoscope.patients.identify import find_or_create_patient
from negatoscope.platform.errors import (
    CorruptObject,
    Forbidden,
    NotFound,
    StaleVersion,
)
from negatoscope.platform.runtime import Platform
from negatoscope.reporting import signing
from negatoscope.reporting.drafts import open_draft, save_draft
from negatoscope.reporting.encapsulation import ENCAPSULATED_PDF
from negatoscope.reporting.model import Body
from negatoscope.reporting.printing import PrintedReport
from negatoscope.reporting.rendering import render_pdf
from negatoscope.reporting.reports import latest_versions, pdf
from tests.builders.dicom import a_dx_image
from tests.builders.patients import an_identifier, some_demographics
from tests.builders.reading import a_stored_study
from tests.builders.signatures import current, documents, signed, written
from tests.builders.subjects import a_user


def test_report_signed_for_another_patient_is_shown_to_the_department_alone(
    platform: Platform, study_uid: str, senior: Subject
) -> None:
    version = signed(platform, senior, written(platform, senior, study_uid))
    with platform.database.transaction(platform.tenant) as tx:
        former = get_study(tx, study_uid).patient_id
        system = system_subject(platform.tenant, "test")
        found = find_or_create_patient(tx, system, [an_identifier()], some_demographics(), source="desk")
        attach_to_patient(tx, study_uid, found)
    old, new = a_user(platform, Role.REFERRER), a_user(platform, Role.REFERRER)
    until = platform.clock.now() + timedelta(days=1)
    with platform.database.transaction(platform.tenant) as tx:
        for person, patient in ((old, former), (new, found)):
            assert person.user_id is not None
            relate(tx, person.user_id, patient, source="test", until=until)
    for outsider in (old, new):
        with pytest.raises(NotFound):
            pdf(platform, outsider, version.version_id)
    assert pdf(platform, senior, version.version_id).startswith(b"%PDF")
    with platform.database.read(platform.tenant) as tx:
        assert latest_versions(tx, [study_uid]) == {}


def test_study_given_to_another_patient_while_it_is_signed_is_not_signed(
    platform: Platform, study_uid: str, senior: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = written(platform, senior, study_uid)

    def rendered(printed: PrintedReport) -> bytes:
        with platform.database.transaction(platform.tenant) as tx:
            system = system_subject(platform.tenant, "test")
            found = find_or_create_patient(tx, system, [an_identifier()], some_demographics(), source="desk")
            attach_to_patient(tx, study_uid, found)
        return render_pdf(printed)

    monkeypatch.setattr(signing, "render_pdf", rendered)
    with pytest.raises(StaleVersion):
        signed(platform, senior, report)
    assert documents(platform, study_uid) == []


@pytest.mark.parametrize("kind", ["split", "merged", "to_another_patient"])
def test_report_on_moved_images_stands_in_their_new_study_under_its_patient(
    platform: Platform, senior: Subject, kind: str
) -> None:
    left = a_stored_study(platform, [a_dx_image(), a_dx_image()], AccessionNumber="ACC-LEFT")
    stranger = {"PatientID": "SYN-0009", "PatientName": "Ōta^Jun", "PatientBirthDate": "19800304", "PatientSex": "M"}
    other = a_stored_study(platform, [a_dx_image()], AccessionNumber="ACC-OTHER", **stranger)
    with platform.database.read(platform.tenant) as tx:
        moved = str(list_instances(tx, left)[0].sop_instance_uid)
        another = get_study(tx, other).patient_id
    study_uid = propose_move(
        platform,
        a_user(platform, Role.LEAD_RADIOLOGIST),
        left,
        [moved],
        to_study_uid=other if kind == "merged" else None,
        to_patient_id=another if kind == "to_another_patient" else None,
        reason="the radiographer chose the wrong line of the worklist",
        is_signed=lambda *_: False,
    ).to_study_uid
    with platform.database.transaction(platform.tenant) as tx:
        mark_stable(tx, study_uid, "step_completed", at=platform.clock.now())
    version = signed(platform, senior, written(platform, senior, study_uid))
    assert pdf(platform, senior, version.version_id).startswith(b"%PDF")
    assert documents(platform, left) == []
    stored = pydicom.dcmread(io.BytesIO(documents(platform, study_uid)[0]))
    opened = open_instances(platform, senior, study_uid=study_uid)
    given = [one for one in opened if one.instance.sop_class_uid == ENCAPSULATED_PDF]
    assert [one.head for one in given] == [None]
    assert stored.StudyInstanceUID == study_uid
    expected = {
        "split": ("SYN-0001", "Éluard^Zoé", "ACC-LEFT"),
        "merged": ("SYN-0009", "Ōta^Jun", "ACC-OTHER"),
        "to_another_patient": ("SYN-0009", "Ōta^Jun", ""),
    }
    assert (stored.PatientID, str(stored.PatientName), stored.AccessionNumber) == expected[kind]


def test_preliminary_report_stays_out_of_the_study(
    platform: Platform, study_uid: str, senior: Subject, resident: Subject
) -> None:
    first = signed(platform, resident, written(platform, resident, study_uid))
    assert documents(platform, study_uid) == []
    content = pdf(platform, senior, first.version_id)
    assert sha256(content).hexdigest() == first.pdf_sha256
    signed(platform, senior, current(platform, study_uid))
    assert len(documents(platform, study_uid)) == 1


def test_secretary_reads_a_final_report_and_no_preliminary_one(
    platform: Platform, study_uid: str, senior: Subject, resident: Subject
) -> None:
    secretary = a_user(platform, Role.SECRETARY)
    first = signed(platform, resident, written(platform, resident, study_uid))
    with pytest.raises(Forbidden):
        pdf(platform, secretary, first.version_id)
    second = signed(platform, senior, current(platform, study_uid))
    assert pdf(platform, secretary, second.version_id).startswith(b"%PDF")
    with pytest.raises(Forbidden):
        open_draft(platform, secretary, study_uid)


def test_referrer_without_a_relation_does_not_learn_that_the_report_exists(
    platform: Platform, study_uid: str, senior: Subject
) -> None:
    version = signed(platform, senior, written(platform, senior, study_uid))
    with pytest.raises(NotFound):
        pdf(platform, a_user(platform, Role.REFERRER), version.version_id)


def test_other_bytes_under_the_row_are_not_given_out(platform: Platform, study_uid: str, senior: Subject) -> None:
    first = signed(platform, senior, written(platform, senior, study_uid))
    report = current(platform, study_uid)
    added = save_draft(platform, senior, report.report_id, report.version, Body(addendum="Suite."))
    second = signed(platform, senior, added)
    with platform.database.owner_transaction() as tx:
        tx.execute(
            text(
                "update instances a set blob_key = b.blob_key, blob_size = b.blob_size, blob_sha256 = b.blob_sha256,"
                " blob_wrapped_key = b.blob_wrapped_key from instances b"
                " where a.sop_instance_uid = :first and b.sop_instance_uid = :second and a.tenant = b.tenant"
            ),
            {"first": first.sop_instance_uid, "second": second.sop_instance_uid},
        )
    with pytest.raises(CorruptObject):
        pdf(platform, senior, first.version_id)
