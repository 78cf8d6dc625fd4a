"""WADO-RS rendered resources: presentation states, whole studies and series, annotations, and what has no image."""

from __future__ import annotations

import io
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset

from negatoscope.formats.dicom.transfer_syntaxes import JPEG_LS_LOSSLESS
from tests.builders.archive import store_bytes, store_data_set
from tests.builders.dicom import a_ct_slice, a_dx_image, a_file
from tests.builders.presentation import a_presentation_state
from tests.contract.dicomweb.conftest import Door
from tests.contract.dicomweb.test_wado import parts, path_of

PNG_PARTS = 'multipart/related; type="image/png"'


def picture(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)))


@pytest.fixture
def image(door: Door) -> Dataset:
    image = a_dx_image()
    store_bytes(door.platform, a_file(image, JPEG_LS_LOSSLESS))
    return image


def test_presentation_state_is_rendered_as_the_image_it_shows(door: Door, client: httpx.Client, image: Dataset) -> None:
    state = a_presentation_state(image, window=(2000, 100), ImageRotation=90)
    store_data_set(door.platform, state)
    response = client.get(f"{path_of(state)}/rendered", headers={"Accept": "image/png"})
    shown = picture(response.content)
    assert shown.shape == (48, 64)
    assert (shown[0, -1], shown[-1, 0]) == (0, 255)
    again = client.get(f"{path_of(state)}/rendered", headers={"Accept": "image/png", "If-None-Match": response.headers["etag"]})
    assert again.status_code == 304
    ((media_type, part),) = parts(client.get(f"{path_of(state)}/rendered", headers={"Accept": PNG_PARTS}))
    assert media_type == "image/png"
    assert np.array_equal(picture(part), shown)
    small = client.get(f"{path_of(state)}/rendered?viewport=16,16", headers={"Accept": "image/png"})
    assert picture(small.content).shape == (12, 16)


def test_state_shows_its_images_in_its_order(door: Door, client: httpx.Client, image: Dataset) -> None:
    second = a_dx_image(rows=20, columns=20, StudyInstanceUID=image.StudyInstanceUID)
    store_data_set(door.platform, second)
    state = a_presentation_state(second, window=(2000, 4000))
    first = a_presentation_state(image).ReferencedSeriesSequence[0]
    state.ReferencedSeriesSequence.append(first)
    del state.DisplayedAreaSelectionSequence
    store_data_set(door.platform, state)
    found = parts(client.get(f"{path_of(state)}/rendered", headers={"Accept": PNG_PARTS}))
    assert [picture(part).shape for _, part in found] == [(20, 20), (64, 48)]


@pytest.mark.parametrize(
    ("attributes", "query", "status", "reason"),
    [
        ({"ShutterShape": "BITMAP"}, "", 406, "presentation_not_supported"),
        ({}, "?window=1,2", 400, "bad_window"),
        ({}, "?viewport=10,10,1,1,4,4", 400, "bad_viewport"),
        ({}, "?viewport=9000,10", 400, "bad_viewport"),
        ({"ImageRotation": 7}, "", 500, "presentation_unreadable"),
    ],
)
def test_state_that_is_not_rendered_is_named(
    door: Door, client: httpx.Client, image: Dataset, attributes: dict[str, Any], query: str, status: int, reason: str
) -> None:
    state = a_presentation_state(image, **attributes)
    store_data_set(door.platform, state)
    response = client.get(f"{path_of(state)}/rendered{query}", headers={"Accept": "image/png"})
    assert (response.status_code, response.json()["reason"]) == (status, reason)


def test_state_whose_images_are_not_here_shows_nothing(door: Door, client: httpx.Client, image: Dataset) -> None:
    state = a_presentation_state(a_dx_image(StudyInstanceUID=image.StudyInstanceUID))
    store_data_set(door.platform, state)
    assert client.get(f"{path_of(state)}/rendered", headers={"Accept": "image/png"}).status_code == 404


def test_study_and_series_come_frame_by_frame(door: Door, client: httpx.Client, image: Dataset) -> None:
    second = a_ct_slice(StudyInstanceUID=image.StudyInstanceUID)
    store_data_set(door.platform, second)
    store_data_set(door.platform, a_presentation_state(image))
    study = path_of(image).partition("/series")[0]
    found = parts(client.get(f"{study}/rendered", headers={"Accept": PNG_PARTS}))
    assert sorted(picture(part).shape for _, part in found) == [(32, 32), (64, 48)]
    series = path_of(image).partition("/instances")[0]
    assert picture(client.get(f"{series}/rendered", headers={"Accept": "image/png"}).content).shape == (64, 48)
    assert len(parts(client.get(f"{study}/rendered", headers={"Accept": "*/*"}))) == 2
    assert client.get(f"{study}/rendered", headers={"Accept": "image/png"}).status_code == 406


@pytest.mark.parametrize(("accept", "form"), [("image/gif", "GIF"), ("image/jp2", "JPEG2000"), ("image/webp", None)])
def test_other_forms_of_a_picture(client: httpx.Client, image: Dataset, accept: str, form: str | None) -> None:
    response = client.get(f"{path_of(image)}/rendered", headers={"Accept": accept})
    assert response.status_code == (200 if form else 406)
    if form:
        assert Image.open(io.BytesIO(response.content)).format == form
        assert response.headers["content-type"] == accept


def test_annotations_are_written_and_never_kept(door: Door, client: httpx.Client) -> None:
    image = a_dx_image(rows=400, columns=300)
    image.PixelData = bytes(len(image.PixelData))
    store_data_set(door.platform, image)
    plain, patient, technique = (
        picture(client.get(f"{path_of(image)}/rendered{query}", headers={"Accept": "image/png"}).content)
        for query in ("", "?annotation=patient,nonsense", "?annotation=technique")
    )
    assert plain.max() == 0
    assert (patient[:80].max() > 200, patient[-80:].max()) == (True, 0)
    assert (technique[:80].max(), technique[-80:].max() > 200) == (0, True)
    response = client.get(f"{path_of(image)}/rendered?annotation=patient")
    assert "etag" not in response.headers
    assert response.headers["cache-control"] == "no-store"


def test_what_has_no_image_has_a_tile(door: Door, client: httpx.Client, image: Dataset) -> None:
    state = a_presentation_state(image)
    store_data_set(door.platform, state)
    for path in (path_of(state), path_of(state).partition("/instances")[0]):
        response = client.get(f"{path}/thumbnail?viewport=96,96", headers={"Accept": "image/png"})
        assert picture(response.content).shape == (96, 96)
    study = path_of(state).partition("/series")[0]
    assert Image.open(io.BytesIO(client.get(f"{study}/thumbnail?viewport=20,20").content)).size == (15, 20)
