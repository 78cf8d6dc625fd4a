"""What the service says of itself is what it does (PS3.18 8.9)."""

from __future__ import annotations

from xml.etree import ElementTree

import httpx
import pytest

from negatoscope.doors.dicomweb.application import ROUTES
from tests.contract.dicomweb.conftest import Door

WADL = "application/vnd.sun.wadl+xml"
SPACE = {"w": "http://wadl.dev.java.net/2009/02"}


@pytest.mark.parametrize("accept", [WADL, "*/*", f"text/html, {WADL};q=0.1"])
def test_every_resource_is_described_once(door: Door, client: httpx.Client, accept: str) -> None:
    response = client.options("/", headers={"Accept": accept})
    assert response.status_code == 200
    assert response.headers["content-type"].startswith(WADL)
    document = ElementTree.fromstring(response.content)
    assert [resources.get("base") for resources in document.iterfind("w:resources", SPACE)] == [door.root]
    described = [
        (resource.get("path"), method.get("name"))
        for resource in document.iterfind("w:resources/w:resource", SPACE)
        for method in resource.iterfind("w:method", SPACE)
        if method.find("w:response/w:representation", SPACE) is not None
    ]
    assert sorted(described) == sorted((route.path.replace(":path}", "}").lstrip("/"), route.method) for route in ROUTES)


def test_other_forms_and_nobody(door: Door, client: httpx.Client) -> None:
    assert client.options("/", headers={"Accept": "application/xml"}).status_code == 406
    assert httpx.options(f"{door.root}/").status_code == 401
