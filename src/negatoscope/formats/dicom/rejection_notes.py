"""Rejection notes: Key Object Selection documents that say which objects are not to be used, and why (IHE IOCM).

Titles are those of context group 7010 (PS3.16). Every object is named in the Current Requested Procedure Evidence Sequence
(0040,A375) and, as a key object of the content (TID 2010), once more in the content tree.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from negatoscope.formats.dicom.files import PYDICOM_FAULTS
from negatoscope.platform.errors import CorruptObject

KEY_OBJECT_SELECTION: Final = "1.2.840.10008.5.1.4.1.1.88.59"
_IMAGE: Final = "IMAGE"
_COMPOSITE: Final = "COMPOSITE"
_DESCRIPTION: Final = ("113012", "DCM", "Key Object Description")
_PATIENT_KEYWORDS: Final = ("PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex")
_STUDY_KEYWORDS: Final = ("StudyInstanceUID", "StudyDate", "StudyTime", "StudyID", "AccessionNumber", "ReferringPhysicianName")


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedObject:
    """One object that a note names."""

    study_uid: str
    series_uid: str
    sop_class_uid: str
    sop_instance_uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteHead:
    """What a note says of itself: its own identifiers, when and where it was made, and the words of whoever made it."""

    sop_instance_uid: str
    series_uid: str
    title: tuple[str, str, str]
    explanation: str
    at: datetime
    manufacturer: str


def read_named_objects(note: Dataset) -> tuple[NamedObject, ...]:
    """Return the objects that the evidence of a note names, each once. CorruptObject when it cannot be read."""
    found: dict[str, NamedObject] = {}
    try:
        for study in note.get("CurrentRequestedProcedureEvidenceSequence") or ():
            for series in study.get("ReferencedSeriesSequence") or ():
                for named in series.get("ReferencedSOPSequence") or ():
                    one = NamedObject(
                        study_uid=str(study.StudyInstanceUID),
                        series_uid=str(series.SeriesInstanceUID),
                        sop_class_uid=str(named.ReferencedSOPClassUID),
                        sop_instance_uid=str(named.ReferencedSOPInstanceUID),
                    )
                    found.setdefault(one.sop_instance_uid, one)
    except PYDICOM_FAULTS as error:
        raise CorruptObject("A rejection note names objects that cannot be read.", reason="note_unreadable") from error
    return tuple(found.values())


def read_explanation(note: Dataset) -> str:
    """Return the description that a note carries (113012, DCM), empty without one."""
    try:
        for item in note.get("ContentSequence") or ():
            names = item.get("ConceptNameCodeSequence") or ()
            if names and str(names[0].get("CodeValue", "")) == _DESCRIPTION[0]:
                return str(item.get("TextValue", ""))
    except PYDICOM_FAULTS:
        return ""
    return ""


def build_note(head: NoteHead, objects: Sequence[NamedObject], of: Dataset) -> Dataset:
    """Make a note on these objects of one study; `of` is one of its objects, from which patient and study are taken."""
    note = Dataset()
    note.SpecificCharacterSet = "ISO_IR 192"
    note.SOPClassUID, note.SOPInstanceUID = KEY_OBJECT_SELECTION, head.sop_instance_uid
    for keyword in (*_PATIENT_KEYWORDS, *_STUDY_KEYWORDS):
        setattr(note, keyword, of.get(keyword))
    if of.get("IssuerOfPatientID") is None:
        del note.IssuerOfPatientID
    note.Modality, note.SeriesInstanceUID, note.SeriesNumber, note.InstanceNumber = "KO", head.series_uid, 9000, 1
    note.ReferencedPerformedProcedureStepSequence = Items()
    note.Manufacturer = head.manufacturer
    note.ContentDate, note.ContentTime = head.at.strftime("%Y%m%d"), head.at.strftime("%H%M%S")
    note.TimezoneOffsetFromUTC = head.at.strftime("%z")[:5]
    note.ValueType, note.ContinuityOfContent = "CONTAINER", "SEPARATE"
    note.ConceptNameCodeSequence = Items([_code(*head.title)])
    template = Dataset()
    template.MappingResource, template.TemplateIdentifier = "DCMR", "2010"
    note.ContentTemplateSequence = Items([template])
    note.CurrentRequestedProcedureEvidenceSequence = Items(_evidence(objects))
    note.ContentSequence = Items([*_description(head.explanation), *(_key_object(one, of) for one in objects)])
    return note


def _evidence(objects: Iterable[NamedObject]) -> list[Dataset]:
    studies: dict[str, dict[str, list[NamedObject]]] = {}
    for one in objects:
        studies.setdefault(one.study_uid, {}).setdefault(one.series_uid, []).append(one)
    items = []
    for study_uid, by_series in studies.items():
        study = Dataset()
        study.StudyInstanceUID, study.ReferencedSeriesSequence = study_uid, Items()
        for series_uid, named in by_series.items():
            series = Dataset()
            series.SeriesInstanceUID = series_uid
            series.ReferencedSOPSequence = Items([_reference(one) for one in named])
            study.ReferencedSeriesSequence.append(series)
        items.append(study)
    return items


def _reference(one: NamedObject) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = one.sop_class_uid, one.sop_instance_uid
    return item


def _key_object(one: NamedObject, of: Dataset) -> Dataset:
    item = Dataset()
    item.RelationshipType = "CONTAINS"
    item.ValueType = _IMAGE if one.sop_class_uid == str(of.get("SOPClassUID")) and "Rows" in of else _COMPOSITE
    item.ReferencedSOPSequence = Items([_reference(one)])
    return item


def _description(explanation: str) -> list[Dataset]:
    if not explanation:
        return []
    item = Dataset()
    item.RelationshipType, item.ValueType = "CONTAINS", "TEXT"
    item.ConceptNameCodeSequence = Items([_code(*_DESCRIPTION)])
    item.TextValue = explanation
    return [item]


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item
