"""Bring a study and an order together by hand, where no number did it or the identities disagree."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection

from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Action, Subject, system_subject
from negatoscope.archive.model import Study
from negatoscope.archive.studies import attach_to_patient, get_study, list_studies_of_patient
from negatoscope.audit.trail import record
from negatoscope.orders import exception_store, store
from negatoscope.orders.matching import NAME, IsSignedFor, Match, find_match, start_steps
from negatoscope.orders.model import Order
from negatoscope.platform.errors import Conflict, InvalidInput, NotFound
from negatoscope.platform.events import publish
from negatoscope.platform.runtime import Platform

BY_PERSON = "person"


def list_unordered_studies(tx: Connection, patient_id: UUID) -> list[Study]:
    """Return the studies of a patient that answer no order, newest first."""
    found = list_studies_of_patient(tx, patient_id)
    ordered = store.procedures_planned(tx, [study.study_uid for study in found])
    return [study for study in found if study.study_uid not in ordered]


def attach_study(
    platform: Platform,
    subject: Subject,
    order_id: UUID,
    study_uid: str,
    *,
    reason: str,
    is_signed_for: IsSignedFor,
) -> None:
    """Decide that a study is the one that was ordered; the objects stay as they were sent.

    It is one that came for the order under another patient, or one of the patient that answers no order; NotFound for any
    other. Conflict where the study would leave a patient for whom a report on it was signed, or whom a legal hold keeps.
    """
    if not reason.strip():
        raise InvalidInput("Give a reason.", field="reason", reason="reason_missing")
    now = platform.clock.now()
    with platform.database.transaction(platform.tenant) as tx:
        order = store.get_order(tx, order_id, lock=True)
        authorise(tx, subject, Action.RECONCILE_STUDY, patient_id=order.patient_id, study_uid=study_uid, reason=reason)
        study = get_study(tx, study_uid)
        match = _decide(tx, order, study)
        accession = next(entry.accession_number for entry in order.procedures if entry.study_uid == match.study_uid)
        attach_to_patient(tx, study_uid, order.patient_id, accession_number=accession)
        # The study is held from here on, so that nobody signs it for its former patient meanwhile.
        if study.patient_id != order.patient_id and is_signed_for(tx, study_uid, study.patient_id):
            raise Conflict(
                "This study has a signed report: it stays with the patient for whom it was signed.", reason="report_signed"
            )
        if match.study_uid != study.study_uid:
            store.insert_match(tx, study_uid, match.study_uid, matched_by=match.by, at=now)
        exception_store.resolve_conflict(tx, order_id, study_uid, now)
        start_steps(platform, tx, system_subject(platform.tenant, NAME), order, match)
        record(
            tx,
            subject.actor,
            "study_reconciled",
            patient_id=order.patient_id,
            study_uid=study_uid,
            objects={"order_id": str(order_id), "from_patient": str(study.patient_id)},
            reason=reason,
        )
        payload = {"study_uid": study_uid, "order_id": str(order_id), "by": BY_PERSON}
        publish(tx, "study_matched", subject=study_uid, payload=dict(payload))


def _decide(tx: Connection, order: Order, study: Study) -> Match:
    if study.study_uid in exception_store.list_conflicting_studies(tx, order.order_id):
        match = find_match(tx, study)
        if match is not None and match.order_id == order.order_id:
            return match
    elif study.patient_id == order.patient_id and not store.procedures_planned(tx, [study.study_uid]):
        return Match(order.procedures[0].study_uid, order.order_id, BY_PERSON)
    raise NotFound("No study waits here for a decision.", reason="no_such_conflict")
