"""From lengths of tissue to the picture a detector gives: attenuation, scatter, noise, and the maker's processing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from negatoscope.app.phantoms.canvas import Canvas, Field, as_field, blur, resample

# Linear attenuation for the beam of an examination, in 1/mm: soft tissue and compact bone, between 60 and 120 kV.
SOFT_PER_MM = {60: 0.0235, 70: 0.0220, 120: 0.0182}
BONE_PER_MM = {60: 0.098, 70: 0.082, 120: 0.049}

# Where more than this part of the beam comes through there is no body to speak of.
OPEN_BEAM = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Beam:
    """How the exposure was made. `photons` reach one pixel where nothing is in the way; `scatter` is a part of the whole."""

    kvp: int
    photons: float
    scatter: float
    blur_mm: float = 0.18


def expose(canvas: Canvas, beam: Beam, spacing_mm: float) -> Field:
    """Return the attenuation that the detector measured, as minus the logarithm of the transmitted part.

    The anatomy is drawn coarser than the detector's pixels: it is refined, then noise is added pixel by pixel.
    """
    line = SOFT_PER_MM[beam.kvp] * np.clip(canvas.soft, 0, None) + BONE_PER_MM[beam.kvp] * np.clip(canvas.bone, 0, None)
    primary = np.exp(-line).astype(np.float32)
    scattered = beam.scatter * blur(_scattering(primary), 30.0, canvas.spacing_mm)
    transmitted = blur(primary * (1 - beam.scatter * (1 - primary)) + scattered, beam.blur_mm, canvas.spacing_mm)
    step = canvas.spacing_mm / spacing_mm
    rows, columns = (int((size - 1) * step) for size in transmitted.shape)
    padded = np.pad(transmitted, ((0, 2), (0, 2)), mode="edge")
    fine = resample(padded, (rows, columns), step)
    counts = fine * beam.photons
    noisy = counts + canvas.rng.normal(size=fine.shape).astype(np.float32) * np.sqrt(np.maximum(counts, 1))
    return as_field(-np.log(np.maximum(noisy, 1) / beam.photons))


def _scattering(primary: Field) -> Field:
    """Return what each part of the body sends astray: the open beam beside it meets nothing, and thin edges little."""
    body = primary < OPEN_BEAM
    middling = float(np.median(primary[body][::17])) if body.any() else 0.0
    return as_field(np.where(body, np.minimum(primary, 2 * middling), 0.0))


def enhance(attenuation: Field, spacing_mm: float, *, strength: float = 0.55, radius_mm: float = 6.0) -> Field:
    """Return the picture with its large structures flattened, as makers do so that lung and mediastinum show together."""
    large = _smoothed(attenuation, radius_mm, spacing_mm)
    overall = _smoothed(attenuation, radius_mm * 7, spacing_mm)
    detail: Field = attenuation - large
    air = np.clip((attenuation - 0.12) / 0.25, 0, 1)
    flattened: Field = large - strength * (overall - float(overall.mean()))
    lowest = float(np.percentile(flattened[air == 1][::11], 0.5)) if (air == 1).any() else float(flattened.min())
    return as_field((flattened + detail * (1 + strength)) * air + (1 - air) * lowest)


def _smoothed(field: Field, radius_mm: float, spacing_mm: float) -> Field:
    """Return a field blurred widely: on a coarse copy of it, which is the same for the eye and many times cheaper."""
    step = max(1, int(radius_mm / 2 / spacing_mm))
    rows, columns = (-(-size // step) for size in field.shape)
    filled = np.pad(field, ((0, rows * step - field.shape[0]), (0, columns * step - field.shape[1])), mode="edge")
    means = filled.reshape(rows, step, columns, step).mean(axis=(1, 3))
    coarse = blur(as_field(means), radius_mm, spacing_mm * step)
    # The mean of a block stands at its middle, half a step away from where the coarse grid is counted from.
    half = step // 2
    padded = np.pad(coarse, ((1, 2), (1, 2)), mode="edge")
    fine = resample(padded, (field.shape[0] + step, field.shape[1] + step), step, straight=True)
    start = step - half
    return fine[start : start + field.shape[0], start : start + field.shape[1]]


def quantise(picture: Field, *, bits: int, gradation: float = 1.0, low: float = 0.2, high: float = 99.8) -> NDArray[np.uint16]:
    """Return stored values: the bulk of the picture spread over the middle of the range, nothing cut off but extremes.

    A `gradation` below 1 lifts what is thin (skin, muscle of a hand) toward what is thick, as makers do.
    """
    first, last = (float(value) for value in np.percentile(picture[::7, ::7], (low, high)))
    top = (1 << bits) - 1
    part = (picture - first) / max(last - first, 1e-6)
    if gradation != 1.0:
        part = np.clip(part, 0, None) ** gradation
    scaled = part * 0.8 * top + 0.1 * top
    return np.asarray(np.clip(np.rint(scaled), 0, top), np.uint16)
