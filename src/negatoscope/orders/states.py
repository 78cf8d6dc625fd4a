"""The state machines of orders, scheduled steps and performed steps: tables, and one function that reads them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Generic, TypeVar

from negatoscope.platform.errors import InvalidInput, InvalidTransition


class Party(StrEnum):
    """Who makes something happen."""

    FEED = "feed"
    SECRETARY = "secretary"
    REFERRER = "referrer"
    RADIOGRAPHER = "radiographer"
    RADIOLOGIST = "radiologist"
    MODALITY = "modality"
    SYSTEM = "system"


class Guard(StrEnum):
    """What must hold besides the state."""

    REASON = "reason"
    ALL_STEPS_ENDED = "all_steps_ended"
    ALL_STEPS_UNSTARTED = "all_steps_unstarted"


class Effect(StrEnum):
    """What comes with a transition, in the same transaction."""

    CANCEL_STEPS = "cancel_steps"
    DISCONTINUE_STEPS = "discontinue_steps"


class OrderState(StrEnum):
    """Where an order stands."""

    RECEIVED = "received"
    ACCEPTED = "accepted"
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    REPORTED = "reported"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    DISCONTINUED = "discontinued"
    ON_HOLD = "on_hold"


class OrderEvent(StrEnum):
    """What can happen to an order."""

    ACCEPT = "accept"
    REFUSE = "refuse"
    BOOK = "book"
    CHANGE = "change"
    HOLD = "hold"
    RELEASE = "release"
    CANCEL = "cancel"
    START = "start"
    DISCONTINUE = "discontinue"
    COMPLETE = "complete"
    REPORT_SIGNED = "report_signed"


class StepState(StrEnum):
    """Where a scheduled step stands: the defined terms of (0040,0020), and how it ended."""

    SCHEDULED = "SCHEDULED"
    ARRIVED = "ARRIVED"
    READY = "READY"
    STARTED = "STARTED"
    COMPLETED = "COMPLETED"
    CANCELED = "CANCELED"
    DISCONTINUED = "DISCONTINUED"


class StepEvent(StrEnum):
    """What can happen to a scheduled step."""

    CHECK_IN = "check_in"
    MAKE_READY = "make_ready"
    START = "start"
    COMPLETE = "complete"
    DISCONTINUE = "discontinue"
    REDO = "redo"
    CHANGE = "change"
    CANCEL = "cancel"


class PerformedState(StrEnum):
    """Performed Procedure Step Status (0040,0252)."""

    IN_PROGRESS = "IN PROGRESS"
    COMPLETED = "COMPLETED"
    DISCONTINUED = "DISCONTINUED"


class PerformedEvent(StrEnum):
    """What an N-SET does to a performed step."""

    UPDATE = "update"
    COMPLETE = "complete"
    DISCONTINUE = "discontinue"


S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Transition(Generic[S, E]):
    """One row: in one of `sources`, `event` by one of `parties` leads to `target` (None: the state stays)."""

    sources: frozenset[S]
    event: E
    parties: frozenset[Party]
    target: S | None
    guard: Guard | None = None
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the guards look at."""

    reason: str | None = None
    all_steps_ended: bool = False
    all_steps_unstarted: bool = True


@dataclass(frozen=True, slots=True)
class Step(Generic[S]):
    """What to do: the state to write, and what comes with it."""

    target: S
    effects: tuple[Effect, ...]


Table = Mapping[tuple[S, E], Transition[S, E]]

_O, _OE, _S, _SE, _P, _PE = OrderState, OrderEvent, StepState, StepEvent, PerformedState, PerformedEvent
_WAITING = frozenset({_O.RECEIVED, _O.ACCEPTED, _O.SCHEDULED})
_UNSTARTED = frozenset({_S.SCHEDULED, _S.ARRIVED, _S.READY})
_PEOPLE_AND_FEED = frozenset({Party.FEED, Party.REFERRER, Party.SECRETARY, Party.RADIOLOGIST})

