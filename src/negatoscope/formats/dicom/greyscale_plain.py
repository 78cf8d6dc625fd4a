"""Grey-scale parameters as plain values and back, for a process apart that takes no others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TypeAlias, cast

from negatoscope.formats.dicom.greyscale import GreyscaleParameters, LookupTable, Voi, VoiFunction, Window

PlainVoi: TypeAlias = "dict[str, str | int | float | list[int]]"
PlainGreyscale: TypeAlias = "dict[str, str | int | float | bool | list[int] | PlainVoi | None]"


def greyscale_as_plain(parameters: GreyscaleParameters) -> PlainGreyscale:
    """Return plain values."""
    plain: PlainGreyscale = asdict(parameters)
    plain["modality_lut"] = _as_plain(parameters.modality_lut)
    plain["voi"] = _as_plain(parameters.voi)
    plain["padding"] = list(parameters.padding) if parameters.padding is not None else None
    return plain


def _as_plain(voi: Voi | None) -> PlainVoi | None:
    if voi is None:
        return None
    if isinstance(voi, Window):
        return {"center": voi.center, "width": voi.width, "function": str(voi.function), "explanation": voi.explanation}
    return {"first_mapped": voi.first_mapped, "bits": voi.bits, "data": list(voi.data), "explanation": voi.explanation}


def greyscale_from_plain(plain: Mapping[str, object]) -> GreyscaleParameters:
    """Build from what ``greyscale_as_plain`` gave."""
    high_bit, padding, shape = plain["high_bit"], plain["padding"], plain["presentation_lut_shape"]
    modality_lut = _from_plain(plain["modality_lut"])
    if isinstance(modality_lut, Window):
        raise TypeError("a modality LUT is no window")
    low_high = None if padding is None else tuple(int(value) for value in cast("list[int]", padding))
    return GreyscaleParameters(
        bits_stored=int(str(plain["bits_stored"])),
        is_signed=bool(plain["is_signed"]),
        high_bit=None if high_bit is None else int(str(high_bit)),
        photometric_interpretation=str(plain["photometric_interpretation"]),
        rescale_slope=float(str(plain["rescale_slope"])),
        rescale_intercept=float(str(plain["rescale_intercept"])),
        modality_lut=modality_lut,
        voi=_from_plain(plain["voi"]),
        presentation_lut_shape=None if shape is None else str(shape),
        padding=None if low_high is None else (low_high[0], low_high[1]),
    )


def _from_plain(plain: object) -> Voi | None:
    if plain is None:
        return None
    values = cast("PlainVoi", plain)
    explanation = str(values["explanation"])
    if "data" in values:
        data = tuple(cast("list[int]", values["data"]))
        first, bits = int(str(values["first_mapped"])), int(str(values["bits"]))
        return LookupTable(first_mapped=first, bits=bits, data=data, explanation=explanation)
    return Window(
        center=float(str(values["center"])),
        width=float(str(values["width"])),
        function=VoiFunction(str(values["function"])),
        explanation=explanation,
    )
