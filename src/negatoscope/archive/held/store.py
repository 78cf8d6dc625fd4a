"""Rows of objects that are held back."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, RowMapping, delete, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_update

from negatoscope.archive.held.model import ConflictingObject, QuarantinedObject, QuarantineState, Settlement
from negatoscope.archive.model import Instance
from negatoscope.archive.store import blob_values
from negatoscope.archive.tables import instance_conflicts, instances, quarantine, renderings
from negatoscope.platform.blobs.port import BlobRef
from negatoscope.platform.errors import NotFound, StaleVersion

_CARRIED: Final = (
    *("series_uid", "sop_class_uid", "transfer_syntax_uid", "instance_number", "data_set_offset", "header_end", "pixel_tag"),
    *("pixel_offset", "pixel_length", "frame_index", "source", "received_at"),
)
_OPEN: Final = (QuarantineState.WAITING.value, QuarantineState.RELEASE_PROPOSED.value)


def list_open_quarantine(tx: Connection, limit: int) -> list[QuarantinedObject]:
    """Return what waits in quarantine, newest first."""
    columns = quarantine.c
    query = select(quarantine).where(columns.state.in_(_OPEN))
    rows = tx.execute(query.order_by(columns.received_at.desc(), columns.quarantine_id).limit(limit)).mappings()
    return [_quarantined(row) for row in rows]


def get_quarantined(tx: Connection, quarantine_id: UUID) -> QuarantinedObject:
    """Return one object in quarantine, or raise NotFound."""
    row = tx.execute(select(quarantine).where(quarantine.c.quarantine_id == quarantine_id)).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such object.", reason="no_such_object")
    return _quarantined(row)


def update_quarantined(tx: Connection, before: QuarantinedObject, after: QuarantinedObject) -> None:
    """Write down how an object stands now, or raise StaleVersion."""
    names = ("proposed_by", "proposal_reason", "settled_at", "settled_by", "settlement_reason")
    same = (quarantine.c.quarantine_id == before.quarantine_id) & (quarantine.c.version == before.version)
    values = {name: getattr(after, name) for name in names}
    changed = tx.execute(update(quarantine).where(same).values(state=after.state.value, version=before.version + 1, **values))
    if changed.rowcount != 1:
        raise StaleVersion("Somebody else decided about this object meanwhile.", field="version")


def list_open_conflicts(tx: Connection, limit: int) -> list[ConflictingObject]:
    """Return the conflicts that wait for a decision, newest first."""
    columns = instance_conflicts.c
    query = select(instance_conflicts).where(columns.settled_at.is_(None))
    order = (columns.received_at.desc(), columns.sop_instance_uid, columns.blob_sha256)
    return [_conflicting(row) for row in tx.execute(query.order_by(*order).limit(limit)).mappings()]


def get_conflict(tx: Connection, sop_instance_uid: str, sha256: str, *, lock: bool = False) -> ConflictingObject:
    """Return one object in conflict, or raise NotFound."""
    columns = instance_conflicts.c
    query = select(instance_conflicts).where(columns.sop_instance_uid == sop_instance_uid, columns.blob_sha256 == sha256)
    row = tx.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such object.", reason="no_such_object")
    return _conflicting(row)


def settle_conflict(
    tx: Connection, conflict: ConflictingObject, settlement: Settlement, *, by: str, reason: str, at: datetime
) -> None:
    """Write down what was decided."""
    columns = instance_conflicts.c
    same = (columns.sop_instance_uid == conflict.sop_instance_uid) & (columns.blob_sha256 == conflict.blob.sha256)
    values = {"settlement": settlement.value, "settled_by": by, "settlement_reason": reason, "settled_at": at}
    tx.execute(update(instance_conflicts).where(same).values(values))


def exchange(
    tx: Connection, conflict: ConflictingObject, current: Instance, new: Instance, *, by: str, reason: str, at: datetime
) -> bool:
    """Make the object of a conflict current; the one that was is kept as replaced. False when `current` is so no longer."""
    columns = instances.c
    same = (columns.sop_instance_uid == current.sop_instance_uid) & (columns.blob_key == current.blob.key)
    values: dict[str, Any] = {name: getattr(new, name) for name in _CARRIED}
    values |= {"pixels": asdict(new.pixels) if new.pixels is not None else None, "warnings": list(new.warnings)}
    if tx.execute(update(instances).where(same).values(**values, **blob_values(new.blob))).rowcount != 1:
        return False
    settle_conflict(tx, conflict, Settlement.MADE_CURRENT, by=by, reason=reason, at=at)
    decision = {"settled_at": at, "settlement": Settlement.REPLACED.value, "settled_by": by, "settlement_reason": reason}
    replaced = insert_or_update(instance_conflicts).values(
        sop_instance_uid=current.sop_instance_uid,
        study_uid=current.study_uid,
        series_uid=current.series_uid,
        sop_class_uid=current.sop_class_uid,
        transfer_syntax_uid=current.transfer_syntax_uid,
        source=current.source,
        received_at=current.received_at,
        **decision,
        **blob_values(current.blob),
    )
    tx.execute(replaced.on_conflict_do_update(constraint="instance_conflicts_pkey", set_=decision))
    tx.execute(delete(renderings).where(renderings.c.sop_instance_uid == current.sop_instance_uid))
    return True


def _quarantined(row: RowMapping) -> QuarantinedObject:
    values: dict[str, Any] = {name: row[name] for name in QuarantinedObject.__slots__ if name != "blob"}
    values["state"] = QuarantineState(row["state"])
    return QuarantinedObject(**values, blob=_blob(row))


def _conflicting(row: RowMapping) -> ConflictingObject:
    values: dict[str, Any] = {name: row[name] for name in ConflictingObject.__slots__ if name != "blob"}
    values["settlement"] = Settlement(row["settlement"]) if row["settlement"] is not None else None
    return ConflictingObject(**values, blob=_blob(row))


def _blob(row: RowMapping) -> BlobRef:
    return BlobRef(
        key=row["blob_key"], size=row["blob_size"], sha256=row["blob_sha256"], wrapped_key=bytes(row["blob_wrapped_key"])
    )
