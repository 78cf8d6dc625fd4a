"""A drawn radiograph as a complete DX or CR object (PS3.3 A.26 and A.2), marked as synthetic wherever it can be."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
)

from negatoscope.app.phantoms.recipes import BITS, RECIPES
from negatoscope.app.phantoms.techniques import Code, Technique
from negatoscope.formats.dicom.uids import new_uid


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """For whom and why a radiograph is made, as the worklist told the modality. `performed_at` is local time."""

    patient_id: str
    issuer: str
    patient_name: str
    birth_date: str
    sex: str
    study_uid: str
    accession_number: str
    description: str
    performed_at: datetime
    requested_procedure_id: str = ""
    scheduled_step_id: str = ""
    referring_physician: str = ""
    station_name: str = "DEMO"
    character_set: str = "ISO_IR 192"


def synthetic_object(name: str, pixels: NDArray[np.uint16], examination: Examination, *, number: int = 1) -> bytes:
    """Return the Part 10 file of a radiograph that `render` drew by this recipe; the caller stores it as a modality would.

    `number` counts the radiographs of an examination: each is a series of its own, as its view is (PS3.3 C.7.3.1).
    """
    technique = RECIPES[name].technique
    dataset = _attributes(technique, examination, number)
    dataset.SeriesDescription = f"{technique.body_part} {technique.view_position} SYNTHETIC"
    _image(dataset, technique, pixels)
    return write_file(dataset)


def write_file(dataset: Dataset) -> bytes:
    """Return a data set as the bytes of a Part 10 file, explicit little endian."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _attributes(technique: Technique, examination: Examination, number: int) -> Dataset:
    dataset = Dataset()
    dataset.SpecificCharacterSet = examination.character_set
    is_dx = technique.modality == "DX"
    dataset.SOPClassUID = DigitalXRayImageStorageForPresentation if is_dx else ComputedRadiographyImageStorage
    dataset.SOPInstanceUID = new_uid()
    _patient_and_study(dataset, examination)
    _series_and_equipment(dataset, technique, examination)
    dataset.SeriesNumber = number
    dataset.InstanceNumber = 1
    dataset.ImageType = ["ORIGINAL", "PRIMARY", ""]
    dataset.ContentDate = dataset.AcquisitionDate = dataset.StudyDate
    dataset.ContentTime = dataset.AcquisitionTime = dataset.StudyTime
    dataset.PatientOrientation = list(technique.patient_orientation)
    dataset.BurnedInAnnotation = "NO"
    dataset.LossyImageCompression = "00"
    dataset.ImageComments = "Synthetic radiograph drawn by Negatoscope; no patient was exposed"
    dataset.BodyPartExamined = technique.body_part
    dataset.ViewPosition = technique.view_position
    if is_dx:
        dataset.ImageLaterality = technique.laterality
        dataset.AnatomicRegionSequence = Sequence([_code(technique.region)])
        dataset.ViewCodeSequence = Sequence([_code(technique.view)])
        dataset.ViewCodeSequence[0].ViewModifierCodeSequence = Sequence([])
        dataset.AcquisitionContextSequence = Sequence([])
        dataset.PresentationIntentType = "FOR PRESENTATION"
        dataset.PixelIntensityRelationship = "LOG"
        dataset.PixelIntensityRelationshipSign = -1
    _exposure(dataset, technique)
    return dataset


def _patient_and_study(dataset: Dataset, examination: Examination) -> None:
    dataset.PatientName = examination.patient_name
    dataset.PatientID = examination.patient_id
    dataset.IssuerOfPatientID = examination.issuer
    dataset.PatientBirthDate = examination.birth_date
    dataset.PatientSex = examination.sex
    dataset.StudyInstanceUID = examination.study_uid
    dataset.StudyDate = examination.performed_at.strftime("%Y%m%d")
    dataset.StudyTime = examination.performed_at.strftime("%H%M%S")
    dataset.StudyID = "1"
    dataset.AccessionNumber = examination.accession_number
    dataset.StudyDescription = examination.description
    dataset.ReferringPhysicianName = examination.referring_physician
    if examination.requested_procedure_id:
        request = Dataset()
        request.RequestedProcedureID = examination.requested_procedure_id
        request.ScheduledProcedureStepID = examination.scheduled_step_id
        dataset.RequestAttributesSequence = Sequence([request])


