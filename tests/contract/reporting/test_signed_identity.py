"""Who a signed report is about, and who may read it."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

import pytest
from sqlalchemy import text

from negatoscope.access.model import Role, Subject, system_subject
from negatoscope.access.relations import relate
from negatoscope.archive.studies import attach_to_patient, get_study
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
from negatoscope.reporting.model import Body
from negatoscope.reporting.printing import PrintedReport
from negatoscope.reporting.rendering import render_pdf
from negatoscope.reporting.reports import latest_versions, pdf
from tests.builders.patients import an_identifier, some_demographics
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
