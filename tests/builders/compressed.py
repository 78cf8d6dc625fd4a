"""Build DX and secondary capture objects in every transfer syntax that storage takes and a codec here can write."""

from __future__ import annotations

from collections.abc import Callable

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from tests.builders.dicom import a_dx_image

Pixels = NDArray[np.uint16] | NDArray[np.uint8]

CODECS: dict[str, Callable[[Pixels], bytes | bytearray]] = {
    uid.JPEGLosslessSV1: imagecodecs.ljpeg_encode,
    uid.JPEGLSLossless: imagecodecs.jpegls_encode,
    uid.JPEGLSNearLossless: lambda pixels: imagecodecs.jpegls_encode(pixels, level=2),
    uid.JPEG2000Lossless: lambda pixels: imagecodecs.jpeg2k_encode(pixels, codecformat="j2k", reversible=True),
    uid.JPEG2000: lambda pixels: imagecodecs.jpeg2k_encode(pixels, codecformat="j2k", level=40),
    uid.HTJ2KLossless: lambda pixels: imagecodecs.htj2k_encode(pixels, reversible=True),
    uid.HTJ2K: lambda pixels: imagecodecs.htj2k_encode(pixels, reversible=False),
    uid.JPEGBaseline8Bit: imagecodecs.jpeg8_encode,
}


def a_compressed_image(transfer_syntax_uid: str, *, rows: int = 64, columns: int = 48) -> Dataset:
    """Build a DX image whose pixels are in this transfer syntax; JPEG baseline holds 8 bits, all others 12."""
    bits = 8 if transfer_syntax_uid == uid.JPEGBaseline8Bit else 12
    data_set = a_dx_image(rows=rows, columns=columns, bits_stored=bits)
    pixels = np.frombuffer(data_set.PixelData, dtype=np.uint16).reshape(data_set.Rows, data_set.Columns)
    if bits == 8:
        data_set.BitsAllocated = 8
        pixels = pixels.astype(np.uint8)
    data_set.PixelData = encapsulate([bytes(CODECS[transfer_syntax_uid](pixels))])
    data_set["PixelData"].VR = "OB"
    data_set["PixelData"].is_undefined_length = True
    return data_set
