"""Text of a data set, decoded by its Specific Character Set (PS3.3 C.12.1.1.2, PS3.5 6.1). Never raises on bad bytes."""

from __future__ import annotations

import re
from typing import Final

from pydicom.charset import CODES_TO_ENCODINGS, python_encoding

REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"

_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROLS_BUT_LAYOUT: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")
_ESCAPED: Final = re.compile(rb"\x1b[^\x1b]*|[^\x1b]+")
_NAME_DELIMITERS: Final = re.compile(rb"[\^=\\]")
_TEXT_DELIMITERS: Final = re.compile(rb"[\\\r\n\f\t]")
_UTF8_AND_SINGLE_BYTE: Final = {name: codec for name, codec in python_encoding.items() if not name.startswith("ISO 2022")}
# Python's own decoders of these take the escape sequences as part of the text.
_STATEFUL: Final = ("iso2022_jp", "iso2022_jp_2")


class TextDecoder:
    """Decode the text values of one data set; ``known`` is False when its character set was not understood."""

    __slots__ = ("_codec", "_has_extensions", "known")

    def __init__(self, specific_character_set: bytes) -> None:
        terms = [term.strip(" \0") for term in specific_character_set.decode("ascii", "replace").split("\\")]
        self.known = all(term in python_encoding for term in terms)
        self._has_extensions = self.known and not (len(terms) == 1 and terms[0] in _UTF8_AND_SINGLE_BYTE)
        # Without a declared set, bytes above 0x7F come from devices that mean Latin-1.
        self._codec = python_encoding[terms[0]] if self.known and terms[0] else "latin-1"
        if self._codec in _STATEFUL:
            self._codec = "latin-1"

    def text(self, value: bytes, *, is_person_name: bool = False, keeps_layout: bool = False) -> str:
        """Return the text without its padding; what cannot be decoded, and control characters, become U+FFFD.

        Long texts (LT, ST, UT) keep line ends, form feeds and tabulators.
        """
        text = self._decoded(value, is_person_name).rstrip(" \0")
        if text.isprintable():
            return text
        return (_CONTROLS_BUT_LAYOUT if keeps_layout else _CONTROLS).sub(REPLACEMENT, text)

    def _decoded(self, value: bytes, is_person_name: bool) -> str:
        if self._has_extensions and b"\x1b" in value:
            delimiters = _NAME_DELIMITERS if is_person_name else _TEXT_DELIMITERS
            return "".join(self._run(run, delimiters) for run in _ESCAPED.findall(value))
        if value.isascii():
            return value.decode("ascii")
        if self.known:
            return value.decode(self._codec, "replace")
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return value.decode("latin-1")

    def _run(self, run: bytes, delimiters: re.Pattern[bytes]) -> str:
        """Decode what one escape sequence governs; a delimiter ends its reign (PS3.5 6.1.2.5.3)."""
        length = 4 if run.startswith((b"\x1b$(", b"\x1b$)")) else 3
        codec = CODES_TO_ENCODINGS.get(run[:length]) if run.startswith(b"\x1b") else None
        if codec is None:
            return run.decode(self._codec, "replace")
        if codec in _STATEFUL:
            return run.decode(codec, "replace")
        body = run[length:]
        stop = delimiters.search(body)
        at = stop.start() if stop else len(body)
        return body[:at].decode(codec, "replace") + body[at:].decode(self._codec, "replace")
