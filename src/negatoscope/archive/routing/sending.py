"""Bring a transfer to its destination: what is unsent goes, what failed is tried again, later and later, then parked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from negatoscope.access.devices import RetrieveDestination, retrieve_destination
from negatoscope.access.model import system_subject
from negatoscope.access.store.devices import get_device
from negatoscope.archive.open import OpenInstance, may_still_go, open_known
from negatoscope.archive.report_visibility import visible_instances
from negatoscope.archive.routing import choosing, rule_store, transfer_store
from negatoscope.archive.routing.consignments import Carriers, Consignment
from negatoscope.archive.routing.model import (
    Destination,
    DestinationKind,
    Parcel,
    Rule,
    Transfer,
    TransferEvent,
    TransferState,
    next_transfer_state,
    wait_s,
)
from negatoscope.archive.routing.notices import notice_of
from negatoscope.archive.routing.servers import web_destination
from negatoscope.archive.study_store import get_study, list_instances
from negatoscope.audit.trail import record
from negatoscope.platform.errors import NegatoscopeError, Unavailable
from negatoscope.platform.job_worker import JobDefinition, JobRun
from negatoscope.platform.logs import get_logger
from negatoscope.platform.runtime import Platform

SOME_REFUSED: Final = "some_objects_refused"


@dataclass(slots=True)
class _Attempt:
    """What came of one attempt."""

    sent: int = 0
    failed: int = 0
    reason: str = ""
    notice_sha256: str = ""


def send_job(carriers: Carriers) -> JobDefinition:
    """Return the job that brings transfers, with those who carry them."""

    def run(platform: Platform, job: JobRun) -> None:
        bring(platform, carriers, UUID(str(job.arguments["transfer_id"])), int(str(job.arguments["round"])))

    return JobDefinition(name=choosing.SEND.name, run=run, max_attempts=None)


def bring(platform: Platform, carriers: Carriers, transfer_id: UUID, number: int) -> None:
    """Try once. A round that is no longer the transfer's does nothing, so that the same job again changes nothing."""
    with platform.database.read(platform.tenant) as tx:
        transfer = transfer_store.get_transfer(tx, transfer_id)
        rule = rule_store.get_rule(tx, transfer.rule_id)
    if transfer.state is not TransferState.QUEUED or transfer.round != number:
        return
    if not rule.is_enabled or not choosing.is_open(platform, rule.content.hours):
        _postpone(platform, transfer)
        return
    attempt = _Attempt()
    try:
        _carry(platform, carriers, rule, transfer, attempt)
    except NegatoscopeError as error:
        attempt.reason = error.reason
        get_logger().warning("transfer_attempt_failed", reason=error.reason, attempt=transfer.attempts + 1)
    else:
        attempt.reason = SOME_REFUSED if attempt.failed else ""
    _settle(platform, rule, transfer, attempt)


def _carry(platform: Platform, carriers: Carriers, rule: Rule, transfer: Transfer, attempt: _Attempt) -> None:
    destination = rule.content.destination
    if rule.content.parcel is Parcel.NOTICE:
        with platform.database.read(platform.tenant) as tx:
            notice = notice_of(platform, tx, transfer.study_uid, transfer.series_uid)
            device = _device(tx, destination)
        carriers.notify(platform, device, notice)
        attempt.notice_sha256 = notice.sha256
        return
    consignment = Consignment(
        objects=_unsent(platform, transfer),
        transfer_syntax_uid=rule.content.transfer_syntax_uid,
        priority=rule.content.priority,
        may_go=partial(may_still_go, platform, system_subject(platform.tenant, choosing.NAME)),
    )
    if not consignment.objects:
        return

    def note(sop_instance_uid: str, failure: str) -> None:
        state = transfer_store.FAILED if failure else transfer_store.SENT
        with platform.database.transaction(platform.tenant) as tx:
            transfer_store.update_object(tx, transfer.transfer_id, sop_instance_uid, state, failure, at=platform.clock.now())
            if not failure and not attempt.sent:
                _trace_sent(platform, tx, rule, transfer, len(consignment.objects))
        attempt.failed += bool(failure)
        attempt.sent += not failure

    if _is_server(destination):
        with platform.database.read(platform.tenant) as tx:
            server = web_destination(platform, tx, destination.destination_id)
        carriers.to_server(platform, server, consignment, note)
    else:
        with platform.database.read(platform.tenant) as tx:
            device = _device(tx, destination)
        carriers.to_device(platform, device, consignment, note)


def _is_server(destination: Destination) -> bool:
    return destination.kind is DestinationKind.SERVER


def _device(tx: Connection, destination: Destination) -> RetrieveDestination:
    found = retrieve_destination(tx, get_device(tx, destination.destination_id).ae_title)
    if found is None:
        raise Unavailable("The destination is switched off or has no address.", reason="destination_disabled")
    return found


