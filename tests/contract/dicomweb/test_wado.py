"""WADO-RS: objects, metadata, frames, bulk data and pictures in each form that can be asked for."""

from __future__ import annotations

import io
from email.message import Message

import httpx
import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import Dataset
from sqlalchemy import text

from negatoscope.access.model import Role
from negatoscope.archive.corrections.marks import mark_corrected
from negatoscope.archive.study_store import find_instance
from negatoscope.formats.dicom.pixels import LOSSLESS_TARGETS, decode_frame
from negatoscope.formats.dicom.transfer_syntaxes import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    HTJ2K_LOSSLESS,
    IMPLICIT_VR_LITTLE_ENDIAN,
    JPEG_2000_LOSSLESS,
    JPEG_LOSSLESS_SV1,
    JPEG_LS_LOSSLESS,
    RLE_LOSSLESS,
)
from negatoscope.platform.blobs.local import LocalBlobStore
from tests.builders.archive import store_bytes, store_data_set
from tests.builders.dicom import a_ct_slice, a_dx_image, a_file, describe_pixels, encoded_as
from tests.contract.dicomweb.conftest import TYPE_DICOM, Door

OCTETS = 'multipart/related; type="application/octet-stream"'


def parts(response: httpx.Response, status: int = 200) -> list[tuple[str, bytes]]:
    """Split a multipart answer into the media type and the bytes of each part."""
    assert response.status_code == status, response.text[:300]
    message = Message()
    message["Content-Type"] = response.headers["content-type"]
    boundary = f"--{message.get_boundary()}".encode()
    preamble, *pieces, end = response.content.split(boundary)
    assert (preamble, end) == (b"", b"--\r\n")
    found = []
    for piece in pieces:
        head, _, body = piece.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().strip().split("\r\n"))
        found.append((headers["Content-Type"], body.removesuffix(b"\r\n")))
    return found


def path_of(image: Dataset) -> str:
    return f"/studies/{image.StudyInstanceUID}/series/{image.SeriesInstanceUID}/instances/{image.SOPInstanceUID}"


@pytest.fixture
def image(door: Door) -> Dataset:
    image = a_dx_image()
    store_data_set(door.platform, image)
    return image


@pytest.fixture
def compressed(door: Door) -> Dataset:
    image = a_dx_image()
    store_bytes(door.platform, a_file(image, JPEG_LS_LOSSLESS))
    return image


def read(file: bytes) -> pydicom.FileDataset:
    return pydicom.dcmread(io.BytesIO(file))


@pytest.mark.parametrize("level", ["study", "series", "instance"])
def test_objects_come_as_they_are_stored(client: httpx.Client, image: Dataset, level: str) -> None:
    path = {"study": path_of(image).partition("/series")[0], "series": path_of(image).partition("/instances")[0]}
    response = client.get(path.get(level, path_of(image)), headers={"Accept": f"{TYPE_DICOM}; transfer-syntax=*"})
    ((content_type, file),) = parts(response)
    assert content_type == f"application/dicom; transfer-syntax={EXPLICIT_VR_LITTLE_ENDIAN}"
    assert read(file).PixelData == image.PixelData
    assert int(response.headers["content-length"]) == len(response.content)


def test_object_is_transcoded_to_the_default_syntax(client: httpx.Client, compressed: Dataset) -> None:
    ((content_type, file),) = parts(client.get(path_of(compressed), headers={"Accept": TYPE_DICOM}))
    assert content_type.endswith(EXPLICIT_VR_LITTLE_ENDIAN)
    assert read(file).PixelData == compressed.PixelData


@pytest.mark.parametrize(
    "accept",
    [
        'multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.80',
        "multipart/related; type=application/dicom; transfer-syntax=1.2.840.10008.1.2.4.80",
        'multipart/related;type="application/dicom";transfer-syntax="1.2.840.10008.1.2.4.80"',
        'multipart/related; type="application/dicom"; transfer-syntax=*',
        "application/dicom+xml, multipart/related; type=application/dicom; transfer-syntax=*; q=0.3",
    ],
)
def test_stored_syntax_is_asked_for_quoted_or_not(client: httpx.Client, compressed: Dataset, accept: str) -> None:
    ((content_type, file),) = parts(client.get(path_of(compressed), headers={"Accept": accept}))
    assert content_type.endswith(JPEG_LS_LOSSLESS)
    assert read(file).file_meta.TransferSyntaxUID == JPEG_LS_LOSSLESS


