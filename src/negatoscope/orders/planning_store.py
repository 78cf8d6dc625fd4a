"""SQL of rooms, scheduled steps and performed steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID, uuid4

import orjson
from sqlalchemy import ColumnElement, Connection, RowMapping, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from negatoscope.formats.dicom.uids import SopInstanceUid, StudyUid
from negatoscope.orders.model import PerformedStep, Room, ScheduledStep, StepKey, StepRequest
from negatoscope.orders.states import PerformedState, StepState
from negatoscope.orders.tables import (
    orders,
    performed_step_links,
    performed_steps,
    requested_procedures,
    rooms,
    scheduled_steps,
)
from negatoscope.patients.tables import patients
from negatoscope.platform.errors import NotFound, StaleVersion


def upsert_room(tx: Connection, room: Room) -> None:
    """Write a room; one of the same code is changed."""
    values = {
        "room_code": room.room_code,
        "name": room.name,
        "modality": room.modality,
        "station_ae_title": room.station_ae_title,
        "station_name": room.station_name,
    }
    tx.execute(upsert(rooms).values(values).on_conflict_do_update(index_elements=["tenant", "room_code"], set_=values))


def list_rooms(tx: Connection) -> list[Room]:
    """Return the rooms by code."""
    return [Room(**row) for row in tx.execute(select(rooms).order_by(rooms.c.room_code)).mappings()]


def insert_step(
    tx: Connection, study_uid: StudyUid, step: StepRequest, *, starts_at: datetime, duration_min: int, room: Room | None
) -> StepKey:
    """Insert one scheduled step in its first state."""
    key = StepKey(uuid4())
    tx.execute(
        insert(scheduled_steps).values(
            scheduled_step_key=key,
            study_uid=study_uid,
            scheduled_step_id=step.scheduled_step_id,
            state=StepState.SCHEDULED.value,
            starts_at=starts_at,
            duration_min=duration_min,
            room_code=room.room_code if room else "",
            station_ae_title=step.station_ae_title,
            station_name=step.station_name,
            location=step.location,
            modality=step.modality,
            protocol_code=step.protocol_code,
            protocol_scheme=step.protocol_scheme,
            protocol_meaning=step.protocol_meaning,
            performing_physician=step.performing_physician,
            start_inferred=False,
            reason="",
            version=1,
        )
    )
    return key


def list_steps(tx: Connection, study_uids: Iterable[str]) -> dict[str, list[ScheduledStep]]:
    """Return the steps of each of these studies in the order of their plan."""
    wanted = sorted(set(study_uids))
    found: dict[str, list[ScheduledStep]] = {study_uid: [] for study_uid in wanted}
    if wanted:
        table = scheduled_steps.c
        query = select(scheduled_steps).where(table.study_uid.in_(wanted)).order_by(table.starts_at, table.scheduled_step_id)
        for row in tx.execute(query).mappings():
            found[row["study_uid"]].append(step_of(row))
    return found


def get_step(tx: Connection, scheduled_step_key: UUID) -> ScheduledStep:
    """Return one step, or raise NotFound."""
    query = select(scheduled_steps).where(scheduled_steps.c.scheduled_step_key == scheduled_step_key)
    row = tx.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("No such step.", reason="no_such_step")
    return step_of(row)


def find_steps(tx: Connection, where: Sequence[ColumnElement[bool]], *, limit: int) -> list[ScheduledStep]:
    """Return steps whose order, procedure and patient meet these conditions, earliest first."""
    query = (
        select(scheduled_steps)
        .join(requested_procedures, requested_procedures.c.study_uid == scheduled_steps.c.study_uid)
        .join(orders, orders.c.order_id == requested_procedures.c.order_id)
        .join(patients, patients.c.patient_id == orders.c.patient_id)
        .where(*where)
        .order_by(scheduled_steps.c.starts_at, scheduled_steps.c.scheduled_step_key)
        .limit(limit)
    )
    return [step_of(row) for row in tx.execute(query).mappings()]


def update_step(tx: Connection, step: ScheduledStep, values: dict[str, object]) -> None:
    """Write these columns of a step that is still as it was read, or raise StaleVersion."""
    changed = tx.execute(
        update(scheduled_steps)
        .where(scheduled_steps.c.scheduled_step_key == step.scheduled_step_key, scheduled_steps.c.version == step.version)
        .values(version=step.version + 1, **values)
    )
    if changed.rowcount != 1:
        raise StaleVersion("Somebody else changed this step first.")


def insert_performed_step(tx: Connection, step: PerformedStep, *, at: datetime) -> bool:
    """Insert a performed step; False when its UID is taken."""
    inserted = tx.execute(
        upsert(performed_steps)
        .values(
            sop_instance_uid=step.sop_instance_uid,
            station_ae_title=step.station_ae_title,
            started_at=step.started_at,
            is_unscheduled=step.is_unscheduled,
            created_at=at,
            version=1,
            **_performed_columns(step),
        )
        .on_conflict_do_nothing()
        .returning(performed_steps.c.sop_instance_uid)
    )
    return inserted.first() is not None


def update_performed_step(tx: Connection, step: PerformedStep) -> None:
    """Write what an N-SET changed; the row is locked by whoever read it."""
    tx.execute(
        update(performed_steps)
        .where(performed_steps.c.sop_instance_uid == step.sop_instance_uid)
        .values(version=step.version + 1, **_performed_columns(step))
    )


def lock_performed_step(tx: Connection, sop_instance_uid: str) -> PerformedStep | None:
    """Return a performed step, held until the transaction ends."""
    query = select(performed_steps).where(performed_steps.c.sop_instance_uid == sop_instance_uid).with_for_update()
    row = tx.execute(query).mappings().one_or_none()
    return performed_step_of(row) if row else None


def list_performed_steps(tx: Connection, study_uid: str) -> list[PerformedStep]:
    """Return the performed steps that name a study, oldest first."""
    table = performed_steps.c
    query = select(performed_steps).where(table.study_uids.contains([study_uid])).order_by(table.created_at)
    return [performed_step_of(row) for row in tx.execute(query).mappings()]


def list_awaiting_images(tx: Connection, study_uid: str) -> list[PerformedStep]:
    """Return the ended performed steps of a study of which it is not known yet that every image is here."""
    table = performed_steps.c
    query = select(performed_steps).where(
        table.study_uids.contains([study_uid]),
        table.state != PerformedState.IN_PROGRESS.value,
        table.images_complete_at.is_(None),
    )
    return [performed_step_of(row) for row in tx.execute(query).mappings()]


def note_images_complete(tx: Connection, sop_instance_uid: str, at: datetime) -> None:
    """Say that every image which this performed step names is stored."""
    tx.execute(
        update(performed_steps).where(performed_steps.c.sop_instance_uid == sop_instance_uid).values(images_complete_at=at)
    )


def link_performed_step(tx: Connection, sop_instance_uid: str, keys: Iterable[UUID]) -> None:
    """Say which scheduled steps a performed step carries out."""
    rows = [{"sop_instance_uid": sop_instance_uid, "scheduled_step_key": key} for key in dict.fromkeys(keys)]
    if rows:
        tx.execute(upsert(performed_step_links).values(rows).on_conflict_do_nothing())


def linked_steps(tx: Connection, sop_instance_uid: str) -> list[ScheduledStep]:
    """Return the scheduled steps that a performed step carries out."""
    query = (
        select(scheduled_steps)
        .join(
            performed_step_links,
            performed_step_links.c.scheduled_step_key == scheduled_steps.c.scheduled_step_key,
        )
        .where(performed_step_links.c.sop_instance_uid == sop_instance_uid)
        .order_by(scheduled_steps.c.starts_at)
    )
    return [step_of(row) for row in tx.execute(query).mappings()]


def count_open_performed_steps(tx: Connection, scheduled_step_key: UUID) -> int:
    """Return how many performed steps for this scheduled step are still in progress."""
    query = (
        select(func.count())
        .select_from(performed_step_links)
        .join(performed_steps, performed_steps.c.sop_instance_uid == performed_step_links.c.sop_instance_uid)
        .where(
            performed_step_links.c.scheduled_step_key == scheduled_step_key,
            performed_steps.c.state == PerformedState.IN_PROGRESS.value,
        )
    )
    return tx.execute(query).scalar_one()


def step_of(row: RowMapping) -> ScheduledStep:
    """Make a step of its row."""
    columns = dict(row)
    columns["scheduled_step_key"] = StepKey(columns["scheduled_step_key"])
    columns["study_uid"] = StudyUid(columns["study_uid"])
    columns["state"] = StepState(columns["state"])
    return ScheduledStep(**columns)


def performed_step_of(row: RowMapping) -> PerformedStep:
    """Make a performed step of its row."""
    return PerformedStep(
        sop_instance_uid=SopInstanceUid(row["sop_instance_uid"]),
        state=PerformedState(row["state"]),
        station_ae_title=row["station_ae_title"],
        modality=row["modality"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        is_unscheduled=row["is_unscheduled"],
        study_uids=tuple(StudyUid(uid) for uid in row["study_uids"]),
        referenced_instances=tuple(SopInstanceUid(uid) for uid in row["referenced_instances"]),
        attributes=orjson.dumps(row["attributes"]).decode(),
        version=row["version"],
    )


def _performed_columns(step: PerformedStep) -> dict[str, object]:
    return {
        "state": step.state.value,
        "modality": step.modality,
        "ended_at": step.ended_at,
        "study_uids": list(step.study_uids),
        "referenced_instances": list(step.referenced_instances),
        "attributes": orjson.loads(step.attributes),
    }
