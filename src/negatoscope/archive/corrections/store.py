"""Rows of moves, and the rows of studies, series and instances that a move changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, Table, delete, exists, insert, literal, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from negatoscope.archive.corrections.model import Move, MovedObject, MoveState
from negatoscope.archive.corrections.tables import moved_objects, moves
from negatoscope.archive.rejections.tables import rejections
from negatoscope.archive.tables import instances, series, series_metadata, studies
from negatoscope.patients.model import Patient, Sex
from negatoscope.platform.errors import NotFound, StaleVersion


def insert_move(tx: Connection, move: Move, objects: Sequence[MovedObject]) -> None:
    """Write a move down with what it moves."""
    tx.execute(insert(moves).values(**(asdict(move) | {"state": move.state.value})))
    tx.execute(insert(moved_objects), [asdict(one) | {"move_id": move.move_id} for one in objects])


def get_move(tx: Connection, move_id: UUID) -> Move:
    """Return one move, or raise NotFound."""
    row = tx.execute(select(moves).where(moves.c.move_id == move_id)).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such move.", reason="no_such_move")
    return _move(row)


def list_moves(tx: Connection, limit: int) -> list[Move]:
    """Return moves, those that wait for a decision first, then the newest."""
    waits = (moves.c.state == MoveState.PROPOSED.value).desc()
    query = select(moves).order_by(waits, moves.c.proposed_at.desc(), moves.c.move_id).limit(limit)
    return [_move(row) for row in tx.execute(query).mappings()]


def list_moved(tx: Connection, move_id: UUID) -> list[MovedObject]:
    """Return what a move moves."""
    query = select(moved_objects).where(moved_objects.c.move_id == move_id).order_by(moved_objects.c.sop_instance_uid)
    return [
        MovedObject(
            sop_instance_uid=row["sop_instance_uid"],
            from_series_uid=row["from_series_uid"],
            to_series_uid=row["to_series_uid"],
        )
        for row in tx.execute(query).mappings()
    ]


def update_move(tx: Connection, before: Move, after: Move) -> None:
    """Write down how a move stands now, or raise StaleVersion."""
    names = ("decided_by", "decided_at", "undone_by", "undone_at", "undo_reason")
    same = (moves.c.move_id == before.move_id) & (moves.c.version == before.version)
    values = {name: getattr(after, name) for name in names}
    if (
        tx.execute(update(moves).where(same).values(state=after.state.value, version=before.version + 1, **values)).rowcount
        != 1
    ):
        raise StaleVersion("Somebody else decided about this move meanwhile.", field="version")


def copy_study(tx: Connection, study_uid: str, new_uid: str, patient: Patient, *, same_patient: bool, at: datetime) -> None:
    """Make a study like another for a patient; the order's number goes along with the same patient only."""
    traits = patient.demographics
    values: dict[str, Any] = {
        "study_uid": new_uid,
        "state": "receiving",
        "stable_reason": None,
        "stable_at": None,
        "instances": 0,
        "series": 0,
        "received_at": at,
        "last_received_at": at,
        "version": 1,
    }
    if not same_patient:
        values |= {
            "patient_id": patient.patient_id,
            "patient_name": traits.person_name,
            "patient_name_key": traits.name_key,
            "patient_birth_date": traits.birth_date,
            "patient_sex": "" if traits.sex is Sex.UNKNOWN else traits.sex.value,
            "patient_identifier": patient.local_identifier.value,
            "patient_issuer": patient.local_identifier.issuer,
            "sent_patient_id": patient.local_identifier.value,
            "sent_issuer": patient.local_identifier.issuer,
            "accession_number": "",
            "accession_issuer": "",
            "requests": [],
        }
    _copy(tx, studies, {"study_uid": study_uid}, values)


def copy_series(tx: Connection, from_study: str, from_series: str, to_study: str, to_series: str) -> None:
    """Make a series like another in another study; harmless when it is there."""
    _copy(tx, series, {"study_uid": from_study, "series_uid": from_series}, {"study_uid": to_study, "series_uid": to_series})


def move_objects(tx: Connection, uids: Sequence[str], from_study: str, to_study: str, to_series: str) -> int:
    """Let these objects, and what rejects them, stand in another series; return how many were there to move."""
    there = {"study_uid": to_study, "series_uid": to_series}
    same = instances.c.sop_instance_uid.in_(uids) & (instances.c.study_uid == from_study)
    moved = tx.execute(update(instances).where(same).values(there)).rowcount
    rejected = rejections.c.sop_instance_uid.in_(uids) & (rejections.c.study_uid == from_study)
    tx.execute(update(rejections).where(rejected).values(there))
    return int(moved)


def drop_empty_series(tx: Connection, study_uid: str, series_uids: Sequence[str]) -> None:
    """Remove the rows of series in which nothing is left."""
    left = exists().where(instances.c.study_uid == series.c.study_uid, instances.c.series_uid == series.c.series_uid)
    same = (series.c.study_uid == study_uid) & series.c.series_uid.in_(series_uids)
    gone = list(tx.execute(delete(series).where(same, ~left).returning(series.c.series_uid)).scalars())
    kept = series_metadata.c
    tx.execute(delete(series_metadata).where(kept.study_uid == study_uid, kept.series_uid.in_(gone)))


def update_modalities(tx: Connection, study_uid: str) -> None:
    """Say anew of a study which modalities are in it."""
    query = select(series.c.modality).where(series.c.study_uid == study_uid, series.c.modality != "").distinct()
    found = sorted(tx.execute(query).scalars())
    tx.execute(update(studies).where(studies.c.study_uid == study_uid).values(modalities=found))


def _copy(tx: Connection, table: Table, key: Mapping[str, str], values: Mapping[str, Any]) -> None:
    chosen = [
        literal(values[column.name], column.type).label(column.name) if column.name in values else column
        for column in table.columns
    ]
    source = select(*chosen).where(*(table.c[name] == value for name, value in key.items()))
    names = [column.name for column in table.columns]
    tx.execute(insert_or_skip(table).from_select(names, source).on_conflict_do_nothing())


def _move(row: RowMapping) -> Move:
    values: dict[str, Any] = {name: row[name] for name in Move.__slots__}
    return Move(**(values | {"state": MoveState(row["state"])}))
