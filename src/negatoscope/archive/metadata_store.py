"""Rows of what can be computed again: metadata blocks and pictures."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Text, TextClause, bindparam, func, literal, select
from sqlalchemy.dialects.postgresql import insert as insert_or_update

from negatoscope.archive.model import Instance
from negatoscope.archive.tables import instances, renderings, series, series_metadata, studies
from negatoscope.platform.database import written_out


class SeriesBlock(NamedTuple):
    """One series as the subject sees it: its compressed block where one covers that, and whether one is kept of it at all."""

    series_uid: str
    instances: int
    block: bytes | None
    revision: int
    is_kept: bool


def list_blocks(
    tx: Connection,
    study_uid: str,
    series_uid: str | None,
    form: int,
    *,
    where: ColumnElement[bool],
    kept_for: ColumnElement[bool],
) -> tuple[UUID | None, list[SeriesBlock]]:
    """Return the blocks of a study or of one series, with the patient of the study; (None, []) when there is nothing.

    `kept_for`: the series whose kept blocks hold what the condition keeps, no more and no less.
    """
    given = {"study": study_uid} if series_uid is None else {"study": study_uid, "series": series_uid}
    statement = _blocks(series_uid is not None, form, where, kept_for)
    rows = tx.execute(statement, given).all()
    return (rows[0][3], [SeriesBlock(row[0], row[1], row[2], row[4], row[5]) for row in rows]) if rows else (None, [])


@lru_cache(maxsize=64)
def _blocks(of_one: bool, form: int, where: ColumnElement[bool], kept_for: ColumnElement[bool]) -> TextClause:
    study_uid = bindparam("study", type_=Text(), required=False)
    counted = select(instances.c.series_uid, func.count().label("instances")).where(instances.c.study_uid == study_uid, where)
    if of_one:
        counted = counted.where(instances.c.series_uid == bindparam("series", type_=Text(), required=False))
    counts = counted.group_by(instances.c.series_uid).subquery("counts")
    kept = series_metadata.c
    is_whole = (
        (kept.study_uid == study_uid)
        & (kept.series_uid == counts.c.series_uid)
        & (kept.instances == counts.c.instances)
        & (kept.format == form)
        & (kept.revision == series.c.revision)
    )
    whose = select(studies.c.patient_id).where(studies.c.study_uid == study_uid).scalar_subquery()
    query = select(counts.c.series_uid, counts.c.instances, kept.block, whose, series.c.revision, kept_for)
    same = (series.c.study_uid == study_uid) & (series.c.series_uid == counts.c.series_uid)
    joined = counts.join(series, same).outerjoin(series_metadata, is_whole & kept_for)
    return written_out(query.select_from(joined).order_by(counts.c.series_uid))


def upsert_block(
    tx: Connection, study_uid: str, series_uid: str, *, covers: int, form: int, revision: int, block: bytes
) -> None:
    """Keep the compressed block of a series that is still here, unless one that covers more or knows a later change is there."""
    values = {
        "study_uid": study_uid,
        "series_uid": series_uid,
        "instances": covers,
        "format": form,
        "revision": revision,
        "block": block,
    }
    # The row is held until this commits: an erasure that removes it looks for blocks afterwards.
    here = select(*(literal(value, series_metadata.c[name].type) for name, value in values.items())).where(
        series.c.study_uid == study_uid, series.c.series_uid == series_uid
    )
    held = here.select_from(series).with_for_update(read=True, key_share=True)
    statement = insert_or_update(series_metadata).from_select(list(values), held)
    new = statement.excluded
    kept = series_metadata.c
    covers_more = (kept.revision == new.revision) & (kept.instances <= new.instances)
    is_better = (kept.format != new.format) | (kept.revision < new.revision) | covers_more
    tx.execute(
        statement.on_conflict_do_update(
            constraint="series_metadata_pkey",
            set_={"instances": new.instances, "format": new.format, "revision": new.revision, "block": new.block},
            where=is_better,
        )
    )


def find_rendering(tx: Connection, sop_instance_uid: str, frame: int, recipe: str) -> bytes | None:
    """Return a picture that was made before by this recipe."""
    columns = renderings.c
    query = select(columns.picture).where(
        columns.sop_instance_uid == sop_instance_uid, columns.frame == frame, columns.recipe == recipe
    )
    picture: bytes | None = tx.execute(query).scalar_one_or_none()
    return picture


def insert_rendering(tx: Connection, instance: Instance, frame: int, recipe: str, picture: bytes) -> None:
    """Keep a picture of an object that is still here with these bytes; no error if it is there."""
    values = {"sop_instance_uid": instance.sop_instance_uid, "frame": frame, "recipe": recipe, "picture": picture}
    # The row is held until this commits: an erasure that removes it looks for pictures afterwards.
    here = select(*(literal(value, renderings.c[name].type) for name, value in values.items())).where(
        instances.c.sop_instance_uid == instance.sop_instance_uid, instances.c.blob_sha256 == instance.blob.sha256
    )
    held = here.select_from(instances).with_for_update(read=True, key_share=True)
    statement = insert_or_update(renderings).from_select(list(values), held)
    tx.execute(statement.on_conflict_do_nothing())
