"""The association table: the whole product of states and events is walked."""

from __future__ import annotations

from itertools import product

import pytest

from negatoscope.doors.dimse.states import TRANSITIONS, Action, Event, State, next_transition

WIRE = {event for event in Event if event.name.endswith("_ARRIVED")} | {Event.CLOSED, Event.TIME_IS_UP}
OURS = {
    (State.IDLE, Event.CONNECTED),
    (State.AWAITING_REQUEST, Event.WE_ABORT),
    (State.AWAITING_DECISION, Event.WE_ACCEPT),
    (State.AWAITING_DECISION, Event.WE_REJECT),
    (State.AWAITING_DECISION, Event.WE_ABORT),
    (State.ESTABLISHED, Event.WE_SEND),
    (State.ESTABLISHED, Event.WE_ABORT),
    (State.AWAITING_RELEASE_ANSWER, Event.WE_SEND),
    (State.AWAITING_RELEASE_ANSWER, Event.WE_ANSWER_RELEASE),
    (State.AWAITING_RELEASE_ANSWER, Event.WE_ABORT),
    (State.AWAITING_CLOSE, Event.WE_ABORT),
}


STANDARD = """
CONNECTED               Sta1:AE-5/Sta2
REQUEST_ARRIVED         Sta2:AE-6/Sta3  Sta3:AA-8/Sta13 Sta6:AA-8/Sta13 Sta8:AA-8/Sta13 Sta13:AA-7/Sta13
ACCEPT_ARRIVED          Sta2:AA-1/Sta13 Sta3:AA-8/Sta13 Sta6:AA-8/Sta13 Sta8:AA-8/Sta13 Sta13:AA-6/Sta13
REJECT_ARRIVED          Sta2:AA-1/Sta13 Sta3:AA-8/Sta13 Sta6:AA-8/Sta13 Sta8:AA-8/Sta13 Sta13:AA-6/Sta13
DATA_ARRIVED            Sta2:AA-1/Sta13 Sta3:AA-8/Sta13 Sta6:DT-2/Sta6  Sta8:AA-8/Sta13 Sta13:AA-6/Sta13
RELEASE_ARRIVED         Sta2:AA-1/Sta13 Sta3:AA-8/Sta13 Sta6:AR-2/Sta8  Sta8:AA-8/Sta13 Sta13:AA-6/Sta13
RELEASE_ANSWER_ARRIVED  Sta2:AA-1/Sta13 Sta3:AA-8/Sta13 Sta6:AA-8/Sta13 Sta8:AA-8/Sta13 Sta13:AA-6/Sta13
ABORT_ARRIVED           Sta2:AA-2/Sta1  Sta3:AA-3/Sta1  Sta6:AA-3/Sta1  Sta8:AA-3/Sta1  Sta13:AA-2/Sta1
INVALID_ARRIVED         Sta2:AA-1/Sta13 Sta3:AA-8/Sta13 Sta6:AA-8/Sta13 Sta8:AA-8/Sta13 Sta13:AA-7/Sta13
CLOSED                  Sta2:AA-5/Sta1  Sta3:AA-4/Sta1  Sta6:AA-4/Sta1  Sta8:AA-4/Sta1  Sta13:AR-5/Sta1
WE_ACCEPT               Sta3:AE-7/Sta6
WE_REJECT               Sta3:AE-8/Sta13
WE_SEND                 Sta6:DT-1/Sta6  Sta8:AR-7/Sta8
WE_ANSWER_RELEASE       Sta8:AR-4/Sta13
WE_ABORT                Sta2:AA-2/Sta1  Sta3:AA-1/Sta13 Sta6:AA-1/Sta13 Sta8:AA-1/Sta13 Sta13:AA-6/Sta13
TIME_IS_UP              Sta2:AA-2/Sta1  Sta3:AA-8/Sta13 Sta6:AA-8/Sta13 Sta8:AA-8/Sta13 Sta13:AA-2/Sta1
"""
"""The acceptor's columns of PS3.8 table 9-10; deadlines beyond ARTIM, and our abort outside an association, are ours."""


def test_the_table_is_that_of_the_standard() -> None:
    told = set()
    for line in STANDARD.split("\n"):
        name, *cells = line.split() or [""]
        told |= {(name, cell) for cell in cells}
    assert told == {
        (event.name, f"{state.value}:{transition.action.value}/{transition.state.value}")
        for (state, event), transition in TRANSITIONS.items()
    }


@pytest.mark.parametrize(("state", "event"), list(product(State, Event)))
def test_every_state_answers_every_event_of_the_wire_and_only_the_listed_events_of_ours(state: State, event: Event) -> None:
    expected = (event in WIRE and state is not State.IDLE) or (state, event) in OURS
    assert (next_transition(state, event) is not None) == expected


@pytest.mark.parametrize("state", [State.AWAITING_REQUEST, State.AWAITING_DECISION, State.AWAITING_CLOSE])
def test_data_are_taken_only_in_an_established_association(state: State) -> None:
    transition = TRANSITIONS[state, Event.DATA_ARRIVED]
    assert transition.action is not Action.TAKE_DATA
    assert transition.state is State.AWAITING_CLOSE


@pytest.mark.parametrize("state", [state for state in State if state is not State.IDLE])
def test_from_every_state_the_end_is_reached_by_close_and_by_time(state: State) -> None:
    assert TRANSITIONS[state, Event.CLOSED].state is State.IDLE
    late = TRANSITIONS[state, Event.TIME_IS_UP].state
    assert late is State.IDLE or TRANSITIONS[late, Event.TIME_IS_UP].state is State.IDLE


def test_nothing_leads_back_into_an_association() -> None:
    for (state, _), transition in TRANSITIONS.items():
        if state is State.AWAITING_CLOSE:
            assert transition.state in {State.AWAITING_CLOSE, State.IDLE}
        if transition.state is State.ESTABLISHED:
            assert state in {State.AWAITING_DECISION, State.ESTABLISHED}
