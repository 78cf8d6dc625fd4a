"""The front page: what waits for the one who signed in, and the ways to the work of the day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from negatoscope.access.model import Action, Role, Subject, SubjectKind
from negatoscope.access.policy import may_ever
from negatoscope.doors.web.dependencies import platform_of, signed_in
from negatoscope.doors.web.language import N_
from negatoscope.doors.web.navigation import entries_for
from negatoscope.doors.web.templates import page
from negatoscope.platform.runtime import Platform
from negatoscope.reading.listing import View, count_tasks

router = APIRouter(include_in_schema=False)

READING_WORDS: Final = {
    View.TO_READ: N_("to read"),
    View.URGENT: N_("urgent among them"),
    View.MINE: N_("being read by me"),
    View.TO_SIGN: N_("waiting for my signature"),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """How much of something waits, and where."""

    count: int
    word: str
    path: str


@router.get("/")
def home(request: Request, subject: Annotated[Subject, Depends(signed_in)]) -> Response:
    """Show the way to the work of the day; patients and holders of a share go straight to their exams."""
    if subject.kind is SubjectKind.SHARE or subject.roles == {Role.PATIENT}:
        return RedirectResponse("/my-exams", status_code=303)
    doors = [entry for entry in entries_for(subject, request.app.state.entries) if entry.purpose]
    return page(request, "home/home.html", doors=doors, figures=find_figures(platform_of(request), subject))


def find_figures(platform: Platform, subject: Subject) -> list[Figure]:
    """Return what waits for a reader; others see their counts on their own lists."""
    if not may_ever(subject, Action.CLAIM_READING):
        return []
    with platform.database.read(platform.tenant) as tx:
        counts = count_tasks(tx, subject)
    return [Figure(counts[view], word, f"/reading?view={view.value}") for view, word in READING_WORDS.items()]
