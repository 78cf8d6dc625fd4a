"""A chest from the front, as an adult's: trunk, lungs with their vessels, heart, mediastinum, diaphragm, ribs, shoulders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from negatoscope.app.phantoms.canvas import Canvas, Field, as_field, blur
from negatoscope.app.phantoms.curves import Point, arc, smooth
from negatoscope.app.phantoms.vessels import grow_vessels

WIDTH_MM, HEIGHT_MM = 380.0, 420.0
MIDDLE = WIDTH_MM / 2
# The pleura seen along its surface, as the length that a ray runs in it.
PLEURA_MM = 9.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChestFindings:
    """What is to be seen besides a healthy chest. Sides are the patient's; the patient's left is on the picture's right."""

    nodule: Point | None = None
    nodule_mm: float = 14.0
    left_effusion_mm: float = 0.0
    heart_scale: float = 1.0
    right_pneumothorax: bool = False


def draw_chest(rng: np.random.Generator, findings: ChestFindings, *, spacing_mm: float = 0.36) -> Canvas:
    """Return the lengths of tissue of one chest; no two seeds give the same one."""
    canvas = Canvas(WIDTH_MM, HEIGHT_MM, spacing_mm, rng)
    size = float(rng.uniform(0.95, 1.05))
    _trunk(canvas, size)
    lungs = _lungs(canvas, size, findings)
    _vessels(canvas, lungs, size)
    _heart(canvas, lungs, size, findings)
    _cage(canvas, size)
    _shoulders(canvas, size)
    _findings(canvas, lungs, size, findings)
    return canvas


@dataclass(frozen=True, slots=True)
class _Lungs:
    """For each ray, millimetres of aerated lung, and the part of them that is lung and not air free in the pleura."""

    air: Field
    expanded: Field
    aeration: float = 0.76


def _trunk(canvas: Canvas, size: float) -> None:
    shape = [(-40, 62), (18, 60), (48, 104), (72, 172), (110, 184), (170, 163), (230, 158), (320, 158), (460, 168)]
    canvas.soft += canvas.column([(y, w * size) for y, w in shape], MIDDLE, 190.0 * size, power=2.4)
    fat = canvas.column([(y, w * size * 0.96) for y, w in shape], MIDDLE, 18.0, power=8.0)
    canvas.soft -= 0.12 * fat
    belly = np.clip((canvas.y - 280) / 90, 0, 1)
    canvas.soft += belly * canvas.ellipsoid((MIDDLE, 400), (185, 150), 70.0)
    canvas.soft *= 1 + 0.012 * canvas.texture(22.0)


def _side(canvas: Canvas, size: float, sign: float, dome: Point, lateral_drop: float) -> Field:
    """Return the millimetres of lung on one side; `sign` is -1 on the left of the picture, the patient's right."""
    heights = np.array([58, 66, 80, 105, 140, 190, 250, 300, 345])
    lateral = np.interp(canvas.y[:, 0], heights, np.array([18, 40, 62, 88, 106, 121, 130, 134, 135]) * size)[:, None]
    medial = np.interp(canvas.y[:, 0], heights, np.array([14, 16, 19, 23, 25, 27, 30, 31, 31]) * size)[:, None]
    across = (canvas.x - MIDDLE) * sign
    u = (across - (lateral + medial) / 2) / ((lateral - medial) / 2)
    thickness = 158.0 * size * np.clip(1 - np.abs(u) ** 3.0, 0, None) ** 0.48
    away = canvas.x - dome[0]
    outward = away * sign > 0
    floor = dome[1] + np.where(outward, lateral_drop, lateral_drop * 0.55) * (away / 70) ** 2
    thickness *= np.sqrt(np.clip((floor - canvas.y) / 46.0, 0, 1))
    thickness *= np.sqrt(np.clip((canvas.y - 56 * size) / 40.0, 0, 1))
    result: Field = thickness.astype(np.float32)
    return result


def _lungs(canvas: Canvas, size: float, findings: ChestFindings) -> _Lungs:
    shift = float(canvas.rng.uniform(-6, 6))
    right = _side(canvas, size, -1.0, (MIDDLE - 68, 292 + shift), 44.0)
    left = _side(canvas, size, 1.0, (MIDDLE + 72, 303 + shift), 40.0)
    if findings.left_effusion_mm:
        level = 322 + shift - findings.left_effusion_mm
        meniscus = level - 34 * np.clip((canvas.x - (MIDDLE + 70)) / 66, 0, 1) ** 2.2 * min(1.0, findings.left_effusion_mm / 40)
        left *= np.clip((meniscus - canvas.y) / 14.0 + 0.5, 0, 1)
    air = blur((right + left).astype(np.float32), 0.7, canvas.spacing_mm)
    lungs = _Lungs(air, np.ones_like(air))
    if findings.right_pneumothorax:
        lungs = _Lungs(air, _collapse(canvas, size))
    canvas.soft -= lungs.aeration * air
    parenchyma = air * lungs.expanded
    canvas.soft += 0.006 * parenchyma * canvas.texture(6.0, 3) + 0.008 * parenchyma * canvas.texture(1.4, 2)
    return lungs


