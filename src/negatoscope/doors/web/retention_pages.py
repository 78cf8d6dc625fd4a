"""How long studies are kept, on the screen: what is due, who let it go, what is held, and the certificates."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import Response

from negatoscope.access.actions import Action
from negatoscope.access.model import Subject
from negatoscope.access.policy import has_fresh_proof, may_ever
from negatoscope.archive.retention import keeping, store
from negatoscope.archive.retention.erasing import certificate_bytes
from negatoscope.archive.studies import get_study
from negatoscope.audit.trail import record
from negatoscope.doors.web import archive_words
from negatoscope.doors.web.archive_pages import MOST_SHOWN, Reason, tabs
from negatoscope.doors.web.dependencies import platform_of, requires
from negatoscope.doors.web.language import N_, gettext
from negatoscope.doors.web.templates import page, see_other
from negatoscope.platform.errors import Conflict, Forbidden, InvalidInput, NotFound

router = APIRouter(include_in_schema=False)

Keeper = Annotated[Subject, Depends(requires(Action.DELETE_BY_RETENTION))]
DECIDED: Final = {"approve": N_("Erasure approved"), "refuse": N_("Study kept")}


@router.get("/archive/retention")
def show_retention(request: Request, subject: Keeper) -> Response:
    """List what is due, what was erased and what is held."""
    return _page(request, subject, {})


@router.post("/archive/retention/holds")
def hold(
    request: Request,
    subject: Keeper,
    study_uid: Annotated[str, Form(max_length=64)] = "",
    whole_patient: Annotated[str, Form(max_length=8)] = "",
    reason: Reason = "",
) -> Response:
    """Keep a study, or all studies of its patient, whatever the rule says."""
    platform = platform_of(request)
    _require_fresh_proof(subject)
    try:
        with platform.database.read(platform.tenant) as tx:
            study = get_study(tx, study_uid.strip())
        patient_id = study.patient_id if whole_patient else None
        named = None if whole_patient else str(study.study_uid)
        keeping.place_hold(platform, subject, patient_id=patient_id, study_uid=named, reason=reason)
    except (InvalidInput, Conflict, Forbidden, NotFound) as error:
        return _page(request, subject, {"study_uid": archive_words.explain(error)})
    return see_other(request, "/archive/retention", status=gettext("Hold placed"))


@router.post("/archive/retention/holds/{hold_id}")
def lift(request: Request, subject: Keeper, hold_id: UUID, reason: Reason = "") -> Response:
    """Lift a hold."""
    _require_fresh_proof(subject)
    try:
        keeping.lift_hold(platform_of(request), subject, hold_id, reason=reason)
    except (InvalidInput, Forbidden) as error:
        return _page(request, subject, {"reason": archive_words.explain(error)})
    return see_other(request, "/archive/retention", status=gettext("Hold lifted"))


@router.post("/archive/retention/{erasure_id}")
def decide(
    request: Request,
    subject: Keeper,
    erasure_id: UUID,
    decision: Annotated[str, Form(pattern="^(approve|refuse)$")],
    version: Annotated[int, Form()],
    reason: Reason = "",
) -> Response:
    """Approve an erasure, first or second, or keep the study."""
    _require_fresh_proof(subject)
    act = keeping.approve if decision == "approve" else keeping.refuse
    try:
        act(platform_of(request), subject, erasure_id, version=version, reason=reason)
    except (InvalidInput, Conflict, Forbidden) as error:
        return _page(request, subject, {"reason": archive_words.explain(error)})
    return see_other(request, "/archive/retention", status=gettext(DECIDED[decision]))


@router.post("/archive/retention/{erasure_id}/allow")
def allow(request: Request, subject: Keeper, erasure_id: UUID, reason: Reason = "") -> Response:
    """Let the objects of an erased study come back."""
    platform = platform_of(request)
    _require_fresh_proof(subject)
    with platform.database.read(platform.tenant) as tx:
        study_uid = store.get_erasure(tx, erasure_id).study_uid
    try:
        keeping.allow_again(platform, subject, study_uid, reason=reason)
    except (InvalidInput, Forbidden) as error:
        return _page(request, subject, {"reason": archive_words.explain(error)})
    return see_other(request, "/archive/retention", status=gettext("The objects may be sent again"))


@router.get("/archive/retention/{erasure_id}/certificate")
def give_certificate(request: Request, subject: Keeper, erasure_id: UUID) -> Response:
    """Give the certificate of an erasure, as it was sealed."""
    platform = platform_of(request)
    with platform.database.transaction(platform.tenant) as tx:
        erasure = store.get_erasure(tx, erasure_id)
        if erasure.certificate is None:
            raise NotFound("There is no certificate yet.", reason="no_certificate")
        objects = {"erasure": str(erasure_id), "certificate_sha256": str(erasure.certificate_sha256)}
        record(tx, subject.actor, "read_erasure_certificate", study_uid=erasure.study_uid, objects=dict(objects))
    headers = {"Content-Disposition": f'attachment; filename="certificate-{erasure_id}.json"'}
    return Response(certificate_bytes(dict(erasure.certificate)), media_type="application/json", headers=headers)


def _page(request: Request, subject: Subject, errors: Mapping[str, str]) -> Response:
    platform = platform_of(request)
    with platform.database.read(platform.tenant) as tx:
        found, holds = store.list_erasures(tx, MOST_SHOWN), store.list_holds(tx, MOST_SHOWN)
    may_correct = may_ever(subject, Action.RECONCILE_STUDY)
    return page(
        request,
        "archive/retention.html",
        status_code=HTTPStatus.BAD_REQUEST if errors else HTTPStatus.OK,
        erasures=found,
        holds=holds,
        years=platform.settings.retention_years,
        age=platform.settings.retention_age,
        tabs=tabs(subject, "/archive/retention") if may_correct else [],
        own_id=subject.user_id,
        proof_is_fresh=has_fresh_proof(subject, subject.seen_at),
        errors=errors,
    )


def _require_fresh_proof(subject: Subject) -> None:
    if not has_fresh_proof(subject, subject.seen_at):
        raise Forbidden("Confirm your password first.", reason="needs_step_up")
