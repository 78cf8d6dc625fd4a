"""The bar holds the daily work and the page one is on; the rest waits behind one word."""

from __future__ import annotations

from negatoscope.access.model import Role
from negatoscope.doors.web.icons import PATHS
from negatoscope.doors.web.navigation import ENTRIES, MOST_IN_BAR, entries_for, is_current, split_menu
from tests.builders.subjects import a_subject


def test_a_short_menu_stands_in_the_bar_whole() -> None:
    entries = ENTRIES[:MOST_IN_BAR]
    assert split_menu(entries, "/") == (entries, ())


def test_of_a_long_menu_the_daily_work_stays_and_the_present_page_joins_it() -> None:
    entries = entries_for(a_subject(Role.LEAD_RADIOLOGIST), ENTRIES)
    bar, more = split_menu(entries, "/training/sessions/1")
    assert {entry.path for entry in bar} >= {"/", "/reading", "/training"}
    assert set(bar) | set(more) == set(entries)
    assert not set(bar) & set(more)


def test_a_page_stands_under_one_entry_at_most() -> None:
    for path in ("/", "/reading", "/reading/1.2.3", "/orders/new", "/readings"):
        assert sum(is_current(entry, path) for entry in ENTRIES) <= 1
    assert not any(is_current(entry, "/readings") for entry in ENTRIES)


def test_every_entry_says_what_it_is_for_and_has_an_icon() -> None:
    for entry in ENTRIES:
        assert entry.icon in PATHS
        assert entry.purpose or entry.path == "/"


def test_each_role_finds_work_in_the_menu() -> None:
    for role in Role:
        assert any(entry.path != "/" for entry in entries_for(a_subject(role), ENTRIES)), role
