"""My account: password, second factor, language and theme, open sessions, bearer tokens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from negatoscope.access import second_factor, sessions, tokens, users
from negatoscope.access.actions import Action
from negatoscope.access.model import Subject, SubjectKind
from negatoscope.access.policy import has_fresh_proof, may_ever
from negatoscope.access.store import people
from negatoscope.doors.web import preferences
from negatoscope.doors.web.access_sentences import explain
from negatoscope.doors.web.browser_names import browser_name
from negatoscope.doors.web.dependencies import platform_of, signed_in
from negatoscope.doors.web.language import LANGUAGES, N_, gettext
from negatoscope.doors.web.preferences import THEMES
from negatoscope.doors.web.qr_code import MOST_BYTES, qr_path
from negatoscope.doors.web.templates import page, see_other
from negatoscope.platform.errors import Forbidden, InvalidInput, NotFound, Unauthenticated

router = APIRouter(include_in_schema=False)

LONGEST: Final = 1024
LIVES: Final[Mapping[int, str]] = {30: N_("30 days"), 90: N_("90 days"), 365: N_("One year")}
SCOPES: Final[Mapping[str, tuple[str, frozenset[Action] | None]]] = {
    "all": (N_("All that my roles may do without a fresh password"), None),
    "read": (
        N_("Find and read images (QIDO-RS, WADO-RS)"),
        frozenset({Action.QUERY_IMAGES, Action.RETRIEVE_IMAGES, Action.VIEW_IMAGES, Action.SEARCH_PATIENTS}),
    ),
    "store": (N_("Store images (STOW-RS)"), frozenset({Action.STORE_IMAGES, Action.IMPORT_STUDY})),
}

Person = Annotated[Subject, Depends(signed_in)]


@router.get("/account")
def show_account(request: Request, subject: Person) -> Response:
    """Show everything of the account on one page."""
    return _account_page(request, subject)


@router.post("/account/password")
def change_password(
    request: Request,
    subject: Person,
    current: Annotated[str, Form(max_length=LONGEST)] = "",
    new: Annotated[str, Form(max_length=LONGEST)] = "",
    again: Annotated[str, Form(max_length=LONGEST)] = "",
    end_tokens: Annotated[bool, Form()] = False,
) -> Response:
    """Change the password; every other session ends."""
    try:
        if new != again:
            raise InvalidInput("The two passwords are not the same.", reason="passwords_differ", field="again")
        users.change_own_password(platform_of(request), subject, current=current, new=new, ends_tokens=end_tokens)
    except InvalidInput as error:
        field = "new" if error.field == "password" else error.field or "new"
        return _account_page(request, subject, errors={field: explain(error)})
    except (Forbidden, Unauthenticated) as error:
        return _account_page(request, subject, errors={"current": explain(error)})
    return see_other(request, "/account", status=gettext("Password changed; your other sessions have ended"))


@router.post("/account/preferences")
def change_preferences(
    request: Request,
    subject: Person,
    language: Annotated[str, Form(max_length=8)] = "",
    theme: Annotated[str, Form(max_length=32)] = "",
) -> Response:
    """Keep language and theme in the account and in this browser."""
    platform = platform_of(request)
    if language:
        users.set_language(platform, subject, language)
    if theme:
        users.set_theme(platform, subject, theme)
    response = RedirectResponse("/account", status_code=303)
    preferences.remember(request, response, language=language or None, theme=theme or None)
    return response


@router.post("/account/second-factor")
def begin_second_factor(request: Request, subject: Person) -> Response:
    """Make a secret and show it once, with the field for its first code."""
    enrolment = second_factor.begin_enrolment(platform_of(request), subject)
    address = enrolment.address.encode()
    path, width = qr_path(address) if len(address) <= MOST_BYTES else (None, 0)
    return page(request, "account/second_factor.html", enrolment=enrolment, fault=None, path=path, width=width)


@router.post("/account/second-factor/confirm")
def confirm_second_factor(request: Request, subject: Person, code: Annotated[str, Form(max_length=32)] = "") -> Response:
    """Switch the second factor on."""
    try:
        second_factor.confirm_enrolment(platform_of(request), subject, code)
    except InvalidInput as error:
        return page(
            request,
            "account/second_factor.html",
            status_code=HTTPStatus.BAD_REQUEST,
            enrolment=None,
            fault=explain(error),
        )
    return see_other(request, "/account", status=gettext("Second factor on: it will be asked at the next sign-in"))


@router.post("/account/second-factor/remove")
def remove_second_factor(request: Request, subject: Person) -> Response:
    """Switch the second factor off."""
    second_factor.remove_second_factor(platform_of(request), subject)
    return see_other(request, "/account", status=gettext("Second factor removed"))


@router.post("/account/sessions/{session_id}/end")
def end_session(request: Request, subject: Person, session_id: UUID) -> Response:
    """End one of the own sessions."""
    sessions.end_own_session(platform_of(request), subject, session_id)
    return see_other(request, "/account", status=gettext("Session ended"))


@router.post("/account/tokens")
def create_token(
    request: Request,
    subject: Person,
    title: Annotated[str, Form(max_length=LONGEST)] = "",
    scope: Annotated[str, Form(max_length=16)] = "read",
    days: Annotated[int, Form()] = 90,
) -> Response:
    """Make a bearer token and show it, this once."""
    platform = platform_of(request)
    try:
        if scope not in SCOPES or days not in LIVES:
            raise InvalidInput("This choice does not exist.", reason="unknown_choice", field="scope")
        if subject.user_id is None:
            raise NotFound("Nothing is here.")
        text, token = tokens.create_token(
            platform, subject, user_id=subject.user_id, title=title, scopes=SCOPES[scope][1], life=timedelta(days=days)
        )
    except InvalidInput as error:
        return _account_page(request, subject, errors={error.field or "title": explain(error)})
    return page(request, "account/token.html", text=text, token=token)


@router.post("/account/tokens/{token_id}/revoke")
def revoke_token(request: Request, subject: Person, token_id: str) -> Response:
    """End one of the own tokens."""
    tokens.revoke_token(platform_of(request), subject, token_id[:64])
    return see_other(request, "/account", status=gettext("Token revoked"))


def _account_page(request: Request, subject: Subject, *, errors: Mapping[str, str] | None = None) -> Response:
    if subject.kind is not SubjectKind.USER or subject.user_id is None:
        raise NotFound("Nothing is here.")
    platform = platform_of(request)
    now = platform.clock.now()
    with platform.database.read(platform.tenant) as tx:
        user = people.get_user(tx, subject.user_id)
    return page(
        request,
        "account/account.html",
        status_code=HTTPStatus.BAD_REQUEST if errors else HTTPStatus.OK,
        user=user,
        errors=errors or {},
        sessions=[(one, browser_name(one.user_agent)) for one in sessions.list_own_sessions(platform, subject)],
        tokens=[token for token in tokens.list_own_tokens(platform, subject) if token.revoked_at is None],
        now=now,
        fresh=has_fresh_proof(subject, now),
        programs=may_ever(subject, Action.QUERY_IMAGES),
        theme_options=[(value, gettext(word)) for value, word in THEMES.items()],
        language_options=list(LANGUAGES.items()),
        life_options=[(days, gettext(word)) for days, word in LIVES.items()],
        scope_options=[(name, gettext(word)) for name, (word, _) in SCOPES.items()],
    )
