"""Move objects to another study or patient: split, merge and move by overlay. The objects themselves stay as they came.

Whoever moves alone by the policy does so at once; otherwise the move waits for a second person. A report stays where it
was signed: what was stored of it is never moved, and a study that was signed is moved by two people in any case.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import Connection

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise, decide
from negatoscope.access.model import Subject
from negatoscope.access.second_person import second_person
from negatoscope.archive import store as archive_store
from negatoscope.archive.corrections import store
from negatoscope.archive.corrections.marks import mark_corrected
from negatoscope.archive.corrections.model import Move, MovedObject, MoveEvent, MoveState, next_move_state
from negatoscope.archive.model import Instance, SourceKind, Study
from negatoscope.archive.rejections.notes import tell
from negatoscope.archive.rejections.store import update_revisions, update_shown_count
from negatoscope.archive.retention import store as retention_store
from negatoscope.archive.study_store import get_study, list_instances, list_studies
from negatoscope.audit.trail import record
from negatoscope.formats.dicom.uids import new_uid
from negatoscope.patients.store import get_patient
from negatoscope.platform.errors import Conflict, Forbidden, InvalidInput, NotFound
from negatoscope.platform.events import publish
from negatoscope.platform.runtime import Platform

IsSigned = Callable[[Connection, str, UUID], bool]
"""Tells whether a report on this study was signed for this patient."""

_Place = tuple[UUID, str | None]
"""A patient and a study; no study where the move itself makes it."""

LONGEST_REASON: Final = 500
_REPORTS: Final = f"{SourceKind.PRODUCT.value}:reporting"


def propose_move(
    platform: Platform,
    subject: Subject,
    study_uid: str,
    sop_instance_uids: Collection[str],
    *,
    to_study_uid: str | None,
    to_patient_id: UUID | None,
    reason: str,
    is_signed: IsSigned,
) -> Move:
    """Move objects into a study that is here, or into a new one of a patient; return the move, done or to be confirmed.

    Without a study and a patient, the new study is one more of the same patient. NotFound where an object is not there.
    """
    reason = _checked(reason)
    with platform.database.transaction(platform.tenant) as tx:
        source = get_study(tx, study_uid)
        chosen = _chosen(tx, source, sop_instance_uids)
        target = get_study(tx, to_study_uid) if to_study_uid else None
        patient_id = target.patient_id if target is not None else to_patient_id or source.patient_id
        move = Move(
            move_id=uuid4(),
            state=MoveState.PROPOSED,
            from_study_uid=study_uid,
            to_study_uid=to_study_uid or new_uid(),
            to_patient_id=get_patient(tx, patient_id).patient_id,
            reason=reason,
            proposed_by=_person(subject),
            proposer_name=subject.display_name,
            proposed_at=platform.clock.now(),
        )
        places = [_place(source), _place(target) if target is not None else (move.to_patient_id, None)]
        if move.to_study_uid == study_uid:
            raise InvalidInput("Choose another study.", field="to_study_uid", reason="same_study")
        alone = _moves_alone(tx, subject, places, reason) and not _any_signed(tx, is_signed, places)
        store.insert_move(tx, move, _destinations(chosen))
        _record(tx, subject, move, "move_proposed", source.patient_id, reason)
        if alone:
            return _apply(platform, tx, subject, move, source)
        publish(tx, "move_changed", subject=str(move.move_id), payload={"state": move.state.value})
    return move


def confirm_move(platform: Platform, subject: Subject, move_id: UUID, *, version: int) -> Move:
    """Carry a proposed move out; another person than the proposer says so."""
    with platform.database.transaction(platform.tenant) as tx:
        move = replace(store.get_move(tx, move_id), version=version)
        source = get_study(tx, move.from_study_uid)
        target = [_place(study) for study in list_studies(tx, [move.to_study_uid])] or [(move.to_patient_id, None)]
        for patient_id, study_uid in (_place(source), *target):
            authorise(
                tx,
                subject,
                Action.MOVE_IMAGES,
                patient_id=patient_id,
                study_uid=study_uid,
                reason=move.reason,
                second_person=second_person(tx, move.proposed_by),
            )
        if subject.user_id == move.proposed_by:
            raise Conflict("Another person confirms what you proposed.", reason="needs_second_person")
        return _apply(platform, tx, subject, move, source)


def refuse_move(platform: Platform, subject: Subject, move_id: UUID, *, version: int, reason: str) -> None:
    """Leave the objects where they are."""
    reason = _checked(reason)
    with platform.database.transaction(platform.tenant) as tx:
        move = replace(store.get_move(tx, move_id), version=version)
        source = get_study(tx, move.from_study_uid)
        _moves_alone(tx, subject, [_place(source)], reason)
        refused = replace(
            move,
            state=next_move_state(move.state, MoveEvent.REFUSE),
            decided_by=subject.display_name,
            decided_at=platform.clock.now(),
        )
        store.update_move(tx, move, refused)
        _record(tx, subject, move, "move_refused", source.patient_id, reason)
        publish(tx, "move_changed", subject=str(move_id), payload={"state": refused.state.value})


def undo_move(platform: Platform, subject: Subject, move_id: UUID, *, version: int, reason: str, is_signed: IsSigned) -> None:
    """Put the objects of a move back where they came from; Conflict when one of them was moved on since.

    Only whoever moves alone does so, and not where a report was signed: there two people move them back, by a new move.
    """
    reason = _checked(reason)
    with platform.database.transaction(platform.tenant) as tx:
        move = replace(store.get_move(tx, move_id), version=version)
        source, target = get_study(tx, move.from_study_uid), get_study(tx, move.to_study_uid)
        places = [_place(source), _place(target)]
        if not _moves_alone(tx, subject, places, reason) or _any_signed(tx, is_signed, places):
            raise Forbidden("A second person must confirm this.", reason="needs_second_person")
        undone = replace(
            move,
            state=next_move_state(move.state, MoveEvent.UNDO),
            undone_by=subject.display_name,
            undone_at=platform.clock.now(),
            undo_reason=reason,
        )
        store.update_move(tx, move, undone)
        back = [
            MovedObject(
                sop_instance_uid=one.sop_instance_uid, from_series_uid=one.to_series_uid, to_series_uid=one.from_series_uid
            )
            for one in store.list_moved(tx, move_id)
        ]
        _carry(tx, back, target.study_uid, source.study_uid)
        _record(tx, subject, move, "move_undone", source.patient_id, reason)
        publish(tx, "move_changed", subject=str(move_id), payload={"state": undone.state.value})


def _apply(platform: Platform, tx: Connection, subject: Subject, move: Move, source: Study) -> Move:
    now = platform.clock.now()
    applied = replace(
        move, state=next_move_state(move.state, MoveEvent.CONFIRM), decided_by=subject.display_name, decided_at=now
    )
    store.update_move(tx, move, applied)
    is_new = not list_studies(tx, [move.to_study_uid])
    if is_new:
        patient = get_patient(tx, move.to_patient_id)
        same_patient = patient.patient_id == source.patient_id
        store.copy_study(tx, source.study_uid, move.to_study_uid, patient, same_patient=same_patient, at=now)
    _carry(tx, store.list_moved(tx, move.move_id), source.study_uid, move.to_study_uid)
    if is_new:
        publish(tx, "study_arrived", subject=move.to_study_uid, payload={"study_uid": move.to_study_uid})
    for patient_id in {source.patient_id, move.to_patient_id}:
        _record(tx, subject, move, Action.MOVE_IMAGES.value, patient_id, move.reason)
    publish(tx, "move_changed", subject=str(move.move_id), payload={"state": applied.state.value})
    return replace(applied, version=move.version + 1)


def _carry(tx: Connection, objects: list[MovedObject], from_study: str, to_study: str) -> None:
    """Let the rows of objects stand in the other study, and have made again what was computed of both."""
    for study_uid in sorted({from_study, to_study}):
        archive_store.lock_study(tx, study_uid)
    _require_free(tx, get_study(tx, from_study), get_study(tx, to_study))
    for from_series, to_series in sorted({(one.from_series_uid, one.to_series_uid) for one in objects}):
        uids = [one.sop_instance_uid for one in objects if one.from_series_uid == from_series]
        store.copy_series(tx, from_study, from_series, to_study, to_series)
        if store.move_objects(tx, uids, from_study, to_study, to_series) != len(uids):
            raise Conflict("An object was moved or erased meanwhile.", reason="objects_elsewhere")
    store.drop_empty_series(tx, from_study, sorted({one.from_series_uid for one in objects}))
    update_revisions(tx, from_study, {one.from_series_uid for one in objects})
    mark_corrected(tx, to_study)
    for study_uid in (from_study, to_study):
        store.update_modalities(tx, study_uid)
        update_shown_count(tx, study_uid)
        tell(tx, study_uid)
        publish(tx, "study_updated", subject=study_uid, payload={"study_uid": study_uid})


def _chosen(tx: Connection, source: Study, uids: Collection[str]) -> list[Instance]:
    wanted = set(uids)
    if not wanted:
        raise InvalidInput("Choose at least one image.", field="images", reason="nothing_chosen")
    chosen = [one for one in list_instances(tx, source.study_uid) if one.sop_instance_uid in wanted]
    if len(chosen) != len(wanted):
        raise NotFound("Nothing is here.", reason="no_such_instance")
    if any(one.source == _REPORTS for one in chosen):
        raise Conflict("A signed report stays in the study on which it was written.", reason="report_stays")
    return chosen


def _destinations(chosen: list[Instance]) -> list[MovedObject]:
    """Give each series that objects leave a series of its own where they go: a series stands in one study alone."""
    new_series = {uid: new_uid() for uid in sorted({str(one.series_uid) for one in chosen})}
    return [
        MovedObject(
            sop_instance_uid=one.sop_instance_uid,
            from_series_uid=one.series_uid,
            to_series_uid=new_series[str(one.series_uid)],
        )
        for one in chosen
    ]


def _require_free(tx: Connection, source: Study, target: Study) -> None:
    """Raise Conflict where a hold would be lost, or where what comes would be erased by people who never saw it."""
    if retention_store.loses_hold(tx, source, to_study_uid=target.study_uid, to_patient_id=target.patient_id):
        raise Conflict("A legal hold keeps this study.", reason="legal_hold")
    if retention_store.is_approved(tx, target.study_uid):
        raise Conflict("The erasure of the other study was approved.", reason="erasure_approved")


def _place(study: Study) -> _Place:
    return study.patient_id, study.study_uid


def _moves_alone(tx: Connection, subject: Subject, places: Collection[_Place], reason: str) -> bool:
    """Tell whether the policy asks for nobody else; raise when it does not let the subject move images there at all."""
    alone = True
    for patient_id, study_uid in places:
        decision = decide(tx, subject, Action.MOVE_IMAGES, patient_id=patient_id, study_uid=study_uid, reason=reason)
        if not decision.allowed and decision.reason != "needs_second_person":
            authorise(tx, subject, Action.MOVE_IMAGES, patient_id=patient_id, study_uid=study_uid, reason=reason)
        alone = alone and decision.allowed
    return alone


def _any_signed(tx: Connection, is_signed: IsSigned, places: Collection[_Place]) -> bool:
    return any(is_signed(tx, study_uid, patient_id) for patient_id, study_uid in places if study_uid is not None)


def _person(subject: Subject) -> UUID:
    if subject.user_id is None:
        raise InvalidInput("Only a person moves images.", reason="not_a_person")
    return subject.user_id


def _record(tx: Connection, subject: Subject, move: Move, action: str, patient_id: UUID, reason: str) -> None:
    record(
        tx,
        subject.actor,
        action,
        patient_id=patient_id,
        study_uid=move.from_study_uid,
        objects={"move": str(move.move_id), "to_study": move.to_study_uid, "to_patient": str(move.to_patient_id)},
        reason=reason,
    )


def _checked(reason: str) -> str:
    if not 0 < len(reason.strip()) <= LONGEST_REASON:
        raise InvalidInput("Give a reason.", field="reason", reason="reason_missing")
    return reason.strip()
