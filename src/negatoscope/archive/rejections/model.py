"""Why an object is rejected, who then still sees it, and what happens when it is sent once more. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from negatoscope.access.actions import Action
from negatoscope.access.model import Role, Subject, SubjectKind
from negatoscope.access.policy import may_ever


class RejectionTitle(StrEnum):
    """The titles of rejection notes: codes of DCM (PS3.16 CID 7010)."""

    QUALITY = "113001"
    PATIENT_SAFETY = "113037"
    WRONG_WORKLIST_ENTRY = "113038"
    RETENTION_EXPIRED = "113039"


class Resent(StrEnum):
    """What becomes of a rejected object that is sent once more."""

    IGNORE = "ignore"
    REFUSE = "refuse"
    RESTORE = "restore"


MEANINGS: Final[Mapping[RejectionTitle, str]] = MappingProxyType({
    RejectionTitle.QUALITY: "Rejected for Quality Reasons",
    RejectionTitle.PATIENT_SAFETY: "Rejected for Patient Safety Reasons",
    RejectionTitle.WRONG_WORKLIST_ENTRY: "Incorrect Modality Worklist Entry",
    RejectionTitle.RETENTION_EXPIRED: "Data Retention Policy Expired",
})  # fmt: skip
"""Code meanings as PS3.16 writes them."""

RESENT: Final[Mapping[RejectionTitle, Resent]] = MappingProxyType({
    RejectionTitle.QUALITY: Resent.IGNORE,
    RejectionTitle.PATIENT_SAFETY: Resent.REFUSE,
    RejectionTitle.WRONG_WORKLIST_ENTRY: Resent.REFUSE,
    RejectionTitle.RETENTION_EXPIRED: Resent.RESTORE,
})  # fmt: skip

ACTIONS: Final[Mapping[RejectionTitle, Action]] = MappingProxyType({
    RejectionTitle.QUALITY: Action.REJECT_QUALITY,
    RejectionTitle.PATIENT_SAFETY: Action.REJECT_SAFETY,
    RejectionTitle.WRONG_WORKLIST_ENTRY: Action.REJECT_WRONG_WORKLIST_ENTRY,
    RejectionTitle.RETENTION_EXPIRED: Action.DELETE_BY_RETENTION,
})  # fmt: skip
"""What a person must be allowed to do to reject an object under a title."""

EVERYTHING: Final = frozenset(RejectionTitle)
_HIDDEN_FROM_QUALITY_CONTROL: Final = EVERYTHING - {RejectionTitle.QUALITY}
_SEES_ALL: Final = frozenset({Role.ADMINISTRATOR, Role.IDENTITY_OFFICER})


def hidden_titles(subject: Subject, *, named: bool = False) -> frozenset[RejectionTitle]:
    """Return the titles whose objects the subject does not see.

    Readers find nothing rejected in any list. What was rejected for its quality alone is shown to the physicist in
    every list, and to who may view rejected images where it is asked for by its own identifier (`named`).
    """
    if subject.kind is not SubjectKind.USER or subject.limited_to is not None:
        return EVERYTHING
    if subject.roles & _SEES_ALL:
        return frozenset()
    if Role.PHYSICIST in subject.roles or (named and may_ever(subject, Action.VIEW_REJECTED)):
        return _HIDDEN_FROM_QUALITY_CONTROL
    return EVERYTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """One object named by one note."""

    sop_instance_uid: str
    series_uid: str
    study_uid: str
    note_uid: str
    title: RejectionTitle
    explanation: str
    source: str
    rejected_at: datetime
    revoked_at: datetime | None
    revoked_by: str | None
    revocation_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSummary:
    """One note, with how many objects it names, how many of them are here, and how many are shown again."""

    note_uid: str
    study_uid: str
    title: RejectionTitle
    explanation: str
    source: str
    rejected_at: datetime
    objects: int
    here: int
    revoked: int
