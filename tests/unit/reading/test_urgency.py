"""The score adds up, only the models' good news is ignored, and nobody waits for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from negatoscope.orders.model import Origin, Priority
from negatoscope.reading.urgency import (
    AiOutcome,
    AiSignal,
    Band,
    Urgency,
    UrgencyInputs,
    score,
    target,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

signals = st.builds(
    AiSignal,
    outcome=st.sampled_from(AiOutcome),
    label=st.none() | st.sampled_from(["pneumothorax", "effusion"]),
    probability=st.none() | st.floats(0, 1),
    counts=st.booleans(),
)
inputs = st.builds(
    UrgencyInputs,
    available_at=st.timedeltas(timedelta(days=-1), timedelta(days=30)).map(lambda age: NOON - age),
    priority=st.sampled_from(Priority),
    origin=st.sampled_from(Origin),
    ai=signals,
    manual_points=st.integers(-40, 40),
)


def place(urgency: Urgency) -> tuple[int, float]:
    """Return the place on the list: the smaller, the earlier."""
    return urgency.band, -urgency.rank


@given(inputs)
def test_total_is_the_sum_of_the_points(given_inputs: UrgencyInputs) -> None:
    urgency = score(given_inputs, NOON)
    assert urgency.total == sum(component.points for component in urgency.components)
    assert [component.name for component in urgency.components] == ["order", "origin", "ai", "waiting", "manual"]


@given(inputs)
def test_ai_never_lowers_a_study(given_inputs: UrgencyInputs) -> None:
    without = score(replace(given_inputs, ai=AiSignal()), NOON)
    urgency = score(given_inputs, NOON)
    assert urgency.total >= without.total
    assert place(urgency) <= place(without)


@given(inputs, st.sampled_from([outcome for outcome in AiOutcome if outcome is not AiOutcome.SUCCEEDED]))
def test_ai_without_a_result_is_worth_nothing_and_leaves_a_neutral_component(
    given_inputs: UrgencyInputs, outcome: AiOutcome
) -> None:
    component = score(replace(given_inputs, ai=AiSignal(outcome=outcome)), NOON).components[2]
    assert (component.name, component.points, component.detail) == ("ai", 0, outcome.value)


@given(inputs, st.timedeltas(timedelta(), timedelta(days=30)))
def test_waiting_longer_never_lowers_a_study(given_inputs: UrgencyInputs, longer: timedelta) -> None:
    assert place(score(given_inputs, NOON + longer)) <= place(score(given_inputs, NOON))


@given(inputs)
def test_manual_points_are_bounded(given_inputs: UrgencyInputs) -> None:
    assert -15 <= score(given_inputs, NOON).components[4].points <= 15


def test_points_are_those_of_the_published_example() -> None:
    urgency = score(
        UrgencyInputs(
            available_at=NOON - timedelta(minutes=45),
            origin=Origin.EMERGENCY,
            ai=AiSignal(outcome=AiOutcome.SUCCEEDED, label="pneumothorax", probability=0.91, counts=True),
        ),
        NOON,
    )
    assert [component.points for component in urgency.components] == [0, 20, 32, 11, 0]
    assert urgency.total == 63
    assert urgency.band is Band.CRITICAL


def test_study_past_its_target_stands_above_a_fuller_score() -> None:
    late = score(UrgencyInputs(available_at=NOON - timedelta(hours=25)), NOON)
    fresh = score(UrgencyInputs(available_at=NOON, priority=Priority.URGENT, origin=Origin.EMERGENCY), NOON)
    assert late.total < fresh.total
    assert place(late) < place(fresh)


def test_overdue_study_stays_below_a_stat_study() -> None:
    late = score(UrgencyInputs(available_at=NOON - timedelta(days=9)), NOON)
    stat = score(UrgencyInputs(available_at=NOON, priority=Priority.STAT), NOON)
    assert place(stat) < place(late)


def test_stat_target_is_never_longer_than_that_of_the_origin() -> None:
    assert target(Priority.STAT, Origin.OUTPATIENT) == timedelta(minutes=60)
    assert target(Priority.ROUTINE, Origin.INPATIENT) == timedelta(hours=6)
