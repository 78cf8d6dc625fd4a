"""Apply a rejection note when it is stored, by whichever door; and what an object sent once more meets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from negatoscope.access.authorisation import decide
from negatoscope.access.model import Subject, SubjectKind
from negatoscope.archive.model import Instance, SourceKind
from negatoscope.archive.rejections import store
from negatoscope.archive.rejections.model import ACTIONS, RESENT, Rejection, RejectionTitle, Resent
from negatoscope.archive.stored_file import read_header
from negatoscope.audit.trail import record
from negatoscope.formats.dicom.attributes import Code
from negatoscope.formats.dicom.files import data_set_from_header
from negatoscope.formats.dicom.rejection_notes import (
    KEY_OBJECT_SELECTION,
    NamedObject,
    read_explanation,
    read_named_objects,
)
from negatoscope.platform.blobs.port import BlobStore
from negatoscope.platform.events import publish

LONGEST_EXPLANATION = 1024
RESENT_REJECTED = "rejected"
_FROM_ELSEWHERE: Final = frozenset({SourceKind.IMPORT.value, SourceKind.FETCH.value})


def title_of(sop_class_uid: str, concept: Code | None) -> RejectionTitle | None:
    """Return the title of a rejection note, None for any other object."""
    if sop_class_uid != KEY_OBJECT_SELECTION or concept is None or concept.scheme != "DCM":
        return None
    return RejectionTitle(concept.value) if concept.value in set(RejectionTitle) else None


def apply_note(tx: Connection, blobs: BlobStore, subject: Subject, note: Instance, title: RejectionTitle) -> bool:
    """Reject what a stored note names of its own study, what has not come yet too; the note is hidden with it.

    What was moved out of that study is rejected where it stands now. A person whose role does not include this kind of
    rejection rejects nothing, nor does a note that nobody answers for: it is then an object like any other, and the trail
    says so. Idempotent.
    """
    if not _may_reject(tx, subject, note, title):
        _record_note(tx, subject, note, title, outcome="refused", count=0)
        return False
    data_set = data_set_from_header(read_header(blobs, note), note.transfer_syntax_uid)
    named = [one for one in read_named_objects(data_set) if one.study_uid == note.study_uid]
    explanation = read_explanation(data_set)[:LONGEST_EXPLANATION]
    rows = [_rejection(note, title, explanation, uid, place) for uid, place in _places(tx, note, named).items()]
    store.insert_rejections(tx, rows)
    for study_uid in sorted({one.study_uid for one in rows}):
        store.update_revisions(tx, study_uid, {one.series_uid for one in rows if one.study_uid == study_uid})
        if study_uid != note.study_uid:  # that one is counted when it is complete once more
            store.update_shown_count(tx, study_uid)
        tell(tx, study_uid)
    _record_note(tx, subject, note, title, outcome="success", count=len(rows) - 1, reason=explanation)
    return True


def _may_reject(tx: Connection, subject: Subject, note: Instance, title: RejectionTitle) -> bool:
    """Tell whether a note counts; one that the product itself read from a medium or fetched is another house's word."""
    if subject.kind is SubjectKind.SYSTEM:
        return note.source.partition(":")[0] not in _FROM_ELSEWHERE
    return subject.kind is SubjectKind.DEVICE or decide(tx, subject, ACTIONS[title]).allowed


def _places(tx: Connection, note: Instance, named: Sequence[NamedObject]) -> dict[str, tuple[str, str]]:
    """Return study and series of the note and of what it names: where the rows stand, as named for what has not come."""
    known = store.hold_places(tx, note.study_uid, [one.sop_instance_uid for one in named])
    places = {str(note.sop_instance_uid): (str(note.study_uid), str(note.series_uid))}
    for one in named:
        place = known.get(one.sop_instance_uid, (one.study_uid, one.series_uid))
        if place is not None:
            places.setdefault(one.sop_instance_uid, place)
    return places


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
    """Take back rejections; return how many objects that concerned."""
    changed: list[Rejection] = []
    for note_uid in sorted({one.note_uid for one in rejections}):
        uids = [one.sop_instance_uid for one in rejections if one.note_uid == note_uid]
        changed += store.update_revoked(tx, note_uid, uids, by=subject.display_name, reason=reason, at=at)
    for study_uid in sorted({one.study_uid for one in changed}):
        _shown_again(tx, subject, study_uid, [one for one in changed if one.study_uid == study_uid], reason)
    return len({one.sop_instance_uid for one in changed})


def _shown_again(tx: Connection, subject: Subject, study_uid: str, changed: Sequence[Rejection], reason: str) -> None:
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


def tell(tx: Connection, study_uid: str) -> None:
    """Say that the study shows other objects than before."""
    publish(tx, "study_rejection_changed", subject=study_uid, payload={"study_uid": study_uid})


def _rejection(note: Instance, title: RejectionTitle, explanation: str, uid: str, place: tuple[str, str]) -> Rejection:
    return Rejection(
        sop_instance_uid=uid,
        series_uid=place[1],
        study_uid=place[0],
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
