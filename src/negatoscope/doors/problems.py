"""Errors on the HTTP wires: the one tree as problem details (RFC 9457). No traceback, no value, no patient data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from types import MappingProxyType

from starlette.responses import JSONResponse, Response

from negatoscope.platform.errors import (
    Conflict,
    CorruptObject,
    Forbidden,
    InvalidInput,
    InvalidTransition,
    NegatoscopeError,
    NotFound,
    OutOfResources,
    Refused,
    SettingsError,
    StaleVersion,
    Unauthenticated,
    Unavailable,
)
from negatoscope.platform.logs import request_id

RETRY_AFTER_S = "5"


@dataclass(frozen=True, slots=True)
class Answer:
    """The status, the title and the headers with which one kind of error is answered."""

    status: HTTPStatus
    title: str
    headers: Mapping[str, str] = field(default_factory=dict)


ANSWERS: Mapping[type[NegatoscopeError], Answer] = MappingProxyType({
    InvalidInput: Answer(HTTPStatus.BAD_REQUEST, "The request is not valid"),
    Unauthenticated: Answer(HTTPStatus.UNAUTHORIZED, "Sign in first", {"WWW-Authenticate": "Bearer"}),
    Forbidden: Answer(HTTPStatus.FORBIDDEN, "This is not permitted to you"),
    NotFound: Answer(HTTPStatus.NOT_FOUND, "Nothing is here"),
    Conflict: Answer(HTTPStatus.CONFLICT, "This exists already with other content"),
    InvalidTransition: Answer(HTTPStatus.CONFLICT, "This is not possible in the present state"),
    StaleVersion: Answer(HTTPStatus.PRECONDITION_FAILED, "Somebody else changed this first"),
    Refused: Answer(HTTPStatus.UNPROCESSABLE_ENTITY, "The content is refused"),
    OutOfResources: Answer(HTTPStatus.INSUFFICIENT_STORAGE, "No room is left"),
    Unavailable: Answer(HTTPStatus.SERVICE_UNAVAILABLE, "A needed part does not answer", {"Retry-After": RETRY_AFTER_S}),
    CorruptObject: Answer(HTTPStatus.INTERNAL_SERVER_ERROR, "A stored object is damaged"),
    SettingsError: Answer(HTTPStatus.INTERNAL_SERVER_ERROR, "The installation is set up wrongly"),
})  # fmt: skip

UNFORESEEN = Answer(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong on our side")


def answer_for(error: Exception) -> Answer:
    """Return how the error is answered; whatever stands outside the tree is our own fault."""
    for kind in type(error).__mro__:
        if kind in ANSWERS:
            return ANSWERS[kind]
    return UNFORESEEN


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One field that is wrong and why; never the value that was refused."""

    field: str
    message: str


def problem(
    status: int,
    title: str,
    *,
    detail: str | None = None,
    reason: str,
    faults: Sequence[FieldFault] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return one problem as `application/problem+json`."""
    body: dict[str, object] = {
        "type": f"urn:negatoscope:problem:{reason}",
        "title": title,
        "status": status,
        "reason": reason,
    }
    if detail is not None:
        body["detail"] = detail
    if faults:
        body["errors"] = [{"field": fault.field, "detail": fault.message} for fault in faults]
    identifier = request_id.get()
    if identifier is not None:
        body["request_id"] = identifier
    return JSONResponse(
        body, status_code=status, media_type="application/problem+json", headers=dict(headers) if headers else None
    )


def problem_of(error: Exception) -> Response:
    """Return the problem for an error; only errors of the tree may say their sentence."""
    answer = answer_for(error)
    if not isinstance(error, NegatoscopeError):
        return problem(answer.status, answer.title, reason="internal_error")
    if isinstance(error, NotFound):
        # One answer for what is not there and for what may not be known: the difference would tell that it exists.
        return problem(answer.status, answer.title, reason=NotFound.default_reason)
    faults = (FieldFault(error.field, str(error)),) if error.field is not None else ()
    return problem(answer.status, answer.title, detail=str(error), reason=error.reason, faults=faults, headers=answer.headers)
