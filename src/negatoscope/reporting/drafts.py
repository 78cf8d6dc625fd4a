"""Write a report: begin it, save it as it is typed, hand it over, begin and withdraw an addendum."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID, uuid4

from sqlalchemy import Connection

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise, decide
from negatoscope.access.model import Subject
from negatoscope.archive.studies import get_study
from negatoscope.audit.trail import record
from negatoscope.orders.lookup import procedure_for_study
from negatoscope.platform.errors import Conflict, Forbidden, StaleVersion
from negatoscope.platform.events import publish
from negatoscope.platform.runtime import Platform
from negatoscope.reporting import store
from negatoscope.reporting.model import Body, Report, ReportEvent, ReportState, next_state

ADDENDUM_STATES = frozenset({ReportState.FINAL, ReportState.ADDENDUM_DRAFT, ReportState.ADDENDED})


def open_draft(platform: Platform, subject: Subject, study_uid: str, *, language: str | None = None) -> Report:
    """Return the report of the study, begun for the subject when there is none. The clinical question is written in."""
    with platform.database.transaction(platform.tenant) as tx:
        study = get_study(tx, study_uid)
        authorise(tx, subject, Action.DRAFT_REPORT, patient_id=study.patient_id, study_uid=study_uid)
        known = store.find_report_of_study(tx, study_uid)
        if known is not None:
            return known
        procedure = procedure_for_study(tx, study_uid)
        report = Report(
            report_id=uuid4(),
            study_uid=study_uid,
            patient_id=study.patient_id,
            state=ReportState.DRAFT,
            language=language or platform.settings.language,
            author_id=_person(subject),
            author_name=subject.display_name,
            body=Body(indication=procedure.clinical_question if procedure is not None else ""),
            saved_by=subject.display_name,
            saved_at=platform.clock.now(),
            version=1,
        )
        if not store.insert_report(tx, report):
            # Somebody began it in the same moment.
            return store.find_report_of_study(tx, study_uid) or report
        record(tx, subject.actor, Action.DRAFT_REPORT, patient_id=study.patient_id, study_uid=study_uid)
    return report


def save_draft(platform: Platform, subject: Subject, report_id: UUID, version: int, body: Body) -> Report:
    """Keep the text as it stands now; StaleVersion when the text was saved elsewhere since `version` was read.

    On a signed report only the addendum may be written. A draft belongs to its author until it is taken over; a
    preliminary report passes to the senior who writes in it.
    """
    with platform.database.transaction(platform.tenant) as tx:
        report = store.get_report(tx, report_id, lock=True)
        authorise(tx, subject, Action.DRAFT_REPORT, patient_id=report.patient_id, study_uid=report.study_uid)
        if report.version != version:
            raise StaleVersion("The report was changed meanwhile.", field="version")
        is_addendum = report.state in ADDENDUM_STATES
        event = ReportEvent.SAVE_ADDENDUM if is_addendum else ReportEvent.SAVE
        to = next_state(report.state, event)
        _check_author(tx, subject, report, is_addendum=is_addendum)
        text = replace(report.body, addendum=body.addendum) if is_addendum else replace(body, addendum="")
        was_first = report.version == 1
        saved = store.update_report(
            tx,
            replace(
                report,
                state=to,
                body=text,
                author_id=_person(subject),
                author_name=subject.display_name,
                saved_by=subject.display_name,
                saved_at=platform.clock.now(),
            ),
            expected=version,
        )
        if to is not report.state or was_first or saved.author_id != report.author_id:
            kind = "report_addendum_saved" if is_addendum else "report_draft_saved"
            _publish(tx, kind, saved)
            record(tx, subject.actor, Action.DRAFT_REPORT, patient_id=report.patient_id, study_uid=report.study_uid)
    return saved


def withdraw_addendum(platform: Platform, subject: Subject, report_id: UUID, version: int) -> Report:
    """Give up an addendum that was not signed; the signed versions stand as they did."""
    with platform.database.transaction(platform.tenant) as tx:
        report = store.get_report(tx, report_id, lock=True)
        authorise(tx, subject, Action.DRAFT_REPORT, patient_id=report.patient_id, study_uid=report.study_uid)
        signed = store.list_versions(tx, report_id)
        later = any(one.status.value == "addendum" for one in signed)
        event = ReportEvent.WITHDRAW_LATER_ADDENDUM if later else ReportEvent.WITHDRAW_FIRST_ADDENDUM
        to = next_state(report.state, event)
        _check_author(tx, subject, report, is_addendum=True)
        text = replace(report.body, addendum="")
        withdrawn = store.update_report(tx, replace(report, state=to, body=text), expected=version)
        _publish(tx, "report_addendum_withdrawn", withdrawn, status=to.value)
        record(
            tx,
            subject.actor,
            Action.DRAFT_REPORT,
            patient_id=report.patient_id,
            study_uid=report.study_uid,
            reason="addendum withdrawn",
        )
    return withdrawn


def hand_over(tx: Connection, study_uid: str, *, to_id: UUID, to_name: str) -> None:
    """Make somebody else the author of what is being written. The caller has authorised it and writes it down."""
    report = store.find_report_of_study(tx, study_uid)
    if report is not None and report.author_id != to_id:
        store.update_author(tx, report.report_id, author_id=to_id, author_name=to_name)


def _check_author(tx: Connection, subject: Subject, report: Report, *, is_addendum: bool) -> None:
    if is_addendum and not _could_sign(tx, subject, report, Action.ADDEND_REPORT):
        raise Forbidden("An addendum is written by those who may sign it.", reason="role")
    never_saved = report.version == 1
    if report.author_id == subject.user_id or never_saved or report.state in {ReportState.FINAL, ReportState.ADDENDED}:
        return
    is_preliminary = report.state is ReportState.PRELIMINARY
    if is_preliminary and not is_addendum and _could_sign(tx, subject, report, Action.SIGN_FINAL):
        return
    raise Conflict("Somebody else is writing this report; take it over first.", reason="draft_of_another")


def _could_sign(tx: Connection, subject: Subject, report: Report, action: Action) -> bool:
    """Tell whether the subject could sign so, once the password is confirmed."""
    decision = decide(tx, subject, action, patient_id=report.patient_id, study_uid=report.study_uid)
    return decision.allowed or decision.reason == "needs_step_up"


def _person(subject: Subject) -> UUID:
    if subject.user_id is None:
        raise Forbidden("Only a person writes reports.", reason="not_a_person")
    return subject.user_id


def _publish(tx: Connection, kind: str, report: Report, *, status: str = "") -> None:
    publish(
        tx,
        kind,
        subject=report.study_uid,
        payload={
            "study_uid": report.study_uid,
            "report_id": str(report.report_id),
            "author_id": str(report.author_id),
            "author_name": report.author_name,
            "status": status,
        },
    )
