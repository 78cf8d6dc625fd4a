"""Ask the policy about a real patient or study: load what the decision needs, and raise when the answer is no."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, false, or_, true

from negatoscope.access import relations
from negatoscope.access.actions import Action
from negatoscope.access.matrix import MATRIX, Grant
from negatoscope.access.model import Role, Subject, SubjectKind
from negatoscope.access.policy import Context, Decision, Resource, permit
from negatoscope.access.refusals import Refusal
from negatoscope.platform.errors import Forbidden, NotFound

SENTENCES = {
    "needs_reason": "State a reason of at least ten characters.",
    "needs_second_person": "A second person must confirm this.",
    "needs_two_factor": "Sign in with a second factor first.",
    "needs_step_up": "Confirm your password first.",
    "needs_pseudonym": "This is open to you without the identity of the patient only.",
    "needs_patient": "Name the patient concerned.",
    "opposed": "The patient objects to this access.",
    "quarantined": "The study is in quarantine.",
    "rejected": "The study was rejected.",
    "out_of_scope": "The token was not made for this.",
}


def authorise(
    tx: Connection,
    subject: Subject,
    action: Action,
    *,
    patient_id: UUID | None = None,
    study_uid: str | None = None,
    resource_state: str | None = None,
    owner_id: UUID | None = None,
    without_identity: bool = False,
    reason: str | None = None,
    second_person: Subject | None = None,
) -> None:
    """Return when the policy says yes; otherwise raise Forbidden, or NotFound to those who may not learn that it exists.

    Restricted roles see related patients only, so the patient must be named with the study: a study alone is refused
    to them, to the share that was made for it as well. The error's `reason` is that of the decision.
    """
    decision = decide(
        tx,
        subject,
        action,
        patient_id=patient_id,
        study_uid=study_uid,
        resource_state=resource_state,
        owner_id=owner_id,
        without_identity=without_identity,
        reason=reason,
        second_person=second_person,
    )
    if decision.allowed:
        return
    refusal = Refusal(subject, action, decision.reason, patient_id=patient_id, study_uid=study_uid)
    if subject.is_restricted and decision.reason not in {"needs_step_up", "needs_two_factor", "needs_reason"}:
        raise NotFound("Nothing is here.") from refusal
    raise Forbidden(SENTENCES.get(decision.reason, "This is not permitted to you."), reason=decision.reason) from refusal


def decide(
    tx: Connection,
    subject: Subject,
    action: Action,
    *,
    patient_id: UUID | None = None,
    study_uid: str | None = None,
    resource_state: str | None = None,
    owner_id: UUID | None = None,
    without_identity: bool = False,
    reason: str | None = None,
    second_person: Subject | None = None,
) -> Decision:
    """Return the decision with its obligations, for those who must know more than yes or no."""
    standing = relations.find_standing(tx, subject, patient_id)
    return permit(
        subject,
        action,
        Resource(tenant=subject.tenant, patient_id=patient_id, study_uid=study_uid, state=resource_state, owner_id=owner_id),
        Context(
            related=standing.related,
            glass_broken=standing.glass_broken,
            opposed=standing.opposed,
            without_identity=without_identity,
            reason=reason,
            second_person=second_person,
        ),
    )


def visible_patients(subject: Subject, patient_id_column: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Return the condition that keeps the rows of patients whom the subject may find in a list.

    Whoever objects to the subject is in no list of it, as `permit` would refuse the record itself.
    """
    if subject.kind in {SubjectKind.SYSTEM, SubjectKind.DEVICE}:
        return true()
    if subject.kind is SubjectKind.SHARE or subject.user_id is None:
        return false()
    return and_(_granted(subject, patient_id_column), relations.is_open_to(subject, patient_id_column))


def visible_studies(
    subject: Subject, study_uid_column: ColumnElement[str], patient_id_column: ColumnElement[UUID]
) -> ColumnElement[bool]:
    """Return the condition that keeps the studies which the subject may find: a share finds its own alone."""
    if subject.kind is SubjectKind.SHARE:
        return and_(
            study_uid_column.in_(sorted(subject.study_uids)),
            patient_id_column == subject.shared_patient_id,
            relations.is_open_to(subject, patient_id_column),
        )
    return visible_patients(subject, patient_id_column)


def _granted(subject: Subject, patient_id_column: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Return the condition that a role lets the subject find a patient, whatever the patient says of it."""
    if any(MATRIX[Action.QUERY_IMAGES][role] is Grant.ALLOWED for role in subject.roles):
        return true()
    conditions: list[ColumnElement[bool]] = []
    if Role.PATIENT in subject.roles and subject.patient_id is not None:
        conditions.append(patient_id_column == subject.patient_id)
    if Role.REFERRER in subject.roles:
        conditions.append(relations.is_related(subject, patient_id_column))
        conditions.append(relations.has_broken_glass(subject, patient_id_column))
    return or_(false(), *conditions)
