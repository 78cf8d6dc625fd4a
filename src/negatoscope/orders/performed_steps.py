"""Performed procedure steps: what a modality says it does, and what that does to the plan (PS3.4 F.7)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pydicom.dataset import Dataset
from sqlalchemy import Connection

from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Action, Subject
from negatoscope.audit.trail import record
from negatoscope.formats.dicom.uids import SopInstanceUid, parse_sop_instance_uid
from negatoscope.orders import exception_store, planning_store, store
from negatoscope.orders.model import PerformedStep, RequestedProcedure, ScheduledStep
from negatoscope.orders.moving import move_step
from negatoscope.orders.performed_attributes import (
    WRONG_WORKLIST_ENTRY,
    Change,
    StepReference,
    check_end,
    merge_attributes,
    read_change,
    read_creation,
)
from negatoscope.orders.states import PERFORMED_TABLE, UNSTARTED_STEPS, Party, PerformedEvent, StepEvent, StepState, advance
from negatoscope.orders.tables import requested_procedures
from negatoscope.patients.model import Patient
from negatoscope.patients.store import get_patient
from negatoscope.platform.errors import Conflict, InvalidTransition, NotFound
from negatoscope.platform.events import publish
from negatoscope.platform.runtime import Platform

BY_MODALITY = (Party.MODALITY,)


@dataclass(frozen=True, slots=True)
class _Carried:
    """The scheduled steps that a performed step carries out, and whether its patient is theirs."""

    steps: tuple[ScheduledStep, ...]
    other_patient: bool


def create(platform: Platform, subject: Subject, sop_instance_uid: str, attributes: Dataset) -> PerformedStep:
    """Take an N-CREATE: the scheduled steps it names have started.

    Errors: InvalidInput (`missing_attribute`, `missing_attribute_value`, `invalid_attribute_value`; `field` names it),
    Conflict (`duplicate_sop_instance`). A step that names no step of ours, or another patient than the order's, is kept
    as unscheduled and filed for a person: nothing is started for somebody else.
    """
    uid = parse_sop_instance_uid(sop_instance_uid)
    creation = read_creation(attributes, platform.settings.time_zone)
    now = platform.clock.now()
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.REPORT_PERFORMED_STEP)
        carried = _carried(tx, creation.references, creation.patient_identifier)
        unscheduled = not carried.steps
        step = replace(creation.step, sop_instance_uid=uid, is_unscheduled=unscheduled)
        if not planning_store.insert_performed_step(tx, step, at=now):
            raise Conflict("A performed step with this UID exists.", reason="duplicate_sop_instance", field="SOPInstanceUID")
        if unscheduled:
            kind = "performed_step_of_another_patient" if carried.other_patient else "unscheduled_performed_step"
            exception_store.insert_exception(
                tx, kind, key=uid, at=now, detail={"performed_step": uid, "station": step.station_ae_title}
            )
        planning_store.link_performed_step(tx, uid, [found.scheduled_step_key for found in carried.steps])
        for found in carried.steps:
            if found.state in UNSTARTED_STEPS:
                move_step(tx, subject, found.scheduled_step_key, StepEvent.START, parties=BY_MODALITY, at=now)
        _announce(tx, subject, step, "performed_step_started")
        return step


def update(platform: Platform, subject: Subject, sop_instance_uid: str, attributes: Dataset) -> PerformedStep:
    """Take an N-SET. COMPLETED and DISCONTINUED are final.

    Errors: NotFound (`no_such_object_instance`), InvalidTransition (`may_no_longer_be_updated`), InvalidInput
    (`invalid_attribute_value` for what an N-SET may not touch; `missing_attribute`, `missing_attribute_value` at the end).
    """
    now = platform.clock.now()
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.REPORT_PERFORMED_STEP)
        step = planning_store.lock_performed_step(tx, sop_instance_uid)
        if step is None:
            raise NotFound("No performed step has this UID.", reason="no_such_object_instance")
        change = read_change(attributes)
        try:
            reached = advance(PERFORMED_TABLE, step.state, change.event, Party.MODALITY).target
        except InvalidTransition as error:
            sentence = "This performed step is final and may no longer be updated."
            raise InvalidTransition(sentence, reason="may_no_longer_be_updated") from error
        step = merge_attributes(replace(step, state=reached), attributes, platform.settings.time_zone)
        if change.event is PerformedEvent.COMPLETE:
            check_end(step)
        planning_store.update_performed_step(tx, step)
        if change.event is not PerformedEvent.UPDATE:
            _end_steps(tx, platform, subject, step, change)
            if change.discontinuation_code == WRONG_WORKLIST_ENTRY:
                detail = {"performed_step": step.sop_instance_uid, "station": step.station_ae_title}
                exception_store.insert_exception(
                    tx, "wrong_worklist_entry", key=step.sop_instance_uid, at=now, detail=dict(detail)
                )
        _announce(tx, subject, step, _EVENT_KINDS[change.event])
        return step


_EVENT_KINDS = {
    PerformedEvent.UPDATE: "performed_step_updated",
    PerformedEvent.COMPLETE: "performed_step_ended",
    PerformedEvent.DISCONTINUE: "performed_step_ended",
}


def _end_steps(tx: Connection, platform: Platform, subject: Subject, step: PerformedStep, change: Change) -> None:
    """End the scheduled steps for which no other performed step is still open (the group and append cases of RAD-7)."""
    for found in planning_store.linked_steps(tx, step.sop_instance_uid):
        if found.state is not StepState.STARTED or planning_store.count_open_performed_steps(tx, found.scheduled_step_key):
            continue
        ending = StepEvent.COMPLETE if change.event is PerformedEvent.COMPLETE else StepEvent.DISCONTINUE
        move_step(
            tx,
            subject,
            found.scheduled_step_key,
            ending,
            parties=BY_MODALITY,
            at=platform.clock.now(),
            reason=change.discontinuation_reason,
        )


def _carried(tx: Connection, references: tuple[StepReference, ...], patient_identifier: str) -> _Carried:
    found: list[ScheduledStep] = []
    other_patient = False
    for reference in references:
        procedure = _procedure_of(tx, reference)
        if procedure is None:
            continue
        if not _is_of(get_patient(tx, procedure.patient_id), patient_identifier):
            other_patient = True
            continue
        named = [step for step in procedure.steps if step.scheduled_step_id == reference.scheduled_step_id]
        # A modality that leaves the step identifier empty does the whole procedure.
        found += named or ([] if reference.scheduled_step_id else list(procedure.steps))
    return _Carried(tuple(dict.fromkeys(found)), other_patient)


def _procedure_of(tx: Connection, reference: StepReference) -> RequestedProcedure | None:
    planned = store.procedures_planned(tx, [reference.study_uid]).get(reference.study_uid)
    if planned is not None or not reference.accession_number:
        return planned
    found = store.find_procedures(tx, requested_procedures.c.accession_number == reference.accession_number)
    return store.procedures_planned(tx, [found[0][0]]).get(found[0][0]) if len(found) == 1 else None


def _is_of(patient: Patient, identifier: str) -> bool:
    """Say whether an identifier is one of the patient's; a modality that sends none is believed."""
    return not identifier or any(entry.value == identifier for entry in patient.identifiers)


def _announce(tx: Connection, subject: Subject, step: PerformedStep, kind: str) -> None:
    uid: SopInstanceUid = step.sop_instance_uid
    publish(
        tx, kind, subject=uid, payload={"sop_instance_uid": uid, "state": step.state.value, "study_uids": list(step.study_uids)}
    )
    record(
        tx,
        subject.actor,
        kind,
        study_uid=next(iter(step.study_uids), None),
        objects={"performed_step": uid, "state": step.state.value, "images": len(step.referenced_instances)},
    )
