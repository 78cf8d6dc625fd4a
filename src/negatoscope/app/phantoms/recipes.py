"""The radiographs that can be drawn: what, how exposed, how processed and in which kind of object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from negatoscope.app.phantoms.canvas import Canvas
from negatoscope.app.phantoms.chest import MIDDLE, ChestFindings, draw_chest
from negatoscope.app.phantoms.chest_lateral import LateralFindings, draw_chest_lateral
from negatoscope.app.phantoms.hand import HandFindings, draw_hand
from negatoscope.app.phantoms.marking import mark
from negatoscope.app.phantoms.pelvis import PelvisFindings, draw_pelvis
from negatoscope.app.phantoms.physics import enhance, expose, quantise
from negatoscope.app.phantoms.techniques import CHEST, CHEST_LATERAL, HAND, PELVIS, Technique

BITS = 12


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
        draw=lambda rng: draw_chest(rng, ChestFindings(nodule=(MIDDLE - 74, 150), nodule_mm=23)),
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
    "chest-pneumothorax": Recipe(
        technique=CHEST,
        draw=lambda rng: draw_chest(rng, ChestFindings(right_pneumothorax=True)),
        truth=("pneumothorax droit", "right pneumothorax"),
    ),
    "chest-lateral": Recipe(technique=CHEST_LATERAL, draw=lambda rng: draw_chest_lateral(rng, LateralFindings())),
    "chest-lateral-nodule": Recipe(
        technique=CHEST_LATERAL,
        draw=lambda rng: draw_chest_lateral(rng, LateralFindings(nodule=(226, 150), nodule_mm=23)),
        truth=("nodule en arrière de la trachée", "nodule behind the trachea"),
    ),
    "chest-lateral-heart": Recipe(
        technique=CHEST_LATERAL,
        draw=lambda rng: draw_chest_lateral(rng, LateralFindings(heart_scale=1.2)),
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
    pixels = quantise(picture, bits=BITS, gradation=technique.gradation)
    mark(pixels, letter=technique.marker, at=technique.marker_at, white=(1 << BITS) - 1)
    return pixels
