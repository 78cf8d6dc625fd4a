"""Draw a frame as a presentation state has it shown (PS3.4 N.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from negatoscope.formats.dicom.greyscale import GreyTable, grey_table
from negatoscope.formats.dicom.lettering import letter_height, write_text
from negatoscope.formats.dicom.pixels import Frame
from negatoscope.formats.dicom.presentation import Graphic, Lettering, Point, PresentationState, Shutter, Units
from negatoscope.formats.dicom.rendering import Viewport, pattern_cells, scaled_to_fit

_TURNS: Final = {
    90: Image.Transpose.ROTATE_270,  # Pillow turns the other way round
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}
_STEPS_A_CURVE: Final = 12
_POINT_RADIUS: Final = 2

Place = Callable[[Point, Units], Point]
"""Where a point of the state lies in the picture."""


def draw_presentation(frame: Frame, state: PresentationState, viewport: Viewport) -> Image.Image:
    """Return the picture of a monochrome frame; of the viewport its size alone counts."""
    # Without a VOI transformation all that the stored bits can hold is spread, not what this frame happens to hold.
    grey = grey_table(state.greyscale, presentation_lut=state.presentation_lut)[pattern_cells(frame)]
    if state.shutter is not None:
        grey = _shut(grey, state.shutter)
    area = state.area
    shown = Image.fromarray(grey).crop((area.left - 1, area.top - 1, area.right, area.bottom))
    if area.row_height > 1:
        shown = shown.resize((shown.width, max(1, round(shown.height * area.row_height))), Image.Resampling.BICUBIC)
    elif area.row_height < 1:
        shown = shown.resize((max(1, round(shown.width / area.row_height)), shown.height), Image.Resampling.BICUBIC)
    if state.rotation:
        shown = shown.transpose(_TURNS[state.rotation])
    if state.is_flipped:
        shown = shown.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    picture = scaled_to_fit(shown, viewport)
    place = _placing(state, picture.size)
    for graphic in state.graphics:
        _draw(picture, graphic, place)
    for lettering in state.letterings:
        _write(picture, lettering, place)
    return picture


def _shut(grey: GreyTable, shutter: Shutter) -> GreyTable:
    rows, columns = np.ogrid[1 : grey.shape[0] + 1, 1 : grey.shape[1] + 1]
    is_open = np.ones(grey.shape, bool)
    if shutter.rectangle is not None:
        left, top, right, bottom = shutter.rectangle
        is_open &= (columns >= left) & (columns <= right) & (rows >= top) & (rows <= bottom)
    if shutter.circle is not None:
        column, row, radius = shutter.circle
        is_open &= (columns - column) ** 2 + (rows - row) ** 2 <= radius**2
    if shutter.polygon:
        mask = Image.new("1", (grey.shape[1], grey.shape[0]))
        ImageDraw.Draw(mask).polygon([(column - 1, row - 1) for column, row in shutter.polygon], fill=1)
        is_open &= np.asarray(mask)
    return np.where(is_open, grey, np.uint8(shutter.grey))


def _placing(state: PresentationState, size: tuple[int, int]) -> Place:
    """Return the way from the state's coordinates to those of the finished picture."""
    area = state.area
    width, height = size

    def place(point: Point, units: Units) -> Point:
        if units is Units.DISPLAY:  # fractions of the displayed area as it is seen
            return point[0] * width, point[1] * height
        x, y = (point[0] - (area.left - 1)) / area.width, (point[1] - (area.top - 1)) / area.height
        x, y = {0: (x, y), 90: (1 - y, x), 180: (1 - x, 1 - y), 270: (y, 1 - x)}[state.rotation]
        return (1 - x if state.is_flipped else x) * width, y * height

    return place


def _draw(picture: Image.Image, graphic: Graphic, place: Place) -> None:
    brush = ImageDraw.Draw(picture)
    thickness = max(1, round(max(picture.size) / 700))
    points = [place(point, graphic.units) for point in graphic.points]
    if graphic.kind == "POINT":
        for x, y in points:
            radius = _POINT_RADIUS * thickness
            brush.ellipse((x - radius, y - radius, x + radius, y + radius), fill=graphic.grey)
        return
    outline = [place(point, graphic.units) for point in _outline(graphic)]
    if graphic.is_filled and len(outline) > 2:
        brush.polygon(outline, fill=graphic.grey)
    if len(outline) > 1:
        brush.line(outline, fill=graphic.grey, width=thickness)


def _outline(graphic: Graphic) -> list[Point]:
    """Return the corners of a line; curves are cut into short straight pieces before they are turned and scaled."""
    points = graphic.points
    if graphic.kind == "INTERPOLATED":
        return _curve(points)
    if graphic.kind == "CIRCLE" and len(points) == 2:
        centre, edge = np.asarray(points[0]), np.asarray(points[1])
        arm = edge - centre
        return _around(centre, arm, np.asarray((-arm[1], arm[0])))
    if graphic.kind == "ELLIPSE" and len(points) == 4:
        major, minor = np.asarray(points[:2]), np.asarray(points[2:])
        return _around(major.mean(0), (major[1] - major[0]) / 2, (minor[1] - minor[0]) / 2)
    return list(points)


def _around(centre: np.ndarray, first: np.ndarray, second: np.ndarray) -> list[Point]:
    angles = np.linspace(0, 2 * np.pi, 8 * _STEPS_A_CURVE + 1)[:, None]
    return _as_points(centre + np.cos(angles) * first + np.sin(angles) * second)


def _curve(points: tuple[Point, ...]) -> list[Point]:
    """Return a Catmull-Rom curve through the points; closed where the last is the first."""
    if len(points) < 3:
        return list(points)
    is_closed = points[0] == points[-1]
    knots = np.asarray([points[-2] if is_closed else points[0], *points, points[1] if is_closed else points[-1]])
    steps = np.linspace(0, 1, _STEPS_A_CURVE, endpoint=False)[:, None]
    pieces = []
    for before, start, end, after in zip(knots, knots[1:], knots[2:], knots[3:], strict=False):
        bend = 2 * before - 5 * start + 4 * end - after
        twist = 3 * (start - end) + after - before
        pieces.append(0.5 * (2 * start + (end - before) * steps + bend * steps**2 + twist * steps**3))
    return [*_as_points(np.concatenate(pieces)), points[-1]]


def _as_points(rows: Iterable[np.ndarray]) -> list[Point]:
    return [(float(row[0]), float(row[1])) for row in rows]


def _write(picture: Image.Image, lettering: Lettering, place: Place) -> None:
    height = letter_height(picture)
    lines = lettering.text.splitlines() or [""]
    anchor = place(lettering.anchor, lettering.anchor_units) if lettering.anchor is not None else None
    if lettering.box is not None:
        corners = [place(corner, lettering.box_units) for corner in lettering.box]
        start = min(corner[0] for corner in corners), min(corner[1] for corner in corners)
        if anchor is not None and lettering.is_anchor_shown:
            ImageDraw.Draw(picture).line([start, anchor], fill=lettering.grey)
    elif anchor is not None:
        start = anchor[0] + height // 2, anchor[1]
    else:
        return
    for number, line in enumerate(lines):
        write_text(picture, (start[0], start[1] + number * (height + height // 4)), line, height=height, grey=lettering.grey)
