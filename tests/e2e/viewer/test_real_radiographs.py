"""Real radiographs, where they are at hand: what Chromium shows beside what pydicom decodes and NumPy windows."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from tests.e2e.viewer import reference
from tests.e2e.viewer.conftest import OpenViewer
from tests.e2e.viewer.dicomweb_server import Department, StoredObject, show
from tests.paths import SHARED

RADIOGRAPHS = sorted((SHARED / "data" / "xray" / "dicom").glob("*.dcm"))
pytestmark = pytest.mark.skipif(not RADIOGRAPHS, reason="the folder ../shared with real radiographs is absent")


def read(path: Path) -> tuple[Dataset, NDArray[np.float64]]:
    """Return the data set and its values after the modality transform; the samples break rules we do not test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data_set = pydicom.dcmread(path)
        pixels = data_set.pixel_array.astype(float)
    return data_set, pixels * float(data_set.get("RescaleSlope", 1)) + float(data_set.get("RescaleIntercept", 0))


def expected_greys(data_set: Dataset, values: NDArray[np.float64]) -> reference.Grey:
    """Return the greys of the first window, or of all values when there is none."""
    if "WindowCenter" in data_set:
        center, width = (
            float(np.atleast_1d(value)[0]) for value in (data_set["WindowCenter"].value, data_set["WindowWidth"].value)
        )
        shown = reference.linear(values, center, width)
    else:
        shown = (values - values.min()) / (values.max() - values.min())
    return reference.greys(1 - shown if data_set.PhotometricInterpretation == "MONOCHROME1" else shown)


@pytest.mark.parametrize("path", RADIOGRAPHS, ids=lambda path: path.stem[-24:])
def test_real_radiograph_is_shown_as_numpy_says(open_viewer: OpenViewer, department: Department, path: Path) -> None:
    data_set, values = read(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        show(department, [StoredObject(data_set, str(data_set.file_meta.TransferSyntaxUID))], preferences={"panel": False})
        viewer = open_viewer(width=900, height=600)
    viewer.press("1")
    drawn = viewer.pixels()
    stage = viewer.page.locator(".nv-stage").first.bounding_box()
    assert stage is not None
    origin = viewer.at(0, 0)
    left, top = round(stage["x"] - origin[0]), round(stage["y"] - origin[1])
    rows = slice(max(top, 0), min(top + drawn.shape[0], data_set.Rows))
    columns = slice(max(left, 0), min(left + drawn.shape[1], data_set.Columns))
    seen = drawn[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left, 0].astype(float)
    assert seen.size > 100_000
    difference = np.abs(seen - expected_greys(data_set, values)[rows, columns])
    # Decoders of lossy JPEG and JPEG 2000 may round to neighbouring values.
    assert np.quantile(difference, 0.999) <= 1
    assert difference.max() <= 2
