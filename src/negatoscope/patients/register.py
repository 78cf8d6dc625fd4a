"""Use cases of the desk: make a patient, correct his traits, say that his papers were checked."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Action, Subject
from negatoscope.audit.trail import record
from negatoscope.patients import store
from negatoscope.patients.identify import find_or_create_patient
from negatoscope.patients.model import (
    Demographics,
    IdentityEvent,
    IdentityStatus,
    PatientId,
    PatientIdentifier,
    Sex,
    differing_traits,
    next_identity_status,
)
from negatoscope.platform.errors import InvalidInput
from negatoscope.platform.events import publish
from negatoscope.platform.runtime import Platform


def register_patient(
    platform: Platform, subject: Subject, demographics: Demographics, identifiers: Sequence[PatientIdentifier] = ()
) -> PatientId:
    """Create the patient whom a secretary typed; one who bears one of these identifiers already is returned instead."""
    _require_minimum(demographics)
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.CREATE_PATIENT)
        return find_or_create_patient(
            tx, subject, identifiers, demographics, source="desk", own_issuer=platform.settings.issuer
        )


def edit_traits(platform: Platform, subject: Subject, patient_id: UUID, *, version: int, demographics: Demographics) -> None:
    """Correct the traits of a patient. A strict trait that changes lowers the trust in the identity."""
    _require_minimum(demographics)
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.EDIT_PATIENT, patient_id=patient_id)
        patient = store.get_patient(tx, patient_id)
        changed = differing_traits(patient.demographics, demographics)
        status = patient.identity_status
        if changed:
            status = next_identity_status(status, IdentityEvent.TRAIT_EDITED)
        store.update_demographics(tx, patient.patient_id, demographics, status=status, version=version)
        record(tx, subject.actor, "patient_edited", patient_id=patient_id, objects={"traits": list(changed)})
        publish(tx, "patient_edited", subject=str(patient_id), payload={"traits": list(changed)})


def confirm_document(platform: Platform, subject: Subject, patient_id: UUID, *, version: int, document: str) -> IdentityStatus:
    """Note that a high-trust identity document (`document`: its kind) was seen; return the new trust."""
    if document not in IDENTITY_DOCUMENTS:
        raise InvalidInput("This kind of document does not establish an identity.", field="document")
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.QUALIFY_IDENTITY, patient_id=patient_id)
        patient = store.get_patient(tx, patient_id)
        status = next_identity_status(patient.identity_status, IdentityEvent.DOCUMENT_CHECKED, patient.identity_flags)
        store.update_demographics(tx, patient.patient_id, patient.demographics, status=status, version=version)
        objects = {"document": document, "identity_status": status.value}
        record(tx, subject.actor, "identity_document_checked", patient_id=patient_id, objects=objects)
        return status


def settle_identity(platform: Platform, subject: Subject, patient_id: UUID, *, version: int, reason: str) -> None:
    """Say that what disagreed about a patient was looked into, and what came of it; the flag goes, the traits stay."""
    if not reason.strip():
        raise InvalidInput("Give a reason.", field="reason", reason="reason_missing")
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.EDIT_PATIENT, patient_id=patient_id)
        patient = store.get_patient(tx, patient_id)
        store.resolve_discrepancies(tx, patient, version=version, at=platform.clock.now())
        reasons = sorted({entry.reason for entry in patient.discrepancies})
        record(tx, subject.actor, "identity_settled", patient_id=patient_id, objects={"told": reasons}, reason=reason)
        publish(tx, "patient_to_reconcile", subject=str(patient_id), payload={"reason": "settled"})


IDENTITY_DOCUMENTS = ("passport", "identity_card", "residence_permit", "family_record_book")


def _require_minimum(demographics: Demographics) -> None:
    """Hold the desk to the smallest set of traits with which a person can be told from another."""
    if not demographics.family_name:
        raise InvalidInput("Give the family name.", field="family_name")
    if not demographics.given_names:
        raise InvalidInput("Give the given name.", field="given_names")
    if demographics.birth_date is None:
        raise InvalidInput("Give the birth date.", field="birth_date")
    if demographics.sex is Sex.UNKNOWN:
        raise InvalidInput("Give the sex.", field="sex")
