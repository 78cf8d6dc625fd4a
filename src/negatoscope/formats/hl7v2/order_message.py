"""What an order message says: ORM^O01 and OMI^O23, one shape for both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from negatoscope.formats.hl7v2.datatypes import Authority, Code, EntityIdentifier, Identifier, PersonName, Professional


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """MSH: who sends what to whom. `control_id` is MSH-10."""

    sending_application: str
    sending_facility: str
    receiving_application: str
    receiving_facility: str
    sent_at: str
    message_code: str
    trigger_event: str
    control_id: str
    processing_id: str
    version: str
    charset: str
    profile: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientSaid:
    """PID and OBX: the patient as the message describes him."""

    identifiers: tuple[Identifier, ...]
    names: tuple[PersonName, ...]
    birth_date: date | None
    sex: str
    birth_place_code: str
    reliability: tuple[str, ...]
    account: Identifier | None
    weight_kg: float | None
    is_pregnant: bool | None

    def name(self, kind: str) -> PersonName | None:
        """Return the first name of this kind (table 0200: L legal, which is the birth name; D display, the one used)."""
        return next((name for name in self.names if name.kind == kind), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """PV1."""

    patient_class: str
    location: str
    visit_number: str
    referring: Professional | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """IPC, or the fields of OBR and ZDS that did its work before it existed."""

    accession: EntityIdentifier
    requested_procedure_id: str
    study_uid: str
    scheduled_step_id: str
    modality: str
    protocol: Code
    station_name: str
    location: str
    station_ae_title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSaid:
    """One order: ORC, its timing, OBR and what follows it."""

    control: str
    placer: EntityIdentifier
    filler: EntityIdentifier
    order_status: str
    priority: str
    start: datetime | None
    requested_at: datetime | None
    reason: str
    entering_organisation: str
    service: Code
    procedure: Code
    requester: Professional | None
    clinical_information: str
    clinical_question: str
    transport: str
    comments: str
    laterality: str
    performing_physician: str
    danger: str
    steps: tuple[PlannedStep, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderMessage:
    """A whole order message."""

    envelope: Envelope
    patient: PatientSaid
    visit: Visit | None
    orders: tuple[OrderSaid, ...]


__all__ = [
    "Authority", "Code", "EntityIdentifier", "Envelope", "Identifier", "OrderMessage", "OrderSaid", "PatientSaid",
    "PersonName", "PlannedStep", "Professional", "Visit",
]  # fmt: skip
