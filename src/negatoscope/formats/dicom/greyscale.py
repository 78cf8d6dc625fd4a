"""From stored values to grey: one table of 65,536 entries for the whole pipeline, and nothing else decides a grey.

Modality LUT (PS3.3 C.11.1), VOI LUT (C.11.2), then polarity (C.11.6, C.7.6.3.1.2, PS3.4 N.2), in this order. The viewer
computes the same table in TypeScript; both are tested on the vectors in ``tests/golden/greyscale``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
GreyTable = NDArray[np.uint8]

TABLE_LENGTH: Final = 65_536
BLACK: Final = 0


class VoiFunction(StrEnum):
    """Name a VOI LUT Function (0028,1056)."""

    LINEAR = "LINEAR"
    LINEAR_EXACT = "LINEAR_EXACT"
    SIGMOID = "SIGMOID"


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupTable:
    """Hold a LUT: ``data[0]`` is the output for ``first_mapped`` and everything below, the last entry for all above."""

    first_mapped: int
    bits: int
    data: tuple[int, ...]
    explanation: str = ""

    @property
    def highest_output(self) -> int:
        """Return the greatest value its bits can hold, which stands for white (or the end of the modality range)."""
        return (1 << self.bits) - 1

    def look_up(self, values: Values) -> Values:
        """Map values, rounded to whole numbers and held within the table's ends."""
        index = np.floor(values + 0.5) - self.first_mapped
        within = np.clip(index, 0, len(self.data) - 1).astype(np.int64)
        outputs: Values = np.asarray(self.data, np.float64)[within]
        return outputs


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Hold a window: Window Center (0028,1050), Window Width (0028,1051), VOI LUT Function (0028,1056)."""

    center: float
    width: float
    function: VoiFunction = VoiFunction.LINEAR
    explanation: str = ""


Voi = Window | LookupTable


@dataclass(frozen=True, slots=True, kw_only=True)
class GreyscaleParameters:
    """Hold all that decides the grey of a stored value. ``padding`` is the inclusive range shown black."""

    bits_stored: int
    is_signed: bool = False
    high_bit: int | None = None
    photometric_interpretation: str = "MONOCHROME2"
    rescale_slope: float = 1.0
    rescale_intercept: float = 0.0
    modality_lut: LookupTable | None = None
    voi: Voi | None = None
    presentation_lut_shape: str | None = None
    padding: tuple[int, int] | None = None

    @property
    def is_inverted(self) -> bool:
        """Tell whether low values are white: the presentation LUT shape says, MONOCHROME1 where there is none."""
        if self.presentation_lut_shape is not None:
            return self.presentation_lut_shape == "INVERSE"
        return self.photometric_interpretation == "MONOCHROME1"


def grey_table(
    parameters: GreyscaleParameters,
    *,
    data_range: tuple[int, int] | None = None,
    invert: bool = False,
    presentation_lut: LookupTable | None = None,
) -> GreyTable:
    """Return the grey (0 black, 255 white) of each 16-bit cell ``(65536,) uint8``, whatever lies above the stored bits.

    Without a VOI transformation the image's own range of stored values ``data_range`` is spread from black to white;
    where that is not given either, all values that the stored bits can hold. ``presentation_lut`` is that of a
    presentation state (PS3.3 C.11.6): its input runs over all of its entries.
    """
    stored = stored_values(parameters)
    modality = apply_modality(parameters, stored.astype(np.float64))
    voi = parameters.voi or _range_window(parameters, data_range)
    grey = apply_voi(voi, modality)
    if presentation_lut is not None:
        grey = presentation_lut.look_up(grey * (len(presentation_lut.data) - 1)) / presentation_lut.highest_output
    if parameters.is_inverted != invert:
        grey = 1.0 - grey
    table = np.floor(grey * 255.0 + 0.5).astype(np.uint8)
    if parameters.padding is not None:
        low, high = sorted(parameters.padding)
        table[(stored >= low) & (stored <= high)] = BLACK
    return table


def stored_values(parameters: GreyscaleParameters) -> NDArray[np.int64]:
    """Return what each 16-bit cell means as a stored value: overlay bits masked, sign extended (PS3.5 8.1.1)."""
    bits = parameters.bits_stored
    high_bit = bits - 1 if parameters.high_bit is None else parameters.high_bit
    patterns = (np.arange(TABLE_LENGTH, dtype=np.int64) >> (high_bit + 1 - bits)) & ((1 << bits) - 1)
    if not parameters.is_signed:
        return patterns
    sign = 1 << (bits - 1)
    return (patterns ^ sign) - sign


def apply_modality(parameters: GreyscaleParameters, stored: Values) -> Values:
    """Apply the modality LUT, or the rescaling."""
    if parameters.modality_lut is not None:
        return parameters.modality_lut.look_up(stored)
    return stored * parameters.rescale_slope + parameters.rescale_intercept


def apply_voi(voi: Voi, values: Values) -> Values:
    """Apply a window or LUT; the result runs from 0 to 1."""
    if isinstance(voi, LookupTable):
        return np.minimum(voi.look_up(values) / voi.highest_output, 1.0)
    if voi.function is VoiFunction.SIGMOID:
        exponent = np.clip(-4.0 * (values - voi.center) / _width(voi), -700.0, 700.0)
        return np.asarray(1.0 / (1.0 + np.exp(exponent)))
    if voi.function is VoiFunction.LINEAR_EXACT:
        return _ramp(values, voi.center, _width(voi))
    return _ramp(values, voi.center - 0.5, max(voi.width, 1.0) - 1.0)


def _width(window: Window) -> float:
    # The standard wants a width above 0; what is not becomes a step at the centre.
    return window.width if window.width > 0 else 1e-6


def _ramp(values: Values, middle: float, width: float) -> Values:
    """Rise from 0 to 1 over ``width`` about ``middle``; a width of 0 is a step just above the middle."""
    if width == 0:
        return np.where(values > middle, 1.0, 0.0)
    return np.clip((values - middle) / width + 0.5, 0.0, 1.0)


def _range_window(parameters: GreyscaleParameters, data_range: tuple[int, int] | None) -> Window:
    """Return the window that spreads the range of values exactly from black to white."""
    if data_range is None and parameters.modality_lut is not None:
        low, high = 0.0, float(parameters.modality_lut.highest_output)
    else:
        lowest = -(1 << (parameters.bits_stored - 1)) if parameters.is_signed else 0
        ends = data_range or (lowest, lowest + (1 << parameters.bits_stored) - 1)
        mapped = apply_modality(parameters, np.asarray(ends, np.float64))
        low, high = float(mapped.min()), float(mapped.max())
    return Window(center=(low + high) / 2, width=high - low, function=VoiFunction.LINEAR_EXACT)
