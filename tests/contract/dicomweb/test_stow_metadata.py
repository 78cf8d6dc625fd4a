"""STOW-RS of metadata and bulk data, and what hostile requests get."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import numpy as np
import pytest
from pydicom.dataset import Dataset
from sqlalchemy import text

from negatoscope.access.model import Role
from negatoscope.archive.open import read_pixels
from negatoscope.archive.study_store import find_instance
from negatoscope.doors.dicomweb.stow_answer import CANNOT_UNDERSTAND
from negatoscope.doors.dicomweb.stow_metadata import MOST_SIGNS
from negatoscope.formats.dicom.pixels import encode_frame
from negatoscope.formats.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, JPEG_LS_LOSSLESS
from tests.builders.dicom import a_dx_image, describe_pixels, part10_bytes
from tests.contract.dicomweb.conftest import Door

TYPE_JSON = 'multipart/related; type="application/dicom+json"; boundary=b'
Part = tuple[str, str, bytes]


def body_of(models: object, parts: Sequence[Part]) -> bytes:
    pieces = [("application/dicom+json", "", json.dumps(models).encode()), *parts]
    body = b""
    for media_type, location, content in pieces:
        address = f"Content-Location: {location}\r\n" if location and not location.startswith("<") else ""
        address = f"Content-ID: {location}\r\n" if location.startswith("<") else address
        body += f"--b\r\nContent-Type: {media_type}\r\n{address}\r\n".encode() + content + b"\r\n"
    return body + b"--b--\r\n"


def model_of(image: Dataset, uri: str | None) -> dict[str, Any]:
    without = Dataset({tag: element for tag, element in image.items() if tag != 0x7FE00010})
    model: dict[str, Any] = without.to_json_dict()
    if uri is not None:
        model["7FE00010"] = {"vr": "OW", "BulkDataURI": uri}
    return model


@pytest.fixture
def send(client: httpx.Client) -> Callable[..., httpx.Response]:
    def post(models: object, *parts: Part) -> httpx.Response:
        return client.post("/studies", content=body_of(models, parts), headers={"Content-Type": TYPE_JSON})

    return post


Send = Callable[..., httpx.Response]


def stored(door: Door, image: Dataset) -> Any:
    with door.platform.database.read(door.platform.tenant) as tx:
        return find_instance(tx, str(image.SOPInstanceUID))


@pytest.mark.parametrize("location", ["bulk/1", "https://sender.example/pixels", "<pixels@sender>"])
def test_object_is_made_of_metadata_and_its_part(door: Door, send: Send, location: str) -> None:
    image = a_dx_image()
    uri = f"cid:{location[1:-1]}" if location.startswith("<") else location
    response = send([model_of(image, uri)], ("application/octet-stream", location, image.PixelData))
    assert response.status_code == 200, response.text
    instance = stored(door, image)
    assert instance.transfer_syntax_uid == EXPLICIT_VR_LITTLE_ENDIAN
    np.testing.assert_array_equal(read_pixels(door.platform, instance).tobytes(), image.PixelData)
    assert len(list(door.platform.blobs.list_keys())) == 1


def test_compressed_frames_are_taken_as_they_are(door: Door, send: Send) -> None:
    image = a_dx_image()
    frame = np.frombuffer(image.PixelData, np.uint16).reshape(image.Rows, image.Columns)
    encoded = encode_frame(frame, describe_pixels(image), JPEG_LS_LOSSLESS)
    image.NumberOfFrames = 2
    response = send([model_of(image, "p")], ("image/jls", "p", encoded), ("image/jls", "p", encoded))
    assert response.status_code == 200, response.text
    instance = stored(door, image)
    assert (instance.transfer_syntax_uid, instance.frames) == (JPEG_LS_LOSSLESS, 2)
    np.testing.assert_array_equal(read_pixels(door.platform, instance, 2), frame)


def test_other_long_values_and_nested_ones_come_by_reference(door: Door, send: Send) -> None:
    image = a_dx_image()
    model = model_of(image, "p")
    model["00420011"] = {"vr": "OB", "BulkDataURI": "d"}
    model["00400555"] = {"vr": "SQ", "Value": [{"0040A160": {"vr": "UT", "BulkDataURI": "t"}}]}
    parts = [("p", image.PixelData), ("d", b"%PDF-1.7"), ("t", "fêlure".encode())]
    assert send([model], *(("application/octet-stream", *part) for part in parts)).status_code == 200
    with door.platform.blobs.open(stored(door, image).blob) as reader:
        file = reader.read(0, reader.size)
    assert b"%PDF-1.7" in file
    assert "fêlure".encode() in file


def test_one_part_named_many_times_stands_for_no_more_than_is_taken(door: Door, send: Send) -> None:
    image = a_dx_image()
    model = model_of(image, "p")
    items = [{"00420011": {"vr": "OB", "BulkDataURI": "d"}} for _ in range(40)]
    model["00400555"] = {"vr": "SQ", "Value": items}
    parts = [("p", image.PixelData), ("d", bytes(1 << 20))]
    assert send([model], *(("application/octet-stream", *part) for part in parts)).status_code == 409
    assert stored(door, image) is None


def test_many_small_values_are_refused_before_they_are_read(send: Send) -> None:
    assert send([{"00080018": {"vr": "UI", "Value": [1] * MOST_SIGNS}}]).status_code == 400


@pytest.mark.parametrize("place", ["00080018", "00080060", "7FE00010"])
def test_a_value_nested_too_deeply_fails_its_object_alone(door: Door, send: Send, place: str) -> None:
    image, hostile = a_dx_image(), model_of(a_dx_image(), None)
    deep: list[Any] = []
    for _ in range(600):
        deep = [deep]
    hostile[place] = {"vr": deep, "BulkDataURI": deep} if place == "7FE00010" else {"vr": "CS", "Value": [deep]}
    response = send([hostile, model_of(image, "p")], ("application/octet-stream", "p", image.PixelData))
    assert response.status_code == 202
    failed = response.json()
    assert [item["00081197"]["Value"] for tag in ("00081198", "0008119A") for item in failed.get(tag, {}).get("Value", [])] == [
        [CANNOT_UNDERSTAND]
    ]
    assert stored(door, image) is not None


def test_who_may_not_store_leaves_no_part_behind(door: Door) -> None:
    image = a_dx_image()
    body = body_of([model_of(image, "p")], [("application/octet-stream", "p", image.PixelData)])
    with door.client(Role.PATIENT) as client:
        assert client.post("/studies", content=body, headers={"Content-Type": TYPE_JSON}).status_code == 404
    assert list(door.platform.blobs.list_keys()) == []


def test_some_of_several_objects_are_202_and_none_409(door: Door, send: Send) -> None:
    good, bad = a_dx_image(), a_dx_image()
    response = send([model_of(good, "p"), model_of(bad, "q")], ("application/octet-stream", "p", good.PixelData))
    assert response.status_code == 202
    assert response.json()["00081198"]["Value"][0]["00081155"]["Value"] == [bad.SOPInstanceUID]
    assert send([model_of(bad, "q")]).status_code == 409


@pytest.mark.parametrize("models", ["", {}, [], [1], "[", [{"00080016": 1}]])
def test_metadata_that_are_none_are_refused(send: Send, models: object) -> None:
    assert send(models).status_code in {400, 409}


@pytest.mark.parametrize("size", [10, 11_000])
def test_pixels_that_are_not_as_many_as_described_are_not_shown(door: Door, send: Send, size: int) -> None:
    image = a_dx_image()
    assert send([model_of(image, "p")], ("application/octet-stream", "p", bytes(size))).status_code == 409
    assert stored(door, image) is None


@pytest.mark.parametrize(
    "uri",
    [
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "http://localhost:5432",
        "cid:elsewhere",
        "../p",
        "",
        "P",
    ],
)
def test_attack_42_bulk_data_uris_lead_nowhere_but_to_parts(door: Door, send: Send, uri: str) -> None:
    image = a_dx_image()
    response = send([model_of(image, uri)], ("application/octet-stream", "p", image.PixelData))
    assert response.status_code == 409
    nested = model_of(image, "p")
    nested["00400555"] = {"vr": "SQ", "Value": [{"00420011": {"vr": "OB", "BulkDataURI": uri}}]}
    assert send([nested], ("application/octet-stream", "p", image.PixelData)).status_code == 409
    assert stored(door, image) is None
    assert list(door.platform.blobs.list_keys()) == []


@pytest.mark.parametrize("media_type", ["application/dicom+xml", "application/xml", "text/xml"])
def test_attack_40_xml_is_not_read_at_all(client: httpx.Client, media_type: str) -> None:
    entity = (
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><NativeDicomModel>&e;</NativeDicomModel>'
    )
    body = f"--b\r\nContent-Type: {media_type}\r\n\r\n".encode() + entity + b"\r\n--b--\r\n"
    headers = {"Content-Type": f'multipart/related; type="{media_type}"; boundary=b'}
    assert client.post("/studies", content=body, headers=headers).status_code == 415
    assert client.post("/studies", content=entity, headers={"Content-Type": media_type}).status_code == 415


def _many_parts() -> bytes:
    return b"--b\r\n\r\n\r\n" * 100_001 + b"--b--\r\n"


@pytest.mark.parametrize(
    ("content_type", "headers", "body", "status"),
    [
        ("multipart/related; type=application/dicom; boundary=b", {}, _many_parts(), 400),
        ("multipart/related; type=application/dicom", {}, b"--b\r\n\r\nx\r\n--b--", 400),
        ("multipart/related; type=application/dicom; boundary=" + "b" * 10_000, {}, b"x", 400),
        ("multipart/related; type=application/dicom; boundary=b", {}, b"--b\r\nX: " + b"y" * (1 << 20) + b"\r\n\r\n", 400),
        ("application/dicom", {"Content-Encoding": "gzip"}, zlib.compress(bytes(1 << 24), wbits=31), 415),
        ('multipart/related; type="application/dicom+json"; boundary=b', {},
         b"--b\r\nContent-Type: application/dicom+json\r\n\r\n" + b"[" * (33 << 20) + b"\r\n--b--", 400),
        ('multipart/related; type="application/dicom+json"; boundary=b', {},
         b"--b\r\nContent-Type: application/dicom+json\r\n\r\n" + b'[{"00400555":{"vr":"SQ","Value":' * 300 + b"\r\n--b--", 400),
    ],
    ids=["many parts", "no boundary", "long boundary", "long header", "gzip", "long metadata", "deep metadata"],
)  # fmt: skip
def test_attack_44_hostile_bodies_are_refused_and_leave_nothing(
    door: Door, client: httpx.Client, content_type: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    response = client.post("/studies", content=body, headers={"Content-Type": content_type, **headers})
    assert response.status_code == status
    assert list(door.platform.blobs.list_keys()) == []
    file = part10_bytes(a_dx_image())
    assert client.post("/studies", content=file, headers={"Content-Type": "application/dicom"}).status_code == 200
    with door.platform.database.read(door.platform.tenant) as tx:
        assert tx.execute(text("select count(*) from instances")).scalar_one() == 1
