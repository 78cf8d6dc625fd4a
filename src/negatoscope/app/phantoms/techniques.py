"""How each region is exposed, described, processed and first shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from negatoscope.app.phantoms.physics import Beam

Code = tuple[str, str, str]
# By how much the stored values of a body lie above those of the air beside it.
ABOVE_AIR = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Display:
    """How a radiograph is first shown: the VOI function, and which percentiles of the body are to be black and white.

    `stretch` widens or narrows the window about its middle: a sigmoid needs less than a ramp for the same contrast.
    """

    function: str
    black: float
    white: float
    stretch: float = 1.0

    def ends(self, pixels: NDArray[np.uint16]) -> tuple[float, float]:
        """Return the stored values, MONOCHROME2, between which the body is shown; what lies beside it does not count."""
        sample = pixels[::5, ::5]
        beside = int(np.bincount(sample.ravel()).argmax())
        body = sample[sample > beside + ABOVE_AIR]
        black, white = (float(value) for value in np.percentile(body, (self.black, self.white)))
        middle, half = (black + white) / 2, (white - black) / 2 * self.stretch
        return middle - half, middle + half


@dataclass(frozen=True, slots=True, kw_only=True)
class Technique:
    """How an examination is exposed and described: the same for each radiograph of a region."""

    modality: str
    body_part: str
    region: Code
    view_position: str
    view: Code
    laterality: str
    patient_orientation: tuple[str, str]
    beam: Beam
    spacing_mm: float
    mas: float
    distance_mm: float
    dose_area_product_dgy_cm2: float
    target_exposure_index: float
    monochrome1: bool
    display: Display
    strength: float
    marker: str
    marker_at: tuple[float, float]
    gradation: float = 1.0


CHEST = Technique(
    modality="DX",
    body_part="CHEST",
    region=("816094009", "SCT", "Chest"),
    view_position="PA",
    view=("272479007", "SCT", "postero-anterior"),
    laterality="U",
    patient_orientation=("L", "F"),
    beam=Beam(kvp=120, photons=9000, scatter=0.35),
    spacing_mm=0.175,
    mas=1.9,
    distance_mm=1800,
    dose_area_product_dgy_cm2=0.82,
    target_exposure_index=250,
    monochrome1=False,
    display=Display(function="SIGMOID", black=3, white=99.6, stretch=0.9),
    strength=0.55,
    marker="D",
    marker_at=(0.09, 0.06),
)
CHEST_LATERAL = Technique(
    modality="DX",
    body_part="CHEST",
    region=("816094009", "SCT", "Chest"),
    view_position="LL",
    view=("399173006", "SCT", "left lateral"),
    laterality="U",
    patient_orientation=("P", "F"),
    beam=Beam(kvp=120, photons=40_000, scatter=0.4),
    spacing_mm=0.175,
    mas=4.6,
    distance_mm=1800,
    dose_area_product_dgy_cm2=2.3,
    target_exposure_index=250,
    monochrome1=False,
    display=Display(function="SIGMOID", black=2, white=99.8, stretch=0.85),
    strength=0.55,
    marker="G",
    marker_at=(0.06, 0.06),
)
HAND = Technique(
    modality="CR",
    body_part="HAND",
    region=("85562004", "SCT", "Hand"),
    view_position="PA",
    view=("272479007", "SCT", "postero-anterior"),
    laterality="R",
    patient_orientation=("L", "H"),
    beam=Beam(kvp=60, photons=4000, scatter=0.08, blur_mm=0.1),
    spacing_mm=0.1,
    mas=2.5,
    distance_mm=1100,
    dose_area_product_dgy_cm2=0.09,
    target_exposure_index=400,
    monochrome1=True,
    display=Display(function="LINEAR", black=0, white=99.9),
    strength=0.45,
    marker="D",
    marker_at=(0.86, 0.1),
    gradation=0.7,
)
PELVIS = Technique(
    modality="DX",
    body_part="PELVIS",
    region=("816092008", "SCT", "Pelvis"),
    view_position="AP",
    view=("399348003", "SCT", "antero-posterior"),
    laterality="U",
    patient_orientation=("L", "F"),
    beam=Beam(kvp=70, photons=60_000, scatter=0.4),
    spacing_mm=0.175,
    mas=22.0,
    distance_mm=1150,
    dose_area_product_dgy_cm2=7.4,
    target_exposure_index=350,
    monochrome1=False,
    display=Display(function="LUT", black=3, white=99.9),
    strength=0.5,
    marker="D",
    marker_at=(0.06, 0.1),
)
