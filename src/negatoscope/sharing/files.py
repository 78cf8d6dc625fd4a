"""A study as files to take away: one ZIP, streamed, with the objects as they are stored, their directory and a page."""

from __future__ import annotations

from collections.abc import Iterator

from negatoscope.access.model import Subject
from negatoscope.archive.discs.direct import disc_of
from negatoscope.archive.discs.media import zip_pieces
from negatoscope.platform.runtime import Platform


def open_study_files(platform: Platform, subject: Subject, study_uid: str, *, language: str = "fr") -> Iterator[bytes]:
    """Return the ZIP of a study in pieces of a few MiB; policy is asked, and the act traced, before the first.

    The names in it are numbers: nothing of the patient stands in the name of a file.
    """
    return zip_pieces(disc_of(platform, subject, [study_uid], language=language).files())
