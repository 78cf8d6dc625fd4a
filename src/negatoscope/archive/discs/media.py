"""Write the files of a disc where they are wanted: one ZIP, in pieces, or a folder ready for an ISO image."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from negatoscope.archive.discs.content import DiscFile
from negatoscope.platform.errors import Conflict

Progress = Callable[[int], None]
"""Told how many objects are written."""


class _Sink:
    """Take what the ZIP writer writes, so that it can be handed on piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Keep a piece."""
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: everything is at hand."""

    def take(self) -> bytes:
        """Return what came since the last time."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def zip_pieces(files: Iterable[DiscFile], progress: Progress | None = None) -> Iterator[bytes]:
    """Yield a ZIP of the files in pieces, nothing gathered: images hardly shrink, so they are stored as they are."""
    sink = _Sink()
    written = 0
    with ZipFile(sink, "w", ZIP_STORED) as archive:  # type: ignore[call-overload] # needs write and flush only
        for file in files:
            # The length is known at the end only: each entry may be large.
            with archive.open(ZipInfo(file.name), "w", force_zip64=file.is_object) as entry:
                for chunk in file.chunks:
                    entry.write(chunk)
                    yield sink.take()
            written += file.is_object
            if progress is not None:
                progress(written)
    yield sink.take()


def write_zip(files: Iterable[DiscFile], path: Path, progress: Progress | None = None) -> None:
    """Write the files to one ZIP; Conflict for a file that is there already. What breaks off leaves nothing."""
    try:
        with path.open("xb") as target:
            for piece in zip_pieces(files, progress):
                target.write(piece)
            target.flush()
            os.fsync(target.fileno())
    except FileExistsError as error:
        raise Conflict("There is such a file already.", reason="file_exists", field="to") from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def write_folder(files: Iterable[DiscFile], folder: Path, progress: Progress | None = None) -> None:
    """Write the files below a folder that is made now, or is empty; Conflict for one that holds anything."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise Conflict("The folder is not empty.", reason="folder_not_empty", field="to")
    written = 0
    for file in files:
        path = folder / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as target:
            for chunk in file.chunks:
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        written += file.is_object
        if progress is not None:
            progress(written)
