"""From the raw outputs of a model to probabilities and regions, checked against the card. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from negatoscope.ai.card import ModelCard
from negatoscope.ai.model import Point
from negatoscope.ai.preparation import Placement
from negatoscope.ai.regions import hottest_region
from negatoscope.platform.errors import Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One label of one image: its probability and, when the model maps it and the threshold is reached, its region."""

    label: str
    probability: float
    reached: bool
    region: tuple[Point, ...] | None


def read_outcomes(card: ModelCard, outputs: Mapping[str, NDArray[np.float32]], placement: Placement) -> tuple[Outcome, ...]:
    """Return one outcome a label, in the order of the card; Refused when the outputs are not what the card announces."""
    labels = card.output.labels
    probabilities = _probabilities(card, outputs)
    maps = outputs[card.output.heat_maps] if card.output.heat_maps is not None else None
    if maps is not None and (maps.ndim != 4 or maps.shape[:2] != (1, len(labels))):
        raise Refused("The model gave heat maps of another shape than its card says.", reason="model_shape")
    outcomes = []
    for index, rule in enumerate(labels):
        probability = float(probabilities[index])
        reached = probability >= rule.threshold
        region = _region(card, maps[0, index], placement) if reached and maps is not None else None
        outcomes.append(Outcome(label=rule.label, probability=probability, reached=reached, region=region))
    return tuple(outcomes)


def _probabilities(card: ModelCard, outputs: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float64]:
    raw = outputs[card.output.probabilities].astype(np.float64)
    if raw.shape != (1, len(card.output.labels)):
        raise Refused("The model gave another number of labels than its card says.", reason="model_shape")
    values: NDArray[np.float64] = (
        1.0 / (1.0 + np.exp(-np.clip(raw[0], -60.0, 60.0))) if card.output.activation == "sigmoid" else raw[0]
    )
    if not np.isfinite(values).all() or values.min() < 0.0 or values.max() > 1.0:
        raise Refused("The model gave a probability outside 0 to 1.", reason="model_output")
    return values


def _region(card: ModelCard, heat: NDArray[np.float32], placement: Placement) -> tuple[Point, ...] | None:
    outline = hottest_region(heat, card.output.heat_level)
    if outline is None:
        return None
    rows, columns = heat.shape
    return tuple(placement.to_image(point, map_columns=columns, map_rows=rows, rule=card.input) for point in outline)
