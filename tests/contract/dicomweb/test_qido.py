"""QIDO-RS: all forms, paging, includefield, and warnings where something was not done."""

from __future__ import annotations

import httpx
import pytest
from pydicom.dataset import Dataset

from negatoscope.access.model import Role
from tests.builders.archive import store_data_set
from tests.builders.dicom import a_ct_slice, a_dx_image
from tests.contract.dicomweb.conftest import Door


@pytest.fixture
def images(door: Door) -> list[Dataset]:
    first = a_ct_slice(AccessionNumber="CT1", StudyDate="20260301")
    second = a_ct_slice(
        StudyInstanceUID=first.StudyInstanceUID,
        SeriesInstanceUID=first.SeriesInstanceUID,
        AccessionNumber="CT1",
        InstanceNumber=2,
    )
    images = [first, second, a_dx_image(PatientName="Martin^Léa", PatientID="M1", StudyDate="20260302")]
    for image in images:
        store_data_set(door.platform, image)
    return images


def uids(response: httpx.Response, tag: str) -> list[str]:
    assert response.status_code == 200, response.text
    return [match[tag]["Value"][0] for match in response.json()]


def test_studies_come_with_what_the_standard_lists(client: httpx.Client, images: list[Dataset], door: Door) -> None:
    response = client.get("/studies")
    assert response.headers["content-type"] == "application/dicom+json"
    assert uids(response, "0020000D") == [images[2].StudyInstanceUID, images[0].StudyInstanceUID]
    newest = response.json()[0]
    assert newest["00081190"]["Value"] == [f"{door.root}/studies/{images[2].StudyInstanceUID}"]
    assert newest["00100010"]["Value"] == [{"Alphabetic": "Martin^Léa"}]
    assert {"00080020", "00080030", "00080050", "00080061", "00080090", "00100020", "00201206", "00201208"} <= set(newest)


@pytest.mark.parametrize(
    "query",
    [
        "PatientName=martin*",
        "00100010=MARTIN^LEA",
        "PatientID=M1",
        "StudyDate=20260302-",
        "ModalitiesInStudy=DX",
        "0020000D={uid}",
    ],
)
def test_attribute_is_named_by_keyword_or_tag(client: httpx.Client, images: list[Dataset], query: str) -> None:
    uid = images[2].StudyInstanceUID
    assert uids(client.get(f"/studies?{query.format(uid=uid)}"), "0020000D") == [uid]


def test_lower_levels_are_reached_by_path_and_alone(client: httpx.Client, images: list[Dataset]) -> None:
    study, series = images[0].StudyInstanceUID, images[0].SeriesInstanceUID
    assert uids(client.get(f"/studies/{study}/series"), "0020000E") == [series]
    assert uids(client.get("/series?Modality=CT"), "0020000E") == [series]
    both = [images[0].SOPInstanceUID, images[1].SOPInstanceUID]
    assert uids(client.get(f"/studies/{study}/series/{series}/instances"), "00080018") == both
    assert uids(client.get(f"/studies/{study}/instances"), "00080018") == both
    assert uids(client.get("/instances?InstanceNumber=2"), "00080018") == [both[1]]
    match = client.get(f"/studies/{study}/instances").json()[0]
    assert match["00280010"] == {"vr": "US", "Value": [32]}


def test_pages_say_that_there_is_more(client: httpx.Client, images: list[Dataset]) -> None:
    first = client.get("/studies?limit=1")
    second = client.get("/studies?limit=1&offset=1")
    assert uids(first, "0020000D") + uids(second, "0020000D") == [images[2].StudyInstanceUID, images[0].StudyInstanceUID]
    assert "additional results" in first.headers["warning"]
    assert "warning" not in second.headers
    beyond = client.get("/studies?limit=1&offset=9")
    assert (beyond.status_code, beyond.content) == (204, b"")


def test_fuzzy_matching_is_not_pretended(client: httpx.Client, images: list[Dataset]) -> None:
    response = client.get("/studies?PatientName=Martain&fuzzymatching=true&emptyvaluematching=true")
    assert response.status_code == 204
    fuzzy, empty = response.headers.get_list("warning")
    assert fuzzy.endswith("The fuzzymatching parameter is not supported. Only literal matching has been performed.")
    assert "Empty Value Matching has not been performed" in empty


def test_fields_are_added_or_named_as_unsupported(client: httpx.Client, images: list[Dataset]) -> None:
    response = client.get("/studies?includefield=SOPClassesInStudy,00101010&includefield=IssuerOfPatientID")
    assert response.json()[0]["00080062"]["Value"] == [images[2].SOPClassUID]
    assert response.json()[0]["00100021"]["Value"] == ["NEGATOSCOPE"]
    assert response.headers["warning"].endswith("not supported: PatientAge")
    everything = client.get("/instances?includefield=all").json()[0]
    assert {"00080062", "00081030", "00100021", "00180015"} <= set(everything)


@pytest.mark.parametrize(
    "query",
    ["limit=-1", "offset=x", "limit=1e3", "Nonsense=1", "StudyDate=tomorrow", "StudyInstanceUID=../1", "StudyDate=20260101-b"],
)
def test_query_that_cannot_be_understood_is_named(client: httpx.Client, images: list[Dataset], query: str) -> None:
    response = client.get(f"/studies?{query}")
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("application/dicom+json", 200),
        ("application/json", 200),
        ("*/*", 200),
        ('multipart/related; type="application/dicom+xml"', 406),
        ('multipart/related; type="application/dicom+xml", application/dicom+json;q=0.1', 200),
        ("application/dicom+json;q=0", 406),
    ],
)
def test_only_json_is_spoken(client: httpx.Client, images: list[Dataset], accept: str, status: int) -> None:
    assert client.get("/studies", headers={"Accept": accept}).status_code == status


def test_malformed_uid_in_the_path_is_refused(client: httpx.Client) -> None:
    assert client.get("/studies/1.2.x/series").status_code == 400


def test_wildcards_of_the_database_mean_themselves(client: httpx.Client, images: list[Dataset]) -> None:
    for value in ("%", "_", "M%", "'; drop table studies; --"):
        assert client.get("/studies", params={"PatientID": value}).status_code == 204


def test_referrer_finds_nothing_of_others(door: Door, images: list[Dataset]) -> None:
    with door.client(Role.REFERRER) as client:
        assert client.get("/studies").status_code == 204
        assert client.get(f"/studies/{images[0].StudyInstanceUID}/series").status_code == 204


def test_nobody_may_search(door: Door) -> None:
    response = httpx.get(f"{door.root}/studies")
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
