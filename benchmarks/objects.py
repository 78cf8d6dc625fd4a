"""The images that are sent: synthetic, with noise, so that nothing compresses better than a real one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

CT_ROWS, CT_COLUMNS = 512, 512
DX_ROWS, DX_COLUMNS = 2500, 2048


def write_study(folder: Path, *, modality: str, count: int, seed: int) -> str:
    """Write the files of one study of one series; return its Study Instance UID."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    study_uid, series_uid = generate_uid(), generate_uid()
    rows, columns = (CT_ROWS, CT_COLUMNS) if modality == "CT" else (DX_ROWS, DX_COLUMNS)
    for number in range(1, count + 1):
        dataset = _attributes(modality, study_uid, series_uid, number, seed)
        _set_pixels(dataset, _picture(rng, rows, columns), bits=12 if modality == "CT" else 14)
        dataset.save_as(folder / f"{number:04d}.dcm", enforce_file_format=True)
    return str(study_uid)


def _picture(rng: np.random.Generator, rows: int, columns: int) -> NDArray[np.uint16]:
    y, x = np.mgrid[0:rows, 0:columns].astype(np.float32)
    smooth = 1500 + 900 * np.sin(x / columns * 6) * np.cos(y / rows * 5)
    noisy: NDArray[np.float64] = smooth + rng.normal(0, 12, (rows, columns))
    return np.clip(noisy, 0, 4095).astype(np.uint16)


def _attributes(modality: str, study_uid: str, series_uid: str, number: int, seed: int) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.SOPClassUID = CTImageStorage if modality == "CT" else DigitalXRayImageStorageForPresentation
    dataset.SOPInstanceUID = generate_uid()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName, dataset.PatientID = f"BANC^Essai{seed}", f"BENCH{seed}"
    dataset.PatientBirthDate, dataset.PatientSex = "19700101", "O"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study_uid, series_uid
    dataset.StudyDate, dataset.StudyTime, dataset.StudyID, dataset.AccessionNumber = "20260101", "120000", "1", f"B{seed}"
    dataset.StudyDescription, dataset.ReferringPhysicianName = "Bench", ""
    dataset.Modality, dataset.SeriesNumber, dataset.InstanceNumber = modality, 1, number
    dataset.PatientOrientation = ["L", "F"]
    if modality == "CT":
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        dataset.ImagePositionPatient, dataset.ImageOrientationPatient = [0, 0, number], [1, 0, 0, 0, 1, 0]
        dataset.PixelSpacing, dataset.SliceThickness, dataset.KVP = [0.7, 0.7], 1, 120
        dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = -1024, 1, "HU"
        dataset.WindowCenter, dataset.WindowWidth = 40, 400
    else:
        dataset.ImageType = ["ORIGINAL", "PRIMARY"]
        dataset.PresentationIntentType, dataset.BodyPartExamined, dataset.ViewPosition = "FOR PRESENTATION", "CHEST", "PA"
        dataset.ImageLaterality, dataset.ImagerPixelSpacing, dataset.KVP = "U", [0.148, 0.148], 120
        dataset.WindowCenter, dataset.WindowWidth, dataset.PresentationLUTShape = 1500, 2500, "IDENTITY"
        dataset.PixelIntensityRelationship, dataset.PixelIntensityRelationshipSign = "LOG", -1
    return dataset


def _set_pixels(dataset: Dataset, pixels: NDArray[np.uint16], *, bits: int) -> None:
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, bits, bits - 1, 0
    dataset.PixelData = pixels.tobytes()
    dataset["PixelData"].VR = "OW"
