"""Dates, times, numbers and sizes in both languages."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from negatoscope.doors.web import formatting
from negatoscope.doors.web.language import in_language

NIGHT = datetime(2026, 7, 14, 22, 30, tzinfo=UTC)


def test_times_are_those_of_the_house_with_its_summer_time() -> None:
    formatting.use_time_zone("Europe/Paris")
    with in_language("fr"):
        assert formatting.format_datetime(NIGHT) == "15/07/2026 00:30"
        assert formatting.format_long_date(NIGHT) == "15 juillet 2026"


def test_a_day_without_time_is_not_moved_by_the_zone() -> None:
    with in_language("en"):
        assert formatting.format_date(date(1960, 1, 1)) == "01/01/1960"


@pytest.mark.parametrize(
    ("language", "number", "share", "size", "length"),
    [
        ("fr", "1\u202f234,5", "91\N{NO-BREAK SPACE}%", "12,4\N{NO-BREAK SPACE}Mo", "45 minutes"),
        ("en", "1,234.5", "91%", "12.4\N{NO-BREAK SPACE}MB", "45 minutes"),
    ],
)
def test_numbers_follow_the_language(language: str, number: str, share: str, size: str, length: str) -> None:
    with in_language(language):
        assert formatting.format_number(1234.5, 1) == number
        assert formatting.format_percent(0.912) == share
        assert formatting.format_size(12_400_000) == size
        assert formatting.format_duration(timedelta(minutes=45)) == length


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Lemaire^Paul", "Lemaire Paul"),
        ("HADDAD^Samir^^Dr", "Dr HADDAD Samir"),
        ("Yamada^Tarou=山田^太郎", "Yamada Tarou"),
        ("DOUBLE^^^^", "DOUBLE"),
        ("", ""),
        ("A^B^C^D^E^F", "D A B C E"),
    ],
)
def test_person_names_are_read_as_people_write_them(name: str, shown: str) -> None:
    assert formatting.format_person_name(name) == shown
