"""Rows of what was received: studies, series, instances, and objects that are held back.

A study is locked by advisory locks, never by its row: associations that store into one study share the lock and do not
wait for each other, only the moment in which the study becomes stable takes it alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4

import orjson
from sqlalchemy import Connection, func, literal, select, text, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from negatoscope.archive.model import Instance, Study, StudyState
from negatoscope.archive.tables import instance_conflicts, instances, quarantine, series, studies
from negatoscope.formats.dicom.uids import StudyUid
from negatoscope.patients.model import Patient, Sex
from negatoscope.platform.blobs.port import BlobRef

_STUDY_LOCK: Final = "hashtextextended(current_tenant()::text || :study_uid, 30)"
_CREATION_LOCK: Final = "hashtextextended(current_tenant()::text || :study_uid, 31)"

_SHARE_STUDY = text(
    f"select pg_advisory_xact_lock_shared({_STUDY_LOCK}),"  # noqa: S608
    " (select laterality from series where study_uid = :study_uid and series_uid = :series_uid),"
    " studies.patient_id, studies.sent_patient_id, studies.sent_issuer"
    " from (values (1)) as always left join studies on studies.study_uid = :study_uid"
)
_LOCK_STUDY = text(f"select pg_advisory_xact_lock({_STUDY_LOCK})")
_TRY_LOCK_STUDY = text(f"select pg_try_advisory_xact_lock({_STUDY_LOCK})")
_LOCK_CREATION = text(f"select pg_advisory_xact_lock({_CREATION_LOCK})")


_INSTANCE_COLUMNS: Final = [column.name for column in instances.columns]
_VALUES: Final = ", ".join(
    f"cast(:{column.name} as {column.type.compile(dialect=postgresql.dialect())})"  # type: ignore[no-untyped-call]  # untyped in the library
    for column in instances.columns
)
# One statement in text: building it anew for each image cost as much as running it.
_INSERT_INSTANCE = text(
    f"with inserted as (insert into instances ({', '.join(_INSTANCE_COLUMNS)}) select {_VALUES}"  # noqa: S608
    " where not exists (select from erased_objects where sop_instance_uid = :sop_instance_uid and allowed_at is null)"
    " on conflict do nothing returning study_uid), reopened as ("
    "update studies set state = 'receiving', version = version + 1"
    " where study_uid = :study_uid and state <> 'receiving'"
    " and exists (select from inserted) returning 1) select count(*) from inserted"
)


class StudyIdentity(NamedTuple):
    """Whose study it is, and what the first object said of the patient; none of it changes with later objects."""

    patient_id: UUID
    sent_patient_id: str
    sent_issuer: str


def share_study(tx: Connection, study_uid: str, series_uid: str) -> tuple[StudyIdentity | None, str | None]:
    """Hold off the stability of the study until the transaction ends.

    Return whose study it is and the side of its series (empty for none or both); None for what does not exist.
    """
    row = tx.execute(_SHARE_STUDY, {"study_uid": study_uid, "series_uid": series_uid}).one()
    return (StudyIdentity(row[2], row[3], row[4]) if row[2] is not None else None), row[1]


def lock_study(tx: Connection, study_uid: str) -> None:
    """Wait until nobody is storing into the study, and keep it so until the transaction ends."""
    tx.execute(_LOCK_STUDY, {"study_uid": study_uid})


def try_lock_study(tx: Connection, study_uid: str) -> bool:
    """Do as `lock_study` if that needs no waiting; tell whether it did."""
    return bool(tx.execute(_TRY_LOCK_STUDY, {"study_uid": study_uid}).scalar_one())


def lock_creation(tx: Connection, study_uid: str) -> None:
    """Let one transaction at a time create the study, so that it creates one patient."""
    tx.execute(_LOCK_CREATION, {"study_uid": study_uid})


def find_study_identity(tx: Connection, study_uid: str) -> StudyIdentity | None:
    """Return whose study it is, None when it is unknown."""
    columns = studies.c
    query = select(columns.patient_id, columns.sent_patient_id, columns.sent_issuer)
    row = tx.execute(query.where(columns.study_uid == study_uid)).one_or_none()
    return StudyIdentity(row[0], row[1], row[2]) if row is not None else None


def insert_study(tx: Connection, study: Study, *, sent: tuple[str, str], keys: tuple[str, str]) -> None:
    """Insert a study; `sent` is the patient identifier and issuer as received, `keys` the two folded names."""
    values: dict[str, Any] = {name: getattr(study, name) for name in Study.__slots__ if name not in {"requests", "modalities"}}
    values |= {
        "requests": [asdict(request) for request in study.requests],
        "modalities": list(study.modalities),
        "sent_patient_id": sent[0],
        "sent_issuer": sent[1],
        "patient_name_key": keys[0],
        "referring_physician_key": keys[1],
    }
    tx.execute(insert_or_skip(studies).values(values))


def insert_series(tx: Connection, values: Mapping[str, object], modality: str) -> None:
    """Insert a series unless it is there, and note its modality on the study."""
    statement = insert_or_skip(series).values(dict(values)).on_conflict_do_nothing().returning(literal(1))
    if tx.execute(statement).one_or_none() is not None:
        columns = studies.c
        tx.execute(
            update(studies)
            .where(columns.study_uid == values["study_uid"], ~columns.modalities.contains([modality]))
            .values(modalities=func.array_append(columns.modalities, modality))
        )


def clear_laterality(tx: Connection, study_uid: str, series_uid: str) -> None:
    """Say of a series no side: its images show several."""
    same = (series.c.study_uid == study_uid) & (series.c.series_uid == series_uid)
    tx.execute(update(series).where(same).values(laterality=""))


def insert_instance(tx: Connection, instance: Instance) -> bool:
    """Insert an instance and reopen its study; False when its UID is taken, even by one that commits meanwhile, or erased."""
    return bool(tx.execute(_INSERT_INSTANCE, _instance_values(instance)).scalar_one())


def get_current_object(tx: Connection, sop_instance_uid: str) -> tuple[str, str]:
    """Return the hash and the key of the object that holds this UID."""
    columns = instances.c
    query = select(columns.blob_sha256, columns.blob_key).where(columns.sop_instance_uid == sop_instance_uid)
    row = tx.execute(query).one()
    return row[0], row[1]


def find_conflicting_key(tx: Connection, instance: Instance) -> str | None:
    """Return the key under which these other bytes are kept."""
    columns = instance_conflicts.c
    same = (columns.sop_instance_uid == instance.sop_instance_uid) & (columns.blob_sha256 == instance.blob.sha256)
    key: str | None = tx.execute(select(columns.blob_key).where(same)).scalar_one_or_none()
    return key


def find_quarantined_key(tx: Connection, sha256: str, reason: str) -> str | None:
    """Return the key under which these bytes are kept in quarantine for this reason."""
    columns = quarantine.c
    same = (columns.blob_sha256 == sha256) & (columns.reason == reason)
    key: str | None = tx.execute(select(columns.blob_key).where(same)).scalar_one_or_none()
    return key


def insert_conflict(tx: Connection, instance: Instance) -> bool:
    """Keep other bytes under a known UID; False when these very bytes are kept already."""
    statement = (
        insert_or_skip(instance_conflicts)
        .values(
            sop_instance_uid=instance.sop_instance_uid,
            study_uid=instance.study_uid,
            series_uid=instance.series_uid,
            sop_class_uid=instance.sop_class_uid,
            transfer_syntax_uid=instance.transfer_syntax_uid,
            source=instance.source,
            received_at=instance.received_at,
            **blob_values(instance.blob),
        )
        .on_conflict_do_nothing()
        .returning(literal(1))
    )
    return tx.execute(statement).one_or_none() is not None


def insert_quarantine(
    tx: Connection, blob: BlobRef, *, reason: str, source: str, received_at: datetime, uids: Mapping[str, str | None]
) -> UUID | None:
    """Keep a refused object; None when the same bytes are kept for the same reason already."""
    statement = (
        insert_or_skip(quarantine)
        .values(quarantine_id=uuid4(), reason=reason, source=source, received_at=received_at, **uids, **blob_values(blob))
        .on_conflict_do_nothing()
        .returning(quarantine.c.quarantine_id)
    )
    found: UUID | None = tx.execute(statement).scalar_one_or_none()
    return found


def update_state(tx: Connection, study_uid: StudyUid, state: StudyState, *, reason: str, at: datetime) -> None:
    """Move a study to another state."""
    tx.execute(
        update(studies)
        .where(studies.c.study_uid == study_uid)
        .values(state=state.value, stable_reason=reason, stable_at=at, version=studies.c.version + 1)
    )


def update_patient(tx: Connection, study_uid: StudyUid, patient: Patient, *, accession_number: str | None) -> None:
    """Make a study that of another patient."""
    traits = patient.demographics
    values: dict[str, Any] = {
        "patient_id": patient.patient_id,
        "patient_name": traits.person_name,
        "patient_name_key": traits.name_key,
        "patient_birth_date": traits.birth_date,
        "patient_sex": "" if traits.sex is Sex.UNKNOWN else traits.sex.value,
        "patient_identifier": patient.local_identifier.value,
        "patient_issuer": patient.local_identifier.issuer,
    }
    if accession_number is not None:
        values["accession_number"] = accession_number
    tx.execute(update(studies).where(studies.c.study_uid == study_uid).values(**values, version=studies.c.version + 1))


def present(tx: Connection) -> datetime:
    """Return the time at which the transaction began."""
    at: datetime = tx.execute(select(func.now())).scalar_one()
    return at


def blob_values(blob: BlobRef) -> dict[str, str | int | bytes]:
    """Return the columns that keep an object."""
    return {
        "blob_key": blob.key,
        "blob_size": blob.size,
        "blob_sha256": blob.sha256,
        "blob_wrapped_key": blob.wrapped_key,
    }


def _instance_values(instance: Instance) -> dict[str, Any]:
    pixels = orjson.dumps(instance.pixels).decode() if instance.pixels is not None else None
    return {
        "sop_instance_uid": instance.sop_instance_uid,
        "study_uid": instance.study_uid,
        "series_uid": instance.series_uid,
        "sop_class_uid": instance.sop_class_uid,
        "transfer_syntax_uid": instance.transfer_syntax_uid,
        "instance_number": instance.instance_number,
        "pixels": pixels,
        "data_set_offset": instance.data_set_offset,
        "header_end": instance.header_end,
        "pixel_tag": instance.pixel_tag,
        "pixel_offset": instance.pixel_offset,
        "pixel_length": instance.pixel_length,
        "frame_index": instance.frame_index,
        "warnings": list(instance.warnings),
        "source": instance.source,
        "received_at": instance.received_at,
        **blob_values(instance.blob),
    }
