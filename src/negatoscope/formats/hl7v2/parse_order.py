"""Read ORM^O01 and OMI^O23 (HL7 2.3.1 to 2.5.1), as IHE RAD-2 and RAD-4 and the French teleradiology profile write them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from negatoscope.formats.hl7v2.datatypes import (
    Authority,
    Code,
    EntityIdentifier,
    read_authority,
    read_code,
    read_day,
    read_entity,
    read_identifiers,
    read_moment,
    read_names,
    read_professional,
)
from negatoscope.formats.hl7v2.errors import Condition, MessageError
from negatoscope.formats.hl7v2.message import Message, Segment, find
from negatoscope.formats.hl7v2.order_message import Envelope, OrderMessage, OrderSaid, PatientSaid, PlannedStep, Visit

MESSAGE_TYPES = frozenset({("ORM", "O01"), ("OMI", "O23")})
VERSIONS = frozenset({"2.3.1", "2.4", "2.5", "2.5.1"})
PROCESSING_IDS = frozenset({"P", "D", "T"})
MOST_ORDERS = 50

_WEIGHT_CODES = frozenset({"29463-7", "BODY WEIGHT"})
_PREGNANCY_CODE = "82810-3"
_REGION_CODE = "REGION_ANATOMIQUE"
_SIDES = {
    "24028007": "R",
    "7771000": "L",
    "51440002": "B",
    "R": "R",
    "L": "L",
    "B": "B",
    "RT": "R",
    "LT": "L",
    "D": "R",
    "G": "L",
}
_MODALITY_CODE = "MODALITE_IMAGERIE"


def read_envelope(message: Message) -> Envelope:
    """Read MSH. Never raises: the answer to a bad message is addressed with it."""
    header = message.header

    def party(field: int) -> str:
        return header.text(field) or header.text(field, 2)

    return Envelope(
        sending_application=party(3),
        sending_facility=party(4),
        receiving_application=party(5),
        receiving_facility=party(6),
        sent_at=header.text(7),
        message_code=header.text(9, 1).strip().upper(),
        trigger_event=header.text(9, 2).strip().upper(),
        control_id=header.text(10).strip(),
        processing_id=header.text(11).strip().upper(),
        version=header.text(12).strip(),
        charset=message.charset,
        profile=header.text(21),
    )


def check_envelope(envelope: Envelope) -> None:
    """Raise MessageError for a message that is not for this application, whatever it says."""
    if not envelope.control_id:
        raise MessageError("MSH-10 is required and empty.", Condition.REQUIRED_FIELD_MISSING, "MSH^1^10")
    if envelope.message_code not in {code for code, _ in MESSAGE_TYPES}:
        raise MessageError("This type of message is not taken here.", Condition.UNSUPPORTED_MESSAGE_TYPE, "MSH^1^9")
    if (envelope.message_code, envelope.trigger_event) not in MESSAGE_TYPES:
        raise MessageError("This trigger event is not taken here.", Condition.UNSUPPORTED_EVENT_CODE, "MSH^1^9")
    if envelope.processing_id not in PROCESSING_IDS:
        raise MessageError("This processing identifier is unknown.", Condition.UNSUPPORTED_PROCESSING_ID, "MSH^1^11")
    if envelope.version not in VERSIONS:
        raise MessageError("This version of HL7 is not taken here.", Condition.UNSUPPORTED_VERSION_ID, "MSH^1^12")


def parse_order(message: Message, zone: tzinfo) -> OrderMessage:
    """Return what the message orders; times without offset are local to `zone`. Raise MessageError with its place."""
    envelope = read_envelope(message)
    check_envelope(envelope)
    patient = _read_patient(message)
    visit = message.first("PV1")
    groups = list(message.groups("ORC"))
    if not groups:
        raise MessageError("The segment ORC is missing.", Condition.SEGMENT_SEQUENCE_ERROR, "ORC")
    if len(groups) > MOST_ORDERS:
        raise MessageError("The message holds too many orders.", Condition.SEGMENT_SEQUENCE_ERROR, "ORC")
    return OrderMessage(
        envelope=envelope,
        patient=patient,
        visit=_read_visit(visit) if visit is not None else None,
        orders=tuple(_read_order(group, zone) for group in groups),
    )


def _read_patient(message: Message) -> PatientSaid:
    pid = message.require("PID")
    identifiers = read_identifiers(pid, 3)
    if not identifiers:
        raise MessageError("PID-3 holds no identifier.", Condition.REQUIRED_FIELD_MISSING, pid.location(3))
    names = read_names(pid, 5)
    if not any(name.family_name for name in names):
        raise MessageError("PID-5 holds no name.", Condition.REQUIRED_FIELD_MISSING, pid.location(5))
    sex = pid.text(8).strip().upper()
    if sex not in ("", "M", "F", "O", "U", "A", "N"):
        raise MessageError("PID-8 is no administrative sex.", Condition.TABLE_VALUE_NOT_FOUND, pid.location(8))
    birth_place = next((entry for entry in pid.repetitions(11) if entry.text(7).strip().upper() == "BDL"), None)
    observations = message.all("OBX")
    return PatientSaid(
        identifiers=identifiers,
        names=names,
        birth_date=read_day(pid.text(7), pid.location(7)),
        sex=sex if sex in ("M", "F", "O") else "",
        birth_place_code=birth_place.text(9).strip() if birth_place is not None else "",
        reliability=tuple(entry.text(1).strip().upper() for entry in pid.repetitions(32)),
        account=next(iter(read_identifiers(pid, 18)), None),
        weight_kg=_weight(observations),
        is_pregnant=_pregnancy(observations),
    )


def _weight(observations: Sequence[Segment]) -> float | None:
    for observation in observations:
        if read_code(observation, 3).code.upper() in _WEIGHT_CODES and observation.text(6).strip().lower() in ("", "kg"):
            try:
                weight = float(observation.text(5).replace(",", "."))
            except ValueError:
                return None
            return weight if 0 < weight < 700 else None
    return None


def _pregnancy(observations: Sequence[Segment]) -> bool | None:
    for observation in observations:
        if read_code(observation, 3).code == _PREGNANCY_CODE:
            return {"Y": True, "N": False}.get(observation.text(5).strip().upper())
    return None


def _read_visit(visit: Segment) -> Visit:
    location = visit.first(3)
    parts = [location.text(part) for part in (1, 2, 3)] + [location.text(4), location.text(9)]
    return Visit(
        patient_class=visit.text(2).strip().upper(),
        location=" ".join(part for part in parts if part),
        visit_number=visit.text(19).strip(),
        referring=read_professional(visit, 8),
    )


def _read_order(group: Sequence[Segment], zone: tzinfo) -> OrderSaid:
    orc = group[0]
    control = orc.require(1).upper()
    obr = find(group, "OBR")
    if obr is None:
        raise MessageError("An order without OBR says nothing.", Condition.SEGMENT_SEQUENCE_ERROR, "OBR")
    placer, filler = _number(orc, obr, 2), _number(orc, obr, 3)
    timing = find(group, "TQ1")
    service, procedure = read_code(obr, 4), read_code(obr, 44)
    if service.is_empty and procedure.is_empty:
        raise MessageError("OBR-4 is required and empty.", Condition.REQUIRED_FIELD_MISSING, obr.location(4))
    notes = [segment for segment in group if segment.name == "NTE"]
    reason = read_code(orc, 16)
    question = read_code(obr, 31)
    return OrderSaid(
        control=control,
        placer=placer,
        filler=filler,
        order_status=orc.text(5).strip().upper(),
        priority=_priority(orc, obr, timing),
        start=_start(orc, obr, timing, zone),
        requested_at=read_moment(orc.text(9), zone, orc.location(9)),
        reason=reason.text or reason.code,
        entering_organisation=read_code(orc, 17).text or read_code(orc, 17).code,
        service=service,
        procedure=procedure,
        requester=read_professional(obr, 16) or read_professional(orc, 12),
        clinical_information=_joined(obr, 13),
        clinical_question=question.text or question.code,
        transport=obr.text(30).strip(),
        comments="\n".join(text for note in notes for text in _texts(note, 3)),
        laterality=_laterality(group, obr),
        performing_physician=_performer(obr),
        danger=read_code(obr, 12).text or read_code(obr, 12).code,
        steps=_steps(group, orc, obr),
    )


def _number(orc: Segment, obr: Segment, field: int) -> EntityIdentifier:
    """Read a placer or filler number where it stands; two different ones are no number."""
    first, second = read_entity(orc, field), read_entity(obr, field)
    if first.value and second.value and first.value != second.value:
        raise MessageError(f"ORC-{field} and OBR-{field} differ.", Condition.DATA_TYPE_ERROR, obr.location(field))
    return first if first.value else second


def _priority(orc: Segment, obr: Segment, timing: Segment | None) -> str:
    """Return the priority: TQ1-9, else ORC-7.6, else OBR-27.6, else OBR-5."""
    candidates = (timing.text(9) if timing else "", orc.text(7, 6), obr.text(27, 6), obr.text(5))
    return next((text.strip().upper() for text in candidates if text.strip()), "")


def _start(orc: Segment, obr: Segment, timing: Segment | None, zone: tzinfo) -> datetime | None:
    """Return the start: TQ1-7, else ORC-7.4, else OBR-27.4, else OBR-36."""
    candidates = (
        (timing.text(7), timing.location(7)) if timing else ("", ""),
        (orc.text(7, 4), orc.location(7)),
        (obr.text(27, 4), obr.location(27)),
        (obr.text(36), obr.location(36)),
    )
    return next((read_moment(text, zone, location) for text, location in candidates if text.strip()), None)


def _steps(group: Sequence[Segment], orc: Segment, obr: Segment) -> tuple[PlannedStep, ...]:
    controls = [segment for segment in group if segment.name == "IPC"]
    if controls:
        return tuple(_step_of_control(segment) for segment in controls)
    zds = find(group, "ZDS")
    modality = obr.text(24).strip().upper() or _observed(group, _MODALITY_CODE)
    # Without IPC the numbers travel in fields of the filler (RAD TF-2 4.4): OBR-18 to 20, and ZDS-1 for the study.
    accession = obr.text(18).strip() or obr.text(18, 2).strip()
    return (
        PlannedStep(
            accession=EntityIdentifier(accession, Authority()),
            requested_procedure_id=obr.text(19).strip(),
            study_uid=zds.text(1).strip() if zds is not None else "",
            scheduled_step_id=obr.text(20).strip(),
            modality=modality,
            protocol=_protocol(obr),
            station_name="",
            location="",
            station_ae_title=orc.text(18).strip(),
        ),
    )


def _step_of_control(segment: Segment) -> PlannedStep:
    return PlannedStep(
        accession=read_entity(segment, 1),
        requested_procedure_id=segment.text(2).strip(),
        study_uid=segment.text(3).strip(),
        scheduled_step_id=segment.text(4).strip(),
        modality=segment.text(5).strip().upper(),
        protocol=read_code(segment, 6),
        station_name=segment.text(7).strip(),
        location=segment.text(8).strip(),
        station_ae_title=segment.text(9).strip(),
    )


def _protocol(obr: Segment) -> Code:
    """Return the second triplet of OBR-4, where RAD-4 writes the protocol, else the first."""
    value = obr.first(4)
    second = Code(*(value.text(part).strip() for part in (4, 5, 6)))
    return second if second.code else read_code(obr, 4)


def _laterality(group: Sequence[Segment], obr: Segment) -> str:
    """Return R, L or B from an observation of the French profile, or from the specimen source (OBR-15.5)."""
    for segment in group:
        if segment.name == "OBX" and read_code(segment, 3).code == _REGION_CODE:
            side = _SIDES.get(read_code(segment, 5).code)
            if side:
                return side
    return _SIDES.get(obr.text(15, 5).strip().upper(), "")


def _observed(group: Sequence[Segment], code: str) -> str:
    found = (read_code(entry, 5).code for entry in group if entry.name == "OBX" and read_code(entry, 3).code == code)
    return next(found, "").upper()


def _performer(obr: Segment) -> str:
    """Return OBR-34 as PN: its name is one component, of subcomponents identifier, family, given."""
    value = obr.first(34)
    return f"{value.text(1, 2)}^{value.text(1, 3)}".strip("^ ")


def _joined(segment: Segment, field: int) -> str:
    return "\n".join(_texts(segment, field))


def _texts(segment: Segment, field: int) -> list[str]:
    return [text for entry in segment.repetitions(field) if (text := entry.text(1).strip())]


__all__ = ["MESSAGE_TYPES", "VERSIONS", "check_envelope", "parse_order", "read_authority", "read_envelope"]
