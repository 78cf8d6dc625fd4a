"""A client of the whole web application over a fresh tenant."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from negatoscope.doors.web.application import create_application
from negatoscope.platform.runtime import Platform
from tests.builders.web_client import TestClient

ORIGIN = "http://testserver"


@pytest.fixture
def application(platform: Platform) -> FastAPI:
    return create_application(platform)


@pytest.fixture
def browser(application: FastAPI) -> Iterator[TestClient]:
    """A client that behaves as a browser does on our own pages."""
    headers = {"Accept": "text/html", "Origin": ORIGIN, "Sec-Fetch-Site": "same-origin"}
    with TestClient(application, headers=headers, follow_redirects=False) as client:
        yield client


@pytest.fixture
def program(application: FastAPI) -> Iterator[TestClient]:
    """A client that is no browser."""
    with TestClient(application, headers={"Accept": "application/json"}, follow_redirects=False) as client:
        yield client
