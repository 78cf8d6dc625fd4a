"""Share links: who made which, a new one, and the page where the person who received one opens it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response, StreamingResponse

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Subject
from negatoscope.access.policy import may_ever
from negatoscope.archive.model import Study
from negatoscope.archive.studies import get_study, list_studies
from negatoscope.doors.web.access_sentences import explain
from negatoscope.doors.web.dependencies import address_of, platform_of, requires
from negatoscope.doors.web.language import N_, current_language, gettext
from negatoscope.doors.web.session_cookie import set_session
from negatoscope.doors.web.templates import page, see_other
from negatoscope.platform.errors import InvalidInput, Refused, Unauthenticated
from negatoscope.sharing.files import open_study_files
from negatoscope.sharing.links import SharePage, create_share, list_own_shares, list_visible_shares, revoke_share
from negatoscope.sharing.model import (
    DEFAULT_LIFE_DAYS,
    DEFAULT_OPENS,
    LONGEST_LIFE_DAYS,
    MOST_OPENS,
    RecipientKind,
    ShareRequest,
    ShareScope,
)
from negatoscope.sharing.opening import open_share

router = APIRouter(include_in_schema=False)

LONGEST: Final = 256
PAGE: Final = 50

RECIPIENTS: Final[Mapping[RecipientKind, str]] = {
    RecipientKind.PROFESSIONAL: N_("A health professional"),
    RecipientKind.PATIENT: N_("The patient"),
    RecipientKind.RELATIVE: N_("A person whom the patient named"),
}
SCOPES: Final[Mapping[ShareScope, str]] = {
    ShareScope.VIEW: N_("Report and images, on the screen"),
    ShareScope.REPORT: N_("The report only"),
    ShareScope.DOWNLOAD: N_("Report and images, with a copy of the files"),
}


class ShareForm(BaseModel):
    """The fields of a new link."""

    model_config = ConfigDict(extra="forbid")

    study: str = Field(pattern=r"^[0-9.]{1,64}$")
    recipient_name: str = Field(default="", max_length=LONGEST)
    recipient_kind: RecipientKind = RecipientKind.PROFESSIONAL
    scope: ShareScope = ShareScope.VIEW
    life_days: int = DEFAULT_LIFE_DAYS
    most_opens: int = DEFAULT_OPENS


Uid = Annotated[str, Query(pattern=r"^[0-9.]{1,64}$")]


@router.get("/shares")
def show_shares(
    request: Request,
    subject: Annotated[Subject, Depends(requires(Action.CREATE_SHARE))],
    of: str = "mine",
    after: Annotated[str, Query(max_length=LONGEST)] = "",
) -> Response:
    """List the links that the subject made, or those of every patient the subject may find."""
    platform = platform_of(request)
    now = platform.clock.now()
    everybody = of == "all" and not subject.is_restricted and may_ever(subject, Action.SEARCH_PATIENTS)
    with platform.database.read(platform.tenant) as tx:
        read = list_visible_shares if everybody else list_own_shares
        found: SharePage = read(tx, subject, now, after=_key(after), limit=PAGE)
        studies = {str(study.study_uid): study for study in list_studies(tx, [share.study_uid for share in found.shares])}
    query = {"of": "all" if everybody else "mine"}
    return page(
        request,
        "sharing/list.html",
        shares=found.shares,
        studies=studies,
        everybody=everybody,
        may_see_all=not subject.is_restricted and may_ever(subject, Action.SEARCH_PATIENTS),
        scopes={scope: gettext(word) for scope, word in SCOPES.items()},
        next_href=f"/shares?{urlencode(query | {'after': _written(found.next_after)})}" if found.next_after else None,
    )


@router.get("/shares/new")
def show_new_share(
    request: Request, study: Uid, subject: Annotated[Subject, Depends(requires(Action.CREATE_SHARE))]
) -> Response:
    """Ask for whom, for how long and for what."""
    return _form(request, subject, study)


@router.post("/shares")
def make_share(
    request: Request,
    subject: Annotated[Subject, Depends(requires(Action.CREATE_SHARE))],
    form: Annotated[ShareForm, Form()],
) -> Response:
    """Make the link and show it with its code, this once."""
    platform = platform_of(request)
    try:
        made = create_share(
            platform,
            subject,
            ShareRequest(
                study_uid=form.study,
                recipient_name=form.recipient_name,
                recipient_kind=form.recipient_kind,
                scope=form.scope,
                life_days=form.life_days,
                most_opens=form.most_opens,
            ),
        )
    except (InvalidInput, Refused) as error:
        errors = {error.field or "recipient_kind": explain(error)}
        return _form(request, subject, form.study, values=form.model_dump(), errors=errors)
    public_url = platform.settings.public_url or f"{request.url.scheme}://{request.url.netloc}"
    return page(request, "sharing/created.html", share=made.share, link=made.link(public_url), code=made.code)


@router.post("/shares/{share_id}/revoke")
def withdraw_share(
    request: Request, subject: Annotated[Subject, Depends(requires(Action.REVOKE_SHARE))], share_id: UUID
) -> Response:
    """Withdraw a link."""
    revoke_share(platform_of(request), subject, share_id)
    return see_other(request, "/shares", status=gettext("Link withdrawn: it opens nothing any more"))


@router.get("/studies/{study_uid}/files")
def download_study(
    request: Request,
    study_uid: Annotated[str, Path(pattern=r"^[0-9.]{1,64}$")],
    subject: Annotated[Subject, Depends(requires(Action.DOWNLOAD_DICOM))],
) -> Response:
    """Give out the files of a study as one ZIP."""
    pieces = open_study_files(platform_of(request), subject, study_uid, language=current_language())
    headers = {"Content-Disposition": 'attachment; filename="study.zip"'}
    return StreamingResponse(pieces, media_type="application/zip", headers=headers)


@router.get("/s")
def show_landing(request: Request) -> Response:
    """Show the door of a shared study. The same page for every link: it tells nothing and counts nothing."""
    return page(request, "sharing/landing.html", fault=None, token="")


@router.post("/s")
def open_landing(
    request: Request,
    token: Annotated[str, Form(max_length=LONGEST)] = "",
    code: Annotated[str, Form(max_length=32)] = "",
) -> Response:
    """Check link and code and go to the study."""
    try:
        opened = open_share(platform_of(request), token=_bare(token), code=code, address=address_of(request))
    except Unauthenticated as error:
        status = HTTPStatus.TOO_MANY_REQUESTS if error.reason == "too_many_attempts" else HTTPStatus.FORBIDDEN
        return page(request, "sharing/landing.html", status_code=status, fault=explain(error), token=_bare(token))
    response = RedirectResponse(f"/studies/{opened.share.study_uid}", status_code=303)
    set_session(request, response, opened.session_token)
    return response


def _form(
    request: Request,
    subject: Subject,
    study_uid: str,
    *,
    values: Mapping[str, object] | None = None,
    errors: Mapping[str, str] | None = None,
) -> Response:
    platform = platform_of(request)
    with platform.database.read(platform.tenant) as tx:
        study: Study = get_study(tx, study_uid)
        authorise(tx, subject, Action.CREATE_SHARE, patient_id=study.patient_id, study_uid=study_uid)
    return page(
        request,
        "sharing/new.html",
        status_code=HTTPStatus.BAD_REQUEST if errors else HTTPStatus.OK,
        study=study,
        values=values or {},
        errors=errors or {},
        recipients=[(kind.value, gettext(word)) for kind, word in RECIPIENTS.items()],
        scopes=[(scope.value, gettext(word)) for scope, word in SCOPES.items()],
        default_days=DEFAULT_LIFE_DAYS,
        longest_days=LONGEST_LIFE_DAYS,
        default_opens=DEFAULT_OPENS,
        most_opens=MOST_OPENS,
    )


def _bare(token: str) -> str:
    """Return the secret of a link that was pasted whole."""
    return token.strip().rpartition("#")[2]


def _written(key: tuple[datetime, UUID] | None) -> str:
    return f"{key[0].isoformat()} {key[1]}" if key is not None else ""


def _key(text: str) -> tuple[datetime, UUID] | None:
    at, _, identifier = text.partition(" ")
    try:
        return datetime.fromisoformat(at), UUID(identifier)
    except ValueError:
        return None
