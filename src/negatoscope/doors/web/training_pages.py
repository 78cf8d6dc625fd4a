"""Teaching sessions: start one, read its cases without identity, answer, then see the signed report and the score."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Path, Request
from pydicom.dataset import Dataset
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from negatoscope.access.model import Action, Subject
from negatoscope.doors.dicomweb.multipart_writer import Part, multipart_response, single_response
from negatoscope.doors.dicomweb.negotiation import choose_frames
from negatoscope.doors.dicomweb.requests import not_acceptable, ranges_of
from negatoscope.doors.web.ai_pages import finding_json
from negatoscope.doors.web.dependencies import platform_of, requires
from negatoscope.doors.web.language import gettext
from negatoscope.doors.web.templates import page, see_other
from negatoscope.doors.web.viewer_island import viewer_config
from negatoscope.training.identity import shown_uid
from negatoscope.training.images import case_findings, case_frame, case_metadata, case_thumbnail
from negatoscope.training.model import Verdict
from negatoscope.training.sessions import answer_case, give_up, list_sessions, show_case, show_session, start_session

router = APIRouter(include_in_schema=False)

Uid = Annotated[str, Path(pattern=r"^[0-9.]{1,64}$")]
Trainee = Annotated[Subject, Depends(requires(Action.TRAIN))]

SIZES: Final = (5, 10, 20, 50)
REGIONS: Final = ("CHEST", "HAND", "WRIST", "PELVIS", "HIP", "KNEE", "ANKLE", "FOOT", "SHOULDER", "LSPINE", "CSPINE", "ABDOMEN")
NO_STORE: Final = {"Cache-Control": "no-store"}


@router.get("/training")
def show_sessions(request: Request, subject: Trainee) -> HTMLResponse:
    """Show one's own sessions, and what starts one."""
    return page(
        request,
        "training/sessions.html",
        sessions=list_sessions(platform_of(request), subject),
        sizes=[(size, size) for size in SIZES],
        regions=[(region, region) for region in REGIONS],
    )


@router.post("/training")
def start(
    request: Request,
    subject: Trainee,
    size: Annotated[int, Form()],
    region: Annotated[str, Form(max_length=16)] = "",
    with_ai: Annotated[str, Form(max_length=8)] = "",
) -> RedirectResponse:
    """Start a session and open its first case."""
    session = start_session(platform_of(request), subject, size=size, region=region, with_ai=bool(with_ai))
    return see_other(request, f"/training/sessions/{session.session_id}/next")


@router.get("/training/sessions/{session_id}")
def show_result(request: Request, session_id: UUID, subject: Trainee) -> HTMLResponse:
    """Show the score, and each answer beside the signed report."""
    return page(request, "training/session.html", view=show_session(platform_of(request), subject, session_id))


@router.get("/training/sessions/{session_id}/next")
def go_on(request: Request, session_id: UUID, subject: Trainee) -> RedirectResponse:
    """Open the first case that waits, or the score when none does."""
    following = show_session(platform_of(request), subject, session_id).following
    return see_other(request, f"/training/cases/{following.case_id}" if following else f"/training/sessions/{session_id}")


@router.post("/training/sessions/{session_id}/end")
def end(request: Request, session_id: UUID, subject: Trainee) -> RedirectResponse:
    """End a session early."""
    give_up(platform_of(request), subject, session_id)
    return see_other(request, f"/training/sessions/{session_id}", status=gettext("The session is over."))


@router.get("/training/cases/{case_id}")
def show_one_case(request: Request, case_id: UUID, subject: Trainee) -> HTMLResponse:
    """Show the images of a case, and the signed report once it is answered."""
    view, case = show_case(platform_of(request), subject, case_id)
    viewer = viewer_config(
        shown_uid(case_id, case.study_uid),
        findings_url=f"/training/cases/{case_id}/findings" if view.session.with_ai else None,
    )
    viewer["dicomweb_root"] = f"/training/cases/{case_id}/dicom-web"
    return page(request, "training/case.html", view=view, case=case, signed=view.signed.get(case_id), viewer=viewer)


@router.post("/training/cases/{case_id}/answer")
def answer(
    request: Request,
    case_id: UUID,
    subject: Trainee,
    verdict: Annotated[Verdict, Form()],
    free_answer: Annotated[str, Form(max_length=4000)] = "",
) -> RedirectResponse:
    """Answer a case, once."""
    answer_case(platform_of(request), subject, case_id, verdict, free_answer=free_answer)
    return see_other(request, f"/training/cases/{case_id}")


@router.get("/training/cases/{case_id}/dicom-web/studies/{study_uid}/metadata")
def give_metadata(request: Request, case_id: UUID, study_uid: Uid, subject: Trainee) -> Response:
    """Give the attributes that the viewer needs, without identity, whatever study the address names."""
    models = [_json(one) for one in case_metadata(platform_of(request), subject, case_id)]
    return JSONResponse(models, media_type="application/dicom+json", headers=NO_STORE)


@router.get(
    "/training/cases/{case_id}/dicom-web/studies/{study_uid}/series/{series_uid}/instances/{instance_uid}/frames/{frame}"
)
def give_frame(request: Request, case_id: UUID, instance_uid: Uid, frame: int, subject: Trainee) -> Response:
    """Give one frame. Nothing in the answer names the object it comes from."""
    frames = case_frame(platform_of(request), subject, case_id, instance_uid, frame)
    choice = choose_frames(ranges_of(request), frames.instance.transfer_syntax_uid, single=True)
    if choice is None:
        return not_acceptable()
    if choice.is_stored:
        part = Part(choice.content_type, frames.stored(frame), frames.length(frame))
    else:
        encoded = frames.encoded(frame, choice.transfer_syntax_uid)
        part = Part(choice.content_type, [encoded], len(encoded))
    if choice.multipart:
        return multipart_response(choice.media_type, [part], headers=dict(NO_STORE))
    return single_response(part, headers=dict(NO_STORE))


@router.get("/training/cases/{case_id}/dicom-web/studies/{study_uid}/series/{series_uid}/instances/{instance_uid}/thumbnail")
def give_thumbnail(request: Request, case_id: UUID, instance_uid: Uid, subject: Trainee) -> Response:
    """Give the small picture of an image."""
    picture = case_thumbnail(platform_of(request), subject, case_id, instance_uid)
    return Response(picture.make(), media_type=picture.request.media_type, headers=NO_STORE)


@router.get("/training/cases/{case_id}/findings")
def give_findings(request: Request, case_id: UUID, subject: Trainee) -> Response:
    """Give what the models found, in a session with them."""
    found = case_findings(platform_of(request), subject, case_id)
    findings = [finding_json(one) | {"sop_instance_uid": uid} for uid, ones in found.items() for one in ones]
    models = sorted({one.model for ones in found.values() for one in ones})
    names = [dict(zip(("name", "version"), model.split(" ", 1), strict=False)) for model in models]
    return JSONResponse({"status": "done", "models": names, "findings": findings}, headers=NO_STORE)


def _json(data_set: Dataset) -> dict[str, object]:
    """Return the attributes as DICOM JSON with every value inline: a case has no bulk data of its own."""
    model: dict[str, object] = data_set.to_json_dict(bulk_data_threshold=1 << 30)
    return model
