"""What the archive of the demonstration holds back, so that its screens have something to decide: a stray and a twin."""

from __future__ import annotations

import io
from uuid import UUID

import pydicom

from negatoscope.access.model import Subject
from negatoscope.archive.model import Instance, Source, SourceKind
from negatoscope.archive.open import OpenInstance
from negatoscope.archive.receive import begin_instance
from negatoscope.archive.studies import list_instances, list_studies_of_patient
from negatoscope.formats.dicom.files import encode_file
from negatoscope.platform.runtime import Platform

STATION = "DX-SALLE2"


def hold_back(platform: Platform, system: Subject, patient_id: UUID) -> None:
    """Send an image of another patient into a study of this one, and an image again with another comment."""
    with platform.database.read(platform.tenant) as tx:
        study = list_studies_of_patient(tx, patient_id)[0]
        instance = next(one for one in list_instances(tx, study.study_uid) if one.frames)
    stray = _read(platform, instance)
    stray.SOPInstanceUID = f"{instance.sop_instance_uid}.9"
    stray.PatientID, stray.PatientName = "DEMO-9999", "Inconnu^Patient"
    twin = _read(platform, instance)
    twin.ImageComments = "Image retraitée à la console"
    for data_set in (stray, twin):
        source = Source(kind=SourceKind.DIMSE, name=STATION)
        incoming = begin_instance(platform, system, source=source)
        try:
            incoming.write(encode_file(data_set, instance.transfer_syntax_uid))
            incoming.commit()
        finally:
            incoming.discard()


def _read(platform: Platform, instance: Instance) -> pydicom.Dataset:
    whole = b"".join(OpenInstance(instance, platform.blobs).chunks())
    return pydicom.dcmread(io.BytesIO(whole))
