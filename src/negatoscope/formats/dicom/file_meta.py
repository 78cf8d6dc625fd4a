"""Read the preamble and file meta information of a Part 10 file as it arrives (PS3.10 section 7.1)."""

from __future__ import annotations

from struct import Struct
from typing import Final

from negatoscope.formats.dicom.elements import LONG_VRS, SHORT_VRS
from negatoscope.formats.dicom.verdict import Refusal

PREAMBLE_LENGTH: Final = 128
_MAGIC: Final = b"DICM"
_START: Final = PREAMBLE_LENGTH + len(_MAGIC)
_LIMIT: Final = 1 << 16  # of the whole group; some hundred bytes are usual
_HEADER: Final = Struct("<HH2sH").unpack_from
_LENGTH: Final = Struct("<L").unpack_from
_GROUP: Final = Struct("<H").unpack_from

_GROUP_LENGTH, _SOP_CLASS, _SOP_INSTANCE, _TRANSFER_SYNTAX = 0x0000, 0x0002, 0x0003, 0x0010


class FileMetaReader:
    """Collect bytes until the first element outside group 0002; then the fields are set."""

    def __init__(self) -> None:
        self.failure: Refusal | None = None
        self.warnings: set[str] = set()
        self.has_preamble_content = False
        self.length = 0
        self._held = bytearray()
        self._at = _START
        self._values: dict[int, bytes] = {}

    @property
    def transfer_syntax_uid(self) -> str | None:
        """Return the Transfer Syntax UID (0002,0010)."""
        return self._uid(_TRANSFER_SYNTAX)

    @property
    def sop_class_uid(self) -> str | None:
        """Return the Media Storage SOP Class UID (0002,0002)."""
        return self._uid(_SOP_CLASS)

    @property
    def sop_instance_uid(self) -> str | None:
        """Return the Media Storage SOP Instance UID (0002,0003)."""
        return self._uid(_SOP_INSTANCE)

    def _uid(self, element: int) -> str | None:
        value = self._values.get(element)
        return value.decode("latin-1").rstrip("\0 ") if value else None

    def feed(self, data: bytes) -> bytes | None:
        """Take bytes; return those of the data set once it begins, None before."""
        self._held += data
        if len(self._held) < _START:
            return None
        if bytes(self._held[PREAMBLE_LENGTH:_START]) != _MAGIC:
            self.failure = Refusal.NOT_PART10
            return None
        self.has_preamble_content = any(self._held[:PREAMBLE_LENGTH])
        while self.failure is None:
            if len(self._held) - self._at < 2:
                break
            if _GROUP(self._held, self._at)[0] != 2:
                return self._end()
            if not self._read_element():
                break
        if self.failure is None and self._at > _LIMIT:
            self.failure = Refusal.VALUE_TOO_LONG
        return None

    def finish(self) -> bytes:
        """End without a data set having begun."""
        if len(self._held) < _START:
            self.failure = Refusal.NOT_PART10
        elif self.failure is None and self._at != len(self._held):
            self.failure = Refusal.TRUNCATED
        return b"" if self.failure is not None else self._end()

    def _end(self) -> bytes:
        self.length = self._at
        group_length = self._values.get(_GROUP_LENGTH)
        # Group length counts from the end of its own element: 12 bytes after the magic word.
        if group_length is None or len(group_length) != 4 or _LENGTH(group_length)[0] != self._at - _START - 12:
            self.warnings.add("meta_group_length_wrong")
        rest = bytes(memoryview(self._held)[self._at :])
        self._held.clear()
        return rest

    def _read_element(self) -> bool:
        held, at = self._held, self._at
        if len(held) - at < 8:
            return False
        _, element, vr, length = _HEADER(held, at)
        value_at = at + 8
        if vr in LONG_VRS:
            if len(held) - at < 12:
                return False
            length = _LENGTH(held, value_at)[0]
            value_at += 4
        elif vr not in SHORT_VRS:
            self.failure = Refusal.UNKNOWN_VR
            return False
        if value_at + length > _LIMIT:
            self.failure = Refusal.VALUE_TOO_LONG
            return False
        if len(held) < value_at + length:
            return False
        if element in self._values:
            self.failure = Refusal.DUPLICATE_TAG
            return False
        self._values[element] = bytes(held[value_at : value_at + length])
        self._at = value_at + length
        return True
