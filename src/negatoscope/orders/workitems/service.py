"""Create, claim, change, end and read workitems: what both wires do (PS3.4 CC.2.1, CC.2.2, CC.2.5 to CC.2.7).

Errors carry a word of `Reason`, or ``missing_attribute``, ``missing_attribute_value``, ``invalid_attribute_value``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import orjson
from sqlalchemy import Connection

from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Action, Subject
from negatoscope.audit.trail import record
from negatoscope.formats.dicom.json_values import JsonDataSet
from negatoscope.formats.dicom.uids import new_uid, parse_sop_instance_uid
from negatoscope.orders.workitems import events, store, subscription_store
from negatoscope.orders.workitems.attributes import text_of
from negatoscope.orders.workitems.checking import check_change, check_creation, check_final
from negatoscope.orders.workitems.completing import complete_cancellation, complete_creation, merge_changes, with_state
from negatoscope.orders.workitems.matching import matches
from negatoscope.orders.workitems.model import (
    CHANGES,
    FILTERED_SUBSCRIPTION,
    FINAL_STATES,
    GLOBAL_SUBSCRIPTION,
    Cell,
    Subscriber,
    Workitem,
    WorkitemEvent,
    WorkitemState,
    WorkitemUid,
    advance,
    lock_of,
)
from negatoscope.orders.workitems.moments import parse_moment, zone_of
from negatoscope.orders.workitems.refusals import Notice, Reason, refuse
from negatoscope.platform.errors import InvalidInput
from negatoscope.platform.events import publish
from negatoscope.platform.runtime import Platform

WELL_KNOWN = frozenset({GLOBAL_SUBSCRIPTION, FILTERED_SUBSCRIPTION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A workitem after the request, and what is said with the success."""

    workitem: Workitem
    notice: Notice | None = None


def create(platform: Platform, subject: Subject, uid: str, attributes: JsonDataSet) -> Done:
    """Take a new workitem in a transaction of its own."""
    at, time_zone = platform.clock.now(), platform.settings.time_zone
    with platform.database.transaction(platform.tenant) as tx:
        return create_workitem(tx, subject, uid, attributes, at=at, time_zone=time_zone)


def create_workitem(
    tx: Connection, subject: Subject, uid: str, attributes: JsonDataSet, *, at: datetime, time_zone: str
) -> Done:
    """Add a workitem in this transaction, and tell those who follow new ones. `attributes` as for an N-CREATE."""
    authorise(tx, subject, Action.CREATE_WORKITEM)
    workitem_uid = WorkitemUid(parse_sop_instance_uid(uid))
    if workitem_uid in WELL_KNOWN:
        refuse(Reason.ACTION_NOT_APPROPRIATE)
    check_creation(attributes)
    kept, is_changed = complete_creation(attributes, workitem_uid, at=at)
    patient_identifier = text_of(kept, "PatientID")
    workitem = Workitem(
        sop_instance_uid=workitem_uid,
        state=advance(None, WorkitemEvent.CREATE, holds_lock=False).through[-1],
        lock_sha256=None,
        attributes=kept,
        patient_id=store.find_patient(tx, patient_identifier, text_of(kept, "IssuerOfPatientID")),
        starts_at=_start_of(kept, time_zone),
        created_at=at,
        modified_at=at,
        ended_at=None,
        retired_at=None,
        version=1,
    )
    subscription_store.hold_followers(tx, alone=False)
    label = text_of(kept, "WorklistLabel")
    if not store.insert_workitem(tx, workitem, patient_identifier=patient_identifier, worklist_label=label):
        refuse(Reason.EXISTS)
    _subscribe_followers(tx, workitem, at=at, time_zone=time_zone)
    _announce(tx, subject, Action.CREATE_WORKITEM, "workitem_created", workitem)
    return Done(workitem=workitem, notice=Notice.CREATED_WITH_CHANGES if is_changed else None)


