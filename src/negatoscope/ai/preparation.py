"""From displayed grey values to the input tensor of a model, and back from its map to the pixels of the image. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from negatoscope.ai.card import InputRule
from negatoscope.ai.model import Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where the image lies in the input of the model: pixel = (input - offset) / scale, for columns and rows."""

    scale_columns: float
    scale_rows: float
    offset_columns: float
    offset_rows: float
    image_columns: int
    image_rows: int

    def to_image(self, point: Point, *, map_columns: int, map_rows: int, rule: InputRule) -> Point:
        """Turn a point of a heat map into (column, row) of the image, held inside it."""
        column = (point[0] * rule.columns / map_columns - self.offset_columns) / self.scale_columns
        row = (point[1] * rule.rows / map_rows - self.offset_rows) / self.scale_rows
        return (
            round(min(max(column, 0.0), float(self.image_columns)), 1),
            round(min(max(row, 0.0), float(self.image_rows)), 1),
        )


def prepare(grey: NDArray[np.float32], rule: InputRule) -> tuple[NDArray[np.float32], Placement]:
    """Return the tensor (1, channels, rows, columns) float32 and where the image lies in it.

    `grey` is (rows, columns), 0 black to 1 white as the image is displayed (MONOCHROME1 already turned).
    """
    values = grey.astype(np.float32)
    if rule.intensity == "percentiles":
        low, high = np.percentile(values, (1.0, 99.0))
        values = np.clip((values - low) / max(float(high - low), 1e-6), 0.0, 1.0).astype(np.float32)
    rows, columns = values.shape
    if rule.fit == "stretch":
        height, width = rule.rows, rule.columns
    else:
        scale = min(rule.rows / rows, rule.columns / columns)
        height, width = max(1, round(rows * scale)), max(1, round(columns * scale))
    top, left = (rule.rows - height) // 2, (rule.columns - width) // 2
    canvas = np.zeros((rule.rows, rule.columns), np.float32)
    canvas[top : top + height, left : left + width] = _resized(values, height, width)
    tensor = np.broadcast_to((canvas - rule.mean) / rule.deviation, (1, rule.channels, rule.rows, rule.columns))
    placement = Placement(
        scale_columns=width / columns,
        scale_rows=height / rows,
        offset_columns=float(left),
        offset_rows=float(top),
        image_columns=columns,
        image_rows=rows,
    )
    return np.ascontiguousarray(tensor, dtype=np.float32), placement


def _resized(values: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """Resize by the mean over the area of each new pixel, exact for any ratio, so that fine detail cannot alias."""
    return _averaged(_averaged(values, height).T, width).T


def _averaged(values: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    old = values.shape[0]
    edges = np.arange(size + 1) * (old / size)
    sums = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0, dtype=np.float64)])
    whole = np.minimum(edges.astype(int), old - 1)
    at_edges = sums[whole] + (edges - whole)[:, None] * values[whole]
    means: NDArray[np.float32] = (np.diff(at_edges, axis=0) / (old / size)).astype(np.float32)
    return means
