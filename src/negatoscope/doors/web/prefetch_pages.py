"""Earlier examinations from other archives on the screen: the sources, what they answered, what was fetched."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID, uuid4

from fastapi import APIRouter, Depends, Form, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection
from starlette.responses import Response

from negatoscope.access import devices
from negatoscope.access.actions import Action
from negatoscope.access.model import Subject
from negatoscope.access.policy import has_fresh_proof
from negatoscope.archive.prefetch import fetching, sources
from negatoscope.archive.prefetch.model import PriorSource, SourceKind
from negatoscope.archive.routing import servers
from negatoscope.doors.web import routing_words
from negatoscope.doors.web.dependencies import platform_of, requires
from negatoscope.doors.web.language import gettext
from negatoscope.doors.web.templates import page, see_other
from negatoscope.platform.errors import Conflict, Forbidden, InvalidInput

router = APIRouter(include_in_schema=False)

LATEST: Final = 50
DAYS_A_YEAR: Final = 365.25
USUAL: Final = PriorSource(source_id=UUID(int=0), name="", kind=SourceKind.DEVICE, peer_id=UUID(int=0), patient_issuer="")

Manager = Annotated[Subject, Depends(requires(Action.MANAGE_DEVICES))]


class SourceForm(BaseModel):
    """The fields of a source. Modalities are parted by spaces, commas or semicolons."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(default="", max_length=256)
    peer: str = Field(default="", max_length=64)
    patient_issuer: str = Field(default="", max_length=256)
    modalities: str = Field(default="", max_length=256)
    same_region: bool = False
    most_age: str = Field(default="", max_length=8)
    most_studies: str = Field(default="", max_length=8)
    most_objects: str = Field(default="", max_length=8)
    is_enabled: bool = False
    version: int = 0

    @classmethod
    def of(cls, source: PriorSource) -> SourceForm:
        """Return the form filled with a source."""
        return cls(
            name=source.name,
            peer=f"{source.kind.value}:{source.peer_id}" if source.peer_id.int else "",
            patient_issuer=source.patient_issuer,
            modalities=" ".join(source.modalities),
            same_region=source.same_region,
            most_age=str(round(source.most_age_days / DAYS_A_YEAR)),
            most_studies=str(source.most_studies),
            most_objects=str(source.most_objects),
            is_enabled=source.is_enabled,
            version=source.version,
        )

    def fill(self, source: PriorSource) -> PriorSource:
        """Return the source with what the form says, or raise InvalidInput for what cannot be read."""
        kind, _, identifier = self.peer.partition(":")
        try:
            peer_kind, peer_id = SourceKind(kind), UUID(identifier)
        except ValueError as error:
            raise InvalidInput("Choose the archive to ask.", reason="peer_missing", field="peer") from error
        return replace(
            source,
            name=self.name,
            kind=peer_kind,
            peer_id=peer_id,
            patient_issuer=self.patient_issuer,
            modalities=tuple(part for part in re.split(r"[\s,;]+", self.modalities) if part),
            same_region=self.same_region,
            most_age_days=round(_number(self.most_age) * DAYS_A_YEAR),
            most_studies=_number(self.most_studies),
            most_objects=_number(self.most_objects),
            is_enabled=self.is_enabled,
            version=self.version,
        )


@router.get("/prefetch")
def show_sources(request: Request, subject: Manager) -> Response:
    """List the sources, their latest answers and what was fetched."""
    platform = platform_of(request)
    with platform.database.read(platform.tenant) as tx:
        found = sources.list_sources(tx, subject)
        searches, fetches = fetching.list_latest(tx, subject, limit=LATEST)
        names = _peers(tx, subject)
    return page(
        request,
        "prefetch/sources.html",
        sources=found,
        searches=searches,
        fetches=fetches,
        names=names,
        source_names={source.source_id: source.name for source in found},
        words=routing_words,
        years=DAYS_A_YEAR,
    )


@router.get("/prefetch/new")
def show_new_source(request: Request, subject: Manager) -> Response:
    """Ask for what a new source needs."""
    _require_fresh_proof(subject)
    return _form(request, subject, None, SourceForm.of(USUAL), {})


@router.post("/prefetch")
def add_source(request: Request, subject: Manager, form: Annotated[SourceForm, Form()]) -> Response:
    """Add a source."""
    try:
        sources.add_source(platform_of(request), subject, form.fill(replace(USUAL, source_id=uuid4())))
    except (InvalidInput, Conflict) as error:
        return _form(request, subject, None, form, {error.field or "name": gettext(str(error))})
    return see_other(request, "/prefetch", status=gettext("Source added"))


@router.get("/prefetch/{source_id}")
def show_source(request: Request, subject: Manager, source_id: UUID) -> Response:
    """Show one source and let it be changed."""
    _require_fresh_proof(subject)
    source = _get(request, subject, source_id)
    return _form(request, subject, source, SourceForm.of(source), {})


@router.post("/prefetch/{source_id}")
def change_source(request: Request, subject: Manager, source_id: UUID, form: Annotated[SourceForm, Form()]) -> Response:
    """Keep what was changed."""
    source = _get(request, subject, source_id)
    try:
        sources.change_source(platform_of(request), subject, form.fill(source))
    except (InvalidInput, Conflict) as error:
        return _form(request, subject, source, form, {error.field or "name": gettext(str(error))})
    return see_other(request, "/prefetch", status=gettext("Source changed"))


@router.post("/prefetch/studies/{study_uid}/retry")
def retry(
    request: Request,
    subject: Annotated[Subject, Depends(requires(Action.REPLAY_MESSAGES))],
    study_uid: str,
    version: Annotated[int, Form()],
) -> Response:
    """Try a study again that could not be fetched."""
    fetching.retry_fetch(platform_of(request), subject, study_uid, version=version)
    return see_other(request, "/prefetch", status=gettext("It is tried again"))


def _number(text: str) -> int:
    """Return a whole number; 0, which is refused, for anything else."""
    return int(text) if text.isascii() and text.isdigit() else 0


def _get(request: Request, subject: Subject, source_id: UUID) -> PriorSource:
    platform = platform_of(request)
    with platform.database.read(platform.tenant) as tx:
        return sources.get_source(tx, subject, source_id)


def _peers(tx: Connection, subject: Subject) -> dict[str, str]:
    """Return the archives that can be asked, by the key that the form gives them."""
    listening = {
        f"device:{one.device_id}": f"{one.ae_title} – {one.description}"
        for one in devices.list_devices(tx, subject)
        if one.host is not None
    }
    return listening | {f"server:{one.server_id}": one.name for one in servers.list_servers(tx, subject)}


def _form(
    request: Request, subject: Subject, source: PriorSource | None, form: SourceForm, errors: Mapping[str, str]
) -> Response:
    platform = platform_of(request)
    with platform.database.read(platform.tenant) as tx:
        names = _peers(tx, subject)
    status = HTTPStatus.BAD_REQUEST if errors else HTTPStatus.OK
    return page(
        request, "prefetch/source.html", status_code=status, source=source, form=form, names=names, errors=errors,
        ae_title=platform.settings.ae_title,
    )  # fmt: skip


def _require_fresh_proof(subject: Subject) -> None:
    """Ask for the password before the form rather than after it, when what was typed would be lost."""
    if not has_fresh_proof(subject, subject.seen_at):
        raise Forbidden("Confirm your password first.", reason="needs_step_up")
