"""The printed page: words, typography, and text that stays text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatoscope.reporting.model import VersionStatus
from negatoscope.reporting.printing import LABELS, PrintedReport, SignedAddendum, long_date, long_moment
from negatoscope.reporting.typography import typeset
from tests.builders.reports import A_BODY, a_printed_report


def printed(report: PrintedReport) -> Any:
    """Return the values of the page as a reader of the JSON sees them."""
    return orjson.loads(orjson.dumps(report.values()))


NB, NNB = "\u00a0", "\u202f"


def test_both_languages_have_every_label() -> None:
    assert LABELS["fr"].keys() == LABELS["en"].keys()


@pytest.mark.parametrize(
    ("text", "french", "english"),
    [
        ("Cœur : normal ; hiles ?", f"Cœur{NB}: normal{NNB}; hiles{NNB}?", "Cœur : normal ; hiles ?"),
        ("«image» ou « image »", f"«{NB}image{NB}» ou «{NB}image{NB}»", "«image» ou « image »"),
        ("nodule de 12 mm, 30 %", f"nodule de 12{NB}mm, 30{NB}%", f"nodule de 12{NB}mm, 30{NB}%"),
        ("pas d'anomalie", "pas d’anomalie", "pas d’anomalie"),
        ("entre 2 masses", "entre 2 masses", "entre 2 masses"),
    ],
)
def test_spaces_that_may_not_break(text: str, french: str, english: str) -> None:
    assert typeset(text, "fr") == french
    assert typeset(text, "en") == english


@given(st.text())
def test_typesetting_changes_no_word_and_is_done_once(text: str) -> None:
    done = typeset(text, "fr")
    assert typeset(done, "fr") == done
    plain = str.maketrans({NB: " ", NNB: " ", "’": "'"})
    assert done.translate(plain).replace(" ", "") == text.translate(plain).replace(" ", "")


def test_dates_are_in_words() -> None:
    assert long_date(date(2026, 4, 1), "fr") == f"1er{NB}avril 2026"
    assert long_moment(datetime(2026, 3, 2, 9, 5, tzinfo=UTC), "fr", "à") == f"2{NB}mars 2026 à 9{NB}h{NB}05"
    assert long_moment(datetime(2026, 3, 2, 9, 5, tzinfo=UTC), "en", "at") == f"2{NB}March 2026 at 09:05"
    assert long_moment(None, "fr", "à") == "—"


def test_page_says_that_no_dose_was_sent() -> None:
    notes = dict(printed(a_printed_report(dose_lines=()))["notes"])
    assert notes["Exposition"] == LABELS["fr"]["dose_unknown"]


def test_earlier_addenda_come_with_who_and_when_before_the_new_one() -> None:
    at = datetime(2026, 3, 3, 8, 0, tzinfo=UTC)
    report = a_printed_report(
        status=VersionStatus.ADDENDUM,
        body=replace(A_BODY, addendum="Deuxième."),
        earlier_addenda=(SignedAddendum(text="Premier.", signer="Dr Fantine", at=at),),
    )
    first, second = printed(report)["addenda"]
    assert first[0] == f"Addendum, 3{NB}mars 2026 à 8{NB}h{NB}00, Dr Fantine"
    assert (first[1], second[1]) == ("Premier.", "Deuxième.")