@pytest.mark.parametrize("syntax", [IMPLICIT_VR_LITTLE_ENDIAN, *LOSSLESS_TARGETS])
def test_object_in_any_syntax_that_we_write(client: httpx.Client, image: Dataset, syntax: str) -> None:
    ((_, file),) = parts(client.get(path_of(image), headers={"Accept": f"{TYPE_DICOM}; transfer-syntax={syntax}"}))
    transcoded = read(file)
    assert transcoded.file_meta.TransferSyntaxUID == syntax
    encoded = pydicom.encaps.get_frame(transcoded.PixelData, 0) if "4." in syntax or syntax == RLE_LOSSLESS else None
    cells = decode_frame(encoded or transcoded.PixelData, describe_pixels(image), syntax)
    assert cells.tobytes() == image.PixelData


@pytest.mark.parametrize("accept", ["image/jpeg", f"{TYPE_DICOM}; transfer-syntax=1.2.840.10008.1.2.4.50", "text/html"])
def test_object_in_a_form_that_we_cannot_make(client: httpx.Client, image: Dataset, accept: str) -> None:
    assert client.get(path_of(image), headers={"Accept": accept}).status_code == 406


def test_single_object_by_range_and_tag(client: httpx.Client, image: Dataset) -> None:
    accept = {"Accept": "application/dicom; transfer-syntax=*"}
    whole = client.get(path_of(image), headers=accept)
    assert read(whole.content).PixelData == image.PixelData
    etag, size = whole.headers["etag"], len(whole.content)
    for wanted, expected in [
        ("bytes=0-9", whole.content[:10]),
        ("bytes=-7", whole.content[-7:]),
        (f"bytes={size - 3}-", whole.content[-3:]),
    ]:
        answer = client.get(path_of(image), headers=accept | {"Range": wanted, "If-Range": etag})
        assert (answer.status_code, answer.content) == (206, expected)
        assert answer.headers["content-range"].endswith(f"/{size}")
    assert client.get(path_of(image), headers=accept | {"Range": f"bytes={size}-"}).status_code == 416
    other = client.get(path_of(image), headers=accept | {"Range": "bytes=0-1", "If-Range": '"other"'})
    assert len(other.content) == size
    assert client.get(path_of(image), headers=accept | {"If-None-Match": etag}).status_code == 304


def test_metadata_at_each_level(client: httpx.Client, image: Dataset, door: Door) -> None:
    for path in (path_of(image), path_of(image).partition("/instances")[0], path_of(image).partition("/series")[0]):
        response = client.get(f"{path}/metadata", headers={"Accept": "application/dicom+json"})
        assert response.headers["content-type"] == "application/dicom+json"
        model = response.json()[0]
        assert model["00080018"]["Value"] == [image.SOPInstanceUID]
        assert model["7FE00010"]["BulkDataURI"] == f"{door.root}{path_of(image)}/bulkdata/7FE00010"
    assert client.get(f"{path_of(image)}/metadata", headers={"Accept": "application/dicom+xml"}).status_code == 406


def test_bulk_data_uri_gives_the_pixels(client: httpx.Client, image: Dataset) -> None:
    uri = client.get(f"{path_of(image)}/metadata").json()[0]["7FE00010"]["BulkDataURI"]
    assert client.get(uri, headers={"Accept": "application/octet-stream"}).content == image.PixelData
    assert parts(client.get(uri, headers={"Accept": OCTETS}))[0][1] == image.PixelData


def test_bulk_data_of_compressed_pixels_are_its_frames(client: httpx.Client, compressed: Dataset) -> None:
    ((content_type, frame),) = parts(client.get(f"{path_of(compressed)}/bulkdata/7FE00010"))
    assert content_type.endswith(JPEG_LS_LOSSLESS)
    assert decode_frame(frame, describe_pixels(compressed), JPEG_LS_LOSSLESS).tobytes() == compressed.PixelData


