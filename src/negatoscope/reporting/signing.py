"""Sign a report: prove who signs, check what must be in order, render, store in the study, and fix it for good.

A preliminary report stays out of the study, where everybody who sees the images would read it.
The rendering is made and its bytes are durable before the rows; the object of the archive, the version, the report, the
event and the audit entry commit together or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from pydicom.dataset import Dataset
from sqlalchemy import Connection

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise, decide
from negatoscope.access.model import Subject, system_subject
from negatoscope.access.sessions import step_up
from negatoscope.archive.metadata import read_study_attributes
from negatoscope.archive.model import Outcome, Source, SourceKind
from negatoscope.archive.receive import IncomingInstance, begin_instance
from negatoscope.archive.rejections.shown import not_rejected
from negatoscope.archive.studies import list_instances
from negatoscope.audit.trail import record
from negatoscope.formats.dicom.uids import new_uid
from negatoscope.platform.errors import Conflict, Forbidden, InvalidInput, NotFound, StaleVersion
from negatoscope.platform.events import publish
from negatoscope.platform.runtime import Platform
from negatoscope.reporting import store
from negatoscope.reporting.checks import Fault, Level, check
from negatoscope.reporting.circumstances import Circumstances, find_circumstances, printed_report
from negatoscope.reporting.encapsulation import DocumentFacts, encapsulate
from negatoscope.reporting.model import (
    Discrepancy,
    Report,
    ReportEvent,
    ReportState,
    ReportVersion,
    VersionStatus,
    content_sha256,
    next_state,
)
from negatoscope.reporting.printing import LABELS
from negatoscope.reporting.rendering import render_pdf

STATUS_OF = {
    ReportEvent.SIGN_PRELIMINARY: VersionStatus.PRELIMINARY,
    ReportEvent.SIGN_FINAL: VersionStatus.FINAL,
    ReportEvent.SIGN_ADDENDUM: VersionStatus.ADDENDUM,
}
ACTION_OF = {
    ReportEvent.SIGN_PRELIMINARY: Action.SIGN_PRELIMINARY,
    ReportEvent.SIGN_FINAL: Action.SIGN_FINAL,
    ReportEvent.SIGN_ADDENDUM: Action.ADDEND_REPORT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signature:
    """What is about to be signed: the report as it was read, the version it becomes, the event that makes it so."""

    report: Report
    event: ReportEvent
    version: ReportVersion
    circumstances: Circumstances


def find_faults(platform: Platform, subject: Subject, report_id: UUID) -> tuple[Fault, ...]:
    """Return what is not in order yet, for the screen that offers to sign."""
    with platform.database.read(platform.tenant) as tx:
        report = store.get_report(tx, report_id)
        authorise(tx, subject, Action.DRAFT_REPORT, patient_id=report.patient_id, study_uid=report.study_uid)
        circumstances = find_circumstances(platform, tx, report)
    return check(report.body, circumstances.signing_facts(report, subject.display_name))


def sign(
    platform: Platform,
    subject: Subject,
    report_id: UUID,
    version: int,
    password: str,
    *,
    confirmed: frozenset[str] = frozenset(),
    preliminary: bool = False,
    discrepancy: Discrepancy | None = None,
) -> ReportVersion:
    """Sign what was read as `version` of the report; return the signed version.

    Who may sign for good does so, unless `preliminary` is set; a resident signs preliminarily. `confirmed` names the
    faults that the signer says she has seen. A senior whose conclusion departs from a preliminary one grades the
    discrepancy. Raises Forbidden for a wrong password or right, Conflict (reason: the fault) for what is not in order.
    """
    signer = step_up(platform, subject, password)
    with platform.database.read(platform.tenant) as tx:
        signature = _prepare(platform, tx, signer, report_id, version, preliminary=preliminary, discrepancy=discrepancy)
        _refuse_faults(signature, signer, confirmed)
        of_study = _attributes_of_study(platform, tx, signature.report.study_uid)
    pdf = render_pdf(printed_report(platform, signature.version, signature.circumstances))
    signed = replace(signature.version, pdf_sha256=sha256(pdf).hexdigest(), pdf_size=len(pdf))
    if signed.status is VersionStatus.PRELIMINARY:
        with platform.database.transaction(platform.tenant) as tx:
            _commit(platform, tx, signer, replace(signature, version=signed), kept=pdf)
        return signed
    incoming = begin_instance(
        platform,
        system_subject(platform.tenant, "reporting"),
        source=Source(kind=SourceKind.PRODUCT, name="reporting"),
        study_uid=signed.study_uid,
    )
    try:
        incoming.write(encapsulate(pdf, of_study, _document_facts(platform, signed, signature.circumstances)))
        with platform.database.transaction(platform.tenant) as tx:
            _commit(platform, tx, signer, replace(signature, version=signed), incoming=incoming)
    except BaseException:
        incoming.discard()
        raise
    return signed


def _prepare(
    platform: Platform,
    tx: Connection,
    signer: Subject,
    report_id: UUID,
    version: int,
    *,
    preliminary: bool,
    discrepancy: Discrepancy | None,
) -> _Signature:
    report = store.get_report(tx, report_id)
    if report.version != version:
        raise StaleVersion("The report was changed meanwhile; read it again before you sign.", field="version")
    event = _event(tx, signer, report, preliminary=preliminary)
    next_state(report.state, event)
    if report.author_id != signer.user_id and report.state is not ReportState.PRELIMINARY:
        raise Conflict("Somebody else is writing this report; take it over first.", reason="draft_of_another")
    earlier = store.list_versions(tx, report_id)
    _check_discrepancy(report, earlier, event, discrepancy)
    circumstances = find_circumstances(platform, tx, report)
    unsigned = _unsigned_version(platform, signer, report, earlier, status=STATUS_OF[event], discrepancy=discrepancy)
    content = circumstances.content(unsigned)
    return _Signature(
        report=report,
        event=event,
        version=replace(unsigned, content_sha256=content_sha256(content)),
        circumstances=circumstances,
    )


def _event(tx: Connection, signer: Subject, report: Report, *, preliminary: bool) -> ReportEvent:
    """Choose what this signature means, and authorise it."""
    if report.state is ReportState.ADDENDUM_DRAFT:
        event = ReportEvent.SIGN_ADDENDUM
    else:
        final = decide(tx, signer, Action.SIGN_FINAL, patient_id=report.patient_id, study_uid=report.study_uid)
        event = ReportEvent.SIGN_FINAL if final.allowed and not preliminary else ReportEvent.SIGN_PRELIMINARY
    authorise(tx, signer, ACTION_OF[event], patient_id=report.patient_id, study_uid=report.study_uid)
    return event


def _check_discrepancy(
    report: Report, earlier: list[ReportVersion], event: ReportEvent, discrepancy: Discrepancy | None
) -> None:
    if event is not ReportEvent.SIGN_FINAL or not earlier:
        if discrepancy is not None:
            raise InvalidInput("There is no preliminary report to depart from.", field="discrepancy")
        return
    if discrepancy is None and earlier[-1].body.conclusion.strip() != report.body.conclusion.strip():
        raise InvalidInput(
            "The conclusion departs from the preliminary report: say how far.",
            reason="discrepancy_missing",
            field="discrepancy",
        )


def _unsigned_version(
    platform: Platform,
    signer: Subject,
    report: Report,
    earlier: list[ReportVersion],
    *,
    status: VersionStatus,
    discrepancy: Discrepancy | None,
) -> ReportVersion:
    if signer.user_id is None:
        raise Forbidden("Only a person signs reports.", reason="not_a_person")
    return ReportVersion(
        version_id=uuid4(),
        report_id=report.report_id,
        study_uid=report.study_uid,
        patient_id=report.patient_id,
        number=len(earlier) + 1,
        status=status,
        language=report.language,
        body=report.body,
        content_sha256="",
        previous_sha256=earlier[-1].content_sha256 if earlier else "",
        pdf_sha256="",
        pdf_size=0,
        series_uid=earlier[-1].series_uid if earlier else new_uid(),
        sop_instance_uid="" if status is VersionStatus.PRELIMINARY else new_uid(),
        signer_id=signer.user_id,
        signer_name=signer.display_name,
        signer_identifier=signer.professional_identifier or "",
        auth_level=signer.auth_level.value,
        # Whole seconds: what is stored, hashed and printed is one and the same moment.
        signed_at=platform.clock.now().replace(microsecond=0),
        discrepancy=discrepancy,
    )


def _refuse_faults(signature: _Signature, signer: Subject, confirmed: frozenset[str]) -> None:
    faults = check(signature.report.body, signature.circumstances.signing_facts(signature.report, signer.display_name))
    for fault in faults:
        if fault.level is Level.BLOCK or fault.name not in confirmed:
            raise Conflict("The report is not ready to be signed.", reason=fault.name, field=fault.level.value)


def _attributes_of_study(platform: Platform, tx: Connection, study_uid: str) -> Dataset:
    stored = list_instances(tx, study_uid, where=not_rejected())
    if not stored:
        raise NotFound("The study holds no object.")
    first = min(stored, key=lambda instance: (instance.received_at, instance.sop_instance_uid))
    return read_study_attributes(tx, platform, first)


def _document_facts(platform: Platform, version: ReportVersion, circumstances: Circumstances) -> DocumentFacts:
    title = f"{LABELS[version.language]['title']} — {circumstances.procedure}".strip(" —")
    return DocumentFacts(
        series_uid=version.series_uid,
        sop_instance_uid=version.sop_instance_uid,
        number=version.number,
        title=title,
        language=version.language,
        institution=circumstances.institution,
        signed_at=local(platform, version.signed_at),
        is_final=True,
    )


def _commit(
    platform: Platform,
    tx: Connection,
    signer: Subject,
    signature: _Signature,
    *,
    incoming: IncomingInstance | None = None,
    kept: bytes | None = None,
) -> None:
    report, version = signature.report, signature.version
    current = store.get_report(tx, report.report_id, lock=True)
    # What was printed names the patient as the study had him: nobody may move it before this is committed.
    patient_id = store.hold_patient(tx, report.study_uid)
    if current.version != report.version or patient_id != report.patient_id:
        raise StaleVersion("The report was changed meanwhile; read it again before you sign.", field="version")
    if incoming is not None:
        stored = incoming.commit(tx)
        if stored.outcome is not Outcome.STORED:
            raise Conflict("The study cannot take the report.", reason=stored.refusal or stored.outcome.value)
    store.insert_version(tx, version, pdf=kept)
    body = replace(report.body, addendum="") if signature.event is ReportEvent.SIGN_ADDENDUM else report.body
    store.update_report(
        tx,
        replace(
            report,
            state=next_state(report.state, signature.event),
            body=body,
            author_id=version.signer_id,
            author_name=version.signer_name,
        ),
        expected=report.version,
    )
    publish(
        tx,
        "report_signed",
        subject=report.study_uid,
        payload={
            "study_uid": report.study_uid,
            "report_id": str(report.report_id),
            "version_id": str(version.version_id),
            "number": version.number,
            "status": version.status.value,
            "author_id": str(version.signer_id),
            "author_name": version.signer_name,
        },
    )
    record(
        tx,
        signer.actor,
        ACTION_OF[signature.event],
        patient_id=report.patient_id,
        study_uid=report.study_uid,
        objects={
            "report_version": str(version.version_id),
            "number": version.number,
            "status": version.status.value,
            "content_sha256": version.content_sha256,
            "pdf_sha256": version.pdf_sha256,
        },
    )


def local(platform: Platform, moment: datetime) -> datetime:
    """Return the moment in the zone of the house."""
    return moment.astimezone(ZoneInfo(platform.settings.time_zone))
