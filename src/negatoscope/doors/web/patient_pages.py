"""What patients see of their own record, and the results of referring physicians."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import RedirectResponse, Response

from negatoscope.access.actions import Action
from negatoscope.access.model import Subject, SubjectKind
from negatoscope.access.oppositions import list_oppositions, record_opposition, withdraw_opposition
from negatoscope.access.policy import may_ever
from negatoscope.doors.web.dependencies import platform_of, requires, signed_in
from negatoscope.doors.web.language import N_, gettext
from negatoscope.doors.web.templates import page, see_other
from negatoscope.platform.errors import NotFound
from negatoscope.sharing.links import list_shares_of_patient
from negatoscope.sharing.patient_space import Deed, patient_space
from negatoscope.sharing.results import list_results
from negatoscope.sharing.store import StudyKey

router = APIRouter(include_in_schema=False)

PAGE: Final = 50

DEED_WORDS: Final[Mapping[Deed, str]] = {
    Deed.LOOKED_AT_IMAGES: N_("looked at the images"),
    Deed.READ_REPORT: N_("read the report"),
    Deed.WROTE_REPORT: N_("wrote the report"),
    Deed.TOOK_COPY: N_("took a copy of the images"),
    Deed.SHARED: N_("made a link to share the examination"),
    Deed.OPENED_LINK: N_("opened a link that was shared"),
    Deed.OPENED_IN_EMERGENCY: N_("opened your record in an emergency"),
    Deed.CHANGED_RECORD: N_("corrected your personal details"),
    Deed.ORDERED: N_("asked for the examination"),
}


@router.get("/my-exams")
def show_space(request: Request, subject: Annotated[Subject, Depends(signed_in)]) -> Response:
    """Show patients their exams, reports, links and who looked; holders of a link go to the study they were given."""
    if subject.kind is SubjectKind.SHARE:
        return RedirectResponse(f"/studies/{min(subject.study_uids)}", status_code=303)
    if subject.patient_id is None:
        raise NotFound("Nothing is here.")
    platform = platform_of(request)
    with platform.database.read(platform.tenant) as tx:
        space = patient_space(tx, subject)
        shares = list_shares_of_patient(tx, subject.patient_id, platform.clock.now())
        oppositions = [one for one in list_oppositions(tx, subject, subject.patient_id) if one.user_id is None]
    return page(
        request,
        "patient_space/space.html",
        space=space,
        studies={str(exam.study.study_uid): exam.study for exam in space.exams},
        shares=shares,
        opposition=oppositions[0] if oppositions else None,
        deeds={deed: gettext(word) for deed, word in DEED_WORDS.items()},
    )


@router.post("/my-exams/opposition")
def object_to_sharing(request: Request, subject: Annotated[Subject, Depends(requires(Action.RECORD_OPPOSITION))]) -> Response:
    """Object to every share with third parties."""
    if subject.patient_id is None:
        raise NotFound("Nothing is here.")
    record_opposition(platform_of(request), subject, patient_id=subject.patient_id)
    return see_other(request, "/my-exams", status=gettext("Your choice is recorded: links to other people are closed"))


@router.post("/my-exams/opposition/{opposition_id}/withdraw")
def allow_sharing(
    request: Request, subject: Annotated[Subject, Depends(requires(Action.RECORD_OPPOSITION))], opposition_id: UUID
) -> Response:
    """Object no longer."""
    if subject.patient_id is None:
        raise NotFound("Nothing is here.")
    withdraw_opposition(platform_of(request), subject, patient_id=subject.patient_id, opposition_id=opposition_id)
    return see_other(request, "/my-exams", status=gettext("Your choice is recorded: sharing is possible again"))


@router.get("/results")
def show_results(
    request: Request,
    subject: Annotated[Subject, Depends(requires(Action.READ_FINAL_REPORT))],
    after: Annotated[str, Query(max_length=128)] = "",
) -> Response:
    """List the studies of the patients in the own care, the last received first."""
    if subject.kind is not SubjectKind.USER:
        raise NotFound("Nothing is here.")
    platform = platform_of(request)
    with platform.database.read(platform.tenant) as tx:
        found = list_results(tx, subject, after=_key(after), limit=PAGE)
    key = found.next_after
    written = urlencode({"after": f"{key.received_at.isoformat()} {key.study_uid}"}) if key is not None else None
    return page(
        request,
        "patient_space/results.html",
        results=found.results,
        may_break_glass=may_ever(subject, Action.BREAK_GLASS),
        next_href=f"/results?{written}" if written is not None else None,
    )


def _key(text: str) -> StudyKey | None:
    at, _, study_uid = text.partition(" ")
    try:
        return StudyKey(datetime.fromisoformat(at), study_uid)
    except ValueError:
        return None
