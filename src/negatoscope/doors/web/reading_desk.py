"""All that lies on the reading desk for one study, gathered from its areas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from negatoscope.access.model import Action, Subject
from negatoscope.access.policy import may_ever
from negatoscope.ai.results import StudyResult, show_result
from negatoscope.archive.model import Study
from negatoscope.archive.studies import get_study, list_series, list_studies
from negatoscope.doors.web.formatting import format_date
from negatoscope.doors.web.language import current_language, gettext
from negatoscope.doors.web.reading_words import explanation_words
from negatoscope.doors.web.viewer_island import PriorChoice, viewer_config
from negatoscope.dose.model import Exposure
from negatoscope.dose.register import exposures_of_study
from negatoscope.patients.model import Patient
from negatoscope.patients.store import get_patient
from negatoscope.platform.errors import NotFound
from negatoscope.platform.json_value import JsonValue
from negatoscope.platform.runtime import Platform
from negatoscope.reading.listing import TaskRow, get_row
from negatoscope.reading.model import READ_STATES, TaskState
from negatoscope.reading.priors import find_priors
from negatoscope.reading.relevance import Prior
from negatoscope.reporting.catalogue.template import ReportTemplate
from negatoscope.reporting.drafts import open_draft
from negatoscope.reporting.model import Report, ReportState, ReportVersion
from negatoscope.reporting.report_templates import templates_for
from negatoscope.reporting.reports import latest_versions, report_of_study, versions


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorOnDesk:
    """A prior study with its signed report, if it has one."""

    prior: Prior
    study: Study
    explanation: str
    version: ReportVersion | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the reading page shows."""

    row: TaskRow
    study: Study
    patient: Patient
    report: Report | None
    versions: tuple[ReportVersion, ...]
    templates: tuple[ReportTemplate, ...]
    priors: tuple[PriorOnDesk, ...]
    result: StudyResult
    exposures: tuple[Exposure, ...]
    viewer: dict[str, JsonValue]
    is_mine: bool
    is_leased_to_another: bool
    may_sign_final: bool

    @property
    def may_claim(self) -> bool:
        """Tell whether the study can be taken now."""
        free = {TaskState.UNASSIGNED, TaskState.ON_HOLD, TaskState.CLAIMED}
        return self.row.task.state in free and not self.is_leased_to_another and not self.is_mine

    @property
    def is_signed(self) -> bool:
        """Tell whether the report was signed for good."""
        return self.report is not None and self.report.state in {
            ReportState.FINAL,
            ReportState.ADDENDUM_DRAFT,
            ReportState.ADDENDED,
        }

    @property
    def may_write(self) -> bool:
        """Tell whether the text is open to this reader; the use case decides again at each save."""
        state = self.row.task.state
        if state in READ_STATES:
            return self.may_sign_final and not self.is_leased_to_another
        if state is TaskState.PRELIMINARY:
            return self.is_mine or self.may_sign_final
        return not self.is_leased_to_another


def open_desk(platform: Platform, subject: Subject, study_uid: str) -> Desk:
    """Gather the desk. What the models found counts as seen from now on."""
    with platform.database.read(platform.tenant) as tx:
        row = get_row(tx, subject, study_uid)
        if row is None:
            raise NotFound("This study is not on the list.")
        report = report_of_study(tx, study_uid)
    if report is None and row.task.state not in READ_STATES:
        report = open_draft(platform, subject, study_uid, language=current_language())
    result = show_result(platform, subject, study_uid)
    is_mine = row.task.owner_id is not None and row.task.owner_id == subject.user_id
    with platform.database.read(platform.tenant) as tx:
        study = get_study(tx, study_uid)
        priors = _priors_on_desk(tx, subject, study_uid)
        body_part = next((one.body_part for one in list_series(tx, study_uid) if one.body_part), "")
        language = report.language if report is not None else platform.settings.language
        return Desk(
            row=row,
            study=study,
            patient=get_patient(tx, study.patient_id),
            report=report,
            versions=tuple(versions(tx, report.report_id)) if report is not None else (),
            templates=tuple(templates_for(language, body_part)),
            priors=priors,
            result=result,
            exposures=tuple(exposures_of_study(tx, study_uid)),
            viewer=_viewer(study_uid, priors),
            is_mine=is_mine,
            is_leased_to_another=row.task.is_leased(platform.clock.now()) and not is_mine,
            may_sign_final=may_ever(subject, Action.SIGN_FINAL),
        )


def _priors_on_desk(tx: Connection, subject: Subject, study_uid: str) -> tuple[PriorOnDesk, ...]:
    priors = find_priors(tx, subject, study_uid)
    uids = [prior.study_uid for prior in priors]
    known = {str(one.study_uid): one for one in list_studies(tx, uids)}
    reported = latest_versions(tx, uids)
    return tuple(
        PriorOnDesk(
            prior=prior,
            study=known[prior.study_uid],
            explanation=explanation_words(prior),
            version=reported.get(prior.study_uid),
        )
        for prior in priors
        if prior.study_uid in known
    )


def _viewer(study_uid: str, priors: Sequence[PriorOnDesk]) -> dict[str, JsonValue]:
    return viewer_config(
        study_uid,
        priors=[PriorChoice(one.study.study_uid, _prior_label(one.study), one.explanation) for one in priors],
        initial_prior=priors[0].study.study_uid if priors else None,
        findings_url=f"/studies/{study_uid}/findings",
        # The findings stand beside the report, where they are judged; the viewer's own list starts closed.
        preferences={"panel": False},
    )


def _prior_label(study: Study) -> str:
    day = format_date(study.study_date) if study.study_date is not None else gettext("date unknown")
    return f"{day} – {study.study_description or ', '.join(study.modalities)}"
