"""Every state of every machine has an icon and words of its own."""

from __future__ import annotations

import pytest

from negatoscope.access.model import Role
from negatoscope.doors.web.icons import PATHS
from negatoscope.doors.web.language import LANGUAGES, in_language
from negatoscope.doors.web.states import MACHINES, STATES, role_name, state_of

TONES = {"neutral", "info", "active", "success", "warning", "danger"}


@pytest.mark.parametrize("machine", sorted(STATES))
def test_a_machine_shows_all_its_states_and_no_other(machine: str) -> None:
    assert set(STATES[machine]) == set(MACHINES[machine])


@pytest.mark.parametrize("machine", sorted(STATES))
def test_no_two_states_of_a_machine_look_and_read_alike(machine: str) -> None:
    signs = [(sign.word, sign.icon) for sign in STATES[machine].values()]
    assert len(set(signs)) == len(signs)
    for sign in STATES[machine].values():
        assert sign.icon in PATHS
        assert sign.tone in TONES


def test_an_unknown_state_is_a_fault_of_ours() -> None:
    with pytest.raises(KeyError):
        state_of("order", "vanished")


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_role_has_a_name_of_its_own(language: str) -> None:
    with in_language(language):
        names = [role_name(role) for role in Role]
    assert len(set(names)) == len(list(Role))
