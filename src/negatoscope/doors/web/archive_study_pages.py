"""Correct a study on the screen: reject images, move them, and what was rejected and moved so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request
from sqlalchemy import Connection
from starlette.responses import Response

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Subject
from negatoscope.access.policy import has_fresh_proof, may_ever
from negatoscope.archive.corrections import moving
from negatoscope.archive.corrections import store as moves_store
from negatoscope.archive.corrections.model import MoveState
from negatoscope.archive.model import Instance, Study
from negatoscope.archive.rejections import store as rejections_store
from negatoscope.archive.rejections.model import ACTIONS, Rejection, RejectionTitle
from negatoscope.archive.rejections.rejecting import BY_HAND, reject_instances, revoke_note
from negatoscope.archive.report_visibility import visible_instances
from negatoscope.archive.studies import get_study, list_instances, list_studies_of_patient
from negatoscope.audit.trail import record
from negatoscope.doors.web import archive_words
from negatoscope.doors.web.archive_pages import MOST_SHOWN, Reason, Settler, Uid, tabs
from negatoscope.doors.web.dependencies import platform_of, requires
from negatoscope.doors.web.language import N_, gettext
from negatoscope.doors.web.templates import page, see_other
from negatoscope.patients.model import Patient
from negatoscope.patients.search import search_patients
from negatoscope.patients.store import get_patient
from negatoscope.platform.errors import Conflict, Forbidden, InvalidInput, NotFound
from negatoscope.platform.runtime import Platform
from negatoscope.reporting.reports import is_signed_for

router = APIRouter(include_in_schema=False)

PAGE: Final = 50
Mover = Annotated[Subject, Depends(requires(Action.MOVE_IMAGES))]
Images = Annotated[list[str], Form()]
MOVE_STEPS: Final = {
    "confirm": N_("Images moved"),
    "refuse": N_("Move refused"),
    "undo": N_("Images put back"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedImage:
    """One image of the study, and what rejects it."""

    instance: Instance
    rejection: Rejection | None


@router.get("/archive/studies/{study_uid}")
def show_study(request: Request, subject: Settler, study_uid: Uid) -> Response:
    """Show the images of a study, rejected ones too, to whoever corrects it."""
    return _study(request, subject, study_uid, {})


@router.post("/archive/studies/{study_uid}/reject")
def reject(
    request: Request,
    subject: Settler,
    study_uid: Uid,
    images: Images = [],  # noqa: B006 - the default of a form field, never changed
    title: Annotated[str, Form(max_length=16)] = "",
    explanation: Reason = "",
) -> Response:
    """Reject the chosen images."""
    try:
        if title not in set(BY_HAND):
            raise InvalidInput("Choose why the images are rejected.", field="title", reason="title_not_by_hand")
        reject_instances(platform_of(request), subject, study_uid, images, title=RejectionTitle(title), explanation=explanation)
    except (InvalidInput, Conflict, Forbidden) as error:
        return _study(request, subject, study_uid, {error.field or "explanation": archive_words.explain(error)})
    return see_other(request, f"/archive/studies/{study_uid}", status=gettext("Images rejected"))


@router.post("/archive/studies/{study_uid}/move")
def move(
    request: Request,
    subject: Mover,
    study_uid: Uid,
    images: Images = [],  # noqa: B006 - the default of a form field, never changed
    target: Annotated[str, Form(pattern="^(same|study|patient)$")] = "same",
    to_study_uid: Annotated[str, Form(max_length=64)] = "",
    patient_number: Annotated[str, Form(max_length=64)] = "",
    reason: Reason = "",
) -> Response:
    """Move the chosen images to another study or patient."""
    platform = platform_of(request)
    _require_fresh_proof(subject)
    try:
        patient_id = _patient(platform, subject, patient_number) if target == "patient" else None
        done = moving.propose_move(
            platform,
            subject,
            study_uid,
            images,
            to_study_uid=to_study_uid.strip() if target == "study" else None,
            to_patient_id=patient_id,
            reason=reason,
            is_signed=is_signed_for,
        )
    except (InvalidInput, Conflict, Forbidden, NotFound) as error:
        return _study(request, subject, study_uid, {error.field or "reason": archive_words.explain(error)})
    word = gettext("Images moved") if done.state is MoveState.APPLIED else gettext("Move proposed: another person confirms it")
    return see_other(request, "/archive/moves", status=word)


@router.get("/archive/rejections")
def show_rejections(
    request: Request,
    subject: Settler,
    after: Annotated[str, Query(max_length=120)] = "",
) -> Response:
    """List the rejection notes, newest first."""
    return _rejections(request, subject, after, {})


@router.post("/archive/rejections/{note_uid}/revoke")
def revoke(
    request: Request,
    subject: Annotated[Subject, Depends(requires(Action.REVOKE_REJECTION))],
    note_uid: Uid,
    reason: Reason = "",
) -> Response:
    """Show again what a note hides."""
    try:
        revoke_note(platform_of(request), subject, note_uid, reason=reason)
    except (InvalidInput, Conflict, Forbidden) as error:
        return _rejections(request, subject, "", {"reason": archive_words.explain(error)})
    return see_other(request, "/archive/rejections", status=gettext("Images are shown again"))


@router.get("/archive/moves")
def show_moves(request: Request, subject: Mover) -> Response:
    """List the moves: first those that wait for a second person."""
    return _moves(request, subject, {})


@router.post("/archive/moves/{move_id}")
def decide_move(
    request: Request,
    subject: Mover,
    move_id: UUID,
    decision: Annotated[str, Form(pattern="^(confirm|refuse|undo)$")],
    version: Annotated[int, Form()],
    reason: Reason = "",
) -> Response:
    """Confirm a move, refuse it, or take it back."""
    platform = platform_of(request)
    _require_fresh_proof(subject)
    try:
        if decision == "confirm":
            moving.confirm_move(platform, subject, move_id, version=version)
        elif decision == "refuse":
            moving.refuse_move(platform, subject, move_id, version=version, reason=reason)
        else:
            moving.undo_move(platform, subject, move_id, version=version, reason=reason, is_signed=is_signed_for)
    except (InvalidInput, Conflict, Forbidden) as error:
        return _moves(request, subject, {"reason": archive_words.explain(error)})
    return see_other(request, "/archive/moves", status=gettext(MOVE_STEPS[decision]))


def _study(request: Request, subject: Subject, study_uid: str, errors: Mapping[str, str]) -> Response:
    platform = platform_of(request)
    with platform.database.transaction(platform.tenant) as tx:
        study = get_study(tx, study_uid)
        authorise(tx, subject, Action.RECONCILE_STUDY, patient_id=study.patient_id, study_uid=study_uid)
        patient = get_patient(tx, study.patient_id)
        images = _images(tx, subject, study_uid)
        others = _others(tx, study)
        record(tx, subject.actor, "view_study", patient_id=study.patient_id, study_uid=study_uid)
    return page(
        request,
        "archive/study.html",
        status_code=HTTPStatus.BAD_REQUEST if errors else HTTPStatus.OK,
        study=study,
        patient=patient,
        images=images,
        others=others,
        titles=[(title.value, archive_words.title_word(title)) for title in BY_HAND if may_ever(subject, ACTIONS[title])],
        may_move=may_ever(subject, Action.MOVE_IMAGES),
        proof_is_fresh=has_fresh_proof(subject, subject.seen_at),
        errors=errors,
        words=archive_words,
    )


def _images(tx: Connection, subject: Subject, study_uid: str) -> list[CorrectedImage]:
    rejected = {one.sop_instance_uid: one for one in rejections_store.list_rejections(tx, study_uid) if one.revoked_at is None}
    seen = [one for one in list_instances(tx, study_uid, where=visible_instances(subject, named=True)) if one.frames]
    return [CorrectedImage(instance=one, rejection=rejected.get(one.sop_instance_uid)) for one in seen]


def _others(tx: Connection, study: Study) -> list[Study]:
    return [one for one in list_studies_of_patient(tx, study.patient_id) if one.study_uid != study.study_uid][:MOST_SHOWN]


def _rejections(request: Request, subject: Subject, after: str, errors: Mapping[str, str]) -> Response:
    platform = platform_of(request)
    with platform.database.read(platform.tenant) as tx:
        found = rejections_store.list_notes(tx, before=_place(after), limit=PAGE + 1)
    last = found[PAGE - 1] if len(found) > PAGE else None
    return page(
        request,
        "archive/rejections.html",
        status_code=HTTPStatus.BAD_REQUEST if errors else HTTPStatus.OK,
        notes=found[:PAGE],
        next_href=f"/archive/rejections?after={last.rejected_at.isoformat()}_{last.note_uid}".replace("+", "%2B")
        if last
        else None,
        may_revoke=may_ever(subject, Action.REVOKE_REJECTION),
        tabs=tabs(subject, "/archive/rejections"),
        errors=errors,
        words=archive_words,
    )


def _place(after: str) -> tuple[datetime, str] | None:
    moment, _, note_uid = after.partition("_")
    try:
        return (datetime.fromisoformat(moment), note_uid) if note_uid else None
    except ValueError:
        return None


def _moves(request: Request, subject: Subject, errors: Mapping[str, str]) -> Response:
    platform = platform_of(request)
    with platform.database.read(platform.tenant) as tx:
        found = moves_store.list_moves(tx, MOST_SHOWN)
    return page(
        request,
        "archive/moves.html",
        status_code=HTTPStatus.BAD_REQUEST if errors else HTTPStatus.OK,
        moves=found,
        tabs=tabs(subject, "/archive/moves"),
        own_id=subject.user_id,
        proof_is_fresh=has_fresh_proof(subject, subject.seen_at),
        errors=errors,
    )


def _patient(platform: Platform, subject: Subject, number: str) -> UUID:
    with platform.database.read(platform.tenant) as tx:
        found: list[Patient] = []
        if number.strip():
            found = [
                one
                for one in search_patients(tx, subject, number.strip(), limit=20).patients
                if one.local_identifier.value == number.strip()
            ]
    if len(found) != 1:
        raise InvalidInput("No patient record bears this number.", field="patient_number", reason="no_such_patient")
    return found[0].patient_id


def _require_fresh_proof(subject: Subject) -> None:
    if not has_fresh_proof(subject, subject.seen_at):
        raise Forbidden("Confirm your password first.", reason="needs_step_up")
