"""Studies that were received, as the reading room finds them."""

from __future__ import annotations

from collections.abc import Sequence

from pydicom.dataset import Dataset

from negatoscope.access.model import system_subject
from negatoscope.archive.model import Outcome, Source, SourceKind, StoredInstance
from negatoscope.archive.receive import begin_instance
from negatoscope.formats.dicom.uids import new_uid
from negatoscope.platform.runtime import Platform
from tests.builders.dicom import a_dx_image, part10_bytes


def store(platform: Platform, data_set: Dataset) -> StoredInstance:
    """Receive one object through the archive's own door."""
    subject = system_subject(platform.tenant, "test")
    incoming = begin_instance(platform, subject, source=Source(kind=SourceKind.PRODUCT, name="test"))
    incoming.write(part10_bytes(data_set))
    stored = incoming.commit()
    assert stored.outcome is Outcome.STORED, stored
    return stored


def a_stored_study(platform: Platform, images: Sequence[Dataset] | None = None, **attributes: object) -> str:
    """Receive a study, of one chest image unless told, and return its UID; attributes are set on each image."""
    study_uid, series_uid = new_uid(), new_uid()
    data_sets = list(images) if images is not None else [a_dx_image()]
    for number, data_set in enumerate(data_sets, start=1):
        data_set.StudyInstanceUID, data_set.SeriesInstanceUID = study_uid, series_uid
        data_set.InstanceNumber = number
        for keyword, value in attributes.items():
            setattr(data_set, keyword, value)
        store(platform, data_set)
    return study_uid
