"""What can be decided about an object that is held back, as tables. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from negatoscope.archive.registering import PATIENT_MISMATCH
from negatoscope.platform.blobs.port import BlobRef
from negatoscope.platform.errors import InvalidTransition


class QuarantineState(StrEnum):
    """Where an object in quarantine stands."""

    WAITING = "waiting"
    RELEASE_PROPOSED = "release_proposed"
    RELEASED = "released"
    DISMISSED = "dismissed"


class QuarantineEvent(StrEnum):
    """What people do about it."""

    PROPOSE = "propose"
    CONFIRM = "confirm"
    WITHDRAW = "withdraw"
    DISMISS = "dismiss"


QUARANTINE_TABLE: Final[Mapping[tuple[QuarantineState, QuarantineEvent], QuarantineState]] = MappingProxyType({
    (QuarantineState.WAITING, QuarantineEvent.PROPOSE): QuarantineState.RELEASE_PROPOSED,
    (QuarantineState.WAITING, QuarantineEvent.DISMISS): QuarantineState.DISMISSED,
    (QuarantineState.RELEASE_PROPOSED, QuarantineEvent.CONFIRM): QuarantineState.RELEASED,
    (QuarantineState.RELEASE_PROPOSED, QuarantineEvent.WITHDRAW): QuarantineState.WAITING,
    (QuarantineState.RELEASE_PROPOSED, QuarantineEvent.DISMISS): QuarantineState.DISMISSED,
})  # fmt: skip

RELEASABLE: Final = frozenset({PATIENT_MISMATCH})
"""Reasons for which the object itself is sound. What the gate refused could deceive a reader: nobody lets it in."""


class Settlement(StrEnum):
    """What was decided about other bytes under a known identifier; REPLACED marks the object that was current before."""

    FIRST_KEPT = "first_kept"
    MADE_CURRENT = "made_current"
    REPLACED = "replaced"
    DISMISSED = "dismissed"


DECISIONS: Final = (Settlement.FIRST_KEPT, Settlement.MADE_CURRENT, Settlement.DISMISSED)
"""What a person may decide about a conflict that waits; each is final."""


def next_quarantine_state(state: QuarantineState, event: QuarantineEvent) -> QuarantineState:
    """Return the state after `event`, or raise InvalidTransition."""
    target = QUARANTINE_TABLE.get((state, event))
    if target is None:
        raise InvalidTransition("That is not possible with this object any more.")
    return target


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedObject:
    """One object in quarantine."""

    quarantine_id: UUID
    reason: str
    study_uid: str | None
    series_uid: str | None
    sop_instance_uid: str | None
    sop_class_uid: str | None
    transfer_syntax_uid: str | None
    source: str
    received_at: datetime
    state: QuarantineState
    proposed_by: UUID | None
    proposal_reason: str | None
    settled_at: datetime | None
    settled_by: str | None
    settlement_reason: str | None
    version: int
    blob: BlobRef


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictingObject:
    """Other bytes that came under the identifier of a stored object."""

    sop_instance_uid: str
    study_uid: str
    series_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    source: str
    received_at: datetime
    settled_at: datetime | None
    settlement: Settlement | None
    settled_by: str | None
    settlement_reason: str | None
    blob: BlobRef
