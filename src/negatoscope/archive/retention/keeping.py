"""Propose what the time of keeping has run out for, hold what must stay, and let two people decide."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import Connection

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise, decide
from negatoscope.access.model import Subject
from negatoscope.access.second_person import second_person
from negatoscope.archive import store as archive_store
from negatoscope.archive.retention import store
from negatoscope.archive.retention.due import find_due_day, find_rule
from negatoscope.archive.retention.erasing import ERASE
from negatoscope.archive.retention.model import (
    Erasure,
    ErasureEvent,
    ErasureState,
    LegalHold,
    next_erasure_state,
    years_after,
)
from negatoscope.archive.study_store import get_study, list_studies_of_patient
from negatoscope.audit.trail import record
from negatoscope.patients.store import get_patient
from negatoscope.platform.errors import Conflict, Forbidden, InvalidInput
from negatoscope.platform.events import publish
from negatoscope.platform.runtime import Platform

LONGEST_REASON: Final = 500
_PATIENTS_AT_ONCE: Final = 500


def propose_due(platform: Platform) -> int:
    """Propose the erasure of every study whose time is over; return how many are new. Called once a day."""
    rule = find_rule(platform)
    if rule is None:
        return 0
    today = platform.clock.now().date()
    proposed, after = 0, None
    while True:
        with platform.database.transaction(platform.tenant) as tx:
            page = store.list_last_passages(tx, years_after(today, -rule.years), after, _PATIENTS_AT_ONCE)
            for patient_id, last_passage, birth_date in page:
                due_on = rule.due_on(last_passage, birth_date)
                if due_on <= today:
                    for study_uid in store.list_erasable_studies(tx, patient_id):
                        proposed += store.insert_erasure(
                            tx,
                            Erasure(
                                erasure_id=uuid4(),
                                study_uid=study_uid,
                                patient_id=patient_id,
                                state=ErasureState.PROPOSED,
                                rule=rule.name,
                                due_on=due_on,
                                proposed_at=platform.clock.now(),
                            ),
                        )
        if not page:
            return proposed
        after = page[-1][0]


def approve(platform: Platform, subject: Subject, erasure_id: UUID, *, version: int, reason: str) -> Erasure:
    """Approve an erasure. The second approval, by another person, sets it going.

    Conflict where a hold keeps the study, or where its time is not over any more.
    """
    reason = _checked(reason)
    now = platform.clock.now()
    with platform.database.transaction(platform.tenant) as tx:
        erasure = replace(store.get_erasure(tx, erasure_id, lock=True), version=version)
        state = next_erasure_state(erasure.state, ErasureEvent.APPROVE)
        due_on = _require_due(platform, tx, erasure)
        if state is ErasureState.APPROVED_FIRST:
            _authorise(tx, subject, erasure, reason)
            approved = replace(
                erasure,
                state=state,
                due_on=due_on,
                first_by=_person(subject),
                first_name=subject.display_name,
                first_at=now,
                first_reason=reason,
            )
        else:
            second = replace(erasure, state=state, due_on=due_on, second_at=now, second_reason=reason)
            approved = _second(tx, subject, second, reason)
            platform.jobs.enqueue(tx, ERASE, key=f"{erasure_id}/{version}", arguments={"erasure_id": str(erasure_id)})
        store.update_erasure(tx, erasure, approved)
        _record(tx, subject, erasure, f"erasure_{state.value}", reason)
    return replace(approved, version=version + 1)


def refuse(platform: Platform, subject: Subject, erasure_id: UUID, *, version: int, reason: str) -> None:
    """Keep a study whose time is over; it is not proposed again."""
    reason = _checked(reason)
    with platform.database.transaction(platform.tenant) as tx:
        erasure = replace(store.get_erasure(tx, erasure_id, lock=True), version=version)
        _authorise(tx, subject, erasure, reason)
        refused = replace(
            erasure,
            state=next_erasure_state(erasure.state, ErasureEvent.REFUSE),
            refused_name=subject.display_name,
            refused_at=platform.clock.now(),
            refusal_reason=reason,
        )
        store.update_erasure(tx, erasure, refused)
        _record(tx, subject, erasure, "erasure_refused", reason)


def place_hold(
    platform: Platform, subject: Subject, *, patient_id: UUID | None, study_uid: str | None, reason: str
) -> LegalHold:
    """Keep a study, or all studies of a patient, whatever the rule says; what was approved and not begun stays too.

    Conflict where a study is being erased, or was erased while this waited: nobody is told of a hold that keeps nothing.
    """
    reason = _checked(reason)
    if (patient_id is None) == (study_uid is None):
        raise InvalidInput("Name a study or a patient.", field="study_uid", reason="nothing_named")
    with platform.database.transaction(platform.tenant) as tx:
        owner = get_study(tx, study_uid).patient_id if study_uid else get_patient(tx, _known(patient_id)).patient_id
        _require(tx, subject, owner, study_uid, reason)
        kept = [study_uid] if study_uid else [str(study.study_uid) for study in list_studies_of_patient(tx, owner)]
        for one in sorted(kept):
            archive_store.lock_study(tx, one)
        if store.is_going(tx, kept) or (study_uid and store.is_gone(tx, study_uid)):
            raise Conflict("This study is being erased, or was.", reason="being_erased")
        hold = LegalHold(
            hold_id=uuid4(),
            patient_id=patient_id,
            study_uid=study_uid,
            reason=reason,
            placed_by=subject.display_name,
            placed_at=platform.clock.now(),
        )
        store.insert_hold(tx, hold)
        _record_hold(tx, subject, hold, "legal_hold_placed", owner, reason)
    return hold


def lift_hold(platform: Platform, subject: Subject, hold_id: UUID, *, reason: str) -> None:
    """Let the rule apply again."""
    reason = _checked(reason)
    with platform.database.transaction(platform.tenant) as tx:
        hold = store.update_lifted(tx, hold_id, by=subject.display_name, reason=reason, at=platform.clock.now())
        owner = hold.patient_id or get_study(tx, hold.study_uid or "").patient_id
        _require(tx, subject, owner, hold.study_uid, reason)
        _record_hold(tx, subject, hold, "legal_hold_lifted", owner, reason)


def allow_again(platform: Platform, subject: Subject, study_uid: str, *, reason: str) -> int:
    """Let the erased objects of a study be stored again when somebody sends them; return how many that concerns."""
    reason = _checked(reason)
    with platform.database.transaction(platform.tenant) as tx:
        study = get_study(tx, study_uid)
        _require(tx, subject, study.patient_id, study_uid, reason)
        count = store.update_allowed(tx, study_uid, platform.clock.now())
        record(
            tx,
            subject.actor,
            "erased_objects_allowed",
            patient_id=study.patient_id,
            study_uid=study_uid,
            objects={"objects": count},
            reason=reason,
        )
    return count


def _second(tx: Connection, subject: Subject, approved: Erasure, reason: str) -> Erasure:
    if approved.first_by is None or subject.user_id == approved.first_by:
        raise Forbidden("A second person must confirm this.", reason="needs_second_person")
    authorise(
        tx,
        subject,
        Action.DELETE_BY_RETENTION,
        patient_id=approved.patient_id,
        study_uid=approved.study_uid,
        reason=reason,
        second_person=second_person(tx, approved.first_by),
    )
    return replace(approved, second_by=_person(subject), second_name=subject.display_name)


def _authorise(tx: Connection, subject: Subject, erasure: Erasure, reason: str) -> None:
    _require(tx, subject, erasure.patient_id, erasure.study_uid, reason)


def _require(tx: Connection, subject: Subject, patient_id: UUID, study_uid: str | None, reason: str) -> None:
    """Let pass who may decide about retention, alone or with another: nothing goes by one person's word."""
    action = Action.DELETE_BY_RETENTION
    decision = decide(tx, subject, action, patient_id=patient_id, study_uid=study_uid, reason=reason)
    if not decision.allowed and decision.reason != "needs_second_person":
        authorise(tx, subject, action, patient_id=patient_id, study_uid=study_uid, reason=reason)


