"""People: accounts, roles, passwords, locking; and the emergency accesses that wait for a review."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from negatoscope.access import second_factor, users
from negatoscope.access.actions import Action
from negatoscope.access.model import Role, Subject
from negatoscope.access.people import User
from negatoscope.access.policy import has_fresh_proof
from negatoscope.doors.web.access_sentences import explain
from negatoscope.doors.web.dependencies import platform_of, requires
from negatoscope.doors.web.language import LANGUAGES, gettext
from negatoscope.doors.web.states import role_name
from negatoscope.doors.web.templates import page, see_other
from negatoscope.patients.store import bears_identifier, list_patients
from negatoscope.platform.errors import Conflict, Forbidden, InvalidInput, NegatoscopeError, StaleVersion
from negatoscope.platform.runtime import Platform

router = APIRouter(include_in_schema=False)

LONGEST: Final = 256
PAGE: Final = 100

Manager = Annotated[Subject, Depends(requires(Action.MANAGE_USERS))]


class NewUser(BaseModel):
    """The fields of a new account."""

    model_config = ConfigDict(extra="forbid")

    login: str = Field(default="", max_length=LONGEST)
    display_name: str = Field(default="", max_length=LONGEST)
    professional_identifier: str = Field(default="", max_length=64)
    language: str = Field(default="fr", max_length=8)
    roles: list[Role] = Field(default_factory=list)
    patient_number: str = Field(default="", max_length=64)
    password: str = Field(default="", max_length=1024)
    reason: str = Field(default="", max_length=LONGEST)


class Change(BaseModel):
    """The fields of a change to an account."""

    model_config = ConfigDict(extra="forbid")

    version: int = 0
    roles: list[Role] = Field(default_factory=list)
    password: str = Field(default="", max_length=1024)
    reason: str = Field(default="", max_length=LONGEST)


@router.get("/users")
def show_users(request: Request, subject: Manager, after: Annotated[str, Query(max_length=64)] = "") -> Response:
    """List the accounts by login."""
    platform = platform_of(request)
    with platform.database.read(platform.tenant) as tx:
        found = users.list_users(tx, subject, after=after, limit=PAGE + 1)
    shown = found[:PAGE]
    next_href = f"/users?after={shown[-1].login}" if len(found) > PAGE else None
    return page(request, "users/list.html", users=shown, next_href=next_href)


@router.get("/users/new")
def show_new_user(request: Request, subject: Manager) -> Response:
    """Ask for what a new account needs; the password is asked for first where its last proof is old."""
    if not has_fresh_proof(subject, subject.seen_at):
        raise Forbidden("Confirm your password first.", reason="needs_step_up")
    return _new_page(request, subject, NewUser(), {})


@router.post("/users")
def create_user(request: Request, subject: Manager, form: Annotated[NewUser, Form()]) -> Response:
    """Add an account."""
    platform = platform_of(request)
    try:
        user = users.create_user(
            platform,
            subject,
            login=form.login,
            display_name=form.display_name,
            roles=form.roles,
            password=form.password or None,
            professional_identifier=form.professional_identifier.strip() or None,
            language=form.language,
            patient_id=_patient_of(platform, form.patient_number),
            reason=form.reason or None,
        )
    except (InvalidInput, Conflict) as error:
        return _new_page(request, subject, form, {error.field or "login": explain(error)})
    except Forbidden as error:
        if error.reason == "needs_reason":
            return _new_page(request, subject, form, {"reason": explain(error)})
        raise
    return see_other(request, f"/users/{user.user_id}", status=gettext("Account made"))


@router.get("/users/{user_id}")
def show_user(request: Request, subject: Manager, user_id: UUID) -> Response:
    """Show one account and what can be changed."""
    return _user_page(request, subject, user_id, {})


@router.post("/users/{user_id}/roles")
def change_roles(request: Request, subject: Manager, user_id: UUID, form: Annotated[Change, Form()]) -> Response:
    """Change what a person may do."""
    try:
        users.set_roles(
            platform_of(request),
            subject,
            user_id,
            roles=form.roles,
            version=form.version,
            reason=form.reason or None,
        )
    except (InvalidInput, Forbidden, StaleVersion) as error:
        return _explained(request, subject, user_id, error, "roles")
    return see_other(request, f"/users/{user_id}", status=gettext("Roles changed; open sessions have ended"))


@router.post("/users/{user_id}/password")
def set_password(request: Request, subject: Manager, user_id: UUID, form: Annotated[Change, Form()]) -> Response:
    """Give a person a new password."""
    try:
        users.set_password(platform_of(request), subject, user_id, form.password, reason=form.reason or None)
    except (InvalidInput, Forbidden) as error:
        return _explained(request, subject, user_id, error, "password")
    return see_other(request, f"/users/{user_id}", status=gettext("Password set; open sessions have ended"))


@router.post("/users/{user_id}/second-factor/remove")
def remove_second_factor(request: Request, subject: Manager, user_id: UUID, form: Annotated[Change, Form()]) -> Response:
    """Take the second factor off an account whose telephone was lost."""
    try:
        second_factor.reset_second_factor(platform_of(request), subject, user_id, reason=form.reason or None)
    except Forbidden as error:
        return _explained(request, subject, user_id, error, "reason")
    return see_other(request, f"/users/{user_id}", status=gettext("Second factor removed"))


@router.post("/users/{user_id}/disable")
def disable_user(request: Request, subject: Manager, user_id: UUID, form: Annotated[Change, Form()]) -> Response:
    """Lock an account."""
    try:
        users.disable_user(platform_of(request), subject, user_id, version=form.version, reason=form.reason or None)
    except (Forbidden, StaleVersion) as error:
        return _explained(request, subject, user_id, error, "reason")
    return see_other(request, f"/users/{user_id}", status=gettext("Account locked; open sessions have ended"))


@router.post("/users/{user_id}/enable")
def enable_user(request: Request, subject: Manager, user_id: UUID, form: Annotated[Change, Form()]) -> Response:
    """Unlock an account."""
    try:
        users.enable_user(platform_of(request), subject, user_id, version=form.version, reason=form.reason or None)
    except (Forbidden, StaleVersion) as error:
        return _explained(request, subject, user_id, error, "reason")
    return see_other(request, f"/users/{user_id}", status=gettext("Account open again"))


def _explained(request: Request, subject: Subject, user_id: UUID, error: NegatoscopeError, field: str) -> Response:
    if error.reason == "needs_step_up":
        raise error
    name = "reason" if error.reason == "needs_reason" else error.field or field
    return _user_page(request, subject, user_id, {name: explain(error)})


def _user_page(request: Request, subject: Subject, user_id: UUID, errors: Mapping[str, str]) -> Response:
    platform = platform_of(request)
    with platform.database.read(platform.tenant) as tx:
        user: User = users.get_user(tx, subject, user_id)
    return page(
        request,
        "users/user.html",
        status_code=HTTPStatus.BAD_REQUEST if errors else HTTPStatus.OK,
        user=user,
        errors=errors,
        roles=_roles(),
        states_reason=_states_reason(subject),
        is_oneself=user.user_id == subject.user_id,
        fresh=has_fresh_proof(subject, subject.seen_at),
    )


def _new_page(request: Request, subject: Subject, form: NewUser, errors: Mapping[str, str]) -> Response:
    return page(
        request,
        "users/new.html",
        status_code=HTTPStatus.BAD_REQUEST if errors else HTTPStatus.OK,
        form=form,
        errors=errors,
        roles=_roles(),
        languages_known=list(LANGUAGES.items()),
        states_reason=_states_reason(subject),
    )


def _roles() -> list[tuple[Role, str]]:
    return [(role, role_name(role)) for role in Role]


def _states_reason(subject: Subject) -> bool:
    """Tell whether this person must say why: all who are no administrators."""
    return Role.ADMINISTRATOR not in subject.roles


def _patient_of(platform: Platform, number: str) -> UUID | None:
    """Return the one patient of this number; None for no number."""
    if not number.strip():
        return None
    with platform.database.read(platform.tenant) as tx:
        found = list_patients(tx, [bears_identifier(number.strip())], after=None, limit=2)
    if len(found) != 1:
        raise InvalidInput("No patient record bears this identifier.", reason="patient_missing", field="patient_number")
    return found[0].patient_id
