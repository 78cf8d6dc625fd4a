"""The states of a workitem: the whole product against the grid of the standard, and no way out of a final state."""

from __future__ import annotations

from itertools import product

import pytest

from negatoscope.orders.workitems.model import (
    FINAL_STATES,
    TABLE,
    Cell,
    WorkitemEvent,
    WorkitemState,
    advance,
)
from negatoscope.orders.workitems.refusals import Notice, Reason
from negatoscope.platform.errors import NegatoscopeError

# PS3.4 Table CC.1.1-2, typed from the standard: no such instance, SCHEDULED, IN PROGRESS, COMPLETED, CANCELED.
# A letter is a success: s scheduled, p in progress, c completed if the requirements are met, x canceled, r reported only.
GRID = """
create          s    0111 0111 0111 0111
claim +         C307 p    C302 C300 C300
claim -         C307 C301 C301 C301 C301
schedule +      C307 C303 C303 C303 C303
schedule -      C307 C303 C303 C303 C303
complete +      C307 C310 c    B306 C300
complete -      C307 C301 C301 C301 C301
request_cancel  C307 px   r    C311 B304
cancel +        C307 C310 x    C300 B304
cancel -        C307 C301 C301 C301 C301
"""
CODES = {
    Reason.EXISTS: "0111",
    Reason.UNKNOWN: "C307",
    Reason.FINAL: "C300",
    Reason.WRONG_LOCK: "C301",
    Reason.IN_PROGRESS: "C302",
    Reason.ONLY_CREATED_SCHEDULED: "C303",
    Reason.NOT_IN_PROGRESS: "C310",
    Reason.COMPLETED: "C311",
    Notice.ALREADY_CANCELED: "B304",
    Notice.ALREADY_COMPLETED: "B306",
}
LETTERS = {
    WorkitemState.SCHEDULED: "s",
    WorkitemState.IN_PROGRESS: "p",
    WorkitemState.COMPLETED: "c",
    WorkitemState.CANCELED: "x",
}


def written(cell: Cell) -> str:
    if cell.refusal is not None:
        return CODES[cell.refusal]
    if cell.notice is not None:
        return CODES[cell.notice]
    return "r" if cell.asks_performer else "".join(LETTERS[state] for state in cell.through)


def test_every_cell_is_that_of_the_standard() -> None:
    seen = set()
    for line in GRID.strip().splitlines():
        name, *cells = line.split()
        locks = {"+": (True,), "-": (False,)}.get(cells[0], (True, False))
        cells = cells[-5:]
        for holds_lock, (state, cell) in product(locks, zip((None, *WorkitemState), cells, strict=True)):
            key = (state, WorkitemEvent(name), holds_lock)
            assert written(TABLE[key]) == cell, key
            seen.add(key)
    assert seen == {key for key in TABLE if key[1] is not WorkitemEvent.UPDATE}


def test_the_table_is_the_whole_product() -> None:
    assert set(TABLE) == set(product((None, *WorkitemState), WorkitemEvent, (True, False)))


@pytest.mark.parametrize("state", sorted(FINAL_STATES))
def test_nothing_leads_out_of_a_final_state(state: WorkitemState) -> None:
    assert [key for key, cell in TABLE.items() if key[0] is state and cell.through] == []


def test_only_the_right_lock_ends_a_workitem_in_progress() -> None:
    ends = [key for key, cell in TABLE.items() if key[0] is WorkitemState.IN_PROGRESS and cell.through]
    assert {(event, holds_lock) for _, event, holds_lock in ends} == {
        (WorkitemEvent.COMPLETE, True),
        (WorkitemEvent.CANCEL, True),
    }
    assert all(TABLE[key].needs_final for key in ends)


def test_a_set_needs_the_lock_in_progress_and_none_before() -> None:
    grid = {
        (WorkitemState.SCHEDULED, True): None,
        (WorkitemState.SCHEDULED, False): Reason.NOT_IN_PROGRESS,
        (WorkitemState.IN_PROGRESS, True): None,
        (WorkitemState.IN_PROGRESS, False): Reason.WRONG_LOCK,
        (WorkitemState.COMPLETED, True): Reason.FINAL,
        (WorkitemState.CANCELED, False): Reason.FINAL,
    }
    for (state, holds_lock), refusal in grid.items():
        assert TABLE[state, WorkitemEvent.UPDATE, holds_lock].refusal is refusal


def test_what_is_refused_raises_its_word() -> None:
    for (state, event, holds_lock), cell in TABLE.items():
        if cell.refusal is None:
            assert advance(state, event, holds_lock=holds_lock) is cell
            continue
        with pytest.raises(NegatoscopeError) as refused:
            advance(state, event, holds_lock=holds_lock)
        assert refused.value.reason == cell.refusal.value
