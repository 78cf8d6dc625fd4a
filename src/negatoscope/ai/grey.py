"""The grey values of a stored image as a reader sees them first: 0 black to 1 white. Run in the sandbox.

Modality LUT, then the first VOI of the object (LUT, or window with its function, PS3.3 C.11.2), then the presentation.
Without a VOI the span of the values in the image stands in.
"""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.pixels.processing import apply_modality_lut, apply_voi

from negatoscope.formats.dicom.attributes import PixelDescription
from negatoscope.formats.dicom.frames import native_frame_span, split_frames
from negatoscope.formats.dicom.gate import judge
from negatoscope.formats.dicom.pixels import decode_frame
from negatoscope.platform.errors import CorruptObject, Refused

Grey = NDArray[np.float32]


def read_grey(file: bytes) -> Grey:
    """Return the first frame of a Part 10 file, (rows, columns) float32 from 0 to 1."""
    verdict = judge(file)
    attributes, span = verdict.attributes, verdict.pixel_data
    if attributes is None or attributes.pixels is None or span is None or verdict.transfer_syntax_uid is None:
        raise CorruptObject("A stored image cannot be read.", reason="unreadable_image")
    pixels = attributes.pixels
    if pixels.samples_per_pixel != 1:
        raise Refused("The image is in colour.", reason="unsuitable_colour")
    if span.encapsulated:
        encoded = split_frames(file[span.offset : span.offset + span.length], pixels.frames)[0]
    else:
        place = native_frame_span(pixels, span.offset, 1)
        encoded = file[place.offset : place.offset + place.length]
    cells = decode_frame(encoded, pixels, verdict.transfer_syntax_uid)
    header = pydicom.dcmread(BytesIO(file), stop_before_pixels=True)
    return displayed(stored_values(cells, pixels), header)


def stored_values(cells: NDArray[np.generic], pixels: PixelDescription) -> NDArray[np.int64]:
    """Cut the stored bits out of the cells, sign and all; overlay bits above or below fall away (PS3.5 8.1.1)."""
    shift = pixels.high_bit + 1 - pixels.bits_stored
    bits = (cells.astype(np.int64) >> shift) & ((1 << pixels.bits_stored) - 1)
    if pixels.is_signed:
        half = 1 << (pixels.bits_stored - 1)
        bits = (bits ^ half) - half
    return bits


def displayed(values: NDArray[np.int64], header: Dataset) -> Grey:
    """Return the values as first displayed, from 0 to 1."""
    modality = np.asarray(apply_modality_lut(values, header), dtype=np.float64)
    if header.get("VOILUTSequence"):
        item = header.VOILUTSequence[0]
        bits = int(item.LUTDescriptor[2])
        grey = np.asarray(apply_voi(modality.astype(np.int64), header), dtype=np.float64) / float((1 << bits) - 1)
    elif header.get("WindowCenter") not in (None, "") and header.get("WindowWidth") not in (None, ""):
        function = str(header.get("VOILUTFunction", "LINEAR")) or "LINEAR"
        grey = _windowed(modality, _first(header.WindowCenter), _first(header.WindowWidth), function)
    else:
        low, high = float(modality.min()), float(modality.max())
        grey = (modality - low) / max(high - low, 1e-9)
    is_inverse = header.get("PresentationLUTShape") == "INVERSE"
    if (header.get("PhotometricInterpretation") == "MONOCHROME1") is not is_inverse:
        grey = 1.0 - grey
    result: Grey = np.clip(grey, 0.0, 1.0).astype(np.float32)
    return result


def _windowed(values: NDArray[np.float64], centre: float, width: float, function: str) -> NDArray[np.float64]:
    if function == "SIGMOID":
        return np.asarray(1.0 / (1.0 + np.exp(np.clip(-4.0 * (values - centre) / max(width, 1e-9), -60.0, 60.0))))
    if function == "LINEAR_EXACT":
        return np.asarray(np.clip((values - centre) / max(width, 1e-9) + 0.5, 0.0, 1.0))
    if width <= 1.0:
        return np.asarray((values > centre - 0.5).astype(np.float64))
    return np.asarray(np.clip((values - (centre - 0.5)) / (width - 1.0) + 0.5, 0.0, 1.0))


def _first(value: object) -> float:
    """Return the first of one or several numbers, as a decimal string element holds them."""
    return float(str(value[0] if isinstance(value, MultiValue) else value))
