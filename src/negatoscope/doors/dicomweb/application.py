"""The DICOMweb application: an explicit list of routes, each with the one action it is for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute

from negatoscope.access.actions import Action
from negatoscope.access.refusals import record_refusal
from negatoscope.doors.dicomweb import (
    frames,
    pictures,
    qido,
    stow,
    wado,
    workitem_search,
    workitem_subscriptions,
    workitems,
)
from negatoscope.doors.dicomweb.capabilities import describe
from negatoscope.doors.dicomweb.requests import platform_of
from negatoscope.doors.dicomweb.workitem_channel import Channels, open_workitem_channel
from negatoscope.doors.problems import problem, problem_of
from negatoscope.platform.errors import NegatoscopeError
from negatoscope.platform.runtime import Platform

Endpoint = Callable[[Request], Response | Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class DicomwebRoute:
    """One resource: where it is, how it is asked for, and what the policy is asked about it."""

    path: str
    method: str
    action: Action
    endpoint: Endpoint


_STUDIES: Final = "/studies"
_STUDY: Final = "/studies/{study_uid}"
_SERIES: Final = _STUDY + "/series/{series_uid}"
_WORKITEMS: Final = "/workitems"
_WORKITEM: Final = _WORKITEMS + "/{workitem_uid}"
_SUBSCRIBER: Final = _WORKITEM + "/subscribers/{ae_title}"
_INSTANCE: Final = _SERIES + "/instances/{sop_instance_uid}"

ROUTES: Final = (
    DicomwebRoute(_STUDIES, "POST", Action.STORE_IMAGES, stow.store_instances),
    DicomwebRoute(_STUDY, "POST", Action.STORE_IMAGES, stow.store_instances),
    DicomwebRoute(_STUDIES, "GET", Action.QUERY_IMAGES, qido.search_studies),
    DicomwebRoute("/series", "GET", Action.QUERY_IMAGES, qido.search_series),
    DicomwebRoute("/instances", "GET", Action.QUERY_IMAGES, qido.search_instances),
    DicomwebRoute(_STUDY + "/series", "GET", Action.QUERY_IMAGES, qido.search_series),
    DicomwebRoute(_STUDY + "/instances", "GET", Action.QUERY_IMAGES, qido.search_instances),
    DicomwebRoute(_SERIES + "/instances", "GET", Action.QUERY_IMAGES, qido.search_instances),
    DicomwebRoute(_STUDY, "GET", Action.RETRIEVE_IMAGES, wado.retrieve),
    DicomwebRoute(_SERIES, "GET", Action.RETRIEVE_IMAGES, wado.retrieve),
    DicomwebRoute(_INSTANCE, "GET", Action.RETRIEVE_IMAGES, wado.retrieve),
    DicomwebRoute(_STUDY + "/metadata", "GET", Action.VIEW_IMAGES, wado.retrieve_metadata),
    DicomwebRoute(_SERIES + "/metadata", "GET", Action.VIEW_IMAGES, wado.retrieve_metadata),
    DicomwebRoute(_INSTANCE + "/metadata", "GET", Action.VIEW_IMAGES, wado.retrieve_metadata),
    DicomwebRoute(_INSTANCE + "/bulkdata/{path:path}", "GET", Action.VIEW_IMAGES, wado.retrieve_bulk_data),
    DicomwebRoute(_INSTANCE + "/frames/{frames}", "GET", Action.VIEW_IMAGES, frames.retrieve_frames),
    DicomwebRoute(_INSTANCE + "/rendered", "GET", Action.VIEW_IMAGES, pictures.retrieve_rendered),
    DicomwebRoute(_INSTANCE + "/frames/{frame}/rendered", "GET", Action.VIEW_IMAGES, pictures.retrieve_rendered),
    DicomwebRoute(_STUDY + "/rendered", "GET", Action.VIEW_IMAGES, pictures.retrieve_rendered_group),
    DicomwebRoute(_SERIES + "/rendered", "GET", Action.VIEW_IMAGES, pictures.retrieve_rendered_group),
    DicomwebRoute(_STUDY + "/thumbnail", "GET", Action.VIEW_IMAGES, pictures.retrieve_thumbnail),
    DicomwebRoute(_SERIES + "/thumbnail", "GET", Action.VIEW_IMAGES, pictures.retrieve_thumbnail),
    DicomwebRoute(_INSTANCE + "/thumbnail", "GET", Action.VIEW_IMAGES, pictures.retrieve_thumbnail),
    DicomwebRoute(_INSTANCE + "/frames/{frame}/thumbnail", "GET", Action.VIEW_IMAGES, pictures.retrieve_thumbnail),
    DicomwebRoute(_WORKITEMS, "POST", Action.CREATE_WORKITEM, workitems.create),
    DicomwebRoute(_WORKITEMS, "GET", Action.QUERY_WORKITEMS, workitem_search.search_workitems),
    DicomwebRoute(_WORKITEM, "GET", Action.QUERY_WORKITEMS, workitems.retrieve),
    DicomwebRoute(_WORKITEM, "POST", Action.PERFORM_WORKITEM, workitems.update),
    DicomwebRoute(_WORKITEM + "/state", "PUT", Action.PERFORM_WORKITEM, workitems.change_state),
    DicomwebRoute(_WORKITEM + "/cancelrequest", "POST", Action.CANCEL_WORKITEM, workitems.request_cancel),
    DicomwebRoute(_SUBSCRIBER, "POST", Action.WATCH_WORKITEMS, workitem_subscriptions.subscribe_to),
    DicomwebRoute(_SUBSCRIBER, "DELETE", Action.WATCH_WORKITEMS, workitem_subscriptions.unsubscribe_from),
    DicomwebRoute(_SUBSCRIBER + "/suspend", "POST", Action.WATCH_WORKITEMS, workitem_subscriptions.suspend),
)


def create_dicomweb(platform: Platform) -> Starlette:
    """Return the application, to be mounted at /dicom-web."""
    routes = [Route(route.path, route.endpoint, methods=[route.method]) for route in ROUTES]
    routes.append(Route("/", describe(ROUTES), methods=["OPTIONS"]))
    channel = WebSocketRoute("/subscribers/{ae_title}", open_workitem_channel)
    handlers = {NegatoscopeError: _answer, HTTPException: _answer_status, Exception: _answer}
    app = Starlette(routes=[*routes, channel], exception_handlers=handlers)
    app.state.platform = platform
    app.state.channels = Channels(platform)
    return app


async def _answer(request: Request, error: Exception) -> Response:
    if isinstance(error, NegatoscopeError):
        await run_in_threadpool(record_refusal, platform_of(request), error)
    return problem_of(error)


async def _answer_status(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    return problem(status, "There is no such resource here", reason="no_such_resource", headers=headers)
