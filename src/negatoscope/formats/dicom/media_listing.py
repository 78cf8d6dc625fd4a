"""Read which files a DICOMDIR names. A hostile one names whatever it likes: only names that stay inside are given back."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Final

from pydicom.dataset import Dataset
from pydicom.filereader import dcmread
from pydicom.multival import MultiValue

from negatoscope.formats.dicom.files import PYDICOM_FAULTS
from negatoscope.formats.dicom.media_directory import MEDIA_STORAGE_DIRECTORY

LARGEST_DIRECTORY_BYTES: Final = 32 << 20
MOST_COMPONENTS: Final = 8
_LONGEST_COMPONENT: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The paths that a directory names, `/` between the components, and those that would lead outside."""

    named: tuple[str, ...]
    refused: tuple[str, ...]


def read_listing(data: bytes) -> Listing | None:
    """Return what a DICOMDIR names; None when the bytes are none, or cannot be read.

    Records are read as a flat list: offsets, which may form a circle, are not followed. A directory passes no gate, being
    no object: `read_listing_plain` is for a process that may be killed.
    """
    try:
        directory = dcmread(io.BytesIO(data), force=False)
        if directory.file_meta.MediaStorageSOPClassUID != MEDIA_STORAGE_DIRECTORY:
            return None
        ids = [_components(record) for record in directory.get("DirectoryRecordSequence") or []]
    except PYDICOM_FAULTS:
        return None
    named = [file_id for file_id in ids if file_id]
    inside = ["/".join(file_id) for file_id in named if is_inside(file_id)]
    outside = ["/".join(file_id)[:256] for file_id in named if not is_inside(file_id)]
    return Listing(named=tuple(dict.fromkeys(inside)), refused=tuple(dict.fromkeys(outside)))


def read_listing_plain(data: bytes) -> list[list[str]]:
    """Return the names inside and those outside as plain lists; an empty list when the bytes are no directory."""
    listing = read_listing(data)
    return [] if listing is None else [list(listing.named), list(listing.refused)]


def is_inside(components: tuple[str, ...]) -> bool:
    """Tell whether the components of a Referenced File ID name a file below the root, and nothing else."""
    return 0 < len(components) <= MOST_COMPONENTS and all(
        0 < len(part) <= _LONGEST_COMPONENT and part not in {".", ".."} and not set(part) & set("/\\:\0") for part in components
    )


def _components(record: Dataset) -> tuple[str, ...]:
    value = record.get("ReferencedFileID")
    if not value:
        return ()
    parts = [str(part) for part in value] if isinstance(value, MultiValue | list) else [str(value)]
    return tuple(part.strip(" ") for part in parts)
