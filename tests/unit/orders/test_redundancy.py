"""Warnings of repeated examinations: few, specific, and never in the way of an emergency."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatoscope.orders.catalogue import CHEST, LOWER_LIMB, PROCEDURES, SPINE
from negatoscope.orders.model import Laterality, Origin, Priority
from negatoscope.orders.redundancy import Candidate, OrderWarning, Past, blocks, find_redundancies
from negatoscope.orders.states import OrderState

NOW = datetime(2026, 3, 10, 9, tzinfo=UTC)


def a_candidate(
    code: str = "CHEST-PA",
    region: str = CHEST,
    laterality: Laterality | None = None,
    priority: Priority = Priority.ROUTINE,
    origin: Origin = Origin.OUTPATIENT,
) -> Candidate:
    return Candidate(code=code, body_region=region, laterality=laterality, priority=priority, origin=origin)


def a_past(
    state: OrderState,
    *,
    ordered: timedelta = timedelta(hours=1),
    done: timedelta | None = None,
    code: str = "CHEST-PA",
    laterality: Laterality | None = None,
) -> Past:
    return Past(
        code=code,
        laterality=laterality,
        state=state,
        received_at=NOW - ordered,
        done_at=NOW - done if done is not None else None,
    )


@pytest.mark.parametrize("state", list(OrderState))
def test_an_active_order_of_the_last_day_is_a_duplicate(state: OrderState) -> None:
    active = state in {
        OrderState.RECEIVED, OrderState.ACCEPTED, OrderState.SCHEDULED, OrderState.IN_PROGRESS, OrderState.ON_HOLD,
    }  # fmt: skip
    found = find_redundancies(a_candidate(), [a_past(state)], NOW)
    assert (OrderWarning.DUPLICATE_ORDER in found) == active
    late = find_redundancies(a_candidate(), [a_past(state, ordered=timedelta(hours=24, seconds=1))], NOW)
    assert OrderWarning.DUPLICATE_ORDER not in late


@pytest.mark.parametrize(
    ("candidate", "days"),
    [
        (a_candidate(), 7),
        (a_candidate(origin=Origin.INPATIENT), 1),
        (a_candidate("LSPINE-2V", SPINE), 90),
        (a_candidate("PELVIS-AP", PROCEDURES["PELVIS-AP"].body_region), 14),
        (a_candidate("HIP-2V", LOWER_LIMB), 14),
        (a_candidate("KNEE-2V", LOWER_LIMB), 10),
        (a_candidate(origin=Origin.EMERGENCY), 0),
        (a_candidate(origin=Origin.INTENSIVE_CARE), 0),
        (a_candidate("SKULL-2V", "774007"), 0),
    ],
)
def test_the_same_examination_done_lately_is_told_within_its_days(candidate: Candidate, days: int) -> None:
    def told(age: timedelta) -> bool:
        past = a_past(OrderState.REPORTED, ordered=timedelta(days=400), done=age, code=candidate.code)
        return OrderWarning.SAME_EXAMINATION_DONE in find_redundancies(candidate, [past], NOW)

    assert told(timedelta(days=days)) == (days > 0)
    assert not told(timedelta(days=days, seconds=1))


def test_the_other_side_is_another_examination() -> None:
    right = a_past(OrderState.SCHEDULED, code="KNEE-2V", laterality=Laterality.RIGHT)
    assert find_redundancies(a_candidate("KNEE-2V", LOWER_LIMB, Laterality.LEFT), [right], NOW) == ()
    assert find_redundancies(a_candidate("KNEE-2V", LOWER_LIMB, Laterality.RIGHT), [right], NOW) != ()


@given(st.sets(st.sampled_from(OrderWarning)), st.sampled_from(Priority))
def test_only_a_duplicate_that_can_wait_is_held_back(warnings: set[OrderWarning], priority: Priority) -> None:
    held = OrderWarning.DUPLICATE_ORDER in warnings and priority is not Priority.STAT
    assert blocks(warnings, priority) == held
