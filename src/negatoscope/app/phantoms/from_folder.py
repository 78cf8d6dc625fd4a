"""Pictures of real radiographs (PNG, JPEG) as Secondary Capture objects, for a demonstration on a folder of them.

A picture says little: the object says where it came from and whether it was lossy. It is no DX object, since that would
have to invent the spacing of the detector. Labels are read from a `labels.csv` beside the folder or in it, when there is one.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from pydicom.dataset import Dataset
from pydicom.uid import SecondaryCaptureImageStorage

from negatoscope.app.phantoms.objects import Examination, write_file
from negatoscope.formats.dicom.uids import new_uid
from negatoscope.platform.errors import InvalidInput

SUFFIXES = frozenset({".png", ".jpg", ".jpeg"})
MOST_PIXELS = 64_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture file and what its row in labels.csv tells: age in years, sex, view."""

    path: Path
    patient_key: str
    age: int | None = None
    sex: str = "O"
    view_position: str = ""


def find_pictures(folder: Path) -> Iterator[Picture]:
    """Yield the pictures below a folder, in the order of their names."""
    rows = _labels(folder)
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES and path.is_file():
            row = rows.get(path.name, {})
            age = row.get("Patient Age", "")
            yield Picture(
                path=path,
                patient_key=row.get("Patient ID") or path.stem,
                age=int(age) if age.isdigit() and int(age) < 130 else None,
                sex=_one_of(row.get("Patient Gender"), ("M", "F"), "O"),
                view_position=_one_of(row.get("View Position"), ("PA", "AP", "LL"), ""),
            )


def _one_of(value: str | None, known: tuple[str, ...], otherwise: str) -> str:
    return value if value is not None and value in known else otherwise


def picture_object(picture: Picture, examination: Examination) -> bytes:
    """Return the Part 10 file of one picture, a Secondary Capture (PS3.3 A.8.1); InvalidInput when it cannot be read."""
    pixels = _read(picture.path)
    dataset = Dataset()
    dataset.SpecificCharacterSet = examination.character_set
    dataset.SOPClassUID = SecondaryCaptureImageStorage
    dataset.SOPInstanceUID = new_uid()
    dataset.PatientName, dataset.PatientID = examination.patient_name, examination.patient_id
    dataset.IssuerOfPatientID = examination.issuer
    dataset.PatientBirthDate, dataset.PatientSex = examination.birth_date, examination.sex
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = examination.study_uid, new_uid()
    dataset.StudyDate = examination.performed_at.strftime("%Y%m%d")
    dataset.StudyTime = examination.performed_at.strftime("%H%M%S")
    dataset.StudyID, dataset.SeriesNumber, dataset.InstanceNumber = "1", 1, 1
    dataset.AccessionNumber, dataset.StudyDescription = examination.accession_number, examination.description
    dataset.ReferringPhysicianName = examination.referring_physician
    dataset.Modality = "DX"
    dataset.SeriesDescription = "FROM A PICTURE FILE"
    dataset.ConversionType = "WSD"
    dataset.Manufacturer = "Negatoscope"
    dataset.ImageType = ["DERIVED", "PRIMARY"]
    dataset.DerivationDescription = "Made from an 8-bit picture file; spacing and exposure unknown"
    dataset.BurnedInAnnotation = "NO"
    dataset.BodyPartExamined, dataset.ViewPosition = "CHEST", picture.view_position
    dataset.PatientOrientation = ["L", "F"] if picture.view_position in {"PA", "AP"} else ""
    dataset.LossyImageCompression = "00" if picture.path.suffix.lower() == ".png" else "01"
    if dataset.LossyImageCompression == "01":
        dataset.LossyImageCompressionRatio = str(round(pixels.size / max(picture.path.stat().st_size, 1), 1))
        dataset.LossyImageCompressionMethod = "ISO_10918_1"
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 8, 8, 7, 0
    dataset.WindowCenter, dataset.WindowWidth = "128", "256"
    raw = pixels.tobytes()
    dataset.PixelData = raw + b"\0" * (len(raw) % 2)
    dataset["PixelData"].VR = "OW"
    return write_file(dataset)


def _read(path: Path) -> NDArray[np.uint8]:
    try:
        with Image.open(path) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise InvalidInput(
                    f"{path.name} has more than {MOST_PIXELS // 1_000_000} million pixels.", reason="picture_too_large"
                )
            return np.asarray(picture.convert("L"), np.uint8)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise InvalidInput(f"{path.name} is not a picture that can be read.", reason="picture_unreadable") from error


def _labels(folder: Path) -> dict[str, dict[str, str]]:
    for place in (folder / "labels.csv", folder.parent / "labels.csv"):
        if place.is_file():
            with place.open(newline="", encoding="utf-8") as file:
                return {row["file"]: row for row in csv.DictReader(file) if "file" in row}
    return {}
