"""What an object that is held back says of itself, for the person who decides: attributes in words, never pixels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from sqlalchemy import Connection

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise, decide
from negatoscope.access.model import Subject
from negatoscope.archive.held.reading import read_again
from negatoscope.archive.metadata import read_attributes
from negatoscope.archive.model import Instance
from negatoscope.audit.trail import record
from negatoscope.formats.dicom.files import PYDICOM_FAULTS
from negatoscope.platform.blobs.port import BlobRef
from negatoscope.platform.errors import CorruptObject
from negatoscope.platform.runtime import Platform

MOST_ATTRIBUTES: Final = 200
LONGEST_VALUE: Final = 160
_BINARY: Final = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN", "SQ"})

Attributes = list[tuple[str, str]]
"""Names with values, in the order of the data set."""


def preview(
    platform: Platform, subject: Subject, blob: BlobRef, *, study_uid: str | None, objects: dict[str, str]
) -> Attributes | None:
    """Return the attributes of a held object, traced; None for who may not see them, or what the gate cannot read."""
    with platform.database.transaction(platform.tenant) as tx:
        if not decide(tx, subject, Action.RECONCILE_STUDY, study_uid=study_uid).allowed:
            return None
        record(tx, subject.actor, "view_held_object", study_uid=study_uid, objects=dict(objects))
    try:
        _, instance = read_again(platform, blob)
    except CorruptObject:
        return None
    return attributes_of(platform, instance) if instance is not None else None


def attributes_of(platform: Platform, instance: Instance) -> Attributes:
    """Return the attributes of an object in words."""
    return list(_described(read_attributes(platform, instance)))[:MOST_ATTRIBUTES]


def differing(first: Attributes, second: Attributes) -> list[tuple[str, str, str]]:
    """Return the names whose values differ, with both values."""
    values, others = dict(first), dict(second)
    names = list(dict.fromkeys((*values, *others)))
    return [(name, values.get(name, ""), others.get(name, "")) for name in names if values.get(name) != others.get(name)]


def authorise_copy(tx: Connection, subject: Subject, *, study_uid: str | None, objects: dict[str, str]) -> None:
    """Let the subject take the bytes of a held object, and write it down; raise otherwise."""
    authorise(tx, subject, Action.DOWNLOAD_DICOM, study_uid=study_uid)
    record(tx, subject.actor, Action.DOWNLOAD_DICOM.value, study_uid=study_uid, objects=dict(objects))


def _described(data_set: Dataset) -> Iterator[tuple[str, str]]:
    try:
        for element in data_set:
            if element.VR not in _BINARY and not element.tag.is_private:
                value = element.value
                text = "\\".join(map(str, value)) if isinstance(value, MultiValue) else str(value)
                yield element.name, text[:LONGEST_VALUE]
    except PYDICOM_FAULTS:
        return
