"""Escape sequences of ER7 (HL7 2.7 chapter 2.7): read and written. An escaped carriage return is text, never a new segment."""

from __future__ import annotations

import re
from dataclasses import dataclass

from negatoscope.formats.hl7v2.errors import Condition, MessageError


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The separators that a message declares in MSH-1 and MSH-2."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"
    truncation: str | None = None

    @property
    def encoding_characters(self) -> str:
        """Return MSH-2."""
        return f"{self.component}{self.repetition}{self.escape}{self.subcomponent}{self.truncation or ''}"


STANDARD = Delimiters()

_HEXADECIMAL = re.compile(r"X(?:[0-9A-Fa-f]{2})+")
_BREAKS = re.compile(r"\.(?:br|sp\+?\d*|ce)")
_FORMATTING = re.compile(r"H|N|\.(?:in|ti)[+-]?\d+|\.sk\+?\d+|\.fi|\.nf|Z[0-9A-Za-z]*|C[0-9A-Fa-f]{4}|M[0-9A-Fa-f]{4,6}")
_CONTROLS = {code: None for code in (*range(0x20), *range(0x7F, 0xA0)) if code not in (0x09, 0x0A)}


def decode(text: str, delimiters: Delimiters, charset: str) -> str:
    """Return what a leaf of the message says. Line breaks become a line feed; other controls and NUL are left out.

    A sequence that the standard does not know is kept as it was written.
    """
    if delimiters.escape not in text:
        return _visible(text)
    parts = text.split(delimiters.escape)
    decoded = [parts[0]]
    index = 1
    while index < len(parts):
        meaning = _meaning(parts[index], delimiters, charset) if index + 1 < len(parts) else None
        if meaning is None:  # a lone escape character: what follows is plain text
            decoded += [delimiters.escape, parts[index]]
            index += 1
        else:
            decoded += [meaning, parts[index + 1]]
            index += 2
    return _visible("".join(decoded))


def encode(text: str, delimiters: Delimiters = STANDARD) -> str:
    """Return `text` ready to be a leaf of a message: delimiters escaped, line breaks as `\\.br\\`, other controls left out."""
    escape = delimiters.escape
    table = {
        ord(delimiters.escape): f"{escape}E{escape}",
        ord(delimiters.field): f"{escape}F{escape}",
        ord(delimiters.component): f"{escape}S{escape}",
        ord(delimiters.subcomponent): f"{escape}T{escape}",
        ord(delimiters.repetition): f"{escape}R{escape}",
        ord("\n"): f"{escape}.br{escape}",
    }
    if delimiters.truncation:
        table[ord(delimiters.truncation)] = f"{escape}P{escape}"
    return _visible(text).translate(table)


def _meaning(sequence: str, delimiters: Delimiters, charset: str) -> str | None:
    single = {
        "F": delimiters.field,
        "S": delimiters.component,
        "T": delimiters.subcomponent,
        "R": delimiters.repetition,
        "E": delimiters.escape,
        "P": delimiters.truncation or "#",
    }
    if sequence in single:
        return single[sequence]
    if _BREAKS.fullmatch(sequence):
        return "\n"
    if _HEXADECIMAL.fullmatch(sequence):
        try:
            return bytes.fromhex(sequence[1:]).decode(charset)
        except UnicodeDecodeError as error:
            raise MessageError(
                "A hexadecimal escape is not text in the declared character set.", Condition.DATA_TYPE_ERROR
            ) from error
    return "" if _FORMATTING.fullmatch(sequence) else None


def _visible(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_CONTROLS)
