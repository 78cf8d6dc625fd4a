"""Find the patient that identifiers name, or create him. Traits never merge anybody: they only raise a flag."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, func, select

from negatoscope.access.model import Subject
from negatoscope.audit.trail import record
from negatoscope.patients import store
from negatoscope.patients.model import (
    DOUBT_FLAGS,
    Demographics,
    Discrepancy,
    IdentifierKind,
    IdentityStatus,
    Patient,
    PatientId,
    PatientIdentifier,
    agree_on_all_traits,
    complete,
    differing_traits,
)
from negatoscope.patients.national_identifier import is_ins, is_ins_issuer
from negatoscope.platform.events import publish

OWN_ISSUER = "NEGATOSCOPE"
UNRELIABLE_SOURCES = frozenset({"dicom"})
DECIDING_TRAITS = frozenset({"family_name", "birth_date"})


def find_or_create_patient(
    tx: Connection,
    subject: Subject,
    identifiers: Sequence[PatientIdentifier],
    demographics: Demographics,
    *,
    source: str,
    identity_status: IdentityStatus = IdentityStatus.PROVISIONAL,
    identity_flags: frozenset[str] = frozenset(),
    own_issuer: str = OWN_ISSUER,
    issuer_assumed: bool = False,
) -> PatientId:
    """Return the patient borne by the first identifier that is known; create one when none is.

    Identifiers count in the order given, institution numbers before the INS. Two identifiers that name two patients, or
    traits that disagree with those on record, change nothing and flag the patient `to_reconcile`. An INS is kept on a
    qualified identity alone. Without an institution number a number of our own is given, by `own_issuer`.
    `issuer_assumed` says that the sender named no issuer. The number then proves little: a patient of another family name
    or birth date is not meant by it, and the one patient of any issuer who bears it and agrees on name, birth date and sex
    is. Failing him a patient is made who does not bear the number, and both are flagged.
    """
    trusted = identity_status is IdentityStatus.QUALIFIED and not identity_flags & DOUBT_FLAGS
    usable = _usable(identifiers, trusted=trusted)
    found = store.find_patient_ids(tx, usable)
    if len(found) < len(usable):
        store.lock_identifiers(tx, usable)
        found = store.find_patient_ids(tx, usable)
    told_at = _now(tx)
    strangers = _strangers(tx, found, demographics) if issuer_assumed else frozenset()
    borne = frozenset(found)
    found = {entry: owner for entry, owner in found.items() if owner not in strangers}
    if not found and issuer_assumed:
        meant = _meant_without_issuer(tx, usable, demographics)
        if meant is not None:
            return meant
    if not found:
        status = identity_status if trusted or identity_status is not IdentityStatus.QUALIFIED else IdentityStatus.PROVISIONAL
        patient_id = _create(
            tx,
            subject,
            tuple(entry for entry in usable if entry not in borne),
            demographics,
            source=source,
            status=status,
            flags=identity_flags,
            own_issuer=own_issuer,
            at=told_at,
        )
        for side in (patient_id, *sorted(strangers, key=str)) if strangers else ():
            flag_to_reconcile(tx, subject, side, demographics, reason="identifier_of_another_person", source=source)
        return patient_id
    patient_id = next(found[entry] for entry in usable if entry in found)
    _recognise(tx, subject, patient_id, identifiers=usable, found=found, told=demographics, source=source, at=told_at)
    return patient_id


def flag_to_reconcile(
    tx: Connection, subject: Subject, patient_id: UUID, demographics: Demographics, *, reason: str, source: str
) -> bool:
    """Note that something was told of this patient that does not fit. Return False when it had been noted before."""
    patient = store.get_patient(tx, patient_id)
    discrepancy = Discrepancy(
        reason=reason,
        source=source,
        traits=differing_traits(patient.demographics, demographics),
        told=demographics,
        at=_now(tx),
    )
    return _note(tx, subject, patient.patient_id, discrepancy)


def _strangers(tx: Connection, found: dict[PatientIdentifier, PatientId], demographics: Demographics) -> frozenset[PatientId]:
    """Return those of these patients who are somebody else: of another family name or birth date."""
    known = store.get_patients(tx, found.values())
    return frozenset(
        patient_id
        for patient_id, patient in known.items()
        if DECIDING_TRAITS & set(differing_traits(patient.demographics, demographics))
    )


def _meant_without_issuer(
    tx: Connection, identifiers: tuple[PatientIdentifier, ...], demographics: Demographics
) -> PatientId | None:
    """Return the only patient who bears one of these numbers and agrees on every trait."""
    meant = {
        patient.patient_id
        for entry in identifiers
        for patient in store.list_patients(tx, [store.bears_identifier(entry.value)], after=None, limit=10)
        if agree_on_all_traits(patient.demographics, demographics)
    }
    return meant.pop() if len(meant) == 1 else None


def _usable(identifiers: Sequence[PatientIdentifier], *, trusted: bool) -> tuple[PatientIdentifier, ...]:
    """Return the identifiers that may be searched and kept, institution numbers first."""
    national = [entry for entry in identifiers if _is_national(entry)]
    others = [entry for entry in identifiers if not _is_national(entry)]
    kept = [
        PatientIdentifier(entry.value, entry.issuer, IdentifierKind.NATIONAL, entry.issuer_oid)
        for entry in national
        if trusted and is_ins(entry.value)
    ]
    return tuple(dict.fromkeys([*others, *kept]))


def _is_national(entry: PatientIdentifier) -> bool:
    return entry.kind is IdentifierKind.NATIONAL or is_ins_issuer(entry.issuer, entry.issuer_oid)


def _create(
    tx: Connection,
    subject: Subject,
    identifiers: tuple[PatientIdentifier, ...],
    demographics: Demographics,
    *,
    source: str,
    status: IdentityStatus,
    flags: frozenset[str],
    own_issuer: str,
    at: datetime,
) -> PatientId:
    patient_id = store.insert_patient(
        tx,
        demographics,
        identity_status=status,
        identity_flags=flags,
        to_reconcile=source in UNRELIABLE_SOURCES or bool(flags & DOUBT_FLAGS),
        source=source,
        at=at,
    )
    if not any(entry.kind is IdentifierKind.INSTITUTION for entry in identifiers):
        identifiers = (PatientIdentifier(store.next_patient_number(tx), own_issuer), *identifiers)
    store.insert_identifiers(tx, patient_id, identifiers, at)
    record(tx, subject.actor, "patient_created", patient_id=patient_id, objects={"source": source})
    publish(tx, "patient_created", subject=str(patient_id), payload={"source": source})
    return patient_id


def _recognise(
    tx: Connection,
    subject: Subject,
    patient_id: PatientId,
    *,
    identifiers: tuple[PatientIdentifier, ...],
    found: dict[PatientIdentifier, PatientId],
    told: Demographics,
    source: str,
    at: datetime,
) -> None:
    """Learn what is new about a known patient; note what disagrees."""
    patient = store.get_patient(tx, patient_id)
    traits = differing_traits(patient.demographics, told)
    for other in sorted({owner for owner in found.values() if owner != patient_id}, key=str):
        for side in (patient_id, other):
            conflict = Discrepancy(reason="identifiers_name_two_patients", source=source, traits=traits, told=told, at=at)
            _note(tx, subject, side, conflict)
    if traits:
        _note(tx, subject, patient_id, Discrepancy(reason="traits_differ", source=source, traits=traits, told=told, at=at))
        return
    if _speaks_for(patient, found):
        store.insert_identifiers(tx, patient_id, [entry for entry in identifiers if entry not in found], at)
    if complete(patient.demographics, told) == patient.demographics:
        return
    patient = store.lock_patient(tx, patient_id)
    completed = complete(patient.demographics, told)
    if completed != patient.demographics:
        store.update_demographics(tx, patient_id, completed, status=patient.identity_status, version=patient.version)
        record(tx, subject.actor, "patient_completed", patient_id=patient_id, objects={"source": source})
        publish(tx, "patient_completed", subject=str(patient_id), payload={"source": source})


def _speaks_for(patient: Patient, found: dict[PatientIdentifier, PatientId]) -> bool:
    """Say whether new identifiers may be attached: nobody else is named by the same message."""
    return set(found.values()) == {patient.patient_id}


def _note(tx: Connection, subject: Subject, patient_id: PatientId, discrepancy: Discrepancy) -> bool:
    if not store.insert_discrepancy(tx, patient_id, discrepancy):
        return False
    objects = {"reason": discrepancy.reason, "source": discrepancy.source, "traits": list(discrepancy.traits)}
    record(tx, subject.actor, "patient_to_reconcile", patient_id=patient_id, objects=objects)
    publish(tx, "patient_to_reconcile", subject=str(patient_id), payload={"reason": discrepancy.reason})
    return True


def _now(tx: Connection) -> datetime:
    at = tx.execute(select(func.now())).scalar_one()
    assert isinstance(at, datetime)  # noqa: S101 - for the type checker: now() is a timestamptz
    return at
