"""Read the ZIPs that were kept, in the background, out of their encrypted objects and into the archive."""

from __future__ import annotations

import io
from functools import partial
from typing import Final
from uuid import UUID

from negatoscope.access.model import Subject, system_subject
from negatoscope.archive.imports import store
from negatoscope.archive.imports.entries import Entry, Refusal, open_zip, zip_entries
from negatoscope.archive.imports.following import broken_off, finish_import, move, names_done, record_verdicts
from negatoscope.archive.imports.model import FileVerdict, ImportEvent, Verdict
from negatoscope.archive.imports.reading import read_entries, recorded
from negatoscope.archive.model import Source, SourceKind
from negatoscope.platform.blobs.port import BlobReader
from negatoscope.platform.errors import CorruptObject, InvalidInput, NegatoscopeError
from negatoscope.platform.job_worker import JobDefinition, JobRun
from negatoscope.platform.runtime import Platform

_READ_AHEAD: Final = 1 << 20


class _BlobFile(io.RawIOBase):
    """A stored object as a file that can be read from any place."""

    def __init__(self, reader: BlobReader) -> None:
        super().__init__()
        self._reader = reader
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._reader.size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override] # typeshed says any buffer
        wanted = min(len(buffer), max(0, self._reader.size - self._at))
        data = self._reader.read(self._at, wanted) if wanted else b""
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


MOST_ATTEMPTS: Final = 12


def read_archives(platform: Platform, run: JobRun) -> None:
    """Read the ZIPs of an import; files that have their verdict already are passed over, so that it goes on after a crash.

    After the last attempt the import counts as broken off and its ZIPs go: they can be sent again.
    """
    import_id = UUID(str(run.arguments["import_id"]))
    with platform.database.transaction(platform.tenant) as tx:
        if not store.get_import(tx, import_id).is_open:
            return
        move(tx, import_id, ImportEvent.START)
        archives = store.list_archives(tx, import_id)
    subject = system_subject(platform.tenant, "import")
    source = Source(kind=SourceKind.IMPORT, name="import")
    try:
        for number, name, blob in archives:
            with platform.blobs.open(blob) as reader:
                _read_archive(platform, subject, source, import_id, name, reader)
            _let_go(platform, import_id, number)
    except NegatoscopeError:
        if run.attempt >= MOST_ATTEMPTS:
            broken_off(platform, import_id)
            with platform.database.read(platform.tenant) as tx:
                left = store.list_archives(tx, import_id)
            for number, _, _ in left:
                _let_go(platform, import_id, number)
        raise
    finish_import(platform, import_id)


def _let_go(platform: Platform, import_id: UUID, number: int) -> None:
    """Forget a ZIP; its bytes go with the next sweep of what no row names: a scrub or a backup may be reading them."""
    with platform.database.transaction(platform.tenant) as tx:
        store.delete_archive(tx, import_id, number)


READ_ARCHIVES: Final = JobDefinition(
    name="archive.read_archives", run=read_archives, max_attempts=MOST_ATTEMPTS, first_retry_s=10.0
)


def _read_archive(platform: Platform, subject: Subject, source: Source, import_id: UUID, name: str, reader: BlobReader) -> None:
    """Read one ZIP. One that cannot be opened is refused as a whole, and is no reason to try again."""
    file = io.BufferedReader(_BlobFile(reader), _READ_AHEAD)
    try:
        archive = open_zip(file, reader.size)
    except (InvalidInput, CorruptObject) as error:
        verdict = FileVerdict(name=name, verdict=Verdict.REFUSED, reason=error.reason)
        record_verdicts(platform, import_id, [verdict])
        return
    with archive:
        found = list(zip_entries(archive, reader.size))
        refusals = [one for one in found if isinstance(one, Refusal)]
        refused = [FileVerdict(name=one.name, verdict=Verdict.REFUSED, reason=one.reason) for one in refusals]
        record_verdicts(platform, import_id, refused)
        entries = [one for one in found if isinstance(one, Entry)]
        with platform.database.transaction(platform.tenant) as tx:
            store.update_import(tx, import_id, files=len(found))
        verdicts = read_entries(platform, subject, source, entries, done=names_done(platform, import_id))
        for _ in recorded(verdicts, partial(record_verdicts, platform, import_id)):
            pass
