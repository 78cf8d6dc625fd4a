"""Emergency access ('bris de glace'): a clinician reads one patient's record without a care relation, for four hours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import Connection

from negatoscope.access import throttle
from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Subject
from negatoscope.access.store import glass as store
from negatoscope.access.store.glass import BrokenGlass
from negatoscope.audit.trail import record
from negatoscope.platform.errors import Forbidden, InvalidInput
from negatoscope.platform.events import publish
from negatoscope.platform.runtime import Platform

OPEN_FOR = timedelta(hours=4)
LEAST_EXPLANATION = 20
MOST_EXPLANATION = 2000
OFTEN = 3
REASONS = frozenset({"emergency", "continuity_of_care", "second_opinion", "other"})


def break_glass_of_named_patient(
    platform: Platform,
    subject: Subject,
    find_patient: Callable[[Connection], UUID | None],
    *,
    reason_code: str,
    explanation: str,
) -> BrokenGlass:
    """Open the record of the patient whom `find_patient` finds by what a clinician typed.

    Nobody is looked for before role, second factor and fresh proof are there; whoever names nobody is written down and
    slowed down as at sign-in. So a form cannot be used to try out who is a patient here.
    """
    text = _checked(reason_code, explanation)
    with platform.database.read(platform.tenant) as tx:
        authorise(tx, subject, Action.BREAK_GLASS, reason=text)
    counted = throttle.count_attempt(platform, account=f"emergency:{subject.user_id}", address=None)
    with platform.database.read(platform.tenant) as tx:
        patient_id = find_patient(tx)
    if patient_id is None:
        with platform.database.transaction(platform.tenant) as tx:
            record(
                tx,
                subject.actor,
                Action.BREAK_GLASS.value,
                outcome="refused",
                objects={"refusal": "patient_not_named"},
                reason=text,
            )
        raise InvalidInput("No patient record bears this number and birth date.", reason="patient_not_named", field="number")
    opened = break_glass(platform, subject, patient_id=patient_id, reason_code=reason_code, explanation=explanation)
    throttle.forgive(platform, counted)
    return opened


def break_glass(platform: Platform, subject: Subject, *, patient_id: UUID, reason_code: str, explanation: str) -> BrokenGlass:
    """Open reading of one patient's record for four hours; the patient and the reviewers will see it.

    Publishes `glass_broken`, and `glass_broken_often` beyond three times in a day.
    """
    text = _checked(reason_code, explanation)
    if subject.user_id is None:
        raise Forbidden("Only a person may do this.")
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.BREAK_GLASS, patient_id=patient_id, reason=text)
        now = platform.clock.now()
        broken_glass_id = uuid4()
        store.insert_broken_glass(
            tx,
            broken_glass_id=broken_glass_id,
            user_id=subject.user_id,
            patient_id=patient_id,
            reason_code=reason_code,
            explanation=text,
            at=now,
            until=now + OPEN_FOR,
        )
        record(
            tx,
            subject.actor,
            Action.BREAK_GLASS.value,
            patient_id=patient_id,
            objects={"broken_glass": str(broken_glass_id), "reason_code": reason_code},
            reason=text,
        )
        publish(tx, "glass_broken", subject=str(broken_glass_id))
        if store.count_broken_glass(tx, subject.user_id, now - timedelta(days=1)) > OFTEN:
            publish(tx, "glass_broken_often", subject=str(subject.user_id))
        opened = [one for one in store.list_open_glass(tx, subject.user_id, now) if one.broken_glass_id == broken_glass_id]
    return opened[0]


def list_open_glass(platform: Platform, subject: Subject) -> list[BrokenGlass]:
    """Return the subject's open emergency accesses: what the banner on each page of that patient says."""
    if subject.user_id is None:
        return []
    with platform.database.read(platform.tenant) as tx:
        return store.list_open_glass(tx, subject.user_id, platform.clock.now())


def list_to_review(platform: Platform, subject: Subject) -> list[BrokenGlass]:
    """Return emergency accesses that nobody reviewed yet, the oldest first."""
    with platform.database.read(platform.tenant) as tx:
        authorise(tx, subject, Action.REVIEW_BREAK_GLASS)
        return store.list_glass_to_review(tx)


def review(platform: Platform, subject: Subject, broken_glass_id: UUID) -> None:
    """Note that another person looked at an emergency access."""
    if subject.user_id is None:
        raise Forbidden("Only a person may do this.")
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.REVIEW_BREAK_GLASS)
        patient_id = store.update_reviewed(tx, broken_glass_id, reviewed_by=subject.user_id, at=platform.clock.now())
        record(
            tx,
            subject.actor,
            Action.REVIEW_BREAK_GLASS.value,
            patient_id=patient_id,
            objects={"broken_glass": str(broken_glass_id)},
        )


def _checked(reason_code: str, explanation: str) -> str:
    text = " ".join(explanation.split())
    if reason_code not in REASONS:
        raise InvalidInput("Choose a reason.", reason="reason_unknown", field="reason_code")
    if not LEAST_EXPLANATION <= len(text) <= MOST_EXPLANATION:
        raise InvalidInput("Explain why, in at least 20 characters.", reason="explanation_too_short", field="explanation")
    return text
