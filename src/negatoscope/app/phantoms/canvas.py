"""A radiograph in the making: for each material, the length of it that every ray crosses.

Coordinates are millimetres in the plane of the detector, x to the right of the picture, y downward, the origin at the
top left corner. A body is drawn by adding lengths of soft tissue, fat, bone and by taking some away for air.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from negatoscope.app.phantoms.curves import Point

Field = NDArray[np.float32]

# An outline given by its values at some heights runs through this many millimetres to be smooth.
OUTLINE_SMOOTHING_MM = 22.0


def as_field(values: object) -> Field:
    """Return numbers as the kind of array that a canvas holds."""
    return np.asarray(values, np.float32)


class Canvas:
    """The lengths of soft tissue and bone in millimetres, one value for each pixel."""

    def __init__(self, width_mm: float, height_mm: float, spacing_mm: float, rng: np.random.Generator) -> None:
        self.spacing_mm = spacing_mm
        self.rng = rng
        rows, columns = round(height_mm / spacing_mm), round(width_mm / spacing_mm)
        self.soft: Field = np.zeros((rows, columns), np.float32)
        self.bone: Field = np.zeros((rows, columns), np.float32)
        self._part: Field | None = None
        self.y, self.x = np.meshgrid(
            (np.arange(rows, dtype=np.float32) + 0.5) * spacing_mm,
            (np.arange(columns, dtype=np.float32) + 0.5) * spacing_mm,
            indexing="ij",
        )

    def window(self, points: Sequence[Point], margin: float) -> tuple[slice, slice]:
        """Return the part of the picture around these points."""
        xs, ys = [point[0] for point in points], [point[1] for point in points]
        rows, columns = self.soft.shape
        top, bottom = (int((value) / self.spacing_mm) for value in (min(ys) - margin, max(ys) + margin))
        left, right = (int((value) / self.spacing_mm) for value in (min(xs) - margin, max(xs) + margin))
        return slice(max(0, top), max(0, min(rows, bottom + 1))), slice(max(0, left), max(0, min(columns, right + 1)))

    def ellipsoid(self, centre: Point, radii: Point, depth: float, angle: float = 0.0) -> Field:
        """Return the chord through an ellipsoid: `depth` mm in its middle, nothing outside."""
        cos, sin = np.cos(angle), np.sin(angle)
        dx, dy = self.x - centre[0], self.y - centre[1]
        u, v = (dx * cos + dy * sin) / radii[0], (dy * cos - dx * sin) / radii[1]
        return as_field(depth * np.sqrt(np.clip(1 - u * u - v * v, 0, None)))

    def column(self, half_widths: Sequence[Point], centre_x: float, depth: float, power: float = 2.0) -> Field:
        """Return the chord through a trunk whose half width is given at some heights: (y, half width), smooth between."""
        half = self.at_heights(half_widths)
        u = np.abs(self.x - centre_x) / half
        return as_field(depth * np.clip(1 - u**power, 0, None) ** (1 / power))

    def at_heights(self, values: Sequence[Point]) -> Field:
        """Return, (rows, 1), what is given at some heights as (y, value), smoothly between."""
        ys, given = zip(*values, strict=True)
        width = round(OUTLINE_SMOOTHING_MM / 2 / self.spacing_mm)
        margin = width + 2
        heights = (np.arange(-margin, self.soft.shape[0] + margin) + 0.5) * self.spacing_mm
        box = np.full(width, 1 / width)
        twice = np.convolve(np.convolve(np.interp(heights, ys, given), box, "same"), box, "same")
        return as_field(twice[margin : margin + self.soft.shape[0], None])

    def inside(self, corners: Sequence[Point], softness_mm: float) -> Field:
        """Return 1 inside a polygon and 0 outside, its edge softened."""
        rows, columns = self.soft.shape
        picture = Image.new("1", (columns, rows))
        ImageDraw.Draw(picture).polygon([(x / self.spacing_mm - 0.5, y / self.spacing_mm - 0.5) for x, y in corners], fill=1)
        whole = as_field(picture)
        return blur(whole, softness_mm, self.spacing_mm) if softness_mm else whole

    def tube(self, points: Sequence[Point], radii: Sequence[float]) -> tuple[tuple[slice, slice], Field, Field]:
        """Return, around a curve, where it is, the distance to it and its radius there (linear between the points).

        Farther than the largest radius and 2 mm the distance is infinite: a long rib costs no more than its own area.
        """
        margin = max(radii) + 2
        where = self.window(points, margin)
        nearest = np.full(self.x[where].shape, np.inf, np.float32)
        radius = np.full(nearest.shape, radii[0], np.float32)
        for (x0, y0), (x1, y1), r0, r1 in zip(points, points[1:], radii, radii[1:], strict=False):
            near = self.window([(x0, y0), (x1, y1)], margin)
            part = (slice(*_from(where[0], near[0])), slice(*_from(where[1], near[1])))
            dx, dy = x1 - x0, y1 - y0
            from_x, from_y = self.x[near] - np.float32(x0), self.y[near] - np.float32(y0)
            t = np.clip((from_x * np.float32(dx) + from_y * np.float32(dy)) / np.float32(max(dx * dx + dy * dy, 1e-6)), 0, 1)
            distance = np.hypot(from_x - t * np.float32(dx), from_y - t * np.float32(dy))
            closer = distance < nearest[part]
            nearest[part] = np.where(closer, distance, nearest[part])
            radius[part] = np.where(closer, np.float32(r0) + t * np.float32(r1 - r0), radius[part])
        return where, nearest, radius

    def add_vessel(self, points: Sequence[Point], radii: Sequence[float], weight: float = 1.0) -> None:
        """Add a tube of blood."""
        where, distance, radius = self.tube(points, radii)
        self.soft[where] += weight * 2 * np.sqrt(np.clip(radius**2 - distance**2, 0, None))

    def add_bone(
        self, points: Sequence[Point], radii: Sequence[float], *, cortex: float, marrow: float = 0.25, depth: float = 1.0
    ) -> None:
        """Add a hollow bone: a dense wall `cortex` mm thick around spongy bone of which a part `marrow` is mineral.

        `depth` flattens (below 1) or thickens the bone along the ray.
        """
        where, distance, radius = self.tube(points, radii)
        outer = 2 * np.sqrt(np.clip(radius**2 - distance**2, 0, None))
        inner = 2 * np.sqrt(np.clip((radius - cortex) ** 2 - distance**2, 0, None)) * (radius > cortex)
        self.put_bone(where, (depth * (outer - inner + marrow * inner)).astype(np.float32))

    def put_bone(self, where: tuple[slice, slice], length: Field) -> None:
        """Add bone; inside `one_bone` the parts run into each other instead of lying one on the other."""
        if self._part is None:
            self.bone[where] += length
        else:
            self._part[where] = np.maximum(self._part[where], length)

    @contextmanager
    def one_bone(self) -> Iterator[None]:
        """Make what is added inside one bone: where its parts meet, the thicker counts."""
        self._part = np.zeros_like(self.bone)
        yield
        self.bone += self._part
        self._part = None

    def texture(self, scale_mm: float, octaves: int = 3) -> Field:
        """Return noise of unit deviation with structures of about this size and, fainter, its halves."""
        rows, columns = self.soft.shape
        total = np.zeros((rows, columns), np.float32)
        for octave in range(octaves):
            step = max(scale_mm / 2**octave / self.spacing_mm, 1.0)
            coarse = self.rng.normal(size=(int(rows / step) + 3, int(columns / step) + 3)).astype(np.float32)
            total += resample(coarse, (rows, columns), step) / 2**octave
        return as_field(total / total.std())


def _from(whole: slice, part: slice) -> tuple[int, int]:
    """Return where a part begins and ends, counted from the beginning of the whole."""
    return part.start - whole.start, part.stop - whole.start


def resample(coarse: Field, shape: tuple[int, int], step: float, *, straight: bool = False) -> Field:
    """Return a coarse grid seen at a finer one, smoothly between its points; `straight` keeps slopes free of steps."""
    rows, columns = np.arange(shape[0]) / step, np.arange(shape[1]) / step

    def weights(position: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        low = position.astype(np.intp)
        t = (position - low).astype(np.float32)
        return low, t if straight else t * t * (3 - 2 * t)

    low_row, weight_row = weights(rows)
    low_column, weight_column = weights(columns)
    between = coarse[:, low_column] * (1 - weight_column) + coarse[:, low_column + 1] * weight_column
    return as_field(between[low_row] * (1 - weight_row)[:, None] + between[low_row + 1] * weight_row[:, None])


def blur(field: Field, radius_mm: float, spacing_mm: float) -> Field:
    """Return a field smoothed by three box filters, close to a Gaussian of this radius (one deviation)."""
    size = max(1, round(radius_mm / spacing_mm * 1.88 / 2))
    for axis in (0, 1):
        for _ in range(3):
            padded = np.pad(field, [(size + 1, size) if a == axis else (0, 0) for a in (0, 1)], mode="edge")
            summed = np.cumsum(padded, axis=axis, dtype=np.float64)
            width = 2 * size + 1
            high = np.take(summed, range(width, summed.shape[axis]), axis=axis)
            low = np.take(summed, range(summed.shape[axis] - width), axis=axis)
            field = as_field((high - low) / width)
    return field
