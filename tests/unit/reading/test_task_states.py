"""The whole product of states and events of a reading task."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatoscope.platform.errors import InvalidTransition
from negatoscope.reading.model import OPEN_STATES, READ_STATES, TRANSITIONS, By, TaskEvent, TaskState, next_state

# Written out a second time, as a radiologist would say it, so that the table cannot change alone.
ALLOWED = {
    "unassigned": "claim hold draft_saved signed_preliminary signed_final",
    "claimed": "renew release lease_expired take_over hold draft_saved signed_preliminary signed_final",
    "draft": "take_over hold draft_saved signed_preliminary signed_final",
    "preliminary": "take_over draft_saved signed_preliminary signed_final",
    "on_hold": "resume draft_saved signed_preliminary signed_final",
    "final": "addendum_saved addendum_signed new_images",
    "addendum_draft": "addendum_saved addendum_signed first_addendum_withdrawn later_addendum_withdrawn take_over new_images",
    "addended": "addendum_saved addendum_signed new_images",
}


@pytest.mark.parametrize(("state", "event"), list(product(TaskState, TaskEvent)))
def test_table_allows_exactly_what_was_agreed(state: TaskState, event: TaskEvent) -> None:
    if event.value in ALLOWED[state.value].split():
        assert next_state(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(InvalidTransition):
            next_state(state, event)


@given(st.sampled_from(sorted(READ_STATES)), st.lists(st.sampled_from(TaskEvent)))
def test_read_study_never_goes_back_among_the_unread(state: TaskState, events: list[TaskEvent]) -> None:
    for event in events:
        if (state, event) in TRANSITIONS:
            state = next_state(state, event).to
    assert state in READ_STATES


def test_only_a_signature_leaves_the_open_states() -> None:
    leaving = {event for (state, event), to in TRANSITIONS.items() if state in OPEN_STATES and to.to in READ_STATES}
    assert leaving == {TaskEvent.SIGNED_FINAL}


def test_people_never_cause_what_the_report_causes() -> None:
    of_report = {
        TaskEvent.DRAFT_SAVED,
        TaskEvent.SIGNED_PRELIMINARY,
        TaskEvent.SIGNED_FINAL,
        TaskEvent.ADDENDUM_SAVED,
        TaskEvent.ADDENDUM_SIGNED,
        TaskEvent.FIRST_ADDENDUM_WITHDRAWN,
        TaskEvent.LATER_ADDENDUM_WITHDRAWN,
        TaskEvent.NEW_IMAGES,
        TaskEvent.LEASE_EXPIRED,
    }
    assert {event for (_, event), to in TRANSITIONS.items() if to.by is By.SYSTEM} == of_report
