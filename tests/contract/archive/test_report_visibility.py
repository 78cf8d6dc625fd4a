"""Reports kept in a study are not given as images to those who may not read every version; a patient's name is followed."""

from __future__ import annotations

import json
from collections.abc import Callable
from uuid import UUID

import pytest
from pydicom.dataset import Dataset

from negatoscope.access.model import Role, Subject, system_subject
from negatoscope.archive.find import FindQuery, Level, find
from negatoscope.archive.following import FOLLOW_PATIENT
from negatoscope.archive.metadata import series_metadata
from negatoscope.archive.model import SourceKind
from negatoscope.archive.open import open_instances
from negatoscope.archive.pictures import read_document, viewed_instances
from negatoscope.archive.report_visibility import ENCAPSULATED_PDF
from negatoscope.archive.studies import get_study
from negatoscope.formats.dicom.uids import new_uid
from negatoscope.patients.store import get_patient, update_demographics
from negatoscope.platform.errors import NotFound
from negatoscope.platform.events import publish
from negatoscope.platform.runtime import Platform
from tests.builders.archive import a_source, store_data_set
from tests.builders.dicom import a_dx_image
from tests.builders.subjects import a_user

PIXEL_KEYWORDS = (
    *("PixelData", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit"),
    *("PixelRepresentation", "SamplesPerPixel", "PhotometricInterpretation"),
)


@pytest.fixture
def study(platform: Platform) -> tuple[Dataset, Dataset]:
    """An image, and a report of ours in the same study."""
    image = a_dx_image()
    report = a_dx_image(
        StudyInstanceUID=image.StudyInstanceUID, SeriesInstanceUID=new_uid(), SOPClassUID=ENCAPSULATED_PDF, Modality="DOC"
    )
    for keyword in PIXEL_KEYWORDS:
        delattr(report, keyword)
    report.EncapsulatedDocument, report.MIMETypeOfEncapsulatedDocument = b"%PDF-1.7", "application/pdf"
    store_data_set(platform, image)
    store_data_set(platform, report, source=a_source(SourceKind.PRODUCT, "reporting"))
    return image, report


def patient_of(platform: Platform, image: Dataset) -> UUID:
    with platform.database.read(platform.tenant) as tx:
        return get_study(tx, image.StudyInstanceUID).patient_id


def found(platform: Platform, subject: Subject, level: Level) -> int:
    with platform.database.read(platform.tenant) as tx:
        return len(find(tx, subject, FindQuery(level=level)))


def test_patient_gets_the_images_and_not_the_report(platform: Platform, study: tuple[Dataset, Dataset]) -> None:
    image, report = study
    patient = a_user(platform, Role.PATIENT, patient_id=patient_of(platform, image))
    radiologist = a_user(platform, Role.RADIOLOGIST)
    uids = {"study_uid": str(report.StudyInstanceUID), "series_uid": str(report.SeriesInstanceUID)}
    document = {**uids, "sop_instance_uid": str(report.SOPInstanceUID)}
    assert read_document(platform, viewed_instances(platform, radiologist, **document)[0]) == ("application/pdf", b"%PDF-1.7")
    with pytest.raises(NotFound):
        viewed_instances(platform, patient, **document)
    for subject, expected in ((radiologist, 2), (patient, 1)):
        assert [found(platform, subject, level) for level in (Level.SERIES, Level.IMAGE)] == [expected] * 2
        assert len(open_instances(platform, subject, study_uid=uids["study_uid"])) == expected
        metadata = series_metadata(platform, subject, study_uid=uids["study_uid"], bulk_data_root="")
        assert len(json.loads(metadata)) == expected
    with pytest.raises(NotFound):
        open_instances(platform, patient, study_uid=uids["study_uid"], series_uid=uids["series_uid"])


def test_corrected_name_is_found_and_shown(
    platform: Platform, study: tuple[Dataset, Dataset], react: Callable[..., int]
) -> None:
    image, _ = study
    patient_id = patient_of(platform, image)
    with platform.database.transaction(platform.tenant) as tx:
        patient = get_patient(tx, patient_id)
        corrected = type(patient.demographics)(family_name="Grindel", given_names="Zoé")
        update_demographics(tx, patient.patient_id, corrected, status=patient.identity_status, version=patient.version)
        publish(tx, "patient_edited", subject=str(patient_id), payload={})
    react(FOLLOW_PATIENT)
    with platform.database.read(platform.tenant) as tx:
        query = FindQuery(level=Level.STUDY, filters={"PatientName": "grindel*"})
        assert [str(row.PatientName) for row in find(tx, system_subject(platform.tenant, "tests"), query)] == ["Grindel^Zoé"]
