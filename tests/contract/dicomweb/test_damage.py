"""One bit of a stored object is turned, wherever it lies: every door answers an error or the right bytes, never others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from pydicom.dataset import Dataset

from negatoscope.archive.recompression.model import Codec
from negatoscope.archive.recompression.rewriting import recompress
from negatoscope.archive.study_store import find_instance
from negatoscope.formats.dicom.transfer_syntaxes import DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, JPEG_LS_LOSSLESS
from negatoscope.platform.blobs.local import LocalBlobStore
from tests.builders.archive import store_bytes, store_data_set
from tests.builders.dicom import a_dx_image, a_file, part10_bytes
from tests.contract.dicomweb.conftest import TYPE_DICOM, Door
from tests.contract.dicomweb.test_wado import path_of

OCTETS = "application/octet-stream"
RESOURCES = (
    ("", "application/dicom; transfer-syntax=*"),
    ("", f"{TYPE_DICOM}; transfer-syntax=*"),
    ("", "application/dicom"),
    ("/frames/1", OCTETS),
    ("/frames/2", f"{OCTETS}; transfer-syntax=*"),
    ("/frames/2", "image/jp2"),
    ("/rendered", "image/png"),
    ("/frames/2/rendered", "image/png"),
    ("/thumbnail", "image/png"),
    ("/metadata", "application/dicom+json"),
    ("/bulkdata/7FE00010", OCTETS),
)
ERRORS = {"damaged_frame", "damaged_header", "truncated_object", "missing_object"}
REGIONS = ("first byte", "header", "first MiB", "middle", "second frame", "last MiB", "last byte", "cut short", "gone")


def an_object(kind: str) -> tuple[Dataset, bytes]:
    """Build two frames of 0.7 MB each: the object lies in several sealed pieces."""
    image = a_dx_image(rows=600, columns=600)
    grey = np.random.default_rng(5).integers(0, 4096, (2, 600, 600), dtype=np.uint16)
    image.PixelData, image.NumberOfFrames = grey.tobytes(), 2
    if kind == "compressed":
        return image, a_file(image, JPEG_LS_LOSSLESS)
    return image, part10_bytes(image, DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN) if kind == "deflated" else part10_bytes(image)


def answers(client: httpx.Client, image: Dataset) -> Iterator[tuple[str, int, bytes, str]]:
    for resource, accept in RESOURCES:
        try:
            response = client.get(path_of(image) + resource, headers={"Accept": accept})
        except httpx.RemoteProtocolError:  # cut in the middle of an answer that had begun well
            yield f"{resource} {accept}", 500, b"", "damaged_frame"
            continue
        is_error = response.headers["content-type"] == "application/problem+json"
        boundary = response.headers["content-type"].partition("boundary=")[2].encode()
        content = response.content.replace(boundary, b"") if boundary else response.content
        yield f"{resource} {accept}", response.status_code, content, response.json()["reason"] if is_error else ""


def damage(path: Path, region: str) -> None:
    stored = bytearray(path.read_bytes())
    if region == "gone":
        path.unlink()
        return
    if region == "cut short":
        path.write_bytes(stored[: len(stored) * 3 // 4])
        return
    places = {
        "first byte": 0,
        "header": 600,
        "first MiB": min(700_000, len(stored) - 1),
        "middle": len(stored) // 2,
        "second frame": len(stored) * 3 // 4,
        "last MiB": max(0, len(stored) - 5_000),
        "last byte": len(stored) - 1,
    }
    stored[places[region]] ^= 1
    path.write_bytes(stored)


@pytest.mark.parametrize("kind", ["native", "compressed", "deflated", "recompressed"])
def test_damaged_object_is_never_another_image(door: Door, client: httpx.Client, kind: str) -> None:
    platform = door.platform
    image, file = an_object(kind)
    if kind == "recompressed":
        image.PixelData = np.broadcast_to(np.arange(600, dtype=np.uint16) * 4, (2, 600, 600)).tobytes()
        store_data_set(platform, image)
    else:
        store_bytes(platform, file)
    with platform.database.read(platform.tenant) as tx:
        instance = find_instance(tx, str(image.SOPInstanceUID))
    assert instance is not None
    if kind == "recompressed":
        recompress(platform, instance, Codec.HTJ2K.transfer_syntax_uid, trace=lambda *_: None)
        with platform.database.read(platform.tenant) as tx:
            instance = find_instance(tx, str(image.SOPInstanceUID))
    assert instance is not None
    assert isinstance(platform.blobs, LocalBlobStore)
    path = platform.blobs.path_of(instance.blob.key)
    sound = path.read_bytes()
    right = {name: content for name, _, content, _ in answers(client, image)}
    kept_pictures = {"/thumbnail image/png", "/rendered image/png", "/frames/2/rendered image/png"}
    for region in REGIONS if kind == "native" else REGIONS[1::2]:
        damage(path, region)
        seen = 0
        for name, status, content, reason in answers(client, image):
            if status == 500:
                seen += 1
                assert reason in ERRORS, (region, name, reason)
            else:
                assert (status, content) == (200, right[name]), (region, name, status)
        assert seen >= len(RESOURCES) - len(kept_pictures) - 7, region
        path.write_bytes(sound)
    assert {name: content for name, _, content, _ in answers(client, image)} == right
