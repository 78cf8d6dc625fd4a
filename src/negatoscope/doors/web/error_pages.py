"""Errors for people: a page in the usual frame that says what happened and what to do; programs get problem details."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Final
from urllib.parse import quote, urlsplit

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from negatoscope.access.refusals import record_refusal
from negatoscope.doors.problems import ANSWERS, FieldFault, answer_for, problem, problem_of
from negatoscope.doors.web.dependencies import platform_of, recognise
from negatoscope.doors.web.language import N_, gettext
from negatoscope.doors.web.templates import page
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

PROGRAM_PREFIXES: Final = ("/dicom-web/", "/api/", "/fhir/", "/events", "/health")


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a page says about one kind of error: a heading and what can be done."""

    title: str
    advice: str


EXPLANATIONS: Mapping[type[NegatoscopeError], Explanation] = MappingProxyType({
    InvalidInput: Explanation(
        N_("This request is not valid"), N_("Go back, correct what is marked and send it again.")
    ),
    Unauthenticated: Explanation(N_("Sign in first"), N_("Your session has ended or has not begun.")),
    Forbidden: Explanation(
        N_("You may not do this"),
        N_("Your role does not include this action. If you need it for your work, ask an administrator."),
    ),
    NotFound: Explanation(
        N_("Nothing is here"),
        N_("The address is wrong, the thing no longer exists, or it is not open to you. Search for it from the lists."),
    ),
    Conflict: Explanation(
        N_("This does not go with what is there"), N_("Nothing changed. Go back and look at how things stand.")
    ),
    InvalidTransition: Explanation(
        N_("This is not possible now"),
        N_("The state has changed since this page was made. Go back and reload to see where things stand."),
    ),
    StaleVersion: Explanation(
        N_("Somebody else changed this first"),
        N_("Nothing of yours was saved over their work. Reload to see their version, then decide."),
    ),
    Refused: Explanation(
        N_("The content is refused"), N_("It was understood, and it may not enter as it is. Nothing was kept.")
    ),
    OutOfResources: Explanation(
        N_("No room is left"), N_("Nothing was kept. Tell an administrator, then send it again.")
    ),
    Unavailable: Explanation(
        N_("A needed part does not answer"), N_("Nothing was lost. Try again in a moment.")
    ),
    CorruptObject: Explanation(
        N_("A stored object is damaged"),
        N_("It is not shown, since it is not what was received. The administrators see this fault on their page."),
    ),
    SettingsError: Explanation(
        N_("The installation is set up wrongly"), N_("An administrator can mend it: 'negatoscope doctor' says how.")
    ),
})  # fmt: skip

UNFORESEEN: Final = Explanation(
    N_("Something went wrong on our side"),
    N_("It has been noted under the number below. What you had typed is still on the page before this one."),
)

STATUS_ERRORS: Mapping[int, type[NegatoscopeError]] = MappingProxyType({
    400: InvalidInput, 401: Unauthenticated, 403: Forbidden, 404: NotFound, 409: Conflict, 412: StaleVersion,
    422: InvalidInput, 503: Unavailable, 507: OutOfResources,
})  # fmt: skip

STATUS_EXPLANATIONS: Mapping[int, Explanation] = MappingProxyType(
    {
        405: Explanation(N_("This address does not take such a request"), N_("Use the links and buttons of the pages.")),
        413: Explanation(N_("This is too large"), N_("Nothing was kept. Images enter by DICOM, DICOMweb or import.")),
    }
)


def wants_page(request: Request) -> bool:
    """Tell whether a person is asking: a browser accepts HTML and stands outside the programs' addresses."""
    if request.url.path.startswith(PROGRAM_PREFIXES):
        return False
    return "text/html" in request.headers.get("accept", "")


def answer_error(request: Request, error: Exception) -> Response:
    """Return the page or the problem for an error; what the policy refused is written into the trail."""
    if isinstance(error, NegatoscopeError):
        with suppress(SQLAlchemyError):  # a database that is away does not turn a refusal into another answer
            record_refusal(platform_of(request), error)
    if not wants_page(request):
        return problem_of(error)
    if isinstance(error, Unauthenticated) and request.method == "GET":
        return to_sign_in(request)
    if isinstance(error, Forbidden) and error.reason == "needs_step_up":
        return _to_confirm(request)
    answer = answer_for(error)
    explanation = next((EXPLANATIONS[kind] for kind in type(error).__mro__ if kind in EXPLANATIONS), UNFORESEEN)
    says = isinstance(error, NegatoscopeError) and not isinstance(error, NotFound)  # see problems: one answer for both
    detail = gettext(str(error)) if says else None
    response = _error_page(request, answer.status, explanation, detail)
    response.headers.update({name: value for name, value in answer.headers.items() if name != "WWW-Authenticate"})
    return response


def answer_status(request: Request, status: int, reason: str) -> Response:
    """Return the page or the problem for a bare status."""
    kind = STATUS_ERRORS.get(status)
    if not wants_page(request):
        title = ANSWERS[kind].title if kind is not None else HTTPStatus(status).phrase
        return problem(status, title, reason=reason)
    explanation = EXPLANATIONS[kind] if kind is not None else STATUS_EXPLANATIONS.get(status, UNFORESEEN)
    return _error_page(request, status, explanation, None)


def to_sign_in(request: Request) -> Response:
    """Send a browser to the sign-in page, and back here afterwards."""
    here = _here(request)
    return RedirectResponse("/login" if here == "/" else f"/login?next={quote(here, safe='/')}", status_code=303)


def _to_confirm(request: Request) -> Response:
    """Send a browser to prove the password again; a write is repeated by the person, on the page it was made from."""
    if request.method == "GET":
        back = _here(request)
    else:
        referrer = urlsplit(request.headers.get("referer", ""))
        back = referrer.path + (f"?{referrer.query}" if referrer.query else "")
    return RedirectResponse(f"/confirm?next={quote(back or '/', safe='/')}", status_code=303)


def _here(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _error_page(request: Request, status: int, explanation: Explanation, detail: str | None) -> Response:
    recognise(request)
    return page(request, "errors/error.html", status_code=status, status=status, explanation=explanation, detail=detail)


def _answer_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class only
    faults = tuple(
        FieldFault(".".join(str(part) for part in fault["loc"][1:]) or str(fault["loc"][0]), str(fault["msg"]))
        for fault in error.errors()
    )
    if not wants_page(request):
        return problem(400, ANSWERS[InvalidInput].title, reason="invalid_input", faults=faults)
    return _error_page(request, 400, EXPLANATIONS[InvalidInput], None)


def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class only
    response = answer_status(request, error.status_code, HTTPStatus(error.status_code).name.lower())
    response.headers.update(error.headers or {})
    return response


def register_error_answers(app: FastAPI) -> None:
    """Answer the errors of our tree, of the framework and of validation; all others reach the guard."""
    app.add_exception_handler(NegatoscopeError, answer_error)
    app.add_exception_handler(RequestValidationError, _answer_validation)
    app.add_exception_handler(HTTPException, _answer_http)
