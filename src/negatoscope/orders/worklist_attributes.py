"""Worklist keys and answers as DICOM data sets: the mapping of PS3.4 Table K.6-1, ready for the C-FIND of a modality."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence

from negatoscope.formats.dicom.uids import is_uid
from negatoscope.formats.dicom.values import parse_date, parse_time
from negatoscope.orders.model import Order, RequestedProcedure, ScheduledStep
from negatoscope.orders.states import StepState
from negatoscope.orders.worklist import WorklistQuery
from negatoscope.patients.model import Patient, Sex
from negatoscope.platform.errors import InvalidInput

STEP_SEQUENCE = "ScheduledProcedureStepSequence"
LONGEST_LO = 64
_TEXT_KEYS = {
    "AccessionNumber": "accession_number",
    "RequestedProcedureID": "requested_procedure_id",
    "RequestingPhysician": "requesting_physician",
    "AdmissionID": "visit_number",
    "PatientName": "patient_name",
    "PatientID": "patient_identifier",
    "IssuerOfPatientID": "patient_issuer",
    "PatientSex": "patient_sex",
}
_STEP_TEXT_KEYS = {
    "ScheduledStationAETitle": "station_ae_title",
    "ScheduledStationName": "station_name",
    "Modality": "modality",
    "ScheduledPerformingPhysicianName": "performing_physician",
    "ScheduledProcedureStepDescription": "step_description",
    "ScheduledProcedureStepID": "scheduled_step_id",
}


def read_query(identifier: Dataset, *, at: datetime, time_zone: str) -> WorklistQuery:
    """Return the query that a C-FIND identifier asks; raise InvalidInput naming a key that cannot be understood."""
    items = identifier.get(STEP_SEQUENCE) or []
    step = items[0] if items else Dataset()
    texts = {field: _text(identifier, keyword) for keyword, field in _TEXT_KEYS.items()}
    step_texts = {field: _text(step, keyword) for keyword, field in _STEP_TEXT_KEYS.items()}
    start, until, time_of_day = _read_moment(step, ZoneInfo(time_zone))
    study_uids = _text(identifier, "StudyInstanceUID").replace(",", "\\").split("\\")
    query = WorklistQuery(
        at=at,
        time_zone=time_zone,
        starts_from=start,
        starts_until=until,
        time_of_day=time_of_day,
        study_uids=tuple(uid for uid in study_uids if uid.strip("*")),
        patient_birth_date=_one_date(identifier, "PatientBirthDate"),
        states=_read_states(step),
    )
    return replace(query, **(texts | step_texts))  # type: ignore[arg-type]  # the text fields, named by the two tables above


def has_unsupported_keys(identifier: Dataset) -> bool:
    """Say whether a key with a value does not narrow the search: the answers then carry status FF01."""
    known = {*_TEXT_KEYS, "StudyInstanceUID", "PatientBirthDate", "SpecificCharacterSet", STEP_SEQUENCE}
    known_step = {
        *_STEP_TEXT_KEYS,
        "ScheduledProcedureStepStartDate",
        "ScheduledProcedureStepStartTime",
        "ScheduledProcedureStepStatus",
    }
    items = identifier.get(STEP_SEQUENCE) or []
    return any(_carries_value(element.keyword, identifier, known) for element in identifier) or any(
        _carries_value(element.keyword, items[0], known_step) for element in (items[0] if items else ())
    )


def worklist_dataset(step: ScheduledStep, identifier: Dataset, *, time_zone: str, calling_ae_title: str) -> Dataset:
    """Return the answer for one step: the keys of the identifier, each with its value, empty where we hold none."""
    full = _whole_answer(step, ZoneInfo(time_zone), calling_ae_title)
    answer = _only_asked(full, identifier)
    answer.SpecificCharacterSet = _character_set(answer, identifier)
    return answer


def _whole_answer(step: ScheduledStep, zone: ZoneInfo, calling_ae_title: str) -> Dataset:
    if step.procedure is None or step.order is None or step.patient is None:
        raise ValueError("the step comes without its procedure, order and patient")
    answer = Dataset()
    _put_patient(answer, step.patient)
    _put_visit(answer, step.order)
    _put_procedure(answer, step.procedure, step.order)
    answer.ScheduledProcedureStepSequence = Sequence([_step_item(step, zone, calling_ae_title)])
    return answer


def _put_patient(answer: Dataset, patient: Patient) -> None:
    local, demographics = patient.local_identifier, patient.demographics
    answer.PatientName = demographics.person_name or "INCONNU"
    answer.PatientID = local.value
    answer.IssuerOfPatientID = local.issuer
    if local.issuer_oid:
        answer.IssuerOfPatientIDQualifiersSequence = Sequence([_oid_item(local.issuer_oid)])
    answer.PatientBirthDate = f"{demographics.birth_date:%Y%m%d}" if demographics.birth_date else ""
    answer.PatientSex = "" if demographics.sex is Sex.UNKNOWN else demographics.sex.value
    birth_name = f"{demographics.birth_family_name}^{demographics.birth_first_name}".rstrip("^")
    answer.PatientBirthName = birth_name if demographics.birth_family_name else ""
    national = patient.national_identifier
    if national is not None:
        other = Dataset()
        other.PatientID = national.value
        other.IssuerOfPatientID = national.issuer
        other.TypeOfPatientID = "TEXT"
        if national.issuer_oid:
            other.IssuerOfPatientIDQualifiersSequence = Sequence([_oid_item(national.issuer_oid)])
        answer.OtherPatientIDsSequence = Sequence([other])


def _put_visit(answer: Dataset, order: Order) -> None:
    answer.AdmissionID = order.visit_number[:LONGEST_LO]
    answer.CurrentPatientLocation = order.patient_location[:LONGEST_LO]
    answer.PatientTransportArrangements = order.patient_transport[:LONGEST_LO]
    answer.PregnancyStatus = order.pregnancy.dicom_value
    answer.PatientWeight = f"{order.patient_weight_kg:.5g}" if order.patient_weight_kg is not None else None
    for keyword in (
        "PatientState",
        "MedicalAlerts",
        "Allergies",
        "SpecialNeeds",
        "ConfidentialityConstraintOnPatientDataDescription",
    ):
        setattr(answer, keyword, "")
    answer.ReferencedPatientSequence = Sequence([])


def _put_procedure(answer: Dataset, procedure: RequestedProcedure, order: Order) -> None:
    physician = order.requesting_physician.person_name if order.requesting_physician else ""
    answer.AccessionNumber = procedure.accession_number
    answer.IssuerOfAccessionNumberSequence = Sequence([_issuer_item(procedure.accession_issuer)])
    answer.RequestedProcedureID = procedure.requested_procedure_id
    answer.RequestedProcedureDescription = procedure.description_fr[:LONGEST_LO]
    answer.RequestedProcedureCodeSequence = _codes(procedure.code, procedure.code_scheme, procedure.description_fr)
    answer.StudyInstanceUID = procedure.study_uid
    answer.ReferencedStudySequence = Sequence([])
    answer.RequestedProcedurePriority = order.priority.requested_procedure_priority
    answer.RequestingPhysician = physician
    answer.ReferringPhysicianName = physician
    answer.ReasonForTheRequestedProcedure = order.clinical_question[:LONGEST_LO]
    answer.RequestedProcedureComments = order.comments
    answer.PlacerOrderNumberImagingServiceRequest = order.placer_order_number[:LONGEST_LO]
    answer.FillerOrderNumberImagingServiceRequest = order.filler_order_number
    answer.Laterality = procedure.laterality.value if procedure.laterality else ""


def _step_item(step: ScheduledStep, zone: ZoneInfo, calling_ae_title: str) -> Dataset:
    local = step.starts_at.astimezone(zone)
    item = Dataset()
    item.ScheduledStationAETitle = step.station_ae_title or calling_ae_title
    item.ScheduledProcedureStepStartDate = f"{local:%Y%m%d}"
    item.ScheduledProcedureStepStartTime = f"{local:%H%M%S}"
    item.Modality = step.modality
    item.ScheduledPerformingPhysicianName = step.performing_physician
    item.ScheduledProcedureStepDescription = step.protocol_meaning[:LONGEST_LO]
    item.ScheduledProtocolCodeSequence = _codes(step.protocol_code, step.protocol_scheme, step.protocol_meaning)
    item.ScheduledProcedureStepID = step.scheduled_step_id
    item.ScheduledStationName = step.station_name[:16]
    item.ScheduledProcedureStepLocation = step.location[:16]
    item.PreMedication = ""
    item.ScheduledProcedureStepStatus = step.state.value
    return item


def _codes(code: str, scheme: str, meaning: str) -> Sequence:
    if not code:
        return Sequence([])
    item = Dataset()
    item.CodeValue = code[:16]
    item.CodingSchemeDesignator = scheme[:16] or "L"
    item.CodeMeaning = meaning[:LONGEST_LO] or code
    return Sequence([item] if len(code) <= 16 else [])


def _issuer_item(issuer: str) -> Dataset:
    if is_uid(issuer):
        return _oid_item(issuer)
    item = Dataset()
    item.LocalNamespaceEntityID = issuer
    return item


def _oid_item(oid: str) -> Dataset:
    item = Dataset()
    item.UniversalEntityID = oid
    item.UniversalEntityIDType = "ISO"
    return item


def _only_asked(full: Dataset, identifier: Dataset) -> Dataset:
    """Keep the keys that were asked for; a sequence asked for without item keys comes whole."""
    answer = Dataset()
    for asked in identifier:
        if asked.keyword in ("", "SpecificCharacterSet"):
            continue
        if asked.tag not in full:
            answer.add_new(asked.tag, asked.VR, Sequence([]) if asked.VR == "SQ" else None)
            continue
        found = full[asked.tag]
        inner = asked.value[0] if asked.VR == "SQ" and asked.value else None
        if found.VR == "SQ" and inner is not None and len(inner):
            answer.add_new(asked.tag, "SQ", Sequence([_only_asked(item, inner) for item in found.value]))
        else:
            answer.add(found)
    return answer


def _character_set(answer: Dataset, identifier: Dataset) -> str:
    """Answer in Latin-1 where the modality asked in it and every value fits; else in UTF-8."""
    if _text(identifier, "SpecificCharacterSet") != "ISO_IR 100":
        return "ISO_IR 192"
    try:
        for text in _texts(answer):
            text.encode("iso8859-1")
    except UnicodeEncodeError:
        return "ISO_IR 192"
    return "ISO_IR 100"


def _texts(dataset: Dataset) -> Iterator[str]:
    for element in dataset:
        if element.VR == "SQ":
            for item in element.value:
                yield from _texts(item)
        elif element.value is not None:
            yield str(element.value)


def _text(dataset: Dataset, keyword: str) -> str:
    """Return the value as one text; several values are parted by a backslash, as on the wire."""
    value = dataset.get(keyword)
    if value is None:
        return ""
    values = value if isinstance(value, MultiValue) else [value]
    return "\\".join(str(part).strip(" \0") for part in values)


def _carries_value(keyword: str, dataset: Dataset, known: set[str]) -> bool:
    return keyword not in known and bool(dataset.get(keyword))


def _read_states(step: Dataset) -> frozenset[StepState]:
    asked = [text.strip() for text in _text(step, "ScheduledProcedureStepStatus").split("\\")]
    return frozenset(state for state in StepState if state.value in asked)


def _one_date(dataset: Dataset, keyword: str) -> date | None:
    text = _text(dataset, keyword)
    if not text:
        return None
    found = parse_date(text)
    if found is None:
        raise InvalidInput("A date is malformed.", reason="bad_range", field=keyword)
    return found


def _read_moment(step: Dataset, zone: ZoneInfo) -> tuple[datetime | None, datetime | None, tuple[time, time] | None]:
    """Combine date and time keys into one range of moments, as the remark of Table K.6-1 wants it."""
    days = _bounds(_text(step, "ScheduledProcedureStepStartDate"))
    times = _bounds(_text(step, "ScheduledProcedureStepStartTime"))
    first_time = _parse_time(times[0], last=False) if times and times[0] else time.min
    last_time = _parse_time(times[1], last=True) if times and times[1] else time.max
    if days is None:
        return None, None, (first_time, last_time) if times is not None else None
    first_day = _parse_day(days[0]) if days[0] else None
    last_day = _parse_day(days[1]) if days[1] else None
    start = datetime.combine(first_day, first_time, zone) if first_day else None
    until = datetime.combine(last_day, last_time, zone) + timedelta(microseconds=1) if last_day else None
    if start is None and until is None:
        return None, None, None
    far_past, far_future = datetime(1900, 1, 1, tzinfo=zone), datetime(2999, 1, 1, tzinfo=zone)
    return start or far_past, until or far_future, None


def _bounds(text: str) -> tuple[str, str] | None:
    if not text.strip("*-"):
        return None
    first, separator, last = (part.strip() for part in text.partition("-"))
    return (first, last) if separator else (first, first)


def _parse_day(text: str) -> date:
    found = parse_date(text)
    if found is None:
        raise InvalidInput("A date is malformed.", reason="bad_range", field="ScheduledProcedureStepStartDate")
    return found


def _parse_time(text: str, *, last: bool) -> time:
    """Read a TM; as the last moment of a range it stands for its whole minute, second or hour."""
    found = parse_time(text)
    if found is None:
        raise InvalidInput("A time is malformed.", reason="bad_range", field="ScheduledProcedureStepStartTime")
    digits = len(text.partition(".")[0].replace(":", ""))
    if not last or "." in text:
        return found
    return found.replace(
        minute=found.minute if digits >= 4 else 59, second=found.second if digits >= 6 else 59, microsecond=999_999
    )
