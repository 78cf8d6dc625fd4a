"""A client that others wrote, in its default calls."""

from __future__ import annotations

import inspect
import io
from collections.abc import Iterator

import numpy as np
import pydicom
import pytest
from dicomweb_client.api import DICOMwebClient
from PIL import Image
from pydicom.dataset import Dataset
from requests import HTTPError

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


CALLED = {
    "delete_instance", "delete_series", "delete_study", "iter_bulkdata", "iter_instance_frames", "iter_series", "iter_study",
    "lookup_keyword", "lookup_tag", "retrieve_bulkdata", "retrieve_instance", "retrieve_instance_frames",
    "retrieve_instance_frames_rendered", "retrieve_instance_metadata", "retrieve_instance_rendered", "retrieve_series",
    "retrieve_series_metadata", "retrieve_series_rendered", "retrieve_study", "retrieve_study_metadata",
    "search_for_instances", "search_for_series", "search_for_studies", "set_chunk_size", "set_http_retry_params",
    "store_instances",
}  # fmt: skip
"""What the tests of this file call, or look at: the last two and the lookups change the client alone."""


def test_no_call_of_the_client_is_left_out() -> None:
    public = {name for name, _ in inspect.getmembers(DICOMwebClient, inspect.isfunction) if not name.startswith("_")}
    assert public == CALLED


def test_iterators_give_the_same_as_whole_answers(door: Door, pacs: DICOMwebClient) -> None:
    image = a_dx_image()
    store_bytes(door.platform, part10_bytes(image))
    uids = (image.StudyInstanceUID, image.SeriesInstanceUID, image.SOPInstanceUID)
    pacs.set_chunk_size(1 << 14)
    assert [one.PixelData for one in pacs.iter_study(uids[0])] == [image.PixelData]
    assert [one.PixelData for one in pacs.iter_series(*uids[:2])] == [image.PixelData]
    assert list(pacs.iter_instance_frames(*uids, frame_numbers=[1])) == [image.PixelData]
    uri = pacs.retrieve_instance_metadata(*uids)["7FE00010"]["BulkDataURI"]
    assert list(pacs.iter_bulkdata(uri)) == [image.PixelData]
    # The client asks for a range of a multipart answer, which has none: the whole value is allowed (RFC 9110 14.2).
    assert pacs.retrieve_bulkdata(uri, byte_range=(2, 9)) == [image.PixelData]


def test_searches_take_fields_filters_and_pages(door: Door, pacs: DICOMwebClient) -> None:
    image = a_dx_image()
    store_bytes(door.platform, part10_bytes(image))
    wanted = {"PatientID": image.PatientID, "StudyDate": "20260101-20260131"}
    (study,) = pacs.search_for_studies(False, limit=5, offset=0, fields=["SOPClassesInStudy"], search_filters=wanted)
    assert study["00080062"]["Value"] == [image.SOPClassUID]
    (series,) = pacs.search_for_series(search_filters={"PatientID": image.PatientID, "Modality": "DX"}, fields=["ProtocolName"])
    assert "00181030" in series
    filters = {"00400275.00400009": "SPS1", "SOPClassUID": image.SOPClassUID}
    (instance,) = pacs.search_for_instances(search_filters=filters, fields=["AvailableTransferSyntaxUID"])
    assert instance["00083002"]["Value"] == ["1.2.840.10008.1.2.1"]
    assert pacs.search_for_instances(search_filters=filters, offset=1) == []


@pytest.mark.parametrize("media_types", [None, ("image/jpeg",), ("image/png",), ("image/gif",), ("image/jp2",)])
def test_rendered_series_of_one_image(door: Door, pacs: DICOMwebClient, media_types: tuple[str, ...] | None) -> None:
    image = a_dx_image()
    store_bytes(door.platform, part10_bytes(image))
    uids = (image.StudyInstanceUID, image.SeriesInstanceUID, image.SOPInstanceUID)
    for content in (
        pacs.retrieve_series_rendered(*uids[:2], media_types=media_types),
        pacs.retrieve_instance_rendered(*uids, media_types=media_types, params={"viewport": "48,64"}),
    ):
        assert Image.open(io.BytesIO(content)).size == (48, 64)


def test_nothing_is_deleted_over_the_web(door: Door, pacs: DICOMwebClient) -> None:
    image = a_dx_image()
    store_bytes(door.platform, part10_bytes(image))
    uids = (image.StudyInstanceUID, image.SeriesInstanceUID, image.SOPInstanceUID)
    with pytest.raises(HTTPError, match="405"):
        pacs.delete_study(uids[0])
    with pytest.raises(HTTPError, match="405"):
        pacs.delete_series(*uids[:2])
    with pytest.raises(HTTPError, match="405"):
        pacs.delete_instance(*uids)
    assert len(pacs.search_for_instances()) == 1