def _require_due(platform: Platform, tx: Connection, erasure: Erasure) -> date:
    if store.is_held(tx, erasure.study_uid):
        raise Conflict("A legal hold keeps this study.", reason="legal_hold")
    due_on = find_due_day(platform, tx, erasure.study_uid)
    if due_on is None:
        raise Conflict("The time of keeping of this study is not over any more.", reason="not_due")
    return due_on


def _person(subject: Subject) -> UUID:
    if subject.user_id is None:
        raise Forbidden("Only a person decides about retention.", reason="not_a_person")
    return subject.user_id


def _known(patient_id: UUID | None) -> UUID:
    if patient_id is None:
        raise InvalidInput("Name a study or a patient.", field="patient_id", reason="nothing_named")
    return patient_id


def _record(tx: Connection, subject: Subject, erasure: Erasure, action: str, reason: str) -> None:
    objects = {"erasure": str(erasure.erasure_id), "rule": erasure.rule, "due_on": erasure.due_on.isoformat()}
    record(
        tx,
        subject.actor,
        action,
        patient_id=erasure.patient_id,
        study_uid=erasure.study_uid,
        objects=dict(objects),
        reason=reason,
    )
    publish(tx, "erasure_changed", subject=str(erasure.erasure_id), payload={"study_uid": erasure.study_uid})


def _record_hold(tx: Connection, subject: Subject, hold: LegalHold, action: str, patient_id: UUID, reason: str) -> None:
    record(
        tx,
        subject.actor,
        action,
        patient_id=patient_id,
        study_uid=hold.study_uid,
        objects={"hold": str(hold.hold_id)},
        reason=reason,
    )


def _checked(reason: str) -> str:
    if not 0 < len(reason.strip()) <= LONGEST_REASON:
        raise InvalidInput("Give a reason.", field="reason", reason="reason_missing")
    return reason.strip()
