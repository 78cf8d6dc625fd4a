"""Worklist keys are read as PS3.4 Table K.6-1 says, or refused by name."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from negatoscope.orders.states import StepState
from negatoscope.orders.worklist import WorklistQuery
from negatoscope.orders.worklist_attributes import read_query
from negatoscope.platform.errors import InvalidInput

ZONE = ZoneInfo("Europe/Paris")
AT = datetime(2026, 3, 10, 8, tzinfo=UTC)


def a_query(day: str = "", clock: str = "", **step: str) -> WorklistQuery:
    item = Dataset()
    item.ScheduledProcedureStepStartDate, item.ScheduledProcedureStepStartTime = day, clock
    for keyword, value in step.items():
        setattr(item, keyword, value)
    identifier = Dataset()
    identifier.ScheduledProcedureStepSequence = Sequence([item])
    return read_query(identifier, at=AT, time_zone="Europe/Paris")


def matches(query: WorklistQuery, moment: datetime) -> bool:
    after = query.starts_from is None or moment >= query.starts_from
    before = query.starts_until is None or moment < query.starts_until
    local = moment.astimezone(ZONE).time()
    of_day = query.time_of_day is None or query.time_of_day[0] <= local <= query.time_of_day[1]
    return after and before and of_day


days = st.dates(date(2026, 1, 1), date(2026, 12, 31))
clocks = st.times().map(lambda clock: clock.replace(microsecond=0, tzinfo=None))


@given(days, days, clocks, clocks, days, clocks)
def test_date_and_time_ranges_are_one_range_of_moments(
    first: date, last: date, start: time, end: time, day: date, clock: time
) -> None:
    query = a_query(f"{first:%Y%m%d}-{last:%Y%m%d}", f"{start:%H%M%S}-{end:%H%M%S}")
    moment = datetime.combine(day, clock, ZONE)
    assert query.time_of_day is None
    low, high = datetime.combine(first, start, ZONE), datetime.combine(last, end, ZONE) + timedelta(seconds=1)
    assert matches(query, moment) == (low <= moment < high)


@given(days, days)
def test_a_day_alone_is_the_whole_day(wanted: date, day: date) -> None:
    query = a_query(f"{wanted:%Y%m%d}")
    for clock in (time(), time(12), time(23, 59, 59)):
        assert matches(query, datetime.combine(day, clock, ZONE)) == (day == wanted)


@given(clocks, clocks, clocks)
def test_times_alone_are_times_of_any_day(start: time, end: time, clock: time) -> None:
    query = a_query("", f"{start:%H%M%S}-{end:%H%M%S}")
    assert (query.starts_from, query.starts_until) == (None, None)
    assert matches(query, datetime.combine(date(2026, 3, 11), clock, ZONE)) == (start <= clock <= end)


@pytest.mark.parametrize(
    ("clock", "last"),
    [("10", time(10, 59, 59, 999_999)), ("1030", time(10, 30, 59, 999_999)), ("103015", time(10, 30, 15, 999_999))],
)
def test_a_time_stands_for_all_that_it_does_not_say(clock: str, last: time) -> None:
    query = a_query("", clock)
    assert query.time_of_day is not None
    assert query.time_of_day[1] == last


@given(st.text(max_size=20), st.text(max_size=20))
def test_any_text_is_a_range_or_refused_by_name(day: str, clock: str) -> None:
    with contextlib.suppress(InvalidInput):
        query = a_query(day, clock)
        assert query.starts_from is None or query.starts_from.utcoffset() is not None


@pytest.mark.parametrize("universal", ["", "*", "-", " "])
def test_an_empty_key_matches_everything(universal: str) -> None:
    query = a_query(universal, universal, Modality=universal)
    assert (query.starts_from, query.starts_until, query.time_of_day) == (None, None, None)


def test_several_states_may_be_asked_for() -> None:
    query = a_query(ScheduledProcedureStepStatus="SCHEDULED\\ARRIVED")
    assert query.states == {StepState.SCHEDULED, StepState.ARRIVED}


def test_an_identifier_without_a_step_item_asks_for_all() -> None:
    assert read_query(Dataset(), at=AT, time_zone="Europe/Paris") == WorklistQuery(at=AT, time_zone="Europe/Paris")
