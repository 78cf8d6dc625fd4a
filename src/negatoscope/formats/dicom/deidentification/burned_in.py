"""Look for text-like strokes at the borders of a picture. It raises a concern for a person; it never says a picture is clean.

Burned-in text is drawn at one level over another: along a row it jumps over most of the grey scale and back again within
a few pixels, many times, and does so in several rows one below the other. Anatomy does not, nor does noise.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

_BORDER: Final = 0.2
_JUMP: Final = 0.5
_LONGEST_STROKE_PX: Final = 24
_LEAST_STROKES: Final = 5
_LEAST_ROWS: Final = 5


def looks_like_text(pixels: NDArray[np.generic]) -> bool:
    """Tell whether the outer fifth of a frame holds text-like strokes. `pixels`: (rows, columns) or (rows, columns, samples)."""
    grey = _grey(pixels)
    span = float(grey.max()) - float(grey.min()) if grey.size else 0.0
    if span == 0.0:
        return False
    rows, columns = grey.shape
    high, wide = max(1, round(rows * _BORDER)), max(1, round(columns * _BORDER))
    borders = (grey[:high], grey[-high:], grey[high:-high, :wide], grey[high:-high, -wide:])
    return any(_has_text(border, span * _JUMP) for border in borders)


def _grey(pixels: NDArray[np.generic]) -> NDArray[np.float32]:
    values = pixels.astype(np.float32)
    return values.max(axis=2) if values.ndim == 3 else values


def _has_text(border: NDArray[np.float32], jump: float) -> bool:
    """Tell whether enough neighbouring rows hold enough strokes: a steep rise and a steep fall, a few pixels apart."""
    if border.shape[0] < _LEAST_ROWS or border.shape[1] < _LEAST_STROKES:
        return False
    steps = _steps(border)
    neighbours = 0
    for row in range(border.shape[0]):
        neighbours = neighbours + 1 if _strokes(steps[row], jump) >= _LEAST_STROKES else 0
        if neighbours >= _LEAST_ROWS:
            return True
    return False


def _steps(border: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how each pixel differs from the last but one: smoothed strokes rise over two pixels."""
    return border[:, 2:] - border[:, :-2]


def _strokes(steps: NDArray[np.float32], jump: float) -> int:
    places = np.flatnonzero(np.abs(steps) >= jump)
    if len(places) < _LEAST_STROKES:
        return 0
    signs = np.sign(steps[places])
    turns = (signs[1:] != signs[:-1]) & (np.diff(places) <= _LONGEST_STROKE_PX)
    return int(turns.sum()) // 2
