"""Decide about objects that are held back: who may, why, and what follows. Nothing is deleted by any decision."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Subject, system_subject
from negatoscope.access.policy import may_ever
from negatoscope.access.second_person import second_person
from negatoscope.archive import store as archive_store
from negatoscope.archive.corrections.marks import mark_corrected
from negatoscope.archive.held import store
from negatoscope.archive.held.model import (
    DECISIONS,
    RELEASABLE,
    ConflictingObject,
    QuarantinedObject,
    QuarantineEvent,
    Settlement,
    next_quarantine_state,
)
from negatoscope.archive.held.reading import read_again
from negatoscope.archive.model import Instance, SourceKind
from negatoscope.archive.recompression.store import find_original_hash
from negatoscope.archive.rejections.notes import apply_note, title_of
from negatoscope.archive.rejections.store import update_revisions
from negatoscope.archive.rows import series_values
from negatoscope.archive.study_store import find_instance, get_study
from negatoscope.audit.trail import record
from negatoscope.formats.dicom.attributes import InstanceAttributes
from negatoscope.platform.database import TenantId
from negatoscope.platform.errors import Conflict, Forbidden, InvalidInput, InvalidTransition
from negatoscope.platform.events import publish
from negatoscope.platform.runtime import Platform

LONGEST_REASON: Final = 500


def settle_conflict(
    platform: Platform, subject: Subject, sop_instance_uid: str, sha256: str, settlement: Settlement, *, reason: str
) -> None:
    """Decide a conflict: the object that was first stays, the other takes its place, or nothing follows from it."""
    reason = _checked(reason)
    if settlement not in DECISIONS:
        raise InvalidInput("Choose what is to be done.", field="decision", reason="unknown_decision")
    with platform.database.transaction(platform.tenant) as tx:
        conflict = store.get_conflict(tx, sop_instance_uid, sha256, lock=True)
        current = _current(tx, conflict)
        patient_id = get_study(tx, current.study_uid).patient_id
        authorise(tx, subject, Action.RECONCILE_STUDY, patient_id=patient_id, study_uid=current.study_uid, reason=reason)
        if conflict.settled_at is not None:
            raise InvalidTransition("This conflict was settled before.", reason="already_settled")
        if settlement is Settlement.MADE_CURRENT:
            _make_current(platform, tx, subject, conflict, current, reason)
        else:
            store.settle_conflict(tx, conflict, settlement, by=subject.display_name, reason=reason, at=platform.clock.now())
        record(
            tx,
            subject.actor,
            "instance_conflict_settled",
            patient_id=patient_id,
            study_uid=current.study_uid,
            objects={"sop_instance_uid": sop_instance_uid, "sha256": sha256, "decision": settlement.value},
            reason=reason,
        )


def propose_release(platform: Platform, subject: Subject, quarantine_id: UUID, *, version: int, reason: str) -> None:
    """Ask that an object be let into its study after all; another person must confirm it."""
    reason = _checked(reason)
    with platform.database.transaction(platform.tenant) as tx:
        held = _held(tx, subject, quarantine_id, version, reason)
        if held.reason not in RELEASABLE:
            raise Conflict("What the gate refused is not let in by anybody.", reason="not_releasable")
        proposed = replace(_moved(held, QuarantineEvent.PROPOSE), proposed_by=subject.user_id, proposal_reason=reason)
        store.update_quarantined(tx, held, proposed)
        _record(tx, subject, held, "quarantine_release_proposed", reason)


def confirm_release(platform: Platform, subject: Subject, quarantine_id: UUID, *, version: int, reason: str) -> None:
    """Let an object into its study, as another person proposed: under the identity of the study, its bytes as sent."""
    reason = _checked(reason)
    with platform.database.read(platform.tenant) as tx:
        blob = store.get_quarantined(tx, quarantine_id).blob
    verdict, instance = read_again(platform, blob)
    with platform.database.transaction(platform.tenant) as tx:
        held = _held(tx, subject, quarantine_id, version, reason)
        released = _moved(held, QuarantineEvent.CONFIRM)
        _require_second(tx, subject, held)
        if verdict.attributes is None or instance is None:
            raise Conflict("What the gate refused is not let in by anybody.", reason="not_releasable")
        entered = replace(instance, source=held.source, received_at=platform.clock.now())
        _enter(tx, entered, verdict.attributes)
        title = title_of(entered.sop_class_uid, verdict.attributes.concept_name)
        if title is not None:
            apply_note(tx, platform.blobs, _answers_for(subject, held), entered, title)
        settled = replace(released, settled_at=platform.clock.now(), settled_by=subject.display_name, settlement_reason=reason)
        store.update_quarantined(tx, held, settled)
        _record(tx, subject, held, "quarantine_released", reason)


def withdraw_release(platform: Platform, subject: Subject, quarantine_id: UUID, *, version: int, reason: str) -> None:
    """Take a proposal back, or refuse it."""
    reason = _checked(reason)
    with platform.database.transaction(platform.tenant) as tx:
        held = _held(tx, subject, quarantine_id, version, reason)
        waiting = replace(_moved(held, QuarantineEvent.WITHDRAW), proposed_by=None, proposal_reason=None)
        store.update_quarantined(tx, held, waiting)
        _record(tx, subject, held, "quarantine_release_withdrawn", reason)


def dismiss_quarantined(platform: Platform, subject: Subject, quarantine_id: UUID, *, version: int, reason: str) -> None:
    """Let an object rest in quarantine: it leaves the list of what waits and stays kept."""
    reason = _checked(reason)
    with platform.database.transaction(platform.tenant) as tx:
        held = _held(tx, subject, quarantine_id, version, reason)
        dismissed = replace(
            _moved(held, QuarantineEvent.DISMISS),
            settled_at=platform.clock.now(),
            settled_by=subject.display_name,
            settlement_reason=reason,
        )
        store.update_quarantined(tx, held, dismissed)
        _record(tx, subject, held, "quarantine_dismissed", reason)


def _current(tx: Connection, conflict: ConflictingObject) -> Instance:
    current = find_instance(tx, conflict.sop_instance_uid)
    if current is None:
        raise Conflict("The object that was first is no longer here.", reason="first_is_gone")
    return current


def _make_current(
    platform: Platform, tx: Connection, subject: Subject, conflict: ConflictingObject, current: Instance, reason: str
) -> None:
    verdict, read = read_again(platform, conflict.blob)
    if verdict.attributes is None or read is None or read.study_uid != current.study_uid:
        raise Conflict("The other object belongs to another study.", reason="other_study")
    if find_original_hash(tx, current.sop_instance_uid) is not None:
        raise Conflict("The first object was recompressed: it stays.", reason="first_is_recompressed")
    new = replace(read, source=conflict.source, received_at=conflict.received_at)
    now = platform.clock.now()
    archive_store.insert_series(tx, series_values(verdict.attributes, now), verdict.attributes.modality)
    if not store.exchange(tx, conflict, current, new, by=subject.display_name, reason=reason, at=now):
        raise Conflict("The first object was changed meanwhile.", reason="first_is_gone")
    update_revisions(tx, current.study_uid, {current.series_uid, new.series_uid})
    payload = {"study_uid": str(current.study_uid), "sop_instance_uid": str(current.sop_instance_uid)}
    publish(tx, "instance_replaced", subject=current.sop_instance_uid, payload=dict(payload))
    publish(tx, "study_updated", subject=current.study_uid, payload={"study_uid": str(current.study_uid)})


def _enter(tx: Connection, instance: Instance, attributes: InstanceAttributes) -> None:
    known, laterality = archive_store.share_study(tx, instance.study_uid, instance.series_uid)
    if known is None:
        raise Conflict("The study is no longer here.", reason="no_such_study")
    if laterality is None:
        archive_store.insert_series(tx, series_values(attributes, instance.received_at), attributes.modality)
    if not archive_store.insert_instance(tx, instance):
        raise Conflict("An object of this identifier is stored already.", reason="uid_taken")
    mark_corrected(tx, instance.study_uid)


def _answers_for(subject: Subject, held: QuarantinedObject) -> Subject:
    """Return in whose name a note counts: a device's as it was sent, what another way brought by who lets it in."""
    if held.source.startswith(f"{SourceKind.DIMSE.value}:"):
        return system_subject(TenantId(subject.tenant), "quarantine")
    return subject


