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
from negatoscope.archive.incoming_file import IncomingFile
from negatoscope.archive.layouts import layout_of
from negatoscope.archive.model import Outcome, Source, SourceKind, StoredInstance
from negatoscope.archive.scrubbing import raise_storage_alarm
from negatoscope.formats.dicom.gate import Gate
from negatoscope.formats.dicom.verdict import Verdict
from negatoscope.platform.blobs.port import BlobWriter
from negatoscope.platform.errors import NegatoscopeError, Unavailable
from negatoscope.platform.failpoints import reach
from negatoscope.platform.runtime import Platform

STUDY_MISMATCH: Final = "study_mismatch"
STORAGE_FAILED: Final = "storage_failed"

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
    try:
        writer = platform.blobs.begin()
    except Unavailable as error:
        _alarm(platform, error)
        raise
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
            _alarm(self._platform, error)
            raise
        except BaseException:
            self.discard()
            raise
        registration = registering.Registration(
            platform=self._platform,
            subject=self._subject,
            source=self._source,
            verdict=verdict,
            layout=layout_of(self._platform.blobs, verdict, blob, shift=self._file.shift),
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

    def _belongs_elsewhere(self, verdict: Verdict) -> bool:
        attributes = verdict.attributes
        return self._study_uid is not None and (attributes is None or attributes.study_instance_uid != self._study_uid)

    def _remember(self, stored: StoredInstance) -> None:
        if stored.study_uid is not None and stored.outcome is Outcome.STORED:
            self._source.audited_studies.add(stored.study_uid)


def _alarm(platform: Platform, error: Unavailable) -> None:
    """Say in rows that the store failed, if the database can be told at all."""
    if error.reason == STORAGE_FAILED:
        with contextlib.suppress(NegatoscopeError):
            raise_storage_alarm(platform, STORAGE_FAILED)
