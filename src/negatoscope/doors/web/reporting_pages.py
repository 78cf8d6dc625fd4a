"""The report panel at work: save as it is typed, begin from a template, sign, addend, and the rendered report."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Action, Subject
from negatoscope.doors.web.dependencies import platform_of, requires
from negatoscope.doors.web.formatting import format_time
from negatoscope.doors.web.reporting_words import fault_words
from negatoscope.orders.lookup import procedure_for_study
from negatoscope.platform.errors import StaleVersion
from negatoscope.reporting.drafts import save_draft, withdraw_addendum
from negatoscope.reporting.model import Body, Discrepancy, Report
from negatoscope.reporting.report_templates import begin_from
from negatoscope.reporting.reports import pdf
from negatoscope.reporting.signing import find_faults, sign
from negatoscope.reporting.store import get_report

router = APIRouter(include_in_schema=False)

Author = Annotated[Subject, Depends(requires(Action.DRAFT_REPORT))]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DraftIn(_Body):
    """A text as the editor sends it."""

    version: int = Field(ge=1)
    body: dict[str, str]


class TemplateIn(_Body):
    """The choice of a template, with the text as it stands."""

    template: str = Field(max_length=60)
    body: dict[str, str]


class SignatureIn(_Body):
    """A signature: which text, whose proof, what was confirmed."""

    version: int = Field(ge=1)
    password: str = Field(min_length=1, max_length=1024)
    confirmed: list[str] = Field(default_factory=list, max_length=20)
    preliminary: bool = False
    discrepancy: Discrepancy | None = None


class VersionIn(_Body):
    """Which text is meant."""

    version: int = Field(ge=1)


@router.post("/reports/{report_id}/draft")
def save(request: Request, report_id: UUID, draft: DraftIn, subject: Author) -> Response:
    """Keep the text; 412 with the other text when somebody saved meanwhile."""
    platform = platform_of(request)
    try:
        saved = save_draft(platform, subject, report_id, draft.version, Body.from_json(draft.body))
    except StaleVersion:
        with platform.database.read(platform.tenant) as tx:
            return JSONResponse(_told(get_report(tx, report_id)), status_code=412)
    return JSONResponse(_told(saved))


@router.post("/reports/{report_id}/template")
def begin(request: Request, report_id: UUID, choice: TemplateIn, subject: Author) -> Response:
    """Return the text begun from a template; nothing is saved yet."""
    platform = platform_of(request)
    with platform.database.read(platform.tenant) as tx:
        report = get_report(tx, report_id)
        for action in (Action.DRAFT_REPORT, Action.READ_PRELIMINARY_REPORT):  # what is begun shows what was asked
            authorise(tx, subject, action, patient_id=report.patient_id, study_uid=report.study_uid)
        procedure = procedure_for_study(tx, report.study_uid)
    side = procedure.laterality.value if procedure is not None and procedure.laterality is not None else ""
    indication = procedure.clinical_question if procedure is not None else ""
    body = begin_from(Body.from_json(choice.body), choice.template, language=report.language, side=side, indication=indication)
    return JSONResponse({"body": body.to_json()})


@router.get("/reports/{report_id}/faults")
def show_faults(request: Request, report_id: UUID, subject: Author) -> Response:
    """Say what is not in order yet."""
    faults = find_faults(platform_of(request), subject, report_id)
    return JSONResponse(
        {"faults": [{"name": one.name, "level": one.level.value, "sentence": fault_words(one.name)} for one in faults]}
    )


@router.post("/reports/{report_id}/sign")
def sign_report(
    request: Request,
    report_id: UUID,
    signature: SignatureIn,
    subject: Annotated[Subject, Depends(requires(Action.SIGN_PRELIMINARY))],
) -> Response:
    """Sign, after the password."""
    version = sign(
        platform_of(request),
        subject,
        report_id,
        signature.version,
        signature.password,
        confirmed=frozenset(signature.confirmed),
        preliminary=signature.preliminary,
        discrepancy=signature.discrepancy,
    )
    return JSONResponse({"version_id": str(version.version_id), "status": version.status.value, "number": version.number})


@router.post("/reports/{report_id}/withdraw-addendum")
def withdraw(request: Request, report_id: UUID, text: VersionIn, subject: Author) -> Response:
    """Give up an addendum that was not signed."""
    return JSONResponse(_told(withdraw_addendum(platform_of(request), subject, report_id, text.version)))


@router.get("/reports/versions/{version_id}/report.pdf")
def show_pdf(
    request: Request,
    version_id: UUID,
    subject: Annotated[Subject, Depends(requires(Action.READ_FINAL_REPORT))],
) -> Response:
    """Give the rendering that was stored with the signature."""
    content = pdf(platform_of(request), subject, version_id)
    return Response(
        content,
        media_type="application/pdf",
        headers={"Content-Disposition": 'inline; filename="report.pdf"', "Cache-Control": "no-store"},
    )


def _told(report: Report) -> dict[str, object]:
    return {
        "version": report.version,
        "state": report.state.value,
        "body": report.body.to_json(),
        "saved_by": report.saved_by,
        "saved_at": format_time(report.saved_at),
    }
