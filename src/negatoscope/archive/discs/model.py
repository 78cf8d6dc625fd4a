"""What a disc is, and the states it goes through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from negatoscope.formats.dicom.deidentification.profile import Option
from negatoscope.platform.errors import InvalidTransition

MOST_STUDIES: Final = 100
KEPT: Final = timedelta(days=7)
"""How long a disc that is ready can be fetched; the studies themselves stay."""


class DiscState(StrEnum):
    """Where a disc stands."""

    REQUESTED = "requested"
    WRITING = "writing"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class DiscEvent(StrEnum):
    """What happens to a disc."""

    START = "start"
    FINISH = "finish"
    FAIL = "fail"
    CANCEL = "cancel"
    EXPIRE = "expire"


TABLE: Final[Mapping[tuple[DiscState, DiscEvent], DiscState]] = MappingProxyType({
    (DiscState.REQUESTED, DiscEvent.START): DiscState.WRITING,
    (DiscState.REQUESTED, DiscEvent.CANCEL): DiscState.CANCELLED,
    # A worker that died leaves a disc in writing: the next one starts it again.
    (DiscState.WRITING, DiscEvent.START): DiscState.WRITING,
    (DiscState.WRITING, DiscEvent.FINISH): DiscState.READY,
    (DiscState.WRITING, DiscEvent.FAIL): DiscState.FAILED,
    (DiscState.WRITING, DiscEvent.CANCEL): DiscState.CANCELLED,
    (DiscState.READY, DiscEvent.EXPIRE): DiscState.EXPIRED,
})  # fmt: skip


def next_state(state: DiscState, event: DiscEvent) -> DiscState:
    """Return the state that follows; raise InvalidTransition for what is not in the table."""
    try:
        return TABLE[state, event]
    except KeyError:
        raise InvalidTransition("The disc is not in a state for this.", reason=f"disc_{state.value}") from None


class Remark(StrEnum):
    """Name what a person must know of one object on the disc, beside the concerns of de-identification."""

    LEFT_OUT = "left_out"
    DAMAGED = "damaged"
    NOT_IN_DIRECTORY = "not_in_directory"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscRequest:
    """What is wanted on a disc. `project` asks for de-identification under that project's key; None keeps the identity."""

    study_uids: tuple[str, ...]
    project: str | None = None
    options: frozenset[Option] = frozenset()
    language: str = "fr"
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disc:
    """One disc. `remarks` are pairs of the file's name on the disc and the word for what must be known of it."""

    disc_id: UUID
    state: DiscState
    request: DiscRequest
    requested_by: UUID
    requested_by_name: str
    requested_at: datetime
    objects: int
    written: int
    remarks: tuple[tuple[str, str], ...]
    ended_at: datetime | None
    size: int | None

    @property
    def is_open(self) -> bool:
        """Tell whether it is still to be written or being written."""
        return self.state in {DiscState.REQUESTED, DiscState.WRITING}
