"""A hand from behind, as an adult's: forearm ends, carpus, five rays with their joints, soft parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from negatoscope.app.phantoms.canvas import Canvas, Field, blur
from negatoscope.app.phantoms.curves import Point, arc

WIDTH_MM, HEIGHT_MM = 200.0, 250.0

# For each ray: base of the metacarpal, its direction in degrees from straight up, lengths of its bones, radius at the shaft.
RAYS: tuple[tuple[Point, float, tuple[float, ...], float], ...] = (
    ((75, 182), -35, (40, 29, 21), 4.9),
    ((85, 174), -9, (62, 37, 23, 17), 4.4),
    ((98, 172), -1, (60, 41, 27, 18), 4.4),
    ((110, 175), 7, (53, 38, 25, 18), 4.0),
    ((121, 180), 17, (48, 31, 19, 16), 3.7),
)
CARPUS: tuple[tuple[Point, Point, float], ...] = (
    ((79, 200), (8.2, 11.2), 0.55),
    ((93, 202), (8.0, 8.8), 0.1),
    ((106, 200), (7.8, 8.0), -0.3),
    ((116, 194), (4.4, 5.2), 0.0),
    ((77, 185), (6.8, 6.0), 0.3),
    ((87.5, 182.5), (5.8, 6.6), 0.1),
    ((98.5, 184.5), (6.4, 10.2), 0.0),
    ((109.5, 184), (6.2, 8.6), -0.2),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HandFindings:
    """What is to be seen besides a healthy hand. `fractured_ray` counts from the thumb (0) to the little finger (4)."""

    fractured_ray: int | None = None


def draw_hand(rng: np.random.Generator, findings: HandFindings, *, spacing_mm: float = 0.2) -> Canvas:
    """Return the lengths of tissue of one right hand seen from behind: its thumb is on the left of the picture."""
    canvas = Canvas(WIDTH_MM, HEIGHT_MM, spacing_mm, rng)
    skin: Field = np.zeros_like(canvas.soft)
    size = float(rng.uniform(0.96, 1.04))
    for number, (base, angle, lengths, radius) in enumerate(RAYS):
        bend = np.deg2rad(angle + float(rng.normal(0, 1.2)))
        point, direction = base, (float(np.sin(bend)), float(-np.cos(bend)))
        joints = [point]
        for length in lengths:
            gap = 2.2
            start = (point[0] + direction[0] * gap / 2, point[1] + direction[1] * gap / 2)
            end = (start[0] + direction[0] * length * size, start[1] + direction[1] * length * size)
            broken = findings.fractured_ray == number and len(joints) == 1
            _long_bone(canvas, start, end, radius * (1 - 0.13 * (len(joints) - 1)), broken=broken)
            point = (end[0] + direction[0] * gap / 2, end[1] + direction[1] * gap / 2)
            joints.append(point)
        tip = (point[0] + direction[0] * 4, point[1] + direction[1] * 4)
        widths = [*[14.0, 11.5, 9.6, 8.6, 7.4][: len(joints)], 5.5]
        _skin(canvas, skin, [*joints, tip], widths)
    _palm(canvas, skin)
    with canvas.one_bone():
        for centre, radii, angle in CARPUS:
            _short_bone(canvas, centre, radii, angle)
    with canvas.one_bone():
        _forearm(canvas)
    canvas.soft += blur(skin, 0.5, spacing_mm) * (1 + 0.02 * canvas.texture(4.0))
    canvas.bone *= 1 + 0.10 * canvas.texture(0.9, 2) * (canvas.bone > 0.4)
    return canvas


def _long_bone(canvas: Canvas, start: Point, end: Point, radius: float, *, broken: bool) -> None:
    """Add a shaft with flared ends; `broken` shifts the far half by the width of its wall."""
    count = 15
    end_radius = radius * 1.12
    length = float(np.hypot(end[0] - start[0], end[1] - start[1]))
    cap = min(end_radius / length, 0.3)
    start, end = (
        (start[0] + (end[0] - start[0]) * cap, start[1] + (end[1] - start[1]) * cap),
        (end[0] - (end[0] - start[0]) * cap, end[1] - (end[1] - start[1]) * cap),
    )
    points, radii = [], []
    across = (-(end[1] - start[1]), end[0] - start[0])
    norm = float(np.hypot(*across)) or 1.0
    for index in range(count + 1):
        t = index / count
        step = 1.9 if broken and t > 0.7 else 0.0
        points.append(
            (
                start[0] + t * (end[0] - start[0]) + across[0] / norm * step,
                start[1] + t * (end[1] - start[1]) + across[1] / norm * step,
            )
        )
        flare = 0.46 * np.exp(-((t / 0.2) ** 2)) + 0.5 * np.exp(-(((1 - t) / 0.18) ** 2))
        radii.append(radius * (0.86 + float(flare)))
    radii[0] *= 0.92
    radii[-1] *= 0.9
    pieces = ((0, 11), (11, count + 1)) if broken else ((0, count + 1),)
    for first, last in pieces:
        canvas.add_bone(points[first:last], radii[first:last], cortex=radius * 0.34, marrow=0.22, depth=0.78)


def _short_bone(canvas: Canvas, centre: Point, radii: Point, angle: float) -> None:
    outer = canvas.ellipsoid(centre, radii, 10.4, angle)
    inner = canvas.ellipsoid(centre, (radii[0] - 1.1, radii[1] - 1.1), 9.2, angle)
    canvas.put_bone((slice(None), slice(None)), outer - inner + 0.30 * inner)


def _skin(canvas: Canvas, skin: Field, points: list[Point], widths: list[float]) -> None:
    where, distance, radius = canvas.tube(points, widths)
    chord = 1.9 * np.sqrt(np.clip(radius**2 - distance**2, 0, None))
    skin[where] = np.maximum(skin[where], chord)


def _palm(canvas: Canvas, skin: Field) -> None:
    for points, widths in (
        ([(96, 124), (98, 168), (98, 214)], [33.0, 35.0, 29.0]),
        ([(112, 144), (113, 182)], [22.0, 22.0]),
        ([(79, 166), (82, 198)], [20.0, 21.0]),
        ([(96, 208), (96, 280)], [27.0, 27.0]),
    ):
        where, distance, radius = canvas.tube(points, widths)
        chord = 27.0 * np.clip(1 - (distance / radius) ** 3, 0, None) ** 0.5
        skin[where] = np.maximum(skin[where], chord)


def _forearm(canvas: Canvas) -> None:
    radius_bone = arc((86, 224), (85, 246), (83, 282), 16)
    canvas.add_bone(
        radius_bone,
        [12.6, 12.4, 11.6, 10.6, 9.6, 8.8, 8.2, 7.8, 7.5, 7.3, 7.2, 7.1, 7.0, 7, 7, 7, 7],
        cortex=1.9,
        marrow=0.24,
        depth=0.66,
    )
    canvas.add_bone([(76, 217), (77, 223)], [2.8, 4.0], cortex=1.0, marrow=0.3)
    ulna = arc((112, 224), (111, 246), (108, 282), 12)
    canvas.add_bone(ulna, [7.2, 7.0, 6.2, 5.7, 5.4, 5.3, 5.3, 5.3, 5.4, 5.4, 5.5, 5.6, 5.7], cortex=1.7, marrow=0.26)
    canvas.add_bone([(117, 215), (117, 221)], [1.6, 2.6], cortex=0.8, marrow=0.3)
