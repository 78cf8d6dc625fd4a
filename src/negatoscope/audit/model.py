"""What an audit entry is, and what can be wrong with the chain that protects it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

JsonValue: TypeAlias = bool | int | str | Sequence["JsonValue"] | Mapping[str, "JsonValue"] | None
"""What an entry may hold: no floating point number, whose written form differs between languages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who acted, as known at that moment: later changes of name or role do not rewrite the past.

    `kind` is user, device, system or share; `auth_level` says by what the actor was recognised.
    """

    kind: str
    user_id: UUID | None
    name: str
    roles: tuple[str, ...]
    auth_level: str
    address: str | None


class Outcome(StrEnum):
    """How the act ended (the codes of PS3.15 A.5 EventOutcomeIndicator are in `vocabulary`)."""

    SUCCESS = "success"
    REFUSED = "refused"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the trail as it is stored."""

    entry_id: UUID
    at: datetime
    actor: Actor
    action: str
    outcome: str
    patient_id: UUID | None
    study_uid: str | None
    objects: Mapping[str, JsonValue]
    reason: str | None
    request_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One link of the chain: the entry it seals and the three hashes, each 32 bytes."""

    sequence: int
    entry_id: UUID
    entry_at: datetime
    entry_hash: bytes
    previous_hash: bytes
    hash: bytes


class FaultKind(StrEnum):
    """What an attacker, or a broken disk, did to the trail."""

    EDITED = "edited"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    LINK_REMOVED = "link_removed"
    LINK_ALTERED = "link_altered"
    HEAD_ALTERED = "head_altered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault, with the very row it concerns."""

    kind: FaultKind
    sequence: int | None
    entry_id: UUID | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainHead:
    """The end of the chain: noted elsewhere, it proves later that nothing before it was rewritten."""

    sequence: int
    hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainStatus:
    """Where the chain stands: its head, when it grew last, and how many entries wait for their seal."""

    head: ChainHead
    sealed_at: datetime | None
    pending: int