def change_state(platform: Platform, subject: Subject, uid: str, state: str, transaction_uid: str) -> Done:
    """Claim a workitem with a Transaction UID, or end it with the same (action type 1)."""
    at = platform.clock.now()
    with platform.database.transaction(platform.tenant) as tx:
        workitem = lock_for(tx, subject, Action.PERFORM_WORKITEM, uid)
        try:
            event = CHANGES[WorkitemState(state)]
        except ValueError as error:
            sentence = "This is none of the states of a workitem."
            raise InvalidInput(sentence, reason="invalid_attribute_value", field="ProcedureStepState") from error
        cell = advance(workitem.state, event, holds_lock=workitem.holds_lock(event, transaction_uid))
        changed = _move(tx, workitem, cell, lock=lock_of(transaction_uid), request={}, at=at)
        if cell.through:
            _announce(tx, subject, Action.PERFORM_WORKITEM, "workitem_moved", changed)
        return Done(workitem=changed, notice=cell.notice)


def request_cancel(platform: Platform, subject: Subject, uid: str, request: JsonDataSet) -> Done:
    """Cancel a workitem that nobody performs yet, or tell its performer that it should be (action type 2)."""
    at = platform.clock.now()
    with platform.database.transaction(platform.tenant) as tx:
        workitem = lock_for(tx, subject, Action.CANCEL_WORKITEM, uid)
        cell = advance(workitem.state, WorkitemEvent.REQUEST_CANCEL, holds_lock=False)
        if cell.notice is not None:
            return Done(workitem=workitem, notice=cell.notice)
        followers = subscription_store.list_subscribers_of(tx, workitem.sop_instance_uid)
        if cell.asks_performer and not followers:
            refuse(Reason.NOBODY_LISTENS)
        events.report_cancel_request(tx, workitem, followers, requesting_ae_title=subject.ae_title, request=request, at=at)
        changed = _move(tx, workitem, cell, lock=lock_of(new_uid()), request=request, at=at)
        kind = "workitem_moved" if cell.through else "workitem_cancel_requested"
        _announce(tx, subject, Action.CANCEL_WORKITEM, kind, changed)
        return Done(workitem=changed)


def update(platform: Platform, subject: Subject, uid: str, changes: JsonDataSet, transaction_uid: str) -> Done:
    """Set attributes: of a scheduled workitem, or of one in progress by whoever holds its Transaction UID (N-SET)."""
    at, time_zone = platform.clock.now(), platform.settings.time_zone
    with platform.database.transaction(platform.tenant) as tx:
        workitem = lock_for(tx, subject, Action.PERFORM_WORKITEM, uid)
        event = WorkitemEvent.UPDATE
        advance(workitem.state, event, holds_lock=workitem.holds_lock(event, transaction_uid))
        check_change(changes)
        merged = merge_changes(workitem.attributes, changes, at=at)
        changed = replace(workitem, attributes=merged, starts_at=_start_of(merged, time_zone), modified_at=at)
        store.update_workitem(tx, changed, worklist_label=text_of(merged, "WorklistLabel"))
        followers = subscription_store.list_subscribers_of(tx, workitem.sop_instance_uid)
        events.report_changes(tx, workitem, changed, followers, at=at)
        _announce(tx, subject, Action.PERFORM_WORKITEM, "workitem_updated", changed)
        return Done(workitem=changed)


def get(platform: Platform, subject: Subject, uid: str) -> Workitem:
    """Return a workitem; its Transaction UID is never given out (PS3.4 CC.2.7.3)."""
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.QUERY_WORKITEMS)
        workitem = given_out(store.find_workitem(tx, uid))
        authorise(tx, subject, Action.QUERY_WORKITEMS, patient_id=workitem.patient_id)
        record(
            tx,
            subject.actor,
            Action.QUERY_WORKITEMS.value,
            patient_id=workitem.patient_id,
            objects={"workitem": workitem.sop_instance_uid},
        )
        return workitem