# The system accepts under the department's standing protocol; what a rule holds back waits for a radiologist.
_ORDER_ROWS: tuple[Transition[OrderState, OrderEvent], ...] = (
    Transition(
        frozenset({_O.RECEIVED}),
        _OE.ACCEPT,
        frozenset({Party.RADIOLOGIST, Party.RADIOGRAPHER, Party.SYSTEM}),
        _O.ACCEPTED,
    ),
    Transition(
        frozenset({_O.RECEIVED, _O.ACCEPTED}),
        _OE.REFUSE,
        frozenset({Party.RADIOLOGIST}),
        _O.REJECTED,
        Guard.REASON,
        (Effect.CANCEL_STEPS,),
    ),
    Transition(frozenset({_O.ACCEPTED}), _OE.BOOK, frozenset({Party.SECRETARY, Party.SYSTEM}), _O.SCHEDULED),
    Transition(
        _WAITING,
        _OE.CHANGE,
        frozenset({Party.FEED, Party.SECRETARY, Party.RADIOGRAPHER}),
        None,
        Guard.ALL_STEPS_UNSTARTED,
    ),
    Transition(_WAITING, _OE.HOLD, frozenset({Party.FEED, Party.SECRETARY}), _O.ON_HOLD, Guard.ALL_STEPS_UNSTARTED),
    Transition(frozenset({_O.ON_HOLD}), _OE.RELEASE, frozenset({Party.FEED, Party.SECRETARY}), _O.ACCEPTED),
    Transition(
        _WAITING | {_O.ON_HOLD},
        _OE.CANCEL,
        _PEOPLE_AND_FEED,
        _O.CANCELLED,
        Guard.ALL_STEPS_UNSTARTED,
        (Effect.CANCEL_STEPS,),
    ),
    Transition(_WAITING, _OE.START, frozenset({Party.MODALITY, Party.RADIOGRAPHER, Party.SYSTEM}), _O.IN_PROGRESS),
    Transition(
        frozenset({_O.IN_PROGRESS}),
        _OE.DISCONTINUE,
        frozenset({Party.FEED, Party.MODALITY, Party.RADIOGRAPHER}),
        _O.DISCONTINUED,
        Guard.REASON,
        (Effect.DISCONTINUE_STEPS,),
    ),
    Transition(
        frozenset({_O.IN_PROGRESS}),
        _OE.COMPLETE,
        frozenset({Party.MODALITY, Party.RADIOGRAPHER, Party.SYSTEM}),
        _O.COMPLETED,
        Guard.ALL_STEPS_ENDED,
    ),
    # A report may be signed before the modality closes its step.
    Transition(frozenset({_O.IN_PROGRESS, _O.COMPLETED}), _OE.REPORT_SIGNED, frozenset({Party.SYSTEM}), _O.REPORTED),
)

_STEP_ROWS: tuple[Transition[StepState, StepEvent], ...] = (
    Transition(frozenset({_S.SCHEDULED}), _SE.CHECK_IN, frozenset({Party.SECRETARY, Party.RADIOGRAPHER}), _S.ARRIVED),
    Transition(frozenset({_S.ARRIVED}), _SE.MAKE_READY, frozenset({Party.RADIOGRAPHER}), _S.READY),
    Transition(_UNSTARTED, _SE.START, frozenset({Party.MODALITY, Party.RADIOGRAPHER, Party.SYSTEM}), _S.STARTED),
    Transition(
        frozenset({_S.STARTED}),
        _SE.COMPLETE,
        frozenset({Party.MODALITY, Party.RADIOGRAPHER, Party.SYSTEM}),
        _S.COMPLETED,
    ),
    Transition(
        frozenset({_S.STARTED}),
        _SE.DISCONTINUE,
        frozenset({Party.MODALITY, Party.RADIOGRAPHER, Party.FEED}),
        _S.DISCONTINUED,
        Guard.REASON,
    ),
    Transition(frozenset({_S.STARTED}), _SE.REDO, frozenset({Party.RADIOGRAPHER}), _S.READY, Guard.REASON),
    Transition(_UNSTARTED, _SE.CHANGE, frozenset({Party.FEED, Party.SECRETARY, Party.RADIOGRAPHER}), None),
    Transition(_UNSTARTED | {_S.STARTED}, _SE.CANCEL, frozenset({Party.SYSTEM}), _S.CANCELED),
)

_PERFORMED_ROWS: tuple[Transition[PerformedState, PerformedEvent], ...] = (
    Transition(frozenset({_P.IN_PROGRESS}), _PE.UPDATE, frozenset({Party.MODALITY}), _P.IN_PROGRESS),
    Transition(frozenset({_P.IN_PROGRESS}), _PE.COMPLETE, frozenset({Party.MODALITY}), _P.COMPLETED),
    Transition(frozenset({_P.IN_PROGRESS}), _PE.DISCONTINUE, frozenset({Party.MODALITY}), _P.DISCONTINUED),
)


def _index(rows: tuple[Transition[S, E], ...]) -> Table[S, E]:
    table: dict[tuple[S, E], Transition[S, E]] = {}
    for row in rows:
        for source in row.sources:
            if (source, row.event) in table:
                raise AssertionError(f"two rows for {source} and {row.event}")
            table[source, row.event] = row
    return MappingProxyType(table)


ORDER_TABLE = _index(_ORDER_ROWS)
STEP_TABLE = _index(_STEP_ROWS)
PERFORMED_TABLE = _index(_PERFORMED_ROWS)

ENDED_STEPS = frozenset({_S.COMPLETED, _S.CANCELED, _S.DISCONTINUED})
UNSTARTED_STEPS = _UNSTARTED
ENDED_ORDERS = frozenset({_O.COMPLETED, _O.REPORTED, _O.REJECTED, _O.CANCELLED, _O.DISCONTINUED})


def advance(table: Table[S, E], state: S, event: E, party: Party, facts: Facts | None = None) -> Step[S]:
    """Return what the table says, or raise InvalidTransition; InvalidInput where only the reason is missing."""
    row = table.get((state, event))
    if row is None or party not in row.parties:
        raise InvalidTransition("This is not possible in the present state.")
    facts = facts or Facts()
    if row.guard is Guard.REASON and not (facts.reason or "").strip():
        raise InvalidInput("Give a reason.", field="reason", reason="reason_missing")
    if (row.guard is Guard.ALL_STEPS_ENDED and not facts.all_steps_ended) or (
        row.guard is Guard.ALL_STEPS_UNSTARTED and not facts.all_steps_unstarted
    ):
        raise InvalidTransition("This is not possible while a step is under way or done.")
    return Step(row.target if row.target is not None else state, row.effects)
