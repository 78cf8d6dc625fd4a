"""The rule of keeping, and the steps by which a study goes, as a table. Pure.

The default is that of the French Code de la santé publique, R1112-7: twenty years after the last passage, and not before
the patient's twenty-eighth birthday.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from negatoscope.platform.errors import InvalidTransition
from negatoscope.platform.json_value import JsonValue


class ErasureState(StrEnum):
    """Where an erasure stands."""

    PROPOSED = "proposed"
    APPROVED_FIRST = "approved_first"
    APPROVED = "approved"
    ERASING = "erasing"
    ERASED = "erased"
    REFUSED = "refused"


class ErasureEvent(StrEnum):
    """What moves an erasure on."""

    APPROVE = "approve"
    REFUSE = "refuse"
    BEGIN = "begin"
    FINISH = "finish"
    WITHDRAW = "withdraw"


ERASURE_TABLE: Final[Mapping[tuple[ErasureState, ErasureEvent], ErasureState]] = MappingProxyType({
    (ErasureState.PROPOSED, ErasureEvent.APPROVE): ErasureState.APPROVED_FIRST,
    (ErasureState.PROPOSED, ErasureEvent.REFUSE): ErasureState.REFUSED,
    (ErasureState.APPROVED_FIRST, ErasureEvent.APPROVE): ErasureState.APPROVED,
    (ErasureState.APPROVED_FIRST, ErasureEvent.REFUSE): ErasureState.REFUSED,
    # What two people approved and nobody has begun can still be kept.
    (ErasureState.APPROVED, ErasureEvent.REFUSE): ErasureState.REFUSED,
    # The patient came back before anything was erased: it is decided anew when the time is over again.
    (ErasureState.APPROVED, ErasureEvent.WITHDRAW): ErasureState.PROPOSED,
    (ErasureState.APPROVED, ErasureEvent.BEGIN): ErasureState.ERASING,
    (ErasureState.ERASING, ErasureEvent.BEGIN): ErasureState.ERASING,
    (ErasureState.ERASING, ErasureEvent.FINISH): ErasureState.ERASED,
})  # fmt: skip


def next_erasure_state(state: ErasureState, event: ErasureEvent) -> ErasureState:
    """Return the state after `event`, or raise InvalidTransition."""
    target = ERASURE_TABLE.get((state, event))
    if target is None:
        raise InvalidTransition("That is not possible with this erasure any more.")
    return target


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule:
    """Keep for `years` after the last passage, and until the patient is `age` years old."""

    years: int
    age: int

    @property
    def name(self) -> str:
        """Return the rule in one word, as certificates name it."""
        return f"last_passage+{self.years}y,age>={self.age}y"

    def due_on(self, last_passage: date, birth_date: date | None) -> date:
        """Return the first day on which nothing keeps the studies of a patient any longer."""
        due = years_after(last_passage, self.years)
        return due if birth_date is None else max(due, years_after(birth_date, self.age))


def years_after(day: date, years: int) -> date:
    """Return the same day of a later year; the first of March for the last of February that it lacks."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """A study whose time is over, and how far it has gone."""

    erasure_id: UUID
    study_uid: str
    patient_id: UUID
    state: ErasureState
    rule: str
    due_on: date
    proposed_at: datetime
    first_by: UUID | None = None
    first_name: str | None = None
    first_at: datetime | None = None
    first_reason: str | None = None
    second_by: UUID | None = None
    second_name: str | None = None
    second_at: datetime | None = None
    second_reason: str | None = None
    refused_name: str | None = None
    refused_at: datetime | None = None
    refusal_reason: str | None = None
    erased_at: datetime | None = None
    certificate: Mapping[str, JsonValue] | None = None
    certificate_sha256: str | None = None
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalHold:
    """Why a study, or all studies of a patient, are kept whatever the rule says."""

    hold_id: UUID
    patient_id: UUID | None
    study_uid: str | None
    reason: str
    placed_by: str
    placed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """What is left of an object: which it was, and the hash of its bytes."""

    sop_instance_uid: str
    sop_class_uid: str
    sha256: str
    size: int
    blob_key: str | None
    other_keys: Sequence[str] = ()
    """Keys of the same bytes under the same identifier, kept a second time where they were held back."""
