"""How long a study is kept, and the steps by which it goes."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatoscope.archive.retention.model import (
    ERASURE_TABLE,
    ErasureEvent,
    ErasureState,
    RetentionRule,
    next_erasure_state,
    years_after,
)
from negatoscope.platform.errors import InvalidTransition


@given(passage=st.dates(date(1950, 1, 1), date(2050, 1, 1)), born=st.none() | st.dates(date(1900, 1, 1), date(2050, 1, 1)))
def test_rule_keeps_twenty_years_and_until_twenty_eight(passage: date, born: date | None) -> None:
    due = RetentionRule(years=20, age=28).due_on(passage, born)
    assert due >= years_after(passage, 20)
    if born is not None:
        assert due >= years_after(born, 28)
    assert due in {years_after(passage, 20), years_after(born, 28) if born else None}


def test_leap_day_falls_on_the_first_of_march() -> None:
    assert years_after(date(2004, 2, 29), 21) == date(2025, 3, 1)
    assert years_after(date(2004, 2, 29), 20) == date(2024, 2, 29)


@pytest.mark.parametrize("state", ErasureState)
@pytest.mark.parametrize("event", ErasureEvent)
def test_erasure_takes_only_the_steps_of_its_table(state: ErasureState, event: ErasureEvent) -> None:
    if (state, event) in ERASURE_TABLE:
        assert next_erasure_state(state, event) is ERASURE_TABLE[state, event]
    else:
        with pytest.raises(InvalidTransition):
            next_erasure_state(state, event)
