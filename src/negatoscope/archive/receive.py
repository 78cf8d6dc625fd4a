"""Receive objects: gate, hash and seal while the bytes stream in; then bytes, row, answer, in this order.

What is acknowledged is synced and committed. An object that the gate refuses is kept in quarantine with its reason.
"""

from __future__ import annotations

import contextlib
from typing import Final

from sqlalchemy import Connection

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Subject
from negatoscope.archive import registering
from negatoscope.archive.frame_index import WindowedRead, index_frames, moved
from negatoscope.archive.incoming_file import IncomingFile
from negatoscope.archive.model import Outcome, Source, SourceKind, StoredInstance
from negatoscope.archive.rows import Layout
from negatoscope.archive.scrubbing import raise_storage_alarm
from negatoscope.formats.dicom.gate import Gate
from negatoscope.formats.dicom.json_model import bulk_value
from negatoscope.formats.dicom.transfer_syntaxes import DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
from negatoscope.formats.dicom.verdict import PixelDataSpan, Verdict
from negatoscope.platform.blobs.port import BlobRef, BlobWriter
from negatoscope.platform.errors import NegatoscopeError, Unavailable
from negatoscope.platform.failpoints import reach
from negatoscope.platform.runtime import Platform

STUDY_MISMATCH: Final = "study_mismatch"
STORAGE_FAILED: Final = "storage_failed"
_EXTENDED_OFFSET_TABLE: Final = "7FE00001"

__all__ = ["IncomingInstance", "Source", "SourceKind", "StoredInstance", "begin_instance"]


def begin_instance(
    platform: Platform,
    subject: Subject,
    *,
    source: Source,
    transfer_syntax_uid: str | None = None,
    sop_class_uid: str | None = None,
    sop_instance_uid: str | None = None,
    study_uid: str | None = None,
) -> IncomingInstance:
    """Start to receive one object: a bare data set in this transfer syntax, or a Part 10 file when it is None.

    `study_uid`: the only study the sender wants it in. Raises Forbidden before any byte is kept, OutOfResources or Unavailable when nothing can be stored now.
    """
    if not source.authorised:
        with platform.database.read(platform.tenant) as tx:
            authorise(tx, subject, Action.STORE_IMAGES)
        source.authorised = True
    gate = Gate(transfer_syntax_uid, sop_class_uid=sop_class_uid, sop_instance_uid=sop_instance_uid)
    writer = platform.blobs.begin()
    file = IncomingFile(writer, gate, is_part10=transfer_syntax_uid is None)
    return IncomingInstance(platform, subject, source, gate=gate, writer=writer, file=file, study_uid=study_uid)


class IncomingInstance:
    """One object on its way in. Not for two threads at once."""

    def __init__(
        self,
        platform: Platform,
        subject: Subject,
        source: Source,
        *,
        gate: Gate,
        writer: BlobWriter,
        file: IncomingFile,
        study_uid: str | None,
    ) -> None:
        self._platform = platform
        self._subject = subject
        self._source = source
        self._gate = gate
        self._writer = writer
        self._file = file
        self._study_uid = study_uid

    @property
    def size(self) -> int:
        """Count the bytes kept so far."""
        return self._writer.size + self._file.held_bytes

    def write(self, data: bytes) -> None:
        """Take the next bytes; raises what the blob store raises, and nothing is left then."""
        try:
            self._gate.feed(data)
            self._file.write(data)
        except BaseException:
            self.discard()
            raise

    def commit(self, tx: Connection | None = None) -> StoredInstance:
        """Return when the bytes are synced and the rows committed; with `tx`, the rows join that transaction instead."""
        try:
            verdict = self._gate.finish()
            if self._belongs_elsewhere(verdict):
                self.discard()
                return registering.refused(verdict, STUDY_MISMATCH)
            self._file.finish()
            blob = self._writer.commit()
        except Unavailable as error:
            self.discard()
            self._alarm(error)
            raise
        except BaseException:
            self.discard()
            raise
        registration = registering.Registration(
            platform=self._platform,
            subject=self._subject,
            source=self._source,
            verdict=verdict,
            layout=self._layout(verdict, blob),
            blob=blob,
        )
        if tx is not None:
            stored, needless = registering.register(tx, registration)
            # The caller's transaction may still fail: a needless object is left to the sweep of orphans.
            return stored
        stored, needless = registering.register_durably(registration)
        self._remember(stored)
        if needless:
            with contextlib.suppress(NegatoscopeError):
                self._platform.blobs.delete(blob)
        reach("before_answer")
        return stored

    def discard(self) -> None:
        """Leave nothing behind; harmless after `commit`."""
        self._writer.discard()

    def _alarm(self, error: Unavailable) -> None:
        """Say in rows that the store failed, if the database can be told at all."""
        if error.reason == STORAGE_FAILED:
            with contextlib.suppress(NegatoscopeError):
                raise_storage_alarm(self._platform, STORAGE_FAILED)

    def _belongs_elsewhere(self, verdict: Verdict) -> bool:
        attributes = verdict.attributes
        return self._study_uid is not None and (attributes is None or attributes.study_instance_uid != self._study_uid)

    def _remember(self, stored: StoredInstance) -> None:
        if stored.study_uid is not None and stored.outcome is Outcome.STORED:
            self._source.audited_studies.add(stored.study_uid)

    def _layout(self, verdict: Verdict, blob: BlobRef) -> Layout:
        if not verdict.accepted:
            return Layout(data_set_offset=0, header_end=0, pixel_data=None, frame_index=None)
        shift = self._file.shift
        is_deflated = verdict.transfer_syntax_uid == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
        pixel_data = moved(verdict.pixel_data, shift) if verdict.pixel_data is not None else None
        return Layout(
            data_set_offset=verdict.data_set_offset + shift,
            header_end=verdict.header_end + shift,
            pixel_data=pixel_data,
            frame_index=None if is_deflated else self._frame_index(pixel_data, verdict, blob),
        )

    def _frame_index(self, span: PixelDataSpan | None, verdict: Verdict, blob: BlobRef) -> bytes | None:
        if span is None or not span.encapsulated or verdict.attributes is None:
            return None
        table = (
            bulk_value(verdict.header, verdict.transfer_syntax_uid or "", _EXTENDED_OFFSET_TABLE) if verdict.header else None
        )
        with self._platform.blobs.open(blob) as reader:
            read = WindowedRead(reader.read, reader.size)
            return index_frames(span, verdict.attributes.frames, read, extended_offset_table=table or b"")
