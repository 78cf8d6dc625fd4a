"""The DICOMweb door behind a real server and real sockets."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from negatoscope.access.model import Role
from negatoscope.platform.runtime import Platform
from tests.builders.web_door import Door, serving_dicomweb

__all__ = ["TYPE_DICOM", "Door"]

TYPE_DICOM = 'multipart/related; type="application/dicom"'


@pytest.fixture
def door(platform: Platform) -> Iterator[Door]:
    """Serve the application on a free port."""
    with serving_dicomweb(platform) as door:
        yield door


@pytest.fixture
def client(door: Door) -> Iterator[httpx.Client]:
    """A radiologist's client."""
    with door.client(Role.RADIOLOGIST) as client:
        yield client


@pytest.fixture
def post(client: httpx.Client) -> Callable[..., httpx.Response]:
    """Send Part 10 files as one multipart body."""

    def send(*files: bytes, path: str = "/studies", boundary: str = "b0und4ry") -> httpx.Response:
        body = b"".join(f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode() + file + b"\r\n" for file in files)
        body += f"--{boundary}--\r\n".encode()
        headers = {"Content-Type": f"{TYPE_DICOM}; boundary={boundary}", "Accept": "application/dicom+json"}
        return client.post(path, content=body, headers=headers)

    return send
