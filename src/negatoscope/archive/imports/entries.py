"""The files of a folder, or of a ZIP, that may be read at all: nothing outside, no link, no bomb, nothing unpacked to disk.

A name is judged before anything is opened, and bytes are counted as they come: what a ZIP declares proves nothing.
"""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from typing import IO, Final

from negatoscope.platform.errors import InvalidInput

MOST_ENTRIES: Final = 100_000
MOST_DIRECTORY_BYTES: Final = MOST_ENTRIES * 128
"""Of a ZIP's central directory: it is read whole before its entries can be counted. An entry has 46 bytes and its name."""
MOST_RATIO: Final = 100
MOST_BYTES: Final = 256 << 30
"""Of everything that one ZIP may unpack to."""
LARGEST_ENTRY_BYTES: Final = 8 << 30
_RATIO_ALLOWANCE_BYTES: Final = 16 << 20
_LONGEST_NAME: Final = 1024

_END: Final = Struct("<4s4H2LH")
_END_MAGIC: Final = b"PK\5\6"
_LONGEST_COMMENT: Final = 0xFFFF
_ZIP64_LOCATOR: Final = Struct("<4sLQL")
_ZIP64_END: Final = Struct("<4sQ2H2L4Q")


@dataclass(frozen=True, slots=True)
class Entry:
    """One file that may be read, up to so many bytes."""

    name: str
    open: Callable[[], IO[bytes]]
    most_bytes: int = LARGEST_ENTRY_BYTES


@dataclass(frozen=True, slots=True)
class Refusal:
    """One file that may not be read, and why."""

    name: str
    reason: str


def folder_entries(folder: Path) -> Iterator[Entry | Refusal]:
    """List the files below a folder by name; a link is not followed, so that nothing outside is read."""
    for directory, subfolders, names in os.walk(folder, followlinks=False):
        for name in [name for name in subfolders if (Path(directory) / name).is_symlink()]:
            subfolders.remove(name)
            yield Refusal(_relative(Path(directory) / name, folder), "not_a_plain_file")
        subfolders.sort()
        for name in sorted(names):
            path = Path(directory) / name
            if path.is_symlink() or not path.is_file():
                yield Refusal(_relative(path, folder), "not_a_plain_file")
            else:
                yield file_entry(path, _relative(path, folder))


def _relative(path: Path, folder: Path) -> str:
    return _shown(path.relative_to(folder).as_posix())


def file_entry(path: Path, name: str) -> Entry:
    """Return one file; it is opened without following a link that took its place meanwhile."""

    def open_file() -> IO[bytes]:
        return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")

    return Entry(_shown(name), open_file)


def open_zip(file: IO[bytes], size: int) -> zipfile.ZipFile:
    """Open a ZIP whose directory is small enough to be read; raise InvalidInput for any other."""
    _check_directory(file, size)
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise InvalidInput("The ZIP file is damaged.", reason="bad_zip", field="path") from error
    if len(archive.filelist) > MOST_ENTRIES:
        raise InvalidInput("The ZIP file has too many entries.", reason="too_many_entries", field="path")
    return archive


def _check_directory(file: IO[bytes], size: int) -> None:
    """Read the end record alone: it says how long the directory is that the library would take into memory."""
    tail_at = max(0, size - _END.size - _LONGEST_COMMENT - _ZIP64_LOCATOR.size)
    file.seek(tail_at)
    tail = file.read(size - tail_at)
    place = tail.rfind(_END_MAGIC)
    if place < 0 or len(tail) - place < _END.size:
        raise InvalidInput("The ZIP file is damaged.", reason="bad_zip", field="path")
    _, _, _, _, entries, length, _, _ = _END.unpack_from(tail, place)
    locator = place - _ZIP64_LOCATOR.size
    if locator >= 0 and tail[locator : locator + 4] == b"PK\6\7":
        entries, length = _read_zip64_end(file, _ZIP64_LOCATOR.unpack_from(tail, locator)[2], size)
    if entries > MOST_ENTRIES or length > MOST_DIRECTORY_BYTES:
        raise InvalidInput("The ZIP file has too many entries.", reason="too_many_entries", field="path")


def _read_zip64_end(file: IO[bytes], offset: int, size: int) -> tuple[int, int]:
    if offset > size - _ZIP64_END.size:
        raise InvalidInput("The ZIP file is damaged.", reason="bad_zip", field="path")
    file.seek(offset)
    *_, entries, length, _ = _ZIP64_END.unpack(file.read(_ZIP64_END.size))
    return entries, length


def zip_entries(archive: zipfile.ZipFile, size: int) -> Iterator[Entry | Refusal]:
    """List the entries. All together they unpack to no more than a hundred times the file, however they overlap."""
    seen: set[str] = set()
    room = _Room(min(MOST_BYTES, size * MOST_RATIO + _RATIO_ALLOWANCE_BYTES))
    for info in archive.infolist():
        if info.is_dir():
            continue
        reason = _refusal(info, seen)
        seen.add(info.filename)
        if reason is not None:
            yield Refusal(_shown(info.filename), reason)
            continue
        most = min(LARGEST_ENTRY_BYTES, info.compress_size * MOST_RATIO + _RATIO_ALLOWANCE_BYTES)
        yield Entry(_shown(info.filename), _opener(archive, info, room), most)


class _Room:
    """The bytes that the entries of one ZIP may still unpack to, together."""

    def __init__(self, most_bytes: int) -> None:
        self.left = most_bytes


class TooLarge(Exception):
    """An entry, or all of them together, hold more bytes than they may."""


class _Counted:
    """Read an entry and count what comes out of it."""

    def __init__(self, file: IO[bytes], room: _Room) -> None:
        self._file = file
        self._room = room

    def read(self, size: int = -1) -> bytes:
        """Read and count."""
        data = self._file.read(size)
        self._room.left -= len(data)
        if self._room.left < 0:
            raise TooLarge
        return data

    def __enter__(self) -> _Counted:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _opener(archive: zipfile.ZipFile, info: zipfile.ZipInfo, room: _Room) -> Callable[[], IO[bytes]]:
    return lambda: _Counted(archive.open(info), room)  # type: ignore[return-value] # read and the context are all we use


def _refusal(info: zipfile.ZipInfo, seen: set[str]) -> str | None:
    name = info.filename
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or len(name) > _LONGEST_NAME:
        return "path_outside"
    if info.flag_bits & 0x1:
        return "encrypted"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "not_a_plain_file"
    if name in seen:
        return "duplicate_name"
    return None


def _shown(name: str) -> str:
    """Return a name that a database and a screen can hold: PostgreSQL refuses NUL and lone surrogates."""
    return name.encode("utf-8", "replace").decode("utf-8").replace("\0", "?")[:_LONGEST_NAME]


def in_order(entries: Sequence[Entry], named: Sequence[str]) -> list[Entry]:
    """Return the files that the directory names first, in its order; then those it does not name, which are read too."""
    places = {name.casefold(): place for place, name in enumerate(named)}
    return sorted(entries, key=lambda entry: places.get(entry.name.casefold(), len(places)))
