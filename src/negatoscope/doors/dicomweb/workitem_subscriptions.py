"""UPS-RS: follow workitems, follow them no longer, and stop following new ones (PS3.18 11.10 to 11.12)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from negatoscope.doors.dicomweb.requests import platform_of, root_of, subject_of
from negatoscope.doors.dicomweb.workitem_answers import answering, warned
from negatoscope.doors.dicomweb.workitem_search import read_keys
from negatoscope.doors.dicomweb.workitems import workitem_uid
from negatoscope.orders.workitems import subscriptions
from negatoscope.orders.workitems.matching import Keys
from negatoscope.orders.workitems.model import FILTERED_SUBSCRIPTION, Wire
from negatoscope.orders.workitems.refusals import Notice
from negatoscope.orders.workitems.searching import site_zone
from negatoscope.orders.workitems.subscriptions import Receiver
from negatoscope.platform.errors import InvalidInput, NotFound

_OWN_PARAMETERS: Final = frozenset({"accept", "charset", "deletionlock", "filter"})


async def _subscribe(request: Request) -> Response:
    subject = await run_in_threadpool(subject_of, request)
    uid, platform = workitem_uid(request), platform_of(request)
    keys = read_filter(request) if uid == FILTERED_SUBSCRIPTION else None

    def subscribe() -> Notice | None:
        return subscriptions.subscribe(
            platform,
            subject,
            uid,
            _receiver(request),
            deletion_lock=_deletion_lock(request),
            keys=keys,
            zone=site_zone(platform.settings.time_zone),
        )

    notice = await run_in_threadpool(subscribe)
    headers = {"Content-Location": channel_address(request)}
    return warned(Response(status_code=HTTPStatus.CREATED, headers=headers), request, notice)


async def _unsubscribe(request: Request) -> Response:
    subject = await run_in_threadpool(subject_of, request)
    arguments = (platform_of(request), subject, workitem_uid(request), _receiver(request))
    if not await run_in_threadpool(subscriptions.unsubscribe, *arguments):
        raise NotFound("There is no such subscription.")
    return Response(status_code=HTTPStatus.OK)


async def _suspend(request: Request) -> Response:
    subject = await run_in_threadpool(subject_of, request)
    arguments = (platform_of(request), subject, workitem_uid(request), _receiver(request))
    if not await run_in_threadpool(subscriptions.suspend, *arguments):
        raise NotFound("There is no such subscription.")
    return Response(status_code=HTTPStatus.OK)


subscribe_to = answering(_subscribe)
unsubscribe_from = answering(_unsubscribe)
suspend = answering(_suspend)


def channel_address(request: Request) -> str:
    """Return where the channel of this subscriber is opened (PS3.18 11.10.3.2)."""
    root = root_of(request)
    return f"ws{root.removeprefix('http')}/subscribers/{quote(request.path_params['ae_title'], safe='')}"


def read_filter(request: Request) -> Keys:
    """Return the keys of a filtered subscription: `filter=a=b,c=d`, or one parameter an attribute as of old."""
    pairs = [(name, value) for name, value in request.query_params.multi_items() if name.lower() not in _OWN_PARAMETERS]
    for text in request.query_params.getlist("filter"):
        for part in text.split(","):
            name, separator, value = part.partition("=")
            if not separator:
                raise InvalidInput("A filter is a list of attribute=value.", reason="bad_key", field="filter")
            pairs.append((name.strip(), value.strip()))
    return read_keys(pairs)


def _receiver(request: Request) -> Receiver:
    return Receiver(ae_title=request.path_params["ae_title"], wire=Wire.WEBSOCKET)


def _deletion_lock(request: Request) -> bool:
    text = request.query_params.get("deletionlock", "false").lower()
    if text not in {"true", "false"}:
        raise InvalidInput("A deletion lock is true or false.", reason="bad_parameter", field="deletionlock")
    return text == "true"
