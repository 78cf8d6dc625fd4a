"""A reading session, its cases, its state machine as a table, and its score. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from negatoscope.platform.errors import InvalidTransition

LONGEST_ANSWER = 4000


class Verdict(StrEnum):
    """What a reader says of a case, and what its signed report says."""

    NORMAL = "normal"
    ABNORMAL = "abnormal"


class SessionState(StrEnum):
    """States of a session."""

    OPEN = "open"
    FINISHED = "finished"


class SessionEvent(StrEnum):
    """What may happen to a session."""

    ANSWER = "answer"
    ANSWER_LAST = "answer_last"
    GIVE_UP = "give_up"


TRANSITIONS: dict[tuple[SessionState, SessionEvent], SessionState] = {
    (SessionState.OPEN, SessionEvent.ANSWER): SessionState.OPEN,
    (SessionState.OPEN, SessionEvent.ANSWER_LAST): SessionState.FINISHED,
    (SessionState.OPEN, SessionEvent.GIVE_UP): SessionState.FINISHED,
}


def next_state(state: SessionState, event: SessionEvent) -> SessionState:
    """Return where the event leads, or raise InvalidTransition when the table has no such line."""
    to = TRANSITIONS.get((state, event))
    if to is None:
        raise InvalidTransition(f"A session that is {state} does not allow {event}.")
    return to


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSession:
    """One session of one reader."""

    session_id: UUID
    reader_id: UUID
    reader_name: str
    region: str
    with_ai: bool
    state: SessionState
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingCase:
    """One case. `truth` is the assessment of its signed report; `answer` is None until the reader gave one, once."""

    case_id: UUID
    session_id: UUID
    number: int
    study_uid: str
    version_id: UUID
    truth: Verdict
    answer: Verdict | None
    free_answer: str
    answered_at: datetime | None

    @property
    def is_right(self) -> bool | None:
        """Tell whether the answer agrees with the signed report; None before it."""
        return None if self.answer is None else self.answer is self.truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Counts over the answered cases; abnormal is positive. A share without cases to stand on is None."""

    true_positive: int
    false_negative: int
    true_negative: int
    false_positive: int

    @property
    def answered(self) -> int:
        """Count the answered cases."""
        return self.true_positive + self.false_negative + self.true_negative + self.false_positive

    @property
    def right(self) -> int:
        """Count the right answers."""
        return self.true_positive + self.true_negative

    @property
    def sensitivity(self) -> float | None:
        """Return the share of the abnormal cases that were called so."""
        return _share(self.true_positive, self.true_positive + self.false_negative)

    @property
    def specificity(self) -> float | None:
        """Return the share of the normal cases that were called so."""
        return _share(self.true_negative, self.true_negative + self.false_positive)


def score(cases: Sequence[TrainingCase]) -> Score:
    """Count the answers of a session against the signed reports."""
    pairs = [(case.truth, case.answer) for case in cases if case.answer is not None]
    return Score(
        true_positive=pairs.count((Verdict.ABNORMAL, Verdict.ABNORMAL)),
        false_negative=pairs.count((Verdict.ABNORMAL, Verdict.NORMAL)),
        true_negative=pairs.count((Verdict.NORMAL, Verdict.NORMAL)),
        false_positive=pairs.count((Verdict.NORMAL, Verdict.ABNORMAL)),
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
