"""What is asked for and planned: orders, requested procedures, scheduled and performed steps. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType
from uuid import UUID

from negatoscope.formats.dicom.uids import SopInstanceUid, StudyUid
from negatoscope.orders.states import OrderState, PerformedState, StepState
from negatoscope.patients.model import (
    Demographics,
    IdentityStatus,
    Patient,
    PatientId,
    PatientIdentifier,
    clean_text,
)
from negatoscope.platform.errors import InvalidInput

OrderId = NewType("OrderId", UUID)
StepKey = NewType("StepKey", UUID)

LONGEST_SHORT_STRING = 16  # DICOM SH: accession number, procedure and step identifiers; refused beyond, never cut


class Priority(StrEnum):
    """How soon the examination is wanted."""

    STAT = "STAT"
    URGENT = "urgent"
    ROUTINE = "routine"

    @property
    def requested_procedure_priority(self) -> str:
        """Return the term of (0040,1003)."""
        return {"STAT": "STAT", "urgent": "HIGH", "routine": "ROUTINE"}[self.value]


class Origin(StrEnum):
    """Where the patient comes from."""

    EMERGENCY = "ED"
    INTENSIVE_CARE = "ICU"
    INPATIENT = "IP"
    OUTPATIENT = "OP"


class Laterality(StrEnum):
    """Side of a paired structure, the terms of (0020,0060) and B for both."""

    RIGHT = "R"
    LEFT = "L"
    BOTH = "B"


class Pregnancy(StrEnum):
    """What was answered to the question, DICOM (0010,21C0) by meaning."""

    NOT_PREGNANT = "not_pregnant"
    POSSIBLE = "possible"
    PREGNANT = "pregnant"
    UNKNOWN = "unknown"

    @property
    def dicom_value(self) -> int:
        """Return the enumerated value of (0010,21C0)."""
        return {"not_pregnant": 1, "possible": 2, "pregnant": 3, "unknown": 4}[self.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Physician:
    """A professional as an order names him; `identifier` is the national one (idNat_PS or RPPS) where it is known."""

    family_name: str
    given_names: str = ""
    identifier: str = ""
    issuer: str = ""

    @property
    def person_name(self) -> str:
        """Return the name as DICOM PN."""
        return f"{self.family_name}^{self.given_names}".rstrip("^")

    @property
    def display_name(self) -> str:
        """Return the name as people read it."""
        return f"{self.given_names} {self.family_name}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRequest:
    """One scheduled step that is asked for; what is empty is decided here."""

    scheduled_step_id: str = ""
    station_ae_title: str = ""
    station_name: str = ""
    location: str = ""
    starts_at: datetime | None = None
    modality: str = ""
    protocol_code: str = ""
    protocol_scheme: str = ""
    protocol_meaning: str = ""
    performing_physician: str = ""

    def __post_init__(self) -> None:
        check_short_string(self.scheduled_step_id, "scheduled_step_id")
        check_short_string(self.station_ae_title, "station_ae_title")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """An order as it is placed, by a message or at the desk. Either `patient_id` or identifiers and traits say for whom.

    `silent_on` names the fields that have no empty value and of which a message says nothing: a change leaves them.
    """

    source: str
    procedure_code: str
    procedure_scheme: str = ""
    procedure_meaning: str = ""
    patient_id: UUID | None = None
    identifiers: tuple[PatientIdentifier, ...] = ()
    demographics: Demographics | None = None
    identity_status: IdentityStatus = IdentityStatus.PROVISIONAL
    identity_flags: frozenset[str] = frozenset()
    placer_order_number: str = ""
    placer_issuer: str = ""
    laterality: Laterality | None = None
    priority: Priority = Priority.ROUTINE
    origin: Origin = Origin.OUTPATIENT
    requesting_physician: Physician | None = None
    clinical_question: str = ""
    clinical_information: str = ""
    comments: str = ""
    visit_number: str = ""
    patient_location: str = ""
    patient_transport: str = ""
    patient_weight_kg: float | None = None
    pregnancy: Pregnancy = Pregnancy.UNKNOWN
    requested_at: datetime | None = None
    accession_number: str = ""
    accession_issuer: str = ""
    requested_procedure_id: str = ""
    study_uid: str = ""
    steps: tuple[StepRequest, ...] = ()
    override_reason: str = ""
    silent_on: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not self.procedure_code and not self.procedure_meaning:
            raise InvalidInput("An order names a procedure.", field="procedure_code")
        check_short_string(self.accession_number, "accession_number")
        check_short_string(self.requested_procedure_id, "requested_procedure_id")
        for name in ("clinical_question", "clinical_information", "comments"):
            if len(getattr(self, name)) > 10_240:  # DICOM LT, where the worklist carries it
                raise InvalidInput("This text is longer than 10,240 characters.", field=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A placed order. The requested procedures hang below it."""

    order_id: OrderId
    state: OrderState
    patient_id: PatientId
    placer_order_number: str
    placer_issuer: str
    filler_order_number: str
    priority: Priority
    origin: Origin
    requesting_physician: Physician | None
    clinical_question: str
    clinical_information: str
    comments: str
    visit_number: str
    patient_location: str
    patient_transport: str
    patient_weight_kg: float | None
    pregnancy: Pregnancy
    requested_at: datetime
    received_at: datetime
    source: str
    warnings: tuple[str, ...]
    reason: str
    version: int
    procedures: tuple[RequestedProcedure, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedProcedure:
    """One procedure, one accession number, one study; with what the order says of it."""

    study_uid: StudyUid
    order_id: OrderId
    patient_id: PatientId
    accession_number: str
    accession_issuer: str
    requested_procedure_id: str
    code: str
    code_scheme: str
    description_fr: str
    description_en: str
    modality: str
    body_region: str
    laterality: Laterality | None
    priority: Priority
    origin: Origin
    requesting_physician: Physician | None
    clinical_question: str
    order_state: OrderState
    steps: tuple[ScheduledStep, ...] = ()

    def description(self, language: str) -> str:
        """Return the description in French, or in English where `language` is `en`."""
        return (self.description_en if language == "en" else self.description_fr) or self.description_fr or self.description_en


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledStep:
    """One step on the plan of a room. In a worklist, `procedure`, `order` and `patient` come with it."""

    scheduled_step_key: StepKey
    study_uid: StudyUid
    scheduled_step_id: str
    state: StepState
    starts_at: datetime
    duration_min: int
    room_code: str
    station_ae_title: str
    station_name: str
    location: str
    modality: str
    protocol_code: str
    protocol_scheme: str
    protocol_meaning: str
    performing_physician: str
    started_at: datetime | None
    ended_at: datetime | None
    start_inferred: bool
    reason: str
    version: int
    procedure: RequestedProcedure | None = None
    order: Order | None = None
    patient: Patient | None = None

    @property
    def ends_at(self) -> datetime:
        """Return when the room is planned to be free again."""
        return self.starts_at + timedelta(minutes=self.duration_min)


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformedStep:
    """What a modality says it does (PS3.4 F.7). `attributes` is the data set as DICOM JSON text."""

    sop_instance_uid: SopInstanceUid
    state: PerformedState
    station_ae_title: str
    modality: str
    started_at: datetime
    ended_at: datetime | None
    is_unscheduled: bool
    study_uids: tuple[StudyUid, ...]
    referenced_instances: tuple[SopInstanceUid, ...]
    attributes: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A room and the station in it."""

    room_code: str
    name: str
    modality: str
    station_ae_title: str
    station_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One line of an order's history."""

    at: datetime
    what: str
    event: str
    from_state: str
    to_state: str
    party: str
    actor_name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenException:
    """Something that came late, twice or to the wrong place, and waits for a person. `station`: the modality, if it was one."""

    exception_id: UUID
    kind: str
    order_id: UUID | None
    study_uid: str | None
    station: str
    at: datetime


def check_short_string(value: str, field: str) -> None:
    """Hold an identifier to DICOM SH: 16 characters, no backslash; longer ones are refused, never cut."""
    if len(value) > LONGEST_SHORT_STRING or "\\" in value or value != clean_text(value):
        raise InvalidInput("This identifier has at most 16 characters and no backslash.", field=field)
