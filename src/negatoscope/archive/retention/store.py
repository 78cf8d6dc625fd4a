"""Rows of holds, erasures and tombstones, and the rows that an erasure removes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Table,
    cast,
    delete,
    exists,
    false,
    func,
    insert,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.types import Date

from negatoscope.archive.model import Study
from negatoscope.archive.recompression.tables import recompressed_objects
from negatoscope.archive.retention.model import Erasure, ErasureState, LegalHold, Tombstone
from negatoscope.archive.retention.tables import erased_objects, erasures, legal_holds
from negatoscope.archive.tables import (
    instance_conflicts,
    instances,
    quarantine,
    renderings,
    series,
    series_metadata,
    studies,
)
from negatoscope.platform.errors import NotFound, StaleVersion

_OPEN: Final = tuple(state.value for state in ErasureState if state not in {ErasureState.ERASED, ErasureState.REFUSED})
_AT_ONCE: Final = 1000
_LAST_DAY: Final = func.greatest(studies.c.study_date, cast(studies.c.last_received_at, Date))
"""When a study shows its patient last; no date of its own is passed over."""


def list_last_passages(tx: Connection, before: date, after: UUID | None, limit: int) -> list[tuple[UUID, date, date | None]]:
    """Return patients with the day of their last study and their birth date, whose last study is older than `before`."""
    day = func.max(_LAST_DAY)
    query = select(studies.c.patient_id, day, func.max(studies.c.patient_birth_date)).group_by(studies.c.patient_id)
    if after is not None:
        query = query.where(studies.c.patient_id > after)
    rows = tx.execute(query.having(day < before).order_by(studies.c.patient_id).limit(limit))
    return [(row[0], row[1], row[2]) for row in rows]


def get_last_passage(tx: Connection, study_uid: str) -> tuple[date, date | None]:
    """Return the last day and the birth date of the patient whose study it is now; what just came into it counts at once."""
    owner = select(studies.c.patient_id).where(studies.c.study_uid == study_uid).scalar_subquery()
    newest = select(cast(func.max(instances.c.received_at), Date)).where(instances.c.study_uid == study_uid).scalar_subquery()
    query = select(func.greatest(func.max(_LAST_DAY), newest), func.max(studies.c.patient_birth_date))
    row = tx.execute(query.where(studies.c.patient_id == owner)).one()
    return row[0], row[1]


def list_erasable_studies(tx: Connection, patient_id: UUID) -> list[str]:
    """Return the studies of a patient that hold something, that nothing holds, and on which nobody has decided yet."""
    known = exists().where(erasures.c.study_uid == studies.c.study_uid, erasures.c.state != ErasureState.ERASED.value)
    query = select(studies.c.study_uid).where(
        studies.c.patient_id == patient_id,
        exists().where(instances.c.study_uid == studies.c.study_uid),
        ~known,
        ~exists().where(_holds(studies.c.study_uid, studies.c.patient_id)),
    )
    return list(tx.execute(query.order_by(studies.c.study_uid)).scalars())


def insert_erasure(tx: Connection, erasure: Erasure) -> bool:
    """Propose an erasure; False when one of this study is on its way."""
    values = asdict(erasure) | {"state": erasure.state.value}
    statement = insert_or_skip(erasures).values(values).on_conflict_do_nothing().returning(erasures.c.erasure_id)
    return tx.execute(statement).one_or_none() is not None


def get_erasure(tx: Connection, erasure_id: UUID, *, lock: bool = False) -> Erasure:
    """Return one erasure, or raise NotFound."""
    query = select(erasures).where(erasures.c.erasure_id == erasure_id)
    row = tx.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such erasure.", reason="no_such_erasure")
    return _erasure(row)


def list_erasures(tx: Connection, limit: int) -> list[Erasure]:
    """Return erasures: first those that wait for somebody, then the newest."""
    waits = erasures.c.state.in_(_OPEN).desc()
    query = select(erasures).order_by(waits, erasures.c.proposed_at.desc(), erasures.c.erasure_id).limit(limit)
    return [_erasure(row) for row in tx.execute(query).mappings()]


def update_erasure(tx: Connection, before: Erasure, after: Erasure) -> None:
    """Write down how an erasure stands now, or raise StaleVersion."""
    kept = {"erasure_id", "study_uid", "patient_id", "rule", "proposed_at", "version"}
    values = {name: getattr(after, name) for name in Erasure.__slots__ if name not in kept}
    values |= {"state": after.state.value, "version": before.version + 1}
    same = (erasures.c.erasure_id == before.erasure_id) & (erasures.c.version == before.version)
    if tx.execute(update(erasures).where(same).values(values)).rowcount != 1:
        raise StaleVersion("Somebody else decided about this erasure meanwhile.", field="version")


def insert_hold(tx: Connection, hold: LegalHold) -> None:
    """Keep a study or all of a patient."""
    tx.execute(insert(legal_holds).values(**asdict(hold)))


def list_holds(tx: Connection, limit: int) -> list[LegalHold]:
    """Return the holds in force, newest first."""
    query = select(legal_holds).where(legal_holds.c.lifted_at.is_(None))
    rows = tx.execute(query.order_by(legal_holds.c.placed_at.desc(), legal_holds.c.hold_id).limit(limit)).mappings()
    return [LegalHold(**{name: row[name] for name in LegalHold.__slots__}) for row in rows]


def update_lifted(tx: Connection, hold_id: UUID, *, by: str, reason: str, at: datetime) -> LegalHold:
    """Lift a hold, or raise NotFound when it is not in force."""
    statement = (
        update(legal_holds)
        .where(legal_holds.c.hold_id == hold_id, legal_holds.c.lifted_at.is_(None))
        .values(lifted_by=by, lift_reason=reason, lifted_at=at)
        .returning(*legal_holds.c)
    )
    row = tx.execute(statement).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such hold.", reason="no_such_hold")
    return LegalHold(**{name: row[name] for name in LegalHold.__slots__})


def is_held(tx: Connection, study_uid: str) -> bool:
    """Tell whether a hold keeps a study, by itself or with its patient."""
    query = select(exists().where(_holds(studies.c.study_uid, studies.c.patient_id))).where(studies.c.study_uid == study_uid)
    return bool(tx.execute(query).scalar_one_or_none())


def is_going(tx: Connection, study_uids: Sequence[str]) -> bool:
    """Tell whether one of these studies is being erased."""
    columns = erasures.c
    query = select(exists().where(columns.study_uid.in_(study_uids), columns.state == ErasureState.ERASING.value))
    return bool(tx.execute(query).scalar_one())


def is_gone(tx: Connection, study_uid: str) -> bool:
    """Tell whether a study was erased and nothing came into it since."""
    erased = exists().where(erased_objects.c.study_uid == study_uid)
    return bool(tx.execute(select(erased & ~exists().where(instances.c.study_uid == study_uid))).scalar_one())


def is_approved(tx: Connection, study_uid: str) -> bool:
    """Tell whether somebody approved that a study be erased as it is, or it is being erased."""
    decided = (ErasureState.APPROVED_FIRST.value, ErasureState.APPROVED.value, ErasureState.ERASING.value)
    query = select(exists().where(erasures.c.study_uid == study_uid, erasures.c.state.in_(decided)))
    return bool(tx.execute(query).scalar_one())


def loses_hold(tx: Connection, study: Study, *, to_study_uid: str, to_patient_id: UUID) -> bool:
    """Tell whether a hold would keep what is in a study no longer, stood it in that study, under that patient."""
    columns = legal_holds.c
    lost = []
    if to_study_uid != study.study_uid:
        lost.append(columns.study_uid == study.study_uid)
    if to_patient_id != study.patient_id:
        lost.append(columns.patient_id == study.patient_id)
    query = select(exists().where(columns.lifted_at.is_(None), or_(false(), *lost)))
    return bool(tx.execute(query).scalar_one())


def bury(tx: Connection, erasure: Erasure, at: datetime) -> None:
    """Put a tombstone in the place of every object of a study, those that are held back too; the bytes are still there."""
    own = list(tx.execute(select(instances.c.sop_instance_uid).where(instances.c.study_uid == erasure.study_uid)).scalars())
    in_conflict = instance_conflicts.c.sop_instance_uid.in_(own)
    waiting = quarantine.c.study_uid == erasure.study_uid
    found: Sequence[tuple[Table, ColumnElement[bool]]] = (
        (instance_conflicts, in_conflict),
        (quarantine, waiting),
        (instances, instances.c.study_uid == erasure.study_uid),
    )
    for table, condition in found:
        uid = func.coalesce(table.c.sop_instance_uid, table.c.blob_key)
        chosen = select(uid, table.c.blob_sha256, table.c.blob_size, func.coalesce(table.c.sop_class_uid, ""), table.c.blob_key)
        rows = [
            {
                "sop_instance_uid": row[0],
                "sha256": row[1],
                "size": row[2],
                "sop_class_uid": row[3],
                "blob_key": row[4],
                "other_keys": [],
                "erasure_id": erasure.erasure_id,
                "study_uid": erasure.study_uid,
                "erased_at": at,
                "allowed_at": None,
            }
            for row in tx.execute(chosen.where(condition))
        ]
        for start in range(0, len(rows), _AT_ONCE):
            _insert_tombstones(tx, rows[start : start + _AT_ONCE])
    # What was computed goes after the rows that it was computed of: whoever keeps some of it holds them meanwhile.
    for table, of_these in (
        *found,
        (recompressed_objects, recompressed_objects.c.sop_instance_uid.in_(own)),
        (renderings, renderings.c.sop_instance_uid.in_(own)),
        (series, series.c.study_uid == erasure.study_uid),
        (series_metadata, series_metadata.c.study_uid == erasure.study_uid),
    ):
        tx.execute(delete(table).where(of_these))
    _blank(tx, erasure.study_uid)


def list_tombstones(tx: Connection, erasure_id: UUID) -> list[Tombstone]:
    """Return what an erasure left, by identifier."""
    query = select(erased_objects).where(erased_objects.c.erasure_id == erasure_id)
    rows = tx.execute(query.order_by(erased_objects.c.sop_instance_uid, erased_objects.c.sha256)).mappings()
    return [Tombstone(**{name: row[name] for name in Tombstone.__slots__}) for row in rows]


def list_unclaimed(tx: Connection, keys: Sequence[str]) -> Iterator[str]:
    """Return those of these keys that no row names any more."""
    named = union_all(
        *(select(table.c.blob_key).where(table.c.blob_key.in_(keys)) for table in (instances, quarantine, instance_conflicts))
    )
    claimed = set(tx.execute(named).scalars())
    return (key for key in dict.fromkeys(keys) if key not in claimed)


def forget_keys(tx: Connection, erasure_id: UUID) -> None:
    """Say of the objects of an erasure that their bytes are gone."""
    tx.execute(update(erased_objects).where(erased_objects.c.erasure_id == erasure_id).values(blob_key=None, other_keys=[]))


def is_erased(tx: Connection, sop_instance_uid: str) -> bool:
    """Tell whether an object was erased and may not come back."""
    columns = erased_objects.c
    query = select(exists().where(columns.sop_instance_uid == sop_instance_uid, columns.allowed_at.is_(None)))
    return bool(tx.execute(query).scalar_one())


def update_allowed(tx: Connection, study_uid: str, at: datetime) -> int:
    """Let the erased objects of a study come back; return how many that concerns."""
    same = (erased_objects.c.study_uid == study_uid) & erased_objects.c.allowed_at.is_(None)
    return int(tx.execute(update(erased_objects).where(same).values(allowed_at=at)).rowcount)


def _insert_tombstones(tx: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write tombstones; one that is there, of an earlier erasure or of the same bytes held twice, takes the new key too."""
    first: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        one = first.setdefault((row["sop_instance_uid"], row["sha256"]), dict(row))
        if one["blob_key"] != row["blob_key"]:
            one["other_keys"] = [*one["other_keys"], row["blob_key"]]
    statement = insert_or_skip(erased_objects).values(list(first.values()))
    new, old = statement.excluded, erased_objects.c
    known = func.array_remove(func.array_append(old.other_keys, old.blob_key), None)
    values = {
        name: new[name] for name in ("erasure_id", "study_uid", "sop_class_uid", "size", "blob_key", "erased_at", "allowed_at")
    }
    tx.execute(
        statement.on_conflict_do_update(
            constraint="erased_objects_pkey", set_=values | {"other_keys": func.array_cat(new.other_keys, known)}
        )
    )


def _blank(tx: Connection, study_uid: str) -> None:
    """Leave of the study itself its identifier, its patient and its day: other areas refer to it."""
    values: dict[str, Any] = {
        "study_description": "",
        "referring_physician": "",
        "referring_physician_key": "",
        "requests": [],
        "modalities": [],
        "instances": 0,
        "state": "stable",
        "version": studies.c.version + 1,
    }
    tx.execute(update(studies).where(studies.c.study_uid == study_uid).values(values))


def _holds(study_uid: ColumnElement[str], patient_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    columns = legal_holds.c
    return columns.lifted_at.is_(None) & or_(columns.study_uid == study_uid, columns.patient_id == patient_id)


def _erasure(row: RowMapping) -> Erasure:
    values: dict[str, Any] = {name: row[name] for name in Erasure.__slots__}
    return Erasure(**(values | {"state": ErasureState(row["state"])}))
