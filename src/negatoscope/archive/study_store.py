"""Read rows of studies, series and instances as what they are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    Text,
    TextClause,
    bindparam,
    case,
    func,
    select,
    true,
    update,
)

from negatoscope.archive.model import HeldInstance, Instance, Series, Study, StudyState
from negatoscope.archive.rejections.shown import not_rejected
from negatoscope.archive.tables import instance_conflicts, instances, quarantine, series, studies
from negatoscope.formats.dicom.attributes import PixelDescription, Request
from negatoscope.formats.dicom.uids import SeriesUid, SopInstanceUid, StudyUid
from negatoscope.platform.blobs.port import BlobRef
from negatoscope.platform.database import written_out
from negatoscope.platform.errors import NotFound

_Uid = str | ColumnElement[str]


def instance_count() -> ColumnElement[int]:
    """Count what is not rejected of a study: kept on the row while it is stable, counted while images arrive."""
    same = instances.c.study_uid == studies.c.study_uid
    live = select(func.count()).where(same, not_rejected()).correlate(studies).scalar_subquery()
    return case((studies.c.state == StudyState.STABLE.value, studies.c.instances), else_=live)


def series_count() -> ColumnElement[int]:
    """Count the series of a study."""
    return select(func.count()).where(series.c.study_uid == studies.c.study_uid).correlate(studies).scalar_subquery()


def series_instance_count() -> ColumnElement[int]:
    """Count what is not rejected of a series."""
    same = (instances.c.study_uid == series.c.study_uid) & (instances.c.series_uid == series.c.series_uid)
    return select(func.count()).where(same, not_rejected()).correlate(series).scalar_subquery()


def get_study(tx: Connection, study_uid: str) -> Study:
    """Return one study, or raise NotFound."""
    row = tx.execute(_select_studies().where(studies.c.study_uid == study_uid)).mappings().one_or_none()
    if row is None:
        raise NotFound("No such study.", reason="no_such_study")
    return _study(row)


def list_studies(tx: Connection, study_uids: Sequence[str]) -> list[Study]:
    """Return these studies, as many as are known, in no order."""
    if not study_uids:
        return []
    rows = tx.execute(_select_studies().where(studies.c.study_uid.in_(study_uids))).mappings()
    return [_study(row) for row in rows]


def list_studies_of_patient(tx: Connection, patient_id: UUID) -> list[Study]:
    """Return the studies of a patient, newest first."""
    query = _select_studies().where(studies.c.patient_id == patient_id)
    order = (studies.c.study_date.desc().nulls_last(), studies.c.study_time.desc().nulls_last(), studies.c.study_uid)
    return [_study(row) for row in tx.execute(query.order_by(*order)).mappings()]


def list_series(tx: Connection, study_uid: str) -> list[Series]:
    """Return the series of a study by number."""
    query = (
        select(series, series_instance_count().label("instances"))
        .where(series.c.study_uid == study_uid)
        .order_by(series.c.series_number.asc().nulls_last(), series.c.series_uid)
    )
    return [_series(row) for row in tx.execute(query).mappings()]


def list_instances(
    tx: Connection,
    study_uid: str,
    series_uid: str | None = None,
    sop_instance_uid: str | None = None,
    *,
    where: ColumnElement[bool] | None = None,
) -> list[Instance]:
    """Return the instances of a study, a series or one instance: by series, instance number and UID.

    All of them, rejected ones too, where no condition says otherwise (`visible_instances`, `not_rejected`).
    """
    query = _select_instances(study_uid, series_uid, sop_instance_uid)
    if where is not None:
        query = query.where(where)
    return [_instance(row) for row in tx.execute(query).mappings()]


def list_instances_and_patient(
    tx: Connection,
    study_uid: str,
    series_uid: str | None,
    sop_instance_uid: str | None,
    *,
    where: ColumnElement[bool],
) -> tuple[UUID | None, list[Instance]]:
    """Return the same with the patient of the study, in one query; (None, []) when there is nothing."""
    asked = {"study": study_uid, "series": series_uid, "instance": sop_instance_uid}
    given = {name: uid for name, uid in asked.items() if uid is not None}
    rows = tx.execute(_instances_and_patient(frozenset(given), where), given).mappings().all()
    return (rows[0]["patient_id"], [_instance(row) for row in rows]) if rows else (None, [])


@lru_cache(maxsize=64)
def _instances_and_patient(given: frozenset[str], where: ColumnElement[bool]) -> TextClause:
    series_uid, sop_instance_uid = (
        bindparam(name, type_=Text(), required=False) if name in given else None for name in ("series", "instance")
    )
    query = _select_instances(bindparam("study", type_=Text(), required=False), series_uid, sop_instance_uid)
    joined = instances.join(studies, studies.c.study_uid == instances.c.study_uid)
    return written_out(query.where(where).add_columns(studies.c.patient_id).select_from(joined))


def find_instance(tx: Connection, sop_instance_uid: str) -> Instance | None:
    """Return one instance by its UID alone."""
    query = select(instances).where(instances.c.sop_instance_uid == sop_instance_uid)
    row = tx.execute(query).mappings().one_or_none()
    return _instance(row) if row is not None else None


def list_known_instances(tx: Connection, sop_instance_uids: Sequence[str]) -> dict[SopInstanceUid, Instance]:
    """Return those of these instances that are stored."""
    wanted = list(dict.fromkeys(sop_instance_uids))
    if not wanted:
        return {}
    rows = tx.execute(select(instances).where(instances.c.sop_instance_uid.in_(wanted))).mappings()
    return {instance.sop_instance_uid: instance for instance in map(_instance, rows)}


class Arrival(NamedTuple):
    """How far a study has come: what is there and not rejected, and what was last announced."""

    study_uid: StudyUid
    instances: int
    series: int
    last_received_at: datetime
    announced_instances: int


def list_arrivals(tx: Connection, study_uid: str | None = None) -> list[Arrival]:
    """Return the studies that are being received, or one study whatever its state."""
    columns = studies.c
    there = (
        select(
            func.count().filter(not_rejected()).label("instances"),
            func.count(instances.c.series_uid.distinct()).label("series"),
            func.max(instances.c.received_at).label("last"),
        )
        .where(instances.c.study_uid == columns.study_uid)
        .correlate(studies)
        .lateral("there")
    )
    query = select(
        columns.study_uid,
        there.c.instances,
        there.c.series,
        func.coalesce(there.c.last, columns.received_at),
        columns.instances,
    ).select_from(studies.join(there, onclause=true()))
    if study_uid is None:
        query = query.where(columns.state == StudyState.RECEIVING.value)
    else:
        query = query.where(columns.study_uid == study_uid)
    return [Arrival(*row) for row in tx.execute(query)]


def update_arrival(tx: Connection, arrival: Arrival) -> bool:
    """Write down how far a study has come; False when it was known."""
    columns = studies.c
    changed = tx.execute(
        update(studies)
        .where(columns.study_uid == arrival.study_uid, columns.instances != arrival.instances)
        .values(instances=arrival.instances, series=arrival.series, last_received_at=arrival.last_received_at)
    )
    return changed.rowcount == 1


def list_quarantine(tx: Connection, limit: int = 100) -> list[HeldInstance]:
    """Return what waits in quarantine, newest first."""
    columns = quarantine.c
    waits = columns.state.in_(("waiting", "release_proposed"))
    query = select(quarantine).where(waits).order_by(columns.received_at.desc(), columns.quarantine_id).limit(limit)
    return [
        HeldInstance(
            held_id=str(row["quarantine_id"]),
            reason=row["reason"],
            study_uid=row["study_uid"],
            sop_instance_uid=row["sop_instance_uid"],
            source=row["source"],
            received_at=row["received_at"],
            size=row["blob_size"],
            sha256=row["blob_sha256"],
        )
        for row in tx.execute(query).mappings()
    ]


def list_conflicts(tx: Connection, limit: int = 100) -> list[HeldInstance]:
    """Return the objects that came with other bytes under a known UID and wait for a person, newest first."""
    columns = instance_conflicts.c
    query = select(instance_conflicts).where(columns.settled_at.is_(None)).order_by(columns.received_at.desc()).limit(limit)
    return [
        HeldInstance(
            held_id=f"{row['sop_instance_uid']}/{row['blob_sha256']}",
            reason="other_bytes",
            study_uid=row["study_uid"],
            sop_instance_uid=row["sop_instance_uid"],
            source=row["source"],
            received_at=row["received_at"],
            size=row["blob_size"],
            sha256=row["blob_sha256"],
        )
        for row in tx.execute(query).mappings()
    ]


def _select_studies() -> Select[Any]:
    kept = [column for column in studies.c if column.name not in {"instances", "series"}]
    return select(*kept, instance_count().label("instances"), series_count().label("series"))


def _select_instances(study_uid: _Uid, series_uid: _Uid | None, sop_instance_uid: _Uid | None) -> Select[Any]:
    columns = instances.c
    query = select(*columns).where(columns.study_uid == study_uid)
    if series_uid is not None:
        query = query.where(columns.series_uid == series_uid)
    if sop_instance_uid is not None:
        query = query.where(columns.sop_instance_uid == sop_instance_uid)
    order = (columns.series_uid, columns.instance_number.asc().nulls_last(), columns.sop_instance_uid)
    return query.order_by(*order)


def _study(row: RowMapping) -> Study:
    values = {name: row[name] for name in Study.__slots__}
    values["study_uid"] = StudyUid(row["study_uid"])
    values["state"] = StudyState(row["state"])
    values["modalities"] = tuple(sorted(row["modalities"]))
    values["requests"] = tuple(Request(**request) for request in row["requests"])
    return Study(**values)


def _series(row: RowMapping) -> Series:
    values = {name: row[name] for name in Series.__slots__}
    values["study_uid"] = StudyUid(row["study_uid"])
    values["series_uid"] = SeriesUid(row["series_uid"])
    values["requests"] = tuple(Request(**request) for request in row["requests"])
    return Series(**values)


def _instance(row: RowMapping) -> Instance:
    return Instance(
        study_uid=StudyUid(row["study_uid"]),
        series_uid=SeriesUid(row["series_uid"]),
        sop_instance_uid=SopInstanceUid(row["sop_instance_uid"]),
        sop_class_uid=row["sop_class_uid"],
        transfer_syntax_uid=row["transfer_syntax_uid"],
        instance_number=row["instance_number"],
        pixels=PixelDescription(**row["pixels"]) if row["pixels"] is not None else None,
        data_set_offset=row["data_set_offset"],
        header_end=row["header_end"],
        pixel_tag=row["pixel_tag"],
        pixel_offset=row["pixel_offset"],
        pixel_length=row["pixel_length"],
        frame_index=row["frame_index"],
        warnings=tuple(row["warnings"]),
        source=row["source"],
        received_at=row["received_at"],
        blob=BlobRef(
            key=row["blob_key"],
            size=row["blob_size"],
            sha256=row["blob_sha256"],
            wrapped_key=bytes(row["blob_wrapped_key"]),
        ),
    )
