"""A chest from the left side, as an adult's, facing the left of the picture: both lungs lie one over the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from negatoscope.app.phantoms.canvas import Canvas, Field, as_field, blur
from negatoscope.app.phantoms.curves import Point, arc, smooth
from negatoscope.app.phantoms.vessels import grow_vessels

WIDTH_MM, HEIGHT_MM = 350.0, 420.0
AERATION = 0.76
# The outline and the parts, as (height, value): where the skin is before and behind, and how wide the trunk is there.
FRONT = ((-40, 148), (20, 140), (55, 112), (90, 82), (130, 56), (180, 40), (240, 36), (300, 38), (420, 30))
BACK = ((-40, 262), (20, 270), (55, 296), (90, 312), (130, 320), (180, 322), (240, 314), (300, 304), (420, 298))
ACROSS = ((-40, 112), (15, 118), (45, 240), (75, 320), (120, 310), (200, 300), (300, 306), (420, 318))
# The middles of the vertebral bodies, as (height, x).
SPINE = ((0, 212), (40, 226), (80, 244), (120, 257), (160, 264), (200, 266), (250, 262), (300, 252), (350, 240), (420, 226))
ABOVE_DIAPHRAGM = (
    (166, 66), (142, 82), (116, 116), (92, 168), (76, 222), (68, 272),
)  # fmt: skip
BEHIND_LUNGS = ((276, 330), (290, 270), (297, 210), (294, 160), (280, 112), (258, 82), (228, 64), (196, 57))
RIGHT_DOME = ((74, 276), (96, 270), (128, 264), (160, 270), (198, 292), (236, 326), (268, 362))
LEFT_DOME = ((78, 287), (98, 283), (128, 277), (160, 283), (198, 304), (236, 336), (270, 368))


@dataclass(frozen=True, slots=True, kw_only=True)
class LateralFindings:
    """What is to be seen besides a healthy chest; heights are those of the view from the front."""

    nodule: Point | None = None
    nodule_mm: float = 14.0
    heart_scale: float = 1.0


def draw_chest_lateral(rng: np.random.Generator, findings: LateralFindings, *, spacing_mm: float = 0.36) -> Canvas:
    """Return the lengths of tissue of one chest seen from the left."""
    canvas = Canvas(WIDTH_MM, HEIGHT_MM, spacing_mm, rng)
    _trunk(canvas)
    air = _lungs(canvas)
    _vessels(canvas, air)
    _heart(canvas, air, findings.heart_scale)
    _airway(canvas)
    _spine(canvas)
    _ribs(canvas)
    _sternum(canvas)
    _shoulder_blades(canvas)
    if findings.nodule is not None:
        radius = findings.nodule_mm / 2
        shape = canvas.ellipsoid(findings.nodule, (radius, radius * 0.94), findings.nodule_mm)
        canvas.soft += blur(0.9 * shape * (1 + 0.18 * canvas.texture(3.0, 2)), 0.5, spacing_mm)
    return canvas


def _trunk(canvas: Canvas) -> None:
    front, back, across = (canvas.at_heights(values) for values in (FRONT, BACK, ACROSS))
    u = (2 * canvas.x - front - back) / (back - front)
    canvas.soft += across * np.clip(1 - np.abs(u) ** 2.3, 0, None) ** 0.62
    raised_arms = canvas.ellipsoid((176, -14), (92, 84), 130.0, 0.3)
    canvas.soft += blur(raised_arms, 1.2, canvas.spacing_mm)
    canvas.soft *= 1 + 0.012 * canvas.texture(22.0)


def _lung(canvas: Canvas, dome: Sequence[Point]) -> Field:
    """Return the millimetres of one lung: thick in its middle, thin along the sternum and behind the spine."""
    shift = float(canvas.rng.uniform(-3, 3))
    outline = smooth([*ABOVE_DIAPHRAGM, *((x, y + shift) for x, y in dome), *BEHIND_LUNGS])
    within = canvas.inside(outline, 0.5)
    deep = np.clip(2 * blur(canvas.inside(outline, 0), 16.0, canvas.spacing_mm) - 0.96, 0.0, 1)
    return as_field(104.0 * within * np.clip(deep, 0.02, 1) ** 0.5)


def _lungs(canvas: Canvas) -> Field:
    air = as_field(_lung(canvas, RIGHT_DOME) + _lung(canvas, LEFT_DOME))
    canvas.soft -= AERATION * air
    canvas.soft += 0.005 * air * canvas.texture(6.0, 3) + 0.006 * air * canvas.texture(1.5, 2)
    stomach = canvas.ellipsoid((158, 318), (34, 22), 52.0, -0.2)
    canvas.soft -= 0.9 * blur(stomach, 0.8, canvas.spacing_mm) * np.clip(1 - air / 30.0, 0, 1)
    return air


def _vessels(canvas: Canvas, air: Field) -> None:
    blood = Canvas(WIDTH_MM, HEIGHT_MM, canvas.spacing_mm, canvas.rng)
    for hilum in ((180.0, 166.0), (196.0, 156.0)):
        for angle in (-2.5, -1.9, -1.2, -0.5, 0.1, 0.6, 1.0, 1.5, 2.2, 2.8):
            toward = angle + float(canvas.rng.normal(0, 0.12))
            near = (hilum[0] + 8 * np.cos(toward), hilum[1] + 10 * np.sin(toward))
            grow_vessels(blood, near, toward, float(canvas.rng.uniform(2.2, 3.2)), 32.0)
    for spot, radii in (((174, 170), (13, 11)), ((202, 150), (12, 10)), ((192, 176), (10, 14))):
        blood.soft = np.maximum(blood.soft, blood.ellipsoid(spot, radii, 15.0))
    canvas.soft += 1.5 * blood.soft * np.clip(air / 60.0, 0, 1)


def _heart(canvas: Canvas, air: Field, scale: float) -> None:
    ventricles = canvas.ellipsoid((116, 236), (62 * scale, 49 * scale), 112.0, -0.5)
    left_atrium = canvas.ellipsoid((156, 214), (32 * scale, 34 * scale), 72.0)
    root = canvas.ellipsoid((137, 176), (21 * scale, 50), 62.0, 0.12)
    arch = [*arc((130, 226), (126, 104), (196, 106), 16), *arc((198, 107), (246, 118), (242, 190), 14)[1:]]
    arch += arc((242, 192), (240, 270), (224, 360), 14)[1:]
    aorta = Canvas(WIDTH_MM, HEIGHT_MM, canvas.spacing_mm, canvas.rng)
    aorta.add_vessel(arch, [14.0] * len(arch), 1.2)
    parts = np.maximum(np.maximum(ventricles, left_atrium), np.maximum(root, aorta.soft))
    heart = blur(as_field(parts), 1.6, canvas.spacing_mm)
    canvas.soft += AERATION * np.minimum(heart, air)
    cava = [(176, 258), (178, 300)]
    canvas.add_vessel(cava, [11.0, 11.0], 0.4)


def _airway(canvas: Canvas) -> None:
    tree = Canvas(WIDTH_MM, HEIGHT_MM, canvas.spacing_mm, canvas.rng)
    windpipe = smooth([(170, -12), (178, 40), (190, 96), (197, 150)], closed=False)
    tree.add_vessel(windpipe, [8.4] * len(windpipe))
    canvas.soft -= 1.4 * tree.soft
    for spot, radius in (((197, 147), 6.0), ((199, 170), 5.4)):
        ring = np.hypot(canvas.x - spot[0], canvas.y - spot[1])
        canvas.soft -= 9.0 * np.clip((radius - ring) / 0.8, 0, 1)
        canvas.soft += 5.0 * np.exp(-(((ring - radius - 0.8) / 0.8) ** 2))


def _place(line: Sequence[Point], y: float) -> float:
    """Return where a line given as (height, x) is at a height."""
    heights, places = zip(*line, strict=True)
    return float(np.interp(y, heights, places))


def _spine(canvas: Canvas) -> None:
    y, number = -8.0, 0
    while y < HEIGHT_MM + 20:
        height = 17.0 + 0.55 * number
        x = _place(SPINE, y)
        slope = (_place(SPINE, y + 8) - _place(SPINE, y - 8)) / 16
        _vertebra(canvas, (x, y), slope, half_depth=11.5 + 0.42 * number, half_height=height / 2)
        y += (height + 3.4 + 0.2 * number) / float(np.hypot(1, slope))
        number += 1


def _vertebra(canvas: Canvas, centre: Point, slope: float, *, half_depth: float, half_height: float) -> None:
    """Add a body with its end plates and front wall, its pedicles and its spinous process; `slope` is dx/dy of the spine."""
    where = canvas.window([centre], half_depth * 4)
    norm = float(np.hypot(1, slope))
    dx, dy = canvas.x[where] - centre[0], canvas.y[where] - centre[1]
    along, depth = (dy + dx * slope) / norm, (dx - dy * slope) / norm
    waist = half_depth * (1 - 0.1 * np.cos(np.clip(along / half_height, -1, 1) * np.pi / 2))
    body = np.clip((waist - np.abs(depth)) / 1.2, 0, 1) * np.clip((half_height - np.abs(along)) / 0.9, 0, 1)
    plates = np.exp(-(((half_height - 1.0 - np.abs(along)) / 0.9) ** 2))
    walls = np.exp(-(((waist - 1.0 - np.abs(depth)) / 0.8) ** 2))
    length = body * (5.2 + 5.4 * plates + 2.6 * walls)
    pedicle = np.clip(1 - ((along + half_height * 0.35) / 4.6) ** 2, 0, 1) * np.clip(
        1 - ((depth - half_depth - 5) / 7.5) ** 2, 0, 1
    )
    facet = np.clip(1 - ((along - 1) / 13.0) ** 2, 0, 1) * np.clip(
        1 - ((depth - half_depth - 15 - 0.25 * along) / 4.0) ** 2, 0, 1
    )
    process = np.clip(1 - ((along - 10 - 0.55 * (depth - half_depth - 26)) / 4.4) ** 2, 0, 1)
    process *= np.clip(1 - ((depth - half_depth - 27) / 12.0) ** 2, 0, 1)
    canvas.bone[where] += length + 3.6 * np.sqrt(pedicle) + 3.4 * np.sqrt(facet) + 2.2 * np.sqrt(process)


def _ribs(canvas: Canvas) -> None:
    for side in (0.0, 1.0):
        for number in range(1, 11):
            y = 40 + number * 22.0 + side * 5 + float(canvas.rng.normal(0, 1.0))
            spine = _place(SPINE, y) + 16
            behind = _place(BACK, y) - 17 - side * 7
            reach = float(np.interp(number, (1, 4, 7, 10), (128, 94, 88, 130)))
            turn = (behind - 14, y + 30)
            front = (reach, y + 44 + number * 4.2)
            neck = arc((spine, y), (behind + 6, y + 2), turn, 16)
            body = arc(turn, (behind - 66, y + 92), front, 30)[1:]
            radii = [3.6 + 0.8 * index / len(neck) for index in range(len(neck))] + [4.6 + 0.1 * number] * len(body)
            canvas.add_bone([*neck, *body], radii, cortex=0.7, marrow=0.12, depth=0.62)


def _sternum(canvas: Canvas) -> None:
    manubrium = smooth([(128, 92), (115, 108), (100, 128)], closed=False)
    body = smooth([(95, 136), (81, 166), (69, 208)], closed=False)
    for points, radii in ((manubrium, 6.2), (body, 5.4)):
        canvas.add_bone(points, [radii] * len(points), cortex=1.3, marrow=0.3, depth=2.6)
    canvas.add_bone([(67, 214), (66, 226)], [3.0, 2.0], cortex=0.9, marrow=0.3, depth=1.3)


def _shoulder_blades(canvas: Canvas) -> None:
    for shift in (0.0, 12.0):
        border = arc((236 + shift, 44), (284 + shift * 0.5, 100), (288 + shift * 0.4, 172), 18)
        canvas.add_bone(border, [2.6] * len(border), cortex=1.1, marrow=0.3, depth=1.2)
        neck = arc((222 + shift, 66), (232 + shift, 48), (254 + shift, 40), 10)
        canvas.add_bone(neck, [6.5] * len(neck), cortex=1.2, marrow=0.18, depth=0.8)
