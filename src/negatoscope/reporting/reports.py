"""Read reports: the report of a study, its versions, and the stored rendering of a version."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from uuid import UUID

from sqlalchemy import Connection

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Subject, SubjectKind
from negatoscope.archive.model import Instance
from negatoscope.archive.studies import get_study, list_instances
from negatoscope.audit.trail import record
from negatoscope.platform.errors import CorruptObject, NotFound
from negatoscope.platform.runtime import Platform
from negatoscope.reporting import store
from negatoscope.reporting.encapsulation import extract_pdf
from negatoscope.reporting.model import Report, ReportVersion, VersionStatus


def report_of_study(tx: Connection, study_uid: str) -> Report | None:
    """Return the report of a study as it is being worked on; None when nobody began one."""
    return store.find_report_of_study(tx, study_uid)


def versions(tx: Connection, report_id: UUID) -> list[ReportVersion]:
    """Return the signed versions of a report, oldest first."""
    return store.list_versions(tx, report_id)


def get_version(tx: Connection, version_id: UUID) -> ReportVersion:
    """Return one signed version, or raise NotFound."""
    return store.get_version(tx, version_id)


def is_signed_for(tx: Connection, study_uid: str, patient_id: UUID) -> bool:
    """Say whether a version of this study's report names that patient: the study is then not to be given to another."""
    report = store.find_report_of_study(tx, study_uid)
    return report is not None and any(one.patient_id == patient_id for one in store.list_versions(tx, report.report_id))


def latest_versions(tx: Connection, study_uids: Sequence[str]) -> dict[str, ReportVersion]:
    """Return the latest signed version of each of these studies that has one."""
    return store.list_latest_versions(tx, study_uids)


def open_version(platform: Platform, subject: Subject, version_id: UUID) -> ReportVersion:
    """Return one signed version to somebody who reads it; written down."""
    with platform.database.transaction(platform.tenant) as tx:
        version = store.get_version(tx, version_id)
        _authorise_and_record(tx, subject, version)
    return version


def pdf(platform: Platform, subject: Subject, version_id: UUID) -> bytes:
    """Return the rendering of a signed version: the very bytes that were stored when it was signed."""
    with platform.database.transaction(platform.tenant) as tx:
        version = store.get_version(tx, version_id)
        _authorise_and_record(tx, subject, version)
        kept = store.find_kept_pdf(tx, version_id)
        found = list_instances(tx, version.study_uid, version.series_uid, version.sop_instance_uid) if kept is None else []
    content = kept if kept is not None else _stored_pdf(platform, found)
    if sha256(content).hexdigest() != version.pdf_sha256:
        raise CorruptObject("The stored report is not the one that was signed.", reason="report_hash")
    return content


def _stored_pdf(platform: Platform, found: Sequence[Instance]) -> bytes:
    if not found:
        raise NotFound("The rendering of this report is not in the study.")
    with platform.blobs.open(found[0].blob) as reader:
        return extract_pdf(b"".join(reader.chunks()))


def _authorise_and_record(tx: Connection, subject: Subject, version: ReportVersion) -> None:
    """Ask the policy about the study's present patient; a report signed for another goes to the department alone."""
    if version.identity_changed and (subject.is_restricted or subject.kind is not SubjectKind.USER):
        raise NotFound("There is no such version of a report.")
    present = get_study(tx, version.study_uid).patient_id
    is_preliminary = version.status is VersionStatus.PRELIMINARY
    action = Action.READ_PRELIMINARY_REPORT if is_preliminary else Action.READ_FINAL_REPORT
    authorise(tx, subject, action, patient_id=present, study_uid=version.study_uid)
    record(
        tx,
        subject.actor,
        action,
        patient_id=present,
        study_uid=version.study_uid,
        objects={"report_version": str(version.version_id), "number": version.number},
    )
