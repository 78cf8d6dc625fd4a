"""What a greyscale softcopy presentation state says of one image: grey scale, orientation, area, shutter, annotations. Pure.

The pipeline is that of PS3.4 N.2: modality, VOI, presentation LUT, then shutter, rotation and flip, displayed area, and
the annotations on top. What a state asks for and is not done makes it unfit as a whole: half a state would deceive.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from negatoscope.formats.dicom.greyscale import GreyscaleParameters, LookupTable

GREYSCALE_STATE: Final = "1.2.840.10008.5.1.4.1.1.11.1"

Point = tuple[float, float]
"""Column and row."""


class Units(StrEnum):
    """In what coordinates are counted (PS3.3 C.10.5)."""

    PIXEL = "PIXEL"
    DISPLAY = "DISPLAY"


@dataclass(frozen=True, slots=True)
class Reference:
    """One image to which a state applies; no frames means all of them."""

    sop_instance_uid: str
    frames: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """Hold the displayed area in pixels of the image, counted from 1, both ends shown; they may lie outside of the image."""

    left: int
    top: int
    right: int
    bottom: int
    row_height: float = 1.0
    """Height of a pixel in its widths."""

    @property
    def width(self) -> int:
        """Count the columns."""
        return self.right - self.left + 1

    @property
    def height(self) -> int:
        """Count the rows."""
        return self.bottom - self.top + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Shutter:
    """Hold what is left open: all shapes given must leave a pixel open. `grey` is what closes the rest."""

    grey: int
    rectangle: tuple[int, int, int, int] | None = None
    """Left, top, right, bottom; the edges themselves are open."""
    circle: tuple[int, int, int] | None = None
    """Column and row of the centre, radius."""
    polygon: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Graphic:
    """Hold a line, a circle, an ellipse or points."""

    kind: str
    units: Units
    points: tuple[Point, ...]
    is_filled: bool
    grey: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lettering:
    """Hold a text: its box, or the point it belongs to."""

    text: str
    box: tuple[Point, Point] | None
    box_units: Units
    anchor: Point | None
    anchor_units: Units
    is_anchor_shown: bool
    grey: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentationState:
    """Hold all that a state says of one frame. It is turned clockwise by `rotation` degrees, then mirrored."""

    greyscale: GreyscaleParameters
    presentation_lut: LookupTable | None
    rotation: int
    is_flipped: bool
    area: Area
    shutter: Shutter | None
    graphics: tuple[Graphic, ...]
    letterings: tuple[Lettering, ...]
