"""Rewrite the head of an incoming object while it streams: our own preamble and file meta information, then its data set.

The data set's bytes are never touched. The sender's preamble, in which an executable may hide, is not kept.
"""

from __future__ import annotations

from typing import Final

from negatoscope.formats.dicom.file_meta import PREAMBLE_LENGTH
from negatoscope.formats.dicom.files import file_head, zero_preamble
from negatoscope.formats.dicom.gate import Gate
from negatoscope.platform.blobs.port import BlobWriter

_HELD_BYTES: Final = 256 << 10


class IncomingFile:
    """Hold the first bytes until the gate knows what the object is, then pass everything on to the writer.

    An object that does not say it within 256 KiB keeps the head it came with, the preamble zeroed.
    """

    def __init__(self, writer: BlobWriter, gate: Gate, *, is_part10: bool) -> None:
        self._writer = writer
        self._gate = gate
        self._is_part10 = is_part10
        self._held: bytearray | None = bytearray()
        self._shift = 0

    @property
    def held_bytes(self) -> int:
        """Count the bytes that are not in the writer yet."""
        return len(self._held) if self._held is not None else 0

    @property
    def shift(self) -> int:
        """Return what must be added to an offset in the received bytes to have that in the stored file."""
        return self._shift

    def write(self, data: bytes) -> None:
        """Take bytes that the gate has seen already."""
        if self._held is None:
            self._writer.write(data)
            return
        self._held += data
        self._start(is_last=len(self._held) > _HELD_BYTES)

    def finish(self) -> None:
        """Write what is still held."""
        self._start(is_last=True)

    def _start(self, *, is_last: bool) -> None:
        held, identity = self._held, self._gate.identity
        if held is None or (identity is None and not is_last):
            return
        if identity is not None:
            head = file_head(
                sop_class_uid=identity.sop_class_uid,
                sop_instance_uid=identity.sop_instance_uid,
                transfer_syntax_uid=identity.transfer_syntax_uid,
            )
            self._shift = len(head) - identity.data_set_offset
            self._writer.write(head)
            with memoryview(held) as view:
                self._writer.write(view[identity.data_set_offset :])
        else:
            self._writer.write(_without_preamble(held) if self._is_part10 else held)
        self._held = None


def _without_preamble(held: bytearray) -> bytes:
    """Zero what would be the preamble of a file; bytes that are no DICOM file at all stay as they are."""
    is_file = held[PREAMBLE_LENGTH : PREAMBLE_LENGTH + 4] == b"DICM"
    return zero_preamble(bytes(held), 0) if is_file else bytes(held)
