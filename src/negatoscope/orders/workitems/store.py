"""SQL of the workitems. Rows become model types here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, exists, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as insert_or_skip

from negatoscope.formats.dicom.json_values import JsonDataSet
from negatoscope.orders.workitems.model import FINAL_STATES, Workitem, WorkitemState, WorkitemUid
from negatoscope.orders.workitems.tables import workitem_subscriptions, workitems
from negatoscope.patients.tables import patient_identifiers
from negatoscope.platform.errors import StaleVersion

PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """The keys that an index serves; what is None or empty narrows nothing. Both ends of the start are included."""

    uids: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    patient_identifier: str = ""
    worklist_label: str = ""
    starts_from: datetime | None = None
    starts_until: datetime | None = None


def insert_workitem(tx: Connection, workitem: Workitem, *, patient_identifier: str, worklist_label: str) -> bool:
    """Insert a workitem; return False when its UID is taken."""
    statement = (
        insert_or_skip(workitems)
        .values(
            sop_instance_uid=workitem.sop_instance_uid,
            patient_id=workitem.patient_id,
            patient_identifier=patient_identifier,
            created_at=workitem.created_at,
            **_changing(workitem, worklist_label),
        )
        .on_conflict_do_nothing()
        .returning(workitems.c.sop_instance_uid)
    )
    return tx.execute(statement).one_or_none() is not None


def lock_workitem(tx: Connection, uid: str) -> Workitem | None:
    """Return a workitem, held until the transaction ends; None when there is none."""
    row = tx.execute(select(workitems).where(workitems.c.sop_instance_uid == uid).with_for_update()).mappings().one_or_none()
    return _workitem_of(row) if row is not None else None


def find_workitem(tx: Connection, uid: str) -> Workitem | None:
    """Return a workitem, None when there is none."""
    row = tx.execute(select(workitems).where(workitems.c.sop_instance_uid == uid)).mappings().one_or_none()
    return _workitem_of(row) if row is not None else None


def update_workitem(tx: Connection, workitem: Workitem, *, worklist_label: str) -> None:
    """Write a changed workitem, or raise StaleVersion. What has ended is not written again."""
    changed = tx.execute(
        update(workitems)
        .where(
            workitems.c.sop_instance_uid == workitem.sop_instance_uid,
            workitems.c.version == workitem.version,
            workitems.c.state.not_in([state.value for state in FINAL_STATES]),
        )
        .values(**(_changing(workitem, worklist_label) | {"version": workitem.version + 1}))
    )
    if changed.rowcount != 1:
        raise StaleVersion("Somebody else changed this workitem first.")


def iterate_workitems(
    tx: Connection,
    narrowing: Narrowing,
    *,
    visible: ColumnElement[bool],
    after: tuple[datetime, str] | None = None,
    hold: bool = False,
) -> Iterator[Workitem]:
    """Yield the workitems that are given out by their planned start, read page by page, those after one if one is given.

    `hold`: none changes until the transaction ends.
    """
    where = [workitems.c.retired_at.is_(None), visible, *_conditions(narrowing)]
    order = (workitems.c.starts_at, workitems.c.sop_instance_uid)
    while True:
        query = select(workitems).where(*where).order_by(*order).limit(PAGE)
        if after is not None:
            query = query.where(tuple_(*order) > after)
        if hold:
            query = query.with_for_update(read=True)
        page = [_workitem_of(row) for row in tx.execute(query).mappings()]
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].place


def list_workitems(
    tx: Connection, states: Sequence[WorkitemState], *, before: tuple[datetime, str] | None, limit: int
) -> list[Workitem]:
    """Return the workitems in these states, or in any, those planned last first; `before`: the last one seen."""
    place = (workitems.c.starts_at, workitems.c.sop_instance_uid)
    query = select(workitems).where(workitems.c.retired_at.is_(None)).order_by(*(column.desc() for column in place))
    if states:
        query = query.where(workitems.c.state.in_([state.value for state in states]))
    if before is not None:
        query = query.where(tuple_(*place) < before)
    return [_workitem_of(row) for row in tx.execute(query.limit(limit)).mappings()]


def retire_workitems(tx: Connection, *, ended_before: datetime, at: datetime, limit: int) -> list[WorkitemUid]:
    """Stop giving out what ended before that moment, unless somebody holds a deletion lock; return what was retired."""
    is_held = exists().where(
        workitem_subscriptions.c.sop_instance_uid == workitems.c.sop_instance_uid, workitem_subscriptions.c.deletion_lock
    )
    ripe = (
        select(workitems.c.sop_instance_uid)
        .where(workitems.c.ended_at < ended_before, workitems.c.retired_at.is_(None), ~is_held)
        .order_by(workitems.c.ended_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    uids = [WorkitemUid(uid) for uid in tx.execute(ripe).scalars()]
    if uids:
        tx.execute(update(workitems).where(workitems.c.sop_instance_uid.in_(uids)).values(retired_at=at))
    return uids


def find_patient(tx: Connection, identifier: str, issuer: str) -> UUID | None:
    """Return the patient who bears this number of this issuer; without an issuer, if one patient alone bears it."""
    if not identifier:
        return None
    table = patient_identifiers.c
    named = [table.value == identifier] + ([table.issuer == issuer] if issuer else [])
    found = list(tx.execute(select(table.patient_id).where(and_(*named)).distinct().limit(2)).scalars())
    return found[0] if len(found) == 1 else None


def _conditions(narrowing: Narrowing) -> Sequence[ColumnElement[bool]]:
    column = workitems.c
    found: list[ColumnElement[bool]] = []
    if narrowing.uids:
        found.append(column.sop_instance_uid.in_(narrowing.uids))
    if narrowing.states:
        found.append(column.state.in_(narrowing.states))
    if narrowing.patient_identifier:
        found.append(column.patient_identifier == narrowing.patient_identifier)
    if narrowing.worklist_label:
        found.append(column.worklist_label == narrowing.worklist_label)
    if narrowing.starts_from is not None:
        found.append(column.starts_at >= narrowing.starts_from)
    if narrowing.starts_until is not None:
        found.append(column.starts_at <= narrowing.starts_until)
    return found


def _changing(workitem: Workitem, worklist_label: str) -> dict[str, object]:
    return {
        "state": workitem.state.value,
        "lock_sha256": workitem.lock_sha256,
        "attributes": workitem.attributes,
        "worklist_label": worklist_label,
        "starts_at": workitem.starts_at,
        "modified_at": workitem.modified_at,
        "ended_at": workitem.ended_at,
        "version": workitem.version,
    }


def _workitem_of(row: RowMapping) -> Workitem:
    return Workitem(
        sop_instance_uid=WorkitemUid(row["sop_instance_uid"]),
        state=WorkitemState(row["state"]),
        lock_sha256=bytes(row["lock_sha256"]) if row["lock_sha256"] is not None else None,
        attributes=cast("JsonDataSet", row["attributes"]),  # written by us in the model
        patient_id=row["patient_id"],
        starts_at=row["starts_at"],
        created_at=row["created_at"],
        modified_at=row["modified_at"],
        ended_at=row["ended_at"],
        retired_at=row["retired_at"],
        version=row["version"],
    )
