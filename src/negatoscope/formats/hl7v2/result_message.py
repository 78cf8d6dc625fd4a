"""Write a report as ORU^R01 (HL7 2.5; IHE RAD-28, RIS to the requesting system)."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from negatoscope.formats.hl7v2.datatypes import Authority, Code, EntityIdentifier, Identifier, PersonName, Professional
from negatoscope.formats.hl7v2.message import Message, Repetition, Segment
from negatoscope.formats.hl7v2.writer import repetition, segment, timestamp

REPORT_CODE = Code("18748-4", "CR d'imagerie médicale", "LN")
STUDY_CODE = Code("113014", "DICOM Study", "DCM")


class ResultStatus(StrEnum):
    """Table 0123 (OBR-25) and 0085 (OBX-11) for what is sent here."""

    PRELIMINARY = "P"
    FINAL = "F"
    CORRECTED = "C"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section of a report."""

    code: Code
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultMessage:
    """One signed report for one receiver. `control_id` stays the same however often it is sent."""

    control_id: str
    sending_application: str
    sending_facility: str
    receiving_application: str
    sent_at: datetime
    identifiers: tuple[Identifier, ...]
    names: tuple[PersonName, ...]
    birth_date: date | None
    sex: str
    reliability: str
    patient_class: str
    visit_number: str
    placer: EntityIdentifier
    filler: EntityIdentifier
    procedure: Code
    accession_number: str
    modality: str
    study_uid: str
    studied_at: datetime | None
    signed_at: datetime
    status: ResultStatus
    requester: Professional | None
    interpreter: Professional
    sections: tuple[Section, ...]
    pdf: bytes


def write_result(result: ResultMessage) -> Message:
    """Return the message: PID, PV1, ORC, OBR, one TX a section, the study as HD, the rendering as ED."""
    observations = [_text(section, result.status) for section in result.sections if section.text.strip()]
    observations.append(_observation("HD", STUDY_CODE, repetition(result.study_uid), result.status))
    document = repetition("", "Application", "PDF", "Base64", base64.b64encode(result.pdf).decode("ascii"))
    observations.append(_observation("ED", REPORT_CODE, document, result.status))
    numbered = [_numbered(entry, number) for number, entry in enumerate(observations, start=1)]
    return Message((_header(result), _patient(result), _visit(result), _common_order(result), _request(result), *numbered))


def _header(result: ResultMessage) -> Segment:
    return segment(
        "MSH",
        {
            1: "|",
            2: "^~\\&",
            3: result.sending_application,
            4: result.sending_facility,
            5: result.receiving_application,
            7: timestamp(result.sent_at),
            9: repetition("ORU", "R01", "ORU_R01"),
            10: result.control_id,
            11: "P",
            12: "2.5",
            17: "FRA",
            18: "UNICODE UTF-8",
        },
    )


def _patient(result: ResultMessage) -> Segment:
    return segment(
        "PID",
        {
            1: "1",
            3: [repetition(entry.value, "", "", _authority(entry.authority), entry.kind) for entry in result.identifiers],
            5: [
                repetition(name.family_name, name.given_name, name.further_names, "", "", "", name.kind)
                for name in result.names
            ],
            7: f"{result.birth_date:%Y%m%d}" if result.birth_date else "",
            8: result.sex,
            32: result.reliability,
        },
    )


def _visit(result: ResultMessage) -> Segment:
    return segment("PV1", {1: "1", 2: result.patient_class, 19: result.visit_number})


def _common_order(result: ResultMessage) -> Segment:
    order_status = "IP" if result.status is ResultStatus.PRELIMINARY else "CM"
    fields: dict[int, str | Repetition] = {1: "RE", 2: _entity(result.placer), 3: _entity(result.filler), 5: order_status}
    if result.requester is not None:
        fields[12] = _professional(result.requester)
    return segment("ORC", dict(fields))


def _request(result: ResultMessage) -> Segment:
    fields: dict[int, str | Repetition] = {
        1: "1",
        2: _entity(result.placer),
        3: _entity(result.filler),
        4: _code(result.procedure),
        7: timestamp(result.studied_at) if result.studied_at else "",
        18: result.accession_number,
        22: timestamp(result.signed_at),
        24: result.modality,
        25: result.status.value,
        # NDL-1 is a CNN: the professional's parts are subcomponents.
        32: repetition((result.interpreter.identifier, result.interpreter.family_name, result.interpreter.given_name)),
    }
    if result.requester is not None:
        fields[16] = _professional(result.requester)
    return segment("OBR", dict(fields))


def _text(section: Section, status: ResultStatus) -> Segment:
    """Write one section as TX; each paragraph is a repetition (2.5 2.A.78)."""
    paragraphs = [repetition(line) for line in section.text.splitlines() if line.strip()]
    return _observation("TX", section.code, paragraphs, status)


def _observation(kind: str, code: Code, value: Repetition | list[Repetition], status: ResultStatus) -> Segment:
    return segment("OBX", {2: kind, 3: _code(code), 5: value, 11: status.value})


def _numbered(entry: Segment, number: int) -> Segment:
    return Segment(entry.name, ((repetition(str(number)),), *entry.fields[1:]), number)


def _authority(authority: Authority) -> tuple[str, ...]:
    return (authority.namespace, authority.universal_id, authority.universal_id_type)


def _entity(entity: EntityIdentifier) -> Repetition:
    return repetition(entity.value, *_authority(entity.authority)) if entity.value else Repetition()


def _code(code: Code) -> Repetition:
    return repetition(code.code, code.text, code.scheme)


def _professional(professional: Professional) -> Repetition:
    return repetition(
        professional.identifier,
        professional.family_name,
        professional.given_name,
        "", "", "", "", "",
        _authority(professional.authority),
        "", "", "",
        professional.kind,
    )  # fmt: skip
