"""Take files as a browser sends them, one after the other and never gathered: images at once, ZIPs kept and read later."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from negatoscope.access.model import Subject
from negatoscope.archive.imports import store
from negatoscope.archive.imports.archives import READ_ARCHIVES
from negatoscope.archive.imports.entries import LARGEST_ENTRY_BYTES
from negatoscope.archive.imports.following import begin_import, broken_off, finish_import, move, record_verdicts
from negatoscope.archive.imports.model import FileVerdict, ImportEvent, ImportState, Verdict, verdict_on
from negatoscope.archive.imports.reading import (
    is_directory,
    judge_directory,
    missing,
    refuse_head,
)
from negatoscope.archive.model import Source, SourceKind
from negatoscope.archive.receive import IncomingInstance, begin_instance
from negatoscope.formats.dicom.media_listing import LARGEST_DIRECTORY_BYTES
from negatoscope.platform.blobs.port import BlobWriter
from negatoscope.platform.errors import InvalidInput
from negatoscope.platform.runtime import Platform

MOST_FILES: Final = 100_000
MOST_BYTES: Final = 128 << 30
_HEAD_BYTES: Final = 132
_ZIP_MAGIC: Final = b"PK\3\4"
_RECORDED_AT_ONCE: Final = 50


@dataclass(slots=True)
class _Part:
    """One file that is arriving: its first bytes until they say what it is, then where its bytes go."""

    name: str
    held: bytearray = field(default_factory=bytearray)
    size: int = 0
    instance: IncomingInstance | None = None
    archive: BlobWriter | None = None
    skipped: str | None = None


class Upload:
    """One request with files. Not for two threads at once."""

    def __init__(self, platform: Platform, subject: Subject, *, title: str) -> None:
        self.import_id: UUID = begin_import(platform, subject, title=title, state=ImportState.RECEIVING)
        self._platform = platform
        self._subject = subject
        self._source = Source(kind=SourceKind.IMPORT, name=subject.login or subject.display_name, address=subject.address)
        self._part: _Part | None = None
        self._verdicts: list[FileVerdict] = []
        self._names: set[str] = set()
        self._listed: list[str] = []
        self._archives = 0
        self._bytes = 0

    def begin(self, name: str) -> None:
        """A file starts. Its name is what the browser says; it is a label, and never the path of anything."""
        if len(self._names) >= MOST_FILES:
            raise InvalidInput("There are too many files.", reason="too_many_entries")
        self._part = _Part(self._unused(name.replace("\0", "?")[:1024] or "?"))

    def write(self, data: bytes) -> None:
        """Take the next bytes of the file."""
        part = self._part
        if part is None:
            return
        self._bytes += len(data)
        part.size += len(data)
        if self._bytes > MOST_BYTES or part.size > LARGEST_ENTRY_BYTES:
            raise InvalidInput("The files are too large.", reason="too_large")
        if part.instance is not None:
            part.instance.write(data)
        elif part.archive is not None:
            part.archive.write(data)
        elif part.skipped is None:
            self._hold(part, data)

    def end(self) -> None:
        """The file is complete."""
        part, self._part = self._part, None
        if part is None:
            return
        if is_directory(part.name) and part.skipped is None:
            listed, verdicts = judge_directory(self._platform, part.name, bytes(part.held))
            self._listed += listed
            self._verdicts += verdicts
        elif part.instance is not None:
            self._verdicts.append(verdict_on(part.name, part.instance.commit()))
        elif part.archive is not None:
            self._keep_archive(part.name, part.archive)
        else:
            reason = part.skipped or "not_dicom"
            self._verdicts.append(FileVerdict(name=part.name, verdict=Verdict.SKIPPED, reason=reason))
        if len(self._verdicts) >= _RECORDED_AT_ONCE:
            self._record()

    def finish(self) -> None:
        """Every file came: what the directory named and was not sent is said; ZIPs are read in the background."""
        present = {name.casefold() for name in self._names}
        self._verdicts += missing(self._listed, present)
        self._record()
        if not self._archives:
            finish_import(self._platform, self.import_id)
            return
        platform, arguments = self._platform, {"import_id": str(self.import_id)}
        with platform.database.transaction(platform.tenant) as tx:
            move(tx, self.import_id, ImportEvent.ARCHIVES_CAME)
            platform.jobs.enqueue(tx, READ_ARCHIVES, key=str(self.import_id), arguments=arguments)

    def break_off(self) -> None:
        """The request ended before its files did: what is complete stays, the rest is dropped. Harmless after `finish`."""
        part, self._part = self._part, None
        if part is not None and part.instance is not None:
            part.instance.discard()
        if part is not None and part.archive is not None:
            part.archive.discard()
        self._record()
        with self._platform.database.read(self._platform.tenant) as tx:
            state = store.get_import(tx, self.import_id).state
        if state is ImportState.RECEIVING:
            broken_off(self._platform, self.import_id)

    def _hold(self, part: _Part, data: bytes) -> None:
        """Keep the first bytes until they say what the file is; a directory is kept whole."""
        part.held += data
        if is_directory(part.name):
            if len(part.held) > LARGEST_DIRECTORY_BYTES:
                part.skipped = "too_large"
                part.held.clear()
            return
        if len(part.held) < _HEAD_BYTES:
            return
        held = bytes(part.held)
        part.held.clear()
        if held.startswith(_ZIP_MAGIC):
            part.archive = self._platform.blobs.begin()
            part.archive.write(held)
            return
        part.skipped = refuse_head(held)
        if part.skipped is None:
            part.instance = begin_instance(self._platform, self._subject, source=self._source)
            part.instance.write(held)

    def _keep_archive(self, name: str, writer: BlobWriter) -> None:
        blob = writer.commit()
        self._archives += 1
        with self._platform.database.transaction(self._platform.tenant) as tx:
            store.insert_archive(tx, self.import_id, self._archives, name, blob)

    def _record(self) -> None:
        verdicts, self._verdicts = self._verdicts, []
        record_verdicts(self._platform, self.import_id, verdicts)

    def _unused(self, name: str) -> str:
        """Return the name, with a number where another file has it already."""
        chosen, number = name, 1
        while chosen in self._names:
            number += 1
            chosen = f"{name} ({number})"
        self._names.add(chosen)
        return chosen
