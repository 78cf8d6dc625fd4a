"""The audit trail for the data protection officer: search, the state of its chain, and its check."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from http import HTTPStatus
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from negatoscope.access.actions import Action
from negatoscope.access.break_glass import list_to_review, review
from negatoscope.access.matrix import MATRIX, Grant
from negatoscope.access.model import Subject
from negatoscope.access.oversight import search_trail, verify_trail
from negatoscope.access.policy import may_ever
from negatoscope.audit.model import ChainStatus, FaultKind
from negatoscope.audit.reading import EntryFilter, EntryPage, EntryPosition
from negatoscope.doors.web.access_sentences import explain
from negatoscope.doors.web.audit_words import ACT_WORDS, OUTCOME_WORDS, act_word
from negatoscope.doors.web.dependencies import platform_of, requires
from negatoscope.doors.web.language import N_, gettext
from negatoscope.doors.web.templates import page, see_other
from negatoscope.patients.model import Patient, PatientId
from negatoscope.patients.store import bears_identifier, get_patients, list_patients
from negatoscope.platform.errors import Forbidden
from negatoscope.platform.runtime import Platform

router = APIRouter(include_in_schema=False)

PAGE: Final = 50
FAULT_WORDS: Final = {
    FaultKind.EDITED: N_("An entry was changed"),
    FaultKind.REMOVED: N_("An entry was removed"),
    FaultKind.INSERTED: N_("An entry was put in afterwards"),
    FaultKind.REORDERED: N_("An entry changed its place"),
    FaultKind.LINK_REMOVED: N_("A link of the chain was removed"),
    FaultKind.LINK_ALTERED: N_("A link of the chain was changed"),
    FaultKind.HEAD_ALTERED: N_("The end of the chain was changed"),
}

Reader = Annotated[Subject, Depends(requires(Action.SEARCH_AUDIT))]


class Search(BaseModel):
    """The fields of a search, as they stand in the address."""

    model_config = ConfigDict(extra="forbid")

    patient: str = Field(default="", max_length=64)
    study: str = Field(default="", max_length=64)
    who: str = Field(default="", max_length=128)
    act: str = Field(default="", max_length=64)
    outcome: str = Field(default="", max_length=16)
    since: str = Field(default="", max_length=10)
    until: str = Field(default="", max_length=10)
    after: str = Field(default="", max_length=96)
    reason: str = Field(default="", max_length=256)


@router.get("/audit")
def show_trail(request: Request, subject: Reader, search: Annotated[Search, Query()]) -> Response:
    """Search the trail; whoever holds no open right states a reason first."""
    platform = platform_of(request)
    found: EntryPage | None = None
    status: ChainStatus | None = None
    fault = None
    patients: Mapping[PatientId, Patient] = {}
    try:
        patient_id, known = _patient_of(platform, search.patient)
        if known:
            found, status = search_trail(
                platform,
                subject,
                _filter(search, patient_id, platform.settings.time_zone),
                after=_position(search.after),
                limit=PAGE,
                reason=search.reason or None,
            )
            patients = _patients(platform, found)
        else:
            fault = gettext("No patient record bears this identifier.")
    except Forbidden as error:
        if error.reason != "needs_reason":
            raise
        fault = explain(error) if search.reason else None
    return page(
        request,
        "audit/trail.html",
        search=search,
        found=found,
        status=status,
        patients=patients,
        fault=fault,
        states_reason=_states_reason(subject),
        may_review=may_ever(subject, Action.REVIEW_BREAK_GLASS),
        act_word=act_word,
        acts=sorted(((act, gettext(word)) for act, word in ACT_WORDS.items()), key=lambda pair: pair[1].casefold()),
        outcomes=[(outcome, gettext(word)) for outcome, word in OUTCOME_WORDS.items()],
        next_href=_next(search, found),
    )


@router.post("/audit/check")
def check_chain(request: Request, subject: Reader, reason: Annotated[str, Form(max_length=256)] = "") -> Response:
    """Recompute the whole chain and show what is wrong with it."""
    result = verify_trail(platform_of(request), subject, reason=reason or None)
    return page(
        request,
        "audit/checked.html",
        status_code=HTTPStatus.OK,
        status=result.status,
        faults=result.faults,
        words={kind: gettext(word) for kind, word in FAULT_WORDS.items()},
    )


@router.get("/audit/emergencies")
def show_emergencies(request: Request, subject: Annotated[Subject, Depends(requires(Action.REVIEW_BREAK_GLASS))]) -> Response:
    """List emergency accesses that nobody reviewed yet."""
    platform = platform_of(request)
    waiting = list_to_review(platform, subject)
    with platform.database.read(platform.tenant) as tx:
        patients = get_patients(tx, {one.patient_id for one in waiting})
    return page(request, "audit/emergencies.html", waiting=waiting, patients=patients, now=platform.clock.now())


@router.post("/audit/emergencies/{broken_glass_id}/review")
def review_emergency(
    request: Request,
    subject: Annotated[Subject, Depends(requires(Action.REVIEW_BREAK_GLASS))],
    broken_glass_id: UUID,
) -> Response:
    """Note that an emergency access was looked at."""
    review(platform_of(request), subject, broken_glass_id)
    return see_other(request, "/audit/emergencies", status=gettext("Emergency access reviewed"))


def _filter(search: Search, patient_id: UUID | None, zone: str) -> EntryFilter:
    until = _day(search.until, zone)
    return EntryFilter(
        patient_id=patient_id,
        study_uid=search.study.strip() or None,
        actor_name=search.who.strip() or None,
        action=search.act or None,
        outcome=search.outcome or None,
        since=_day(search.since, zone),
        until=until + timedelta(days=1) if until is not None else None,
    )


def _day(text: str, zone: str) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(text), time(), ZoneInfo(zone)).astimezone(UTC)
    except ValueError:
        return None


def _patient_of(platform: Platform, number: str) -> tuple[UUID | None, bool]:
    """Return the patient of a number, and whether there is one where one was asked for."""
    if not number.strip():
        return None, True
    with platform.database.read(platform.tenant) as tx:
        found = list_patients(tx, [bears_identifier(number.strip())], after=None, limit=2)
    return (found[0].patient_id, True) if len(found) == 1 else (None, False)


def _patients(platform: Platform, found: EntryPage) -> Mapping[PatientId, Patient]:
    identifiers = {sealed.entry.patient_id for sealed in found.entries if sealed.entry.patient_id is not None}
    with platform.database.read(platform.tenant) as tx:
        return get_patients(tx, identifiers)


def _next(search: Search, found: EntryPage | None) -> str | None:
    if found is None or found.next is None:
        return None
    values = {name: value for name, value in search.model_dump().items() if value}
    return f"/audit?{urlencode(values | {'after': f'{found.next.at.isoformat()} {found.next.entry_id}'})}"


def _position(text: str) -> EntryPosition | None:
    at, _, identifier = text.partition(" ")
    try:
        return EntryPosition(at=datetime.fromisoformat(at), entry_id=UUID(identifier))
    except ValueError:
        return None


def _states_reason(subject: Subject) -> bool:
    return not any(MATRIX[Action.SEARCH_AUDIT][role] is Grant.ALLOWED for role in subject.roles)
