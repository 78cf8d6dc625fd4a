"""Say a signed report in HL7's words: who it is about, which order it answers, what it says."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from negatoscope.archive.model import Study
from negatoscope.archive.studies import get_study
from negatoscope.exchange.model import Delivery
from negatoscope.formats.dicom.uids import is_uid
from negatoscope.formats.hl7v2.datatypes import Authority, Code, EntityIdentifier, Identifier, PersonName, Professional
from negatoscope.formats.hl7v2.result_message import ResultMessage, ResultStatus, Section
from negatoscope.orders.lookup import get_order, procedure_for_study
from negatoscope.orders.model import Order, Origin, Physician, RequestedProcedure
from negatoscope.patients.model import IdentifierKind, IdentityStatus, Patient, PatientIdentifier, Sex
from negatoscope.patients.store import get_patient
from negatoscope.platform.runtime import Platform
from negatoscope.reporting import reports
from negatoscope.reporting.model import Body, ReportVersion, VersionStatus

APPLICATION = "NEGATOSCOPE"
CONTROL_ID_LENGTH = 20  # MSH-10 in 2.5
STATUSES = {
    VersionStatus.PRELIMINARY: ResultStatus.PRELIMINARY,
    VersionStatus.FINAL: ResultStatus.FINAL,
    VersionStatus.ADDENDUM: ResultStatus.CORRECTED,
}
# The sections of the French imaging report (IMG-CR-IMG 2024.01).
SECTIONS = (
    ("indication", Code("55752-0", "Informations cliniques", "LN")),
    ("technique", Code("55111-9", "Technique", "LN")),
    ("comparison", Code("18834-2", "Examen de comparaison radiologique", "LN")),
    ("findings", Code("59776-5", "Résultats de l'acte", "LN")),
    ("conclusion", Code("19005-8", "Conclusion", "LN")),
    ("addendum", Code("55107-7", "Addendum", "LN")),
)
_OFFSET = re.compile(r"([+-])([0-9]{2})([0-5][0-9])", re.ASCII)
_CLASSES = {Origin.EMERGENCY: "E", Origin.INTENSIVE_CARE: "I", Origin.INPATIENT: "I", Origin.OUTPATIENT: "O"}


def control_id_of(delivery: Delivery) -> str:
    """Return the MSH-10 of every attempt of this delivery."""
    return delivery.delivery_id.hex[:CONTROL_ID_LENGTH]


def build_result(tx: Connection, platform: Platform, delivery: Delivery, version: ReportVersion, pdf: bytes) -> ResultMessage:
    """Return the message for one delivery, from the present traits of its patient, the order, and the signed text."""
    study = get_study(tx, version.study_uid)
    patient = get_patient(tx, delivery.patient_id)
    procedure = procedure_for_study(tx, version.study_uid)
    order = get_order(tx, procedure.order_id) if procedure is not None else None
    zone = ZoneInfo(platform.settings.time_zone)
    filler = order.filler_order_number if order else study.accession_number or study.study_uid
    return ResultMessage(
        control_id=control_id_of(delivery),
        sending_application=APPLICATION,
        sending_facility=platform.settings.issuer,
        receiving_application=order.placer_issuer if order else "",
        sent_at=platform.clock.now().astimezone(zone),
        identifiers=tuple(_identifier(entry) for entry in _shown(patient)),
        names=_names(patient),
        birth_date=patient.demographics.birth_date,
        sex="" if patient.demographics.sex is Sex.UNKNOWN else patient.demographics.sex.value,
        reliability=_reliability(patient),
        patient_class=_CLASSES[order.origin] if order else "O",
        visit_number=order.visit_number if order else "",
        placer=_placer(order),
        filler=EntityIdentifier(filler, Authority(APPLICATION)),
        procedure=_procedure(procedure, study),
        accession_number=procedure.accession_number if procedure else study.accession_number,
        modality=procedure.modality if procedure else next(iter(study.modalities), ""),
        study_uid=study.study_uid,
        studied_at=_studied_at(study, zone),
        signed_at=version.signed_at.astimezone(zone),
        status=STATUSES[version.status],
        requester=_requester(order),
        interpreter=_interpreter(version),
        sections=_sections(version.body, _addenda(tx, version)),
        pdf=pdf,
    )


def _placer(order: Order | None) -> EntityIdentifier:
    """Return the placer's number with its authority in the form in which the order named it."""
    if order is None or not order.placer_order_number:
        return EntityIdentifier()
    issuer = order.placer_issuer
    authority = Authority("", issuer, "ISO") if is_uid(issuer) else Authority(issuer)
    return EntityIdentifier(order.placer_order_number, authority)


