"""The reference page says what the policy does."""

from __future__ import annotations

from tests.builders.policy_page import PAGE, policy_page


def test_reference_page_is_written_from_the_policy() -> None:
    assert PAGE.read_text("utf-8") == policy_page(), "run: python -m tests.builders.policy_page"
