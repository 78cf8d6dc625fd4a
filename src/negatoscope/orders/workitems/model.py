"""A workitem, its states and what may happen to it, as a table (PS3.4 Table CC.1.1-2); who is told of it. Pure."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Final, NewType
from uuid import UUID

from negatoscope.formats.dicom.json_values import JsonDataSet
from negatoscope.formats.dicom.uids import is_uid
from negatoscope.orders.workitems.refusals import Notice, Reason, refuse

WorkitemUid = NewType("WorkitemUid", str)
SubscriberId = NewType("SubscriberId", UUID)

WORKITEM_CLASS: Final = "1.2.840.10008.5.1.4.34.6.1"
"""Every workitem is an instance of the Push class, whatever class it is reached by (PS3.4 CC.3.1)."""
GLOBAL_SUBSCRIPTION: Final = "1.2.840.10008.5.1.4.34.5"
FILTERED_SUBSCRIPTION: Final = "1.2.840.10008.5.1.4.34.5.1"


class WorkitemState(StrEnum):
    """Procedure Step State (0074,1000)."""

    SCHEDULED = "SCHEDULED"
    IN_PROGRESS = "IN PROGRESS"
    COMPLETED = "COMPLETED"
    CANCELED = "CANCELED"


class WorkitemEvent(StrEnum):
    """What is asked of a workitem."""

    CREATE = "create"
    SCHEDULE = "schedule"
    CLAIM = "claim"
    COMPLETE = "complete"
    CANCEL = "cancel"
    REQUEST_CANCEL = "request_cancel"
    UPDATE = "update"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What follows: the states that are gone through (the last one stays), or why not, and what is said with a success.

    `needs_final`: the attributes must fulfil the requirements of the final state. `asks_performer`: the state stays, and
    whoever performs the step is told that it should be cancelled.
    """

    through: tuple[WorkitemState, ...] = ()
    refusal: Reason | None = None
    notice: Notice | None = None
    needs_final: bool = False
    asks_performer: bool = False


_S, _E, _R = WorkitemState, WorkitemEvent, Reason
_Row = tuple[Cell, Cell, Cell, Cell, Cell]
_STAYS: Final = Cell()


def _no(reason: Reason) -> Cell:
    return Cell(refusal=reason)


def _all_but_unknown(reason: Reason) -> _Row:
    return (_no(_R.UNKNOWN), _no(reason), _no(reason), _no(reason), _no(reason))


_EXISTS: Final = _no(_R.EXISTS)
_UNKNOWN: Final = _no(_R.UNKNOWN)
_CREATION: Final = (Cell(through=(_S.SCHEDULED,)), _EXISTS, _EXISTS, _EXISTS, _EXISTS)
_CANCELLATION: Final = (
    _UNKNOWN,
    Cell(through=(_S.IN_PROGRESS, _S.CANCELED)),
    Cell(asks_performer=True),
    _no(_R.COMPLETED),
    Cell(notice=Notice.ALREADY_CANCELED),
)

# Columns: no such workitem, SCHEDULED, IN PROGRESS, COMPLETED, CANCELED. Second key: was the right Transaction UID given.
_ROWS: Final[Mapping[tuple[WorkitemEvent, bool], _Row]] = {
    (_E.CREATE, True): _CREATION,
    (_E.CREATE, False): _CREATION,
    (_E.CLAIM, True): (
        _UNKNOWN,
        Cell(through=(_S.IN_PROGRESS,)),
        _no(_R.IN_PROGRESS),
        _no(_R.FINAL),
        _no(_R.FINAL),
    ),
    (_E.CLAIM, False): _all_but_unknown(_R.WRONG_LOCK),
    (_E.SCHEDULE, True): _all_but_unknown(_R.ONLY_CREATED_SCHEDULED),
    (_E.SCHEDULE, False): _all_but_unknown(_R.ONLY_CREATED_SCHEDULED),
    (_E.COMPLETE, True): (
        _UNKNOWN,
        _no(_R.NOT_IN_PROGRESS),
        Cell(through=(_S.COMPLETED,), needs_final=True),
        Cell(notice=Notice.ALREADY_COMPLETED),
        _no(_R.FINAL),
    ),
    (_E.COMPLETE, False): _all_but_unknown(_R.WRONG_LOCK),
    (_E.REQUEST_CANCEL, True): _CANCELLATION,
    (_E.REQUEST_CANCEL, False): _CANCELLATION,
    (_E.CANCEL, True): (
        _UNKNOWN,
        _no(_R.NOT_IN_PROGRESS),
        Cell(through=(_S.CANCELED,), needs_final=True),
        _no(_R.FINAL),
        Cell(notice=Notice.ALREADY_CANCELED),
    ),
    (_E.CANCEL, False): _all_but_unknown(_R.WRONG_LOCK),
    # N-SET (CC.2.6): without a Transaction UID while SCHEDULED, with the right one while IN PROGRESS.
    (_E.UPDATE, True): (_UNKNOWN, _STAYS, _STAYS, _no(_R.FINAL), _no(_R.FINAL)),
    (_E.UPDATE, False): (_UNKNOWN, _no(_R.NOT_IN_PROGRESS), _no(_R.WRONG_LOCK), _no(_R.FINAL), _no(_R.FINAL)),
}

