"""The reference page says what the trail does, and the words of the trail are known ones."""

from __future__ import annotations

from negatoscope.access.actions import Action
from negatoscope.audit.model import Outcome
from negatoscope.audit.vocabulary import EVENTS, OUTCOME_CODES
from negatoscope.doors.web.audit_words import ACT_WORDS, OUTCOME_WORDS
from tests.builders.audit_page import PAGE, audit_page


def test_reference_page_is_written_from_the_code() -> None:
    assert PAGE.read_text("utf-8") == audit_page(), "run: python -m tests.builders.audit_page"


def test_outcomes_are_the_same_everywhere() -> None:
    assert set(OUTCOME_CODES) == set(OUTCOME_WORDS) == {outcome.value for outcome in Outcome}


def test_acts_of_the_standard_are_actions_or_have_a_word() -> None:
    known = {action.value for action in Action} | set(ACT_WORDS)
    assert set(EVENTS) <= known


def test_codes_of_the_standard_are_six_digits_of_dcm() -> None:
    for event in EVENTS.values():
        codes = [event.identifier] + ([event.type_code] if event.type_code is not None else [])
        assert all(len(code.value) == 6 and code.value.startswith("1101") for code in codes)
        assert event.action_code in "CRUDE"
