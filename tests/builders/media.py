"""Build media as they are brought along: a DICOMDIR that names whatever it likes, a ZIP of named contents."""

from __future__ import annotations

import zipfile
from pathlib import Path

from pydicom.dataset import Dataset

from negatoscope.formats.dicom.files import encode_data_set, file_head
from negatoscope.formats.dicom.media_directory import MEDIA_STORAGE_DIRECTORY


def a_directory(*file_ids: list[str]) -> bytes:
    """Return a DICOMDIR that names whatever it likes."""
    records = []
    for file_id in file_ids:
        record = Dataset()
        record.DirectoryRecordType = "IMAGE"
        record.ReferencedFileID = file_id
        records.append(record)
    directory = Dataset()
    directory.DirectoryRecordSequence = records
    head = file_head(
        sop_class_uid=MEDIA_STORAGE_DIRECTORY, sop_instance_uid="2.25.1", transfer_syntax_uid="1.2.840.10008.1.2.1"
    )
    return head + encode_data_set(directory)


def a_zip(path: Path, *entries: tuple[str, bytes]) -> Path:
    """Write a ZIP and return where it is."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path
