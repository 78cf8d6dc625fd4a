"""What the canvas must show, worked out with NumPy from the standard: independent of the viewer's own code."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Stored = NDArray[np.int64]
Grey = NDArray[np.float64]


def linear(values: NDArray[np.float64], center: float, width: float) -> Grey:
    """PS3.3 C.11.2.1.2.1, 0 to 1."""
    return np.clip((values - (center - 0.5)) / (width - 1) + 0.5, 0, 1)


def linear_exact(values: NDArray[np.float64], center: float, width: float) -> Grey:
    """PS3.3 C.11.2.1.3.2, 0 to 1."""
    return np.clip((values - center) / width + 0.5, 0, 1)


def sigmoid(values: NDArray[np.float64], center: float, width: float) -> Grey:
    """PS3.3 C.11.2.1.3.1, 0 to 1."""
    return 1 / (1 + np.exp(-4 * (values - center) / width))


def greys(fraction: Grey) -> Grey:
    """Whole grey levels, 0 to 255."""
    return np.floor(fraction * 255 + 0.5)


def box_filtered(grey: Grey, zoom: float, samples: int) -> Grey:
    """Shrink by `zoom`: each pixel of the result is the mean of `samples` squared points, as both renderers take them."""
    rows, columns = grey.shape
    down = np.arange(int(rows * zoom) * samples)
    across = np.arange(int(columns * zoom) * samples)
    row = np.floor((down + 0.5) / samples / zoom).astype(int).clip(0, rows - 1)
    column = np.floor((across + 0.5) / samples / zoom).astype(int).clip(0, columns - 1)
    taken = grey[np.ix_(row, column)]
    means: Grey = taken.reshape(len(down) // samples, samples, len(across) // samples, samples).mean(axis=(1, 3))
    return means
