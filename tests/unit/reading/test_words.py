"""No machine word of the reading room is left without a sentence."""

from __future__ import annotations

import re
from pathlib import Path

import negatoscope.ai
from negatoscope.doors.web.ai_pages import RUN_REASONS
from negatoscope.doors.web.reading_words import AI_WORDS, BAND_WORDS, VIEW_WORDS, waiting_words
from negatoscope.doors.web.reporting_words import FAULTS, REFUSALS, editor_words
from negatoscope.reading.listing import View
from negatoscope.reading.urgency import AiOutcome, Band
from negatoscope.reporting import checks

AI = Path(negatoscope.ai.__file__).parent
OURS_TO_FIX = {"model_card", "no_such_run"}


def test_every_reason_of_a_run_without_result_has_a_sentence() -> None:
    sources = "\n".join(path.read_text("utf-8") for path in AI.rglob("*.py"))
    raised = set(re.findall(r'reason="([a-z_]+)"', sources)) | set(re.findall(r'"(unsuitable_[a-z_]+)"', sources))
    assert raised
    assert raised - RUN_REASONS.keys() <= OURS_TO_FIX


def test_every_fault_before_a_signature_has_a_sentence() -> None:
    source = Path(checks.__file__).read_text("utf-8")
    named = set(re.findall(r'^        \("([a-z_]+)", ', source, flags=re.MULTILINE))
    assert named == FAULTS.keys()


def test_every_view_and_band_has_a_word() -> None:
    assert VIEW_WORDS.keys() == set(View)
    assert BAND_WORDS.keys() == set(Band)


def test_editor_knows_what_it_may_have_to_say() -> None:
    assert editor_words().keys() >= FAULTS.keys() | REFUSALS.keys()


def test_every_silence_of_the_models_has_a_chip() -> None:
    assert AI_WORDS.keys() == {outcome.value for outcome in AiOutcome}


def test_waits_are_said_in_two_units() -> None:
    assert [waiting_words(minutes) for minutes in (0, 59, 60, 200, 1440, 3000)] == [
        "0 min",
        "59 min",
        "1 h 00",
        "3 h 20",
        "1 d 0 h",
        "2 d 2 h",
    ]
