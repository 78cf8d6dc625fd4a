"""The same questions to our door and to Orthanc's DICOMweb plugin; where they differ, what each says and why ours does."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.dataset import Dataset

from benchmarks.servers import PLUGIN, orthanc
from negatoscope.access.model import Role
from tests.builders.dicom import a_ct_slice, a_dx_image, part10_bytes
from tests.contract.dicomweb.conftest import TYPE_DICOM, Door
from tests.contract.dicomweb.test_wado import parts, path_of

pytestmark = pytest.mark.skipif(not PLUGIN.exists(), reason="Orthanc is not installed")
JSON = {"Accept": "application/dicom+json"}


@dataclass(frozen=True)
class Department:
    """A radiograph of one patient, two slices of another."""

    radiograph: Dataset
    slices: tuple[Dataset, Dataset]


@pytest.fixture(scope="module")
def department() -> Department:
    first = a_ct_slice(PatientName="Martin^Alix", PatientID="SYN-0002", StudyDate="20260420")
    second = a_ct_slice(PatientName="Martin^Alix", PatientID="SYN-0002", StudyDate="20260420", InstanceNumber=2)
    second.StudyInstanceUID, second.SeriesInstanceUID = first.StudyInstanceUID, first.SeriesInstanceUID
    return Department(a_dx_image(PatientName="Dubois^Zoe", StudyDate="20260315"), (first, second))


def send(client: httpx.Client, *images: Dataset) -> httpx.Response:
    pieces = (b"--b\r\nContent-Type: application/dicom\r\n\r\n" + part10_bytes(image) + b"\r\n" for image in images)
    headers = {"Content-Type": f"{TYPE_DICOM}; boundary=b", **JSON}
    return client.post("/studies", content=b"".join(pieces) + b"--b--\r\n", headers=headers)


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory, department: Department) -> Iterator[httpx.Client]:
    with orthanc(tmp_path_factory.mktemp("control") / "orthanc") as server, server.client() as client:
        assert send(client, department.radiograph, *department.slices).status_code == 200
        yield client


@pytest.fixture
def ours(door: Door, department: Department) -> Iterator[httpx.Client]:
    with door.client(Role.RADIOLOGIST) as client:
        assert send(client, department.radiograph, *department.slices).status_code == 200
        yield client


def found(response: httpx.Response) -> list[dict[str, object]]:
    return response.json() if response.content else []


def test_searches_find_the_same(ours: httpx.Client, control: httpx.Client, department: Department) -> None:
    study = department.slices[0].StudyInstanceUID
    questions = {
        "/studies": 2,
        "/studies?PatientID=SYN-0002": 1,
        "/studies?PatientName=Dubois*": 1,
        "/studies?StudyDate=20260401-20260430": 1,
        "/studies?00080061=CT": 1,
        "/studies?PatientID=nobody": 0,
        "/studies?limit=1": 1,
        "/studies?offset=1": 1,
        f"/studies/{study}/series": 1,
        f"/studies/{study}/instances": 2,
        "/series?Modality=DX": 1,
        f"/instances?StudyInstanceUID={study}&InstanceNumber=2": 1,
        f"/studies/{study}/instances?SOPInstanceUID={department.slices[1].SOPInstanceUID}": 1,
    }
    counted = {path: tuple(len(found(client.get(path, headers=JSON))) for client in (ours, control)) for path in questions}
    assert counted == {path: (count, count) for path, count in questions.items()}


@pytest.mark.parametrize("level", ["studies", "series", "instances"])
def test_answers_hold_the_same_attributes(
    ours: httpx.Client, control: httpx.Client, department: Department, level: str
) -> None:
    query = f"/{level}?StudyInstanceUID={department.radiograph.StudyInstanceUID}"
    mine, theirs = (found(client.get(query, headers=JSON))[0] for client in (ours, control))
    # Addresses are each one's own. We write all text as UTF-8; Orthanc says so as well. Its plugin gives no empty attribute.
    shared = {tag for tag in mine if tag in theirs and tag not in {"00081190", "00080005"}}
    assert len(shared) >= 5
    differing = {tag: (mine[tag], theirs[tag]) for tag in shared if mine[tag] != theirs[tag]}
    assert differing == {}


def test_objects_metadata_and_frames_are_the_same(ours: httpx.Client, control: httpx.Client, department: Department) -> None:
    image = department.radiograph
    whole = [
        pydicom.dcmread(io.BytesIO(parts(client.get(path_of(image), headers={"Accept": TYPE_DICOM}))[0][1]))
        for client in (ours, control)
    ]
    assert Dataset(whole[0]) == Dataset(whole[1]) == image
    accept = {"Accept": 'multipart/related; type="application/octet-stream"'}
    frames = [client.get(f"{path_of(image)}/frames/1", headers=accept) for client in (ours, control)]
    assert [len(frame.content) > len(image.PixelData) for frame in frames] == [True, True]
    assert all(image.PixelData in frame.content for frame in frames)
    mine, theirs = (client.get(f"{path_of(image)}/metadata", headers=JSON).json()[0] for client in (ours, control))
    # We name the stored transfer syntax (0008,3002); Orthanc adds group 0002, which PS3.18 F.2 keeps out of the model.
    assert set(mine) - set(theirs) <= {"00083002"}
    assert {tag for tag in theirs if tag not in mine and not tag.startswith("0002")} == set()


def test_pictures_show_the_same(ours: httpx.Client, control: httpx.Client, department: Department) -> None:
    shown = [
        np.asarray(Image.open(io.BytesIO(client.get(f"{path_of(department.radiograph)}/rendered", headers=png).content)))
        for client, png in ((ours, {"Accept": "image/png"}), (control, {"Accept": "image/png"}))
    ]
    assert shown[0].shape == shown[1].shape
    assert np.abs(shown[0].astype(int) - shown[1].astype(int)).max() <= 2


@dataclass(frozen=True)
class Difference:
    """One question, what each answers, and why ours does."""

    ask: Callable[[httpx.Client, Dataset], httpx.Response]
    ours: int
    control: int
    why: str


DIFFERENCES = {
    "no match": Difference(
        lambda client, _: client.get("/studies?PatientID=nobody", headers=JSON), 204, 200, "PS3.18 10.6.3.1: no content"
    ),
    "attribute that does not exist": Difference(
        lambda client, _: client.get("/studies?PatientColour=red", headers=JSON), 400, 200,
        "a filter that is passed over would find the studies of others"
    ),
    "form that cannot be made": Difference(
        lambda client, image: client.get(f"{path_of(image)}/rendered", headers={"Accept": "image/webp"}),
        406, 400, "PS3.18 table 8.5-2: 406 says that no media type is acceptable",
    ),
    "frame that is not there": Difference(
        lambda client, image: client.get(f"{path_of(image)}/frames/9", headers={"Accept": "*/*"}), 404, 400, "no such resource"
    ),
    "body of an unknown type": Difference(
        lambda client, _: client.post("/studies", content=b"x", headers={"Content-Type": "text/plain", **JSON}), 415, 415, ""
    ),
    "deleting": Difference(lambda client, image: client.delete(path_of(image)), 405, 405, "no clinical object is deleted"),
}  # fmt: skip


@pytest.mark.parametrize("name", DIFFERENCES)
def test_differences_are_these(ours: httpx.Client, control: httpx.Client, department: Department, name: str) -> None:
    difference = DIFFERENCES[name]
    statuses = tuple(difference.ask(client, department.radiograph).status_code for client in (ours, control))
    assert statuses == (difference.ours, difference.control), difference.why
