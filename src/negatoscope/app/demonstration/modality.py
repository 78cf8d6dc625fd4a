"""A modality of the demonstration: it opens the performed step, stores the images, closes the step, as a real one does."""

from __future__ import annotations

import io
from datetime import datetime
from zoneinfo import ZoneInfo

import pydicom
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from negatoscope.access.model import Subject
from negatoscope.app.phantoms.objects import Examination
from negatoscope.archive.model import Source, SourceKind, StoredInstance
from negatoscope.archive.receive import begin_instance
from negatoscope.formats.dicom.uids import new_uid
from negatoscope.orders import performed_steps
from negatoscope.orders.model import RequestedProcedure, ScheduledStep
from negatoscope.platform.errors import Refused
from negatoscope.platform.runtime import Platform

CHUNK = 1 << 20


def store(platform: Platform, device: Subject, content: bytes, *, source: Source) -> StoredInstance:
    """Store one Part 10 file through the archive's one way in; Refused when the gate holds it back."""
    incoming = begin_instance(platform, device, source=source)
    try:
        for start in range(0, len(content), CHUNK):
            incoming.write(content[start : start + CHUNK])
        stored = incoming.commit()
    except BaseException:
        incoming.discard()
        raise
    if stored.refusal is not None:
        raise Refused(f"An image of the demonstration was held back: {stored.refusal}.", reason="demonstration_image")
    return stored


def acquire(
    platform: Platform, device: Subject, procedure: RequestedProcedure, examination: Examination, *contents: bytes
) -> None:
    """Carry out the step of an examination: begin it, store its images `contents`, complete it."""
    performed_uid = new_uid()
    performed_steps.create(platform, device, performed_uid, _begin(procedure, procedure.steps[0], examination))
    source = Source(kind=SourceKind.DIMSE, name=device.ae_title or device.display_name, address=device.address)
    made = []
    for content in contents:
        store(platform, device, content, source=source)
        made.append(_performed_series(content))
    performed_steps.update(platform, device, performed_uid, _end(made, examination.performed_at))


def local_time(platform: Platform, at: datetime) -> datetime:
    """Return a moment as the clock on the wall of the department shows it."""
    return at.astimezone(ZoneInfo(platform.settings.time_zone))


def _begin(procedure: RequestedProcedure, step: ScheduledStep, examination: Examination) -> Dataset:
    reference = Dataset()
    reference.StudyInstanceUID = procedure.study_uid
    reference.AccessionNumber = procedure.accession_number
    reference.RequestedProcedureID = procedure.requested_procedure_id
    reference.ScheduledProcedureStepID = step.scheduled_step_id
    attributes = Dataset()
    attributes.ScheduledStepAttributesSequence = Sequence([reference])
    attributes.PatientName, attributes.PatientID = examination.patient_name, examination.patient_id
    attributes.IssuerOfPatientID = examination.issuer
    attributes.PatientBirthDate, attributes.PatientSex = examination.birth_date, examination.sex
    attributes.PerformedProcedureStepID = step.scheduled_step_id
    attributes.PerformedStationAETitle = step.station_ae_title
    attributes.PerformedProcedureStepStartDate = examination.performed_at.strftime("%Y%m%d")
    attributes.PerformedProcedureStepStartTime = examination.performed_at.strftime("%H%M%S")
    attributes.PerformedProcedureStepStatus = "IN PROGRESS"
    attributes.Modality = procedure.modality
    attributes.PerformedSeriesSequence = Sequence([])
    return attributes


def _performed_series(content: bytes) -> Dataset:
    stored = pydicom.dcmread(io.BytesIO(content), stop_before_pixels=True)
    image = Dataset()
    image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID = stored.SOPClassUID, stored.SOPInstanceUID
    series = Dataset()
    series.SeriesInstanceUID = stored.SeriesInstanceUID
    series.ProtocolName = stored.get("SeriesDescription", "")
    series.ReferencedImageSequence = Sequence([image])
    return series


def _end(made: list[Dataset], performed_at: datetime) -> Dataset:
    attributes = Dataset()
    attributes.PerformedProcedureStepStatus = "COMPLETED"
    attributes.PerformedProcedureStepEndDate = performed_at.strftime("%Y%m%d")
    attributes.PerformedProcedureStepEndTime = performed_at.strftime("%H%M%S")
    attributes.PerformedSeriesSequence = Sequence(made)
    return attributes
