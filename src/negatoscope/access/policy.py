"""The one decision: may this subject do this, to this, now? Pure, total, and 'no' unless a rule says yes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from negatoscope.access.actions import DEVICE_ACTIONS, Action
from negatoscope.access.matrix import (
    LISTING,
    MATRIX,
    PEOPLE_ONLY,
    READS,
    SHARED,
    STEP_UP,
    TWO_FACTOR,
    Grant,
)
from negatoscope.access.model import AuthLevel, Role, Subject, SubjectKind
from negatoscope.platform.database import TenantId

STEP_UP_AGE = timedelta(minutes=10)
LEAST_REASON = 10


class Obligation(StrEnum):
    """What comes with a yes."""

    AUDIT = "audit"
    ONLY_RELATED = "only_related"
    REMOVE_IDENTITY = "remove_identity"
    SHOW_BANNER = "show_banner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What is asked for. `state` is that of the study or report, `owner_id` the person whose own thing it is."""

    tenant: TenantId | None = None
    patient_id: UUID | None = None
    study_uid: str | None = None
    state: str | None = None
    owner_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is known around the request.

    `related`: a care relation links the subject to the patient now. `glass_broken`: the subject broke the glass for this
    patient less than four hours ago. `opposed`: the patient objects to this person, or to sharing. `without_identity`:
    what is given out will carry no identity. `second_person`: another person, present and signed in, who confirms.
    """

    related: bool = False
    glass_broken: bool = False
    opposed: bool = False
    without_identity: bool = False
    reason: str | None = None
    second_person: Subject | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Yes or no, the word that says why, and what comes with a yes."""

    allowed: bool
    reason: str
    obligations: frozenset[Obligation] = frozenset()


HIDDEN_STATES: Mapping[str, frozenset[Action]] = MappingProxyType({
    "quarantined": frozenset({
        Action.DOWNLOAD_DICOM, Action.SIGN_PRELIMINARY, Action.SIGN_FINAL, Action.ADDEND_REPORT, Action.SEND_REPORT,
        Action.CREATE_SHARE,
    }),
    "rejected": frozenset({
        Action.DOWNLOAD_DICOM, Action.SIGN_PRELIMINARY, Action.SIGN_FINAL, Action.SEND_REPORT, Action.CREATE_SHARE,
    }),
})  # fmt: skip
"""What nobody does to a study in such a state. Restricted subjects, devices and shares see nothing of it at all."""

CLOSENESS = (
    "role",
    "needs_patient",
    "no_relation",
    "opposed",
    "needs_pseudonym",
    "needs_reason",
    "needs_second_person",
    "needs_two_factor",
    "needs_step_up",
)
"""Refusals from the farthest to the nearest to a yes: who holds several roles hears the nearest."""


def permit(subject: Subject, action: Action, resource: Resource, context: Context) -> Decision:
    """Decide. The subject's roles add up; the tenant, the scope, the state and the age of the proof bind them all."""
    if action not in MATRIX:
        return _no("unknown_action")
    if resource.tenant is not None and resource.tenant != subject.tenant:
        return _no("other_tenant")
    if subject.limited_to is not None and action not in subject.limited_to:
        return _no("out_of_scope")
    refusal = _state_refusal(subject, action, resource.state)
    if refusal is not None:
        return _no(refusal)
    if subject.kind is SubjectKind.SYSTEM:
        return _no("people_only") if action in PEOPLE_ONLY else _yes()
    if subject.kind is SubjectKind.DEVICE:
        return _yes() if action in DEVICE_ACTIONS else _no("not_a_device_action")
    if subject.kind is SubjectKind.SHARE:
        return _shared(subject, action, resource, context)
    decisions = [_for_role(role, subject, action, resource, context) for role in subject.roles]
    allowed = [decision for decision in decisions if decision.allowed]
    if not allowed:
        return max(decisions, key=lambda decision: CLOSENESS.index(decision.reason), default=_no("role"))
    proof = _proof_refusal(subject, action)
    if proof is not None:
        return _no(proof)
    obligations = frozenset.intersection(*(decision.obligations for decision in allowed))
    return _yes(*obligations)


def may_ever(subject: Subject, action: Action) -> bool:
    """Tell whether the subject may do this to anything at all: for menus and for the first gate of a page.

    Never a substitute for `permit` on the thing itself.
    """
    if subject.limited_to is not None and action not in subject.limited_to:
        return False
    if subject.kind is SubjectKind.SYSTEM:
        return action not in PEOPLE_ONLY
    if subject.kind is SubjectKind.DEVICE:
        return action in DEVICE_ACTIONS
    if subject.kind is SubjectKind.SHARE:
        return action in SHARED
    return any(MATRIX[action][role] is not Grant.NEVER for role in subject.roles)


