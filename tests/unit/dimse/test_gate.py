"""The gate counts right whatever comes and goes, and gives back every place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatoscope.doors.dimse.gate import Gate, plain_address
from negatoscope.doors.dimse.limits import Limits

LIMITS = Limits(associations=3, associations_per_address=2, connections_per_address=4)


def test_one_address_leaves_associations_to_the_others() -> None:
    gate = Gate(LIMITS)
    assert [gate.associate("10.0.0.1") for _ in range(3)] == [True, True, False]
    assert [gate.associate("10.0.0.2") for _ in range(2)] == [True, False]
    gate.dissociate("10.0.0.1")
    assert gate.associate("10.0.0.2")


def test_connections_of_one_address_are_limited() -> None:
    gate = Gate(LIMITS)
    assert [gate.connect("10.0.0.1") for _ in range(5)] == [True] * 4 + [False]
    assert gate.connect("10.0.0.2")
    gate.disconnect("10.0.0.1")
    assert gate.connect("10.0.0.1")


@pytest.mark.parametrize(
    ("host", "address"), [("10.0.0.1", "10.0.0.1"), ("::ffff:10.0.0.1", "10.0.0.1"), ("fe80::1", "fe80::1"), ("", "")]
)
def test_an_address_is_the_same_on_a_dual_stack_socket(host: str, address: str) -> None:
    assert plain_address(host) == address


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=60))
def test_the_count_is_that_of_a_model(steps: list[tuple[str, bool]]) -> None:
    gate = Gate(LIMITS)
    model: list[str] = []
    for address, comes in steps:
        if comes:
            is_free = len(model) < LIMITS.associations and model.count(address) < LIMITS.associations_per_address
            assert gate.associate(address) == is_free
            model += [address] * is_free
        elif address in model:
            gate.dissociate(address)
            model.remove(address)
        assert gate.associations == len(model)
