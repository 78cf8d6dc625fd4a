"""Both blob stores: a folder of this machine, and an S3 server started for the run."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import boto3  # type: ignore[import-untyped]  # ships no types
import pytest
from moto.server import ThreadedMotoServer

from negatoscope.platform.blobs.local import LocalBlobStore
from negatoscope.platform.blobs.objects import ObjectBlobStore
from negatoscope.platform.blobs.port import BlobStore
from negatoscope.platform.keyring import Keyring


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring.open_or_create(tmp_path / "keyring.json")


@pytest.fixture
def tenant() -> UUID:
    return uuid4()


@pytest.fixture
def local(tmp_path: Path, tenant: UUID, keyring: Keyring) -> LocalBlobStore:
    return LocalBlobStore(tmp_path / "objects", tenant, keyring, reserve_bytes=0)


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    name = f"bucket-{secrets.token_hex(6)}"
    client = boto3.client("s3", endpoint_url=s3_endpoint, region_name="us-east-1")
    client.create_bucket(Bucket=name)
    client.close()
    return name


@pytest.fixture
def remote(bucket: str, tenant: UUID, keyring: Keyring) -> ObjectBlobStore:
    return ObjectBlobStore.connect(f"s3://{bucket}/hospital", tenant, keyring)


@pytest.fixture(params=["local", "remote"])
def store(request: pytest.FixtureRequest) -> BlobStore:
    chosen: BlobStore = request.getfixturevalue(request.param)
    return chosen
