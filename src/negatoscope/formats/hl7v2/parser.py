"""Read ER7 bytes into a message. Strict where a guess could change what is said, tolerant of line endings."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from negatoscope.formats.hl7v2.errors import Condition, MessageError
from negatoscope.formats.hl7v2.escapes import Delimiters, decode
from negatoscope.formats.hl7v2.message import Message, Repetition, Segment

LARGEST_MESSAGE = 5 * 1024 * 1024
MOST_SEGMENTS = 5_000
MOST_FIELDS = 256
MOST_REPETITIONS = 256
MOST_COMPONENTS = 128
MOST_SEPARATORS = 200_000  # each makes a leaf in memory; a document inside a message has none

# HL7 table 0211 as France uses it. Nothing declared means ASCII (2.5 2.15.9.18); UTF-8 holds it.
CHARSETS = {
    "": "utf-8",
    "ASCII": "ascii",
    "8859/1": "iso8859-1",
    "8859/15": "iso8859-15",
    "UNICODE UTF-8": "utf-8",
}
DECLARED = {"utf-8": "UNICODE UTF-8", "ascii": "ASCII", "iso8859-1": "8859/1", "iso8859-15": "8859/15"}

_SEGMENT_NAME = re.compile(r"[A-Z][A-Z0-9]{2}")
_TERMINATOR = re.compile(r"\r\n|\r|\n")


def parse(content: bytes) -> Message:
    """Return the message that these bytes hold, or raise MessageError with its place and condition."""
    if len(content) > LARGEST_MESSAGE:
        raise MessageError("The message is larger than 5 MB.", Condition.APPLICATION_INTERNAL_ERROR)
    content = content.removeprefix(b"\xef\xbb\xbf")
    delimiters = read_delimiters(content)
    charset = _read_charset(content, delimiters)
    try:
        text = content.decode(charset)
    except UnicodeDecodeError as error:
        raise MessageError(
            "The message is not written in the character set that MSH-18 declares.", Condition.DATA_TYPE_ERROR, "MSH^1^18"
        ) from error
    _check_size(text, delimiters)
    reader = _Reader(delimiters, charset)
    lines = [line for line in _TERMINATOR.split(text) if line.strip(" \t\x00")]
    if len(lines) > MOST_SEGMENTS:
        raise MessageError("The message has too many segments.", Condition.SEGMENT_SEQUENCE_ERROR)
    seen: Counter[str] = Counter()
    segments = []
    for line in lines:
        segment = reader.segment(line, seen)
        segments.append(segment)
    if seen["MSH"] != 1:
        raise MessageError("A message has one MSH segment.", Condition.SEGMENT_SEQUENCE_ERROR, "MSH^2")
    return Message(tuple(segments), delimiters, charset)


def _check_size(text: str, delimiters: Delimiters) -> None:
    """Refuse a message whose parts would fill the memory, before they are made."""
    separators = (delimiters.field, delimiters.component, delimiters.repetition, delimiters.subcomponent, delimiters.escape)
    if sum(text.count(separator) for separator in separators) > MOST_SEPARATORS:
        raise MessageError("The message has too many parts.", Condition.DATA_TYPE_ERROR)


def read_delimiters(content: bytes) -> Delimiters:
    """Return the separators that MSH-1 and MSH-2 declare."""
    if not content.startswith(b"MSH") or len(content) < 8:
        raise MessageError("The message does not start with MSH.", Condition.SEGMENT_SEQUENCE_ERROR, "MSH")
    field = chr(content[3])
    declared = content[4:].split(bytes([content[3]]), 1)[0].split(b"\r", 1)[0].split(b"\n", 1)[0].decode("latin-1")
    characters = field + declared
    if (
        len(declared) not in (4, 5)
        or len(set(characters)) != len(characters)
        or any(not "!" <= character <= "~" or character.isalnum() or character == '"' for character in characters)
    ):
        raise MessageError("MSH-1 and MSH-2 do not declare usable separators.", Condition.DATA_TYPE_ERROR, "MSH^1^2")
    return Delimiters(field, *declared)


def _read_charset(content: bytes, delimiters: Delimiters) -> str:
    """Return the codec that MSH-18 declares; MSH itself is read as ASCII up to there."""
    line = re.split(rb"[\r\n]", content, maxsplit=1)[0].decode("latin-1")
    fields = line.split(delimiters.field)
    declared = fields[17].split(delimiters.repetition)[0].strip() if len(fields) > 17 else ""
    codec = CHARSETS.get(declared.upper())
    if codec is None:
        raise MessageError(
            "MSH-18 declares a character set that is not read here.", Condition.TABLE_VALUE_NOT_FOUND, "MSH^1^18"
        )
    return codec


@dataclass(frozen=True, slots=True)
class _Reader:
    delimiters: Delimiters
    charset: str

    def segment(self, line: str, seen: Counter[str]) -> Segment:
        name, separator, rest = line[:3], line[3:4], line[4:]
        if not _SEGMENT_NAME.fullmatch(name) or separator not in ("", self.delimiters.field):
            raise MessageError("A line does not start with a segment name.", Condition.SEGMENT_SEQUENCE_ERROR)
        seen[name] += 1
        fields = rest.split(self.delimiters.field) if separator else []
        if len(fields) > MOST_FIELDS:
            raise MessageError("A segment has too many fields.", Condition.DATA_TYPE_ERROR, f"{name}^{seen[name]}")
        if name == "MSH":
            own = ((self._whole(self.delimiters.field),), (self._whole(self.delimiters.encoding_characters),))
            parsed = (*own, *(self._field(field) for field in fields[1:]))
        else:
            parsed = tuple(self._field(field) for field in fields)
        return Segment(name, parsed, seen[name])

    def _whole(self, text: str) -> Repetition:
        return Repetition(((text,),))

    def _field(self, field: str) -> tuple[Repetition, ...]:
        if not field:
            return ()
        repetitions = field.split(self.delimiters.repetition)
        if len(repetitions) > MOST_REPETITIONS:
            raise MessageError("A field repeats too often.", Condition.DATA_TYPE_ERROR)
        return tuple(self._repetition(repetition) for repetition in repetitions)

    def _repetition(self, text: str) -> Repetition:
        components = text.split(self.delimiters.component)
        if len(components) > MOST_COMPONENTS:
            raise MessageError("A field has too many components.", Condition.DATA_TYPE_ERROR)
        return Repetition(
            tuple(
                tuple(decode(leaf, self.delimiters, self.charset) for leaf in component.split(self.delimiters.subcomponent))
                for component in components
            )
        )
