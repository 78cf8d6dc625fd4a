"""What a route asks for before it runs: the product, the subject, and the one action the route is for."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from fastapi import Request
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection

from negatoscope.access.model import Action, Subject
from negatoscope.access.policy import may_ever
from negatoscope.access.refusals import Refusal
from negatoscope.access.sessions import session_subject
from negatoscope.access.tokens import token_subject
from negatoscope.doors.web.language import LANGUAGES, use_language
from negatoscope.doors.web.session_cookie import session_token
from negatoscope.platform.errors import Forbidden, NegatoscopeError, Unauthenticated
from negatoscope.platform.runtime import Platform

LONGEST_TOKEN: Final = 512
BACKGROUND_HEADER: Final = "negatoscope-background"


def platform_of(request: Request) -> Platform:
    """Return the product that this application serves."""
    platform: Platform = request.app.state.platform
    return platform


def address_of(request: HTTPConnection) -> str:
    """Return the network address of the caller as the server saw it."""
    return request.client.host if request.client is not None else "unknown"


def find_subject(request: Request) -> Subject:
    """Return who is asking a page of ours, or raise Unauthenticated."""
    return identify(platform_of(request), request)


def identify(platform: Platform, request: HTTPConnection) -> Subject:
    """Return who is asking, by bearer token or by session cookie, or raise Unauthenticated. For every HTTP door."""
    authorization = request.headers.get("authorization")
    if authorization is not None:
        scheme, _space, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not 0 < len(token) <= LONGEST_TOKEN:
            raise Unauthenticated("This door takes a bearer token.", reason="bearer_token_expected")
        return token_subject(platform, token.strip(), address=address_of(request))
    session = session_token(request)
    if session is None or len(session) > LONGEST_TOKEN:
        raise Unauthenticated("Sign in first.", reason="no_session")
    return session_subject(platform, session, address=address_of(request), touches=is_by_hand(request))


def is_by_hand(request: HTTPConnection) -> bool:
    """Tell whether a person asks; the live stream and the lists that follow it ask by themselves, all night if let."""
    return BACKGROUND_HEADER not in request.headers and request.url.path != "/events"


def remember_subject(request: Request, subject: Subject) -> None:
    """Keep the subject for the frame of the page, and speak the language of the account."""
    request.state.subject = subject
    if subject.language is not None and subject.language in LANGUAGES:
        use_language(subject.language)


def recognise(request: Request) -> None:
    """Find who is asking if anybody is, for the frame of a page that is open to all. Faults leave it unknown."""
    if getattr(request.state, "subject", None) is not None:
        return
    with suppress(NegatoscopeError, SQLAlchemyError):
        remember_subject(request, find_subject(request))


async def visitor(request: Request) -> None:
    """Dependency of public pages: whoever is signed in sees the own menu and language there too."""
    if session_token(request) is None:
        return
    with suppress(NegatoscopeError, SQLAlchemyError):
        remember_subject(request, await run_in_threadpool(find_subject, request))


class SignedIn:
    """Dependency: somebody is known behind the request, whoever it is. For what everybody has: home, account, help."""

    action: Action | None = None

    async def __call__(self, request: Request) -> Subject:
        """Return the subject, or raise Unauthenticated."""
        subject = await run_in_threadpool(find_subject, request)
        remember_subject(request, subject)
        return subject


class Requires(SignedIn):
    """Dependency: somebody is known whose role includes the action. The use case decides about the thing itself."""

    def __init__(self, action: Action) -> None:
        self.action: Action = action

    async def __call__(self, request: Request) -> Subject:
        """Return the subject, or raise Unauthenticated or Forbidden."""
        subject = await super().__call__(request)
        if not may_ever(subject, self.action):
            refusal = Refusal(subject, self.action, "role", patient_id=None, study_uid=None)
            raise Forbidden("Your role does not include this action.", reason="role_lacks_action") from refusal
        return subject


def requires(action: Action) -> Requires:
    """Return the dependency that names what a route does: `Depends(requires(Action.VIEW_IMAGES))`."""
    return Requires(action)


signed_in: Final = SignedIn()
