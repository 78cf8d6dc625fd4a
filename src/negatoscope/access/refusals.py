"""Trace what policy refused. The transaction that asked is rolled back with the refusal, so the door writes it afterwards."""

from __future__ import annotations

from uuid import UUID

from negatoscope.access.actions import Action
from negatoscope.access.model import Subject
from negatoscope.audit.trail import record
from negatoscope.platform.errors import Forbidden, NegatoscopeError, NotFound
from negatoscope.platform.runtime import Platform

SILENT = frozenset({"needs_step_up", "needs_reason", "needs_patient"})
"""Refusals that only ask for more: the person answers them, and the act itself is traced then."""


class Refusal(Exception):
    """Why policy said no, for the trail alone: it hides behind the error that the caller sees, as its cause."""

    def __init__(
        self, subject: Subject, action: Action, reason: str, *, patient_id: UUID | None, study_uid: str | None
    ) -> None:
        super().__init__(reason)
        self.subject = subject
        self.action = action
        self.reason = reason
        self.patient_id = patient_id
        self.study_uid = study_uid


def record_refusal(platform: Platform, error: NegatoscopeError) -> bool:
    """Write a refusal of policy into the trail; False for an error that is none. Doors call it where they answer."""
    refusal = error.__cause__
    if not isinstance(error, Forbidden | NotFound) or not isinstance(refusal, Refusal) or refusal.reason in SILENT:
        return False
    with platform.database.transaction(refusal.subject.tenant) as tx:
        record(
            tx,
            refusal.subject.actor,
            refusal.action.value,
            outcome="refused",
            patient_id=refusal.patient_id,
            study_uid=refusal.study_uid,
            objects={"refusal": refusal.reason},
        )
    return True
