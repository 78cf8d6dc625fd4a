"""Routing rules and the transfers they make. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from negatoscope.platform.errors import InvalidTransition

LONGEST_NAME: Final = 100
LONGEST_VALUE: Final = 256
MOST_CONDITIONS: Final = 12
MOST_VALUES: Final = 50
MOST_ATTEMPTS: Final = 200
FIRST_WAIT_S: Final = 5.0
LONGEST_WAIT_S: Final = 3600.0


class Operator(StrEnum):
    """How a condition looks at the values of an attribute; one value that fits is enough."""

    EQUALS = "equals"
    ONE_OF = "one_of"
    MATCHES = "matches"
    RANGE = "range"
    PRESENT = "present"


class Trigger(StrEnum):
    """When objects are looked at."""

    RECEIVED = "received"
    SERIES_COMPLETE = "series_complete"
    STUDY_COMPLETE = "study_complete"


class Parcel(StrEnum):
    """What a rule sends: the objects themselves, or word that they can be had (PS3.4 annex R)."""

    OBJECTS = "objects"
    NOTICE = "notice"


class DestinationKind(StrEnum):
    """What a destination is: a DICOM device, or a DICOMweb server."""

    DEVICE = "device"
    SERVER = "server"


class TransferPriority(StrEnum):
    """How much a transfer hurries: its place in the queue, and Priority (0000,0700) of its C-STORE requests."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """What an attribute must say. `values` are those that fit; a range has its two ends in it, '' for an open one."""

    keyword: str
    operator: Operator
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """The hours of the day, in the zone of the house, between which objects go; past midnight where `end` is the earlier."""

    start: time
    end: time

    def contains(self, moment: time) -> bool:
        """Tell whether the clock of the house stands within."""
        if self.start <= self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where a rule sends to."""

    kind: DestinationKind
    destination_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleContent:
    """What a rule says. All conditions must hold; without any, everything goes.

    `transfer_syntax_uid`: the form wished, given where the receiver takes it; '' as kept. `with_fetched`: studies that
    were themselves fetched from another archive go too.
    """

    trigger: Trigger
    parcel: Parcel
    conditions: tuple[Condition, ...]
    destination: Destination
    hours: Hours | None = None
    transfer_syntax_uid: str = ""
    priority: TransferPriority = TransferPriority.MEDIUM
    most_attempts: int = 24
    with_fetched: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule as it stands, or as it stood: `changed_by` made this version.

    `on_since`: when it was last switched on; what was received before is none of its business. None while it is off, and
    for versions of before.
    """

    rule_id: UUID
    name: str
    is_enabled: bool
    content: RuleContent
    changed_at: datetime
    changed_by: str
    version: int
    on_since: datetime | None = None


class TransferState(StrEnum):
    """Where a transfer stands. WAITING: for the hours of its rule. PARKED: it failed too often and waits for a person."""

    WAITING = "waiting"
    QUEUED = "queued"
    SENT = "sent"
    PARKED = "parked"
    DISMISSED = "dismissed"


class TransferEvent(StrEnum):
    """What happens to a transfer."""

    DUE = "due"
    POSTPONE = "postpone"
    MORE = "more"
    SUCCEED = "succeed"
    FAIL = "fail"
    EXHAUST = "exhaust"
    RETRY = "retry"
    DISMISS = "dismiss"


_S, _E = TransferState, TransferEvent
# What a late image adds to a parked transfer waits with the rest; to a dismissed one, it adds nothing.
TRANSFER_TABLE: Final[Mapping[tuple[TransferState, TransferEvent], TransferState]] = MappingProxyType({
    (_S.WAITING, _E.DUE): _S.QUEUED,
    (_S.WAITING, _E.MORE): _S.WAITING,
    (_S.WAITING, _E.DISMISS): _S.DISMISSED,
    (_S.QUEUED, _E.POSTPONE): _S.WAITING,
    (_S.QUEUED, _E.MORE): _S.QUEUED,
    (_S.QUEUED, _E.SUCCEED): _S.SENT,
    (_S.QUEUED, _E.FAIL): _S.QUEUED,
    (_S.QUEUED, _E.EXHAUST): _S.PARKED,
    (_S.QUEUED, _E.RETRY): _S.QUEUED,
    (_S.QUEUED, _E.DISMISS): _S.DISMISSED,
    (_S.SENT, _E.MORE): _S.QUEUED,
    (_S.SENT, _E.RETRY): _S.QUEUED,
    (_S.PARKED, _E.MORE): _S.PARKED,
    (_S.PARKED, _E.RETRY): _S.QUEUED,
    (_S.PARKED, _E.DISMISS): _S.DISMISSED,
    (_S.DISMISSED, _E.MORE): _S.DISMISSED,
    (_S.DISMISSED, _E.RETRY): _S.QUEUED,
})  # fmt: skip


def next_transfer_state(state: TransferState, event: TransferEvent) -> TransferState:
    """Return the state after `event`, or raise InvalidTransition."""
    target = TRANSFER_TABLE.get((state, event))
    if target is None:
        raise InvalidTransition("This is not possible for a transfer in this state.")
    return target


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """What one rule brings of one study, or of one series, to its destination. `round` numbers its jobs."""

    transfer_id: UUID
    rule_id: UUID
    study_uid: str
    series_uid: str
    state: TransferState
    attempts: int
    round: int
    last_reason: str
    dismissed_because: str
    notice_sha256: str
    created_at: datetime
    last_attempt_at: datetime | None
    next_attempt_at: datetime | None
    sent_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many objects of a transfer stand where."""

    due: int = 0
    sent: int = 0
    failed: int = 0

    @property
    def total(self) -> int:
        """Count them all."""
        return self.due + self.sent + self.failed


def wait_s(attempts: int) -> float:
    """Return the wait after so many failed attempts: five seconds, doubled each time, an hour at most."""
    return min(FIRST_WAIT_S * 2.0 ** min(attempts - 1, 20), LONGEST_WAIT_S)
