"""Say in our words what an order message says in HL7's (France: PID-32, INS, birth and used names)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from negatoscope.formats.hl7v2.datatypes import Identifier, Professional
from negatoscope.formats.hl7v2.errors import Condition, MessageError
from negatoscope.formats.hl7v2.order_message import OrderMessage, OrderSaid, PatientSaid, PlannedStep
from negatoscope.orders.model import Laterality, OrderRequest, Origin, Physician, Pregnancy, Priority, StepRequest
from negatoscope.patients.model import Demographics, IdentifierKind, IdentityStatus, PatientIdentifier, Sex
from negatoscope.patients.national_identifier import is_ins_issuer


class Control(StrEnum):
    """ORC-1 that are taken here, table 0119."""

    NEW = "NW"
    CHANGE = "XO"
    CANCEL = "CA"
    DISCONTINUE = "DC"
    HOLD = "HD"
    RELEASE = "RL"


# Table 0203. An NSS (NH, SS) is for billing and must never be taken for an identity.
_INSTITUTION_KINDS = frozenset({"", "PI", "PT", "MR", "PN"})
_PRIORITIES = {"S": Priority.STAT, "A": Priority.URGENT, "P": Priority.URGENT, "C": Priority.URGENT, "T": Priority.URGENT}
_ORIGINS = {"E": Origin.EMERGENCY, "I": Origin.INPATIENT}
_STATUSES = {
    "VALI": IdentityStatus.VALIDATED,
    "RECUP": IdentityStatus.RETRIEVED,
    "QUAL": IdentityStatus.QUALIFIED,
    "PROV": IdentityStatus.PROVISIONAL,
}


@dataclass(frozen=True, slots=True)
class Instruction:
    """What to do, and with what."""

    control: Control
    request: OrderRequest
    reason: str


def translate(message: OrderMessage, *, own_issuer: str) -> tuple[Instruction, ...]:
    """Return the instructions of a message in order; raise MessageError for what is not taken here."""
    return tuple(_instruction(message, said, own_issuer) for said in message.orders)


def _instruction(message: OrderMessage, said: OrderSaid, own_issuer: str) -> Instruction:
    known = {control.value: control for control in Control}
    if said.control not in known:
        raise MessageError("This order control is not taken here.", Condition.TABLE_VALUE_NOT_FOUND, "ORC^1^1")
    if not said.placer.value:
        raise MessageError("ORC-2 is required and empty.", Condition.REQUIRED_FIELD_MISSING, "ORC^1^2")
    return Instruction(known[said.control], _request(message, said, own_issuer), said.reason)


def _request(message: OrderMessage, said: OrderSaid, own_issuer: str) -> OrderRequest:
    patient, visit = message.patient, message.visit
    identifiers = tuple(_identifier(entry, own_issuer) for entry in patient.identifiers if _counts(entry))
    if not identifiers:
        raise MessageError("PID-3 holds no identifier of an institution.", Condition.REQUIRED_FIELD_MISSING, "PID^1^3")
    status, flags = read_trust(patient)
    step = _one_study(said)
    requester = said.requester or (visit.referring if visit else None)
    coded = said.procedure if not said.procedure.is_empty else said.service
    return OrderRequest(
        source="hl7",
        procedure_code=coded.code,
        procedure_scheme=coded.scheme,
        procedure_meaning=coded.text,
        identifiers=identifiers,
        demographics=read_demographics(patient),
        identity_status=status,
        identity_flags=flags,
        placer_order_number=said.placer.value,
        placer_issuer=said.placer.authority.name or message.envelope.sending_application,
        laterality=Laterality(said.laterality) if said.laterality else None,
        priority=_PRIORITIES.get(said.priority[:1], Priority.ROUTINE),
        origin=_ORIGINS.get(visit.patient_class[:1] if visit else "", Origin.OUTPATIENT),
        requesting_physician=_physician(requester) if requester else None,
        clinical_question=said.clinical_question,
        clinical_information=said.clinical_information,
        comments=said.comments,
        visit_number=(visit.visit_number if visit else "") or (patient.account.value if patient.account else ""),
        patient_location=visit.location if visit else "",
        patient_transport=said.transport,
        patient_weight_kg=patient.weight_kg,
        pregnancy=_pregnancy(patient.is_pregnant),
        requested_at=said.requested_at,
        accession_number=step.accession.value,
        accession_issuer=step.accession.authority.name,
        requested_procedure_id=step.requested_procedure_id,
        study_uid=step.study_uid,
        steps=tuple(_step(said, planned) for planned in said.steps),
        silent_on=_silent_on(message, said),
    )


def _silent_on(message: OrderMessage, said: OrderSaid) -> frozenset[str]:
    """Return what the message leaves open, so that a change of the time does not make an urgent order routine."""
    unsaid = {"priority": not said.priority, "origin": message.visit is None or not message.visit.patient_class}
    return frozenset(field for field, is_unsaid in unsaid.items() if is_unsaid)


def read_demographics(patient: PatientSaid) -> Demographics:
    """Return the traits: name L is that of birth, D the one used; a name without type is the one used."""
    birth, used = patient.name("L"), patient.name("D")
    daily = used or birth or patient.names[0]
    return Demographics(
        family_name=daily.family_name,
        given_names=daily.given_name,
        birth_date=patient.birth_date,
        sex=Sex(patient.sex) if patient.sex else Sex.UNKNOWN,
        birth_family_name=birth.family_name if birth else "",
        birth_first_name=birth.given_name if birth else "",
        birth_given_names=birth.further_names if birth else "",
        birth_place_code=patient.birth_place_code,
    )


def read_trust(patient: PatientSaid) -> tuple[IdentityStatus, frozenset[str]]:
    """Return the trust in the identity: in PAM.FR a validated identity that comes with an INS is a qualified one."""
    status = next((_STATUSES[code] for code in patient.reliability if code in _STATUSES), IdentityStatus.PROVISIONAL)
    flags = frozenset(code for code in patient.reliability if code and code not in _STATUSES)
    if status is IdentityStatus.VALIDATED and any(_is_national(entry) for entry in patient.identifiers):
        status = IdentityStatus.QUALIFIED
    return status, flags


def _one_study(said: OrderSaid) -> PlannedStep:
    """Return the step that carries the numbers: one order is one study here, of one or several steps."""
    numbers = {(step.accession.value, step.study_uid) for step in said.steps}
    if len(numbers) > 1:
        raise MessageError("One order names several studies: send one order for each.", Condition.DATA_TYPE_ERROR, "IPC^1^3")
    return said.steps[0]


def _is_national(entry: Identifier) -> bool:
    return entry.kind == "INS" or is_ins_issuer(entry.authority.namespace, entry.authority.universal_id or None)


def _counts(entry: Identifier) -> bool:
    return _is_national(entry) or entry.kind in _INSTITUTION_KINDS


def _identifier(entry: Identifier, own_issuer: str) -> PatientIdentifier:
    oid = entry.authority.universal_id if entry.authority.universal_id_type == "ISO" else None
    kind = IdentifierKind.NATIONAL if _is_national(entry) else IdentifierKind.INSTITUTION
    return PatientIdentifier(entry.value, entry.authority.name or own_issuer, kind, oid or None)


def _physician(professional: Professional) -> Physician:
    return Physician(
        family_name=professional.family_name,
        given_names=professional.given_name,
        identifier=professional.identifier,
        issuer=professional.authority.name,
    )


def _pregnancy(is_pregnant: bool | None) -> Pregnancy:
    if is_pregnant is None:
        return Pregnancy.UNKNOWN
    return Pregnancy.PREGNANT if is_pregnant else Pregnancy.NOT_PREGNANT


def _step(said: OrderSaid, planned: PlannedStep) -> StepRequest:
    return StepRequest(
        scheduled_step_id=planned.scheduled_step_id,
        station_ae_title=planned.station_ae_title,
        station_name=planned.station_name,
        location=planned.location,
        starts_at=said.start,
        modality=planned.modality,
        protocol_code=planned.protocol.code,
        protocol_scheme=planned.protocol.scheme,
        protocol_meaning=planned.protocol.text,
        performing_physician=said.performing_physician,
    )
