"""Reject images of a study by hand, and take a rejection back: what a person does about it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from pydicom.dataset import Dataset
from sqlalchemy import Connection

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Subject, system_subject
from negatoscope.archive.metadata import read_study_attributes
from negatoscope.archive.model import Instance, Outcome, Source, SourceKind
from negatoscope.archive.receive import begin_instance
from negatoscope.archive.rejections import store
from negatoscope.archive.rejections.model import ACTIONS, MEANINGS, RejectionTitle
from negatoscope.archive.rejections.notes import LONGEST_EXPLANATION, revoke
from negatoscope.archive.report_visibility import visible_instances
from negatoscope.archive.study_store import get_study, list_instances
from negatoscope.audit.trail import record
from negatoscope.formats.dicom.files import encode_file
from negatoscope.formats.dicom.rejection_notes import KEY_OBJECT_SELECTION, NamedObject, NoteHead, build_note
from negatoscope.formats.dicom.uids import new_uid
from negatoscope.platform.errors import Conflict, InvalidInput, NotFound
from negatoscope.platform.runtime import Platform

BY_HAND: Final = (RejectionTitle.QUALITY, RejectionTitle.PATIENT_SAFETY, RejectionTitle.WRONG_WORKLIST_ENTRY)
"""The titles under which a person rejects; the fourth is that of the retention rules."""


def reject_instances(
    platform: Platform,
    subject: Subject,
    study_uid: str,
    sop_instance_uids: Collection[str],
    *,
    title: RejectionTitle,
    explanation: str,
) -> str:
    """Reject objects of a study: a note that names them is stored in it as an object. Return the identifier of the note.

    NotFound where one of them is not there for this person to see.
    """
    if title not in BY_HAND:
        raise InvalidInput("Nobody rejects by hand under this title.", field="title", reason="title_not_by_hand")
    explanation = explanation.strip()
    if not explanation or len(explanation) > LONGEST_EXPLANATION:
        raise InvalidInput("Give a reason.", field="explanation", reason="reason_missing")
    with platform.database.read(platform.tenant) as tx:
        study = get_study(tx, study_uid)
        authorise(tx, subject, ACTIONS[title], patient_id=study.patient_id, study_uid=study_uid, reason=explanation)
        chosen = _chosen(tx, subject, study_uid, sop_instance_uids)
        of_study = read_study_attributes(tx, platform, chosen[0])
    note_uid = new_uid()
    content = _note(platform, chosen, of_study, note_uid, title, explanation)
    source = Source(kind=SourceKind.PRODUCT, name=subject.login or "rejections")
    incoming = begin_instance(platform, system_subject(platform.tenant, "rejections"), source=source, study_uid=study_uid)
    try:
        incoming.write(content)
        with platform.database.transaction(platform.tenant) as tx:
            stored = incoming.commit(tx)
            rejected = {one.sop_instance_uid for one in store.list_note(tx, note_uid)}
            if stored.outcome is not Outcome.STORED or not rejected.issuperset(one.sop_instance_uid for one in chosen):
                raise Conflict("The study cannot take the rejection note.", reason="note_not_stored")
            record(
                tx,
                subject.actor,
                ACTIONS[title].value,
                patient_id=study.patient_id,
                study_uid=study_uid,
                objects={"note": note_uid, "title": title.value, "objects": len(chosen)},
                reason=explanation,
            )
    except BaseException:
        incoming.discard()
        raise
    return note_uid


def revoke_note(platform: Platform, subject: Subject, note_uid: str, *, reason: str) -> int:
    """Show again what a note rejects; the note itself stays where it is. Return how many objects that concerned.

    What is hidden for the sake of a patient, or by a retention rule that has run, is shown again in the same way.
    """
    if not reason.strip():
        raise InvalidInput("Give a reason.", field="reason", reason="reason_missing")
    with platform.database.transaction(platform.tenant) as tx:
        named = [one for one in store.list_note(tx, note_uid) if one.sop_instance_uid != note_uid]
        if not named:
            raise NotFound("There is no such rejection.", reason="no_such_rejection")
        # What was moved away since is rejected where it stands.
        for study_uid in sorted({one.study_uid for one in named}):
            patient_id = get_study(tx, study_uid).patient_id
            authorise(tx, subject, Action.REVOKE_REJECTION, patient_id=patient_id, study_uid=study_uid, reason=reason)
        changed = revoke(tx, subject, named, reason=reason.strip(), at=platform.clock.now())
        if not changed:
            raise Conflict("This rejection was taken back before.", reason="already_revoked")
    return changed


def _chosen(tx: Connection, subject: Subject, study_uid: str, uids: Collection[str]) -> list[Instance]:
    wanted = set(uids)
    if not wanted:
        raise InvalidInput("Choose at least one image.", field="images", reason="nothing_chosen")
    seen = list_instances(tx, study_uid, where=visible_instances(subject))
    chosen = [one for one in seen if one.sop_instance_uid in wanted and one.sop_class_uid != KEY_OBJECT_SELECTION]
    if len(chosen) != len(wanted):
        raise NotFound("Nothing is here.", reason="no_such_instance")
    return chosen


def _note(
    platform: Platform, chosen: list[Instance], of_study: Dataset, note_uid: str, title: RejectionTitle, explanation: str
) -> bytes:
    head = NoteHead(
        sop_instance_uid=note_uid,
        series_uid=new_uid(),
        title=(title.value, "DCM", MEANINGS[title]),
        explanation=explanation,
        at=platform.clock.now(),
        manufacturer="Negatoscope",
    )
    named = [
        NamedObject(
            study_uid=one.study_uid,
            series_uid=one.series_uid,
            sop_class_uid=one.sop_class_uid,
            sop_instance_uid=one.sop_instance_uid,
        )
        for one in chosen
    ]
    return encode_file(build_note(head, named, of_study))
