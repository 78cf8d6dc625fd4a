"""A pelvis from the front, as an adult's: iliac wings, sacrum, pubic arch, hips, last lumbar vertebrae, soft parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from negatoscope.app.phantoms.canvas import Canvas, Field, blur
from negatoscope.app.phantoms.curves import Point, arc, smooth

WIDTH_MM, HEIGHT_MM = 430.0, 350.0
MIDDLE = WIDTH_MM / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PelvisFindings:
    """What is to be seen besides a healthy pelvis."""

    left_neck_fracture: bool = False
    right_hip_narrowing: bool = False


def draw_pelvis(rng: np.random.Generator, findings: PelvisFindings, *, spacing_mm: float = 0.36) -> Canvas:
    """Return the lengths of tissue of one pelvis."""
    canvas = Canvas(WIDTH_MM, HEIGHT_MM, spacing_mm, rng)
    _soft_parts(canvas)
    for sign in (-1.0, 1.0):
        with canvas.one_bone():
            _hip_bone(canvas, sign)
        narrow = findings.right_hip_narrowing and sign < 0
        with canvas.one_bone():
            _femur(canvas, sign, broken=findings.left_neck_fracture and sign > 0, narrow=narrow)
    _sacrum(canvas)
    _gas(canvas)
    canvas.bone *= 1 + 0.09 * canvas.texture(2.2, 3) * (canvas.bone > 0.6)
    canvas.bone = blur(canvas.bone, 0.3, spacing_mm)
    return canvas


def _soft_parts(canvas: Canvas) -> None:
    canvas.soft += canvas.column(
        [(-60, 150), (40, 152), (110, 176), (190, 196), (260, 200), (420, 192)], MIDDLE, 205.0, power=2.7
    )
    gap = np.clip((canvas.y - 288) / 70, 0, 1) * np.exp(-(((canvas.x - MIDDLE) / 13) ** 2))
    canvas.soft -= 70.0 * gap
    for sign in (-1.0, 1.0):
        canvas.soft += canvas.ellipsoid((MIDDLE + sign * 106, 350), (84, 130), 16.0)
    canvas.soft += canvas.ellipsoid((MIDDLE, 214), (46, 34), 22.0)
    canvas.soft *= 1 + 0.012 * canvas.texture(20.0)


def _plate(canvas: Canvas, corners: list[Point], thickness: float, *, edge: float = 2.4) -> None:
    """Add a flat bone: spongy inside, denser along its border."""
    inside = canvas.inside(corners, 0)
    solid = blur(inside, 1.0, canvas.spacing_mm)
    rim = np.clip(solid - blur(inside, edge, canvas.spacing_mm), 0, None)
    canvas.put_bone((slice(None), slice(None)), (thickness * 0.34 * solid + thickness * 1.15 * rim).astype(np.float32))


def _mirrored(sign: float, points: Sequence[Point]) -> list[Point]:
    return [(MIDDLE + sign * x, y) for x, y in points]


def _mirrored_arc(sign: float, points: Sequence[Point], count: int) -> list[Point]:
    start, middle, end = _mirrored(sign, points)
    return arc(start, middle, end, count)


def _hip_bone(canvas: Canvas, sign: float) -> None:
    wing = [
        (50, 132), (44, 108), (50, 88), (64, 66), (88, 46), (116, 42), (140, 58), (156, 86), (158, 112), (146, 128),
        (140, 144), (132, 158), (134, 178), (122, 196), (98, 202), (82, 182), (66, 158),
    ]  # fmt: skip
    _plate(canvas, smooth(_mirrored(sign, wing)), 13.0)
    crest = _mirrored(sign, [(46, 98), (62, 70), (88, 48), (116, 45), (139, 60), (154, 88), (156, 112)])
    crest = smooth(crest, closed=False)
    canvas.add_bone(crest, [3.6] * len(crest), cortex=1.6, marrow=0.4)
    brim = _mirrored_arc(sign, [(52, 132), (92, 190), (20, 240)], 30)
    canvas.add_bone(brim, [3.4] * len(brim), cortex=1.4, marrow=0.4, depth=1.1)
    column = [
        (124, 176),
        (116, 216),
        (92, 224),
        (72, 232),
        (30, 228),
        (8, 236),
        (8, 252),
        (34, 250),
        (62, 252),
        (84, 248),
        (112, 236),
    ]
    _plate(canvas, smooth(_mirrored(sign, column)), 15.0)
    upper = _mirrored(sign, [(80, 218), (44, 226), (10, 240)])
    canvas.add_bone(arc(upper[0], upper[1], upper[2], 14), [8.5] * 15, cortex=2.0, marrow=0.28, depth=0.9)
    body = _mirrored(sign, [(9, 236), (9, 262)])
    canvas.add_bone(body, [6.8, 6.2], cortex=1.8, marrow=0.34)
    lower = _mirrored_arc(sign, [(12, 262), (34, 286), (62, 296)], 14)
    canvas.add_bone(lower, [6.2] * 7 + [8.0] * 8, cortex=1.8, marrow=0.3)
    ischium = _mirrored_arc(sign, [(62, 296), (84, 280), (88, 232)], 14)
    canvas.add_bone(
        ischium, [12.0, 12.5, 13, 13, 13, 12.5, 12, 12, 12, 12, 12, 12.5, 13, 13, 13], cortex=2.0, marrow=0.24, depth=0.85
    )
    roof = _mirrored_arc(sign, [(74, 204), (98, 168), (128, 196)], 20)
    canvas.add_bone(roof, [2.6] * len(roof), cortex=2.0, marrow=0.7, depth=1.3)
    wall = _mirrored_arc(sign, [(74, 204), (66, 222), (80, 240)], 12)
    canvas.add_bone(wall, [1.8] * len(wall), cortex=1.4, marrow=0.6)


def _femur(canvas: Canvas, sign: float, *, broken: bool, narrow: bool) -> None:
    centre = (MIDDLE + sign * 101, 212 - (3.0 if narrow else 0.0))
    radius = 24.5
    outer = canvas.ellipsoid(centre, (radius, radius), 46.0)
    inner = canvas.ellipsoid(centre, (radius - 1.6, radius - 1.6), 43.0)
    canvas.put_bone((slice(None), slice(None)), ((outer - inner) * 0.8 + 0.26 * inner).astype(np.float32))
    drop = 9.0 if broken else 0.0
    neck = [
        (centre[0] + sign * 16, centre[1] + 14),
        (centre[0] + sign * 30, centre[1] + 27 - drop),
        (centre[0] + sign * 48, centre[1] + 44 - drop),
    ]
    first = neck[1:] if broken else neck
    canvas.add_bone(first, [15.5, 16.0, 19.0][-len(first) :], cortex=2.6, marrow=0.26, depth=0.85)
    if broken:
        line = [(neck[1][0] - sign * 5, neck[1][1] - 15), (neck[1][0] - sign * 3, neck[1][1] + 15)]
        canvas.add_bone(line, [1.2, 1.2], cortex=0.9, marrow=0.9, depth=1.6)
    trochanter = (centre[0] + sign * 56, centre[1] + 18 - drop)
    canvas.add_bone(
        [trochanter, (trochanter[0] + sign * 1, trochanter[1] + 26)], [12.0, 15.0], cortex=1.8, marrow=0.24, depth=0.8
    )
    canvas.add_bone(
        [(centre[0] + sign * 33, centre[1] + 66 - drop), (centre[0] + sign * 38, centre[1] + 74 - drop)],
        [7.0, 8.0],
        cortex=1.5,
        marrow=0.3,
    )
    shaft = arc(
        (centre[0] + sign * 50, centre[1] + 46 - drop), (centre[0] + sign * 52, 300 - drop), (centre[0] + sign * 44, 390), 14
    )
    canvas.add_bone(
        shaft, [19, 18, 17, 16.5, 16, 15.5, 15, 15, 14.5, 14.5, 14, 14, 14, 14, 14], cortex=4.4, marrow=0.12, depth=0.85
    )


def _sacrum(canvas: Canvas) -> None:
    outline = [
        (-54, 92),
        (-30, 84),
        (0, 90),
        (30, 84),
        (54, 92),
        (50, 124),
        (34, 152),
        (18, 178),
        (0, 188),
        (-18, 178),
        (-34, 152),
        (-50, 124),
    ]
    _plate(canvas, smooth([(MIDDLE + x, y) for x, y in outline]), 19.0, edge=1.6)
    for level in range(4):
        y = 112 + level * 18.0
        for sign in (-1.0, 1.0):
            hole = canvas.ellipsoid((MIDDLE + sign * (25 - level * 3.2), y), (5.2, 4.2), 1.0)
            canvas.bone -= 2.2 * hole
            edge = arc(
                (MIDDLE + sign * (31 - level * 3.2), y - 2),
                (MIDDLE + sign * (25 - level * 3), y - 8),
                (MIDDLE + sign * (18 - level * 3), y - 2),
                10,
            )
            canvas.add_bone(edge, [1.2] * len(edge), cortex=0.9, marrow=0.5)
    for sign in (-1.0, 1.0):
        joint = arc((MIDDLE + sign * 60, 84), (MIDDLE + sign * 50, 116), (MIDDLE + sign * 42, 142), 14)
        where, distance, _ = canvas.tube(joint, [2.6] * len(joint))
        canvas.bone[where] *= 1 - 0.45 * np.exp(-((distance / 1.1) ** 2))
    for number, y in enumerate((64, 27, -8)):
        half = 25.0 - number * 0.8
        height = np.abs(canvas.y - y)
        waist = half * (1 - 0.1 * np.cos(np.clip(height / 14, 0, 1) * np.pi / 2))
        body = np.clip((waist - np.abs(canvas.x - MIDDLE)) / 1.2, 0, 1) * np.clip((14.5 - height) / 1.0, 0, 1)
        canvas.bone += body * (5.4 + 5.0 * np.exp(-((height - 13.2) ** 2) / 1.6))
        for sign in (-1.0, 1.0):
            canvas.add_bone([(MIDDLE + sign * 22, y - 2), (MIDDLE + sign * 46, y - 5)], [4.6, 3.0], cortex=1.2, marrow=0.3)
            ring = np.hypot((canvas.x - MIDDLE - sign * 16) / 4.4, (canvas.y - y + 3) / 6.4)
            canvas.bone += 2.6 * np.exp(-((ring - 1) ** 2) / 0.08)
        canvas.add_bone([(MIDDLE, y + 2), (MIDDLE, y + 15)], [3.2, 2.8], cortex=1.2, marrow=0.4)
    canvas.bone = np.clip(canvas.bone, 0, None)


def _gas(canvas: Canvas) -> None:
    bubbles: Field = np.zeros_like(canvas.soft)
    for _ in range(26):
        sign = float(canvas.rng.choice([-1.0, 1.0]))
        spot = (MIDDLE + sign * float(canvas.rng.uniform(18, 118)), float(canvas.rng.uniform(14, 118)))
        radii = (float(canvas.rng.uniform(6, 17)), float(canvas.rng.uniform(5, 13)))
        bubbles = np.maximum(bubbles, canvas.ellipsoid(spot, radii, 24.0, float(canvas.rng.uniform(0, 3))))
    rectum = canvas.ellipsoid((MIDDLE + 4, 196), (15, 19), 20.0)
    canvas.soft -= 0.75 * np.maximum(blur(bubbles, 1.2, canvas.spacing_mm), rectum)
