"""Bring in the DICOM files of a folder or a ZIP, whatever else lies there: nothing outside is read, nothing is unpacked to disk.

What became of each file is written down as it goes, so that an import that was broken off goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from uuid import UUID

from negatoscope.access.model import Subject
from negatoscope.archive.imports.entries import (
    MOST_RATIO,
    Entry,
    Refusal,
    file_entry,
    folder_entries,
    open_zip,
    zip_entries,
)
from negatoscope.archive.imports.following import (
    begin_import,
    broken_off,
    finish_import,
    go_on_with_import,
    names_done,
    record_verdicts,
)
from negatoscope.archive.imports.model import FileVerdict, Verdict
from negatoscope.archive.imports.reading import is_directory, read_entries, recorded
from negatoscope.archive.model import Source, SourceKind
from negatoscope.platform.errors import InvalidInput
from negatoscope.platform.runtime import Platform

__all__ = ["MOST_RATIO", "Importing", "import_path"]

Progress = Callable[[int, int], None]
"""Told how many files are done, and of how many."""


@dataclass(slots=True)
class Importing:
    """What became of the files. `skipped` are no DICOM files; `refused` could not be read safely, with the reason."""

    stored: int = 0
    duplicates: int = 0
    quarantined: int = 0
    skipped: int = 0
    passed_over: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)

    def count(self, verdict: FileVerdict) -> None:
        """Count one file; the directory itself is none."""
        match verdict.verdict:
            case Verdict.STORED:
                self.stored += 1
            case Verdict.DUPLICATE:
                self.duplicates += 1
            case Verdict.QUARANTINED | Verdict.CONFLICT:
                self.quarantined += 1
            case Verdict.REFUSED:
                self.refused.append((verdict.name, str(verdict.reason)))
            case Verdict.SKIPPED:
                self.skipped += not is_directory(verdict.name)


def import_path(platform: Platform, subject: Subject, path: Path, progress: Progress | None = None) -> Importing:
    """Import a folder with all below it, a ZIP file or one DICOM file; the same again changes nothing.

    An import of the same path that was broken off goes on: files that have their verdict are not read again.
    Raises InvalidInput when the path is none of these, OutOfResources or Unavailable when nothing can be stored now.
    """
    with _entries_of(path) as found:
        entries = [entry for entry in found if isinstance(entry, Entry)]
        refusals = [entry for entry in found if isinstance(entry, Refusal)]
        import_id = _begin(platform, subject, path)
        report = Importing()
        try:
            _read(platform, subject, import_id, entries, refusals, report, progress)
        except BaseException:
            broken_off(platform, import_id)
            raise
        finish_import(platform, import_id)
    return report


@contextmanager
def _entries_of(path: Path) -> Iterator[list[Entry | Refusal]]:
    if path.is_dir():
        yield list(folder_entries(path))
    elif path.is_file() and zipfile.is_zipfile(path):
        size = path.stat().st_size
        with path.open("rb") as file, open_zip(file, size) as archive:
            yield list(zip_entries(archive, size))
    elif path.is_file():
        yield [file_entry(path, path.name)]
    else:
        raise InvalidInput("There is neither a folder nor a file to import.", reason="nothing_to_import", field="path")


def _begin(platform: Platform, subject: Subject, path: Path) -> UUID:
    """Go on with the import of this path that was broken off, or begin a new one."""
    where = path.resolve()
    told = f"{where}\0{where.stat().st_mtime_ns}\0{where.stat().st_size}"
    fingerprint = hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()
    known = go_on_with_import(platform, subject, fingerprint)
    return known or begin_import(platform, subject, title=path.name, fingerprint=fingerprint)


def _read(
    platform: Platform,
    subject: Subject,
    import_id: UUID,
    entries: Sequence[Entry],
    refusals: Sequence[Refusal],
    report: Importing,
    progress: Progress | None,
) -> None:
    source = Source(kind=SourceKind.IMPORT, name=subject.login or subject.display_name, address=subject.address)
    done = names_done(platform, import_id)
    total = sum(1 for entry in entries if entry.name not in done and not is_directory(entry.name))
    report.passed_over = sum(1 for entry in entries if entry.name in done and not is_directory(entry.name))
    refused = [FileVerdict(name=one.name, verdict=Verdict.REFUSED, reason=one.reason) for one in refusals]
    record_verdicts(platform, import_id, refused)
    for verdict in refused:
        report.count(verdict)
    verdicts = read_entries(platform, subject, source, entries, done=done)
    number = 0
    for verdict in recorded(verdicts, partial(record_verdicts, platform, import_id)):
        report.count(verdict)
        number += not (is_directory(verdict.name) or verdict.reason in {"path_outside", "named_but_missing"})
        if progress is not None and number:
            progress(number, total)
