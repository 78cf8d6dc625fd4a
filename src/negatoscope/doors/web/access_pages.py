"""Sign in, with a second factor where there is one; prove the password again; sign out."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from negatoscope.access import sessions
from negatoscope.access.model import Subject, SubjectKind
from negatoscope.access.people import User
from negatoscope.doors.web import preferences
from negatoscope.doors.web.access_sentences import explain
from negatoscope.doors.web.dependencies import address_of, find_subject, platform_of, signed_in
from negatoscope.doors.web.preferences import local_path
from negatoscope.doors.web.session_cookie import clear_session, session_token, set_session
from negatoscope.doors.web.templates import page
from negatoscope.platform.errors import Forbidden, NegatoscopeError, Unauthenticated

router = APIRouter(include_in_schema=False)

LONGEST: Final = 1024


@router.get("/login")
def show_login(request: Request, next: str = "/") -> Response:  # noqa: A002 - the name of the field in the address
    """Ask for login and password; who is signed in goes on at once."""
    if _is_signed_in(request):
        return RedirectResponse(local_path(next), status_code=303)
    return _login_page(request, next_path=local_path(next))


@router.post("/login")
def log_in(
    request: Request,
    login: Annotated[str, Form(max_length=LONGEST)] = "",
    password: Annotated[str, Form(max_length=LONGEST)] = "",
    next: Annotated[str, Form(max_length=LONGEST)] = "/",  # noqa: A002 - the name of the field in the form
) -> Response:
    """Check login and password; go on, or ask for the code of the second factor."""
    target = local_path(next)
    try:
        signed = sessions.login(
            platform_of(request),
            login=login,
            password=password,
            address=address_of(request),
            user_agent=request.headers.get("user-agent"),
        )
    except Unauthenticated as error:
        return _login_page(request, next_path=target, login=login, fault=error)
    if not signed.complete:
        response: Response = RedirectResponse(f"/login/code?{_query(target)}", status_code=303)
        set_session(request, response, signed.token)
        return response
    return _welcome(request, signed.token, signed.user, target)


@router.get("/login/code")
def show_code(request: Request, next: str = "/") -> Response:  # noqa: A002 - the name of the field in the address
    """Ask for the code of the second factor."""
    return page(request, "access/code.html", next_path=local_path(next), fault=None)


@router.post("/login/code")
def check_code(
    request: Request,
    code: Annotated[str, Form(max_length=LONGEST)] = "",
    next: Annotated[str, Form(max_length=LONGEST)] = "/",  # noqa: A002 - the name of the field in the form
) -> Response:
    """Check the code; the session becomes whole under another token."""
    target = local_path(next)
    try:
        done = sessions.complete_login(platform_of(request), session_token(request) or "", code, address=address_of(request))
    except Unauthenticated as error:
        if error.reason == "no_session":
            return _login_page(request, next_path=target, fault=error)
        return page(request, "access/code.html", status_code=_status(error), next_path=target, fault=explain(error))
    return _welcome(request, done.token, done.user, target)


@router.post("/logout")
def log_out(request: Request) -> Response:
    """End the session and say so."""
    token = session_token(request)
    if token is not None:
        sessions.logout(platform_of(request), token, address=address_of(request))
    response = page(request, "access/goodbye.html")
    clear_session(request, response)
    return response


@router.get("/confirm")
def show_confirmation(
    request: Request,
    subject: Annotated[Subject, Depends(signed_in)],
    next: str = "/",  # noqa: A002 - the name of the field in the address
) -> Response:
    """Ask for the password again before what needs a fresh proof."""
    return page(request, "access/confirm.html", next_path=local_path(next), fault=None, login=subject.login)


@router.post("/confirm")
def confirm(
    request: Request,
    subject: Annotated[Subject, Depends(signed_in)],
    password: Annotated[str, Form(max_length=LONGEST)] = "",
    next: Annotated[str, Form(max_length=LONGEST)] = "/",  # noqa: A002 - the name of the field in the form
) -> Response:
    """Check the password, give the session another token and go back."""
    target = local_path(next)
    try:
        token = sessions.step_up_session(platform_of(request), subject, session_token(request) or "", password)
    except (Forbidden, Unauthenticated) as error:
        return page(
            request,
            "access/confirm.html",
            status_code=_status(error),
            next_path=target,
            fault=explain(error),
            login=subject.login,
        )
    response = RedirectResponse(target, status_code=303)
    set_session(request, response, token)
    return response


def _welcome(request: Request, token: str, user: User, target: str) -> Response:
    response = RedirectResponse(target, status_code=303)
    set_session(request, response, token)
    preferences.remember(request, response, language=user.language, theme=user.theme)
    return response


def _login_page(request: Request, *, next_path: str, login: str = "", fault: NegatoscopeError | None = None) -> Response:
    return page(
        request,
        "access/login.html",
        status_code=_status(fault) if fault is not None else HTTPStatus.OK,
        next_path=next_path,
        login=login,
        fault=explain(fault) if fault is not None else None,
        demonstration=platform_of(request).settings.demonstration,
    )


def _is_signed_in(request: Request) -> bool:
    try:
        return find_subject(request).kind is SubjectKind.USER
    except Unauthenticated:
        return False


def _status(error: NegatoscopeError) -> int:
    if error.reason == "too_many_attempts":
        return HTTPStatus.TOO_MANY_REQUESTS
    return HTTPStatus.FORBIDDEN


def _query(target: str) -> str:
    return urlencode({"next": target})
