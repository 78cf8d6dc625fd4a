"""Outlines of anatomy as lists of points: parabolas, corners cut round."""

from __future__ import annotations

from collections.abc import Sequence

Point = tuple[float, float]


def arc(start: Point, middle: Point, end: Point, count: int = 24) -> list[Point]:
    """Return points of the parabola (a quadratic Bézier curve) that is drawn toward `middle`."""
    points = []
    for index in range(count + 1):
        t = index / count
        a, b, c = (1 - t) ** 2, 2 * t * (1 - t), t * t
        points.append((a * start[0] + b * middle[0] + c * end[0], a * start[1] + b * middle[1] + c * end[1]))
    return points


def smooth(points: Sequence[Point], rounds: int = 3, *, closed: bool = True) -> list[Point]:
    """Return an outline with its corners cut (Chaikin); an open one keeps its two ends."""
    line = list(points)
    for _ in range(rounds):
        cut: list[Point] = []
        after = line[1:] + line[:1] if closed else line[1:]
        for (x0, y0), (x1, y1) in zip(line, after, strict=False):
            cut += [(0.75 * x0 + 0.25 * x1, 0.75 * y0 + 0.25 * y1), (0.25 * x0 + 0.75 * x1, 0.25 * y0 + 0.75 * y1)]
        line = cut if closed else [line[0], *cut[1:-1], line[-1]]
    return line
