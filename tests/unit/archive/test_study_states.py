from __future__ import annotations

import itertools

import pytest

from negatoscope.archive.model import STUDY_TRANSITIONS, StudyEvent, StudyState, next_study_state
from negatoscope.platform.errors import InvalidTransition

PRODUCT = list(itertools.product(StudyState, StudyEvent))


@pytest.mark.parametrize(("state", "event"), PRODUCT)
def test_every_pair_is_in_the_table_or_refused(state: StudyState, event: StudyEvent) -> None:
    if (state, event) in STUDY_TRANSITIONS:
        assert next_study_state(state, event) is STUDY_TRANSITIONS[state, event]
    else:
        with pytest.raises(InvalidTransition):
            next_study_state(state, event)


def test_only_an_image_reopens_a_stable_study() -> None:
    reopening = {event for (state, event), target in STUDY_TRANSITIONS.items() if (state, target) == ("stable", "receiving")}
    assert reopening == {StudyEvent.INSTANCE_RECEIVED}