def _visceral_pleura(size: float) -> list[Point]:
    """Return the edge of a right lung that came off the wall of the chest, from its apex down to the diaphragm."""
    edge = [(20, 128), (24, 108), (38, 96), (54, 98), (68, 112), (80, 138), (90, 168), (99, 200), (107, 230), (116, 260)]
    return smooth([(MIDDLE - x * size, y) for x, y in [*edge, (126, 288), (137, 312)]], closed=False)


def _collapse(canvas: Canvas, size: float) -> Field:
    """Return where there still is lung (1) and where only air (0) when the right one has come off the wall."""
    corners = [*_visceral_pleura(size), (MIDDLE - 150, 400), (MIDDLE, 400), (MIDDLE, 150)]
    left_side = canvas.x > MIDDLE
    return as_field(np.where(left_side, 1.0, canvas.inside(corners, 0.4)))


def _vessels(canvas: Canvas, lungs: _Lungs, size: float) -> None:
    blood = Canvas(WIDTH_MM, HEIGHT_MM, canvas.spacing_mm, canvas.rng)
    for sign, hilum in ((-1.0, (MIDDLE - 38 * size, 178.0)), (1.0, (MIDDLE + 42 * size, 168.0))):
        for angle in (-1.15, -0.62, -0.1, 0.32, 0.72, 1.08, 1.35):
            direction = angle if sign > 0 else np.pi - angle
            near = (hilum[0] + 9 * np.cos(direction), hilum[1] + 15 * np.sin(direction))
            toward = direction + float(canvas.rng.normal(0, 0.06))
            grow_vessels(blood, near, toward, float(canvas.rng.uniform(2.6, 3.6)), 36 * size)
        for _ in range(3):
            spot = (hilum[0] + float(canvas.rng.normal(0, 6)), hilum[1] + float(canvas.rng.normal(0, 9)))
            blood.soft = np.maximum(blood.soft, blood.ellipsoid(spot, (11, 14), 12.0))
    presence = np.clip(lungs.air / 40.0, 0, 1) * lungs.expanded
    canvas.soft += 1.5 * blood.soft * presence


def _heart(canvas: Canvas, lungs: _Lungs, size: float, findings: ChestFindings) -> None:
    scale = size * findings.heart_scale
    left = canvas.ellipsoid((MIDDLE + 26 * scale, 252), (66 * scale, 58 * scale), 118.0, angle=0.5)
    right = canvas.ellipsoid((MIDDLE - 14, 243), (35 * scale, 56), 96.0)
    vessels = np.maximum(
        canvas.ellipsoid((MIDDLE + 20, 128), (21 * size, 22), 52.0),
        np.maximum(canvas.ellipsoid((MIDDLE + 23, 172), (22, 40), 46.0), canvas.ellipsoid((MIDDLE - 16, 150), (17, 62), 40.0)),
    )
    heart = blur(np.maximum(np.maximum(left, right), vessels).astype(np.float32), 0.9, canvas.spacing_mm)
    canvas.soft += lungs.aeration * np.minimum(heart, lungs.air)
    canvas.soft += 0.1 * heart
    aorta = arc((MIDDLE + 34, 140), (MIDDLE + 22, 220), (MIDDLE + 12, 330))
    canvas.add_vessel(aorta, [11.0] * len(aorta), 0.35)
    airway = [(MIDDLE - 1, -10), (MIDDLE, 60), (MIDDLE + 2, 146)]
    tree = Canvas(WIDTH_MM, HEIGHT_MM, canvas.spacing_mm, canvas.rng)
    for points, radius in (
        (airway, 8.5),
        (arc(airway[-1], (MIDDLE - 16, 158), (MIDDLE - 33, 174)), 6.2),
        (arc(airway[-1], (MIDDLE + 22, 158), (MIDDLE + 40, 170)), 5.6),
    ):
        where, distance, radii = tree.tube(points, [radius] * len(points))
        tree.soft[where] = np.maximum(tree.soft[where], 2 * np.sqrt(np.clip(radii**2 - distance**2, 0, None)))
    canvas.soft -= 1.5 * tree.soft


def _cage(canvas: Canvas, size: float) -> None:
    for level in range(17):
        y = 30 + level * 22.5 + level**2 * 0.28
        _vertebra(canvas, y, 14.5 + level * 0.35)
    for number in range(1, 11):
        y = 40 + number * 22.0 + number**2 * 0.25
        half = float(np.interp(y + 22, [50, 80, 120, 190, 300], [52, 86, 116, 133, 139])) * size
        for sign in (-1.0, 1.0):
            jitter = float(canvas.rng.normal(0, 1.2))
            start = (MIDDLE + sign * 13, y + jitter)
            turn = (MIDDLE + sign * half, y + 30 + number * 1.6 + jitter)
            posterior = arc(start, (MIDDLE + sign * half * 0.62, y - 18 + jitter), turn)
            width = 4.4 + 0.12 * number
            radii = [width * (0.8 + 0.35 * np.sin(np.pi * min(1, index / 18))) for index in range(len(posterior))]
            canvas.add_bone(posterior, radii, cortex=0.9, marrow=0.2, depth=1.0)
            if number <= 7:
                end = (MIDDLE + sign * (46 + number * 3.0) * size, y + 62 + number * 5.5 + jitter)
                anterior = arc(turn, (MIDDLE + sign * half * 1.02, y + 58 + number * 4), end)
                radii = [(width + 0.9 * index / len(anterior)) for index in range(len(anterior))]
                canvas.add_bone(anterior, radii, cortex=0.7, marrow=0.18, depth=0.85)