def _series_and_equipment(dataset: Dataset, technique: Technique, examination: Examination) -> None:
    dataset.Modality = technique.modality
    dataset.SeriesInstanceUID = new_uid()
    dataset.SeriesDate, dataset.SeriesTime = dataset.StudyDate, dataset.StudyTime
    dataset.OperatorsName = ""
    if technique.modality == "CR" and technique.laterality in {"L", "R"}:
        dataset.Laterality = technique.laterality
    dataset.Manufacturer = "Negatoscope"
    dataset.ManufacturerModelName = "Phantom"
    dataset.StationName = examination.station_name
    dataset.SoftwareVersions = "phantoms"
    dataset.InstitutionName = "Demonstration"


def _exposure(dataset: Dataset, technique: Technique) -> None:
    beam = technique.beam
    dataset.KVP = str(beam.kvp)
    dataset.ExposureTime = round(technique.mas / 0.25)
    dataset.XRayTubeCurrent = 250
    dataset.Exposure = round(technique.mas)
    dataset.ExposureInuAs = round(technique.mas * 1000)
    dataset.ImageAndFluoroscopyAreaDoseProduct = str(technique.dose_area_product_dgy_cm2)
    dataset.DistanceSourceToDetector = str(technique.distance_mm)
    dataset.ExposureIndex = str(round(technique.target_exposure_index * 1.06))
    dataset.TargetExposureIndex = str(round(technique.target_exposure_index))
    dataset.DeviationIndex = "0.3"
    if technique.modality == "DX":
        dataset.PositionerType = ""
        dataset.DetectorType = "SCINTILLATOR"
        dataset.DetectorID = "PHANTOM-1"


def _image(dataset: Dataset, technique: Technique, pixels: NDArray[np.uint16]) -> None:
    top = (1 << BITS) - 1
    low, high = technique.display.ends(pixels)
    if technique.monochrome1:
        pixels = (top - pixels).astype(np.uint16)
        low, high = top - high, top - low
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME1" if technique.monochrome1 else "MONOCHROME2"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, BITS, BITS - 1, 0
    dataset.ImagerPixelSpacing = [technique.spacing_mm, technique.spacing_mm]
    if technique.modality == "DX":
        dataset.PresentationLUTShape = "INVERSE" if technique.monochrome1 else "IDENTITY"
        dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "0", "1", "US"
    if technique.display.function == "LUT":
        dataset.VOILUTSequence = Sequence([_voi_lut(low, high)])
    else:
        dataset.WindowCenter, dataset.WindowWidth = str(round((low + high) / 2)), str(max(2, round(high - low)))
        dataset.WindowCenterWidthExplanation = "STANDARD"
        dataset.VOILUTFunction = technique.display.function
    dataset.PixelData = pixels.tobytes()
    dataset["PixelData"].VR = "OW"


def _voi_lut(low: float, high: float) -> Dataset:
    """Return a table with a toe and a shoulder, as film had."""
    entries = 1 << BITS
    t = np.clip((np.arange(entries) - low) / max(high - low, 1.0), 0, 1)
    curve = np.rint((t * t * (3 - 2 * t) * 0.6 + t * 0.4) * (entries - 1)).astype(np.uint16)
    item = Dataset()
    item.LUTDescriptor = [entries, 0, BITS]
    item["LUTDescriptor"].VR = "US"
    item.LUTExplanation = "FILM"
    item.LUTData = curve.tobytes()
    item["LUTData"].VR = "OW"
    return item


def _code(code: Code) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code
    return item
