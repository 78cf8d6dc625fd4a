"""One study as a person may see it: images, order, report, AI, dose and the other studies, from their areas."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from negatoscope.access.authorisation import authorise, decide
from negatoscope.access.model import Action, Role, Subject, SubjectKind
from negatoscope.ai.results import StudyResult, results_of_studies
from negatoscope.archive.model import Instance, Series, Study
from negatoscope.archive.prefetch.store import list_fetched
from negatoscope.archive.report_visibility import visible_instances
from negatoscope.archive.studies import get_study, list_instances, list_series, list_studies_of_patient
from negatoscope.audit.trail import record
from negatoscope.dose.model import Exposure
from negatoscope.dose.register import exposures_of_study
from negatoscope.orders.lookup import procedure_for_study
from negatoscope.orders.model import RequestedProcedure
from negatoscope.patients.model import Patient
from negatoscope.patients.store import get_patient
from negatoscope.platform.runtime import Platform
from negatoscope.reporting.model import Report, ReportVersion, VersionStatus
from negatoscope.reporting.store import find_report_of_study, list_versions

MOST_THUMBNAILS = 24
MOST_OTHER_STUDIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What the study page shows. A part is None, or empty, where the subject may not see it or nothing is there."""

    study: Study
    patient: Patient
    procedure: RequestedProcedure | None
    may_view_images: bool
    series: tuple[tuple[Series, tuple[Instance, ...]], ...]
    report: Report | None
    versions: tuple[ReportVersion, ...]
    ai: StudyResult | None
    exposures: tuple[Exposure, ...]
    others: tuple[Study, ...]
    fetched_from: str


def open_overview(platform: Platform, subject: Subject, study_uid: str) -> Overview:
    """Return the study as the subject may see it, and write down who looked. Raise NotFound or Forbidden."""
    with platform.database.transaction(platform.tenant) as tx:
        study = get_study(tx, study_uid)
        authorise(tx, subject, Action.READ_FINAL_REPORT, patient_id=study.patient_id, study_uid=study_uid)
        may_view_images = _may(tx, subject, Action.VIEW_IMAGES, study)
        overview = Overview(
            study=study,
            patient=get_patient(tx, study.patient_id),
            procedure=procedure_for_study(tx, study_uid),
            may_view_images=may_view_images,
            series=_series(tx, subject, study_uid) if may_view_images else (),
            report=_report(tx, subject, study),
            versions=_versions(tx, subject, study),
            ai=results_of_studies(tx, [study_uid])[study_uid] if _may(tx, subject, Action.VIEW_AI_RESULT, study) else None,
            exposures=tuple(exposures_of_study(tx, study_uid)) if _may(tx, subject, Action.VIEW_DOSE_REGISTER, study) else (),
            others=_others(tx, subject, study),
            fetched_from=list_fetched(tx, [study_uid]).get(study_uid, ""),
        )
        record(tx, subject.actor, "view_study", patient_id=study.patient_id, study_uid=study_uid)
    return overview


def open_study(platform: Platform, subject: Subject, study_uid: str) -> tuple[Study, Patient]:
    """Return study and patient for the frame of the viewer; the images themselves are asked for, and traced, one door on."""
    with platform.database.read(platform.tenant) as tx:
        study = get_study(tx, study_uid)
        authorise(tx, subject, Action.VIEW_IMAGES, patient_id=study.patient_id, study_uid=study_uid)
        return study, get_patient(tx, study.patient_id)


def _may(tx: Connection, subject: Subject, action: Action, study: Study) -> bool:
    return decide(tx, subject, action, patient_id=study.patient_id, study_uid=study.study_uid).allowed


def _series(tx: Connection, subject: Subject, study_uid: str) -> tuple[tuple[Series, tuple[Instance, ...]], ...]:
    images: dict[str, list[Instance]] = {}
    for instance in [one for one in list_instances(tx, study_uid, where=visible_instances(subject)) if one.pixels is not None][
        :MOST_THUMBNAILS
    ]:
        images.setdefault(instance.series_uid, []).append(instance)
    return tuple((one, tuple(images[one.series_uid])) for one in list_series(tx, study_uid) if one.series_uid in images)


def _report(tx: Connection, subject: Subject, study: Study) -> Report | None:
    """Return the working report to those who write reports; its text is theirs until it is signed."""
    return find_report_of_study(tx, study.study_uid) if _may(tx, subject, Action.DRAFT_REPORT, study) else None


def _versions(tx: Connection, subject: Subject, study: Study) -> tuple[ReportVersion, ...]:
    report = find_report_of_study(tx, study.study_uid)
    if report is None:
        return ()
    preliminary = _may(tx, subject, Action.READ_PRELIMINARY_REPORT, study)
    # A report signed while the study was another patient's names that patient: it stays in the department.
    outside = subject.is_restricted or subject.kind is not SubjectKind.USER
    versions = [one for one in list_versions(tx, report.report_id) if not (outside and one.identity_changed)]
    return tuple(one for one in versions if preliminary or one.status is not VersionStatus.PRELIMINARY)


def _others(tx: Connection, subject: Subject, study: Study) -> tuple[Study, ...]:
    """Return the patient's other studies; the holder of a share sees only what was shared."""
    if subject.kind is SubjectKind.SHARE:
        return ()
    found = [one for one in list_studies_of_patient(tx, study.patient_id) if one.study_uid != study.study_uid]
    return tuple(found[:MOST_OTHER_STUDIES])


def other_studies(platform: Platform, subject: Subject, study: Study) -> tuple[Study, ...]:
    """Return the other studies of the patient that the subject may put beside this one, newest first."""
    with platform.database.read(platform.tenant) as tx:
        return _others(tx, subject, study)


def may_read_for_work(subject: Subject) -> bool:
    """Tell whether the reading page is this person's place of work."""
    return bool(subject.roles & {Role.RADIOLOGIST, Role.LEAD_RADIOLOGIST, Role.RESIDENT})
