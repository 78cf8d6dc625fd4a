"""The study page and the viewer alone: for those who look without reporting."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import HTMLResponse

from negatoscope.access.model import Action, Role, Subject, SubjectKind
from negatoscope.access.policy import may_ever
from negatoscope.archive.model import Study
from negatoscope.doors.web.dependencies import platform_of, requires
from negatoscope.doors.web.formatting import format_date
from negatoscope.doors.web.language import current_language, gettext
from negatoscope.doors.web.study_overview import may_read_for_work, open_overview, open_study, other_studies
from negatoscope.doors.web.templates import page
from negatoscope.doors.web.viewer_island import PriorChoice, viewer_config
from negatoscope.dose.wording import report_lines
from negatoscope.patients.model import Patient

router = APIRouter(include_in_schema=False)

Uid = Annotated[str, Path(pattern=r"^[0-9.]{1,64}$")]

SHARING_ROLES: Final = frozenset({Role.SECRETARY, Role.RESIDENT, Role.RADIOLOGIST, Role.LEAD_RADIOLOGIST})
CORRECTING_ROLES: Final = frozenset({
    Role.RADIOGRAPHER, Role.RADIOLOGIST, Role.LEAD_RADIOLOGIST, Role.IDENTITY_OFFICER,
})  # fmt: skip
COPYING_ROLES: Final = frozenset({
    Role.RESIDENT, Role.RADIOLOGIST, Role.LEAD_RADIOLOGIST, Role.REFERRER, Role.PATIENT,
})  # fmt: skip


@router.get("/studies/{study_uid}")
def show_study(
    request: Request, study_uid: Uid, subject: Annotated[Subject, Depends(requires(Action.READ_FINAL_REPORT))]
) -> HTMLResponse:
    """Show one study."""
    overview = open_overview(platform_of(request), subject, study_uid)
    return page(
        request,
        "studies/study.html",
        overview=overview,
        title=study_title(overview.study),
        dose_lines=report_lines(overview.exposures, current_language()),
        back=way_back(subject, overview.patient),
        may_report=may_read_for_work(subject),
        may_download=may_ever(subject, Action.DOWNLOAD_DICOM)
        and (subject.kind is SubjectKind.SHARE or bool(subject.roles & COPYING_ROLES)),
        may_make_disc=subject.kind is SubjectKind.USER
        and bool(subject.roles & (COPYING_ROLES | {Role.RADIOGRAPHER}))
        and may_ever(subject, Action.DOWNLOAD_DICOM),
        may_correct=bool(subject.roles & CORRECTING_ROLES) and may_ever(subject, Action.RECONCILE_STUDY),
        may_share=bool(subject.roles & SHARING_ROLES) and may_ever(subject, Action.CREATE_SHARE),
    )


@router.get("/studies/{study_uid}/viewer")
def show_viewer(
    request: Request, study_uid: Uid, subject: Annotated[Subject, Depends(requires(Action.VIEW_IMAGES))]
) -> HTMLResponse:
    """Show the images of one study, and nothing else."""
    platform = platform_of(request)
    study, patient = open_study(platform, subject, study_uid)
    may_view_ai = may_ever(subject, Action.VIEW_AI_RESULT)
    config = viewer_config(
        study_uid,
        priors=[prior_choice(other) for other in other_studies(platform, subject, study)],
        findings_url=f"/studies/{study_uid}/findings" if may_view_ai else None,
    )
    return page(request, "studies/viewer.html", study=study, patient=patient, title=study_title(study), viewer=config)


def way_back(subject: Subject, patient: Patient) -> tuple[str, str]:
    """Return the list from which this person comes to a study, and what it is called."""
    if subject.kind is SubjectKind.SHARE or Role.PATIENT in subject.roles:
        return "/my-exams", gettext("My exams")
    if Role.REFERRER in subject.roles:
        return "/results", gettext("My results")
    if may_ever(subject, Action.CLAIM_READING):
        return "/reading", gettext("Reading list")
    return f"/patients/{patient.patient_id}", gettext("Patient")


def study_title(study: Study) -> str:
    """Return what a study is called: its description, else its modalities, else simply a study."""
    return study.study_description or ", ".join(study.modalities) or gettext("Study")


def prior_choice(study: Study) -> PriorChoice:
    """Return a study as the viewer offers it beside another."""
    day = format_date(study.study_date) if study.study_date is not None else gettext("date unknown")
    return PriorChoice(study.study_uid, f"{day} – {study_title(study)}")
