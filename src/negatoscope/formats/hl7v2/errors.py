"""What can be wrong with a message, in the words of HL7 table 0357, and where."""

from __future__ import annotations

from enum import Enum

from negatoscope.platform.errors import InvalidInput


class Condition(Enum):
    """Message error conditions, HL7 table 0357: code and text."""

    SEGMENT_SEQUENCE_ERROR = ("100", "Segment sequence error")
    REQUIRED_FIELD_MISSING = ("101", "Required field missing")
    DATA_TYPE_ERROR = ("102", "Data type error")
    TABLE_VALUE_NOT_FOUND = ("103", "Table value not found")
    UNSUPPORTED_MESSAGE_TYPE = ("200", "Unsupported message type")
    UNSUPPORTED_EVENT_CODE = ("201", "Unsupported event code")
    UNSUPPORTED_PROCESSING_ID = ("202", "Unsupported processing id")
    UNSUPPORTED_VERSION_ID = ("203", "Unsupported version id")
    UNKNOWN_KEY_IDENTIFIER = ("204", "Unknown key identifier")
    DUPLICATE_KEY_IDENTIFIER = ("205", "Duplicate key identifier")
    APPLICATION_RECORD_LOCKED = ("206", "Application record locked")
    APPLICATION_INTERNAL_ERROR = ("207", "Application internal error")

    @property
    def code(self) -> str:
        """Return the code that goes into ERR-3.1."""
        return self.value[0]

    @property
    def text(self) -> str:
        """Return the text that goes into ERR-3.2."""
        return self.value[1]

    @property
    def is_rejection(self) -> bool:
        """Say whether the answer is AR: the message as such is not for us, whatever it says (HL7 2.5 2.9.2.2)."""
        return self.code in {"200", "201", "202", "203"}


class MessageError(InvalidInput):
    """A message that cannot be taken. `location` is an ERL: `PID^1^3`. The sentence never quotes the message."""

    default_reason = "invalid_hl7"

    def __init__(self, message: str, condition: Condition, location: str | None = None) -> None:
        super().__init__(message, field=location)
        self.condition = condition
        self.location = location
