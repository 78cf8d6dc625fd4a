"""A client that others wrote, in its default calls."""

from __future__ import annotations

import io
from collections.abc import Iterator

import numpy as np
import pydicom
import pytest
from dicomweb_client.api import DICOMwebClient
from PIL import Image
from pydicom.dataset import Dataset

from negatoscope.access.model import Role
from negatoscope.formats.dicom.transfer_syntaxes import JPEG_LS_LOSSLESS
from tests.builders.archive import store_bytes
from tests.builders.dicom import a_ct_slice, a_dx_image, a_file, part10_bytes
from tests.contract.dicomweb.conftest import Door


@pytest.fixture
def pacs(door: Door) -> Iterator[DICOMwebClient]:
    headers = {"Authorization": f"Bearer {door.token(Role.RADIOLOGIST)}"}
    client = DICOMwebClient(url=door.root, headers=headers)
    yield client
    client._session.close()


def test_store_search_and_retrieve(pacs: DICOMwebClient) -> None:
    sent = [pydicom.dcmread(io.BytesIO(part10_bytes(image))) for image in (a_dx_image(), a_ct_slice())]
    answer = pacs.store_instances(sent)
    assert len(answer.ReferencedSOPSequence) == 2
    assert "FailedSOPSequence" not in answer
    assert pacs.search_for_studies(search_filters={"PatientID": "nobody"}) == []
    studies = pacs.search_for_studies(search_filters={"PatientName": "eluard*"}, limit=10)
    assert {Dataset.from_json(study).StudyInstanceUID for study in studies} == {image.StudyInstanceUID for image in sent}
    assert len(pacs.search_for_series()) == 2
    assert len(pacs.search_for_series(sent[0].StudyInstanceUID)) == 1
    assert len(pacs.search_for_instances()) == 2
    assert len(pacs.search_for_instances(sent[0].StudyInstanceUID, sent[0].SeriesInstanceUID)) == 1
    for image in sent:
        uids = (image.StudyInstanceUID, image.SeriesInstanceUID, image.SOPInstanceUID)
        whole = [pacs.retrieve_study(uids[0]), pacs.retrieve_series(*uids[:2]), [pacs.retrieve_instance(*uids)]]
        assert [found.PixelData for (found,) in whole] == [image.PixelData] * 3


@pytest.mark.parametrize("syntax", [None, JPEG_LS_LOSSLESS])
def test_metadata_frames_and_pictures(door: Door, pacs: DICOMwebClient, syntax: str | None) -> None:
    image = a_dx_image()
    store_bytes(door.platform, a_file(image, syntax) if syntax else part10_bytes(image))
    uids = (image.StudyInstanceUID, image.SeriesInstanceUID, image.SOPInstanceUID)
    metadata = [pacs.retrieve_study_metadata(uids[0]), pacs.retrieve_series_metadata(*uids[:2])]
    assert metadata[0] == metadata[1] == [pacs.retrieve_instance_metadata(*uids)]
    assert Dataset.from_json(metadata[0][0], lambda *_: b"").PatientName == image.PatientName
    assert pacs.retrieve_instance_frames(*uids, frame_numbers=[1]) == [image.PixelData]
    octets = (("application/octet-stream", "*"),)
    stored = pacs.retrieve_instance_frames(*uids, frame_numbers=[1], media_types=octets)
    assert (stored == [image.PixelData]) is (syntax is None)
    picture = Image.open(io.BytesIO(pacs.retrieve_instance_rendered(*uids)))
    assert picture.size == (48, 64)
    thumbnail = pacs.retrieve_instance_frames_rendered(*uids, frame_numbers=[1], media_types=("image/png",))
    assert np.asarray(Image.open(io.BytesIO(thumbnail))).shape == (64, 48)
    uri = metadata[0][0]["7FE00010"]["BulkDataURI"]
    assert pacs.retrieve_bulkdata(uri) == stored


def test_paging_gathers_all(door: Door, pacs: DICOMwebClient) -> None:
    for _ in range(3):
        store_bytes(door.platform, part10_bytes(a_dx_image()))
    assert len(pacs.search_for_studies(limit=1, get_remaining=True)) == 3
