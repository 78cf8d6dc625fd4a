"""A share link: one study, one person, a date, a number of openings. Its states as a table. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from negatoscope.access.actions import Action
from negatoscope.platform.errors import InvalidInput, InvalidTransition

DEFAULT_LIFE_DAYS = 7
LONGEST_LIFE_DAYS = 30
DEFAULT_OPENS = 10
MOST_OPENS = 50
MOST_WRONG_CODES = 5
CODE_DIGITS = 6
SESSION = timedelta(hours=4)


class ShareState(StrEnum):
    """Where a share stands. SUSPENDED is never stored: it holds while something about the study is being checked."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXHAUSTED = "exhausted"
    LOCKED = "locked"
    EXPIRED = "expired"
    REVOKED = "revoked"


class ShareEvent(StrEnum):
    """What may happen to a share."""

    OPEN = "open"
    OPEN_LAST = "open_last"
    WRONG_CODE = "wrong_code"
    LAST_WRONG_CODE = "last_wrong_code"
    EXPIRE = "expire"
    REVOKE = "revoke"


_S, _E = ShareState, ShareEvent

TRANSITIONS: Mapping[tuple[ShareState, ShareEvent], ShareState] = MappingProxyType({
    (_S.ACTIVE, _E.OPEN): _S.ACTIVE,
    (_S.ACTIVE, _E.OPEN_LAST): _S.EXHAUSTED,
    (_S.ACTIVE, _E.WRONG_CODE): _S.ACTIVE,
    (_S.ACTIVE, _E.LAST_WRONG_CODE): _S.LOCKED,
    (_S.ACTIVE, _E.EXPIRE): _S.EXPIRED,
    (_S.ACTIVE, _E.REVOKE): _S.REVOKED,
    (_S.SUSPENDED, _E.WRONG_CODE): _S.ACTIVE,
    (_S.SUSPENDED, _E.LAST_WRONG_CODE): _S.LOCKED,
    (_S.SUSPENDED, _E.EXPIRE): _S.EXPIRED,
    (_S.SUSPENDED, _E.REVOKE): _S.REVOKED,
    # A session that the last opening began may still run: revoking ends it.
    (_S.EXHAUSTED, _E.REVOKE): _S.REVOKED,
    (_S.EXHAUSTED, _E.EXPIRE): _S.EXPIRED,
    (_S.LOCKED, _E.REVOKE): _S.REVOKED,
    (_S.LOCKED, _E.EXPIRE): _S.EXPIRED,
})  # fmt: skip


def next_state(state: ShareState, event: ShareEvent) -> ShareState:
    """Return where the event leads, or raise InvalidTransition when the table has no such line."""
    to = TRANSITIONS.get((state, event))
    if to is None:
        raise InvalidTransition(f"A share that is {state} does not allow {event}.")
    return to


class RecipientKind(StrEnum):
    """Who receives a link. All but the patient are third parties, to whom the patient may object."""

    PATIENT = "patient"
    PROFESSIONAL = "professional"
    RELATIVE = "relative"


class ShareScope(StrEnum):
    """What a link opens."""

    REPORT = "report"
    VIEW = "view"
    DOWNLOAD = "download"


_REPORT = frozenset({Action.READ_FINAL_REPORT})
_VIEW = _REPORT | {Action.VIEW_IMAGES, Action.QUERY_IMAGES}

SCOPE_ACTIONS: Mapping[ShareScope, frozenset[Action]] = MappingProxyType({
    ShareScope.REPORT: _REPORT,
    ShareScope.VIEW: _VIEW,
    ShareScope.DOWNLOAD: _VIEW | {Action.RETRIEVE_IMAGES, Action.DOWNLOAD_DICOM},
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """One share link as its creator and the department see it: neither token nor code."""

    share_id: UUID
    study_uid: str
    patient_id: UUID
    recipient_name: str
    recipient_kind: RecipientKind
    scope: ShareScope
    state: ShareState
    created_by: UUID
    created_by_name: str
    created_at: datetime
    expires_at: datetime
    most_opens: int
    opens: int
    wrong_codes: int
    last_opened_at: datetime | None
    ended_at: datetime | None
    ended_by_name: str | None
    version: int

    def state_at(self, now: datetime, *, suspended: bool = False) -> ShareState:
        """Return the state as it is at a moment: time and trouble with the study count as well as what was stored."""
        if self.state is ShareState.REVOKED:
            return self.state
        if now >= self.expires_at:
            return ShareState.EXPIRED
        if self.state is ShareState.ACTIVE and suspended:
            return ShareState.SUSPENDED
        return self.state


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareRequest:
    """What the creator of a link decides."""

    study_uid: str
    recipient_name: str
    recipient_kind: RecipientKind
    scope: ShareScope = ShareScope.VIEW
    life_days: int = DEFAULT_LIFE_DAYS
    most_opens: int = DEFAULT_OPENS

    def __post_init__(self) -> None:
        name = " ".join(self.recipient_name.split())
        if not 1 <= len(name) <= 128 or not name.isprintable():
            raise InvalidInput("Name the person who will receive the link.", reason="recipient_missing", field="recipient_name")
        object.__setattr__(self, "recipient_name", name)
        if not 1 <= self.life_days <= LONGEST_LIFE_DAYS:
            raise InvalidInput("A link lasts between 1 and 30 days.", reason="life_not_valid", field="life_days")
        if not 1 <= self.most_opens <= MOST_OPENS:
            raise InvalidInput("A link may be opened between 1 and 50 times.", reason="opens_not_valid", field="most_opens")


def hash_code(token: str, code: str) -> bytes:
    """Return what is kept of a code: bound to the token, which is not kept, so that the code cannot be searched for."""
    return hashlib.sha256(f"{token}:{code}".encode("utf-8", "replace")).digest()


def normal_code(text: str) -> str:
    """Return the digits of a code as typed, with or without spaces."""
    return "".join(character for character in text if not character.isspace() and character != "-")
