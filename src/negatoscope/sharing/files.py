"""A study as files to take away: one ZIP, streamed, of the objects as they are stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from negatoscope.access.actions import Action
from negatoscope.access.model import Subject
from negatoscope.archive.open import OpenInstance, open_instances
from negatoscope.platform.runtime import Platform

LARGE = 2**31


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


def open_study_files(platform: Platform, subject: Subject, study_uid: str) -> Iterator[bytes]:
    """Return the ZIP of a study in pieces of a few MiB; policy is asked, and the act traced, before the first.

    The names in it are numbers: nothing of the patient stands in the name of a file.
    """
    opened = open_instances(platform, subject, study_uid=study_uid, action=Action.DOWNLOAD_DICOM)
    return _pieces(opened)


def _pieces(opened: Sequence[OpenInstance]) -> Iterator[bytes]:
    sink = _Sink()
    with ZipFile(sink, "w", ZIP_STORED) as archive:  # type: ignore[call-overload] # needs write and flush only
        for number, instance in enumerate(opened, start=1):
            entry = ZipInfo(f"DICOM/{number:05d}.dcm")
            with archive.open(entry, "w", force_zip64=instance.size >= LARGE) as file:
                for chunk in instance.chunks():
                    file.write(chunk)
                    yield sink.take()
    yield sink.take()
