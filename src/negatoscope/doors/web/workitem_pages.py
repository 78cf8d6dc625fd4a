"""Workitems as those see them who keep the list going: where each stands, who follows, what was not told. No patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from negatoscope.access.model import Action, Subject
from negatoscope.doors.web.dependencies import platform_of, requires
from negatoscope.doors.web.language import N_, P_, gettext, pgettext
from negatoscope.doors.web.states import StateSign
from negatoscope.doors.web.templates import page, see_other
from negatoscope.formats.dicom.uids import is_uid
from negatoscope.orders.workitems.attributes import text_of
from negatoscope.orders.workitems.model import Workitem, WorkitemState
from negatoscope.orders.workitems.searching import list_workitems
from negatoscope.orders.workitems.subscriptions import list_followings, remove_subscriber
from negatoscope.platform.errors import InvalidInput

router = APIRouter(include_in_schema=False)

PAGE: Final = 50
SIGNS: Final[Mapping[str, StateSign]] = MappingProxyType({
    WorkitemState.SCHEDULED: StateSign(P_("workitem", "Scheduled"), "calendar", "info"),
    WorkitemState.IN_PROGRESS: StateSign(P_("workitem", "In progress"), "progress", "active"),
    WorkitemState.COMPLETED: StateSign(P_("workitem", "Completed"), "check", "success"),
    WorkitemState.CANCELED: StateSign(P_("workitem", "Canceled"), "cross", "neutral"),
})  # fmt: skip
READINESS: Final[Mapping[str, str]] = MappingProxyType({
    "READY": N_("Inputs are there"),
    "INCOMPLETE": N_("Inputs are missing"),
    "UNAVAILABLE": N_("Inputs are not available"),
})  # fmt: skip
PRIORITIES: Final[Mapping[str, str]] = MappingProxyType({
    "HIGH": P_("workitem", "High"),
    "MEDIUM": P_("workitem", "Medium"),
    "LOW": P_("workitem", "Low"),
})  # fmt: skip
TABS: Final[Mapping[str, tuple[str, tuple[WorkitemState, ...]]]] = MappingProxyType({
    "open": (P_("workitem", "To do and under way"), (WorkitemState.SCHEDULED, WorkitemState.IN_PROGRESS)),
    "ended": (P_("workitem", "Ended"), (WorkitemState.COMPLETED, WorkitemState.CANCELED)),
    "all": (P_("workitem", "All"), ()),
})  # fmt: skip
WIRES: Final[Mapping[str, str]] = MappingProxyType({"dimse": N_("DICOM"), "websocket": N_("Web channel")})

Overseer = Annotated[Subject, Depends(requires(Action.OVERSEE_WORKITEMS))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One workitem of the list."""

    uid: str
    label: str
    worklist: str
    priority: str
    readiness: str
    word: str
    sign: StateSign
    starts_at: datetime
    modified_at: datetime


@router.get("/workitems")
def show_workitems(
    request: Request,
    subject: Overseer,
    tab: Annotated[str, Query(max_length=8)] = "open",
    after: Annotated[str, Query(max_length=120)] = "",
) -> Response:
    """List the workitems, and who follows them."""
    platform = platform_of(request)
    chosen = tab if tab in TABS else "open"
    with platform.database.read(platform.tenant) as tx:
        found = list_workitems(tx, subject, states=TABS[chosen][1], before=_place_of(after), limit=PAGE + 1)
        followings = list_followings(tx, subject)
    return page(
        request,
        "workitems/list.html",
        lines=[_line(workitem) for workitem in found[:PAGE]],
        followings=followings,
        wires={wire: gettext(word) for wire, word in WIRES.items()},
        tabs=[
            {"href": f"/workitems?tab={name}", "word": pgettext("workitem", word), "current": name == chosen}
            for name, (word, _) in TABS.items()
        ],
        next_href=_next_href(chosen, found),
    )


@router.post("/workitems/subscribers/{subscriber_id}/remove")
def remove(request: Request, subject: Overseer, subscriber_id: UUID) -> Response:
    """End what a subscriber follows."""
    remove_subscriber(platform_of(request), subject, subscriber_id)
    return see_other(request, "/workitems", status=gettext("Subscriber removed"))


def _line(workitem: Workitem) -> Line:
    attributes, sign = workitem.attributes, SIGNS[workitem.state]
    priority = text_of(attributes, "ScheduledProcedureStepPriority")
    readiness = text_of(attributes, "InputReadinessState")
    return Line(
        uid=workitem.sop_instance_uid,
        label=text_of(attributes, "ProcedureStepLabel"),
        worklist=text_of(attributes, "WorklistLabel"),
        priority=pgettext("workitem", PRIORITIES[priority]),
        readiness=gettext(READINESS[readiness]),
        word=pgettext("workitem", sign.word),
        sign=sign,
        starts_at=workitem.starts_at,
        modified_at=workitem.modified_at,
    )


def _place_of(text: str) -> tuple[datetime, str] | None:
    if not text:
        return None
    moment, _, uid = text.partition("_")
    try:
        place = datetime.fromisoformat(moment)
    except ValueError as error:
        raise InvalidInput("This page does not exist.", field="after") from error
    if place.tzinfo is None or not is_uid(uid):
        raise InvalidInput("This page does not exist.", field="after")
    return place, uid


def _next_href(tab: str, found: Sequence[Workitem]) -> str | None:
    if len(found) <= PAGE:
        return None
    last = found[PAGE - 1]
    return f"/workitems?{urlencode({'tab': tab, 'after': f'{last.starts_at.isoformat()}_{last.sop_instance_uid}'})}"
