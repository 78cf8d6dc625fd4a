"""DICOM unique identifiers: one small type each, the grammar, and new ones (PS3.5 section 9 and B.2)."""

from __future__ import annotations

import re
import uuid
from typing import Final, NewType

from negatoscope.platform.errors import InvalidInput

StudyUid = NewType("StudyUid", str)
SeriesUid = NewType("SeriesUid", str)
SopInstanceUid = NewType("SopInstanceUid", str)

MAXIMUM_UID_LENGTH: Final = 64
UUID_ROOT: Final = "2.25"

_GRAMMAR: Final = re.compile(r"(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))*", re.ASCII)


def is_uid(text: str) -> bool:
    """Tell whether the text follows the UID grammar of PS3.5 section 9.1: no leading zero, 64 characters at most."""
    return len(text) <= MAXIMUM_UID_LENGTH and _GRAMMAR.fullmatch(text) is not None


def parse_uid(text: str, *, field: str | None = None) -> str:
    """Return the UID without its padding NUL; raise InvalidInput (reason ``bad_uid``) for anything else."""
    uid = text[:-1] if text.endswith("\0") else text
    if not is_uid(uid):
        raise InvalidInput("A unique identifier does not follow the DICOM grammar.", reason="bad_uid", field=field)
    return uid


def parse_study_uid(text: str) -> StudyUid:
    """Parse a Study Instance UID."""
    return StudyUid(parse_uid(text, field="study_instance_uid"))


def parse_series_uid(text: str) -> SeriesUid:
    """Parse a Series Instance UID."""
    return SeriesUid(parse_uid(text, field="series_instance_uid"))


def parse_sop_instance_uid(text: str) -> SopInstanceUid:
    """Parse a SOP Instance UID."""
    return SopInstanceUid(parse_uid(text, field="sop_instance_uid"))


def new_uid(root: str = UUID_ROOT) -> str:
    """Make a new UID below the root from a random UUID (PS3.5 B.2); a long root leaves fewer of its digits."""
    if not is_uid(root):
        raise InvalidInput("The UID root does not follow the DICOM grammar.", reason="bad_uid", field="uid_root")
    room = MAXIMUM_UID_LENGTH - len(root) - 1
    digits = str(uuid.uuid4().int)
    if room < 24:
        raise InvalidInput("The UID root is too long to keep identifiers unique.", reason="bad_uid", field="uid_root")
    return f"{root}.{digits[:room]}"
