"""Rejection notes as other systems send them, made without the product's own writer."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes

from negatoscope.formats.dicom.uids import new_uid

KEY_OBJECT_SELECTION = "1.2.840.10008.5.1.4.1.1.88.59"
TITLES = {
    str(code.value): code
    for code in (
        codes.DCM.RejectedForQualityReasons,
        codes.DCM.RejectedForPatientSafetyReasons,
        codes.DCM.IncorrectModalityWorklistEntry,
        codes.DCM.DataRetentionPolicyExpired,
        codes.DCM.ForTeaching,
    )
}


def a_rejection_note(title: str, *images: Dataset, **attributes: object) -> Dataset:
    """Build a note with this title on these images, in the study of the first."""
    note = Dataset()
    note.SpecificCharacterSet = "ISO_IR 192"
    note.SOPClassUID, note.SOPInstanceUID = KEY_OBJECT_SELECTION, new_uid()
    for keyword in ("StudyInstanceUID", "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex"):
        setattr(note, keyword, images[0].get(keyword))
    note.StudyDate, note.StudyTime, note.AccessionNumber, note.StudyID = "20260102", "101112", "ACC0001", "S1"
    note.SeriesInstanceUID, note.Modality, note.SeriesNumber, note.InstanceNumber = new_uid(), "KO", 99, 1
    note.ConceptNameCodeSequence = Sequence([_code(TITLES[title])])
    note.ValueType, note.ContinuityOfContent = "CONTAINER", "SEPARATE"
    study = Dataset()
    study.StudyInstanceUID = images[0].StudyInstanceUID
    study.ReferencedSeriesSequence = Sequence([_series(image) for image in images])
    note.CurrentRequestedProcedureEvidenceSequence = Sequence([study])
    for keyword, value in attributes.items():
        setattr(note, keyword, value)
    return note


def _series(image: Dataset) -> Dataset:
    series = Dataset()
    series.SeriesInstanceUID = image.SeriesInstanceUID
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
    series.ReferencedSOPSequence = Sequence([reference])
    return series


def _code(code: object) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = str(code.value), str(code.scheme_designator)  # type: ignore[attr-defined]  # codes are made at run time
    item.CodeMeaning = str(code.meaning)  # type: ignore[attr-defined]  # codes are made at run time
    return item
