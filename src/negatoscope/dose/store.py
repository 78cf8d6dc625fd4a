"""SQL of the dose register."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, or_, select
from sqlalchemy.dialects.postgresql import insert

from negatoscope.archive.tables import studies
from negatoscope.dose.model import Exposure
from negatoscope.dose.tables import exposures
from negatoscope.formats.dicom.uids import SopInstanceUid, StudyUid

HEADER = "image_header"


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterRow:
    """One line of the register: an exposure, and whose it was."""

    exposure: Exposure
    patient_id: UUID
    patient_name: str
    patient_birth_date: date | None
    patient_sex: str
    patient_identifier: str
    study_description: str
    accession_number: str
    recorded_at: datetime


def insert_exposure(tx: Connection, exposure: Exposure, *, recorded_at: datetime) -> bool:
    """Add an irradiation; False when it is known."""
    values: dict[str, Any] = asdict(exposure) | {"source": HEADER, "recorded_at": recorded_at}
    values["flags"] = list(exposure.flags)
    done = tx.execute(insert(exposures).values(values).on_conflict_do_nothing().returning(exposures.c.event_uid)).one_or_none()
    return done is not None


def list_known_instances(tx: Connection, study_uid: str) -> set[str]:
    """Return the SOP Instance UIDs of the study that have a row."""
    query = select(exposures.c.sop_instance_uid).where(exposures.c.study_uid == study_uid)
    return set(tx.execute(query).scalars())


def list_exposures_of_study(tx: Connection, study_uid: str) -> list[Exposure]:
    """Return the irradiations of a study in the order of time."""
    query = (
        select(exposures)
        .where(exposures.c.study_uid == study_uid)
        .order_by(exposures.c.irradiated_at.asc().nulls_last(), exposures.c.recorded_at, exposures.c.event_uid)
    )
    return [_exposure(row) for row in tx.execute(query).mappings()]


def list_sides(tx: Connection, study_uids: Sequence[str]) -> dict[str, frozenset[str]]:
    """Return the sides, R and L, that the images of each of these studies name, in one query."""
    columns = exposures.c
    query = (
        select(columns.study_uid, columns.laterality)
        .where(columns.study_uid.in_(study_uids), columns.laterality.in_(["R", "L"]))
        .distinct()
    )
    sides: dict[str, set[str]] = {study_uid: set() for study_uid in study_uids}
    for row in tx.execute(query) if study_uids else ():
        sides[row.study_uid].add(row.laterality)
    return {study_uid: frozenset(found) for study_uid, found in sides.items()}


def list_register(
    tx: Connection,
    visible: ColumnElement[bool],
    *,
    patient_id: UUID | None = None,
    body_part: str = "",
    station_name: str = "",
    flagged: bool = False,
    after: tuple[datetime, str] | None = None,
    limit: int = 50,
) -> list[RegisterRow]:
    """Return lines of the register, newest first, of the studies for which `visible` holds."""
    query = (
        select(
            exposures,
            studies.c.patient_id,
            studies.c.patient_name,
            studies.c.patient_birth_date,
            studies.c.patient_sex,
            studies.c.patient_identifier,
            studies.c.study_description,
            studies.c.accession_number,
        )
        .join(studies, studies.c.study_uid == exposures.c.study_uid)
        .where(visible)
        .order_by(exposures.c.recorded_at.desc(), exposures.c.event_uid.desc())
        .limit(limit)
    )
    if patient_id is not None:
        query = query.where(studies.c.patient_id == patient_id)
    if body_part:
        query = query.where(exposures.c.body_part == body_part)
    if station_name:
        query = query.where(exposures.c.station_name == station_name)
    if flagged:
        query = query.where(exposures.c.flags != [])
    if after is not None:
        at, event_uid = after
        query = query.where(
            or_(
                exposures.c.recorded_at < at,
                and_(exposures.c.recorded_at == at, exposures.c.event_uid < event_uid),
            )
        )
    return [_register_row(row) for row in tx.execute(query).mappings()]


def _register_row(row: RowMapping) -> RegisterRow:
    return RegisterRow(
        exposure=_exposure(row),
        patient_id=row["patient_id"],
        patient_name=row["patient_name"],
        patient_birth_date=row["patient_birth_date"],
        patient_sex=row["patient_sex"],
        patient_identifier=row["patient_identifier"],
        study_description=row["study_description"],
        accession_number=row["accession_number"],
        recorded_at=row["recorded_at"],
    )


def _exposure(row: RowMapping) -> Exposure:
    return Exposure(
        event_uid=row["event_uid"],
        study_uid=StudyUid(row["study_uid"]),
        sop_instance_uid=SopInstanceUid(row["sop_instance_uid"]),
        irradiated_at=row["irradiated_at"],
        station_name=row["station_name"],
        equipment=row["equipment"],
        body_part=row["body_part"],
        view_position=row["view_position"],
        laterality=row["laterality"],
        protocol_name=row["protocol_name"],
        kvp_kv=row["kvp_kv"],
        exposure_mas=row["exposure_mas"],
        dose_area_product_mgy_cm2=row["dose_area_product_mgy_cm2"],
        entrance_dose_mgy=row["entrance_dose_mgy"],
        exposure_index=row["exposure_index"],
        target_exposure_index=row["target_exposure_index"],
        deviation_index=row["deviation_index"],
        flags=tuple(row["flags"]),
    )
