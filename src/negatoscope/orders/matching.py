"""Bring studies and orders together, and let the plan follow what happens to the images and the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from sqlalchemy import ColumnElement, Connection

from negatoscope.access.model import Subject, system_subject
from negatoscope.archive.model import Study
from negatoscope.archive.prefetch.marks import is_fetched
from negatoscope.archive.stability import mark_stable
from negatoscope.archive.studies import attach_to_patient, list_known_instances, list_studies
from negatoscope.audit.trail import record
from negatoscope.formats.dicom.uids import StudyUid
from negatoscope.orders import exception_store, planning_store, store
from negatoscope.orders.model import Order, OrderId
from negatoscope.orders.moving import move_order, move_step
from negatoscope.orders.states import ENDED_ORDERS, ORDER_TABLE, UNSTARTED_STEPS, OrderEvent, Party, StepEvent, StepState
from negatoscope.orders.tables import requested_procedures
from negatoscope.patients.identify import flag_to_reconcile
from negatoscope.patients.model import Demographics, Patient, Sex, differing_traits
from negatoscope.patients.store import get_patient
from negatoscope.platform.errors import Conflict
from negatoscope.platform.events import Event, publish
from negatoscope.platform.reactions import Reaction
from negatoscope.platform.runtime import Platform

NAME = "orders"
BY_PROCEDURE = "requested_procedure_id"
BY_SYSTEM = (Party.SYSTEM,)
IsSignedFor = Callable[[Connection, str, UUID], bool]
"""Say whether a report on this study names that patient; what reports are is known further up."""


@dataclass(frozen=True, slots=True)
class Match:
    """What was asked for in a study, and by what it was recognised."""

    study_uid: StudyUid
    order_id: OrderId
    by: str


def match_study(platform: Platform, tx: Connection, event: Event, *, is_signed_for: IsSignedFor) -> None:
    """Match a study that arrived, or those that were here before their order. A second time changes nothing."""
    planned = event.payload.get("study_uids")
    wanted = store.studies_before_order(tx, map(str, planned)) if isinstance(planned, list) else [event.subject]
    for study in list_studies(tx, wanted):
        _match(platform, tx, study, is_signed_for)


def _match(platform: Platform, tx: Connection, study: Study, is_signed_for: IsSignedFor) -> None:
    match = None if is_fetched(tx, study.study_uid) else find_match(tx, study)
    if match is None:
        return
    subject = system_subject(platform.tenant, NAME)
    order = store.get_order(tx, match.order_id, lock=True)
    patient = get_patient(tx, order.patient_id)
    if not _is_same_person(study, patient):
        if match.by == BY_PROCEDURE:  # such numbers repeat between departments: alone they accuse nobody
            return
        _report_conflict(platform, tx, subject, study, order)
        return
    if not _attach(tx, study, order, match, is_signed_for):
        _report_conflict(platform, tx, subject, study, order)
        return
    was_other = study.patient_id != order.patient_id
    if match.study_uid != study.study_uid:
        store.insert_match(tx, study.study_uid, match.study_uid, matched_by=match.by, at=platform.clock.now())
    if was_other:
        objects = {"order_id": str(order.order_id), "by": match.by, "from_patient": str(study.patient_id)}
        record(tx, subject.actor, "study_attached", patient_id=order.patient_id, study_uid=study.study_uid, objects=objects)
    start_steps(platform, tx, subject, order, match)
    payload = {"study_uid": study.study_uid, "order_id": str(order.order_id), "by": match.by}
    publish(tx, "study_matched", subject=study.study_uid, payload=dict(payload))


def _attach(tx: Connection, study: Study, order: Order, match: Match, is_signed_for: IsSignedFor) -> bool:
    """Give the study to the patient of its order; False where a signed report or a legal hold keeps it where it is."""
    accession = next(entry.accession_number for entry in order.procedures if entry.study_uid == match.study_uid)
    attempt = tx.begin_nested()
    try:
        attach_to_patient(tx, study.study_uid, order.patient_id, accession_number=accession)
    except Conflict:
        attempt.rollback()
        return False
    # The study is held from here on, so that nobody signs it for its former patient meanwhile.
    if study.patient_id != order.patient_id and is_signed_for(tx, study.study_uid, study.patient_id):
        attempt.rollback()
        return False
    attempt.commit()
    return True


def find_match(tx: Connection, study: Study) -> Match | None:
    """Find what was asked for: by Study UID, then accession number and issuer, then requested procedure. Never by guess."""
    table = requested_procedures.c
    accessions = {study.accession_number, *(request.accession_number for request in study.requests)} - {""}
    by_accession: ColumnElement[bool] = table.accession_number.in_(sorted(accessions))
    if study.accession_issuer:
        by_accession &= table.accession_issuer == study.accession_issuer
    planned = {study.study_uid, *(request.study_instance_uid for request in study.requests)} - {""}
    procedures = {request.requested_procedure_id for request in study.requests} - {""}
    attempts = (
        ("study_uid", table.study_uid == study.study_uid),
        ("requested_study_uid", table.study_uid.in_(sorted(planned))),
        ("accession_number", by_accession),
        (BY_PROCEDURE, table.requested_procedure_id.in_(sorted(procedures))),
    )
    for by, condition in attempts:
        found = store.find_procedures(tx, condition)
        if len(found) == 1:
            return Match(*found[0], by)
    return None


def _is_same_person(study: Study, patient: Patient) -> bool:
    """Say whether the images name the patient of the order: the same record, or his number and no trait that disagrees."""
    if study.patient_id == patient.patient_id:
        return True
    bears_number = any(entry.value == study.patient_identifier for entry in patient.identifiers)
    return bears_number and not differing_traits(patient.demographics, _sent_traits(study))


def _sent_traits(study: Study) -> Demographics:
    family_name, _, given_names = study.patient_name.split("=")[0].partition("^")
    return Demographics(
        family_name=family_name,
        given_names=given_names.replace("^", " "),
        birth_date=study.patient_birth_date,
        sex=Sex(study.patient_sex) if study.patient_sex in ("M", "F", "O") else Sex.UNKNOWN,
    )


def _report_conflict(platform: Platform, tx: Connection, subject: Subject, study: Study, order: Order) -> None:
    """Leave the study with the patient it came for, and ask a person."""
    told = _sent_traits(study)
    for patient_id in (order.patient_id, study.patient_id):
        flag_to_reconcile(tx, subject, patient_id, told, reason="study_names_another_patient", source="dicom")
    is_new = exception_store.insert_exception(
        tx,
        exception_store.IDENTITY_CONFLICT,
        key=f"{study.study_uid}{order.order_id}",
        at=platform.clock.now(),
        detail={"study_uid": study.study_uid, "study_patient": str(study.patient_id)},
        order_id=order.order_id,
        study_uid=study.study_uid,
    )
    if is_new:
        payload = {"study_uid": study.study_uid, "order_id": str(order.order_id)}
        publish(tx, "study_conflicts_with_order", subject=study.study_uid, payload=dict(payload))


def start_steps(platform: Platform, tx: Connection, subject: Subject, order: Order, match: Match) -> None:
    """Images are here, so the steps have started, whether or not the modality said so."""
    now = platform.clock.now()
    if order.state in ENDED_ORDERS and (order.state, OrderEvent.REPORT_SIGNED) not in ORDER_TABLE:
        detail = {"state": order.state.value, "study_uid": match.study_uid}
        key = f"{order.order_id}{order.state}"
        exception_store.insert_exception(
            tx, "images_for_ended_order", key=key, at=now, detail=dict(detail), order_id=order.order_id
        )
        return
    steps = [step for entry in order.procedures if entry.study_uid == match.study_uid for step in entry.steps]
    if any(step.state not in UNSTARTED_STEPS for step in steps):
        return
    for step in steps[:1]:
        move_step(tx, subject, step.scheduled_step_key, StepEvent.START, parties=BY_SYSTEM, at=now, inferred=True)


def settle_study(platform: Platform, tx: Connection, event: Event) -> None:
    """Declare a study complete once its performed steps ended and every image that they name is stored (RAD-7)."""
    study_uids = event.payload.get("study_uids")
    for study_uid in study_uids if isinstance(study_uids, list) else [event.payload.get("study_uid")]:
        if not isinstance(study_uid, str) or not list_studies(tx, [study_uid]):
            continue
        waiting = planning_store.list_awaiting_images(tx, study_uid)
        named = [uid for step in waiting for uid in step.referenced_instances]
        if not named or len(list_known_instances(tx, named)) < len(set(named)):
            continue
        for step in waiting:
            planning_store.note_images_complete(tx, step.sop_instance_uid, platform.clock.now())
        mark_stable(tx, study_uid, "performed_step_completed", at=platform.clock.now())


def end_quiet_steps(platform: Platform, tx: Connection, event: Event) -> None:
    """Complete the steps whose start was only inferred when their study falls quiet: that modality reports no steps."""
    procedure = store.procedures_of_studies(tx, [event.subject]).get(event.subject)
    if procedure is None:
        return
    subject = system_subject(platform.tenant, NAME)
    for step in store.get_order(tx, procedure.order_id, lock=True).procedures:
        for scheduled in step.steps if step.study_uid == procedure.study_uid else ():
            open_steps = planning_store.count_open_performed_steps(tx, scheduled.scheduled_step_key)
            if scheduled.state is StepState.STARTED and scheduled.start_inferred and not open_steps:
                move_step(
                    tx, subject, scheduled.scheduled_step_key, StepEvent.COMPLETE, parties=BY_SYSTEM, at=platform.clock.now()
                )


def close_reported_order(platform: Platform, tx: Connection, event: Event) -> None:
    """Say that the final report of an order is signed; a second version or an addendum changes nothing more."""
    study_uid = event.payload.get("study_uid")
    procedure = store.procedures_of_studies(tx, [study_uid]).get(study_uid) if isinstance(study_uid, str) else None
    if procedure is None:
        return
    order = store.get_order(tx, procedure.order_id, lock=True)
    if (order.state, OrderEvent.REPORT_SIGNED) in ORDER_TABLE and event.payload.get("status", "final") == "final":
        subject = system_subject(platform.tenant, NAME)
        move_order(tx, subject, order.order_id, OrderEvent.REPORT_SIGNED, parties=BY_SYSTEM, at=platform.clock.now())


SETTLE_STUDY = Reaction(
    name="orders.settle_study",
    kinds=frozenset({"performed_step_ended", "study_arrived", "study_updated"}),
    handle=settle_study,
)
END_QUIET_STEPS = Reaction(name="orders.end_quiet_steps", kinds=frozenset({"study_stable"}), handle=end_quiet_steps)
CLOSE_REPORTED_ORDER = Reaction(
    name="orders.close_reported_order", kinds=frozenset({"report_signed"}), handle=close_reported_order
)


def reactions(is_signed_for: IsSignedFor) -> tuple[Reaction, ...]:
    """Return what the orders do about facts; `is_signed_for` keeps a signed study with its patient."""
    match = Reaction(
        name="orders.match_study",
        kinds=frozenset({"study_arrived", "order_received"}),
        handle=partial(match_study, is_signed_for=is_signed_for),
    )
    return match, SETTLE_STUDY, END_QUIET_STEPS, CLOSE_REPORTED_ORDER