def _shown(patient: Patient) -> list[PatientIdentifier]:
    """Return the institution numbers, and the INS only where the identity is qualified."""
    numbers = [entry for entry in patient.identifiers if entry.kind is IdentifierKind.INSTITUTION]
    national = patient.national_identifier
    return [*numbers, national] if national is not None else numbers


def _identifier(entry: PatientIdentifier) -> Identifier:
    is_oid = entry.issuer == entry.issuer_oid
    authority = Authority("" if is_oid else entry.issuer, entry.issuer_oid or "", "ISO" if entry.issuer_oid else "")
    return Identifier(entry.value, authority, entry.kind.value)


def _names(patient: Patient) -> tuple[PersonName, ...]:
    traits = patient.demographics
    used = PersonName(traits.family_name, traits.given_names, "", "D")
    if not traits.birth_family_name:
        return (PersonName(used.family_name, used.given_name, "", "L"),)
    birth = PersonName(traits.birth_family_name, traits.birth_first_name, traits.birth_given_names, "L")
    return birth, used


def _reliability(patient: Patient) -> str:
    trusted = patient.identity_status in (IdentityStatus.QUALIFIED, IdentityStatus.VALIDATED)
    return "VALI" if trusted else "PROV"


def _procedure(procedure: RequestedProcedure | None, study: Study) -> Code:
    if procedure is None:
        return Code("", study.study_description, "")
    return Code(procedure.code, procedure.description_fr, procedure.code_scheme)


def _studied_at(study: Study, zone: ZoneInfo) -> datetime | None:
    """Return when the study was made: by the clock of the modality, which is the house's where it names no offset."""
    if study.study_date is None or study.study_time is None:
        return None
    return datetime.combine(study.study_date, study.study_time, _offset(study.timezone_offset) or zone)


def _offset(text: str) -> timezone | None:
    """Read a Timezone Offset From UTC (0008,0201), -1200 to +1400; None for what is none."""
    found = _OFFSET.fullmatch(text.strip())
    if found is None:
        return None
    minutes = int(found[2]) * 60 + int(found[3])
    minutes = -minutes if found[1] == "-" else minutes
    return timezone(timedelta(minutes=minutes)) if -720 <= minutes <= 840 else None


def _requester(order: Order | None) -> Professional | None:
    physician: Physician | None = order.requesting_physician if order else None
    if physician is None:
        return None
    return Professional(physician.identifier, physician.family_name, physician.given_names, Authority(physician.issuer), "")


def _interpreter(version: ReportVersion) -> Professional:
    """Return the signer. His account holds one name for display: the whole of it is the family name."""
    return Professional(version.signer_identifier, version.signer_name, "")


def _addenda(tx: Connection, version: ReportVersion) -> str:
    """Return every addendum up to this version: a corrected result takes the place of all that was sent before."""
    signed = reports.versions(tx, version.report_id)
    return "\n".join(one.body.addendum for one in signed if one.number <= version.number and one.body.addendum.strip())


def _sections(body: Body, addenda: str) -> tuple[Section, ...]:
    texts = body.to_json() | {"addendum": addenda}
    return tuple(Section(code=code, text=texts[name]) for name, code in SECTIONS if texts[name].strip())