TABLE: Final[Mapping[tuple[WorkitemState | None, WorkitemEvent, bool], Cell]] = MappingProxyType({
    (state, event, holds_lock): cell
    for (event, holds_lock), row in _ROWS.items()
    for state, cell in zip((None, *WorkitemState), row, strict=True)
})  # fmt: skip
"""The whole product of states, events and locks; `refuse` raises what a cell refuses."""

FINAL_STATES: Final = frozenset({_S.COMPLETED, _S.CANCELED})
CHANGES: Final[Mapping[WorkitemState, WorkitemEvent]] = MappingProxyType({
    _S.SCHEDULED: _E.SCHEDULE,
    _S.IN_PROGRESS: _E.CLAIM,
    _S.COMPLETED: _E.COMPLETE,
    _S.CANCELED: _E.CANCEL,
})  # fmt: skip
"""Which event a requested state is (Change UPS State)."""


def advance(state: WorkitemState | None, event: WorkitemEvent, *, holds_lock: bool) -> Cell:
    """Return what the table says, or raise the error of its refusal."""
    cell = TABLE[state, event, holds_lock]
    if cell.refusal is not None:
        refuse(cell.refusal)
    return cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Workitem:
    """One unified procedure step. `attributes` is its data set without the Transaction UID, of which only a hash is kept."""

    sop_instance_uid: WorkitemUid
    state: WorkitemState
    lock_sha256: bytes | None
    attributes: JsonDataSet
    patient_id: UUID | None
    starts_at: datetime
    created_at: datetime
    modified_at: datetime
    ended_at: datetime | None
    retired_at: datetime | None
    version: int

    @property
    def place(self) -> tuple[datetime, str]:
        """Return where it stands among others in the order of searches."""
        return self.starts_at, self.sop_instance_uid

    def holds_lock(self, event: WorkitemEvent, transaction_uid: str) -> bool:
        """Tell whether the Transaction UID is the right one: nobody holds a scheduled step, so any claims it."""
        if self.lock_sha256 is None:
            return not transaction_uid if event is WorkitemEvent.UPDATE else is_uid(transaction_uid)
        return hmac.compare_digest(self.lock_sha256, lock_of(transaction_uid))


def lock_of(transaction_uid: str) -> bytes:
    """Return the hash under which the lock is kept, so that reading the database gives nobody control."""
    return hashlib.sha256(transaction_uid.encode("utf-8", "replace")).digest()


class ReportType(IntEnum):
    """Event Type ID of a report (PS3.4 Table CC.2.4-1)."""

    STATE = 1
    CANCEL_REQUESTED = 2
    PROGRESS = 3
    PROVIDER_STATUS = 4
    ASSIGNED = 5


class Wire(StrEnum):
    """By which way a subscriber is told."""

    DIMSE = "dimse"
    WEBSOCKET = "websocket"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """An application entity that follows workitems on one wire. On the web wire it belongs to the account that made it.

    `is_global`: each new workitem is followed, those that match `matching_keys` where there are any (JSON text).
    """

    subscriber_id: SubscriberId
    ae_title: str
    wire: Wire
    user_id: UUID | None
    is_global: bool = False
    deletion_lock: bool = False
    matching_keys: str | None = None

    @property
    def is_filtered(self) -> bool:
        """Tell whether new workitems are followed only if they match."""
        return self.is_global and self.matching_keys is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One event report on its way to one subscriber, in the order of `sequence`."""

    sequence: int
    subscriber_id: SubscriberId
    sop_instance_uid: str
    report_type: ReportType
    content: JsonDataSet
