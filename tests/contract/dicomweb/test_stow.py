"""STOW-RS over real sockets: each object stored or named, and the status says which."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import httpx
import pytest

from negatoscope.access.model import Role
from negatoscope.archive.study_store import list_instances, list_quarantine
from negatoscope.formats.dicom.transfer_syntaxes import HTJ2K_LOSSLESS, JPEG_LS_LOSSLESS
from tests.builders.archive import store_data_set
from tests.builders.dicom import a_dx_image, a_file, part10_bytes
from tests.contract.dicomweb.conftest import TYPE_DICOM, Door

Post = Callable[..., httpx.Response]


def test_stored_objects_are_referenced(door: Door, post: Post) -> None:
    images = [a_dx_image(), a_dx_image()]
    response = post(part10_bytes(images[0]), a_file(images[1], JPEG_LS_LOSSLESS))
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/dicom+json"
    answer = response.json()
    referenced = [item["00081155"]["Value"][0] for item in answer["00081199"]["Value"]]
    assert referenced == [image.SOPInstanceUID for image in images]
    url = answer["00081199"]["Value"][0]["00081190"]["Value"][0]
    assert url.startswith(f"{door.root}/studies/{images[0].StudyInstanceUID}/series/")


def test_same_again_is_success(post: Post) -> None:
    file = part10_bytes(a_dx_image())
    assert [post(file).status_code for _ in range(2)] == [200, 200]


def test_part_of_the_objects_failed(door: Door, post: Post) -> None:
    good, bad = a_dx_image(), a_dx_image()
    response = post(part10_bytes(good), part10_bytes(bad)[:-50], b"no dicom")
    assert response.status_code == 202
    answer = response.json()
    assert [item["00081155"]["Value"][0] for item in answer["00081198"]["Value"]] == [bad.SOPInstanceUID]
    assert answer["00081198"]["Value"][0]["00081197"]["Value"] == [0xC000]
    assert len(answer["0008119A"]["Value"]) == 1
    with door.platform.database.read(door.platform.tenant) as tx:
        assert len(list_quarantine(tx)) == 2


def test_nothing_stored_is_a_conflict(post: Post) -> None:
    image = a_dx_image()
    post(part10_bytes(image))
    image.InstanceNumber = 7
    response = post(part10_bytes(image))
    assert response.status_code == 409
    assert response.json()["00081198"]["Value"][0]["00081197"]["Value"] == [0x0111]


def test_path_with_a_study_takes_that_study_alone(door: Door, post: Post) -> None:
    wanted, other = a_dx_image(), a_dx_image()
    response = post(part10_bytes(wanted), part10_bytes(other), path=f"/studies/{wanted.StudyInstanceUID}")
    assert response.status_code == 202
    assert response.json()["00081198"]["Value"][0]["00081155"]["Value"] == [other.SOPInstanceUID]
    with door.platform.database.read(door.platform.tenant) as tx:
        assert list_instances(tx, other.StudyInstanceUID) == []
        assert list_quarantine(tx) == []


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 415),
        ("multipart/form-data; boundary=b", 415),
        ('multipart/related; type="application/dicom+xml"; boundary=b', 415),
        ('multipart/related; type="application/dicom"', 400),
        ('multipart/related; type="application/dicom"; boundary=' + "b" * 71, 400),
        ('multipart/related; type="application/dicom"; boundary=other', 400),
    ],
)
def test_body_of_another_form_is_refused(client: httpx.Client, content_type: str, status: int) -> None:
    body = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + part10_bytes(a_dx_image()) + b"\r\n--b--\r\n"
    response = client.post("/studies", content=body, headers={"Content-Type": content_type})
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("boundary", ["b", "a boundary=with;signs", "'()+_,-./:=?"])
def test_boundary_may_be_quoted(client: httpx.Client, boundary: str) -> None:
    file = part10_bytes(a_dx_image())
    body = b"preamble\r\n--" + boundary.encode() + b"\r\n\r\n" + file + b"\r\n--" + boundary.encode() + b"--\r\nepilogue"
    content_type = f'{TYPE_DICOM}; boundary="{boundary}"'
    assert client.post("/studies", content=body, headers={"Content-Type": content_type}).status_code == 200


def test_type_without_quotation_marks_is_understood(client: httpx.Client) -> None:
    body = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + part10_bytes(a_dx_image()) + b"\r\n--b--\r\n"
    headers = {"Content-Type": "multipart/related; type=application/dicom; boundary=b"}
    assert client.post("/studies", content=body, headers=headers).status_code == 200


@pytest.mark.parametrize("body", [b"", b"--b--\r\n", b"--b\r\n", b"--b\r\nContent-Type: application/dicom\r\n\r\nabc"])
def test_body_without_a_whole_object_is_malformed(client: httpx.Client, body: bytes) -> None:
    response = client.post("/studies", content=body, headers={"Content-Type": f"{TYPE_DICOM}; boundary=b"})
    assert response.status_code == 400


def test_body_arrives_in_pieces_of_any_size(client: httpx.Client) -> None:
    image = a_dx_image(rows=700, columns=900)
    body = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + a_file(image, HTJ2K_LOSSLESS) + b"\r\n--b--\r\n"

    def pieces() -> Iterator[bytes]:
        for offset in range(0, len(body), 977):
            yield body[offset : offset + 977]

    response = client.post("/studies", content=pieces(), headers={"Content-Type": f"{TYPE_DICOM}; boundary=b"})
    assert response.status_code == 200


def test_broken_connection_leaves_nothing(door: Door) -> None:
    file = part10_bytes(a_dx_image(rows=2000, columns=2000))
    stop = threading.Event()

    def pieces() -> Iterator[bytes]:
        yield b"--b\r\nContent-Type: application/dicom\r\n\r\n" + file[: len(file) // 2]
        stop.set()
        raise ConnectionAbortedError

    with door.client(Role.RADIOLOGIST) as client, pytest.raises(ConnectionAbortedError):
        client.post("/studies", content=pieces(), headers={"Content-Type": f"{TYPE_DICOM}; boundary=b"})
    with door.client(Role.RADIOLOGIST) as client:
        assert client.get("/studies").status_code == 204
    with door.platform.database.read(door.platform.tenant) as tx:
        assert list_quarantine(tx) == []
    assert list(door.platform.blobs.list_keys()) == []


def test_who_is_nobody_or_may_not_stores_nothing(door: Door) -> None:
    body = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + part10_bytes(a_dx_image()) + b"\r\n--b--\r\n"
    headers = {"Content-Type": f"{TYPE_DICOM}; boundary=b"}
    assert httpx.post(f"{door.root}/studies", content=body, headers=headers).status_code == 401
    with door.client(Role.AUDITOR) as client:
        assert client.post("/studies", content=body, headers=headers).status_code == 403
    assert list(door.platform.blobs.list_keys()) == []


def test_single_object_needs_no_multipart(client: httpx.Client) -> None:
    headers = {"Content-Type": "application/dicom"}
    assert client.post("/studies", content=part10_bytes(a_dx_image()), headers=headers).status_code == 200


def test_compressed_body_is_not_inflated(client: httpx.Client) -> None:
    headers = {"Content-Type": f"{TYPE_DICOM}; boundary=b", "Content-Encoding": "gzip"}
    assert client.post("/studies", content=b"\x1f\x8b", headers=headers).status_code == 415


def test_stow_and_association_meet_in_one_object(door: Door, post: Post) -> None:
    image = a_dx_image()
    store_data_set(door.platform, image)
    assert post(part10_bytes(image)).status_code == 200
    assert len(list(door.platform.blobs.list_keys())) == 1
