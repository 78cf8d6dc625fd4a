"""The radiographs that can be drawn: what, how exposed, how processed and in which kind of object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from negatoscope.app.phantoms.canvas import Canvas
from negatoscope.app.phantoms.chest import MIDDLE, ChestFindings, draw_chest
from negatoscope.app.phantoms.hand import HandFindings, draw_hand
from negatoscope.app.phantoms.marking import mark
from negatoscope.app.phantoms.pelvis import PelvisFindings, draw_pelvis
from negatoscope.app.phantoms.physics import Beam, enhance, expose, quantise

Code = tuple[str, str, str]
BITS = 12


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
    voi: str
    strength: float
    marker: str
    marker_at: tuple[float, float]


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
    voi="SIGMOID",
    strength=0.55,
    marker="D",
    marker_at=(0.09, 0.06),
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
    voi="LINEAR",
    strength=0.3,
    marker="D",
    marker_at=(0.86, 0.1),
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
    voi="LUT",
    strength=0.45,
    marker="D",
    marker_at=(0.06, 0.1),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One radiograph that can be drawn. `truth` says in French and English what is to be seen on it."""

    technique: Technique
    draw: Callable[[np.random.Generator], Canvas]
    truth: tuple[str, str] = field(default=("rien d'anormal", "nothing abnormal"))


RECIPES = MappingProxyType({
    "chest": Recipe(technique=CHEST, draw=lambda rng: draw_chest(rng, ChestFindings())),
    "chest-nodule": Recipe(
        technique=CHEST,
        draw=lambda rng: draw_chest(rng, ChestFindings(nodule=(MIDDLE - 74, 148), nodule_mm=17)),
        truth=("nodule du lobe supérieur droit", "nodule of the right upper lobe"),
    ),
    "chest-effusion": Recipe(
        technique=CHEST,
        draw=lambda rng: draw_chest(rng, ChestFindings(left_effusion_mm=64)),
        truth=("épanchement pleural gauche", "left pleural effusion"),
    ),
    "chest-heart": Recipe(
        technique=CHEST,
        draw=lambda rng: draw_chest(rng, ChestFindings(heart_scale=1.28)),
        truth=("cardiomégalie", "enlarged heart"),
    ),
    "hand": Recipe(technique=HAND, draw=lambda rng: draw_hand(rng, HandFindings())),
    "hand-fracture": Recipe(
        technique=HAND,
        draw=lambda rng: draw_hand(rng, HandFindings(fractured_ray=4)),
        truth=("fracture du cinquième métacarpien", "fracture of the fifth metacarpal"),
    ),
    "pelvis": Recipe(technique=PELVIS, draw=lambda rng: draw_pelvis(rng, PelvisFindings())),
    "pelvis-fracture": Recipe(
        technique=PELVIS,
        draw=lambda rng: draw_pelvis(rng, PelvisFindings(left_neck_fracture=True)),
        truth=("fracture du col fémoral gauche", "fracture of the left femoral neck"),
    ),
})  # fmt: skip


def render(name: str, seed: int) -> NDArray[np.uint16]:
    """Return stored values as MONOCHROME2, (rows, columns) uint16 of BITS bits: the same seed, the same picture."""
    recipe = RECIPES[name]
    technique = recipe.technique
    canvas = recipe.draw(np.random.default_rng(seed))
    attenuation = expose(canvas, technique.beam, technique.spacing_mm)
    picture = enhance(attenuation, technique.spacing_mm, strength=technique.strength)
    pixels = quantise(picture, bits=BITS)
    mark(pixels, letter=technique.marker, at=technique.marker_at, white=(1 << BITS) - 1)
    return pixels
