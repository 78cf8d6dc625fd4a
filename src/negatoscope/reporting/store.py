"""SQL of the reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, Select, select, update
from sqlalchemy.dialects.postgresql import distinct_on, insert

from negatoscope.archive.tables import studies
from negatoscope.platform.errors import NotFound, StaleVersion
from negatoscope.reporting.model import Body, Discrepancy, Report, ReportState, ReportVersion, VersionStatus
from negatoscope.reporting.tables import report_versions, reports


def _reports() -> Select[tuple[object, ...]]:
    """Select reports with the patient whose study it is now: what is not signed follows its study."""
    own = [column for column in reports.c if column.name != "patient_id"]
    return select(*own, studies.c.patient_id).join(studies, studies.c.study_uid == reports.c.study_uid)


def _versions() -> Select[tuple[object, ...]]:
    """Select versions, each with whether its study was given to another patient since it was signed."""
    own = [column for column in report_versions.c if column.name != "pdf"]
    changed = (studies.c.patient_id != report_versions.c.patient_id).label("identity_changed")
    return select(*own, changed).join(studies, studies.c.study_uid == report_versions.c.study_uid)


def insert_report(tx: Connection, report: Report) -> bool:
    """Add a report; False when the study has one."""
    values: dict[str, Any] = asdict(report) | {"state": report.state.value, "body": report.body.to_json()}
    query = insert(reports).values(values).on_conflict_do_nothing().returning(reports.c.report_id)
    return tx.execute(query).one_or_none() is not None


def find_report_of_study(tx: Connection, study_uid: str) -> Report | None:
    """Return the report of a study, None when nobody began one."""
    row = tx.execute(_reports().where(reports.c.study_uid == study_uid)).mappings().one_or_none()
    return _report(row) if row is not None else None


def get_report(tx: Connection, report_id: UUID, *, lock: bool = False) -> Report:
    """Return a report, held against other writers until the end of the transaction when `lock` is set."""
    query = _reports().where(reports.c.report_id == report_id)
    row = tx.execute(query.with_for_update(of=reports) if lock else query).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such report.")
    return _report(row)


def update_report(tx: Connection, report: Report, *, expected: int) -> Report:
    """Write the changed report over the expected version; StaleVersion when somebody was faster."""
    query = (
        update(reports)
        .where(reports.c.report_id == report.report_id, reports.c.version == expected)
        .values(
            state=report.state.value,
            author_id=report.author_id,
            author_name=report.author_name,
            body=report.body.to_json(),
            saved_by=report.saved_by,
            saved_at=report.saved_at,
            version=expected + 1,
        )
        .returning(reports.c.version)
    )
    version = tx.execute(query).scalar_one_or_none()
    if version is None:
        raise StaleVersion("The report was changed meanwhile.", field="version")
    return replace(report, version=version)


def update_author(tx: Connection, report_id: UUID, *, author_id: UUID, author_name: str) -> None:
    """Write who may go on with the text. The text stays, and so does its version: whoever has it open can save it."""
    tx.execute(update(reports).where(reports.c.report_id == report_id).values(author_id=author_id, author_name=author_name))


def hold_patient(tx: Connection, study_uid: str) -> UUID:
    """Return the patient of a study, who stays so until the end of the transaction."""
    query = select(studies.c.patient_id).where(studies.c.study_uid == study_uid).with_for_update(read=True)
    patient_id: UUID = tx.execute(query).scalar_one()
    return patient_id


def find_study_offset(tx: Connection, study_uid: str) -> str:
    """Return the Timezone Offset From UTC that the study was sent with, '' where it named none."""
    query = select(studies.c.timezone_offset).where(studies.c.study_uid == study_uid)
    offset: str = tx.execute(query).scalar_one()
    return offset


def insert_version(tx: Connection, version: ReportVersion, *, pdf: bytes | None) -> None:
    """Add a signed version; `pdf` is its rendering where the study does not hold it."""
    values: dict[str, Any] = asdict(version) | {
        "status": version.status.value,
        "body": version.body.to_json(),
        "discrepancy": version.discrepancy.value if version.discrepancy is not None else None,
        "pdf": pdf,
    }
    del values["identity_changed"]
    tx.execute(insert(report_versions).values(values))


def list_versions(tx: Connection, report_id: UUID) -> list[ReportVersion]:
    """Return the signed versions, oldest first."""
    query = _versions().where(report_versions.c.report_id == report_id).order_by(report_versions.c.number)
    return [_version(row) for row in tx.execute(query).mappings()]


def list_latest_versions(tx: Connection, study_uids: Sequence[str]) -> dict[str, ReportVersion]:
    """Return the latest signed version of each of these studies that has one under the study's present identity."""
    if not study_uids:
        return {}
    query = (
        _versions()
        .where(report_versions.c.study_uid.in_(study_uids), studies.c.patient_id == report_versions.c.patient_id)
        .ext(distinct_on(report_versions.c.study_uid))
        .order_by(report_versions.c.study_uid, report_versions.c.number.desc())
    )
    return {row["study_uid"]: _version(row) for row in tx.execute(query).mappings()}


def get_version(tx: Connection, version_id: UUID) -> ReportVersion:
    """Return one signed version."""
    query = _versions().where(report_versions.c.version_id == version_id)
    row = tx.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such version of a report.")
    return _version(row)


def find_kept_pdf(tx: Connection, version_id: UUID) -> bytes | None:
    """Return the rendering that is kept beside a version; None where the study holds it."""
    query = select(report_versions.c.pdf).where(report_versions.c.version_id == version_id)
    kept = tx.execute(query).scalar_one()
    return bytes(kept) if kept is not None else None


def _report(row: RowMapping) -> Report:
    return Report(
        report_id=row["report_id"],
        study_uid=row["study_uid"],
        patient_id=row["patient_id"],
        state=ReportState(row["state"]),
        language=row["language"],
        author_id=row["author_id"],
        author_name=row["author_name"],
        body=Body.from_json(row["body"]),
        saved_by=row["saved_by"],
        saved_at=row["saved_at"],
        version=row["version"],
    )


def _version(row: RowMapping) -> ReportVersion:
    return ReportVersion(
        version_id=row["version_id"],
        report_id=row["report_id"],
        study_uid=row["study_uid"],
        patient_id=row["patient_id"],
        number=row["number"],
        status=VersionStatus(row["status"]),
        language=row["language"],
        body=Body.from_json(row["body"]),
        content_sha256=row["content_sha256"],
        previous_sha256=row["previous_sha256"],
        pdf_sha256=row["pdf_sha256"],
        pdf_size=row["pdf_size"],
        series_uid=row["series_uid"],
        sop_instance_uid=row["sop_instance_uid"],
        signer_id=row["signer_id"],
        signer_name=row["signer_name"],
        signer_identifier=row["signer_identifier"],
        auth_level=row["auth_level"],
        signed_at=row["signed_at"],
        discrepancy=Discrepancy(row["discrepancy"]) if row["discrepancy"] is not None else None,
        identity_changed=row["identity_changed"],
    )
