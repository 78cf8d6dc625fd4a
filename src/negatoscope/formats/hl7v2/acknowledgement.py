"""Answers: AA after the work is kept, AE for a message that is wrong, AR for one that is not for us (HL7 2.5 2.9.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from negatoscope.formats.hl7v2.errors import Condition
from negatoscope.formats.hl7v2.message import Message, Repetition, Segment
from negatoscope.formats.hl7v2.order_message import Envelope
from negatoscope.formats.hl7v2.parser import DECLARED
from negatoscope.formats.hl7v2.writer import repetition, segment, timestamp


class AckCode(StrEnum):
    """Acknowledgment code, table 0008."""

    ACCEPT = "AA"
    ERROR = "AE"
    REJECT = "AR"


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes into ERR. `sentence` is for people and holds nothing of the message."""

    condition: Condition
    sentence: str
    location: str | None = None


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """A read acknowledgement."""

    code: str
    control_id: str
    text: str


def acknowledge(
    envelope: Envelope, code: AckCode, *, control_id: str, at: datetime, application: str, fault: Fault | None = None
) -> Message:
    """Return the answer to a message, addressed back to its sender in its version and character set."""
    header = segment(
        "MSH",
        {
            1: "|",
            2: "^~\\&",
            3: envelope.receiving_application or application,
            4: envelope.receiving_facility,
            5: envelope.sending_application,
            6: envelope.sending_facility,
            7: timestamp(at),
            9: repetition("ACK", envelope.trigger_event, "ACK"),
            10: control_id,
            11: envelope.processing_id or "P",
            12: envelope.version or "2.5",
            17: "FRA",
            18: DECLARED[envelope.charset],
        },
    )
    answer = segment("MSA", {1: code.value, 2: envelope.control_id, 3: fault.sentence if fault and _is_old(envelope) else ""})
    errors = [_error(fault, old=_is_old(envelope))] if fault is not None else []
    return Message((header, answer, *errors), charset=envelope.charset)


def read_acknowledgement(message: Message) -> Acknowledgement:
    """Read MSA, with the text of ERR-8 or MSA-3."""
    answer = message.require("MSA")
    error = message.first("ERR")
    text = (error.text(8) or error.text(3, 2)) if error is not None else ""
    return Acknowledgement(answer.require(1).upper(), answer.text(2).strip(), text or answer.text(3))


def _is_old(envelope: Envelope) -> bool:
    """Before 2.5, ERR had one field and MSA-3 held the sentence."""
    return envelope.version in ("2.3", "2.3.1", "2.4")


def _error(fault: Fault, *, old: bool) -> Segment:
    parts = fault.location.split("^") if fault.location else []
    location = repetition(*parts) if parts else Repetition()
    if old:
        places = [*parts, "", ""][: max(3, len(parts))]
        code = (fault.condition.code, fault.condition.text, "HL70357")
        return segment("ERR", {1: repetition(*(places[:3]), code)})
    condition = repetition(fault.condition.code, fault.condition.text, "HL70357")
    return segment("ERR", {2: location, 3: condition, 4: "E", 8: fault.sentence})
