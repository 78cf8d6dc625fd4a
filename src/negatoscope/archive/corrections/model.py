"""Moves of objects between studies, as a table. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from negatoscope.platform.errors import InvalidTransition


class MoveState(StrEnum):
    """Where a move stands."""

    PROPOSED = "proposed"
    APPLIED = "applied"
    REFUSED = "refused"
    UNDONE = "undone"


class MoveEvent(StrEnum):
    """What people do about a move."""

    CONFIRM = "confirm"
    REFUSE = "refuse"
    UNDO = "undo"


MOVE_TABLE: Final[Mapping[tuple[MoveState, MoveEvent], MoveState]] = MappingProxyType({
    (MoveState.PROPOSED, MoveEvent.CONFIRM): MoveState.APPLIED,
    (MoveState.PROPOSED, MoveEvent.REFUSE): MoveState.REFUSED,
    (MoveState.APPLIED, MoveEvent.UNDO): MoveState.UNDONE,
})  # fmt: skip


def next_move_state(state: MoveState, event: MoveEvent) -> MoveState:
    """Return the state after `event`, or raise InvalidTransition."""
    target = MOVE_TABLE.get((state, event))
    if target is None:
        raise InvalidTransition("That is not possible with this move any more.")
    return target


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Objects that leave one study for another. The study they go to may be made by the move itself."""

    move_id: UUID
    state: MoveState
    from_study_uid: str
    to_study_uid: str
    to_patient_id: UUID
    reason: str
    proposed_by: UUID
    proposer_name: str
    proposed_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    undone_by: str | None = None
    undone_at: datetime | None = None
    undo_reason: str | None = None
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedObject:
    """One object of a move, with the series it leaves and the one it stands in afterwards."""

    sop_instance_uid: str
    from_series_uid: str
    to_series_uid: str
