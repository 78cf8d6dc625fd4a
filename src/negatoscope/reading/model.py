"""A reading task and its state machine: who may do what in which state, as one table. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from negatoscope.platform.errors import InvalidTransition
from negatoscope.reading.urgency import Urgency

LEASE = timedelta(minutes=20)


class TaskState(StrEnum):
    """States of a reading task."""

    UNASSIGNED = "unassigned"
    CLAIMED = "claimed"
    DRAFT = "draft"
    PRELIMINARY = "preliminary"
    FINAL = "final"
    ADDENDUM_DRAFT = "addendum_draft"
    ADDENDED = "addended"
    ON_HOLD = "on_hold"


class TaskEvent(StrEnum):
    """What may happen to a reading task."""

    CLAIM = "claim"
    RENEW = "renew"
    RELEASE = "release"
    LEASE_EXPIRED = "lease_expired"
    TAKE_OVER = "take_over"
    HOLD = "hold"
    RESUME = "resume"
    DRAFT_SAVED = "draft_saved"
    SIGNED_PRELIMINARY = "signed_preliminary"
    SIGNED_FINAL = "signed_final"
    ADDENDUM_SAVED = "addendum_saved"
    ADDENDUM_SIGNED = "addendum_signed"
    FIRST_ADDENDUM_WITHDRAWN = "first_addendum_withdrawn"
    LATER_ADDENDUM_WITHDRAWN = "later_addendum_withdrawn"
    NEW_IMAGES = "new_images"


class By(StrEnum):
    """Who may cause a transition, in relation to the task. What the role allows is the policy's affair."""

    READER = "reader"
    OWNER = "owner"
    ANOTHER = "another"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Transition:
    """Where an event leads, who may cause it, and who owns the task afterwards."""

    to: TaskState
    by: By
    owner: str = "same"  # same | actor | nobody


_S, _E = TaskState, TaskEvent