def given_out(workitem: Workitem | None) -> Workitem:
    """Return the workitem, or raise the error for one that is not there or no longer given out."""
    if workitem is None:
        refuse(Reason.UNKNOWN)
    if workitem.retired_at is not None:
        refuse(Reason.GONE)
    return workitem


def lock_for(tx: Connection, subject: Subject, action: Action, uid: str) -> Workitem:
    """Return the workitem, held, for somebody who may do this with it: nobody to whom the patient objects."""
    authorise(tx, subject, action)
    if uid in WELL_KNOWN:
        refuse(Reason.ACTION_NOT_APPROPRIATE)
    workitem = given_out(store.lock_workitem(tx, uid))
    authorise(tx, subject, action, patient_id=workitem.patient_id)
    return workitem


def _move(tx: Connection, workitem: Workitem, cell: Cell, *, lock: bytes, request: JsonDataSet, at: datetime) -> Workitem:
    """Go through the states of the cell, telling each."""
    followers = subscription_store.list_subscribers_of(tx, workitem.sop_instance_uid) if cell.through else []
    for state in cell.through:
        workitem = _reach(tx, workitem, state, cell, lock=lock, request=request, at=at)
        events.report_state(tx, workitem, followers, at=at)
    return workitem


def _reach(
    tx: Connection,
    workitem: Workitem,
    state: WorkitemState,
    cell: Cell,
    *,
    lock: bytes,
    request: JsonDataSet,
    at: datetime,
) -> Workitem:
    attributes = with_state(workitem.attributes, state)
    if state is WorkitemState.CANCELED:
        attributes = complete_cancellation(attributes, request, at=at)
    if cell.needs_final:
        check_final(attributes, state)
    changed = replace(
        workitem,
        state=state,
        attributes=attributes,
        lock_sha256=workitem.lock_sha256 or lock,
        modified_at=at,
        ended_at=at if state in FINAL_STATES else None,
    )
    store.update_workitem(tx, changed, worklist_label=text_of(attributes, "WorklistLabel"))
    return replace(changed, version=workitem.version + 1)


def _subscribe_followers(tx: Connection, workitem: Workitem, *, at: datetime, time_zone: str) -> None:
    """Subscribe whoever follows new workitems, if it matches, and tell them of it (Table CC.2.3-2, CC.2.4.3)."""
    uid, zone = workitem.sop_instance_uid, zone_of(workitem.attributes, time_zone)
    followers: list[Subscriber] = []
    for subscriber in subscription_store.list_global_subscribers(tx):
        if subscriber.matching_keys is None or matches(workitem.attributes, orjson.loads(subscriber.matching_keys), zone):
            subscription_store.subscribe_to(
                tx, subscriber.subscriber_id, [uid], deletion_lock=subscriber.deletion_lock, keeps_present=True
            )
            followers.append(subscriber)
    events.report_state(tx, workitem, followers, at=at)
    if events.is_assigned(workitem.attributes):
        events.report_assignment(tx, workitem, followers, at=at)


def _start_of(attributes: JsonDataSet, time_zone: str) -> datetime:
    text = text_of(attributes, "ScheduledProcedureStepStartDateTime")
    start = parse_moment(text, zone_of(attributes, time_zone))
    if start is None:
        sentence = "The planned start is malformed."
        raise InvalidInput(sentence, reason="invalid_attribute_value", field="ScheduledProcedureStepStartDateTime")
    return start


def _announce(tx: Connection, subject: Subject, action: Action, kind: str, workitem: Workitem) -> None:
    uid, state = workitem.sop_instance_uid, workitem.state.value
    publish(tx, kind, subject=uid, payload={"state": state})
    record(
        tx,
        subject.actor,
        action.value,
        patient_id=workitem.patient_id,
        objects={"workitem": uid, "state": state, "event": kind},
    )
