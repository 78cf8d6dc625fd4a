"""Bring in the DICOM files of a folder or a ZIP, whatever else lies there: nothing outside is read, nothing is unpacked to disk."""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from negatoscope.access.model import Subject
from negatoscope.archive.model import Outcome
from negatoscope.archive.receive import IncomingInstance, Source, SourceKind, begin_instance
from negatoscope.platform.errors import InvalidInput
from negatoscope.platform.runtime import Platform

Progress = Callable[[int, int], None]
"""Told how many files are done, and of how many."""

MOST_ENTRIES: Final = 100_000
MOST_RATIO: Final = 100
LARGEST_ENTRY_BYTES: Final = 8 << 30
_RATIO_ALLOWANCE_BYTES: Final = 16 << 20
_PIECE_BYTES: Final = 1 << 20
_DICOM_START: Final = 132
_IGNORED_NAMES: Final = frozenset({"DICOMDIR"})


@dataclass(slots=True)
class Importing:
    """What became of the files. `skipped` are no DICOM files; `refused` could not be read safely, with the reason."""

    stored: int = 0
    duplicates: int = 0
    quarantined: int = 0
    skipped: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)

    def count(self, outcome: Outcome) -> None:
        """Count one object that was received."""
        if outcome is Outcome.STORED:
            self.stored += 1
        elif outcome is Outcome.DUPLICATE:
            self.duplicates += 1
        else:
            self.quarantined += 1


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    open: Callable[[], IO[bytes]]
    most_bytes: int = LARGEST_ENTRY_BYTES


def import_path(platform: Platform, subject: Subject, path: Path, progress: Progress | None = None) -> Importing:
    """Import a folder with all below it, a ZIP file or one DICOM file; the same again changes nothing.

    Raises InvalidInput when the path is none of these, OutOfResources or Unavailable when nothing can be stored now.
    """
    report = Importing()
    source = Source(kind=SourceKind.IMPORT, name=subject.login or subject.display_name, address=subject.address)
    if path.is_dir():
        _import_entries(platform, subject, source, _folder_entries(path, report), report, progress)
    elif path.is_file() and zipfile.is_zipfile(path):
        _import_zip(platform, subject, source, path, report, progress)
    elif path.is_file():
        _import_entries(platform, subject, source, [_file_entry(path, path.name)], report, progress)
    else:
        raise InvalidInput("There is neither a folder nor a file to import.", reason="nothing_to_import", field="path")
    return report


def _import_zip(
    platform: Platform, subject: Subject, source: Source, path: Path, report: Importing, progress: Progress | None
) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = list(_zip_entries(archive, report))
            _import_entries(platform, subject, source, entries, report, progress)
    except zipfile.BadZipFile as error:
        raise InvalidInput("The ZIP file is damaged.", reason="bad_zip", field="path") from error


def _import_entries(
    platform: Platform,
    subject: Subject,
    source: Source,
    entries: list[_Entry],
    report: Importing,
    progress: Progress | None,
) -> None:
    for number, entry in enumerate(entries, 1):
        _import_entry(platform, subject, source, entry, report)
        if progress is not None:
            progress(number, len(entries))


def _import_entry(platform: Platform, subject: Subject, source: Source, entry: _Entry, report: Importing) -> None:
    try:
        with entry.open() as file:
            head = file.read(_PIECE_BYTES)
            if not _looks_like_dicom(head):
                report.skipped += 1
                return
            incoming = begin_instance(platform, subject, source=source)
            try:
                report.count(_receive(incoming, head, file, entry.most_bytes))
            finally:
                incoming.discard()
    except _TooLarge:
        report.refused.append((entry.name, "too_large"))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        report.refused.append((entry.name, "damaged_entry"))
    except OSError:
        report.refused.append((entry.name, "unreadable"))


class _TooLarge(Exception):
    """An entry holds more bytes than it may."""


def _receive(incoming: IncomingInstance, head: bytes, file: IO[bytes], most_bytes: int) -> Outcome:
    piece = head
    received = 0
    while piece:
        received += len(piece)
        if received > most_bytes:
            raise _TooLarge
        incoming.write(piece)
        piece = file.read(_PIECE_BYTES)
    return incoming.commit().outcome


def _looks_like_dicom(head: bytes) -> bool:
    return head[_DICOM_START - 4 : _DICOM_START] == b"DICM"


def _folder_entries(folder: Path, report: Importing) -> list[_Entry]:
    """List the files below a folder; a link is not followed, so that nothing outside is read."""
    found: list[_Entry] = []
    for directory, subfolders, names in os.walk(folder, followlinks=False):
        subfolders.sort()
        for name in sorted(names):
            path = Path(directory) / name
            if name in _IGNORED_NAMES:
                continue
            if path.is_symlink() or not path.is_file():
                report.refused.append((str(path.relative_to(folder)), "not_a_plain_file"))
                continue
            found.append(_file_entry(path, str(path.relative_to(folder))))
    return found


def _file_entry(path: Path, name: str) -> _Entry:
    def open_file() -> IO[bytes]:
        return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")

    return _Entry(name, open_file)


def _zip_entries(archive: zipfile.ZipFile, report: Importing) -> Iterator[_Entry]:
    """List the entries that may be read. Real bytes are counted later: the size that a ZIP declares proves nothing."""
    entries = archive.infolist()
    if len(entries) > MOST_ENTRIES:
        raise InvalidInput("The ZIP file has too many entries.", reason="too_many_entries", field="path")
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename
        if entry.is_dir() or Path(name).name in _IGNORED_NAMES:
            continue
        reason = _refusal(entry, seen)
        seen.add(name)
        if reason is not None:
            report.refused.append((name, reason))
            continue
        most = min(LARGEST_ENTRY_BYTES, entry.compress_size * MOST_RATIO + _RATIO_ALLOWANCE_BYTES)
        yield _Entry(name, lambda entry=entry: archive.open(entry), most)  # type: ignore[misc]  # bound by default value


def _refusal(entry: zipfile.ZipInfo, seen: set[str]) -> str | None:
    parts = entry.filename.replace("\\", "/").split("/")
    if entry.filename.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
        return "path_outside"
    if entry.flag_bits & 0x1:
        return "encrypted"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "not_a_plain_file"
    if entry.filename in seen:
        return "duplicate_name"
    return None
