"""The metadata of a study as DICOM JSON, cached, complete, with references that can be followed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydicom.dataset import Dataset
from sqlalchemy import text
from zstandard import ZstdCompressor

from negatoscope.access.model import Role
from negatoscope.archive.metadata import cache_study_metadata, read_attributes, read_bulk_data, series_metadata
from negatoscope.archive.rejections.model import RejectionTitle
from negatoscope.archive.study_store import list_instances
from negatoscope.formats.dicom.transfer_syntaxes import DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, JPEG_LS_LOSSLESS
from negatoscope.platform.errors import NotFound
from negatoscope.platform.runtime import Platform
from tests.builders.archive import archivist, store_bytes, store_data_set
from tests.builders.dicom import a_ct_slice, a_dx_image, a_file
from tests.builders.rejection_notes import a_rejection_note
from tests.builders.subjects import a_user

ROOT = "http://pacs.test/dicom-web"


def metadata(
    platform: Platform, study_uid: str, *, series_uid: str | None = None, sop_instance_uid: str | None = None
) -> list[dict[str, Any]]:
    found = series_metadata(
        platform,
        archivist(platform),
        study_uid=study_uid,
        series_uid=series_uid,
        sop_instance_uid=sop_instance_uid,
        bulk_data_root=ROOT,
    )
    models: list[dict[str, Any]] = json.loads(found)
    return models


def blocks(platform: Platform) -> int:
    with platform.database.read(platform.tenant) as tx:
        return int(tx.execute(text("select count(*) from series_metadata")).scalar_one())


def test_metadata_say_what_was_sent(platform: Platform) -> None:
    image = a_dx_image()
    store_data_set(platform, image)
    model = metadata(platform, image.StudyInstanceUID)[0]
    assert model["00100010"]["Value"] == [{"Alphabetic": "Éluard^Zoé"}]
    assert model["00280010"]["Value"] == [64]
    uri = model["7FE00010"]["BulkDataURI"]
    assert uri == (
        f"{ROOT}/studies/{image.StudyInstanceUID}/series/{image.SeriesInstanceUID}"
        f"/instances/{image.SOPInstanceUID}/bulkdata/7FE00010"
    )


def test_study_series_and_instance_say_the_same(platform: Platform) -> None:
    first = a_ct_slice()
    other = a_ct_slice(StudyInstanceUID=first.StudyInstanceUID, SeriesNumber=2)
    for image in (first, other):
        store_data_set(platform, image)
    whole = metadata(platform, first.StudyInstanceUID)
    by_series = [
        model
        for image in sorted((first, other), key=lambda image: str(image.SeriesInstanceUID))
        for model in metadata(platform, first.StudyInstanceUID, series_uid=image.SeriesInstanceUID)
    ]
    assert whole == by_series
    alone = metadata(
        platform,
        first.StudyInstanceUID,
        series_uid=first.SeriesInstanceUID,
        sop_instance_uid=first.SOPInstanceUID,
    )
    assert alone[0] in whole


def test_block_is_made_once_and_again_when_an_image_comes(platform: Platform) -> None:
    image = a_ct_slice()
    store_data_set(platform, image)
    assert cache_study_metadata(platform, image.StudyInstanceUID) == 1
    assert cache_study_metadata(platform, image.StudyInstanceUID) == 0
    late = a_ct_slice(StudyInstanceUID=image.StudyInstanceUID, SeriesInstanceUID=image.SeriesInstanceUID, InstanceNumber=2)
    store_data_set(platform, late)
    assert len(metadata(platform, image.StudyInstanceUID)) == 2
    assert blocks(platform) == 1
    assert cache_study_metadata(platform, image.StudyInstanceUID) == 0


@pytest.mark.parametrize("syntax", [DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, JPEG_LS_LOSSLESS])
def test_metadata_of_other_encodings(platform: Platform, syntax: str) -> None:
    image = a_dx_image()
    store_bytes(platform, a_file(image, syntax))
    model = metadata(platform, image.StudyInstanceUID)[0]
    assert model["00080050"]["Value"] == ["ACC0001"]
    assert model["00083002"]["Value"] == [syntax]


def test_reference_to_a_long_value_can_be_followed(platform: Platform) -> None:
    value = bytes(range(256)) * 32
    image = a_dx_image(ICCProfile=value)
    store_data_set(platform, image)
    model = metadata(platform, image.StudyInstanceUID)[0]
    path = model["00282000"]["BulkDataURI"].rpartition("/bulkdata/")[2]
    scope = {
        "study_uid": image.StudyInstanceUID,
        "series_uid": image.SeriesInstanceUID,
        "sop_instance_uid": image.SOPInstanceUID,
    }
    assert read_bulk_data(platform, archivist(platform), path=path, **scope) == value
    with pytest.raises(NotFound):
        read_bulk_data(platform, archivist(platform), path="00282001", **scope)


def test_text_that_imitates_a_reference_stays_text(platform: Platform) -> None:
    image = a_dx_image(StudyDescription='"BulkDataURI":"\\u0001/x')
    store_data_set(platform, image)
    model = metadata(platform, image.StudyInstanceUID)[0]
    assert "pacs.test" not in json.dumps(model["00081030"])


def test_who_sees_rejected_images_reads_kept_blocks_of_whole_series_alone(platform: Platform) -> None:
    first = a_ct_slice()
    other = a_ct_slice(StudyInstanceUID=first.StudyInstanceUID, SeriesInstanceUID=first.SeriesInstanceUID)
    apart = a_ct_slice(StudyInstanceUID=first.StudyInstanceUID, SeriesNumber=2)
    for image in (first, other, apart):
        store_data_set(platform, image)
    subject = a_user(platform, Role.RADIOLOGIST, Role.ADMINISTRATOR)
    store_data_set(platform, a_rejection_note(RejectionTitle.QUALITY.value, first))
    study_uid = str(first.StudyInstanceUID)
    series_metadata(platform, subject, study_uid=study_uid, bulk_data_root=ROOT)
    assert blocks(platform) == 1, "the series of which an image is rejected was kept as this subject alone sees it"
    cache_study_metadata(platform, study_uid)
    assert blocks(platform) == 2
    with platform.database.transaction(platform.tenant) as tx:
        tx.execute(text("update series_metadata set block = :block"), {"block": ZstdCompressor().compress(b'["kept"]')})

    def told(image: Dataset) -> list[Any]:
        series_uid = str(image.SeriesInstanceUID)
        found = series_metadata(platform, subject, study_uid=study_uid, series_uid=series_uid, bulk_data_root=ROOT)
        models: list[Any] = json.loads(found)
        return models

    assert told(apart) == ["kept"]
    assert {model["00080018"]["Value"][0] for model in told(first)} == {first.SOPInstanceUID, other.SOPInstanceUID}


def test_unknown_study_has_no_metadata(platform: Platform) -> None:
    with pytest.raises(NotFound):
        metadata(platform, "1.2.3")


def test_attributes_are_those_of_the_object(platform: Platform) -> None:
    image = a_dx_image()
    store_data_set(platform, image)
    with platform.database.read(platform.tenant) as tx:
        instance = list_instances(tx, image.StudyInstanceUID)[0]
    attributes = read_attributes(platform, instance)
    del image.PixelData
    assert attributes == image
