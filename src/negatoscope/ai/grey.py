"""The grey values of a stored image as a reader sees them first: 0 black to 1 white, by the table of the viewer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from negatoscope.archive.metadata import read_attributes
from negatoscope.archive.model import Instance
from negatoscope.archive.open import read_pixels
from negatoscope.formats.dicom.greyscale import grey_table, stored_values
from negatoscope.formats.dicom.greyscale_reading import read_greyscale
from negatoscope.platform.errors import Refused
from negatoscope.platform.runtime import Platform

Grey = NDArray[np.float32]


def read_grey(platform: Platform, instance: Instance) -> Grey:
    """Return the first frame, (rows, columns) float32 in 256 steps from 0 to 1. Decoding happens in the sandbox."""
    if instance.pixels is None or not instance.pixels.photometric_interpretation.startswith("MONOCHROME"):
        raise Refused("The image is in colour.", reason="unsuitable_colour")
    parameters = read_greyscale(read_attributes(platform, instance))
    frame = read_pixels(platform, instance)
    cells = frame.view(np.dtype(f"u{frame.dtype.itemsize}"))
    data_range = None
    if parameters.voi is None:
        stored = stored_values(parameters)[cells]
        data_range = (int(stored.min()), int(stored.max()))
    grey: Grey = grey_table(parameters, data_range=data_range)[cells].astype(np.float32) / np.float32(255.0)
    return grey
