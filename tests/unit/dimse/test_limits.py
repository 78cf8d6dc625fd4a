"""Deadlines: absolute for a unit, by progress for a message, and still while we hold back reading."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from negatoscope.doors.dimse.limits import Deadlines, Limits, Waiting

LIMITS = Limits()


def test_a_unit_that_trickles_is_late_after_its_one_deadline() -> None:
    deadlines = Deadlines(LIMITS)
    for second in range(30):
        deadlines.begin(Waiting.PDU, float(second))
        assert deadlines.overdue(float(second)) is None
    assert deadlines.overdue(30.0) is Waiting.PDU


def test_a_message_of_tiny_fragments_is_late_after_a_minute() -> None:
    deadlines = Deadlines(LIMITS)
    deadlines.begin(Waiting.MESSAGE, 0.0)
    for second in range(60):
        deadlines.count_bytes(1)
        assert deadlines.overdue(float(second)) is None
    assert deadlines.overdue(60.1) is Waiting.MESSAGE


def test_a_large_object_on_a_slow_line_is_not_late() -> None:
    deadlines = Deadlines(LIMITS)
    deadlines.begin(Waiting.MESSAGE, 0.0)
    for second in range(1, 601):
        deadlines.count_bytes(1_000_000)
        assert deadlines.overdue(float(second)) is None


def test_each_kind_of_waiting_has_its_time() -> None:
    for what, allowed in ((Waiting.REQUEST, 10), (Waiting.CLOSE, 10), (Waiting.PDU, 30), (Waiting.PEER, 300)):
        deadlines = Deadlines(LIMITS)
        deadlines.begin(what, 5.0)
        assert deadlines.overdue(5.0 + allowed - 0.01) is None
        assert deadlines.overdue(5.0 + allowed) is what
        assert deadlines.next_check(5.0) == allowed


@given(st.floats(0, 1e6), st.floats(0.001, 29.9), st.floats(0, 1e6))
def test_time_while_we_hold_back_counts_for_nothing(start: float, before: float, held: float) -> None:
    deadlines = Deadlines(LIMITS)
    deadlines.begin(Waiting.PDU, start)
    deadlines.hold(start + before)
    assert deadlines.overdue(start + before + held) is None
    assert deadlines.next_check(start + before + held) is None
    deadlines.release(start + before + held)
    assert deadlines.overdue(start + before + held) is None
    assert deadlines.overdue(start + held + 30.1) is Waiting.PDU


def test_a_new_message_starts_with_nothing_received() -> None:
    deadlines = Deadlines(LIMITS)
    deadlines.begin(Waiting.MESSAGE, 0.0)
    deadlines.count_bytes(10**9)
    deadlines.end(Waiting.MESSAGE)
    deadlines.begin(Waiting.MESSAGE, 100.0)
    assert deadlines.overdue(160.0) is Waiting.MESSAGE
