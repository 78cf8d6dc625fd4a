"""Corrections of the archive in words: why objects are held back, under which title rejected, and what was refused."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from negatoscope.archive.held.model import Settlement
from negatoscope.archive.rejections.model import RejectionTitle
from negatoscope.doors.web.access_sentences import explain as explain_access
from negatoscope.doors.web.language import N_, gettext
from negatoscope.platform.errors import NegatoscopeError

TITLES: Final[Mapping[RejectionTitle, str]] = MappingProxyType({
    RejectionTitle.QUALITY: N_("Not good enough to be read"),
    RejectionTitle.PATIENT_SAFETY: N_("Dangerous for the patient if used"),
    RejectionTitle.WRONG_WORKLIST_ENTRY: N_("Wrong entry of the worklist"),
    RejectionTitle.RETENTION_EXPIRED: N_("Time of keeping is over"),
})  # fmt: skip

DECISIONS: Final[Mapping[Settlement, str]] = MappingProxyType({
    Settlement.FIRST_KEPT: N_("Keep the first"),
    Settlement.MADE_CURRENT: N_("Make the other current"),
    Settlement.DISMISSED: N_("Leave both and close the matter"),
})  # fmt: skip

REASONS: Final[Mapping[str, str]] = MappingProxyType({
    "patient_mismatch": N_("The study is known under another patient"),
    "other_bytes": N_("Other bytes came under a known identifier"),
    "truncated": N_("The object is shorter than it says"),
    "depth_limit": N_("Sequences are nested too deeply"),
    "element_limit": N_("There are more attributes than any device writes"),
    "duplicate_tag": N_("An attribute stands twice"),
    "unknown_vr": N_("An attribute has a type that does not exist"),
    "wrong_vr": N_("An attribute has another type than it must"),
    "value_too_long": N_("A value is longer than the standard allows"),
    "undefined_length_not_allowed": N_("A length is left open where it must be given"),
    "length_exceeds_parent": N_("An item is longer than what holds it"),
    "malformed_sequence": N_("A sequence is not built as it must be"),
    "malformed_fragments": N_("The compressed pixels are not cut as they must be"),
    "forbidden_group": N_("There are attributes that no object may hold"),
    "missing_transfer_syntax": N_("The transfer syntax is missing"),
    "unknown_transfer_syntax": N_("The transfer syntax is unknown"),
    "not_part10": N_("This is no DICOM file"),
    "missing_uid": N_("An identifier is missing"),
    "bad_uid": N_("An identifier is malformed"),
    "uid_mismatch": N_("The object is not the one that was announced"),
    "sop_class_mismatch": N_("The object is of another kind than announced"),
    "missing_pixel_data": N_("The pixels are missing"),
    "missing_pixel_description": N_("The description of the pixels is missing"),
    "bad_pixel_description": N_("The description of the pixels makes no sense"),
    "pixel_size_mismatch": N_("The pixels are not as many as described"),
    "pixel_encoding_mismatch": N_("The pixels are not encoded as announced"),
    "frame_count_mismatch": N_("The frames are not as many as described"),
    "inflate_limit": N_("The object inflates beyond measure"),
    "bad_deflate": N_("The object cannot be inflated"),
})  # fmt: skip

SENTENCES: Final[Mapping[str, str]] = MappingProxyType({
    "reason_missing": N_("Give a reason."),
    "needs_reason": N_("State a reason of at least ten characters."),
    "needs_second_person": N_("A second person must confirm this."),
    "nothing_chosen": N_("Choose at least one image."),
    "unknown_decision": N_("Choose what is to be done."),
    "not_releasable": N_("What the gate refused is not let in by anybody."),
    "already_settled": N_("This conflict was settled before."),
    "already_revoked": N_("This rejection was taken back before."),
    "other_study": N_("The other object belongs to another study."),
    "first_is_recompressed": N_("The first object was recompressed: it stays."),
    "first_is_gone": N_("The first object was changed meanwhile."),
    "no_such_study": N_("There is no such study."),
    "uid_taken": N_("An object of this identifier is stored already."),
    "same_study": N_("Choose another study."),
    "report_stays": N_("A signed report stays in the study on which it was written."),
    "objects_elsewhere": N_("An object was moved or erased meanwhile."),
    "legal_hold": N_("A legal hold keeps this study."),
    "not_due": N_("The time of keeping of this study is not over any more."),
    "erasure_approved": N_("The erasure of the other study was approved."),
    "being_erased": N_("This study is being erased, or was."),
    "no_such_hold": N_("This hold was lifted before."),
    "no_such_patient": N_("No patient record bears this number."),
    "title_not_by_hand": N_("Choose why the images are rejected."),
})  # fmt: skip


def reason_word(reason: str) -> str:
    """Return why an object is held back, in the language of the page."""
    return gettext(REASONS[reason]) if reason in REASONS else reason


def title_word(title: RejectionTitle) -> str:
    """Return a title of rejection in the language of the page."""
    return gettext(TITLES[title])


def explain(error: NegatoscopeError) -> str:
    """Return what a screen of the archive says of a refusal."""
    return gettext(SENTENCES[error.reason]) if error.reason in SENTENCES else explain_access(error)


def archive_tabs(current: str, *, may_move: bool, may_erase: bool) -> list[dict[str, object]]:
    """Return the pages of the archive that a person may open."""
    tabs = [
        ("/archive", N_("Held back"), True),
        ("/archive/rejections", N_("Rejected"), True),
        ("/archive/moves", N_("Moved"), may_move),
        ("/archive/retention", N_("Retention"), may_erase),
    ]
    return [{"href": href, "word": gettext(word), "current": href == current} for href, word, shown in tabs if shown]
