"""The day of each room for the radiographers: who comes, what is done, one button to the next state."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form, Query, Request
from starlette.responses import Response

from negatoscope.access.model import Action, Subject
from negatoscope.access.policy import may_ever
from negatoscope.doors.web import order_words
from negatoscope.doors.web.dependencies import platform_of, requires
from negatoscope.doors.web.language import gettext
from negatoscope.doors.web.templates import page, see_other
from negatoscope.orders.change import step_moved_by
from negatoscope.orders.exception_store import count_exceptions
from negatoscope.orders.exceptions import list_exceptions, settle_exception
from negatoscope.orders.model import Room, ScheduledStep
from negatoscope.orders.rooms import define_room, list_rooms
from negatoscope.orders.states import StepEvent, StepState
from negatoscope.orders.worklist import list_day
from negatoscope.platform.errors import InvalidInput

router = APIRouter(include_in_schema=False)

NEXT: Final = {
    StepState.SCHEDULED: StepEvent.CHECK_IN,
    StepState.ARRIVED: StepEvent.MAKE_READY,
    StepState.READY: StepEvent.START,
    StepState.STARTED: StepEvent.COMPLETE,
}
ENDED: Final = (StepState.COMPLETED, StepState.CANCELED, StepState.DISCONTINUED)


@router.get("/rooms")
def show_day(
    request: Request,
    subject: Annotated[Subject, Depends(requires(Action.QUERY_WORKLIST))],
    day: Annotated[str, Query(max_length=10)] = "",
    room: Annotated[str, Query(max_length=16)] = "",
) -> Response:
    """Show the steps of one day, of one room or of all."""
    platform = platform_of(request)
    today = platform.clock.now().astimezone(ZoneInfo(platform.settings.time_zone)).date()
    shown = _day(day, today)
    with platform.database.read(platform.tenant) as tx:
        rooms = list_rooms(tx)
        everything = list_day(tx, subject, day=shown, time_zone=platform.settings.time_zone)
        waiting = count_exceptions(tx) if may_ever(subject, Action.RECONCILE_STUDY) else 0
    steps = [step for step in everything if room in ("", step.room_code)]
    here = f"/rooms?day={shown:%Y-%m-%d}&room={room}"
    return page(
        request,
        "orders/rooms.html",
        steps=steps,
        rooms=rooms,
        tabs=_tabs(rooms, everything, shown, room),
        day=shown,
        today=today,
        room=room,
        here_again=here,
        previous=f"/rooms?day={shown - timedelta(days=1):%Y-%m-%d}&room={room}",
        following=f"/rooms?day={shown + timedelta(days=1):%Y-%m-%d}&room={room}",
        next_of=lambda step: next_event(subject, step),
        may_close=may_ever(subject, Action.CLOSE_STEP),
        waiting=waiting,
        may_define=may_ever(subject, Action.EDIT_WORKLIST_STATION),
        order_words=order_words,
    )


@router.get("/rooms/exceptions")
def show_exceptions(request: Request, subject: Annotated[Subject, Depends(requires(Action.RECONCILE_STUDY))]) -> Response:
    """List what did not go as planned and waits for a person."""
    platform = platform_of(request)
    with platform.database.read(platform.tenant) as tx:
        found = list_exceptions(tx, subject)
    return page(request, "orders/exceptions.html", exceptions=found, order_words=order_words)


@router.post("/rooms/exceptions/{exception_id}/settle")
def settle(
    request: Request,
    subject: Annotated[Subject, Depends(requires(Action.RECONCILE_STUDY))],
    exception_id: UUID,
    reason: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Say that one was looked into."""
    settle_exception(platform_of(request), subject, exception_id, reason=reason)
    return see_other(request, "/rooms/exceptions", status=gettext("Settled"))


@router.post("/rooms/steps/{step_key}/{event}")
def move_step(
    request: Request,
    subject: Annotated[Subject, Depends(requires(Action.CHECK_IN))],
    step_key: UUID,
    event: StepEvent,
    version: Annotated[int, Form()],
    day: Annotated[str, Form(max_length=10)] = "",
    room: Annotated[str, Form(max_length=16)] = "",
    reason: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Move a step on."""
    if event not in (*NEXT.values(), StepEvent.DISCONTINUE, StepEvent.REDO):
        raise InvalidInput("A room does not do this to a step.", field="event")
    if event in (StepEvent.DISCONTINUE, StepEvent.REDO) and not reason.strip():
        raise InvalidInput("Give a reason.", field="reason", reason="reason_missing")
    step_moved_by(platform_of(request), subject, step_key, event, version=version, reason=reason)
    shown = day if _is_day(day) else ""
    return see_other(request, f"/rooms?day={shown}&room={_plain(room)}", status=_done(event))


@router.post("/rooms")
def add_room(
    request: Request,
    subject: Annotated[Subject, Depends(requires(Action.EDIT_WORKLIST_STATION))],
    room_code: Annotated[str, Form(max_length=16)] = "",
    name: Annotated[str, Form(max_length=16)] = "",
    modality: Annotated[str, Form(pattern="^(DX|CR)$")] = "DX",
    station_ae_title: Annotated[str, Form(max_length=16)] = "",
) -> Response:
    """Add a room, or change the one of this code."""
    platform = platform_of(request)
    room = Room(
        room_code=room_code.strip(),
        name=name.strip() or room_code.strip(),
        modality=modality,
        station_ae_title=station_ae_title.strip(),
        station_name=name.strip(),
    )
    with platform.database.transaction(platform.tenant) as tx:
        define_room(tx, subject, room)
    return see_other(request, "/rooms", status=gettext("Room saved"))


def next_event(subject: Subject, step: ScheduledStep) -> StepEvent | None:
    """Return what this person may say next of a step; None where there is nothing."""
    event = NEXT.get(step.state)
    if event is None:
        return None
    action = Action.CHECK_IN if event is StepEvent.CHECK_IN else Action.CLOSE_STEP
    return event if may_ever(subject, action) else None


def _tabs(rooms: list[Room], steps: list[ScheduledStep], day: date, chosen: str) -> list[dict[str, object]]:
    """Return one tab for all rooms and one for each, with the steps that are not ended."""
    waiting = [step for step in steps if step.state not in ENDED]
    names = [("", gettext("All rooms")), *((room.room_code, room.name) for room in rooms)]
    return [
        {
            "href": f"/rooms?day={day:%Y-%m-%d}&room={code}",
            "word": name,
            "count": sum(code in ("", step.room_code) for step in waiting),
            "current": code == chosen,
        }
        for code, name in names
    ]


def _day(text: str, today: date) -> date:
    return date.fromisoformat(text) if _is_day(text) else today


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _plain(code: str) -> str:
    return "".join(character for character in code if character.isalnum() or character in "-_")


def _done(event: StepEvent) -> str:
    sentences = {
        StepEvent.CHECK_IN: gettext("Patient checked in"),
        StepEvent.MAKE_READY: gettext("Patient ready"),
        StepEvent.START: gettext("Examination started"),
        StepEvent.COMPLETE: gettext("Examination completed"),
        StepEvent.DISCONTINUE: gettext("Examination discontinued"),
        StepEvent.REDO: gettext("Examination to be done again"),
    }
    return sentences[event]
