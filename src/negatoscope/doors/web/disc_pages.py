"""Discs: studies to take away with their directory, with or without identity; asked for, followed and fetched."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response, StreamingResponse

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise, decide
from negatoscope.access.model import Role, Subject
from negatoscope.access.policy import has_fresh_proof
from negatoscope.archive.discs import discs, store
from negatoscope.archive.discs.model import KEPT, MOST_STUDIES, DiscRequest, Remark
from negatoscope.archive.studies import get_study, list_studies, list_studies_of_patient
from negatoscope.doors.web.access_sentences import explain
from negatoscope.doors.web.dependencies import platform_of, requires
from negatoscope.doors.web.language import N_, current_language, gettext
from negatoscope.doors.web.templates import page, see_other
from negatoscope.formats.dicom.deidentification.deidentify import Concern
from negatoscope.formats.dicom.deidentification.profile import Option
from negatoscope.platform.errors import Forbidden, InvalidInput

router = APIRouter(include_in_schema=False)

PAGE: Final = 50
Taker = Annotated[Subject, Depends(requires(Action.DOWNLOAD_DICOM))]
Uid = Annotated[str, Query(pattern=r"^[0-9.]{1,64}$")]

OPTIONS: Final[Mapping[Option, str]] = {
    Option.CLEAN_DESCRIPTORS: N_("Descriptions: keep the words that name anatomy, views and methods"),
    Option.CLEAN_STRUCTURED_CONTENT: N_("Structured reports: keep codes, numbers and references"),
    Option.CLEAN_GRAPHICS: N_("Annotations: keep drawn shapes, without texts"),
    Option.RETAIN_MODIFIED_DATES: N_("Dates: keep their distances, all moved back by as much"),
    Option.RETAIN_FULL_DATES: N_("Dates: keep them as they are"),
    Option.RETAIN_PATIENT_CHARACTERISTICS: N_("Keep sex, age, size and weight"),
    Option.RETAIN_DEVICE_IDENTITY: N_("Keep the identity of the device"),
    Option.RETAIN_INSTITUTION_IDENTITY: N_("Keep the identity of the institution"),
    Option.RETAIN_UIDS: N_("Keep the unique identifiers"),
    Option.RETAIN_SAFE_PRIVATE: N_("Keep private numbers that the standard knows to be safe"),
}
REMARKS: Final[Mapping[str, str]] = {
    Remark.LEFT_OUT.value: N_("Left out: an object of this kind cannot lose its identity"),
    Remark.DAMAGED.value: N_("Left out: the stored object cannot be read"),
    Remark.NOT_IN_DIRECTORY.value: N_("On the disc, but not in its directory"),
    Concern.SAID_TO_BE_BURNED_IN.value: N_("The image says that it has text in its pixels"),
    Concern.NOT_SAID.value: N_("The image does not say whether it has text in its pixels"),
    Concern.LOOKS_LIKE_TEXT.value: N_("Something at the border of the image looks like text"),
    Concern.RECOGNISABLE.value: N_("The image says that a face may be recognised"),
    Concern.NOT_LOOKED_AT.value: N_("The image could not be decoded, nor looked at"),
}
IDENTITIES: Final[Mapping[str, str]] = {
    "keep": N_("Kept: for the patient, or for a colleague"),
    "remove": N_("Taken out: for research, teaching, a question to a maker"),
}
IDENTITY_REFUSED: Final = frozenset({"needs_pseudonym"})
FAULTS: Final[Mapping[str, str]] = {
    "studies_missing": N_("Choose between one and a hundred studies."),
    "contradictory_options": N_("Dates are kept as they are or shifted, not both."),
    "project_missing": N_("Give the project a name of at most 64 characters."),
}
NEEDS_REASON: Final = frozenset({Role.RADIOGRAPHER})


class DiscForm(BaseModel):
    """The fields of a new disc."""

    model_config = ConfigDict(extra="forbid")

    study: list[Annotated[str, Field(pattern=r"^[0-9.]{1,64}$")]] = Field(default=[], max_length=MOST_STUDIES)
    identity: Annotated[str, Field(pattern="^(keep|remove)$")] = "keep"
    project: str = Field(default="", max_length=256)
    options: list[Option] = []
    reason: str = Field(default="", max_length=1000)

    @property
    def request(self) -> DiscRequest:
        """Return what is asked for."""
        removes = self.identity == "remove"
        return DiscRequest(
            study_uids=tuple(self.study),
            project=self.project if removes else None,
            options=frozenset(self.options) if removes else frozenset(),
            language=current_language(),
            reason=self.reason.strip() or None,
        )


@router.get("/discs")
def show_discs(request: Request, subject: Taker, after: Annotated[str, Query(max_length=128)] = "") -> Response:
    """List the discs that the subject asked for."""
    platform = platform_of(request)
    found = []
    if subject.user_id is not None:
        with platform.database.read(platform.tenant) as tx:
            found = store.list_discs(tx, subject.user_id, after=_key(after), limit=PAGE + 1)
    shown, rest = found[:PAGE], found[PAGE:]
    last = shown[-1] if rest else None
    following = urlencode({"after": f"{last.requested_at.isoformat()} {last.disc_id}"}) if last is not None else None
    return page(request, "discs/list.html", discs=shown, next_href=f"/discs?{following}" if following else None)


@router.get("/discs/new")
def show_new_disc(request: Request, subject: Taker, study: Uid) -> Response:
    """Ask which studies of the patient, and whether with their identity."""
    return _form(request, subject, DiscForm(study=[study]), study)


@router.post("/discs")
def make_disc(
    request: Request, subject: Taker, form: Annotated[DiscForm, Form()], of: Annotated[str, Query(pattern=r"^[0-9.]{1,64}$")]
) -> Response:
    """Enqueue the disc and go to its page. The password is asked for on the form's own page, where it can be sent again."""
    if not has_fresh_proof(subject, platform_of(request).clock.now()):
        return see_other(request, f"/confirm?{urlencode({'next': f'/discs/new?study={of}'})}")
    try:
        disc = discs.request_disc(platform_of(request), subject, form.request)
    except InvalidInput as error:
        fault = gettext(FAULTS[error.reason]) if error.reason in FAULTS else explain(error)
        return _form(request, subject, form, of, {error.field or "study": fault})
    except Forbidden as error:
        if error.reason != "needs_reason":
            raise
        return _form(request, subject, form, of, {"reason": explain(error)})
    return see_other(request, f"/discs/{disc.disc_id}")


