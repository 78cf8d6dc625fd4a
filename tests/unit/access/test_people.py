"""What passwords and logins must be."""

from __future__ import annotations

import pytest

from negatoscope.access.people import check_login, check_password, normal_login
from negatoscope.platform.errors import InvalidInput


@pytest.mark.parametrize(
    "password",
    [
        "lantern-orchid-47-viaduct",
        "Tr0ub4dor&3xkcd-staple",
        "mésange ruban cactus",
        "kX9#vQ2!mZ7pLw",
        "ⵣ lune été ⵣ rivière",
        "x7Gq2LpV9RtB",
    ],
)
def test_good_password_is_taken(password: str) -> None:
    check_password(password, login="alix.moreau", display_name="Dr Alix Moreau")


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "password_too_short"),
        ("kX9#vQ2!mZ7", "password_too_short"),
        ("x" * 257, "password_too_long"),
        ("motdepasse2026!", "password_easy_to_guess"),
        ("Password123456", "password_easy_to_guess"),
        ("azertyuiop123456", "password_easy_to_guess"),
        ("Radiologie2026!!", "password_easy_to_guess"),
        ("aaaaaaaaaaaaaa", "password_easy_to_guess"),
        ("ababababababab", "password_easy_to_guess"),
        ("alix.moreau2026", "password_easy_to_guess"),
        ("MOREAUmoreau12", "password_easy_to_guess"),
        ("P@ssword123456", "password_easy_to_guess"),
    ],
)
def test_weak_password_is_refused_with_its_reason(password: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        check_password(password, login="alix.moreau", display_name="Dr Alix Moreau")
    assert refusal.value.reason == reason
    assert refusal.value.field == "password"
    assert not password or password not in str(refusal.value)


@pytest.mark.parametrize("login", ["a", "alix.moreau", "a-b_c@chu.example", "0" * 64])
def test_good_login_is_taken(login: str) -> None:
    check_login(login)


@pytest.mark.parametrize("login", ["", ".a", "a.", "a b", "A", "é", "a\n", "a" * 65, "a/b", "a'--"])
def test_bad_login_is_refused(login: str) -> None:
    with pytest.raises(InvalidInput):
        check_login(login)


def test_login_has_one_written_form() -> None:
    assert normal_login("  ＡLIX.Moreau ") == "alix.moreau"
