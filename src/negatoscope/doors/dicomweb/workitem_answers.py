"""How UPS-RS answers: status and Warning header of each refusal, bodies in and out (PS3.18 chapter 11)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

import orjson
from pydicom.dataset import Dataset
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from negatoscope.access.refusals import record_refusal
from negatoscope.doors.dicomweb.accept import parse_content_type
from negatoscope.doors.dicomweb.requests import platform_of, ranges_of, root_of
from negatoscope.doors.problems import problem, problem_of
from negatoscope.formats.dicom.json_reading import read_json_data_set
from negatoscope.formats.dicom.json_values import JsonDataSet
from negatoscope.formats.dicom.uids import parse_uid
from negatoscope.orders.workitems.refusals import Notice, Reason
from negatoscope.platform.errors import InvalidInput, NegatoscopeError

DICOM_JSON: Final = "application/dicom+json"
JSON_TYPES: Final = (DICOM_JSON, "application/json")
LONGEST_BODY: Final = 1 << 20
_INCONSISTENT: Final = "The submitted request is inconsistent with the state of the UPS Instance."


@dataclass(frozen=True, slots=True)
class Refused:
    """The status and the warning of one refusal."""

    status: HTTPStatus
    warning: str | None = None


REFUSALS: Final[Mapping[str, Refused]] = MappingProxyType({
    Reason.GONE: Refused(HTTPStatus.GONE),
    Reason.FINAL: Refused(HTTPStatus.CONFLICT, _INCONSISTENT),
    Reason.WRONG_LOCK: Refused(HTTPStatus.BAD_REQUEST, "The Transaction UID is incorrect."),
    Reason.IN_PROGRESS: Refused(HTTPStatus.CONFLICT, _INCONSISTENT),
    Reason.ONLY_CREATED_SCHEDULED: Refused(HTTPStatus.BAD_REQUEST, _INCONSISTENT),
    Reason.FINAL_NOT_MET: Refused(HTTPStatus.CONFLICT, _INCONSISTENT),
    Reason.NOT_IN_PROGRESS: Refused(HTTPStatus.CONFLICT, _INCONSISTENT),
    Reason.COMPLETED: Refused(HTTPStatus.CONFLICT, "The UPS is already COMPLETED."),
    Reason.NOBODY_LISTENS: Refused(HTTPStatus.CONFLICT, "The performer cannot be contacted."),
    "lock_missing": Refused(HTTPStatus.BAD_REQUEST, "The Transaction UID is missing."),
    "too_many_matches": Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The query was too broad; narrow it."),
    "body_too_long": Refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    "body_not_taken": Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE),
    "not_acceptable": Refused(HTTPStatus.NOT_ACCEPTABLE),
})  # fmt: skip
"""Refusals that say more than their kind of error; the others are answered as everywhere."""
UPDATE_REFUSALS: Final[Mapping[str, Refused]] = MappingProxyType({
    Reason.FINAL: Refused(
        HTTPStatus.BAD_REQUEST, "The submitted request is inconsistent with the current state of the Workitem."
    ),
    Reason.NOT_IN_PROGRESS: Refused(HTTPStatus.CONFLICT, "The target URI did not reference a claimed Workitem."),
})  # fmt: skip
"""What the Update transaction answers otherwise (PS3.18 11.6.2 and 11.6.3.2)."""
NOTICES: Final[Mapping[Notice, str]] = MappingProxyType({
    Notice.CREATED_WITH_CHANGES: "The Workitem was created with modifications.",
    Notice.DELETION_LOCK_NOT_GRANTED: "Deletion Lock not granted.",
    Notice.ALREADY_CANCELED: "The UPS is already in the requested state of CANCELED.",
    Notice.ALREADY_COMPLETED: "The UPS is already in the requested state of COMPLETED.",
})  # fmt: skip

Endpoint = Callable[[Request], Awaitable[Response]]


def answering(endpoint: Endpoint, *, refusals: Mapping[str, Refused] = REFUSALS) -> Endpoint:
    """Return the endpoint with its errors answered as this service does."""

    @wraps(endpoint)
    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ClientDisconnect:
            return Response(status_code=HTTPStatus.BAD_REQUEST)
        except NegatoscopeError as error:
            await run_in_threadpool(record_refusal, platform_of(request), error)
            return refusal_of(error, root_of(request), refusals)

    return answered


def refusal_of(error: NegatoscopeError, root: str, refusals: Mapping[str, Refused] = REFUSALS) -> Response:
    """Return the answer for an error."""
    refused = refusals.get(error.reason) or REFUSALS.get(error.reason)
    if refused is None:
        return problem_of(error)
    headers = {"Warning": f"299 {root}: {refused.warning}"} if refused.warning is not None else None
    return problem(refused.status, str(error), reason=error.reason, headers=headers)


def warned(response: Response, request: Request, notice: Notice | None) -> Response:
    """Return the response with the Warning header of a notice."""
    if notice is not None:
        response.headers["Warning"] = f"299 {root_of(request)}: {NOTICES[notice]}"
    return response


def json_of(workitems: Sequence[JsonDataSet], *, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return workitems as an array (PS3.18 11.1.3)."""
    return Response(orjson.dumps(list(workitems)), status_code=status, media_type=DICOM_JSON)


def must_take_json(request: Request) -> None:
    """Raise unless the client takes DICOM JSON, the one form that we give workitems in."""
    for wanted in ranges_of(request):
        if not wanted.multipart and any(wanted.covers(media_type) for media_type in JSON_TYPES):
            return
    raise InvalidInput("Workitems are given as DICOM JSON alone.", reason="not_acceptable")


async def read_body(request: Request, *, may_be_empty: bool = False) -> Dataset:
    """Return the data set of the body, judged before anything is built of it."""
    if request.headers.get("content-encoding", "identity") != "identity":
        raise InvalidInput("A content encoding is not taken.", reason="body_not_taken")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY:
            raise InvalidInput("The body is too long.", reason="body_too_long")
    if not body and may_be_empty:
        return Dataset()
    media_type, _ = parse_content_type(request.headers.get("content-type", ""))
    if media_type not in JSON_TYPES:
        raise InvalidInput("Workitems are taken as DICOM JSON alone.", reason="body_not_taken")
    return await run_in_threadpool(read_json_data_set, bytes(body), longest=LONGEST_BODY)


def uid_in_query(request: Request, name: str) -> str | None:
    """Return a UID given as ``?name=UID``, or as ``?UID``, which is how PS3.18 writes it."""
    value = request.query_params.get(name)
    if value is None:
        bare = [key for key, content in request.query_params.multi_items() if content == "" and key[:1].isdigit()]
        value = bare[0] if bare else None
    return parse_uid(value, field=name) if value is not None else None
