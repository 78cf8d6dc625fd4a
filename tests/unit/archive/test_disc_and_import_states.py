"""The state tables of discs and imports: what is not in them is refused, and an ended one never moves back."""

from __future__ import annotations

from itertools import product

import pytest

from negatoscope.archive.discs import model as discs
from negatoscope.archive.imports import model as imports
from negatoscope.platform.errors import InvalidTransition


@pytest.mark.parametrize(("state", "event"), list(product(discs.DiscState, discs.DiscEvent)))
def test_discs_move_by_their_table_alone(state: discs.DiscState, event: discs.DiscEvent) -> None:
    if (state, event) in discs.TABLE:
        assert discs.next_state(state, event) is discs.TABLE[state, event]
        return
    with pytest.raises(InvalidTransition):
        discs.next_state(state, event)


@pytest.mark.parametrize(("state", "event"), list(product(imports.ImportState, imports.ImportEvent)))
def test_imports_move_by_their_table_alone(state: imports.ImportState, event: imports.ImportEvent) -> None:
    if (state, event) in imports.TABLE:
        assert imports.next_state(state, event) is imports.TABLE[state, event]
        return
    with pytest.raises(InvalidTransition):
        imports.next_state(state, event)


def test_what_has_ended_stays_as_it_is() -> None:
    ended = {discs.DiscState.FAILED, discs.DiscState.CANCELLED, discs.DiscState.EXPIRED}
    assert not {state for state, _ in discs.TABLE} & ended
    assert imports.ImportState.DONE not in {state for state, _ in imports.TABLE}
