"""The whole product of states, events, parties and facts: what is not in the tables is refused."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatoscope.orders.states import (
    ENDED_ORDERS,
    ENDED_STEPS,
    ORDER_TABLE,
    PERFORMED_TABLE,
    STEP_TABLE,
    Facts,
    OrderEvent,
    OrderState,
    Party,
    PerformedEvent,
    PerformedState,
    StepEvent,
    StepState,
    advance,
)
from negatoscope.platform.errors import InvalidInput, InvalidTransition

O, OE, P = OrderState, OrderEvent, Party  # noqa: E741 - the table below is read in columns

# What the department does, said a second time by hand: (from, event, to) for whoever is named.
EXPECTED_ORDERS = {
    (O.RECEIVED, OE.ACCEPT, O.ACCEPTED): {P.RADIOLOGIST, P.RADIOGRAPHER, P.SYSTEM},
    (O.RECEIVED, OE.REFUSE, O.REJECTED): {P.RADIOLOGIST},
    (O.ACCEPTED, OE.REFUSE, O.REJECTED): {P.RADIOLOGIST},
    (O.ACCEPTED, OE.BOOK, O.SCHEDULED): {P.SECRETARY, P.SYSTEM},
    (O.ON_HOLD, OE.RELEASE, O.ACCEPTED): {P.FEED, P.SECRETARY},
    (O.ON_HOLD, OE.CANCEL, O.CANCELLED): {P.FEED, P.REFERRER, P.SECRETARY, P.RADIOLOGIST},
    (O.IN_PROGRESS, OE.DISCONTINUE, O.DISCONTINUED): {P.FEED, P.MODALITY, P.RADIOGRAPHER},
    (O.IN_PROGRESS, OE.COMPLETE, O.COMPLETED): {P.MODALITY, P.RADIOGRAPHER, P.SYSTEM},
    (O.IN_PROGRESS, OE.REPORT_SIGNED, O.REPORTED): {P.SYSTEM},
    (O.COMPLETED, OE.REPORT_SIGNED, O.REPORTED): {P.SYSTEM},
    **{
        (state, event, target): parties
        for state in (O.RECEIVED, O.ACCEPTED, O.SCHEDULED)
        for event, target, parties in (
            (OE.CHANGE, state, {P.FEED, P.SECRETARY, P.RADIOGRAPHER}),
            (OE.HOLD, O.ON_HOLD, {P.FEED, P.SECRETARY}),
            (OE.CANCEL, O.CANCELLED, {P.FEED, P.REFERRER, P.SECRETARY, P.RADIOLOGIST}),
            (OE.START, O.IN_PROGRESS, {P.MODALITY, P.RADIOGRAPHER, P.SYSTEM}),
        )
    },
}
FACTS = [
    Facts(reason=reason, all_steps_ended=ended, all_steps_unstarted=unstarted)
    for reason, ended, unstarted in product((None, " ", "broken tube"), (False, True), (False, True))
]


@pytest.mark.parametrize(("state", "event", "party"), list(product(OrderState, OrderEvent, Party)))
def test_an_order_moves_as_expected_and_no_other_way(state: OrderState, event: OrderEvent, party: Party) -> None:
    targets = {
        target
        for (source, happens, target), parties in EXPECTED_ORDERS.items()
        if (source, happens) == (state, event) and party in parties
    }
    for facts in FACTS:
        step_in_the_way = (event in (OE.CHANGE, OE.HOLD, OE.CANCEL) and not facts.all_steps_unstarted) or (
            event is OE.COMPLETE and not facts.all_steps_ended
        )
        if not targets or step_in_the_way:
            with pytest.raises(InvalidTransition):
                advance(ORDER_TABLE, state, event, party, facts)
        elif event in (OE.REFUSE, OE.DISCONTINUE) and facts.reason != "broken tube":
            with pytest.raises(InvalidInput):
                advance(ORDER_TABLE, state, event, party, facts)
        else:
            assert {advance(ORDER_TABLE, state, event, party, facts).target} == targets


S, SE = StepState, StepEvent
UNSTARTED = (S.SCHEDULED, S.ARRIVED, S.READY)
EXPECTED_STEPS = {
    (S.SCHEDULED, SE.CHECK_IN): (S.ARRIVED, {P.SECRETARY, P.RADIOGRAPHER}),
    (S.ARRIVED, SE.MAKE_READY): (S.READY, {P.RADIOGRAPHER}),
    (S.STARTED, SE.COMPLETE): (S.COMPLETED, {P.MODALITY, P.RADIOGRAPHER, P.SYSTEM}),
    (S.STARTED, SE.DISCONTINUE): (S.DISCONTINUED, {P.MODALITY, P.RADIOGRAPHER, P.FEED}),
    (S.STARTED, SE.REDO): (S.READY, {P.RADIOGRAPHER}),
    (S.STARTED, SE.CANCEL): (S.CANCELED, {P.SYSTEM}),
    **{(state, SE.START): (S.STARTED, {P.MODALITY, P.RADIOGRAPHER, P.SYSTEM}) for state in UNSTARTED},
    **{(state, SE.CHANGE): (state, {P.FEED, P.SECRETARY, P.RADIOGRAPHER}) for state in UNSTARTED},
    **{(state, SE.CANCEL): (S.CANCELED, {P.SYSTEM}) for state in UNSTARTED},
}


@pytest.mark.parametrize(("state", "event", "party"), list(product(StepState, StepEvent, Party)))
def test_a_step_moves_as_expected_and_no_other_way(state: StepState, event: StepEvent, party: Party) -> None:
    target, parties = EXPECTED_STEPS.get((state, event), (None, set()))
    facts = Facts(reason="broken tube")
    if target is None or party not in parties:
        with pytest.raises(InvalidTransition):
            advance(STEP_TABLE, state, event, party, facts)
    else:
        assert advance(STEP_TABLE, state, event, party, facts).target is target
        if event in (SE.DISCONTINUE, SE.REDO):
            with pytest.raises(InvalidInput):
                advance(STEP_TABLE, state, event, party)


@pytest.mark.parametrize(("state", "event", "party"), list(product(PerformedState, PerformedEvent, Party)))
def test_a_final_performed_step_never_changes(state: PerformedState, event: PerformedEvent, party: Party) -> None:
    if state is PerformedState.IN_PROGRESS and party is Party.MODALITY:
        reached = advance(PERFORMED_TABLE, state, event, party).target
        assert reached.value == {"update": "IN PROGRESS", "complete": "COMPLETED", "discontinue": "DISCONTINUED"}[event]
    else:
        with pytest.raises(InvalidTransition):
            advance(PERFORMED_TABLE, state, event, party)


@given(st.lists(st.tuples(st.sampled_from(OrderEvent), st.sampled_from(Party)), max_size=25))
def test_no_ended_order_ever_leaves_its_end_except_to_be_reported(history: list[tuple[OrderEvent, Party]]) -> None:
    state = OrderState.RECEIVED
    for event, party in history:
        before = state
        try:
            state = advance(
                ORDER_TABLE, state, event, party, Facts(reason="why", all_steps_ended=True, all_steps_unstarted=True)
            ).target
        except InvalidTransition:
            continue
        if before in ENDED_ORDERS:
            assert (before, state) == (OrderState.COMPLETED, OrderState.REPORTED)


def test_ended_steps_are_those_that_nothing_leaves() -> None:
    leaving = {source for source, _ in STEP_TABLE}
    assert set(StepState) - leaving == set(ENDED_STEPS)
