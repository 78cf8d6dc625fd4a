"""Another archive, in four clothes: our own doors by DICOM and DICOMweb, and Debian's Orthanc by both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from uuid import UUID, uuid4

import httpx
import pytest
from pydicom.dataset import Dataset
from sqlalchemy import text

from benchmarks.servers import PLUGIN, orthanc
from negatoscope.access.model import Role
from negatoscope.app.build import build_platform
from negatoscope.app.wiring import SPEAKERS
from negatoscope.archive.prefetch.fetching import fetch_job
from negatoscope.archive.prefetch.model import PriorSource, SourceKind
from negatoscope.archive.prefetch.searching import search_job
from negatoscope.archive.prefetch.sources import add_source
from negatoscope.doors.dimse.server import serving
from negatoscope.orders.prefetching import PREFETCH
from negatoscope.platform.database import Database, TenantId
from negatoscope.platform.runtime import Platform
from tests.builders.archive import store_data_set
from tests.builders.dicom import a_file
from tests.builders.routing import a_device, a_server
from tests.builders.subjects import a_user
from tests.builders.web_door import serving_dicomweb

Clothes = Literal["dicom", "dicomweb", "orthanc-dicom", "orthanc-dicomweb"]
ISSUER = "GROUP"


@dataclass(frozen=True, slots=True)
class Archive:
    """Another archive as the tests fill it and the product asks it."""

    put: Callable[[Dataset], None]
    kind: SourceKind
    peer_id: UUID


@pytest.fixture
def other(platform: Platform, database: Database) -> Iterator[Platform]:
    """Another house: a tenant that shares nothing with the first."""
    tenant = TenantId(uuid4())
    settings = platform.settings.model_copy(update={"tenant": f"other-{tenant}", "ae_title": "OTHER", "issuer": ISSUER})
    with database.owner_transaction() as tx:
        tx.execute(
            text("insert into tenants (tenant, name) values (:tenant, :name)"), {"tenant": tenant, "name": settings.tenant}
        )
    made = build_platform(settings, database, tenant, clock=platform.clock, sandbox_processes=1)
    yield made
    made.sandbox.close()
    made.jobs.close()


@pytest.fixture(params=["dicom", "dicomweb", "orthanc-dicom", "orthanc-dicomweb"])
def archive(request: pytest.FixtureRequest, platform: Platform, other: Platform, tmp_path: Path) -> Iterator[Archive]:
    """Serve another archive, and our own door to which it may send."""
    clothes: Clothes = request.param
    if clothes.startswith("orthanc") and not PLUGIN.exists():
        pytest.skip("Orthanc is not installed")
    with ExitStack() as stack:
        if clothes == "dicom":
            a_device(other, platform.settings.ae_title, stack.enter_context(serving(platform)))
            device = a_device(platform, "OTHER", stack.enter_context(serving(other)))
            yield Archive(lambda one: _keep(other, one), SourceKind.DEVICE, device)
        elif clothes == "dicomweb":
            door = stack.enter_context(serving_dicomweb(other))
            server = a_server(platform, door.root, secret=door.token(Role.RADIOLOGIST))
            yield Archive(lambda one: _keep(other, one), SourceKind.SERVER, server)
        else:
            running = stack.enter_context(orthanc(tmp_path / "orthanc"))
            root = running.web.removesuffix("/dicom-web")
            if clothes == "orthanc-dicom":
                ours = {"AET": platform.settings.ae_title, "Host": "127.0.0.1", "Port": stack.enter_context(serving(platform))}
                httpx.put(f"{root}/modalities/ours", json=ours).raise_for_status()
                peer_id, kind = a_device(platform, running.ae_title, running.dicom_port), SourceKind.DEVICE
            else:
                peer_id, kind = a_server(platform, running.web), SourceKind.SERVER
            yield Archive(
                lambda one: _no_value(httpx.post(f"{root}/instances", content=a_file(one)).raise_for_status()), kind, peer_id
            )


def _keep(other: Platform, data_set: Dataset) -> None:
    store_data_set(other, data_set)


def _no_value(_: object) -> None:
    """Turn an answer that is of no interest into nothing."""


@pytest.fixture
def add(platform: Platform, archive: Archive) -> Callable[..., PriorSource]:
    """List the other archive as a source."""

    def make(**changes: object) -> PriorSource:
        values: dict[str, object] = {
            "source_id": uuid4(), "name": "Other", "kind": archive.kind, "peer_id": archive.peer_id, "patient_issuer": ISSUER,
        }  # fmt: skip
        source = PriorSource(**(values | changes))  # type: ignore[arg-type]  # the changes are members of a source
        return add_source(platform, a_user(platform, Role.ADMINISTRATOR), source)

    return make


@pytest.fixture
def prefetch(react: Callable[..., int], run_jobs: Callable[..., int]) -> Callable[[], tuple[int, int]]:
    """Digest the orders, then run each job that waits once; return how many searches and fetches were tried."""

    def run() -> tuple[int, int]:
        react(PREFETCH)
        return run_jobs(search_job(SPEAKERS)), run_jobs(fetch_job(SPEAKERS))

    return run
