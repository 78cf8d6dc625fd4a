"""The whole product of states and events, of runs and of findings."""

from __future__ import annotations

from itertools import product

import pytest

from negatoscope.ai.model import (
    FindingEvent,
    FindingState,
    RunEvent,
    RunState,
    next_finding_state,
    next_run_state,
)
from negatoscope.platform.errors import InvalidTransition

RUNS = {
    "requested": {"enqueue": "queued", "find_no_model": "no_model", "fail": "failed"},
    "queued": {"start": "running", "fail": "failed", "retry": "queued"},
    "running": {
        "start": "running",
        "succeed": "succeeded",
        "fail": "failed",
        "refuse": "refused",
        "retry": "queued",
    },
    "succeeded": {"supersede": "superseded", "withdraw": "withdrawn"},
    "failed": {"retry": "queued", "supersede": "superseded"},
    "refused": {"supersede": "superseded"},
    "no_model": {"supersede": "superseded"},
    "superseded": {"withdraw": "withdrawn"},
    "withdrawn": {},
}

FINDINGS = {
    "pending_display": {"display": "displayed", "agree": "accepted", "reject": "rejected", "final_signed": "ignored"},
    "displayed": {"display": "displayed", "agree": "accepted", "reject": "rejected", "final_signed": "ignored"},
    "accepted": {"display": "accepted", "reject": "rejected", "final_signed": "accepted"},
    "rejected": {"display": "rejected", "agree": "accepted", "final_signed": "rejected"},
    "ignored": {"display": "ignored", "final_signed": "ignored"},
    "withdrawn": {},
}


@pytest.mark.parametrize(("state", "event"), list(product(RunState, RunEvent)))
def test_run_table_allows_exactly_what_was_agreed(state: RunState, event: RunEvent) -> None:
    expected = RUNS[state.value].get(event.value)
    if expected is None:
        with pytest.raises(InvalidTransition):
            next_run_state(state, event)
    else:
        assert next_run_state(state, event).value == expected


@pytest.mark.parametrize(("state", "event"), list(product(FindingState, FindingEvent)))
def test_finding_table_allows_exactly_what_was_agreed(state: FindingState, event: FindingEvent) -> None:
    expected = FINDINGS[state.value].get(event.value, "withdrawn" if event.value == "withdraw" else None)
    if expected is None:
        with pytest.raises(InvalidTransition):
            next_finding_state(state, event)
    else:
        assert next_finding_state(state, event).value == expected
