"""What N-CREATE and N-SET of a performed step may and must carry (PS3.4 Table F.7.2-1), read and checked. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time
from zoneinfo import ZoneInfo

from pydicom.dataset import Dataset

from negatoscope.formats.dicom.uids import SopInstanceUid, StudyUid, is_uid
from negatoscope.formats.dicom.values import parse_date, parse_time
from negatoscope.orders.model import PerformedStep
from negatoscope.orders.states import PerformedEvent, PerformedState
from negatoscope.platform.errors import InvalidInput

WRONG_WORKLIST_ENTRY = "110514"  # CID 9300: incorrect worklist entry selected

_REQUIRED = (
    "ScheduledStepAttributesSequence",
    "PerformedProcedureStepID",
    "PerformedStationAETitle",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
    "PerformedProcedureStepStatus",
    "Modality",
)
# Fixed at creation: whom and what the step is about, and when it began.
_FORBIDDEN_IN_SET = (
    "ScheduledStepAttributesSequence",
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "ReferencedPatientSequence",
    "PerformedProcedureStepID",
    "PerformedStationAETitle",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
    "Modality",
    "StudyID",
)
_EVENTS = {
    PerformedState.IN_PROGRESS: PerformedEvent.UPDATE,
    PerformedState.COMPLETED: PerformedEvent.COMPLETE,
    PerformedState.DISCONTINUED: PerformedEvent.DISCONTINUE,
}


@dataclass(frozen=True, slots=True)
class StepReference:
    """One item of the Scheduled Step Attributes Sequence."""

    study_uid: str
    accession_number: str
    requested_procedure_id: str
    scheduled_step_id: str


@dataclass(frozen=True, slots=True)
class Creation:
    """What an N-CREATE says; the UID and whether it is scheduled are filled in by who takes it."""

    step: PerformedStep
    references: tuple[StepReference, ...]
    patient_identifier: str


@dataclass(frozen=True, slots=True)
class Change:
    """What an N-SET does."""

    event: PerformedEvent
    discontinuation_code: str
    discontinuation_reason: str


def read_creation(attributes: Dataset, time_zone: str) -> Creation:
    """Check and read the attributes of an N-CREATE."""
    for keyword in _REQUIRED:
        require(attributes, keyword)
    if _text(attributes, "PerformedProcedureStepStatus") != PerformedState.IN_PROGRESS.value:
        raise invalid("A new performed step is in progress.", "PerformedProcedureStepStatus")
    references = tuple(_reference(item) for item in attributes.ScheduledStepAttributesSequence)
    started_at = _moment(attributes, "PerformedProcedureStepStartDate", "PerformedProcedureStepStartTime", time_zone)
    if started_at is None:
        raise invalid("The start of the step is malformed.", "PerformedProcedureStepStartDate")
    step = PerformedStep(
        sop_instance_uid=SopInstanceUid(""),
        state=PerformedState.IN_PROGRESS,
        station_ae_title=_text(attributes, "PerformedStationAETitle"),
        modality=_text(attributes, "Modality"),
        started_at=started_at,
        ended_at=None,
        is_unscheduled=True,
        study_uids=tuple(dict.fromkeys(StudyUid(reference.study_uid) for reference in references)),
        referenced_instances=tuple(_referenced_instances(attributes)),
        attributes=_to_json(attributes),
        version=1,
    )
    return Creation(step, references, _text(attributes, "PatientID"))


def read_change(attributes: Dataset) -> Change:
    """Check and read the attributes of an N-SET."""
    for keyword in _FORBIDDEN_IN_SET:
        if keyword in attributes:
            raise invalid("This attribute is fixed when the step is created.", keyword)
    status = _text(attributes, "PerformedProcedureStepStatus") or PerformedState.IN_PROGRESS.value
    known = {state.value: state for state in PerformedState}
    if status not in known:
        raise invalid("This is no status of a performed step.", "PerformedProcedureStepStatus")
    event = _EVENTS[known[status]]
    if event is not PerformedEvent.DISCONTINUE:
        return Change(event, "", "")
    codes = attributes.get("PerformedProcedureStepDiscontinuationReasonCodeSequence") or [Dataset()]
    code, meaning = _text(codes[0], "CodeValue"), _text(codes[0], "CodeMeaning")
    return Change(event, code, meaning or code or "Discontinued at the modality")


def merge_attributes(step: PerformedStep, attributes: Dataset, time_zone: str) -> PerformedStep:
    """Return the step with the attributes of an N-SET laid over those it had; a sequence replaces the sequence before."""
    merged = Dataset.from_json(step.attributes)
    merged.update(attributes)
    merged.PerformedProcedureStepStatus = step.state.value
    ended_at = _moment(merged, "PerformedProcedureStepEndDate", "PerformedProcedureStepEndTime", time_zone)
    return replace(
        step,
        ended_at=ended_at,
        referenced_instances=tuple(_referenced_instances(merged)),
        attributes=_to_json(merged),
    )


def check_end(step: PerformedStep) -> None:
    """Hold a completed step to the final state: when it ended, and at least one series."""
    attributes = Dataset.from_json(step.attributes)
    for keyword in ("PerformedProcedureStepEndDate", "PerformedProcedureStepEndTime", "PerformedSeriesSequence"):
        require(attributes, keyword)
    if step.ended_at is None:
        raise invalid("The end of the step is malformed.", "PerformedProcedureStepEndDate")


def require(attributes: Dataset, keyword: str) -> None:
    """Raise InvalidInput when an attribute of type 1 is absent or empty."""
    if keyword not in attributes:
        raise InvalidInput("A required attribute is missing.", reason="missing_attribute", field=keyword)
    if not attributes.get(keyword):
        raise InvalidInput("A required attribute has no value.", reason="missing_attribute_value", field=keyword)


def invalid(sentence: str, keyword: str) -> InvalidInput:
    """Return the error for a value that cannot be."""
    return InvalidInput(sentence, reason="invalid_attribute_value", field=keyword)


def _reference(item: Dataset) -> StepReference:
    require(item, "StudyInstanceUID")
    study_uid = _text(item, "StudyInstanceUID")
    if not is_uid(study_uid):
        raise invalid("A unique identifier does not follow the DICOM grammar.", "StudyInstanceUID")
    return StepReference(
        study_uid=study_uid,
        accession_number=_text(item, "AccessionNumber"),
        requested_procedure_id=_text(item, "RequestedProcedureID"),
        scheduled_step_id=_text(item, "ScheduledProcedureStepID"),
    )


def _referenced_instances(attributes: Dataset) -> Iterator[SopInstanceUid]:
    seen: set[str] = set()
    for series in attributes.get("PerformedSeriesSequence") or ():
        for keyword in ("ReferencedImageSequence", "ReferencedNonImageCompositeSOPInstanceSequence"):
            for item in series.get(keyword) or ():
                uid = _text(item, "ReferencedSOPInstanceUID")
                if uid and uid not in seen and is_uid(uid):
                    seen.add(uid)
                    yield SopInstanceUid(uid)


def _moment(attributes: Dataset, day: str, clock: str, time_zone: str) -> datetime | None:
    date, moment = parse_date(_text(attributes, day)), parse_time(_text(attributes, clock))
    return datetime.combine(date, moment or time(), ZoneInfo(time_zone)) if date else None


def _text(attributes: Dataset, keyword: str) -> str:
    value = attributes.get(keyword)
    return "" if value is None else str(value).strip(" \0")


def _to_json(attributes: Dataset) -> str:
    try:
        return attributes.to_json()
    except (ValueError, TypeError) as error:
        raise InvalidInput("An attribute of the step cannot be read.", reason="invalid_attribute_value") from error