@router.get("/discs/{disc_id}")
def show_disc(request: Request, subject: Taker, disc_id: UUID) -> Response:
    """Show how far a disc is, and what must be looked at before it is handed over."""
    platform = platform_of(request)
    with platform.database.read(platform.tenant) as tx:
        disc = discs.get_own_disc(tx, subject, disc_id)
        studies = list_studies(tx, disc.request.study_uids)
    words = [(name, gettext(REMARKS[word]) if word in REMARKS else word) for name, word in disc.remarks]
    options = [gettext(OPTIONS[option]) for option in OPTIONS if option in disc.request.options]
    until = disc.ended_at + KEPT if disc.ended_at is not None else None
    return page(request, "discs/disc.html", disc=disc, studies=studies, remarks=words, options=options, until=until)


@router.post("/discs/{disc_id}/cancel")
def cancel_disc(request: Request, subject: Taker, disc_id: UUID) -> Response:
    """Stop a disc that is not ready."""
    discs.cancel_disc(platform_of(request), subject, disc_id)
    return see_other(request, f"/discs/{disc_id}", status=gettext("Disc cancelled"))


@router.get("/discs/{disc_id}/file")
def fetch_disc(request: Request, subject: Taker, disc_id: UUID) -> Response:
    """Give out the ZIP."""
    disc, pieces = discs.open_disc(platform_of(request), subject, disc_id)
    headers = {"Content-Disposition": 'attachment; filename="disc.zip"', "Content-Length": str(disc.size)}
    return StreamingResponse(pieces, media_type="application/zip", headers=headers)


def _form(request: Request, subject: Subject, form: DiscForm, of: str, errors: Mapping[str, str] | None = None) -> Response:
    platform = platform_of(request)
    with platform.database.read(platform.tenant) as tx:
        study = get_study(tx, of)
        reason = form.reason or "-" * 10  # the form itself may be seen: the reason is asked for when it is sent
        authorise(
            tx, subject, Action.DOWNLOAD_DICOM, patient_id=study.patient_id, study_uid=of, without_identity=True, reason=reason
        )
        # Whoever may only take images without identity is shown none here either.
        may_keep = (
            decide(tx, subject, Action.DOWNLOAD_DICOM, patient_id=study.patient_id, study_uid=of, reason=reason).reason
            not in IDENTITY_REFUSED
        )
        studies = list_studies_of_patient(tx, study.patient_id)[:MOST_STUDIES]
        projects = store.list_projects(tx)
    return page(
        request,
        "discs/new.html",
        status_code=HTTPStatus.BAD_REQUEST if errors else HTTPStatus.OK,
        study=study,
        studies=studies,
        form=form,
        projects=projects,
        may_keep=may_keep,
        identities=[(value, gettext(word)) for value, word in IDENTITIES.items() if may_keep or value == "remove"],
        options=[(option.value, gettext(word)) for option, word in OPTIONS.items()],
        needs_reason=bool(subject.roles & NEEDS_REASON),
        errors=errors or {},
    )


def _key(text: str) -> tuple[datetime, UUID] | None:
    at, _, identifier = text.partition(" ")
    try:
        return datetime.fromisoformat(at), UUID(identifier)
    except ValueError:
        return None
