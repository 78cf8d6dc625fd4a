"""A model that answers something else than its card announces is not believed."""

from __future__ import annotations

import json

import numpy as np
import pytest

from negatoscope.ai.card import ModelCard, parse_card
from negatoscope.ai.preparation import prepare
from negatoscope.ai.reading_outputs import read_outcomes
from negatoscope.platform.errors import InvalidInput, Refused
from tests.builders.blob_model import card_of

CARD = parse_card(json.dumps(card_of(b"x")).encode())
GREY = np.zeros((100, 100), np.float32)


def outcomes(card: ModelCard, probabilities: object, heat: np.ndarray | None = None) -> tuple[float, ...]:
    """Read outputs made of these values and return the probabilities."""
    _, placement = prepare(GREY, card.input)
    outputs = {
        "probabilities": np.asarray(probabilities, np.float32),
        "heat": np.zeros((1, 2, 8, 8), np.float32) if heat is None else heat,
    }
    return tuple(outcome.probability for outcome in read_outcomes(card, outputs, placement))


def test_sigmoid_is_applied_when_the_card_says_so() -> None:
    card = CARD.model_copy(update={"output": CARD.output.model_copy(update={"activation": "sigmoid"})})
    assert outcomes(card, [[0.0, -500.0]]) == pytest.approx((0.5, 0.0))


@pytest.mark.parametrize("wrong", [[[0.5]], [[0.5, 1.2]], [[-0.1, 0.2]], [[float("nan"), 0.2]], [0.5, 0.5]])
def test_wrong_probabilities_are_refused(wrong: list[float]) -> None:
    with pytest.raises(Refused):
        outcomes(CARD, wrong)


def test_heat_maps_of_another_number_of_labels_are_refused() -> None:
    with pytest.raises(Refused):
        outcomes(CARD, [[0.5, 0.5]], np.zeros((1, 3, 8, 8), np.float32))


@pytest.mark.parametrize(
    "change",
    [
        {"sha256": "short"},
        {"surprise": 1},
        {"output": {"probabilities": "p", "labels": []}},
        {"name": "../../etc"},
        {"version": ""},
    ],
)
def test_wrong_card_names_the_field_and_not_the_value(change: dict[str, object]) -> None:
    with pytest.raises(InvalidInput) as wrong:
        parse_card(json.dumps(card_of(b"x", **change)).encode())
    assert next(iter(change)) in (wrong.value.field or "")
    assert "../../etc" not in str(wrong.value)
