"""DICOMweb servers on the screen: where they are and how they know us. A secret goes in and never comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from negatoscope.access.actions import Action
from negatoscope.access.model import Subject
from negatoscope.access.policy import has_fresh_proof
from negatoscope.archive.routing import servers
from negatoscope.archive.routing.rule_store import DicomwebServer
from negatoscope.doors.web.dependencies import platform_of, requires
from negatoscope.doors.web.language import gettext
from negatoscope.doors.web.templates import page, see_other
from negatoscope.platform.errors import Conflict, Forbidden, InvalidInput

router = APIRouter(include_in_schema=False)

Manager = Annotated[Subject, Depends(requires(Action.MANAGE_DEVICES))]


class ServerForm(BaseModel):
    """The fields of a server. An empty secret leaves the one it has; `forget_secret` takes it away."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(default="", max_length=256)
    base_url: str = Field(default="", max_length=1000)
    login: str = Field(default="", max_length=256)
    secret: str = Field(default="", max_length=8192)
    forget_secret: bool = False
    version: int = 0


@router.get("/servers")
def show_servers(request: Request, subject: Manager) -> Response:
    """List the servers by name."""
    platform = platform_of(request)
    with platform.database.read(platform.tenant) as tx:
        found = servers.list_servers(tx, subject)
    return page(request, "routing/servers.html", servers=found)


@router.get("/servers/new")
def show_new_server(request: Request, subject: Manager) -> Response:
    """Ask for what a new server needs."""
    _require_fresh_proof(subject)
    return _form(request, None, ServerForm(), {})


@router.post("/servers")
def add_server(request: Request, subject: Manager, form: Annotated[ServerForm, Form()]) -> Response:
    """Add a server."""
    try:
        servers.add_server(
            platform_of(request), subject, name=form.name, base_url=form.base_url, login=form.login, secret=form.secret
        )
    except (InvalidInput, Conflict) as error:
        return _form(request, None, form, {error.field or "name": gettext(str(error))})
    return see_other(request, "/servers", status=gettext("Server added"))


@router.get("/servers/{server_id}")
def show_server(request: Request, subject: Manager, server_id: UUID) -> Response:
    """Show one server and let it be changed."""
    _require_fresh_proof(subject)
    server = _get(request, subject, server_id)
    form = ServerForm(name=server.name, base_url=server.base_url, login=server.login, version=server.version)
    return _form(request, server, form, {})


@router.post("/servers/{server_id}")
def change_server(request: Request, subject: Manager, server_id: UUID, form: Annotated[ServerForm, Form()]) -> Response:
    """Keep what was changed."""
    server = _get(request, subject, server_id)
    changed = replace(server, name=form.name, base_url=form.base_url, login=form.login.strip(), version=form.version)
    secret = "" if form.forget_secret else form.secret or None
    try:
        servers.change_server(platform_of(request), subject, changed, secret=secret)
    except (InvalidInput, Conflict) as error:
        return _form(request, server, form, {error.field or "name": gettext(str(error))})
    return see_other(request, "/servers", status=gettext("Server changed"))


@router.post("/servers/{server_id}/switch")
def switch_server(
    request: Request,
    subject: Manager,
    server_id: UUID,
    version: Annotated[int, Form()],
    is_enabled: Annotated[bool, Form()] = False,
) -> Response:
    """Let a server be spoken with, or no longer."""
    platform = platform_of(request)
    disabled_at = None if is_enabled else platform.clock.now()
    changed = replace(_get(request, subject, server_id), disabled_at=disabled_at, version=version)
    servers.change_server(platform, subject, changed)
    return see_other(request, "/servers", status=gettext("Server changed"))


def _get(request: Request, subject: Subject, server_id: UUID) -> DicomwebServer:
    platform = platform_of(request)
    with platform.database.read(platform.tenant) as tx:
        return servers.get_server(tx, subject, server_id)


def _form(request: Request, server: DicomwebServer | None, form: ServerForm, errors: Mapping[str, str]) -> Response:
    status = HTTPStatus.BAD_REQUEST if errors else HTTPStatus.OK
    return page(request, "routing/server.html", status_code=status, server=server, form=form, errors=errors)


def _require_fresh_proof(subject: Subject) -> None:
    """Ask for the password before the form rather than after it, when what was typed would be lost."""
    if not has_fresh_proof(subject, subject.seen_at):
        raise Forbidden("Confirm your password first.", reason="needs_step_up")