def _yes(*obligations: Obligation) -> Decision:
    return Decision(allowed=True, reason="allowed", obligations=frozenset(obligations))


def _no(reason: str) -> Decision:
    return Decision(allowed=False, reason=reason)


def _state_refusal(subject: Subject, action: Action, state: str | None) -> str | None:
    if state is None or state not in HIDDEN_STATES:
        return None
    if action in HIDDEN_STATES[state]:
        return state
    if subject.is_restricted or subject.kind is SubjectKind.DEVICE:
        return state if action in READS | SHARED else None
    if state == "rejected" and action in {Action.VIEW_IMAGES, Action.RETRIEVE_IMAGES}:
        sees = any(MATRIX[Action.VIEW_REJECTED][role] is Grant.ALLOWED for role in subject.roles)
        return None if sees or subject.kind is SubjectKind.SYSTEM else state
    return None


def _shared(subject: Subject, action: Action, resource: Resource, context: Context) -> Decision:
    if action not in SHARED:
        return _no("role")
    if context.opposed:
        return _no("opposed")
    if resource.study_uid is None:
        return _yes(Obligation.ONLY_RELATED) if action is Action.QUERY_IMAGES else _no("needs_patient")
    if resource.patient_id is None:
        return _no("needs_patient")
    is_shared = resource.study_uid in subject.study_uids and resource.patient_id == subject.shared_patient_id
    return _yes(Obligation.AUDIT) if is_shared else _no("no_relation")


def _for_role(role: Role, subject: Subject, action: Action, resource: Resource, context: Context) -> Decision:
    grant = MATRIX[action][role]
    if grant is Grant.NEVER:
        return _no("role")
    if context.opposed and action in READS and role is not Role.PATIENT and not context.glass_broken:
        return _no("opposed")
    match grant:
        case Grant.ALLOWED:
            return _yes(Obligation.SHOW_BANNER) if context.glass_broken and context.opposed else _yes()
        case Grant.RELATED:
            return _related(role, subject, action, resource, context)
        case Grant.WITHOUT_IDENTITY:
            return _yes(Obligation.REMOVE_IDENTITY) if context.without_identity else _no("needs_pseudonym")
        case Grant.WITH_REASON:
            return _yes(Obligation.AUDIT) if _has_reason(context) else _no("needs_reason")
        case Grant.WITH_SECOND_PERSON:
            if not _has_reason(context):
                return _no("needs_reason")
            return _yes(Obligation.AUDIT) if _is_second(subject, action, context) else _no("needs_second_person")


def _related(role: Role, subject: Subject, action: Action, resource: Resource, context: Context) -> Decision:
    if resource.owner_id is not None and resource.owner_id == subject.user_id:
        return _yes()
    if resource.patient_id is None:
        return _yes(Obligation.ONLY_RELATED) if action in LISTING else _no("needs_patient")
    if role is Role.PATIENT:
        return _yes() if resource.patient_id == subject.patient_id else _no("no_relation")
    if context.related:
        return _yes()
    if context.glass_broken and action in READS:
        return _yes(Obligation.AUDIT, Obligation.SHOW_BANNER)
    return _no("no_relation")


def _has_reason(context: Context) -> bool:
    return context.reason is not None and len(context.reason.strip()) >= LEAST_REASON


def _is_second(subject: Subject, action: Action, context: Context) -> bool:
    """Tell whether the second person is another person of the same house whom the matrix trusts with the same act."""
    second = context.second_person
    return (
        second is not None
        and second.kind is SubjectKind.USER
        and second.user_id is not None
        and second.user_id != subject.user_id
        and second.tenant == subject.tenant
        and may_ever(second, action)
    )


def _proof_refusal(subject: Subject, action: Action) -> str | None:
    if action in TWO_FACTOR and subject.auth_level is not AuthLevel.TWO_FACTOR:
        return "needs_two_factor"
    if action in STEP_UP and not has_fresh_proof(subject, subject.seen_at):
        return "needs_step_up"
    return None


def has_fresh_proof(subject: Subject, now: datetime | None) -> bool:
    """Tell whether the person proved who they are within the last ten minutes before `now`."""
    if subject.authenticated_at is None or now is None:
        return False
    return timedelta(0) <= now - subject.authenticated_at <= STEP_UP_AGE
