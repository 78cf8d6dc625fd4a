"""The branching vessels of a lung."""

from __future__ import annotations

import numpy as np

from negatoscope.app.phantoms.canvas import Canvas
from negatoscope.app.phantoms.curves import Point

THINNEST_MM = 0.55


def grow_vessels(blood: Canvas, start: Point, angle: float, radius: float, length: float) -> None:
    """Add a vessel of this radius and length in mm that starts toward `angle`, and its branches down to the thinnest."""
    points, radii, (x, y), heading = [start], [radius], start, angle
    for step in range(1, 6):
        heading += float(blood.rng.normal(0, 0.07))
        x, y = x + np.cos(heading) * length / 5, y + np.sin(heading) * length / 5
        points.append((x, y))
        radii.append(radius * (1 - 0.07 * step))
    blood.add_vessel(points, radii)
    if radius <= THINNEST_MM:
        return
    spread = float(blood.rng.uniform(0.28, 0.5))
    for turn, part in ((spread, 0.78), (-spread * 0.9, 0.72)):
        grow_vessels(blood, points[-1], heading + turn, radius * 0.9 * part, length * float(blood.rng.uniform(0.72, 0.9)))
    if radius > 1.3:
        side = float(blood.rng.choice([-1, 1]))
        grow_vessels(blood, points[3], heading + side * float(blood.rng.uniform(0.6, 1.0)), radius * 0.5, length * 0.7)
