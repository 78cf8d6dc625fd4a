"""Build small, complete DICOM objects for tests, in any transfer syntax. All people are invented."""

from __future__ import annotations

import copy
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pydicom.data
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset, write_file_meta_info
from pydicom.sequence import Sequence
from pydicom.uid import UID

from negatoscope.formats.dicom.attributes import PixelDescription
from negatoscope.formats.dicom.frames import encapsulate
from negatoscope.formats.dicom.pixels import transcode_frame
from negatoscope.formats.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, TRANSFER_SYNTAXES
from negatoscope.formats.dicom.uids import new_uid

DX_FOR_PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.1"
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
IMPLEMENTATION_CLASS_UID = "2.25.295119215438290846279404215146911478511"


def _patient_study_series(modality: str, sop_class_uid: str) -> Dataset:
    data_set = Dataset()
    data_set.SpecificCharacterSet = "ISO_IR 192"
    data_set.SOPClassUID = sop_class_uid
    data_set.SOPInstanceUID = new_uid()
    data_set.StudyInstanceUID = new_uid()
    data_set.SeriesInstanceUID = new_uid()
    data_set.PatientName = "Éluard^Zoé"
    data_set.PatientID = "SYN-0001"
    data_set.IssuerOfPatientID = "NEGATOSCOPE"
    data_set.PatientBirthDate = "19700102"
    data_set.PatientSex = "F"
    data_set.StudyDate = "20260102"
    data_set.StudyTime = "101112"
    data_set.StudyID = "S1"
    data_set.AccessionNumber = "ACC0001"
    data_set.ReferringPhysicianName = "Lemaire^Paul"
    data_set.StudyDescription = "Thorax de face"
    data_set.Modality = modality
    data_set.SeriesNumber = 1
    data_set.InstanceNumber = 1
    data_set.Manufacturer = "Negatoscope tests"
    return data_set


def _pixels(data_set: Dataset, pixels: NDArray[Any], bits_stored: int, photometric: str) -> None:
    data_set.SamplesPerPixel = pixels.shape[2] if pixels.ndim == 3 else 1
    data_set.PhotometricInterpretation = photometric
    if pixels.ndim == 3:
        data_set.PlanarConfiguration = 0
    data_set.Rows, data_set.Columns = pixels.shape[:2]
    data_set.BitsAllocated = pixels.dtype.itemsize * 8
    data_set.BitsStored = bits_stored
    data_set.HighBit = bits_stored - 1
    data_set.PixelRepresentation = 1 if pixels.dtype.kind == "i" else 0
    data_set.PixelData = pixels.tobytes()
    data_set["PixelData"].VR = "OW" if pixels.dtype.itemsize == 2 else "OB"


def a_dx_image(
    *, rows: int = 64, columns: int = 48, bits_stored: int = 12, photometric: str = "MONOCHROME2", **attributes: object
) -> Dataset:
    """Build a DX image with a smooth gradient; keyword arguments set further attributes by DICOM keyword."""
    data_set = _patient_study_series("DX", DX_FOR_PRESENTATION)
    data_set.PresentationIntentType = "FOR PRESENTATION"
    data_set.ImageType = ["ORIGINAL", "PRIMARY"]
    data_set.BodyPartExamined = "CHEST"
    data_set.ViewPosition = "PA"
    data_set.ImageLaterality = "U"
    data_set.PatientOrientation = ["L", "F"]
    data_set.AcquisitionDate = "20260102"
    data_set.AcquisitionTime = "101530.250000"
    data_set.KVP = "125"
    data_set.ExposureInuAs = 1600
    data_set.ImageAndFluoroscopyAreaDoseProduct = "0.85"
    data_set.ExposureIndex = "310"
    data_set.TargetExposureIndex = "250"
    data_set.DeviationIndex = "0.9"
    data_set.ImagerPixelSpacing = ["0.139", "0.139"]
    request = Dataset()
    request.RequestedProcedureID = "RP1"
    request.ScheduledProcedureStepID = "SPS1"
    data_set.RequestAttributesSequence = Sequence([request])
    gradient = np.linspace(0, 2**bits_stored - 1, rows * columns).reshape(rows, columns)
    _pixels(data_set, gradient.astype(np.uint16), bits_stored, photometric)
    data_set.WindowCenter, data_set.WindowWidth = str(2 ** (bits_stored - 1)), str(2**bits_stored)
    for keyword, value in attributes.items():
        setattr(data_set, keyword, value)
    return data_set


def a_ct_slice(*, rows: int = 32, columns: int = 32, **attributes: object) -> Dataset:
    """Build a signed 16-bit CT slice with rescaling."""
    data_set = _patient_study_series("CT", CT_IMAGE)
    data_set.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    data_set.RescaleIntercept, data_set.RescaleSlope = "0", "1"
    data_set.ImagePositionPatient = ["-100", "-100", "42"]
    data_set.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    data_set.PixelSpacing = ["0.7", "0.7"]
    data_set.SliceThickness = "1"
    ramp = np.arange(rows * columns, dtype=np.int64).reshape(rows, columns) % 4096 - 1024
    _pixels(data_set, ramp.astype(np.int16), 16, "MONOCHROME2")
    for keyword, value in attributes.items():
        setattr(data_set, keyword, value)
    return data_set