def _unsent(platform: Platform, transfer: Transfer) -> list[OpenInstance]:
    """Return what has still to go; an object that the archive shows no longer, because it was rejected, is let go of."""
    subject = system_subject(platform.tenant, choosing.NAME)
    with platform.database.transaction(platform.tenant) as tx:
        unsent = set(transfer_store.list_unsent(tx, transfer.transfer_id))
        found = list_instances(tx, transfer.study_uid, where=visible_instances(subject))
        here = [one for one in found if one.sop_instance_uid in unsent]
        for uid in sorted(unsent - {str(one.sop_instance_uid) for one in here}):
            transfer_store.delete_object(tx, transfer.transfer_id, uid)
    with platform.database.read(platform.tenant) as tx:
        return open_known(platform, tx, transfer.study_uid, here)


def _postpone(platform: Platform, transfer: Transfer) -> None:
    with platform.database.transaction(platform.tenant) as tx:
        current = transfer_store.get_transfer(tx, transfer.transfer_id, lock=True)
        if current.state is not TransferState.QUEUED or current.round != transfer.round:
            return
        state = next_transfer_state(current.state, TransferEvent.POSTPONE)
        transfer_store.update_transfer(tx, current, {"state": state.value, "next_attempt_at": None})
        choosing.publish_change(tx, current, state)


def _settle(platform: Platform, rule: Rule, transfer: Transfer, attempt: _Attempt) -> None:
    """Write down what came of an attempt, and go on: to the end, to what was added meanwhile, or to the next attempt."""
    now = platform.clock.now()
    with platform.database.transaction(platform.tenant) as tx:
        current = transfer_store.get_transfer(tx, transfer.transfer_id, lock=True)
        if current.state is not TransferState.QUEUED or current.round != transfer.round:
            return
        if attempt.reason:
            _fail(platform, tx, rule, current, attempt.reason, now)
            return
        if _has_more(platform, tx, rule, current, attempt):
            number = current.round + 1
            transfer_store.update_transfer(tx, current, {"round": number, "last_attempt_at": now})
            choosing.enqueue(platform, tx, rule, current.transfer_id, number)
            return
        state = next_transfer_state(current.state, TransferEvent.SUCCEED)
        values = {
            "state": state.value,
            "attempts": current.attempts + 1,
            "last_attempt_at": now,
            "next_attempt_at": None,
            "sent_at": now,
            "last_reason": "",
            "notice_sha256": attempt.notice_sha256,
        }
        transfer_store.update_transfer(tx, current, values)
        choosing.publish_change(tx, current, state)


def _has_more(platform: Platform, tx: Connection, rule: Rule, current: Transfer, attempt: _Attempt) -> bool:
    """Tell whether something was added while the attempt ran: objects, or news that the notice did not tell."""
    if rule.content.parcel is Parcel.NOTICE:
        return notice_of(platform, tx, current.study_uid, current.series_uid).sha256 != attempt.notice_sha256
    return bool(transfer_store.list_unsent(tx, current.transfer_id))


def _fail(platform: Platform, tx: Connection, rule: Rule, current: Transfer, reason: str, now: datetime) -> None:
    attempts = current.attempts + 1
    event = TransferEvent.EXHAUST if attempts >= rule.content.most_attempts else TransferEvent.FAIL
    state = next_transfer_state(current.state, event)
    wait = wait_s(attempts)
    is_parked = state is TransferState.PARKED
    values = {
        "state": state.value,
        "attempts": attempts,
        "last_attempt_at": now,
        "next_attempt_at": None if is_parked else now + timedelta(seconds=wait),
        "last_reason": reason,
        "round": current.round + 1,
    }
    transfer_store.update_transfer(tx, current, values)
    choosing.publish_change(tx, current, state)
    if is_parked:
        _trace_parked(platform, tx, rule, current, reason)
    else:
        choosing.enqueue(platform, tx, rule, current.transfer_id, current.round + 1, wait_s=wait)


def _trace_sent(platform: Platform, tx: Connection, rule: Rule, transfer: Transfer, objects: int) -> None:
    """Leave one entry an attempt, with its first object that arrived: the patient may ask who has a copy.

    `objects` is how many the attempt set out with, so that a job killed in the midst leaves no object untold.
    """
    record(
        tx,
        system_subject(platform.tenant, choosing.NAME).actor,
        "images_sent",
        patient_id=get_study(tx, transfer.study_uid).patient_id,
        study_uid=transfer.study_uid,
        objects={
            "destination": destination_name(tx, rule.content.destination),
            "images": objects,
            "rule": rule.name,
            "transfer_id": str(transfer.transfer_id),
        },
    )


def _trace_parked(platform: Platform, tx: Connection, rule: Rule, transfer: Transfer, reason: str) -> None:
    record(
        tx,
        system_subject(platform.tenant, choosing.NAME).actor,
        "transfer_parked",
        outcome="failure",
        patient_id=get_study(tx, transfer.study_uid).patient_id,
        study_uid=transfer.study_uid,
        objects={
            "destination": destination_name(tx, rule.content.destination),
            "rule": rule.name,
            "transfer_id": str(transfer.transfer_id),
            "answer": reason,
        },
    )


def destination_name(tx: Connection, destination: Destination) -> str:
    """Return how a destination is called: the AE title of a device, the name of a server."""
    if _is_server(destination):
        return rule_store.get_server(tx, destination.destination_id).name
    return get_device(tx, destination.destination_id).ae_title
