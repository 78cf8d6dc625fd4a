"""Take the identity away: which attributes a teaching case shows, under which UIDs, and what is struck from its text. Pure."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from uuid import UUID

from pydicom.dataset import Dataset

from negatoscope.patients.names import fold

# Only what showing the pixels right needs. An attribute that is not named here is not shown, whatever it holds.
SHOWN = frozenset({
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "Modality", "SeriesNumber", "InstanceNumber",
    "BodyPartExamined", "ViewPosition", "Laterality", "ImageLaterality", "PatientOrientation", "AnatomicRegionSequence",
    "ViewCodeSequence", "Rows", "Columns", "NumberOfFrames", "SamplesPerPixel", "PhotometricInterpretation",
    "PlanarConfiguration", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "PixelAspectRatio",
    "PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing", "PixelSpacingCalibrationType",
    "PixelSpacingCalibrationDescription", "EstimatedRadiographicMagnificationFactor", "DistanceSourceToDetector",
    "DistanceSourceToPatient", "PixelPaddingValue", "PixelPaddingRangeLimit", "SmallestImagePixelValue",
    "LargestImagePixelValue", "RescaleIntercept", "RescaleSlope", "RescaleType", "ModalityLUTSequence", "VOILUTSequence",
    "VOILUTFunction", "WindowCenter", "WindowWidth", "PresentationLUTShape", "PixelIntensityRelationship",
    "PixelIntensityRelationshipSign", "LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod",
    "RedPaletteColorLookupTableDescriptor", "GreenPaletteColorLookupTableDescriptor", "BluePaletteColorLookupTableDescriptor",
    "RedPaletteColorLookupTableData", "GreenPaletteColorLookupTableData", "BluePaletteColorLookupTableData",
    "ImageOrientationPatient", "PresentationIntentType",
})  # fmt: skip

_RENAMED = ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID")

STRUCK = "•••"
_DATE = re.compile(r"\b\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}\b|\b\d{4}-\d{2}-\d{2}\b")
_LONG_NUMBER = re.compile(r"\b\d{6,}\b")


def shown_uid(case_id: UUID, uid: str) -> str:
    """Return the UID under which a case shows an object: another in each case, and none leads back without the archive."""
    return f"2.25.{uuid.uuid5(case_id, uid).int}"


def without_identity(data_set: Dataset, case_id: UUID) -> Dataset:
    """Return what a teaching case shows of an image: named attributes alone, under other UIDs."""
    shown = Dataset()
    for element in data_set:
        if element.keyword in SHOWN and element.keyword not in _RENAMED:
            shown.add(element)
    for keyword in _RENAMED:
        setattr(shown, keyword, shown_uid(case_id, str(data_set.get(keyword, ""))))
    return shown


def struck(text: str, names: Iterable[str]) -> str:
    """Return a text without these names, dates and long numbers. Accents and case of the names do not matter."""
    wanted = {word for name in names for word in fold(name).split() if len(word) > 2}
    words = re.split(r"(\W+)", text)
    cleaned = "".join(STRUCK if word and fold(word) in wanted else word for word in words)
    return _LONG_NUMBER.sub(STRUCK, _DATE.sub(STRUCK, cleaned))
