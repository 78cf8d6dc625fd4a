"""A recompressed object through the door: smaller where stored bytes are asked for, and otherwise as if nothing had happened."""

from __future__ import annotations

import httpx
import pytest

from negatoscope.archive.recompression.model import Codec, Result
from negatoscope.archive.recompression.rewriting import recompress
from negatoscope.archive.study_store import find_instance
from negatoscope.formats.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, JPEG_LS_LOSSLESS
from tests.builders.archive import store_data_set
from tests.builders.dicom import a_ct_slice, part10_bytes
from tests.contract.dicomweb.conftest import Door
from tests.contract.dicomweb.test_wado import path_of


@pytest.mark.parametrize("syntax", [EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN])
def test_all_but_the_stored_bytes_stays_as_it_was(door: Door, client: httpx.Client, syntax: str) -> None:
    image = a_ct_slice(rows=64, columns=64, WindowCenter="40", WindowWidth="400")
    store_data_set(door.platform, image, syntax)
    path = path_of(image)

    def get(resource: str, accept: str) -> httpx.Response:
        response = client.get(path + resource, headers={"Accept": accept})
        assert response.status_code == 200, response.text
        return response

    same = (
        ("", f"application/dicom; transfer-syntax={syntax}"),
        ("/frames/1", "application/octet-stream"),
        ("/rendered", "image/png"),
        ("/rendered?viewport=20,20", "image/png"),
    )
    before = {question: get(*question).content for question in same}
    metadata = get("/metadata", "application/dicom+json")
    with door.platform.database.read(door.platform.tenant) as tx:
        instance = find_instance(tx, str(image.SOPInstanceUID))
    assert instance is not None
    result = recompress(door.platform, instance, Codec.JPEG_LS.transfer_syntax_uid, trace=lambda *_: None)
    assert result is Result.RECOMPRESSED

    assert {question: get(*question).content for question in same} == before
    stored = get("/frames/1", "application/octet-stream; transfer-syntax=*")
    assert JPEG_LS_LOSSLESS in stored.headers["content-type"]
    assert len(stored.content) < len(before[same[1]])
    renewed = get("/metadata", "application/dicom+json")
    assert renewed.headers["etag"] != metadata.headers["etag"]
    (old,), (new,) = metadata.json(), renewed.json()
    assert new["00083002"]["Value"] == [JPEG_LS_LOSSLESS]
    assert {tag for tag in old if old[tag] != new[tag]} == {"00083002", "7FE00010"}


def test_sender_who_sends_again_is_told_success(door: Door, client: httpx.Client) -> None:
    image = a_ct_slice(rows=64, columns=64)
    file, headers = part10_bytes(image), {"Content-Type": "application/dicom"}
    assert client.post("/studies", content=file, headers=headers).status_code == 200
    with door.platform.database.read(door.platform.tenant) as tx:
        instance = find_instance(tx, str(image.SOPInstanceUID))
    assert instance is not None
    recompress(door.platform, instance, Codec.HTJ2K.transfer_syntax_uid, trace=lambda *_: None)
    assert client.post("/studies", content=file, headers=headers).status_code == 200
    image.SeriesDescription = "autre"
    assert client.post("/studies", content=part10_bytes(image), headers=headers).status_code == 409
