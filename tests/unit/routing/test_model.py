"""Transfers move only as their table says; hours and waits are what they seem."""

from __future__ import annotations

from datetime import time

import pytest

from negatoscope.archive.routing.model import (
    LONGEST_WAIT_S,
    TRANSFER_TABLE,
    Hours,
    TransferEvent,
    TransferState,
    next_transfer_state,
    wait_s,
)
from negatoscope.platform.errors import InvalidTransition


@pytest.mark.parametrize("state", list(TransferState))
@pytest.mark.parametrize("event", list(TransferEvent))
def test_a_transfer_moves_as_the_table_says_and_no_other_way(state: TransferState, event: TransferEvent) -> None:
    if (state, event) in TRANSFER_TABLE:
        assert next_transfer_state(state, event) is TRANSFER_TABLE[state, event]
    else:
        with pytest.raises(InvalidTransition):
            next_transfer_state(state, event)


def test_only_a_person_brings_back_what_is_parked_or_dismissed() -> None:
    for state in (TransferState.PARKED, TransferState.DISMISSED):
        moving = {event for event in TransferEvent if TRANSFER_TABLE.get((state, event), state) is not state}
        assert moving <= {TransferEvent.RETRY, TransferEvent.DISMISS}


@pytest.mark.parametrize(
    ("start", "end", "moment", "expected"),
    [
        (time(8), time(18), time(8), True),
        (time(8), time(18), time(18), False),
        (time(8), time(18), time(7, 59, 59), False),
        (time(22), time(6), time(23), True),
        (time(22), time(6), time(5, 59), True),
        (time(22), time(6), time(6), False),
        (time(22), time(6), time(12), False),
    ],
)
def test_hours_may_go_past_midnight(start: time, end: time, moment: time, expected: bool) -> None:
    assert Hours(start=start, end=end).contains(moment) is expected


def test_waits_grow_and_stay_bounded() -> None:
    waits = [wait_s(attempts) for attempts in range(1, 200)]
    assert waits[:4] == [5.0, 10.0, 20.0, 40.0]
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_WAIT_S
