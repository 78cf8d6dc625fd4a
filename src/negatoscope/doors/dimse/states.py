"""The acceptor's half of the upper layer state machine, as a table (PS3.8 section 9.2, table 9-10)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final


class State(Enum):
    """The states an acceptor can be in, with their number in PS3.8 table 9-10."""

    IDLE = "Sta1"
    AWAITING_REQUEST = "Sta2"
    AWAITING_DECISION = "Sta3"
    ESTABLISHED = "Sta6"
    AWAITING_RELEASE_ANSWER = "Sta8"
    AWAITING_CLOSE = "Sta13"


class Event(Enum):
    """What can happen: on the wire, on our side, on the clock."""

    CONNECTED = "transport connection indication"
    REQUEST_ARRIVED = "A-ASSOCIATE-RQ received"
    ACCEPT_ARRIVED = "A-ASSOCIATE-AC received"
    REJECT_ARRIVED = "A-ASSOCIATE-RJ received"
    DATA_ARRIVED = "P-DATA-TF received"
    RELEASE_ARRIVED = "A-RELEASE-RQ received"
    RELEASE_ANSWER_ARRIVED = "A-RELEASE-RP received"
    ABORT_ARRIVED = "A-ABORT received"
    INVALID_ARRIVED = "unrecognized or invalid PDU received"
    CLOSED = "transport connection closed"
    WE_ACCEPT = "A-ASSOCIATE response primitive (accept)"
    WE_REJECT = "A-ASSOCIATE response primitive (reject)"
    WE_SEND = "P-DATA request primitive"
    WE_ANSWER_RELEASE = "A-RELEASE response primitive"
    WE_ABORT = "A-ABORT request primitive"
    TIME_IS_UP = "ARTIM or a deadline expired"


class Action(Enum):
    """What is done about it, with its name in PS3.8 tables 9-6 to 9-9."""

    START_ARTIM = "AE-5"
    DECIDE = "AE-6"
    SEND_ACCEPT = "AE-7"
    SEND_REJECT = "AE-8"
    SEND_DATA = "DT-1"
    TAKE_DATA = "DT-2"
    STOP_SERVICES = "AR-2"
    SEND_RELEASE_ANSWER = "AR-4"
    FORGET_CLOSED = "AR-5"
    SEND_LAST_DATA = "AR-7"
    SEND_ABORT = "AA-1"
    CLOSE = "AA-2"
    FORGET = "AA-5"
    IGNORE = "AA-6"
    STOP_AND_CLOSE = "AA-3"
    STOP_CLOSED = "AA-4"
    SEND_ABORT_AGAIN = "AA-7"
    ABORT_AS_PROVIDER = "AA-8"


@dataclass(frozen=True, slots=True)
class Transition:
    """The state that follows and what is done on the way."""

    state: State
    action: Action


_CLOSE_WAIT: Final = State.AWAITING_CLOSE
_UNEXPECTED: Final = (
    Event.REQUEST_ARRIVED,
    Event.ACCEPT_ARRIVED,
    Event.REJECT_ARRIVED,
    Event.DATA_ARRIVED,
    Event.RELEASE_ARRIVED,
    Event.RELEASE_ANSWER_ARRIVED,
    Event.INVALID_ARRIVED,
)


def _awaiting_request() -> dict[tuple[State, Event], Transition]:
    state = State.AWAITING_REQUEST
    table = {(state, event): Transition(_CLOSE_WAIT, Action.SEND_ABORT) for event in _UNEXPECTED}
    table[state, Event.REQUEST_ARRIVED] = Transition(State.AWAITING_DECISION, Action.DECIDE)
    table[state, Event.ABORT_ARRIVED] = Transition(State.IDLE, Action.CLOSE)
    table[state, Event.CLOSED] = Transition(State.IDLE, Action.FORGET)
    table[state, Event.TIME_IS_UP] = Transition(State.IDLE, Action.CLOSE)
    table[state, Event.WE_ABORT] = Transition(State.IDLE, Action.CLOSE)
    return table


def _in_association(state: State) -> dict[tuple[State, Event], Transition]:
    table = {(state, event): Transition(_CLOSE_WAIT, Action.ABORT_AS_PROVIDER) for event in _UNEXPECTED}
    table[state, Event.ABORT_ARRIVED] = Transition(State.IDLE, Action.STOP_AND_CLOSE)
    table[state, Event.CLOSED] = Transition(State.IDLE, Action.STOP_CLOSED)
    table[state, Event.WE_ABORT] = Transition(_CLOSE_WAIT, Action.SEND_ABORT)
    table[state, Event.TIME_IS_UP] = Transition(_CLOSE_WAIT, Action.ABORT_AS_PROVIDER)
    return table


def _awaiting_close() -> dict[tuple[State, Event], Transition]:
    state = State.AWAITING_CLOSE
    table = {(state, event): Transition(state, Action.IGNORE) for event in _UNEXPECTED}
    table[state, Event.REQUEST_ARRIVED] = Transition(state, Action.SEND_ABORT_AGAIN)
    table[state, Event.INVALID_ARRIVED] = Transition(state, Action.SEND_ABORT_AGAIN)
    table[state, Event.ABORT_ARRIVED] = Transition(State.IDLE, Action.CLOSE)
    table[state, Event.CLOSED] = Transition(State.IDLE, Action.FORGET_CLOSED)
    table[state, Event.TIME_IS_UP] = Transition(State.IDLE, Action.CLOSE)
    table[state, Event.WE_ABORT] = Transition(state, Action.IGNORE)
    return table


TRANSITIONS: Final[Mapping[tuple[State, Event], Transition]] = MappingProxyType({
    (State.IDLE, Event.CONNECTED): Transition(State.AWAITING_REQUEST, Action.START_ARTIM),
    **_awaiting_request(),
    **_in_association(State.AWAITING_DECISION),
    (State.AWAITING_DECISION, Event.WE_ACCEPT): Transition(State.ESTABLISHED, Action.SEND_ACCEPT),
    (State.AWAITING_DECISION, Event.WE_REJECT): Transition(_CLOSE_WAIT, Action.SEND_REJECT),
    **_in_association(State.ESTABLISHED),
    (State.ESTABLISHED, Event.DATA_ARRIVED): Transition(State.ESTABLISHED, Action.TAKE_DATA),
    (State.ESTABLISHED, Event.WE_SEND): Transition(State.ESTABLISHED, Action.SEND_DATA),
    (State.ESTABLISHED, Event.RELEASE_ARRIVED): Transition(State.AWAITING_RELEASE_ANSWER, Action.STOP_SERVICES),
    **_in_association(State.AWAITING_RELEASE_ANSWER),
    (State.AWAITING_RELEASE_ANSWER, Event.WE_SEND): Transition(State.AWAITING_RELEASE_ANSWER, Action.SEND_LAST_DATA),
    (State.AWAITING_RELEASE_ANSWER, Event.WE_ANSWER_RELEASE): Transition(_CLOSE_WAIT, Action.SEND_RELEASE_ANSWER),
    **_awaiting_close(),
})  # fmt: skip


def next_transition(state: State, event: Event) -> Transition | None:
    """Return the transition, or None: then nothing may change (an event of ours that has no place in this state)."""
    return TRANSITIONS.get((state, event))