def bare_bytes(data_set: Dataset, transfer_syntax_uid: str = EXPLICIT_VR_LITTLE_ENDIAN) -> bytes:
    """Encode the data set alone, as DIMSE carries it."""
    syntax = TRANSFER_SYNTAXES[transfer_syntax_uid]
    target = DicomBytesIO()
    target.is_little_endian = syntax.little_endian
    target.is_implicit_VR = not syntax.explicit_vr
    write_dataset(target, data_set)
    encoded: bytes = target.getvalue()
    if syntax.deflated:
        deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        encoded = deflater.compress(encoded) + deflater.flush()
    return encoded


def part10_bytes(
    data_set: Dataset, transfer_syntax_uid: str = EXPLICIT_VR_LITTLE_ENDIAN, *, preamble: bytes = b"\0" * 128
) -> bytes:
    """Encode a complete Part 10 file."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = UID(str(data_set.get("SOPClassUID", CT_IMAGE)))
    meta.MediaStorageSOPInstanceUID = UID(str(data_set.get("SOPInstanceUID", "1.2.3")))
    meta.TransferSyntaxUID = UID(transfer_syntax_uid)
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    buffer = DicomBytesIO()
    write_file_meta_info(buffer, meta, enforce_standard=True)
    return preamble + b"DICM" + buffer.getvalue() + bare_bytes(data_set, transfer_syntax_uid)


def element(tag: int, vr: bytes, value: bytes, *, length: int | None = None) -> bytes:
    """Encode one element by hand in explicit VR little endian, with a false length if wanted."""
    announced = len(value) if length is None else length
    head = (tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little") + vr
    if vr in (b"OB", b"OW", b"SQ", b"UN", b"UT", b"UC"):
        return head + b"\0\0" + announced.to_bytes(4, "little") + value
    return head + announced.to_bytes(2, "little") + value


def identity_elements(**replaced: bytes) -> bytes:
    """Encode by hand the elements each object needs; replace one by its keyword."""
    values: Mapping[str, bytes] = {
        "SOPClassUID": b"1.2.840.10008.5.1.4.1.1.2\0",
        "SOPInstanceUID": b"1.2.3.41",
        "PatientID": b"AAAA",
        "StudyInstanceUID": b"1.2.3.2\0",
        "SeriesInstanceUID": b"1.2.3.3\0",
    } | replaced
    return b"".join(
        (
            element(0x00080016, b"UI", values["SOPClassUID"]),
            element(0x00080018, b"UI", values["SOPInstanceUID"]),
            element(0x00100020, b"LO", values["PatientID"]),
            element(0x0020000D, b"UI", values["StudyInstanceUID"]),
            element(0x0020000E, b"UI", values["SeriesInstanceUID"]),
        )
    )


def describe_pixels(data_set: Dataset) -> PixelDescription:
    """Return the pixel description of a data set."""
    return PixelDescription(
        rows=data_set.Rows,
        columns=data_set.Columns,
        samples_per_pixel=data_set.SamplesPerPixel,
        bits_allocated=data_set.BitsAllocated,
        bits_stored=data_set.BitsStored,
        high_bit=data_set.HighBit,
        is_signed=data_set.PixelRepresentation == 1,
        planar_configuration=data_set.get("PlanarConfiguration", 0),
        photometric_interpretation=data_set.PhotometricInterpretation,
        frames=int(data_set.get("NumberOfFrames") or 1),
    )


def encoded_as(data_set: Dataset, transfer_syntax_uid: str) -> Dataset:
    """Return a copy whose native little endian pixels are in the form of this transfer syntax."""
    copied = copy.deepcopy(data_set)
    syntax = TRANSFER_SYNTAXES[transfer_syntax_uid]
    if not syntax.encapsulated:
        return copied
    pixels = describe_pixels(data_set)
    length = len(data_set.PixelData) // pixels.frames
    frames = [
        transcode_frame(data_set.PixelData[at : at + length], pixels, EXPLICIT_VR_LITTLE_ENDIAN, transfer_syntax_uid)
        for at in range(0, length * pixels.frames, length)
    ]
    copied.add_new(0x7FE00010, "OB", encapsulate(frames))
    copied["PixelData"].is_undefined_length = True
    return copied


def a_file(data_set: Dataset, transfer_syntax_uid: str = EXPLICIT_VR_LITTLE_ENDIAN) -> bytes:
    """Encode a Part 10 file in any transfer syntax we write, from a data set with native pixels."""
    return part10_bytes(encoded_as(data_set, transfer_syntax_uid), transfer_syntax_uid)


def sample_files() -> list[Path]:
    """List the DICOM files that pydicom is installed with."""
    return sorted(path for path in (Path(pydicom.data.__file__).parent / "test_files").rglob("*") if path.is_file())