def _vertebra(canvas: Canvas, y: float, half: float) -> None:
    body = canvas.window([(MIDDLE - half, y - 10), (MIDDLE + half, y + 10)], 2)
    x, height = canvas.x[body] - MIDDLE, canvas.y[body] - y
    waist = half * (1 - 0.12 * np.cos(height / 10 * np.pi / 2))
    inside = np.clip((waist - np.abs(x)) / 1.2, 0, 1) * np.clip((10 - np.abs(height)) / 1.0, 0, 1)
    plates = np.exp(-((np.abs(height) - 9.2) ** 2) / 1.2)
    canvas.bone[body] += inside * (1.9 + 2.0 * plates)
    for sign in (-1.0, 1.0):
        ring = np.hypot((canvas.x - MIDDLE - sign * half * 0.62) / 3.2, (canvas.y - y + 2.5) / 4.4)
        canvas.bone += 1.3 * np.exp(-((ring - 1) ** 2) / 0.08)
    spine = [(MIDDLE, y + 1), (MIDDLE + 0.6, y + 9)]
    canvas.add_bone(spine, [3.0, 2.4], cortex=1.0, marrow=0.4, depth=0.8)


def _shoulders(canvas: Canvas, size: float) -> None:
    for sign in (-1.0, 1.0):
        tilt = float(canvas.rng.normal(0, 2))
        medial, lateral = (MIDDLE + sign * 16, 92 + tilt), (MIDDLE + sign * 148 * size, 62 + tilt)
        first = arc(medial, (MIDDLE + sign * 56, 96 + tilt), (MIDDLE + sign * 84, 76 + tilt), 12)
        second = arc(first[-1], (MIDDLE + sign * 112, 56 + tilt), lateral, 12)[1:]
        canvas.add_bone(
            [*first, *second], [7.5] * 4 + [5.6] * (len(first) + len(second) - 8) + [6.6] * 4, cortex=1.5, marrow=0.22
        )
        blade = [(MIDDLE + sign * 150, 78), (MIDDLE + sign * 118, 100), (MIDDLE + sign * 132, 214), (MIDDLE + sign * 158, 120)]
        canvas.bone += 1.6 * canvas.inside(blade, 1.6)
        border = arc((MIDDLE + sign * 160, 112), (MIDDLE + sign * 150, 170), (MIDDLE + sign * 132, 216), 16)
        canvas.add_bone(border, [4.2] * len(border), cortex=1.3, marrow=0.3, depth=0.8)
        ridge = arc((MIDDLE + sign * 112, 108), (MIDDLE + sign * 140, 84), (MIDDLE + sign * 172, 62), 12)
        canvas.add_bone(ridge, [4.0] * len(ridge), cortex=1.0, marrow=0.25, depth=0.7)
        head = (MIDDLE + sign * 178 * size, 96)
        canvas.bone += 0.22 * canvas.ellipsoid(head, (24, 25), 40.0)
        shaft = [head, (head[0] + sign * 14, 180), (head[0] + sign * 26, 300)]
        where, distance, radius = canvas.tube(shaft, [46, 44, 42])
        arm = 2 * np.sqrt(np.clip(radius**2 - distance**2, 0, None))
        canvas.soft[where] = np.maximum(canvas.soft[where], arm)
        canvas.add_bone(shaft, [17, 12, 11], cortex=4.0, marrow=0.12)


def _findings(canvas: Canvas, lungs: _Lungs, size: float, findings: ChestFindings) -> None:
    if findings.nodule is not None:
        radius = findings.nodule_mm / 2
        shape = canvas.ellipsoid(findings.nodule, (radius, radius * 0.92), findings.nodule_mm)
        edge = 1 + 0.18 * canvas.texture(3.0, 2)
        canvas.soft += blur(0.95 * shape * edge, 0.5, canvas.spacing_mm)
    if findings.left_effusion_mm:
        where = np.clip((canvas.x - MIDDLE - 30) / 20, 0, 1) * np.clip((canvas.y - 250) / 40, 0, 1)
        canvas.soft += 22.0 * where * np.clip(1 - lungs.air / 30.0, 0, 1)
    if findings.right_pneumothorax:
        within = np.clip(lungs.air / 12.0, 0, 1)
        canvas.soft -= 0.17 * lungs.air * (1 - lungs.expanded)
        canvas.soft += 0.07 * lungs.air * lungs.expanded * (canvas.x < MIDDLE)
        pleura = _visceral_pleura(size)
        where, distance, _ = canvas.tube(pleura, [1.0] * len(pleura))
        canvas.soft[where] += PLEURA_MM * np.exp(-((distance / 0.5) ** 2)) * within[where]
