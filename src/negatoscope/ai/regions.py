"""From a heat map to the outline of its hottest region, in pixels of the image. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from negatoscope.ai.model import Point

# A coarse map is refined before it is cut, so that a 7 x 7 map does not draw boxes a hand wide.
LEAST_CELLS = 56

Cell = tuple[int, int]


def hottest_region(heat: NDArray[np.float32], level: float) -> tuple[Point, ...] | None:
    """Return the outline, in cells of the map (column, row), of the region around the hottest cell.

    `heat` is (rows, columns). The region is what hangs together with the hottest cell above `level` times the span
    between the least and the greatest value. None for a flat or broken map.
    """
    if heat.ndim != 2 or heat.size == 0 or not np.isfinite(heat).all():
        return None
    low, high = float(heat.min()), float(heat.max())
    if high - low <= 1e-6 * max(1.0, abs(high)):
        return None
    refine = max(1, -(-LEAST_CELLS // max(heat.shape)))
    fine = _refine(heat, refine)
    hot = fine >= low + level * (float(fine.max()) - low)
    seed = divmod(int(fine.argmax()), fine.shape[1])
    outline = _outline(_grown(hot, seed))
    return tuple((column / refine, row / refine) for column, row in outline)


def _refine(heat: NDArray[np.float32], factor: int) -> NDArray[np.float64]:
    """Interpolate linearly between the centres of the cells, `factor` times in each direction."""
    result = heat.astype(np.float64)
    if factor == 1:
        return result
    for axis in (0, 1):
        size = result.shape[axis]
        centres = (np.arange(size * factor) + 0.5) / factor - 0.5
        below = np.clip(np.floor(centres).astype(int), 0, size - 1)
        above = np.clip(below + 1, 0, size - 1)
        part = np.clip(centres - below, 0.0, 1.0)
        part = part[:, None] if axis == 0 else part[None, :]
        result = np.take(result, below, axis) * (1 - part) + np.take(result, above, axis) * part
    return result


def _grown(hot: NDArray[np.bool_], seed: Cell) -> set[Cell]:
    """Return the cells (row, column) that hang together with the seed by their sides."""
    rows, columns = hot.shape
    region, waiting = {seed}, [seed]
    while waiting:
        row, column = waiting.pop()
        for cell in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            if 0 <= cell[0] < rows and 0 <= cell[1] < columns and hot[cell] and cell not in region:
                region.add(cell)
                waiting.append(cell)
    return region


def _outline(region: set[Cell]) -> list[Cell]:
    """Walk round the region with the region on the right hand; return corners as (column, row), first not repeated."""
    edges: dict[Cell, list[Cell]] = {}
    for row, column in region:
        sides = (
            ((row - 1, column), (column, row), (column + 1, row)),
            ((row, column + 1), (column + 1, row), (column + 1, row + 1)),
            ((row + 1, column), (column + 1, row + 1), (column, row + 1)),
            ((row, column - 1), (column, row + 1), (column, row)),
        )
        for beside, start, end in sides:
            if beside not in region:
                edges.setdefault(start, []).append(end)
    start = min(edges)  # the leftmost, then topmost corner lies on the outer border, never on that of a hole
    path, here, heading = [start], start, (0, 0)
    while True:
        ahead = edges[here]
        chosen = max(ahead, key=lambda end: _right_turn(heading, here, end)) if len(ahead) > 1 else ahead[0]
        ahead.remove(chosen)
        step = (chosen[0] - here[0], chosen[1] - here[1])
        if step == heading:
            path[-1] = chosen
        else:
            path.append(chosen)
        here, heading = chosen, step
        if here == start:
            return path[:-1]


def _right_turn(heading: Cell, here: Cell, end: Cell) -> int:
    step = (end[0] - here[0], end[1] - here[1])
    return heading[0] * step[1] - heading[1] * step[0]
