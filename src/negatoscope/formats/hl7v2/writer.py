"""Write a message as ER7: carriage returns, trailing separators left out, everything escaped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from negatoscope.formats.hl7v2.errors import Condition, MessageError
from negatoscope.formats.hl7v2.escapes import STANDARD, Delimiters, encode
from negatoscope.formats.hl7v2.message import Message, Repetition, Segment

Leaf = str | Sequence[str]
FieldValue = str | Sequence[Leaf] | Sequence[Sequence[Leaf]]


def component(*leaves: str) -> tuple[str, ...]:
    """Return one component made of these subcomponents."""
    return leaves


def repetition(*components: Leaf) -> Repetition:
    """Return one occurrence of a field; a component is a text, or a sequence of subcomponents."""
    return Repetition(tuple((part,) if isinstance(part, str) else tuple(part) for part in components))


def segment(name: str, fields: dict[int, str | Repetition | Sequence[Repetition]]) -> Segment:
    """Return a segment from its fields by number; those left out are empty."""
    last = max(fields, default=0)
    return Segment(name, tuple(_occurrences(fields.get(number, "")) for number in range(1, last + 1)))


def write(message: Message) -> bytes:
    """Return the bytes of a message in its own separators and character set; every segment ends in a carriage return."""
    lines = [_line(entry, message.delimiters) for entry in message.segments]
    text = "".join(f"{line}\r" for line in lines)
    try:
        return text.encode(message.charset)
    except UnicodeEncodeError as error:
        raise MessageError(
            "The character set of the receiver cannot hold this text.", Condition.DATA_TYPE_ERROR, "MSH^1^18"
        ) from error


def timestamp(at: datetime) -> str:
    """Return a TS with its offset: `20261124090000+0100`."""
    return at.strftime("%Y%m%d%H%M%S%z")


def _occurrences(value: str | Repetition | Sequence[Repetition]) -> tuple[Repetition, ...]:
    if isinstance(value, str):
        return (Repetition(((value,),)),) if value else ()
    return (value,) if isinstance(value, Repetition) else tuple(value)


def _line(entry: Segment, delimiters: Delimiters) -> str:
    fields = entry.fields[2:] if entry.name == "MSH" else entry.fields
    written = [_field(field, delimiters) for field in fields]
    while written and not written[-1]:
        written.pop()
    start = f"MSH{delimiters.field}{delimiters.encoding_characters}" if entry.name == "MSH" else entry.name
    return delimiters.field.join([start, *written])


def _field(occurrences: Sequence[Repetition], delimiters: Delimiters) -> str:
    return delimiters.repetition.join(_repetition(entry, delimiters) for entry in occurrences)


def _repetition(entry: Repetition, delimiters: Delimiters) -> str:
    components = [
        delimiters.subcomponent.join(encode(leaf, delimiters) for leaf in leaves).rstrip(delimiters.subcomponent)
        for leaves in entry.components
    ]
    return delimiters.component.join(components).rstrip(delimiters.component)


__all__ = ["STANDARD", "component", "repetition", "segment", "timestamp", "write"]
