"""What is typed in the search box is taken apart as people mean it."""

from __future__ import annotations

import contextlib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatoscope.patients.search import SearchTerms, read_search
from negatoscope.platform.errors import InvalidInput


@pytest.mark.parametrize(
    ("typed", "terms"),
    [
        ("dupont jean", SearchTerms(name="dupont jean")),
        ("dupont 04/05/1961", SearchTerms(name="dupont", birth_date=date(1961, 5, 4))),
        ("1961-05-04 dupont", SearchTerms(name="dupont", birth_date=date(1961, 5, 4))),
        ("4.5.1961", SearchTerms(birth_date=date(1961, 5, 4))),
        ("N00000012", SearchTerms(identifier="N00000012")),
        ("279035121518989", SearchTerms(identifier="279035121518989")),
        ("IPP17 04/05/1961", SearchTerms(identifier="IPP17", birth_date=date(1961, 5, 4))),
        ("dupont^jean", SearchTerms(name="dupont^jean")),
        ("", SearchTerms()),
    ],
)
def test_names_dates_and_numbers_are_told_apart(typed: str, terms: SearchTerms) -> None:
    assert read_search(typed) == terms


@given(st.dates(date(1900, 1, 1), date(2026, 12, 31)), st.sampled_from("/.-"))
def test_a_french_date_is_read_in_each_writing(day: date, separator: str) -> None:
    assert read_search(f"{day.day:02d}{separator}{day.month:02d}{separator}{day.year}").birth_date == day


@given(st.text(max_size=40))
def test_any_text_is_taken_apart_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidInput):
        terms = read_search(text)
        assert not (terms.name and terms.identifier)
