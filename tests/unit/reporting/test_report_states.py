"""The whole product of states and events of a report, and what its text may hold."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatoscope.platform.errors import InvalidInput, InvalidTransition
from negatoscope.reporting.model import Body, ReportEvent, ReportState, content_sha256, next_state

ALLOWED = {
    "draft": {"save": "draft", "sign_preliminary": "preliminary", "sign_final": "final"},
    "preliminary": {"save": "preliminary", "sign_preliminary": "preliminary", "sign_final": "final"},
    "final": {"save_addendum": "addendum_draft"},
    "addendum_draft": {
        "save_addendum": "addendum_draft",
        "sign_addendum": "addended",
        "withdraw_first_addendum": "final",
        "withdraw_later_addendum": "addended",
    },
    "addended": {"save_addendum": "addendum_draft"},
}


@pytest.mark.parametrize(("state", "event"), list(product(ReportState, ReportEvent)))
def test_table_allows_exactly_what_was_agreed(state: ReportState, event: ReportEvent) -> None:
    expected = ALLOWED[state.value].get(event.value)
    if expected is None:
        with pytest.raises(InvalidTransition):
            next_state(state, event)
    else:
        assert next_state(state, event).value == expected


def test_signed_text_never_opens_again() -> None:
    signed = {ReportState.FINAL, ReportState.ADDENDED, ReportState.ADDENDUM_DRAFT}
    for state, event in product(signed, ReportEvent):
        try:
            assert next_state(state, event) in signed
        except InvalidTransition:
            continue


sections = st.fixed_dictionaries(
    {},
    optional={
        name: st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=80)
        for name in ("indication", "technique", "comparison", "findings", "conclusion", "addendum", "template")
    }
    | {"assessment": st.sampled_from(["", "normal", "abnormal", "undetermined"])},
)


@given(sections)
def test_body_reads_what_it_wrote(values: dict[str, str]) -> None:
    body = Body.from_json(values)
    assert Body.from_json(body.to_json()) == body


@pytest.mark.parametrize(
    "values",
    [{"surprise": "x"}, {"findings": 3}, {"assessment": "fine"}, {"findings": "a\x07"}, {"findings": "x" * 20_001}],
)
def test_body_refuses_what_it_does_not_know(values: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        Body.from_json(values)


def test_hash_does_not_depend_on_the_order_of_keys() -> None:
    assert content_sha256({"a": 1, "b": "é"}) == content_sha256({"b": "é", "a": 1})
    assert content_sha256({"a": 1, "b": "é"}) != content_sha256({"a": 1, "b": "e"})
