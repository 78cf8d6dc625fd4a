"""Workitems as a scheduler sends them, and what a performer says of one."""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from negatoscope.formats.dicom.json_model import data_set_to_json
from negatoscope.formats.dicom.json_values import JsonDataSet
from negatoscope.formats.dicom.uids import new_uid

_EMPTY_TEXTS = (
    "TransactionUID", "CommentsOnTheScheduledProcedureStep", "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate",
    "PatientSex", "AdmissionID", "AdmittingDiagnosesDescription",
)  # fmt: skip
_EMPTY_SEQUENCES = (
    "ScheduledProcessingParametersSequence", "ScheduledStationNameCodeSequence", "ScheduledStationClassCodeSequence",
    "ScheduledStationGeographicLocationCodeSequence", "ScheduledWorkitemCodeSequence", "InputInformationSequence",
    "IssuerOfPatientIDQualifiersSequence", "OtherPatientIDsSequence", "IssuerOfAdmissionIDSequence",
    "AdmittingDiagnosesCodeSequence", "ReferencedRequestSequence", "ProcedureStepProgressInformationSequence",
    "UnifiedProcedureStepPerformedProcedureSequence",
)  # fmt: skip


def a_workitem(**changes: Any) -> Dataset:
    """Return the data set of an N-CREATE; None takes an attribute out."""
    workitem = Dataset()
    for keyword in _EMPTY_TEXTS:
        setattr(workitem, keyword, "")
    for keyword in _EMPTY_SEQUENCES:
        setattr(workitem, keyword, Sequence([]))
    workitem.ScheduledProcedureStepPriority = "MEDIUM"
    workitem.ProcedureStepLabel = "Read by machine"
    workitem.WorklistLabel = "AI"
    workitem.ScheduledProcedureStepStartDateTime = "20260310093000"
    workitem.InputReadinessState = "READY"
    workitem.ProcedureStepState = "SCHEDULED"
    for keyword, value in changes.items():
        if value is None:
            delattr(workitem, keyword)
        else:
            setattr(workitem, keyword, value)
    return workitem


def a_code(value: str = "110005", scheme: str = "DCM", meaning: str = "Interpretation") -> Dataset:
    """Return one item of a code sequence."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def a_performance() -> Dataset:
    """Return what the final state COMPLETED requires, as an N-SET without its Transaction UID."""
    performed = Dataset()
    performed.PerformedStationNameCodeSequence = Sequence([a_code("AI1", "L", "Reader one")])
    performed.PerformedProcedureStepStartDateTime = "20260310093100"
    performed.PerformedProcedureStepEndDateTime = "20260310093200"
    performed.PerformedWorkitemCodeSequence = Sequence([a_code()])
    performed.OutputInformationSequence = Sequence([])
    changes = Dataset()
    changes.UnifiedProcedureStepPerformedProcedureSequence = Sequence([performed])
    return changes


def a_progress(percent: str = "50") -> Dataset:
    """Return an N-SET that tells the progress."""
    progress = Dataset()
    progress.ProcedureStepProgress = percent
    changes = Dataset()
    changes.ProcedureStepProgressInformationSequence = Sequence([progress])
    return changes


def a_request_reference(accession_number: str) -> Dataset:
    """Return one item of the Referenced Request Sequence."""
    item = Dataset()
    item.StudyInstanceUID = new_uid()
    item.AccessionNumber = accession_number
    item.RequestedProcedureID, item.RequestedProcedureDescription = "RP1", "Thorax"
    for keyword in ("IssuerOfAccessionNumberSequence", "OrderPlacerIdentifierSequence", "OrderFillerIdentifierSequence"):
        setattr(item, keyword, Sequence([]))
    item.RequestedProcedureCodeSequence = Sequence([])
    return item


def as_attributes(data_set: Dataset) -> JsonDataSet:
    """Return a data set as the services take it."""
    return data_set_to_json(data_set)
