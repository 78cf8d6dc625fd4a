"""Put objects into the archive as a modality would."""

from __future__ import annotations

from pydicom.dataset import Dataset

from negatoscope.access.model import Subject, system_subject
from negatoscope.archive.receive import IncomingInstance, Source, SourceKind, StoredInstance, begin_instance
from negatoscope.formats.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from negatoscope.platform.runtime import Platform
from tests.builders.dicom import bare_bytes


def a_source(kind: SourceKind = SourceKind.DIMSE, name: str = "MODALITY") -> Source:
    """Return a new association."""
    return Source(kind=kind, name=name, address="127.0.0.1")


def archivist(platform: Platform) -> Subject:
    """Return the subject under which the tests store."""
    return system_subject(platform.tenant, "tests")


def store_bytes(platform: Platform, data: bytes, *, source: Source | None = None, piece: int = 1 << 16) -> StoredInstance:
    """Store a Part 10 file in pieces."""
    incoming = begin_instance(platform, archivist(platform), source=source or a_source())
    return _feed(incoming, data, piece)


def store_data_set(
    platform: Platform,
    data_set: Dataset,
    transfer_syntax_uid: str = EXPLICIT_VR_LITTLE_ENDIAN,
    *,
    source: Source | None = None,
    piece: int = 1 << 16,
) -> StoredInstance:
    """Store a bare data set as C-STORE does."""
    incoming = begin_instance(
        platform,
        archivist(platform),
        source=source or a_source(),
        transfer_syntax_uid=transfer_syntax_uid,
        sop_class_uid=str(data_set.SOPClassUID),
        sop_instance_uid=str(data_set.SOPInstanceUID),
    )
    return _feed(incoming, bare_bytes(data_set, transfer_syntax_uid), piece)


def _feed(incoming: IncomingInstance, data: bytes, piece: int) -> StoredInstance:
    try:
        for offset in range(0, len(data), piece):
            incoming.write(data[offset : offset + piece])
        return incoming.commit()
    finally:
        incoming.discard()
