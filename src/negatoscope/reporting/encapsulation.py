"""A PDF as a DICOM object of its study: Encapsulated PDF Storage (PS3.3 A.45.1). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

from negatoscope import __version__
from negatoscope.platform.errors import CorruptObject

ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"
SERIES_NUMBER = 9000

# The identity as the objects of the study are given out when it is signed; the archive lays a later one over it.
_COPIED = (
    "SpecificCharacterSet", "PatientName", "PatientID", "IssuerOfPatientID", "IssuerOfPatientIDQualifiersSequence",
    "PatientBirthDate", "PatientSex", "OtherPatientIDsSequence", "StudyInstanceUID", "StudyDate", "StudyTime", "StudyID",
    "StudyDescription", "AccessionNumber", "IssuerOfAccessionNumberSequence", "ReferringPhysicianName",
    "TimezoneOffsetFromUTC",
)  # fmt: skip
_TYPE_2 = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID", "AccessionNumber",
    "ReferringPhysicianName",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFacts:
    """What the object says of itself. `signed_at` is in the zone of the house."""

    series_uid: str
    sop_instance_uid: str
    number: int
    title: str
    language: str
    institution: str
    signed_at: datetime
    is_final: bool


def encapsulate(pdf: bytes, source: Dataset, facts: DocumentFacts) -> bytes:
    """Return the Part 10 file that holds the PDF, for the study one of whose objects is given out with these attributes."""
    document = Dataset()
    for keyword in _COPIED:
        if keyword in source:
            document[keyword] = source[keyword]
    for keyword in _TYPE_2:
        if keyword not in document:
            setattr(document, keyword, None)
    # Our own texts are in UTF-8, whatever the modality used; pydicom has decoded the copied ones already.
    document.decode()
    document.SpecificCharacterSet = "ISO_IR 192"
    _describe(document, facts)
    document.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    document.EncapsulatedDocumentLength = len(pdf)
    return _file(document, facts.sop_instance_uid)


def extract_pdf(content: bytes) -> bytes:
    """Return the PDF that the object holds, exactly as it was put in."""
    try:
        document = pydicom.dcmread(BytesIO(content))
        padded, length = bytes(document.EncapsulatedDocument), int(document.EncapsulatedDocumentLength)
    except (pydicom.errors.InvalidDicomError, AttributeError, TypeError, ValueError, EOFError) as error:
        raise CorruptObject("The stored report is not an encapsulated PDF.", reason="not_a_pdf") from error
    return padded[:length]


def _describe(document: Dataset, facts: DocumentFacts) -> None:
    document.SOPClassUID = ENCAPSULATED_PDF
    document.SOPInstanceUID = facts.sop_instance_uid
    document.SeriesInstanceUID = facts.series_uid
    document.SeriesNumber = SERIES_NUMBER
    document.SeriesDescription = facts.title[:64]
    document.Modality = "DOC"
    document.InstanceNumber = facts.number
    document.InstitutionName = facts.institution[:64]
    document.Manufacturer = "Negatoscope"
    document.ManufacturerModelName = "Negatoscope"
    document.SoftwareVersions = __version__
    document.ConversionType = "WSD"
    document.InstanceCreationDate = document.ContentDate = document.SeriesDate = facts.signed_at.strftime("%Y%m%d")
    document.InstanceCreationTime = document.ContentTime = document.SeriesTime = facts.signed_at.strftime("%H%M%S")
    document.TimezoneOffsetFromUTC = facts.signed_at.strftime("%z")
    document.AcquisitionDateTime = facts.signed_at.strftime("%Y%m%d%H%M%S%z")
    document.BurnedInAnnotation = "YES"
    document.DocumentTitle = facts.title[:1024]
    document.MIMETypeOfEncapsulatedDocument = "application/pdf"
    document.VerificationFlag = "VERIFIED" if facts.is_final else "UNVERIFIED"
    concept = Dataset()
    concept.CodeValue, concept.CodingSchemeDesignator = "18748-4", "LN"
    concept.CodeMeaning = "Diagnostic imaging report"
    document.ConceptNameCodeSequence = Sequence([concept])


def _file(document: Dataset, sop_instance_uid: str) -> bytes:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = pydicom.uid.UID(ENCAPSULATED_PDF)
    meta.MediaStorageSOPInstanceUID = pydicom.uid.UID(sop_instance_uid)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    document.file_meta = meta
    buffer = BytesIO()
    document.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
