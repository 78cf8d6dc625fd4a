"""Build greyscale softcopy presentation states for tests."""

from __future__ import annotations

from collections.abc import Sequence as Values
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from negatoscope.formats.dicom.uids import new_uid

GREYSCALE_STATE = "1.2.840.10008.5.1.4.1.1.11.1"


def a_presentation_state(
    image: Dataset,
    *,
    window: tuple[float, float] | None = None,
    area: tuple[int, int, int, int] | None = None,
    spacing: tuple[str, str] | None = None,
    graphics: Values[Dataset] = (),
    texts: Values[Dataset] = (),
    **attributes: Any,
) -> Dataset:
    """Build a state of one image; keyword arguments set further attributes by DICOM keyword."""
    state = Dataset()
    for keyword in ("SpecificCharacterSet", "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex"):
        setattr(state, keyword, image.get(keyword))
    for keyword in ("StudyInstanceUID", "StudyDate", "StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName"):
        setattr(state, keyword, image.get(keyword))
    state.SOPClassUID, state.SOPInstanceUID, state.SeriesInstanceUID = GREYSCALE_STATE, new_uid(), new_uid()
    state.Modality, state.SeriesNumber, state.InstanceNumber = "PR", 90, 1
    state.Manufacturer = "Negatoscope tests"
    state.ContentLabel, state.ContentDescription, state.ContentCreatorName = "TEST", "", ""
    state.PresentationCreationDate, state.PresentationCreationTime = "20260102", "101112"
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
    series = Dataset()
    series.SeriesInstanceUID, series.ReferencedImageSequence = image.SeriesInstanceUID, Sequence([reference])
    state.ReferencedSeriesSequence = Sequence([series])
    if window is not None:
        voi = Dataset()
        voi.WindowCenter, voi.WindowWidth = str(window[0]), str(window[1])
        state.SoftcopyVOILUTSequence = Sequence([voi])
    state.DisplayedAreaSelectionSequence = Sequence([_displayed(image, area, spacing)])
    if graphics or texts:
        state.GraphicAnnotationSequence = Sequence([_annotation(graphics, texts)])
        layer = Dataset()
        layer.GraphicLayer, layer.GraphicLayerOrder = "LAYER", 1
        state.GraphicLayerSequence = Sequence([layer])
    state.ImageHorizontalFlip, state.ImageRotation = "N", 0
    if "PresentationLUTSequence" not in attributes:
        state.PresentationLUTShape = "IDENTITY"
    for keyword, value in attributes.items():
        setattr(state, keyword, Sequence(value) if isinstance(value, list) and isinstance(value[0], Dataset) else value)
    return state


def _displayed(image: Dataset, area: tuple[int, int, int, int] | None, spacing: tuple[str, str] | None) -> Dataset:
    item = Dataset()
    left, top, right, bottom = area or (1, 1, image.Columns, image.Rows)
    item.DisplayedAreaTopLeftHandCorner, item.DisplayedAreaBottomRightHandCorner = [left, top], [right, bottom]
    item.PresentationSizeMode = "SCALE TO FIT"
    if spacing is not None:
        item.PresentationPixelSpacing = list(spacing)
    else:
        item.PresentationPixelAspectRatio = [1, 1]
    return item


def _annotation(graphics: Values[Dataset], texts: Values[Dataset]) -> Dataset:
    item = Dataset()
    item.GraphicLayer = "LAYER"
    if texts:
        item.TextObjectSequence = Sequence(list(texts))
    if graphics:
        item.GraphicObjectSequence = Sequence(list(graphics))
    return item


def a_graphic(kind: str, numbers: Values[float], *, units: str = "PIXEL", is_filled: bool = False) -> Dataset:
    """Build a graphic object from columns and rows in turn."""
    item = Dataset()
    item.GraphicAnnotationUnits, item.GraphicDimensions = units, 2
    item.NumberOfGraphicPoints, item.GraphicData = len(numbers) // 2, list(numbers)
    item.GraphicType, item.GraphicFilled = kind, "Y" if is_filled else "N"
    return item


def a_text(text: str, *, box: tuple[float, float, float, float]) -> Dataset:
    """Build a text object in a box of image pixels."""
    item = Dataset()
    item.BoundingBoxAnnotationUnits, item.UnformattedTextValue = "PIXEL", text
    item.BoundingBoxTopLeftHandCorner, item.BoundingBoxBottomRightHandCorner = list(box[:2]), list(box[2:])
    item.BoundingBoxTextHorizontalJustification = "LEFT"
    return item


def a_table(entries: Values[int], *, bits: int) -> Dataset:
    """Build the item of a lookup table that starts at 0."""
    item = Dataset()
    item.LUTDescriptor = [len(entries), 0, bits]
    item.LUTData = np.asarray(entries, "<u2").tobytes()
    item["LUTData"].VR = "OW"
    return item
