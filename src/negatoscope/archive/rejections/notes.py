"""Apply a rejection note when it is stored, by whichever door; and what an object sent once more meets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from negatoscope.access.authorisation import decide
from negatoscope.access.model import Subject, SubjectKind
from negatoscope.archive.model import Instance
from negatoscope.archive.rejections import store
from negatoscope.archive.rejections.model import ACTIONS, RESENT, Rejection, RejectionTitle, Resent
from negatoscope.archive.stored_file import read_header
from negatoscope.audit.trail import record
from negatoscope.formats.dicom.attributes import Code
from negatoscope.formats.dicom.files import data_set_from_header
from negatoscope.formats.dicom.rejection_notes import KEY_OBJECT_SELECTION, read_explanation, read_named_objects
from negatoscope.platform.blobs.port import BlobStore
from negatoscope.platform.events import publish

LONGEST_EXPLANATION = 1024
RESENT_REJECTED = "rejected"


def title_of(sop_class_uid: str, concept: Code | None) -> RejectionTitle | None:
    """Return the title of a rejection note, None for any other object."""
    if sop_class_uid != KEY_OBJECT_SELECTION or concept is None or concept.scheme != "DCM":
        return None
    return RejectionTitle(concept.value) if concept.value in set(RejectionTitle) else None


def apply_note(tx: Connection, blobs: BlobStore, subject: Subject, note: Instance, title: RejectionTitle) -> bool:
    """Reject what a stored note names of its own study, what has not come yet too; the note is hidden with it.

    A person whose role does not include this kind of rejection rejects nothing: the note is then an object like any
    other, and the trail says so. Idempotent.
    """
    if subject.kind not in {SubjectKind.DEVICE, SubjectKind.SYSTEM} and not decide(tx, subject, ACTIONS[title]).allowed:
        _record_note(tx, subject, note, title, outcome="refused", count=0)
        return False
    data_set = data_set_from_header(read_header(blobs, note), note.transfer_syntax_uid)
    named = [one for one in read_named_objects(data_set) if one.study_uid == note.study_uid]
    explanation = read_explanation(data_set)[:LONGEST_EXPLANATION]
    uids = [(note.sop_instance_uid, note.series_uid), *((one.sop_instance_uid, one.series_uid) for one in named)]
    store.insert_rejections(tx, [_rejection(note, title, explanation, uid, series) for uid, series in uids])
    store.update_revisions(tx, note.study_uid, {series for _, series in uids})
    _record_note(tx, subject, note, title, outcome="success", count=len(named), reason=explanation)
    tell(tx, note.study_uid)
    return True


def find_resent(tx: Connection, sop_instance_uid: str) -> Resent | None:
    """Return what becomes of an object that is here and is sent again, None when nothing rejects it."""
    found = {RESENT[one.title] for one in store.list_in_force(tx, sop_instance_uid)}
    return next((policy for policy in (Resent.REFUSE, Resent.IGNORE, Resent.RESTORE) if policy in found), None)


def refuse_resent(tx: Connection, subject: Subject, instance: Instance) -> None:
    """Write down, and tell, that an object which was rejected for good came again."""
    objects = {"sop_instance_uid": instance.sop_instance_uid, "source": instance.source}
    record(
        tx,
        subject.actor,
        "rejected_instance_resent",
        outcome="refused",
        study_uid=instance.study_uid,
        objects=dict(objects),
    )
    publish(tx, "rejected_instance_resent", subject=instance.sop_instance_uid, payload={"study_uid": instance.study_uid})


def restore_resent(tx: Connection, subject: Subject, instance: Instance) -> None:
    """Show an object again because its source sent it again."""
    revoke(
        tx,
        subject,
        store.list_in_force(tx, instance.sop_instance_uid),
        reason="sent again by its source",
        at=instance.received_at,
    )


def revoke(tx: Connection, subject: Subject, rejections: Sequence[Rejection], *, reason: str, at: datetime) -> int:
    """Take back rejections of one study; return how many objects that concerned."""
    changed: list[Rejection] = []
    for note_uid in sorted({one.note_uid for one in rejections}):
        uids = [one.sop_instance_uid for one in rejections if one.note_uid == note_uid]
        changed += store.update_revoked(tx, note_uid, uids, by=subject.display_name, reason=reason, at=at)
    if not changed:
        return 0
    study_uid = changed[0].study_uid
    store.update_revisions(tx, study_uid, {one.series_uid for one in changed})
    store.update_shown_count(tx, study_uid)
    record(
        tx,
        subject.actor,
        "revoke_rejection",
        study_uid=study_uid,
        objects={"notes": sorted({one.note_uid for one in changed}), "objects": len(changed)},
        reason=reason,
    )
    tell(tx, study_uid)
    return len({one.sop_instance_uid for one in changed})


def tell(tx: Connection, study_uid: str) -> None:
    """Say that the study shows other objects than before."""
    publish(tx, "study_rejection_changed", subject=study_uid, payload={"study_uid": study_uid})


def _rejection(note: Instance, title: RejectionTitle, explanation: str, uid: str, series_uid: str) -> Rejection:
    return Rejection(
        sop_instance_uid=uid,
        series_uid=series_uid,
        study_uid=note.study_uid,
        note_uid=note.sop_instance_uid,
        title=title,
        explanation=explanation,
        source=note.source,
        rejected_at=note.received_at,
        revoked_at=None,
        revoked_by=None,
        revocation_reason=None,
    )


def _record_note(
    tx: Connection,
    subject: Subject,
    note: Instance,
    title: RejectionTitle,
    *,
    outcome: str,
    count: int,
    reason: str | None = None,
) -> None:
    record(
        tx,
        subject.actor,
        ACTIONS[title].value,
        outcome=outcome,
        study_uid=note.study_uid,
        objects={"note": note.sop_instance_uid, "title": title.value, "objects": count},
        reason=reason or None,
    )
