"""The front page: what waits for the one who signed in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from negatoscope.access.model import Role, Subject, SubjectKind
from negatoscope.doors.web.dependencies import signed_in
from negatoscope.doors.web.navigation import entries_for
from negatoscope.doors.web.templates import page

router = APIRouter(include_in_schema=False)


@router.get("/")
def home(request: Request, subject: Annotated[Subject, Depends(signed_in)]) -> Response:
    """Show the way to the work of the day; patients and holders of a share go straight to their exams."""
    if subject.kind is SubjectKind.SHARE or subject.roles == {Role.PATIENT}:
        return RedirectResponse("/my-exams", status_code=303)
    return show_home(request, subject)


def show_home(request: Request, subject: Subject) -> HTMLResponse:
    """Return the front page of a member of the department or a referring physician."""
    doors = [entry for entry in entries_for(subject, request.app) if entry.purpose]
    return page(request, "home/home.html", doors=doors)
