"""The whole product of delivery states and events."""

from __future__ import annotations

from itertools import product

import pytest

from negatoscope.exchange.model import DeliveryEvent, DeliveryState, next_delivery_state
from negatoscope.platform.errors import InvalidTransition

S, E = DeliveryState, DeliveryEvent
EXPECTED = {
    (S.QUEUED, E.FAIL): S.QUEUED,
    (S.QUEUED, E.ACCEPT): S.DELIVERED,
    (S.QUEUED, E.REFUSE): S.PARKED,
    (S.QUEUED, E.CANCEL): S.CANCELLED,
    (S.PARKED, E.RETRY): S.QUEUED,
    (S.PARKED, E.CANCEL): S.CANCELLED,
}


@pytest.mark.parametrize(("state", "event"), list(product(DeliveryState, DeliveryEvent)))
def test_a_delivery_moves_as_expected_and_no_other_way(state: DeliveryState, event: DeliveryEvent) -> None:
    if (state, event) in EXPECTED:
        assert next_delivery_state(state, event) is EXPECTED[state, event]
    else:
        with pytest.raises(InvalidTransition):
            next_delivery_state(state, event)