@pytest.mark.parametrize("path", ["00990010", "../../x", "7FE00010/1"])
def test_bulk_data_that_we_never_named(client: httpx.Client, image: Dataset, path: str) -> None:
    assert client.get(f"{path_of(image)}/bulkdata/{path}").status_code in {400, 404}


@pytest.mark.parametrize("accept", ["*/*", OCTETS, f"{OCTETS}; transfer-syntax={EXPLICIT_VR_LITTLE_ENDIAN}"])
@pytest.mark.parametrize("syntax", [EXPLICIT_VR_LITTLE_ENDIAN, JPEG_LS_LOSSLESS])
def test_frame_is_decoded_by_default(door: Door, client: httpx.Client, accept: str, syntax: str) -> None:
    image = a_ct_slice()
    store_bytes(door.platform, a_file(image, syntax))
    ((content_type, frame),) = parts(client.get(f"{path_of(image)}/frames/1", headers={"Accept": accept}))
    assert content_type == f"application/octet-stream; transfer-syntax={EXPLICIT_VR_LITTLE_ENDIAN}"
    assert frame == image.PixelData


def test_frame_as_stored(client: httpx.Client, compressed: Dataset) -> None:
    response = client.get(f"{path_of(compressed)}/frames/1", headers={"Accept": f"{OCTETS}; transfer-syntax=*"})
    ((content_type, frame),) = parts(response)
    assert content_type == f"application/octet-stream; transfer-syntax={JPEG_LS_LOSSLESS}"
    assert frame == pydicom.encaps.get_frame(encoded_as(compressed, JPEG_LS_LOSSLESS).PixelData, 0)
    assert int(response.headers["content-length"]) == len(response.content)


@pytest.mark.parametrize(
    ("media_type", "syntax"),
    [
        ("image/jls", JPEG_LS_LOSSLESS),
        ("image/jp2", JPEG_2000_LOSSLESS),
        ("image/jphc", HTJ2K_LOSSLESS),
        ("image/jpeg", JPEG_LOSSLESS_SV1),
        ("image/dicom-rle", RLE_LOSSLESS),
    ],
)
@pytest.mark.parametrize("stored", ["native", "compressed"])
def test_frame_in_each_compressed_form(
    client: httpx.Client, image: Dataset, compressed: Dataset, media_type: str, syntax: str, stored: str
) -> None:
    source = image if stored == "native" else compressed
    accept = f'multipart/related; type="{media_type}"'
    ((content_type, frame),) = parts(client.get(f"{path_of(source)}/frames/1", headers={"Accept": accept}))
    assert content_type == f"{media_type}; transfer-syntax={syntax}"
    assert decode_frame(frame, describe_pixels(source), syntax).tobytes() == source.PixelData


def test_several_frames_in_the_order_asked(door: Door, client: httpx.Client) -> None:
    image = a_dx_image(rows=8, columns=8)
    cells = np.arange(3 * 64, dtype=np.uint16).reshape(3, 8, 8)
    image.NumberOfFrames, image.PixelData = 3, cells.tobytes()
    store_data_set(door.platform, image)
    found = parts(client.get(f"{path_of(image)}/frames/3,1", headers={"Accept": OCTETS}))
    assert [frame for _, frame in found] == [cells[2].tobytes(), cells[0].tobytes()]


@pytest.mark.parametrize(("frames", "status"), [("2", 404), ("0", 400), ("1,", 400), ("a", 400), ("-1", 400), ("1,2", 404)])
def test_frame_that_is_not_there(client: httpx.Client, image: Dataset, frames: str, status: int) -> None:
    assert client.get(f"{path_of(image)}/frames/{frames}").status_code == status


