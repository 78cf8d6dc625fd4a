"""UPS-RS: the channel on which a subscriber is told, a WebSocket (PS3.18 8.10.4, 8.10.5, 11.13).

Under the same policy as every request: a bearer token, or the session cookie of a page of our own. Who may no longer follow
is cut off at the next look, however much happens. Nobody acknowledges a frame, so what was sent shortly before a channel
ended is sent again on the next: at least once, in order.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect

from negatoscope.access.model import Action, Subject
from negatoscope.access.policy import may_ever
from negatoscope.access.refusals import record_refusal
from negatoscope.doors.web.dependencies import identify
from negatoscope.formats.dicom.json_values import JsonDataSet
from negatoscope.orders.workitems import subscription_store
from negatoscope.orders.workitems.events import REPORTED
from negatoscope.orders.workitems.model import WORKITEM_CLASS, Report, Subscriber, SubscriberId, Wire
from negatoscope.orders.workitems.subscriptions import open_channel
from negatoscope.platform.errors import Forbidden, NegatoscopeError, Unavailable
from negatoscope.platform.events import Event, EventFeed
from negatoscope.platform.logs import get_logger
from negatoscope.platform.runtime import Platform

logger = get_logger()

REPEATED_S: Final = 30.0
AT_ONCE: Final = 200
LOOK_AGAIN_S: Final = 5.0
POLICY_VIOLATION: Final = 1008
TRY_AGAIN_LATER: Final = 1013


class Channels:
    """The open channels of one process: one look at the log of events for all of them, while there are any."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.feed = EventFeed(platform.database, platform.tenant)
        self._open = 0
        self._following: asyncio.Task[None] | None = None

    def enter(self) -> None:
        """Count one more channel; the first makes the log be read."""
        self._open += 1
        if self._following is None:
            self._following = asyncio.get_running_loop().create_task(self.feed.run())

    async def leave(self) -> None:
        """Count one channel less; after the last the log is read no longer."""
        self._open -= 1
        if self._open == 0 and self._following is not None:
            task, self._following = self._following, None
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def open_workitem_channel(websocket: WebSocket) -> None:
    """Tell one subscriber until it leaves, or may not be told any more."""
    channels: Channels = websocket.app.state.channels
    try:
        _must_be_our_own_page(websocket, channels.platform)
        subject = await run_in_threadpool(identify, channels.platform, websocket)
        subscriber = await run_in_threadpool(open_channel, channels.platform, subject, websocket.path_params["ae_title"])
    except NegatoscopeError as error:
        await run_in_threadpool(record_refusal, channels.platform, error)
        logger.info("workitem_channel_refused", reason=error.reason)
        await websocket.close(POLICY_VIOLATION)
        return
    await websocket.accept()
    channels.enter()
    telling = asyncio.create_task(_tell(websocket, channels, subscriber))
    listening = asyncio.create_task(_hear(websocket))
    try:
        await asyncio.wait({telling, listening}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (telling, listening):
            task.cancel()
        code, _ = await asyncio.gather(telling, listening, return_exceptions=True)
        await channels.leave()
    if isinstance(code, int):
        # Only now that nothing reads any more: the server closes no connection that somebody still reads.
        await websocket.close(code)
    elif not isinstance(code, asyncio.CancelledError | WebSocketDisconnect):
        logger.warning("workitem_channel_failed", error=type(code).__name__)


def _must_be_our_own_page(websocket: WebSocket, platform: Platform) -> None:
    """Raise Forbidden for a page of others that opens a channel with the cookie of the person before it."""
    if websocket.headers.get("authorization") is not None:
        return
    host = websocket.headers.get("host", "")
    own = {f"http://{host}", f"https://{host}"}
    if platform.settings.public_url is not None:
        public = urlsplit(platform.settings.public_url)
        own.add(f"{public.scheme}://{public.netloc}")
    if websocket.headers.get("origin") not in own:
        raise Forbidden("This page is not ours.", reason="foreign_origin")


async def _hear(websocket: WebSocket) -> None:
    """Read what the subscriber says, which is nothing, until it leaves."""
    with suppress(WebSocketDisconnect):
        while True:
            await websocket.receive_text()


async def _tell(websocket: WebSocket, channels: Channels, subscriber: Subscriber) -> int:
    """Send what waits, then what comes; look at the right to be told every few seconds. Return why it ends, as a close code."""
    clock = channels.platform.clock
    told = _Teller(websocket, channels.platform, subscriber)
    looked_at = clock.monotonic()
    try:
        await told.send_waiting(repeats=True)
        async for event in channels.feed.listen(heartbeat_s=LOOK_AGAIN_S, ago_s=LOOK_AGAIN_S):
            if event is None or clock.monotonic() - looked_at >= LOOK_AGAIN_S:
                subject = await run_in_threadpool(identify, channels.platform, websocket)
                looked_at = clock.monotonic()
                if not _may_follow(subject, subscriber):
                    raise Forbidden("This subscriber may follow no longer.", reason="out_of_scope")
            if event is None or _is_about(event, subscriber.subscriber_id):
                await told.send_waiting()
    except NegatoscopeError as error:
        logger.info("workitem_channel_ended", reason=error.reason)
        return TRY_AGAIN_LATER if isinstance(error, Unavailable) else POLICY_VIOLATION
    return TRY_AGAIN_LATER


def _may_follow(subject: Subject, subscriber: Subscriber) -> bool:
    return subject.user_id == subscriber.user_id and may_ever(subject, Action.WATCH_WORKITEMS)


def _is_about(event: Event, subscriber_id: SubscriberId) -> bool:
    told = event.payload.get(Wire.WEBSOCKET.value) if event.kind == REPORTED else None
    return isinstance(told, list) and str(subscriber_id) in told


class _Teller:
    """Send the reports of one subscriber on one channel."""

    def __init__(self, websocket: WebSocket, platform: Platform, subscriber: Subscriber) -> None:
        self._websocket = websocket
        self._platform = platform
        self._subscriber = subscriber
        self._last_message_id = 0

    async def send_waiting(self, *, repeats: bool = False) -> None:
        """Send what was not told yet, with what was told on a channel that may have broken meanwhile if so."""
        while reports := await run_in_threadpool(self._read, repeats=repeats):
            at = self._platform.clock.now()
            for report in reports:
                self._last_message_id = self._last_message_id % 0xFFFF + 1
                frame = orjson.dumps(event_report(report, self._last_message_id)).decode()
                await self._websocket.send_text(frame)
            await run_in_threadpool(self._mark, [report.sequence for report in reports], at)
            repeats = False

    def _read(self, *, repeats: bool) -> list[Report]:
        since = self._platform.clock.now() - timedelta(seconds=REPEATED_S) if repeats else None
        with self._platform.database.read(self._platform.tenant) as tx:
            return subscription_store.list_open_reports(tx, self._subscriber.subscriber_id, repeat_since=since, limit=AT_ONCE)

    def _mark(self, sequences: list[int], at: datetime) -> None:
        with self._platform.database.transaction(self._platform.tenant) as tx:
            subscription_store.mark_delivered(tx, sequences, at=at)


def event_report(report: Report, message_id: int) -> JsonDataSet:
    """Return a report as a frame carries it (PS3.18 11.13); the class is Push, as on the other wire."""
    return {
        "00000002": {"vr": "UI", "Value": [WORKITEM_CLASS]},
        "00000110": {"vr": "US", "Value": [message_id]},
        "00001000": {"vr": "UI", "Value": [report.sop_instance_uid]},
        "00001002": {"vr": "US", "Value": [int(report.report_type)]},
        **report.content,
    }
