"""A report from its first word to its addendum, through the archive and back."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from negatoscope.access.model import Subject
from negatoscope.archive.model import StudyState
from negatoscope.archive.studies import get_study
from negatoscope.dose.register import RECORD_EXPOSURES
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    InvalidTransition,
    NotFound,
    StaleVersion,
)
from negatoscope.platform.runtime import Platform
from negatoscope.reporting.circumstances import find_circumstances
from negatoscope.reporting.drafts import save_draft, withdraw_addendum
from negatoscope.reporting.encapsulation import extract_pdf
from negatoscope.reporting.model import Body, Discrepancy, ReportState, VersionStatus
from negatoscope.reporting.reports import pdf, versions
from negatoscope.reporting.signing import find_faults, sign
from tests.builders.reading import a_stored_study
from tests.builders.signatures import BODY, PASSWORD, UNKNOWN_TO_US, current, documents, events, signed, written


def test_signed_report_is_one_with_its_rendering_in_the_study(platform: Platform, study_uid: str, senior: Subject) -> None:
    version = signed(platform, senior, written(platform, senior, study_uid))
    assert (version.number, version.status) == (1, VersionStatus.FINAL)
    assert current(platform, study_uid).state is ReportState.FINAL
    (document,) = documents(platform, study_uid)
    stored_pdf = extract_pdf(document)
    assert stored_pdf == pdf(platform, senior, version.version_id)
    assert sha256(stored_pdf).hexdigest() == version.pdf_sha256
    assert len(stored_pdf) == version.pdf_size
    assert events(platform, "report_signed")[0]["status"] == "final"


def test_no_password_no_signature(platform: Platform, study_uid: str, senior: Subject) -> None:
    report = written(platform, senior, study_uid)
    with pytest.raises(Forbidden) as refused:
        sign(platform, senior, report.report_id, report.version, "guess", confirmed=UNKNOWN_TO_US)
    assert refused.value.reason == "wrong_password"
    assert documents(platform, study_uid) == []
    assert current(platform, study_uid).state is ReportState.DRAFT


def test_stale_text_is_not_signed_and_leaves_nothing_in_the_study(platform: Platform, study_uid: str, senior: Subject) -> None:
    report = written(platform, senior, study_uid)
    save_draft(platform, senior, report.report_id, report.version, replace(BODY, conclusion="Autre."))
    with pytest.raises(StaleVersion):
        signed(platform, senior, report)
    assert documents(platform, study_uid) == []
    assert events(platform, "report_signed") == []


def test_second_signature_of_the_same_text_is_refused(platform: Platform, study_uid: str, senior: Subject) -> None:
    report = written(platform, senior, study_uid)
    signed(platform, senior, report)
    with pytest.raises(StaleVersion):
        signed(platform, senior, report)
    with pytest.raises(InvalidTransition):
        signed(platform, senior, current(platform, study_uid))
    assert len(documents(platform, study_uid)) == 1
    assert len(events(platform, "report_signed")) == 1


def test_two_tabs_the_slower_one_is_told(platform: Platform, study_uid: str, senior: Subject) -> None:
    report = written(platform, senior, study_uid)
    save_draft(platform, senior, report.report_id, report.version, replace(BODY, findings="Premier onglet."))
    with pytest.raises(StaleVersion):
        save_draft(platform, senior, report.report_id, report.version, replace(BODY, findings="Second onglet."))
    assert current(platform, study_uid).body.findings == "Premier onglet."


def test_draft_belongs_to_its_author(platform: Platform, study_uid: str, senior: Subject, resident: Subject) -> None:
    report = written(platform, resident, study_uid)
    with pytest.raises(Conflict) as refused:
        save_draft(platform, senior, report.report_id, report.version, BODY)
    assert refused.value.reason == "draft_of_another"
    with pytest.raises(Conflict):
        signed(platform, senior, report)


def test_resident_signs_preliminarily_and_the_senior_for_good(
    platform: Platform, study_uid: str, senior: Subject, resident: Subject, clock: TurnedClock
) -> None:
    first = signed(platform, resident, written(platform, resident, study_uid))
    assert (first.status, current(platform, study_uid).state) == (VersionStatus.PRELIMINARY, ReportState.PRELIMINARY)
    clock.turn(timedelta(minutes=30))
    report = current(platform, study_uid)
    changed = save_draft(platform, senior, report.report_id, report.version, replace(BODY, conclusion="Nodule droit."))
    with pytest.raises(InvalidInput) as missing:
        signed(platform, senior, changed)
    assert missing.value.field == "discrepancy"
    second = signed(platform, senior, changed, discrepancy=Discrepancy.MAJOR)
    assert (second.number, second.status, second.discrepancy) == (2, VersionStatus.FINAL, Discrepancy.MAJOR)
    assert second.previous_sha256 == first.content_sha256
    with pytest.raises(InvalidTransition):
        signed(platform, resident, current(platform, study_uid))


def test_senior_may_sign_an_unchanged_preliminary_report_as_it_is(
    platform: Platform, study_uid: str, senior: Subject, resident: Subject
) -> None:
    signed(platform, resident, written(platform, resident, study_uid))
    version = signed(platform, senior, current(platform, study_uid))
    assert (version.status, version.signer_id) == (VersionStatus.FINAL, senior.user_id)


def test_addendum_is_a_new_version_and_the_old_one_keeps_its_bytes(
    platform: Platform, study_uid: str, senior: Subject, clock: TurnedClock
) -> None:
    first = signed(platform, senior, written(platform, senior, study_uid))
    before = pdf(platform, senior, first.version_id)
    clock.turn(timedelta(days=1))
    senior = replace(senior, seen_at=clock.now())
    report = current(platform, study_uid)
    added = save_draft(platform, senior, report.report_id, report.version, Body(addendum="Relecture : nodule.", conclusion="X"))
    assert added.state is ReportState.ADDENDUM_DRAFT
    assert added.body.conclusion == BODY.conclusion
    second = signed(platform, senior, added)
    assert (second.number, second.status, second.body.addendum) == (2, VersionStatus.ADDENDUM, "Relecture : nodule.")
    assert second.body.conclusion == BODY.conclusion
    assert pdf(platform, senior, first.version_id) == before
    with platform.database.read(platform.tenant) as tx:
        assert next(one.body for one in versions(tx, report.report_id)) == BODY
    assert current(platform, study_uid).body.addendum == ""


def test_resident_writes_no_addendum(platform: Platform, study_uid: str, senior: Subject, resident: Subject) -> None:
    signed(platform, senior, written(platform, senior, study_uid))
    report = current(platform, study_uid)
    with pytest.raises(Forbidden):
        save_draft(platform, resident, report.report_id, report.version, Body(addendum="Suite."))
    assert current(platform, study_uid).state is ReportState.FINAL


def test_of_two_signatures_at_once_one_counts(platform: Platform, study_uid: str, senior: Subject) -> None:
    report = written(platform, senior, study_uid)
    together = threading.Barrier(2)

    def attempt() -> str:
        together.wait(timeout=30)
        try:
            signed(platform, senior, report)
        except StaleVersion:
            return "stale"
        return "signed"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(future.result() for future in [pool.submit(attempt), pool.submit(attempt)])
    assert outcomes == ["signed", "stale"]
    assert len(documents(platform, study_uid)) == 1
    assert len(events(platform, "report_signed")) == 1


def test_withdrawn_addendum_leaves_the_report_as_it_was(platform: Platform, study_uid: str, senior: Subject) -> None:
    signed(platform, senior, written(platform, senior, study_uid))
    report = current(platform, study_uid)
    added = save_draft(platform, senior, report.report_id, report.version, Body(addendum="Erreur."))
    withdrawn = withdraw_addendum(platform, senior, report.report_id, added.version)
    assert (withdrawn.state, withdrawn.body) == (ReportState.FINAL, BODY)


def test_report_without_conclusion_is_not_signed(platform: Platform, study_uid: str, senior: Subject) -> None:
    report = written(platform, senior, study_uid, replace(BODY, conclusion=""))
    assert [fault.name for fault in find_faults(platform, senior, report.report_id)] == [
        "conclusion_empty",
        "identity_to_reconcile",
        "no_order",
    ]
    with pytest.raises(Conflict) as refused:
        signed(platform, senior, report)
    assert refused.value.reason == "conclusion_empty"


def test_what_wants_to_be_confirmed_is_confirmed_by_name(platform: Platform, study_uid: str, senior: Subject) -> None:
    report = written(platform, senior, study_uid)
    with pytest.raises(Conflict) as refused:
        sign(platform, senior, report.report_id, report.version, PASSWORD)
    assert (refused.value.reason, refused.value.field) == ("identity_to_reconcile", "confirm")


def test_signed_version_cannot_be_changed_even_by_the_owner(platform: Platform, study_uid: str, senior: Subject) -> None:
    version = signed(platform, senior, written(platform, senior, study_uid))
    statement = text("update report_versions set signer_name = 'x' where version_id = :version")
    for transaction in (platform.database.transaction(platform.tenant), platform.database.owner_transaction()):
        with pytest.raises(DBAPIError), transaction as tx:
            tx.execute(statement, {"version": version.version_id})


def test_dose_is_printed_from_the_register(
    platform: Platform, study_uid: str, senior: Subject, react: Callable[..., int], tmp_path: Path
) -> None:
    react(RECORD_EXPOSURES)
    version = signed(platform, senior, written(platform, senior, study_uid))
    (tmp_path / "report.pdf").write_bytes(pdf(platform, senior, version.version_id))
    done = subprocess.run(
        ["pdftotext", "-layout", "report.pdf", "-"], cwd=tmp_path, check=True, capture_output=True, text=True, timeout=30
    )
    assert "85" in done.stdout
    assert "mGy·cm²" in done.stdout


def test_stored_object_is_a_valid_encapsulated_pdf(platform: Platform, study_uid: str, senior: Subject, tmp_path: Path) -> None:
    signed(platform, senior, written(platform, senior, study_uid))
    (tmp_path / "report.dcm").write_bytes(documents(platform, study_uid)[0])
    done = subprocess.run(
        ["dciodvfy", "-new", "report.dcm"], cwd=tmp_path, check=False, capture_output=True, text=True, timeout=30
    )
    said = done.stderr + done.stdout
    assert "EncapsulatedPDF" in said
    assert [line for line in said.splitlines() if line.startswith("Error")] == []


def test_study_stays_that_of_its_patient_and_is_complete(platform: Platform, study_uid: str, senior: Subject) -> None:
    signed(platform, senior, written(platform, senior, study_uid))
    with platform.database.read(platform.tenant) as tx:
        study = get_study(tx, study_uid)
        held = tx.execute(text("select count(*) from quarantine")).scalar_one()
    assert held == 0
    assert study.instances == 2
    assert study.state is StudyState.RECEIVING
    assert set(study.modalities) == {"DX", "DOC"}


def test_unknown_report_is_not_found(platform: Platform, senior: Subject) -> None:
    with pytest.raises(NotFound):
        save_draft(platform, senior, UUID(int=1), 1, BODY)


def test_time_of_the_study_is_read_in_the_zone_that_it_names(platform: Platform, senior: Subject) -> None:
    plain = written(platform, senior, a_stored_study(platform))
    zoned = written(platform, senior, a_stored_study(platform, None, TimezoneOffsetFromUTC="+0000"))
    with platform.database.read(platform.tenant) as tx:
        moments = [find_circumstances(platform, tx, report).study_at for report in (plain, zoned)]
    assert [str(moment) for moment in moments] == ["2026-01-02 10:11:12+01:00", "2026-01-02 11:11:12+01:00"]
