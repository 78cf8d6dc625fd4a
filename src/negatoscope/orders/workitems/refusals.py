"""Why a request about workitems is refused, and what is said with a success: one word each, mapped by each wire. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NoReturn

from negatoscope.platform.errors import Conflict, InvalidInput, InvalidTransition, NegatoscopeError, NotFound


class Reason(StrEnum):
    """The failures of PS3.4 annex CC, with their status."""

    EXISTS = "workitem_exists"  # 0111
    UNKNOWN = "workitem_unknown"  # C307
    GONE = "workitem_gone"  # C307; a workitem that was, and is no longer given out
    FINAL = "workitem_is_final"  # C300
    WRONG_LOCK = "wrong_transaction_uid"  # C301
    IN_PROGRESS = "workitem_in_progress"  # C302
    ONLY_CREATED_SCHEDULED = "only_created_scheduled"  # C303
    FINAL_NOT_MET = "final_state_not_met"  # C304
    RECEIVER_UNKNOWN = "receiving_ae_unknown"  # C308
    NOT_CREATED_SCHEDULED = "not_created_scheduled"  # C309
    NOT_IN_PROGRESS = "workitem_not_in_progress"  # C310
    COMPLETED = "workitem_completed"  # C311
    NOBODY_LISTENS = "performer_not_reachable"  # C312
    ACTION_NOT_APPROPRIATE = "action_not_appropriate"  # C314


class Notice(StrEnum):
    """The warnings of PS3.4 annex CC."""

    CREATED_WITH_CHANGES = "created_with_changes"  # B300
    DELETION_LOCK_NOT_GRANTED = "deletion_lock_not_granted"  # B301
    ALREADY_CANCELED = "already_canceled"  # B304
    ALREADY_COMPLETED = "already_completed"  # B306


ERRORS: Final[Mapping[Reason, tuple[type[NegatoscopeError], str]]] = MappingProxyType({
    Reason.EXISTS: (Conflict, "A workitem with this UID exists."),
    Reason.UNKNOWN: (NotFound, "No workitem has this UID."),
    Reason.GONE: (NotFound, "This workitem has ended and is no longer given out."),
    Reason.FINAL: (InvalidTransition, "The workitem has ended and may no longer be updated."),
    Reason.WRONG_LOCK: (InvalidInput, "The right Transaction UID was not given."),
    Reason.IN_PROGRESS: (InvalidTransition, "The workitem is in progress already."),
    Reason.ONLY_CREATED_SCHEDULED: (InvalidInput, "A workitem becomes SCHEDULED by its creation alone."),
    Reason.FINAL_NOT_MET: (InvalidTransition, "An attribute that the final state requires has no value."),
    Reason.RECEIVER_UNKNOWN: (InvalidInput, "The receiving AE title is not known, or has no address."),
    Reason.NOT_CREATED_SCHEDULED: (InvalidInput, "A new workitem is SCHEDULED."),
    Reason.NOT_IN_PROGRESS: (InvalidTransition, "The workitem is not in progress."),
    Reason.COMPLETED: (InvalidTransition, "The workitem is completed already."),
    Reason.NOBODY_LISTENS: (InvalidTransition, "Nobody follows this workitem: its performer cannot be told."),
    Reason.ACTION_NOT_APPROPRIATE: (InvalidInput, "This action does not fit this instance."),
})  # fmt: skip


def refuse(reason: Reason, *, field: str | None = None) -> NoReturn:
    """Raise the error of a reason."""
    kind, sentence = ERRORS[reason]
    raise kind(sentence, reason=reason.value, field=field)
