"""Read entries into the archive one by one, each with its verdict; none of them can break off the others."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Final

from negatoscope.access.model import Subject
from negatoscope.archive.imports.entries import Entry, TooLarge, in_order
from negatoscope.archive.imports.model import FileVerdict, Verdict, verdict_on
from negatoscope.archive.model import Source
from negatoscope.archive.receive import begin_instance
from negatoscope.formats.dicom.media_listing import LARGEST_DIRECTORY_BYTES, read_listing_plain
from negatoscope.platform.errors import NegatoscopeError
from negatoscope.platform.runtime import Platform

PIECE_BYTES: Final = 1 << 20
_DICOM_START: Final = 132
_ZIP_MAGIC: Final = b"PK\3\4"
_DIRECTORY_NAME: Final = "dicomdir"
_LISTING_TIMEOUT_S: Final = 20.0
_LISTING_MEMORY_BYTES: Final = 2 << 30
_DAMAGED: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)


def read_entries(
    platform: Platform,
    subject: Subject,
    source: Source,
    entries: Sequence[Entry],
    *,
    done: frozenset[str] = frozenset(),
) -> Iterator[FileVerdict]:
    """Yield a verdict for each file: those that a DICOMDIR names first, then all others; names in `done` are passed over.

    A file that the directory names and that is not there gets a verdict too. Raises OutOfResources or Unavailable when
    nothing can be stored now.
    """
    directories = [entry for entry in entries if is_directory(entry.name)]
    named: list[str] = []
    for directory in directories:
        inside, verdicts = read_directory(platform, directory)
        named += inside
        yield from verdicts
    files = in_order([entry for entry in entries if not is_directory(entry.name)], named)
    present = {entry.name.casefold() for entry in entries}
    yield from missing(named, present)
    for entry in files:
        if entry.name not in done:
            yield read_entry(platform, subject, source, entry)


def is_directory(name: str) -> bool:
    """Tell whether a file is the directory of a disc, by its name."""
    return name.rpartition("/")[2].casefold() == _DIRECTORY_NAME


def missing(named: Sequence[str], present: set[str]) -> Iterator[FileVerdict]:
    """Yield a verdict for each file that the directory names and that is not there."""
    for name in named:
        if name.casefold() not in present:
            yield FileVerdict(name=name, verdict=Verdict.REFUSED, reason="named_but_missing")


def read_directory(platform: Platform, entry: Entry) -> tuple[list[str], list[FileVerdict]]:
    """Return which files a DICOMDIR names, below the folder it lies in, and the verdicts on itself and on names outside."""
    try:
        with entry.open() as file:
            data = file.read(LARGEST_DIRECTORY_BYTES + 1)
    except (*_DAMAGED, TooLarge, OSError):
        return [], [FileVerdict(name=entry.name, verdict=Verdict.REFUSED, reason="unreadable")]
    return judge_directory(platform, entry.name, data)


def judge_directory(platform: Platform, name: str, data: bytes) -> tuple[list[str], list[FileVerdict]]:
    """Do the same with bytes at hand. It is read in a process that may be killed: no gate went before."""
    if len(data) > LARGEST_DIRECTORY_BYTES:
        return [], [FileVerdict(name=name, verdict=Verdict.REFUSED, reason="too_large")]
    try:
        lists = platform.sandbox.run(read_listing_plain, data, timeout_s=_LISTING_TIMEOUT_S, memory_bytes=_LISTING_MEMORY_BYTES)
    except NegatoscopeError:
        lists = []
    if not lists:
        return [], [FileVerdict(name=name, verdict=Verdict.SKIPPED, reason="bad_directory")]
    inside, outside = lists
    root = name.rpartition("/")[0]
    refused = [FileVerdict(name=_shown(one), verdict=Verdict.REFUSED, reason="path_outside") for one in outside]
    listed = FileVerdict(name=name, verdict=Verdict.SKIPPED, reason="directory")
    return [f"{root}/{one}" if root else one for one in inside], [listed, *refused]


def _shown(name: str) -> str:
    return name.encode("utf-8", "replace").decode("utf-8").replace("\0", "?")


def read_entry(platform: Platform, subject: Subject, source: Source, entry: Entry) -> FileVerdict:
    """Read one file and return what became of it."""
    try:
        with entry.open() as file:
            head = file.read(PIECE_BYTES)
            reason = refuse_head(head)
            if reason is not None:
                return FileVerdict(name=entry.name, verdict=Verdict.SKIPPED, reason=reason)
            return _receive(platform, subject, source, entry, head, file)
    except TooLarge:
        return FileVerdict(name=entry.name, verdict=Verdict.REFUSED, reason="too_large")
    except _DAMAGED:
        return FileVerdict(name=entry.name, verdict=Verdict.REFUSED, reason="damaged_entry")
    except OSError:
        return FileVerdict(name=entry.name, verdict=Verdict.REFUSED, reason="unreadable")


def refuse_head(head: bytes) -> str | None:
    """Return why a file is passed over by its first bytes: a ZIP inside a ZIP is never opened; None for a DICOM file."""
    if head[_DICOM_START - 4 : _DICOM_START] == b"DICM":
        return None
    return "nested_archive" if head.startswith(_ZIP_MAGIC) else "not_dicom"


def _receive(platform: Platform, subject: Subject, source: Source, entry: Entry, head: bytes, file: IO[bytes]) -> FileVerdict:
    incoming = begin_instance(platform, subject, source=source)
    try:
        piece, received = head, 0
        while piece:
            received += len(piece)
            if received > entry.most_bytes:
                raise TooLarge
            incoming.write(piece)
            piece = file.read(PIECE_BYTES)
        return verdict_on(entry.name, incoming.commit())
    finally:
        incoming.discard()


Record = Callable[[Sequence[FileVerdict]], None]


def recorded(verdicts: Iterator[FileVerdict], record: Record, *, each: int = 50) -> Iterator[FileVerdict]:
    """Yield the verdicts and hand them on some at a time, the last ones too when the reading is broken off."""
    held: list[FileVerdict] = []
    try:
        for verdict in verdicts:
            held.append(verdict)
            if len(held) >= each:
                record(held)
                held = []
            yield verdict
    finally:
        if held:
            record(held)
