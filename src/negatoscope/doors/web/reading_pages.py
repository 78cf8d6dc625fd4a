"""The reading list and the reading page: where a radiologist spends the day."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from negatoscope.access.model import Action, Subject
from negatoscope.access.policy import may_ever
from negatoscope.doors.web.ai_pages import reason_words
from negatoscope.doors.web.dependencies import platform_of, requires
from negatoscope.doors.web.language import current_language, gettext
from negatoscope.doors.web.reading_desk import open_desk
from negatoscope.doors.web.reading_words import (
    BAND_WORDS,
    VIEW_WORDS,
    chips,
    procedure_words,
    since_words,
)
from negatoscope.doors.web.reporting_words import editor_words, report_sections
from negatoscope.doors.web.templates import page, see_other
from negatoscope.platform.errors import InvalidInput
from negatoscope.reading.listing import Place, TaskFilter, View, count_tasks, find_next, list_tasks
from negatoscope.reading.tasks import adjust_urgency, claim, hold, release, take_over

router = APIRouter(include_in_schema=False)

Uid = Annotated[str, Path(pattern=r"^[0-9.]{1,64}$")]
Reader = Annotated[Subject, Depends(requires(Action.CLAIM_READING))]

PAGE_LENGTH: Final = 50
MODALITIES: Final = ("DX", "CR", "MG", "RF", "CT", "MR", "US")


@router.get("/reading")
def show_list(
    request: Request,
    subject: Reader,
    view: View = View.TO_READ,
    q: Annotated[str, Query(max_length=100)] = "",
    modality: Annotated[str, Query(max_length=16)] = "",
    since: str = "",
    until: str = "",
    after: Annotated[str, Query(max_length=200)] = "",
) -> HTMLResponse:
    """Show the reading list. Every filter is in the address."""
    platform = platform_of(request)
    wanted = TaskFilter(view=view, text=q, modality=modality, since=_day(since, "since"), until=_day(until, "until"))
    with platform.database.read(platform.tenant) as tx:
        found = list_tasks(tx, subject, wanted, after=Place.parse(after) if after else None, limit=PAGE_LENGTH)
        counts = count_tasks(tx, subject)
    now = platform.clock.now()
    filters = {"q": q, "modality": modality, "since": since, "until": until}
    return page(
        request,
        "reading/list.html",
        rows=found.rows,
        view=view,
        tabs=[
            {
                "href": _address(filters | {"view": one.value}),
                "word": gettext(VIEW_WORDS[one]),
                "count": counts.get(one),
                "current": one is view,
            }
            for one in View
        ],
        filters=filters,
        waiting=counts[View.TO_READ],
        urgent=counts[View.URGENT],
        modalities=[(one, one) for one in MODALITIES],
        next_href=_address(filters | {"view": view.value, "after": str(found.next_after)}) if found.next_after else None,
        first_href=_address(filters | {"view": view.value}) if after else None,
        since=lambda at: since_words(at, now),
        chips=chips,
        procedure_words=procedure_words,
        band_words=BAND_WORDS,
    )


@router.get("/reading/{study_uid}")
def show_desk(request: Request, study_uid: Uid, subject: Reader) -> HTMLResponse:
    """Show one study with its images, its priors and its report."""
    desk = open_desk(platform_of(request), subject, study_uid)
    return page(
        request,
        "reading/desk.html",
        desk=desk,
        chips=chips,
        procedure_words=procedure_words,
        band_words=BAND_WORDS,
        language=current_language(),
        may_take_over=may_ever(subject, Action.TAKE_OVER_CLAIM),
        may_rerun=may_ever(subject, Action.RERUN_AI),
        reason_words=reason_words,
        report_words=editor_words(),
        report_sections=report_sections(),
        login=subject.login,
    )


@router.post("/reading/next")
def read_next(request: Request, subject: Reader, except_study: Annotated[str, Form(max_length=64)] = "") -> RedirectResponse:
    """Open the most urgent study that nobody has."""
    platform = platform_of(request)
    with platform.database.read(platform.tenant) as tx:
        following = find_next(tx, subject, except_study=except_study)
    if following is None:
        return see_other(request, "/reading", status=gettext("Nothing waits: the list is read."))
    claim(platform, subject, following.task.task_id)
    return see_other(request, f"/reading/{following.task.study_uid}")


@router.post("/reading/tasks/{task_id}/claim")
def claim_task(request: Request, task_id: UUID, subject: Reader) -> Response:
    """Take a study, or renew its lease."""
    task = claim(platform_of(request), subject, task_id)
    return see_other(request, f"/reading/{task.study_uid}")


@router.post("/reading/tasks/{task_id}/release")
def release_task(request: Request, task_id: UUID, subject: Reader) -> Response:
    """Give a study back."""
    release(platform_of(request), subject, task_id)
    return see_other(request, "/reading", status=gettext("The study is back on the list."))


@router.post("/reading/tasks/{task_id}/take-over")
def take_over_task(
    request: Request,
    task_id: UUID,
    subject: Annotated[Subject, Depends(requires(Action.TAKE_OVER_CLAIM))],
    reason: Annotated[str, Form(max_length=400)],
) -> Response:
    """Take a study and its draft from a colleague."""
    task = take_over(platform_of(request), subject, task_id, reason=reason)
    return see_other(request, f"/reading/{task.study_uid}")


@router.post("/reading/tasks/{task_id}/hold")
def hold_task(request: Request, task_id: UUID, subject: Reader, reason: Annotated[str, Form(max_length=400)]) -> Response:
    """Put a study aside."""
    hold(platform_of(request), subject, task_id, reason=reason)
    return see_other(request, "/reading", status=gettext("The study is on hold."))


@router.post("/reading/tasks/{task_id}/urgency")
def adjust_task(
    request: Request,
    task_id: UUID,
    subject: Reader,
    points: Annotated[int, Form()],
    reason: Annotated[str, Form(max_length=400)],
) -> Response:
    """Move a study up or down by hand."""
    task = adjust_urgency(platform_of(request), subject, task_id, points, reason=reason)
    return see_other(request, f"/reading/{task.study_uid}")


def _day(text: str, field: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput("This is not a date.", field=field) from error


def _address(parts: dict[str, str]) -> str:
    """Return the address of a list; what is empty or the default is left out."""
    kept = {name: value for name, value in parts.items() if value and (name, value) != ("view", View.TO_READ.value)}
    return f"/reading?{urlencode(kept)}" if kept else "/reading"
