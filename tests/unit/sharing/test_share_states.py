"""The states of a share link: the whole product of states and events, and what time makes of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID, uuid4

import pytest

from negatoscope.access.actions import Action
from negatoscope.access.matrix import SHARED
from negatoscope.platform.errors import InvalidInput, InvalidTransition
from negatoscope.sharing.model import (
    SCOPE_ACTIONS,
    TRANSITIONS,
    RecipientKind,
    Share,
    ShareEvent,
    ShareRequest,
    ShareScope,
    ShareState,
    hash_code,
    next_state,
    normal_code,
)

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)

EXPECTED = """
active     open            active
active     open_last       exhausted
active     wrong_code      active
active     last_wrong_code locked
active     expire          expired
active     revoke          revoked
suspended  wrong_code      active
suspended  last_wrong_code locked
suspended  expire          expired
suspended  revoke          revoked
exhausted  revoke          revoked
exhausted  expire          expired
locked     revoke          revoked
locked     expire          expired
"""


def a_share(state: ShareState = ShareState.ACTIVE) -> Share:
    return Share(
        share_id=UUID(int=1),
        study_uid="1.2.3",
        patient_id=uuid4(),
        recipient_name="Dr Fantine Tholomyès",
        recipient_kind=RecipientKind.PROFESSIONAL,
        scope=ShareScope.VIEW,
        state=state,
        created_by=uuid4(),
        created_by_name="Dr Jean Valjean",
        created_at=NOW,
        expires_at=NOW + timedelta(days=7),
        most_opens=10,
        opens=0,
        wrong_codes=0,
        last_opened_at=None,
        ended_at=None,
        ended_by_name=None,
        version=1,
    )


def test_what_is_not_in_the_table_is_refused() -> None:
    expected = {tuple(line.split()[:2]): line.split()[2] for line in EXPECTED.strip().splitlines()}
    for state, event in product(ShareState, ShareEvent):
        if (state.value, event.value) in expected:
            assert next_state(state, event).value == expected[state.value, event.value]
        else:
            with pytest.raises(InvalidTransition):
                next_state(state, event)
    assert len(TRANSITIONS) == len(expected)


def test_nothing_leaves_a_state_that_is_the_end() -> None:
    ended = {ShareState.EXPIRED, ShareState.REVOKED}
    assert not [state for state, _ in TRANSITIONS if state in ended]


def test_nothing_opens_but_what_is_active() -> None:
    opening = {state for state, event in TRANSITIONS if event in {ShareEvent.OPEN, ShareEvent.OPEN_LAST}}
    assert opening == {ShareState.ACTIVE}


@pytest.mark.parametrize("state", [ShareState.ACTIVE, ShareState.EXHAUSTED, ShareState.LOCKED])
def test_time_ends_every_share(state: ShareState) -> None:
    share = a_share(state)
    assert share.state_at(share.expires_at - timedelta(seconds=1)) is state
    assert share.state_at(share.expires_at) is ShareState.EXPIRED


def test_suspension_holds_while_it_lasts_and_hides_nothing_else() -> None:
    assert a_share().state_at(NOW, suspended=True) is ShareState.SUSPENDED
    assert a_share(ShareState.LOCKED).state_at(NOW, suspended=True) is ShareState.LOCKED
    assert a_share(ShareState.REVOKED).state_at(NOW + timedelta(days=99), suspended=True) is ShareState.REVOKED


def test_wider_scope_contains_the_narrower_and_never_more_than_a_share_may() -> None:
    report, view, download = (SCOPE_ACTIONS[scope] for scope in ShareScope)
    assert report < view < download <= SHARED
    assert Action.VIEW_IMAGES not in report


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"recipient_name": "  "}, "recipient_name"),
        ({"recipient_name": "x" * 129}, "recipient_name"),
        ({"recipient_name": "a\u0000b"}, "recipient_name"),
        ({"life_days": 0}, "life_days"),
        ({"life_days": 31}, "life_days"),
        ({"most_opens": 0}, "most_opens"),
        ({"most_opens": 51}, "most_opens"),
    ],
)
def test_request_that_promises_too_much_is_refused(change: dict[str, object], field: str) -> None:
    good = ShareRequest(study_uid="1.2.3", recipient_name=" Dr  F. ", recipient_kind=RecipientKind.RELATIVE)
    assert good.recipient_name == "Dr F."
    with pytest.raises(InvalidInput) as refusal:
        replace(good, **change)  # type: ignore[arg-type] # varied
    assert refusal.value.field == field


def test_code_is_kept_bound_to_its_token() -> None:
    assert hash_code("token", "123456") != hash_code("other", "123456")
    assert normal_code(" 123 456 ") == normal_code("123-456") == "123456"
