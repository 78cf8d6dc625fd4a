"""A run of a model on a study, its findings, and their two state machines, as tables. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from negatoscope.platform.errors import InvalidTransition

Point = tuple[float, float]


class RunState(StrEnum):
    """States of one run of one model version on one study."""

    REQUESTED = "requested"
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REFUSED = "refused"
    NO_MODEL = "no_model"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


class RunEvent(StrEnum):
    """What may happen to a run."""

    ENQUEUE = "enqueue"
    START = "start"
    SUCCEED = "succeed"
    FAIL = "fail"
    REFUSE = "refuse"
    FIND_NO_MODEL = "find_no_model"
    RETRY = "retry"
    SUPERSEDE = "supersede"
    WITHDRAW = "withdraw"


_R, _E = RunState, RunEvent

RUN_TRANSITIONS: dict[tuple[RunState, RunEvent], RunState] = {
    (_R.REQUESTED, _E.ENQUEUE): _R.QUEUED,
    (_R.REQUESTED, _E.FIND_NO_MODEL): _R.NO_MODEL,
    (_R.REQUESTED, _E.FAIL): _R.FAILED,
    (_R.QUEUED, _E.START): _R.RUNNING,
    (_R.QUEUED, _E.FAIL): _R.FAILED,
    # A worker that died leaves a running row behind; the next attempt starts it once more.
    (_R.RUNNING, _E.START): _R.RUNNING,
    (_R.RUNNING, _E.SUCCEED): _R.SUCCEEDED,
    (_R.RUNNING, _E.FAIL): _R.FAILED,
    (_R.RUNNING, _E.REFUSE): _R.REFUSED,
    (_R.FAILED, _E.RETRY): _R.QUEUED,
    # Asked again by hand after its job was lost; the use case sees to it that it is old enough.
    (_R.QUEUED, _E.RETRY): _R.QUEUED,
    (_R.RUNNING, _E.RETRY): _R.QUEUED,
    (_R.REFUSED, _E.SUPERSEDE): _R.SUPERSEDED,
    (_R.FAILED, _E.SUPERSEDE): _R.SUPERSEDED,
    (_R.NO_MODEL, _E.SUPERSEDE): _R.SUPERSEDED,
    (_R.SUCCEEDED, _E.SUPERSEDE): _R.SUPERSEDED,
    (_R.SUCCEEDED, _E.WITHDRAW): _R.WITHDRAWN,
    (_R.SUPERSEDED, _E.WITHDRAW): _R.WITHDRAWN,
}


class FindingState(StrEnum):
    """What became of a finding. Only a physician accepts or rejects it."""

    PENDING_DISPLAY = "pending_display"
    DISPLAYED = "displayed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    IGNORED = "ignored"
    WITHDRAWN = "withdrawn"


class FindingEvent(StrEnum):
    """What may happen to a finding."""

    DISPLAY = "display"
    AGREE = "agree"
    REJECT = "reject"
    FINAL_SIGNED = "final_signed"
    WITHDRAW = "withdraw"


_F, _V = FindingState, FindingEvent

FINDING_TRANSITIONS: dict[tuple[FindingState, FindingEvent], FindingState] = {
    (_F.PENDING_DISPLAY, _V.DISPLAY): _F.DISPLAYED,
    (_F.PENDING_DISPLAY, _V.AGREE): _F.ACCEPTED,
    (_F.PENDING_DISPLAY, _V.REJECT): _F.REJECTED,
    (_F.PENDING_DISPLAY, _V.FINAL_SIGNED): _F.IGNORED,
    (_F.DISPLAYED, _V.DISPLAY): _F.DISPLAYED,
    (_F.DISPLAYED, _V.AGREE): _F.ACCEPTED,
    (_F.DISPLAYED, _V.REJECT): _F.REJECTED,
    (_F.DISPLAYED, _V.FINAL_SIGNED): _F.IGNORED,
    (_F.ACCEPTED, _V.DISPLAY): _F.ACCEPTED,
    (_F.ACCEPTED, _V.REJECT): _F.REJECTED,
    (_F.ACCEPTED, _V.FINAL_SIGNED): _F.ACCEPTED,
    (_F.REJECTED, _V.DISPLAY): _F.REJECTED,
    (_F.REJECTED, _V.AGREE): _F.ACCEPTED,
    (_F.REJECTED, _V.FINAL_SIGNED): _F.REJECTED,
    (_F.IGNORED, _V.DISPLAY): _F.IGNORED,
    (_F.IGNORED, _V.FINAL_SIGNED): _F.IGNORED,
    **{(state, _V.WITHDRAW): _F.WITHDRAWN for state in FindingState},
}


def next_run_state(state: RunState, event: RunEvent) -> RunState:
    """Return where the event leads, or raise InvalidTransition when the table has no such line."""
    to = RUN_TRANSITIONS.get((state, event))
    if to is None:
        raise InvalidTransition(f"A run that is {state} does not allow {event}.")
    return to


def next_finding_state(state: FindingState, event: FindingEvent) -> FindingState:
    """Return where the event leads, or raise InvalidTransition when the table has no such line."""
    to = FINDING_TRANSITIONS.get((state, event))
    if to is None:
        raise InvalidTransition(f"A finding that is {state} does not allow {event}.")
    return to


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run. `reason` says why it failed, was refused or found no model: a machine word.

    `probabilities` holds every output of the model by label, those under the threshold too.
    `input_digest` is a SHA-256 over the UIDs of the instances that were given to the model.
    """

    run_id: UUID
    study_uid: str
    model_name: str
    model_version: str
    model_sha256: str
    engine: str
    input_digest: str
    state: RunState
    reason: str
    probabilities: dict[str, float]
    requested_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    inference_ms: int | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a model points at: `region` is a closed polygon of (column, row) in pixels of the frame, or None.

    `critical` means that the finding counts for urgency; `titles` is its name by language.
    """

    finding_id: UUID
    run_id: UUID
    study_uid: str
    label: str
    titles: dict[str, str]
    probability: float
    threshold: float
    critical: bool
    region: tuple[Point, ...] | None
    sop_instance_uid: str
    frame: int
    model: str
    status: FindingState
    judged_by: str
    judged_at: datetime | None
    version: int