# The report leads and the task follows: the events of the report come from the system, in the order of their commits.
TRANSITIONS: dict[tuple[TaskState, TaskEvent], Transition] = {
    (_S.UNASSIGNED, _E.CLAIM): Transition(_S.CLAIMED, By.READER, "actor"),
    (_S.UNASSIGNED, _E.HOLD): Transition(_S.ON_HOLD, By.READER, "nobody"),
    (_S.UNASSIGNED, _E.DRAFT_SAVED): Transition(_S.DRAFT, By.SYSTEM, "actor"),
    (_S.UNASSIGNED, _E.SIGNED_PRELIMINARY): Transition(_S.PRELIMINARY, By.SYSTEM, "actor"),
    (_S.UNASSIGNED, _E.SIGNED_FINAL): Transition(_S.FINAL, By.SYSTEM, "actor"),
    (_S.CLAIMED, _E.RENEW): Transition(_S.CLAIMED, By.OWNER),
    (_S.CLAIMED, _E.RELEASE): Transition(_S.UNASSIGNED, By.OWNER, "nobody"),
    (_S.CLAIMED, _E.LEASE_EXPIRED): Transition(_S.UNASSIGNED, By.SYSTEM, "nobody"),
    (_S.CLAIMED, _E.TAKE_OVER): Transition(_S.CLAIMED, By.ANOTHER, "actor"),
    (_S.CLAIMED, _E.HOLD): Transition(_S.ON_HOLD, By.OWNER, "nobody"),
    (_S.CLAIMED, _E.DRAFT_SAVED): Transition(_S.DRAFT, By.SYSTEM, "actor"),
    (_S.CLAIMED, _E.SIGNED_PRELIMINARY): Transition(_S.PRELIMINARY, By.SYSTEM, "actor"),
    (_S.CLAIMED, _E.SIGNED_FINAL): Transition(_S.FINAL, By.SYSTEM, "actor"),
    (_S.DRAFT, _E.TAKE_OVER): Transition(_S.DRAFT, By.ANOTHER, "actor"),
    (_S.DRAFT, _E.HOLD): Transition(_S.ON_HOLD, By.OWNER, "nobody"),
    (_S.DRAFT, _E.DRAFT_SAVED): Transition(_S.DRAFT, By.SYSTEM, "actor"),
    (_S.DRAFT, _E.SIGNED_PRELIMINARY): Transition(_S.PRELIMINARY, By.SYSTEM, "actor"),
    (_S.DRAFT, _E.SIGNED_FINAL): Transition(_S.FINAL, By.SYSTEM, "actor"),
    (_S.PRELIMINARY, _E.DRAFT_SAVED): Transition(_S.PRELIMINARY, By.SYSTEM, "actor"),
    (_S.PRELIMINARY, _E.TAKE_OVER): Transition(_S.PRELIMINARY, By.ANOTHER, "actor"),
    (_S.PRELIMINARY, _E.SIGNED_PRELIMINARY): Transition(_S.PRELIMINARY, By.SYSTEM, "actor"),
    (_S.PRELIMINARY, _E.SIGNED_FINAL): Transition(_S.FINAL, By.SYSTEM, "actor"),
    (_S.ON_HOLD, _E.RESUME): Transition(_S.CLAIMED, By.READER, "actor"),
    (_S.ON_HOLD, _E.DRAFT_SAVED): Transition(_S.DRAFT, By.SYSTEM, "actor"),
    (_S.ON_HOLD, _E.SIGNED_PRELIMINARY): Transition(_S.PRELIMINARY, By.SYSTEM, "actor"),
    (_S.ON_HOLD, _E.SIGNED_FINAL): Transition(_S.FINAL, By.SYSTEM, "actor"),
    (_S.FINAL, _E.ADDENDUM_SAVED): Transition(_S.ADDENDUM_DRAFT, By.SYSTEM, "actor"),
    (_S.FINAL, _E.ADDENDUM_SIGNED): Transition(_S.ADDENDED, By.SYSTEM, "actor"),
    (_S.FINAL, _E.NEW_IMAGES): Transition(_S.FINAL, By.SYSTEM),
    (_S.ADDENDUM_DRAFT, _E.ADDENDUM_SAVED): Transition(_S.ADDENDUM_DRAFT, By.SYSTEM, "actor"),
    (_S.ADDENDUM_DRAFT, _E.ADDENDUM_SIGNED): Transition(_S.ADDENDED, By.SYSTEM, "actor"),
    (_S.ADDENDUM_DRAFT, _E.FIRST_ADDENDUM_WITHDRAWN): Transition(_S.FINAL, By.SYSTEM, "actor"),
    (_S.ADDENDUM_DRAFT, _E.LATER_ADDENDUM_WITHDRAWN): Transition(_S.ADDENDED, By.SYSTEM, "actor"),
    (_S.ADDENDUM_DRAFT, _E.TAKE_OVER): Transition(_S.ADDENDUM_DRAFT, By.ANOTHER, "actor"),
    (_S.ADDENDUM_DRAFT, _E.NEW_IMAGES): Transition(_S.ADDENDUM_DRAFT, By.SYSTEM),
    (_S.ADDENDED, _E.ADDENDUM_SAVED): Transition(_S.ADDENDUM_DRAFT, By.SYSTEM, "actor"),
    (_S.ADDENDED, _E.ADDENDUM_SIGNED): Transition(_S.ADDENDED, By.SYSTEM, "actor"),
    (_S.ADDENDED, _E.NEW_IMAGES): Transition(_S.ADDENDED, By.SYSTEM),
}

# Read, signed by a senior: such a task waits for nobody and never goes back among those that do.
READ_STATES = frozenset({TaskState.FINAL, TaskState.ADDENDUM_DRAFT, TaskState.ADDENDED})
OPEN_STATES = frozenset(TaskState) - READ_STATES


def next_state(state: TaskState, event: TaskEvent) -> Transition:
    """Return the transition, or raise InvalidTransition when the table has none."""
    transition = TRANSITIONS.get((state, event))
    if transition is None:
        raise InvalidTransition(f"A reading task that is {state} does not allow {event}.")
    return transition


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingTask:
    """One study that is, or was, to be read. `version` changes with each transition."""

    task_id: UUID
    study_uid: str
    state: TaskState
    owner_id: UUID | None
    owner_name: str
    lease_until: datetime | None
    available_at: datetime
    urgency: Urgency
    manual_points: int
    manual_reason: str
    hold_reason: str
    image_count: int
    new_images_after_final: bool
    version: int

    def is_leased(self, now: datetime) -> bool:
        """Tell whether somebody has the task now: a claim ends with its lease, a draft only by take-over."""
        if self.owner_id is None:
            return False
        if self.state is TaskState.CLAIMED:
            return self.lease_until is not None and self.lease_until > now
        return self.state in {TaskState.DRAFT, TaskState.PRELIMINARY, TaskState.ADDENDUM_DRAFT}
