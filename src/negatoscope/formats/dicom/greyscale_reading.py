"""Read what decides the grey out of a data set: rescaling, LUTs, windows, shape, padding; also per frame (PS3.3 C.7.6.16)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

import numpy as np
from pydicom.dataset import Dataset

from negatoscope.formats.dicom.files import PYDICOM_FAULTS
from negatoscope.formats.dicom.greyscale import GreyscaleParameters, LookupTable, Voi, VoiFunction, Window
from negatoscope.platform.errors import CorruptObject, InvalidInput

_VOI_GROUP: Final = "FrameVOILUTSequence"
_MODALITY_GROUP: Final = "PixelValueTransformationSequence"


def read_greyscale(data_set: Dataset, *, choice: int = 0, frame: int = 1) -> GreyscaleParameters:
    """Read the parameters of a monochrome image with the VOI transformation number ``choice`` of its list.

    Raise InvalidInput for colour, CorruptObject for values that are not what their representation promises.
    """
    try:
        return _read_greyscale(data_set, choice, frame)
    except PYDICOM_FAULTS as error:
        raise CorruptObject("The grey scale of an object cannot be read.", reason="grey_scale_unreadable") from error


def _read_greyscale(data_set: Dataset, choice: int, frame: int) -> GreyscaleParameters:
    photometric = str(data_set.get("PhotometricInterpretation", "MONOCHROME2"))
    if not photometric.startswith("MONOCHROME"):
        raise InvalidInput("The image has no grey scale.", reason="not_monochrome")
    bits = int(data_set.BitsStored)
    high_bit = int(data_set.get("HighBit", bits - 1))
    if not 1 <= bits <= 16 or not bits - 1 <= high_bit <= 15:
        raise InvalidInput("Only images of up to 16 bits have a grey table.", reason="too_many_bits")
    is_signed = int(data_set.get("PixelRepresentation", 0)) == 1
    modality = _functional_group(data_set, _MODALITY_GROUP, frame)
    voi = list_voi(data_set, frame=frame)
    shape = data_set.get("PresentationLUTShape")
    return GreyscaleParameters(
        bits_stored=bits,
        is_signed=is_signed,
        high_bit=high_bit,
        photometric_interpretation=photometric,
        rescale_slope=_number(modality.get("RescaleSlope"), 1.0),
        rescale_intercept=_number(modality.get("RescaleIntercept"), 0.0),
        modality_lut=next(read_lookup_tables(data_set, "ModalityLUTSequence", is_signed=is_signed), None),
        voi=voi[min(choice, len(voi) - 1)] if voi else None,
        presentation_lut_shape=str(shape) if shape else None,
        padding=_padding(data_set, is_signed, bits),
    )


def list_voi(data_set: Dataset, *, frame: int = 1, is_signed: bool | None = None) -> list[Voi]:
    """List the VOI transformations in the order a viewer offers them: LUTs first, as their makers mean them, then windows.

    ``is_signed`` says it where the data set does not.
    """
    source = _functional_group(data_set, _VOI_GROUP, frame)
    if is_signed is None:
        is_signed = int(data_set.get("PixelRepresentation", 0)) == 1
    luts: list[Voi] = [*read_lookup_tables(source, "VOILUTSequence", is_signed=is_signed)]
    centers, widths = _numbers(source.get("WindowCenter")), _numbers(source.get("WindowWidth"))
    texts = _values(source.get("WindowCenterWidthExplanation"))
    function = _function(source.get("VOILUTFunction"))
    windows: list[Voi] = [
        Window(center=center, width=width, function=function, explanation=str(texts[index]) if index < len(texts) else "")
        for index, (center, width) in enumerate(zip(centers, widths, strict=False))
    ]
    return luts + windows


def _functional_group(data_set: Dataset, keyword: str, frame: int) -> Dataset:
    """Return where the attributes stand: this frame's group, the shared group, or the data set itself."""
    per_frame = data_set.get("PerFrameFunctionalGroupsSequence") or []
    shared = data_set.get("SharedFunctionalGroupsSequence") or []
    for group in (*per_frame[frame - 1 : frame], *shared[:1]):
        items = group.get(keyword)
        if items:
            item: Dataset = items[0]
            return item
    return data_set


def read_lookup_tables(data_set: Dataset, keyword: str, *, is_signed: bool) -> Iterator[LookupTable]:
    """Yield the tables of a sequence that are whole."""
    for item in data_set.get(keyword) or []:
        descriptor, data = item.get("LUTDescriptor"), item.get("LUTData")
        if descriptor is None or len(descriptor) != 3 or data is None:
            continue
        entries = int(descriptor[0]) & 0xFFFF or 65_536
        first, bits = int(descriptor[1]), int(descriptor[2])
        if is_signed and first >= 32_768 and keyword == "ModalityLUTSequence":
            first -= 65_536
        values = _lut_values(data, entries)
        if not 1 <= bits <= 16 or len(values) < entries:
            continue
        yield LookupTable(
            first_mapped=first, bits=bits, data=values[:entries], explanation=str(item.get("LUTExplanation") or "")
        )


def _lut_values(data: object, entries: int) -> tuple[int, ...]:
    if isinstance(data, bytes):
        # Two entries of 8 bits may share a word (PS3.3 C.11.1.1).
        dtype = np.dtype("<u2" if len(data) >= 2 * entries else "u1")
        usable = data[: len(data) - len(data) % dtype.itemsize]
        return tuple(np.frombuffer(usable, dtype).tolist())
    words = [int(str(value)) & 0xFFFF for value in _values(data)]
    if len(words) * 2 in (entries, entries + 1):
        return tuple(byte for word in words for byte in (word & 0xFF, word >> 8))
    return tuple(words)


def _padding(data_set: Dataset, is_signed: bool, bits: int) -> tuple[int, int] | None:
    value = data_set.get("PixelPaddingValue")
    if value is None:
        return None
    limit = data_set.get("PixelPaddingRangeLimit", value)
    return _as_stored(int(value), is_signed, bits), _as_stored(int(limit), is_signed, bits)


def _as_stored(value: int, is_signed: bool, bits: int) -> int:
    """Read a value that may have been written with the other signedness as the stored bits it stands for."""
    pattern = value & ((1 << bits) - 1)
    sign = 1 << (bits - 1)
    return (pattern ^ sign) - sign if is_signed else pattern


def _function(value: object) -> VoiFunction:
    text = str(value or "LINEAR").strip().upper()
    return VoiFunction(text) if text in VoiFunction.__members__ else VoiFunction.LINEAR


def _values(value: object) -> list[object]:
    """Return the values of an attribute, of which there may be none, one or several."""
    if value is None or value == "":
        return []
    if isinstance(value, str) or not isinstance(value, Iterable):
        return [value]
    return list(value)


def _numbers(value: object) -> list[float]:
    numbers = (_number(entry, math.nan) for entry in _values(value))
    return [number for number in numbers if math.isfinite(number)]


def _number(value: object, default: float) -> float:
    try:
        return float(str(value)) if value not in (None, "") else default
    except ValueError:
        return default


def with_window(parameters: GreyscaleParameters, window: Window) -> GreyscaleParameters:
    """Return the same image seen through another window."""
    return replace(parameters, voi=window)
