"""The one tree of errors, by what the caller can do. Each wire maps it in one table (HTTP, DIMSE, HL7)."""

from __future__ import annotations

from typing import ClassVar


class NegatoscopeError(Exception):
    """Carry one sentence that is safe to show to anybody: never patient data, never a refused value.

    `reason` is a machine-readable word, `field` names the offending input where there is one.
    """

    default_reason: ClassVar[str] = "error"

    def __init__(self, message: str, *, reason: str | None = None, field: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason or self.default_reason
        self.field = field


class InvalidInput(NegatoscopeError):
    """The request is wrong: correct it and send it again."""

    default_reason = "invalid_input"


class Unauthenticated(NegatoscopeError):
    """Nobody is known behind this request: sign in first."""

    default_reason = "unauthenticated"


class Forbidden(NegatoscopeError):
    """The caller is known and may not do this."""

    default_reason = "forbidden"


class NotFound(NegatoscopeError):
    """Nothing is there, or nothing that this caller may know of."""

    default_reason = "not_found"


class Conflict(NegatoscopeError):
    """The thing exists already, with other content."""

    default_reason = "conflict"


class InvalidTransition(NegatoscopeError):
    """The state machine has no such transition from the present state; nothing changed."""

    default_reason = "invalid_transition"


class StaleVersion(NegatoscopeError):
    """Somebody else changed the row first: read it again and decide."""

    default_reason = "stale_version"


class Refused(NegatoscopeError):
    """The content was understood and may not enter: deceptive, unsafe or unsupported."""

    default_reason = "refused"


class OutOfResources(NegatoscopeError):
    """No room or capacity is left: send it again later; nothing was kept."""

    default_reason = "out_of_resources"


class Unavailable(NegatoscopeError):
    """A part that is needed does not answer just now: try again."""

    default_reason = "unavailable"


class CorruptObject(NegatoscopeError):
    """Stored bytes are not what was written; they are not given out."""

    default_reason = "corrupt_object"


class SettingsError(NegatoscopeError):
    """The installation is set up wrongly; the operator can mend it. Exit status 2."""

    default_reason = "settings"
