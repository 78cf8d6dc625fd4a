"""SQL of the reading tasks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from negatoscope.archive.tables import instances, series
from negatoscope.platform.errors import NotFound, StaleVersion
from negatoscope.reading.model import OPEN_STATES, ReadingTask, TaskState
from negatoscope.reading.relevance import SeriesFacts
from negatoscope.reading.tables import reading_tasks
from negatoscope.reading.urgency import Band, Component, Urgency

NOT_IMAGES = ("DOC", "SR", "PR", "KO")
_OPEN = sorted(state.value for state in OPEN_STATES)


def insert_task(tx: Connection, task: ReadingTask) -> bool:
    """Add a task; False when the study has one."""
    query = insert(reading_tasks).values(_values(task)).on_conflict_do_nothing().returning(reading_tasks.c.task_id)
    return tx.execute(query).one_or_none() is not None


def find_task_of_study(tx: Connection, study_uid: str, *, lock: bool = False) -> ReadingTask | None:
    """Return the task of a study, held until the end of the transaction when `lock` is set."""
    query = select(reading_tasks).where(reading_tasks.c.study_uid == study_uid)
    row = tx.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    return task_of(row) if row is not None else None


def get_task(tx: Connection, task_id: UUID, *, lock: bool = False) -> ReadingTask:
    """Return a task, held until the end of the transaction when `lock` is set."""
    query = select(reading_tasks).where(reading_tasks.c.task_id == task_id)
    row = tx.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such reading task.")
    return task_of(row)


def update_task(tx: Connection, task: ReadingTask) -> ReadingTask:
    """Write the changed task over the version it was read at."""
    query = (
        update(reading_tasks)
        .where(reading_tasks.c.task_id == task.task_id, reading_tasks.c.version == task.version)
        .values(_values(task) | {"version": task.version + 1})
        .returning(*reading_tasks.c)
    )
    row = tx.execute(query).mappings().one_or_none()
    if row is None:
        raise StaleVersion("The reading task was changed meanwhile.", field="version")
    return task_of(row)


def list_open_tasks(tx: Connection, *, after: str = "", limit: int = 500) -> list[ReadingTask]:
    """Return tasks that wait for somebody, by study UID: for a pass over all of them in pieces."""
    query = (
        select(reading_tasks)
        .where(reading_tasks.c.state.in_(_OPEN), reading_tasks.c.study_uid > after)
        .order_by(reading_tasks.c.study_uid)
        .limit(limit)
    )
    return [task_of(row) for row in tx.execute(query).mappings()]


def list_expired(tx: Connection, now: datetime) -> list[ReadingTask]:
    """Return claims whose lease has ended, held until the end of the transaction."""
    query = (
        select(reading_tasks)
        .where(reading_tasks.c.state == TaskState.CLAIMED.value, reading_tasks.c.lease_until <= now)
        .with_for_update(skip_locked=True)
    )
    return [task_of(row) for row in tx.execute(query).mappings()]


def update_places(tx: Connection, places: Sequence[tuple[UUID, Urgency]]) -> None:
    """Write urgency alone: it is no change that anybody could be behind on, so the version stays."""
    if not places:
        return
    # An IN list is expanded at each execution, which one statement for many rows cannot be.
    is_open = or_(*(reading_tasks.c.state == state for state in _OPEN))
    query = (
        update(reading_tasks)
        .where(reading_tasks.c.task_id == bindparam("of_task"), is_open)
        .values(
            band=bindparam("new_band"),
            rank=bindparam("new_rank"),
            total=bindparam("new_total"),
            components=bindparam("new_components"),
        )
    )
    rows: list[dict[str, Any]] = [
        {"of_task": task_id} | {f"new_{name}": value for name, value in _urgency_values(urgency).items()}
        for task_id, urgency in places
    ]
    tx.execute(query, rows)


def count_images(tx: Connection, study_uid: str) -> int:
    """Count the objects of a study that have pixels: a report stored into it is no new image."""
    query = select(func.count()).where(
        instances.c.study_uid == study_uid, or_(instances.c.pixel_tag.is_not(None), instances.c.pixels.is_not(None))
    )
    return tx.execute(query).scalar_one()


def list_image_series(tx: Connection, study_uids: Sequence[str]) -> dict[str, list[SeriesFacts]]:
    """Return what each series of these studies says of itself, documents and the like apart, in one query."""
    found: dict[str, list[SeriesFacts]] = {study_uid: [] for study_uid in study_uids}
    if not study_uids:
        return found
    columns = series.c
    query = (
        select(columns.study_uid, columns.modality, columns.body_part, columns.laterality)
        .where(columns.study_uid.in_(study_uids), columns.modality.not_in(NOT_IMAGES))
        .order_by(columns.study_uid, columns.series_number.asc().nulls_last(), columns.series_uid)
    )
    for row in tx.execute(query):
        found[row.study_uid].append(SeriesFacts(row.modality, row.body_part, row.laterality))
    return found


def task_of(row: RowMapping) -> ReadingTask:
    """Return the task of a row."""
    return ReadingTask(
        task_id=row["task_id"],
        study_uid=row["study_uid"],
        state=TaskState(row["state"]),
        owner_id=row["owner_id"],
        owner_name=row["owner_name"],
        lease_until=row["lease_until"],
        available_at=row["available_at"],
        urgency=Urgency(
            components=tuple(Component(str(one[0]), int(one[1]), str(one[2])) for one in row["components"]),
            total=row["total"],
            band=Band(row["band"]),
            rank=row["rank"],
        ),
        manual_points=row["manual_points"],
        manual_reason=row["manual_reason"],
        hold_reason=row["hold_reason"],
        image_count=row["image_count"],
        new_images_after_final=row["new_images_after_final"],
        version=row["version"],
    )


def _values(task: ReadingTask) -> dict[str, Any]:
    return {
        "task_id": task.task_id,
        "study_uid": task.study_uid,
        "state": task.state.value,
        "owner_id": task.owner_id,
        "owner_name": task.owner_name,
        "lease_until": task.lease_until,
        "available_at": task.available_at,
        "manual_points": task.manual_points,
        "manual_reason": task.manual_reason,
        "hold_reason": task.hold_reason,
        "image_count": task.image_count,
        "new_images_after_final": task.new_images_after_final,
        "version": task.version,
    } | _urgency_values(task.urgency)


def _urgency_values(urgency: Urgency) -> dict[str, Any]:
    return {
        "band": int(urgency.band),
        "rank": urgency.rank,
        "total": urgency.total,
        "components": [[one.name, one.points, one.detail] for one in urgency.components],
    }
