"""What a modality says of a step: N-CREATE and N-SET data sets."""

from __future__ import annotations

from collections.abc import Sequence as Many

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from negatoscope.formats.dicom.uids import new_uid
from negatoscope.orders.model import Order

DX_FOR_PRESENTATION = "1.2.840.10008.5.1.4.1.1.1.1"


def an_opening(order: Order, *, step: int = 0) -> Dataset:
    """Return an N-CREATE for one step of an order, with the keys that the worklist gave."""
    procedure = order.procedures[0]
    scheduled = Dataset()
    scheduled.StudyInstanceUID = procedure.study_uid
    scheduled.ReferencedStudySequence = Sequence([])
    scheduled.AccessionNumber = procedure.accession_number
    scheduled.RequestedProcedureID = procedure.requested_procedure_id
    scheduled.RequestedProcedureDescription = procedure.description_fr
    scheduled.ScheduledProcedureStepID = procedure.steps[step].scheduled_step_id
    scheduled.ScheduledProcedureStepDescription = ""
    scheduled.ScheduledProtocolCodeSequence = Sequence([])
    opening = Dataset()
    opening.ScheduledStepAttributesSequence = Sequence([scheduled])
    opening.PatientName, opening.PatientID = "", ""
    opening.PatientBirthDate, opening.PatientSex = "", ""
    opening.ReferencedPatientSequence = Sequence([])
    opening.PerformedProcedureStepID = "PPS1"
    opening.PerformedStationAETitle = "DX1"
    opening.PerformedStationName, opening.PerformedLocation = "", ""
    opening.PerformedProcedureStepStartDate, opening.PerformedProcedureStepStartTime = "20260310", "093000"
    opening.PerformedProcedureStepEndDate, opening.PerformedProcedureStepEndTime = "", ""
    opening.PerformedProcedureStepStatus = "IN PROGRESS"
    opening.PerformedProcedureStepDescription, opening.PerformedProcedureTypeDescription = "", ""
    opening.ProcedureCodeSequence, opening.PerformedProtocolCodeSequence = Sequence([]), Sequence([])
    opening.Modality, opening.StudyID = "DX", ""
    opening.PerformedSeriesSequence = Sequence([])
    return opening


def a_completion(images: Many[str]) -> Dataset:
    """Return an N-SET that completes a step which made these images, one series."""
    series = Dataset()
    series.SeriesInstanceUID, series.ProtocolName = new_uid(), "Thorax"
    series.RetrieveAETitle, series.SeriesDescription = "", ""
    series.PerformingPhysicianName, series.OperatorsName = "", ""
    series.ReferencedImageSequence = Sequence([_reference(uid) for uid in images])
    series.ReferencedNonImageCompositeSOPInstanceSequence = Sequence([])
    completion = Dataset()
    completion.PerformedProcedureStepStatus = "COMPLETED"
    completion.PerformedProcedureStepEndDate, completion.PerformedProcedureStepEndTime = "20260310", "094000"
    completion.PerformedSeriesSequence = Sequence([series])
    return completion


def a_discontinuation(code: str, meaning: str) -> Dataset:
    """Return an N-SET that breaks a step off."""
    reason = Dataset()
    reason.CodeValue, reason.CodingSchemeDesignator, reason.CodeMeaning = code, "DCM", meaning
    discontinuation = Dataset()
    discontinuation.PerformedProcedureStepStatus = "DISCONTINUED"
    discontinuation.PerformedProcedureStepEndDate, discontinuation.PerformedProcedureStepEndTime = "20260310", "094000"
    discontinuation.PerformedProcedureStepDiscontinuationReasonCodeSequence = Sequence([reason])
    return discontinuation


def _reference(uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = DX_FOR_PRESENTATION, uid
    return item
