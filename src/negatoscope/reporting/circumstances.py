"""What a report stands on besides its text: patient, study, order, dose, findings of models, earlier versions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from negatoscope.archive.model import Study, StudyState
from negatoscope.archive.studies import get_study, list_series
from negatoscope.dose.model import zone_of
from negatoscope.dose.register import exposures_of_study
from negatoscope.dose.wording import report_lines
from negatoscope.orders.lookup import procedure_for_study
from negatoscope.orders.model import RequestedProcedure
from negatoscope.patients.model import Patient
from negatoscope.patients.store import get_patient
from negatoscope.platform.runtime import Platform
from negatoscope.reporting import store
from negatoscope.reporting.ai_wording import ai_lines_of_study
from negatoscope.reporting.checks import SigningFacts
from negatoscope.reporting.model import Report, ReportState, ReportVersion, VersionStatus
from negatoscope.reporting.printing import PrintedReport, SignedAddendum


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """All of it, read in one transaction."""

    patient: Patient
    study: Study
    study_at: datetime | date | None
    order: RequestedProcedure | None
    procedure: str
    institution: str
    equipment: str
    image_sides: frozenset[str]
    dose_lines: tuple[str, ...]
    ai_lines: tuple[str, ...]
    earlier: tuple[ReportVersion, ...]

    def signing_facts(self, report: Report, signer_name: str) -> SigningFacts:
        """Return what the checks look at."""
        side = self.order.laterality.value if self.order is not None and self.order.laterality is not None else ""
        return SigningFacts(
            patient_name=self.patient.display_name,
            has_birth_date=self.patient.demographics.birth_date is not None,
            to_reconcile=self.patient.to_reconcile,
            act=self.procedure,
            signer_name=signer_name,
            has_order=self.order is not None,
            is_stable=self.study.state is StudyState.STABLE or bool(self.earlier),
            order_side=side,
            image_sides=self.image_sides,
            is_addendum=report.state is ReportState.ADDENDUM_DRAFT,
        )

    def content(self, version: ReportVersion) -> dict[str, object]:
        """Return what the fingerprint of a version covers: everything that the page says."""
        return {
            "study_uid": version.study_uid,
            "patient": [self.patient.display_name, self.identifiers, str(self.patient.demographics.birth_date)],
            "procedure": self.procedure,
            "number": version.number,
            "status": version.status.value,
            "language": version.language,
            "body": version.body.to_json(),
            "dose": list(self.dose_lines),
            "equipment": self.equipment,
            "ai": list(self.ai_lines),
            "signer": [str(version.signer_id), version.signer_name, version.signer_identifier, version.auth_level],
            "signed_at": version.signed_at.isoformat(),
            "previous_sha256": version.previous_sha256,
        }

    @property
    def identifiers(self) -> list[str]:
        """Return the identifiers as they are printed: the national one when it may be used, and the institution's."""
        national, own = self.patient.national_identifier, self.patient.local_identifier
        printed = [f"INS {national.value}"] if national is not None else []
        return [*printed, f"{own.value} ({own.issuer})"]


def find_circumstances(platform: Platform, tx: Connection, report: Report) -> Circumstances:
    """Read what the report stands on."""
    study = get_study(tx, report.study_uid)
    order = procedure_for_study(tx, report.study_uid)
    images = [one for one in list_series(tx, report.study_uid) if one.modality != "DOC"]
    institution = next((one.institution_name for one in images if one.institution_name), "")
    equipment = [" ".join(part for part in (one.manufacturer, one.model_name, one.station_name) if part) for one in images]
    house = ZoneInfo(platform.settings.time_zone)
    exposures = exposures_of_study(tx, report.study_uid)
    # Each image names its side in the register; a series row knows the side of its first image only.
    sides = frozenset(one.laterality for one in exposures if one.laterality in {"R", "L"})
    return Circumstances(
        patient=get_patient(tx, study.patient_id),
        study=study,
        study_at=_study_moment(study, zone_of(store.find_study_offset(tx, report.study_uid)) or house, house),
        order=order,
        procedure=(order.description(report.language) if order is not None else "") or study.study_description,
        institution=institution or platform.settings.tenant,
        equipment="; ".join(dict.fromkeys(part for part in equipment if part)),
        image_sides=sides or frozenset(one.laterality for one in images if one.laterality in {"R", "L"}),
        dose_lines=tuple(report_lines(exposures, report.language)),
        ai_lines=ai_lines_of_study(tx, report.study_uid, report.language),
        earlier=tuple(store.list_versions(tx, report.report_id)),
    )


def printed_report(platform: Platform, version: ReportVersion, circumstances: Circumstances) -> PrintedReport:
    """Return the page of a version, its times in the zone of the house."""
    zone = ZoneInfo(platform.settings.time_zone)
    order, study = circumstances.order, circumstances.study
    requester = order.requesting_physician.display_name if order is not None and order.requesting_physician else ""
    return PrintedReport(
        language=version.language,
        status=version.status,
        number=version.number,
        institution=circumstances.institution,
        patient_name=circumstances.patient.display_name,
        birth_date=circumstances.patient.demographics.birth_date,
        sex=circumstances.patient.demographics.sex.value,
        identifiers=tuple(circumstances.identifiers),
        procedure=circumstances.procedure,
        study_at=circumstances.study_at,
        accession_number=study.accession_number,
        requested_by=requester or study.referring_physician.replace("^", " ").strip(),
        body=version.body,
        earlier_addenda=tuple(
            SignedAddendum(text=one.body.addendum, signer=one.signer_name, at=one.signed_at.astimezone(zone))
            for one in circumstances.earlier
            if one.status is VersionStatus.ADDENDUM
        ),
        dose_lines=circumstances.dose_lines,
        equipment=circumstances.equipment,
        ai_lines=circumstances.ai_lines,
        signer=version.signer_name,
        signer_identifier=version.signer_identifier,
        signed_at=version.signed_at.astimezone(zone),
        content_sha256=version.content_sha256,
    )


def _study_moment(study: Study, sent_in: tzinfo, house: ZoneInfo) -> datetime | date | None:
    """Return when the study was made, in the zone of the house: DICOM date and time are local to who sent them."""
    if study.study_date is None or study.study_time is None:
        return study.study_date
    return datetime.combine(study.study_date, study.study_time, tzinfo=sent_in).astimezone(house)
