"""Bring each signed report to the systems that wait for it: one row a destination, tried until it is acknowledged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from negatoscope.access.authorisation import authorise, decide
from negatoscope.access.model import Action, Subject, system_subject
from negatoscope.archive.studies import get_study
from negatoscope.audit.trail import record
from negatoscope.exchange import store
from negatoscope.exchange.mllp_sender import connected, exchange
from negatoscope.exchange.model import Delivery, DeliveryEvent, DeliveryState, Receipt, next_delivery_state
from negatoscope.exchange.result_translation import build_result, control_id_of
from negatoscope.formats.hl7v2.acknowledgement import Acknowledgement
from negatoscope.formats.hl7v2.result_message import write_result
from negatoscope.formats.hl7v2.writer import write
from negatoscope.orders.lookup import procedure_for_study
from negatoscope.platform.errors import Conflict, NegatoscopeError, StaleVersion
from negatoscope.platform.events import Event, publish
from negatoscope.platform.job_worker import JobDefinition, JobRun
from negatoscope.platform.reactions import Reaction
from negatoscope.platform.runtime import Platform
from negatoscope.reporting import reports

NAME = "exchange"
RESULT = "ORU^R01"
ACCEPTED = frozenset({"AA", "CA"})
LONGEST_DETAIL = 200
SUPERSEDED, IDENTITY_CHANGED = "superseded", "identity_changed"
HINDRANCES = {SUPERSEDED: DeliveryEvent.CANCEL, IDENTITY_CHANGED: DeliveryEvent.REFUSE}
FAILED = "failed"


def queue_results(platform: Platform, tx: Connection, event: Event) -> None:
    """Make one delivery for each destination of a signed report, with the job that brings it there."""
    version = reports.get_version(tx, UUID(str(event.payload["version_id"])))
    procedure = procedure_for_study(tx, version.study_uid)
    for destination in _destinations(platform):
        delivery_id = store.insert_delivery(
            tx,
            kind=RESULT,
            destination=destination,
            report_version_id=version.version_id,
            study_uid=version.study_uid,
            patient_id=version.patient_id,
            order_id=procedure.order_id if procedure else None,
            at=platform.clock.now(),
        )
        if delivery_id is not None:
            _enqueue(platform, tx, delivery_id, 1)
            publish(tx, "delivery_changed", subject=str(delivery_id), payload={"state": DeliveryState.QUEUED.value})


def _destinations(platform: Platform) -> tuple[str, ...]:
    return (platform.settings.hl7_results_to,) if platform.settings.hl7_results_to else ()


def _enqueue(platform: Platform, tx: Connection, delivery_id: UUID, number: int) -> None:
    platform.jobs.enqueue(
        tx, DELIVER, key=f"{delivery_id}/{number}", arguments={"delivery_id": str(delivery_id), "round": number}
    )


def deliver(platform: Platform, run: JobRun) -> None:
    """Try once. A receiver that is away makes the attempt fail, and the next one waits longer; one that refuses parks it.

    What a later version replaced is given up; what was signed for another patient than the study's waits for a person.
    """
    delivery_id, number = UUID(str(run.arguments["delivery_id"])), run.arguments["round"]
    with platform.database.read(platform.tenant) as tx:
        delivery = store.get_delivery(tx, delivery_id)
        hindrance = _hindrance(tx, delivery)
    if delivery.state is not DeliveryState.QUEUED or delivery.round != number:
        return
    if hindrance is not None:
        receipt = Receipt(at=_now(platform), outcome=FAILED, detail=hindrance)
        _settle(platform, delivery, HINDRANCES[hindrance], receipt)
        return
    try:
        acknowledgement = _send(platform, delivery)
    except NegatoscopeError as error:
        _settle(platform, delivery, DeliveryEvent.FAIL, Receipt(at=_now(platform), outcome=FAILED, detail=error.reason))
        raise
    event = DeliveryEvent.ACCEPT if acknowledgement.code in ACCEPTED else DeliveryEvent.REFUSE
    _settle(platform, delivery, event, _receipt(platform, acknowledgement))


def _hindrance(tx: Connection, delivery: Delivery) -> str | None:
    """Return why this delivery may not be sent as it stands.

    The message would name the patient for whom the version was signed, as its rendering does; once the study is another
    patient's, neither he nor the other may be told so by a machine. An older version that came after a newer one would
    pass at the receiver for the present result.
    """
    version = reports.get_version(tx, delivery.report_version_id)
    if any(other.number > version.number for other in reports.versions(tx, version.report_id)):
        return SUPERSEDED
    return IDENTITY_CHANGED if get_study(tx, delivery.study_uid).patient_id != delivery.patient_id else None


def _send(platform: Platform, delivery: Delivery) -> Acknowledgement:
    """Connect before the report is read, so that a receiver that is away costs no reading of it."""
    subject = system_subject(platform.tenant, NAME)
    with connected(delivery.destination) as peer:
        pdf = reports.pdf(platform, subject, delivery.report_version_id)
        with platform.database.read(platform.tenant) as tx:
            hindrance = _hindrance(tx, delivery)
            if hindrance is not None:  # since the attempt began; the next one settles it
                raise Conflict("This report may not be sent as it stands.", reason=hindrance)
            version = reports.get_version(tx, delivery.report_version_id)
            message = build_result(tx, platform, delivery, version, pdf)
        return exchange(peer, write(write_result(message)), control_id=control_id_of(delivery))


def _receipt(platform: Platform, acknowledgement: Acknowledgement) -> Receipt:
    """Keep the code of the answer. What a refusal says in words may name the patient, so only its length is bounded."""
    return Receipt(at=_now(platform), outcome=acknowledgement.code[:2], detail=acknowledgement.text[:LONGEST_DETAIL])


def _settle(platform: Platform, delivery: Delivery, event: DeliveryEvent, receipt: Receipt) -> None:
    with platform.database.transaction(platform.tenant) as tx:
        current = store.get_delivery(tx, delivery.delivery_id, lock=True)
        store.insert_receipt(tx, delivery.delivery_id, receipt)
        if current.state is not DeliveryState.QUEUED or current.round != delivery.round:
            return
        state = next_delivery_state(current.state, event)
        store.update_delivery(
            tx,
            current,
            {
                "state": state.value,
                "attempts": current.attempts + 1,
                "last_attempt_at": receipt.at,
                "delivered_at": receipt.at if state is DeliveryState.DELIVERED else None,
                "last_reason": "" if state is DeliveryState.DELIVERED else receipt.detail or receipt.outcome,
            },
        )
        publish(tx, "delivery_changed", subject=str(current.delivery_id), payload={"state": state.value})
        if state is not DeliveryState.QUEUED:
            record(
                tx,
                system_subject(platform.tenant, NAME).actor,
                f"report_{state.value}",
                patient_id=current.patient_id,
                study_uid=current.study_uid,
                outcome="success" if state is DeliveryState.DELIVERED else "failure",
                objects={
                    "delivery_id": str(current.delivery_id),
                    "destination": current.destination,
                    "report_version": str(current.report_version_id),
                    "answer": receipt.outcome,
                },
            )


def retry_delivery(platform: Platform, subject: Subject, delivery_id: UUID, *, version: int) -> None:
    """Try a delivery again at once: one that is parked, or one that waits for its next attempt."""
    with platform.database.transaction(platform.tenant) as tx:
        delivery = _for_change(tx, subject, delivery_id)
        state = delivery.state
        if state is not DeliveryState.QUEUED:
            state = next_delivery_state(state, DeliveryEvent.RETRY)
        values: dict[str, object] = {"state": state.value, "round": delivery.round + 1}
        _change(tx, subject, delivery, values, version=version, action="delivery_retried")
        _enqueue(platform, tx, delivery_id, delivery.round + 1)


def cancel_delivery(platform: Platform, subject: Subject, delivery_id: UUID, *, version: int) -> None:
    """Give a delivery up."""
    with platform.database.transaction(platform.tenant) as tx:
        delivery = _for_change(tx, subject, delivery_id)
        state = next_delivery_state(delivery.state, DeliveryEvent.CANCEL)
        _change(tx, subject, delivery, {"state": state.value}, version=version, action="delivery_cancelled")


def _for_change(tx: Connection, subject: Subject, delivery_id: UUID) -> Delivery:
    delivery = store.get_delivery(tx, delivery_id, lock=True)
    if not decide(tx, subject, Action.REPLAY_MESSAGES).allowed:
        authorise(tx, subject, Action.SEND_REPORT, patient_id=delivery.patient_id, study_uid=delivery.study_uid)
    return delivery


def _change(
    tx: Connection, subject: Subject, delivery: Delivery, values: dict[str, object], *, version: int, action: str
) -> None:
    if delivery.version != version:
        raise StaleVersion("Somebody else changed this delivery first.")
    store.update_delivery(tx, delivery, values)
    publish(tx, "delivery_changed", subject=str(delivery.delivery_id), payload={"state": str(values["state"])})
    record(
        tx,
        subject.actor,
        action,
        patient_id=delivery.patient_id,
        study_uid=delivery.study_uid,
        objects={"delivery_id": str(delivery.delivery_id), "destination": delivery.destination},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPage:
    """One page of deliveries, newest first, with the latest receipts of each."""

    deliveries: tuple[Delivery, ...]
    receipts: dict[UUID, list[Receipt]]
    next_after: tuple[datetime, UUID] | None


def list_deliveries(
    tx: Connection,
    subject: Subject,
    *,
    states: frozenset[DeliveryState] = frozenset(),
    after: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> DeliveryPage:
    """Return the deliveries to those who send reports or look after the messages."""
    if not decide(tx, subject, Action.REPLAY_MESSAGES).allowed:
        authorise(tx, subject, Action.SEND_REPORT)
    found = store.list_deliveries(tx, states=states, after=after, limit=limit + 1)
    page = tuple(found[:limit])
    more = len(found) > limit
    return DeliveryPage(
        deliveries=page,
        receipts=store.list_receipts(tx, [delivery.delivery_id for delivery in page]),
        next_after=(page[-1].created_at, page[-1].delivery_id) if more else None,
    )


def _now(platform: Platform) -> datetime:
    return platform.clock.now()


QUEUE_RESULTS = Reaction(name="exchange.queue_results", kinds=frozenset({"report_signed"}), handle=queue_results)
DELIVER = JobDefinition(name="exchange.deliver", run=deliver, max_attempts=None, first_retry_s=5.0)