def _held(tx: Connection, subject: Subject, quarantine_id: UUID, version: int, reason: str) -> QuarantinedObject:
    held = store.get_quarantined(tx, quarantine_id)
    authorise(tx, subject, Action.RECONCILE_STUDY, study_uid=held.study_uid, reason=reason)
    return replace(held, version=version)


def _require_second(tx: Connection, subject: Subject, held: QuarantinedObject) -> None:
    """Raise Forbidden unless another person proposed it, who might do so still."""
    if subject.user_id is None or held.proposed_by is None or subject.user_id == held.proposed_by:
        raise Forbidden("A second person must confirm this.", reason="needs_second_person")
    if not may_ever(second_person(tx, held.proposed_by), Action.RECONCILE_STUDY):
        raise Forbidden("A second person must confirm this.", reason="needs_second_person")


def _moved(held: QuarantinedObject, event: QuarantineEvent) -> QuarantinedObject:
    return replace(held, state=next_quarantine_state(held.state, event))


def _record(tx: Connection, subject: Subject, held: QuarantinedObject, action: str, reason: str) -> None:
    objects = {"quarantine_id": str(held.quarantine_id), "sha256": held.blob.sha256, "held_for": held.reason}
    record(tx, subject.actor, action, study_uid=held.study_uid, objects=dict(objects), reason=reason)
    publish(tx, "quarantine_changed", subject=str(held.quarantine_id), payload={"action": action})


def _checked(reason: str) -> str:
    if not 0 < len(reason.strip()) <= LONGEST_REASON:
        raise InvalidInput("Give a reason.", field="reason", reason="reason_missing")
    return reason.strip()
