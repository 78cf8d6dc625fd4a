"""Live events: what happens in the department, told to open browsers as it happens (server-sent events).

A browser learns kinds and identifiers only, and only of kinds whose action its subject may do to anybody's things; it
asks for the content through the usual doors, where the policy decides again.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from types import MappingProxyType
from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from negatoscope.access.model import Action, Subject
from negatoscope.access.policy import Context, Obligation, Resource, permit
from negatoscope.doors.web.dependencies import find_subject, platform_of, signed_in
from negatoscope.platform.errors import NegatoscopeError
from negatoscope.platform.events import Event, EventFeed, Position

router = APIRouter()

HEARTBEAT_S: Final = 5.0
RECONNECT_MS: Final = 2000
PAGE_AGE_S: Final = 10.0
"""How old a page may be when it opens the stream: what happened since it was read is told first, or it would stay unsaid."""

LIVE_KINDS: Final[Mapping[str, Action]] = MappingProxyType({
    "study_arrived": Action.VIEW_IMAGES,
    "study_updated": Action.VIEW_IMAGES,
    "study_stable": Action.VIEW_IMAGES,
    "study_matched": Action.VIEW_IMAGES,
    "order_received": Action.SEARCH_PATIENTS,
    "order_moved": Action.SEARCH_PATIENTS,
    "step_moved": Action.SEARCH_PATIENTS,
    "patient_to_reconcile": Action.SEARCH_PATIENTS,
    "reading_task_changed": Action.CLAIM_READING,
    "reading_list_rescored": Action.CLAIM_READING,
    "report_draft_saved": Action.DRAFT_REPORT,
    "report_addendum_saved": Action.DRAFT_REPORT,
    "report_addendum_withdrawn": Action.DRAFT_REPORT,
    "report_signed": Action.READ_FINAL_REPORT,
    "ai_run_requested": Action.VIEW_AI_RESULT,
    "ai_run_finished": Action.VIEW_AI_RESULT,
    "ai_finding_judged": Action.VIEW_AI_RESULT,
    "exposures_recorded": Action.VIEW_DOSE_REGISTER,
    "delivery_changed": Action.SEND_REPORT,
    "disc_changed": Action.VIEW_IMAGES,
    "import_changed": Action.IMPORT_STUDY,
})  # fmt: skip
"""Which events are told, and the action a subject must be allowed in general to be told of them."""

TOLD_FIELDS: Final = ("study_uid", "task_id", "order_id", "report_id", "run_id", "finding_id")
"""Identifiers of a payload that are passed on; nothing else of it is."""


def told_kinds(subject: Subject) -> frozenset[str]:
    """Return the kinds a subject is told of: those he may see of every patient. Restricted subjects are told none."""
    return frozenset(kind for kind, action in LIVE_KINDS.items() if _sees_all(subject, action))


def _sees_all(subject: Subject, action: Action) -> bool:
    decision = permit(subject, action, Resource(tenant=subject.tenant), Context())
    return decision.allowed and not decision.obligations & {Obligation.ONLY_RELATED, Obligation.REMOVE_IDENTITY}


def encode(event: Event) -> bytes:
    """Return one event as the stream writes it; its position is the identifier from which a browser resumes."""
    told = {name: event.payload[name] for name in TOLD_FIELDS if name in event.payload}
    data = orjson.dumps({"kind": event.kind, "subject": event.subject} | told)
    return b"id: %s\ndata: %s\n\n" % (str(event.position).encode(), data)


async def stream_events(
    request: Request, feed: EventFeed, subject: Subject, *, heartbeat_s: float = HEARTBEAT_S
) -> AsyncGenerator[bytes, None]:
    """Yield the stream of one browser until it leaves or its session ends, which is looked at however much happens."""
    clock = platform_of(request).clock
    kinds, looked_at = told_kinds(subject), clock.monotonic()
    after = Position.parse(request.headers.get("last-event-id", ""))
    resumes = after is not None
    yield b"retry: %d\n\n" % RECONNECT_MS
    async for event in feed.listen(after=after, ago_s=PAGE_AGE_S, heartbeat_s=heartbeat_s):
        if event is None or clock.monotonic() - looked_at >= heartbeat_s:
            try:
                subject = await run_in_threadpool(find_subject, request)
            except NegatoscopeError:
                yield b"event: signed-out\ndata: {}\n\n"
                return
            kinds, looked_at = told_kinds(subject), clock.monotonic()
        if event is not None and resumes:
            # The log gives back a thousand facts at most: whatever was missed, every list asks anew.
            resumes = False
            yield b"event: reload\ndata: {}\n\n"
        if event is None:
            yield b": beat\n\n"
        elif event.kind in kinds:
            yield encode(event)


@router.get("/events", include_in_schema=False)
async def events(request: Request, subject: Annotated[Subject, Depends(signed_in)]) -> StreamingResponse:
    """Open the stream; `Last-Event-ID` resumes where it broke."""
    feed: EventFeed = request.app.state.feed
    return StreamingResponse(
        stream_events(request, feed, subject),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no", "Cache-Control": "no-store"},
    )