def test_frame_has_a_tag(client: httpx.Client, image: Dataset) -> None:
    etag = client.get(f"{path_of(image)}/frames/1").headers["etag"]
    again = client.get(f"{path_of(image)}/frames/1", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("accept", ["image/jpeg", "image/png", "image/avif,image/webp,image/*;q=0.8"])
def test_rendered_frame_is_a_picture(client: httpx.Client, image: Dataset, accept: str) -> None:
    response = client.get(f"{path_of(image)}/frames/1/rendered", headers={"Accept": accept})
    picture = Image.open(io.BytesIO(response.content))
    assert picture.size == (48, 64)
    assert response.headers["content-type"] == ("image/png" if accept == "image/png" else "image/jpeg")
    grey = np.asarray(picture)
    assert grey[0, 0] < 8
    assert grey[-1, -1] > 247


def test_window_and_viewport_are_obeyed(client: httpx.Client, image: Dataset) -> None:
    query = "window=1000,10,linear-exact&viewport=24,32,0,0,24,32&quality=95"
    response = client.get(f"{path_of(image)}/rendered?{query}", headers={"Accept": "image/png"})
    grey = np.asarray(Image.open(io.BytesIO(response.content)))
    assert grey.shape == (32, 24)
    assert grey.min() == 0
    assert grey.max() == 255


@pytest.mark.parametrize(
    "query", ["window=1", "window=1,0", "window=a,b", "viewport=1", "viewport=9,9,900,0,9,9", "quality=0", "window=1,2,odd"]
)
def test_rendering_that_cannot_be_understood(client: httpx.Client, image: Dataset, query: str) -> None:
    assert client.get(f"{path_of(image)}/rendered?{query}", headers={"Accept": "image/jpeg"}).status_code == 400


def test_thumbnails_at_each_level(client: httpx.Client, compressed: Dataset) -> None:
    whole = path_of(compressed)
    for path in (whole.partition("/series")[0], whole.partition("/instances")[0], whole, f"{whole}/frames/1"):
        for _ in range(2):
            response = client.get(f"{path}/thumbnail?viewport=20,20", headers={"Accept": "image/avif,image/webp,*/*;q=0.8"})
            assert response.status_code == 200
            assert Image.open(io.BytesIO(response.content)).size == (15, 20)


def test_encapsulated_pdf_is_given_as_pdf(door: Door, client: httpx.Client) -> None:
    document = a_dx_image(SOPClassUID="1.2.840.10008.5.1.4.1.1.104.1", Modality="DOC")
    for keyword in ("PixelData", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"):
        delattr(document, keyword)
    del document.SamplesPerPixel, document.PhotometricInterpretation
    document.MIMETypeOfEncapsulatedDocument = "application/pdf"
    document.EncapsulatedDocument = b"%PDF-1.7 invented"
    document.EncapsulatedDocumentLength = 17
    store_data_set(door.platform, document)
    response = client.get(f"{path_of(document)}/rendered", headers={"Accept": "application/pdf"})
    assert response.content == b"%PDF-1.7 invented"
    assert response.headers["content-type"] == "application/pdf"
    assert "sandbox" in response.headers["content-security-policy"]
    assert client.get(f"{path_of(document)}/rendered", headers={"Accept": "image/jpeg"}).status_code == 406


def test_damaged_object_is_an_error_and_not_half_an_answer(door: Door, client: httpx.Client, image: Dataset) -> None:
    with door.platform.database.read(door.platform.tenant) as tx:
        instance = find_instance(tx, image.SOPInstanceUID)
    assert instance is not None
    assert isinstance(door.platform.blobs, LocalBlobStore)
    path = door.platform.blobs.path_of(instance.blob.key)
    stored = bytearray(path.read_bytes())
    stored[len(stored) // 2] ^= 1
    path.write_bytes(stored)
    for resource in ("", "/frames/1", "/rendered", "/metadata"):
        response = client.get(path_of(image) + resource)
        assert response.status_code == 500, resource
        assert response.json()["reason"] == "damaged_frame"


@pytest.mark.parametrize("resource", ["", "/metadata", "/frames/1", "/rendered", "/thumbnail", "/bulkdata/7FE00010"])
def test_unknown_and_forbidden_look_the_same_to_a_referrer(door: Door, image: Dataset, resource: str) -> None:
    unknown = path_of(a_dx_image())
    with door.client(Role.REFERRER) as client:
        answers = [client.get(path + resource) for path in (path_of(image), unknown)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert httpx.get(door.root + path_of(image) + resource).status_code == 401


def test_refused_access_stands_in_the_trail(door: Door, image: Dataset) -> None:
    with door.client(Role.REFERRER) as client:
        client.get(f"{path_of(image)}/frames/1")
    with door.platform.database.read(door.platform.tenant) as tx:
        query = text("select action, study_uid from audit_entries where outcome = 'refused'")
        assert [tuple(row) for row in tx.execute(query)] == [("view_images", image.StudyInstanceUID)]


def test_unknown_resource_and_method(client: httpx.Client) -> None:
    assert client.get("/patients").status_code == 404
    assert client.delete("/studies/1.2.3").status_code == 405


def test_large_frame_is_streamed_whole(door: Door, client: httpx.Client) -> None:
    image = a_dx_image(rows=1600, columns=1500)
    store_data_set(door.platform, image)
    response = client.get(f"{path_of(image)}/frames/1", headers={"Accept": OCTETS})
    ((_, frame),) = parts(response)
    assert frame == image.PixelData
    assert int(response.headers["content-length"]) == len(response.content) > 2 << 20


def test_corrected_object_has_another_tag(door: Door, client: httpx.Client, image: Dataset) -> None:
    accept = {"Accept": "application/dicom; transfer-syntax=*"}
    sent = client.get(path_of(image), headers=accept)
    with door.platform.database.transaction(door.platform.tenant) as tx:
        tx.execute(text("update studies set patient_name = 'Autre^Nom'"))
        mark_corrected(tx, str(image.StudyInstanceUID))
    corrected = client.get(path_of(image), headers=accept | {"If-None-Match": sent.headers["etag"]})
    assert (corrected.status_code, str(read(corrected.content).PatientName)) == (200, "Autre^Nom")
    part = client.get(path_of(image), headers=accept | {"Range": "bytes=0-9", "If-Range": sent.headers["etag"]})
    assert (part.status_code, part.content) == (200, corrected.content)


def test_stored_frame_by_range(client: httpx.Client, compressed: Dataset) -> None:
    accept = "image/jls"
    whole = client.get(f"{path_of(compressed)}/frames/1", headers={"Accept": accept})
    assert (whole.status_code, whole.headers["accept-ranges"]) == (200, "bytes")
    part = client.get(f"{path_of(compressed)}/frames/1", headers={"Accept": accept, "Range": "bytes=5-20"})
    assert (part.status_code, part.content) == (206, whole.content[5:21])
    assert part.headers["content-range"] == f"bytes 5-20/{len(whole.content)}"
    beyond = client.get(f"{path_of(compressed)}/frames/1", headers={"Accept": accept, "Range": "bytes=9999999-"})
    assert beyond.status_code == 416


def test_pixel_data_by_range(client: httpx.Client, image: Dataset) -> None:
    headers = {"Accept": "application/octet-stream"}
    whole = client.get(f"{path_of(image)}/bulkdata/7FE00010", headers=headers)
    assert whole.content == image.PixelData
    part = client.get(f"{path_of(image)}/bulkdata/7FE00010", headers=headers | {"Range": "bytes=-6"})
    assert (part.status_code, part.content) == (206, image.PixelData[-6:])
    again = client.get(f"{path_of(image)}/bulkdata/7FE00010", headers=headers | {"If-None-Match": whole.headers["etag"]})
    assert again.status_code == 304


def test_metadata_have_a_tag_that_changes_with_them(door: Door, client: httpx.Client, image: Dataset) -> None:
    series = path_of(image).partition("/instances")[0]
    etag = client.get(f"{series}/metadata").headers["etag"]
    assert client.get(f"{series}/metadata", headers={"If-None-Match": etag}).status_code == 304
    second = a_dx_image(StudyInstanceUID=image.StudyInstanceUID, SeriesInstanceUID=image.SeriesInstanceUID)
    store_data_set(door.platform, second)
    assert client.get(f"{series}/metadata", headers={"If-None-Match": etag}).status_code == 200
