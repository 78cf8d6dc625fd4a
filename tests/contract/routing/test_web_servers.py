"""Sending by STOW-RS: to another door of ours behind a real server, and to a server that answers as it likes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import pytest
from pydicom import uid
from sqlalchemy import text

from negatoscope.access.model import Role
from negatoscope.app.build import build_platform
from negatoscope.archive.model import SourceKind
from negatoscope.archive.routing import transfers
from negatoscope.archive.routing.model import DestinationKind, Tally, TransferState
from negatoscope.archive.routing.servers import add_server, change_server, get_server, web_destination
from negatoscope.archive.studies import list_instances
from negatoscope.platform.database import Database, TenantId
from negatoscope.platform.errors import InvalidInput
from negatoscope.platform.runtime import Platform
from tests.builders.archive import a_source, store_data_set
from tests.builders.dicom import a_dx_image
from tests.builders.routing import a_rule, a_server, some_content
from tests.builders.subjects import a_user
from tests.builders.web_door import serving_dicomweb

Settle = Callable[[], int]
Route = Callable[[], int]


@pytest.fixture
def other(platform: Platform, database: Database) -> Iterator[Platform]:
    """Another archive of ours: another tenant, which shares nothing with the first."""
    tenant = TenantId(uuid4())
    settings = platform.settings.model_copy(update={"tenant": f"other-{tenant}"})
    with database.owner_transaction() as tx:
        tx.execute(
            text("insert into tenants (tenant, name) values (:tenant, :name)"), {"tenant": tenant, "name": settings.tenant}
        )
    made = build_platform(settings, database, tenant, clock=platform.clock, sandbox_processes=1)
    yield made
    made.sandbox.close()
    made.jobs.close()


def state_of(platform: Platform) -> tuple[TransferState, Tally, str]:
    with platform.database.read(platform.tenant) as tx:
        page = transfers.list_transfers(tx, a_user(platform, Role.ADMINISTRATOR))
    (transfer,) = page.transfers
    return transfer.state, page.tallies[transfer.transfer_id], transfer.last_reason


def test_a_study_goes_to_another_archive_bit_for_bit(platform: Platform, other: Platform, settle: Settle, route: Route) -> None:
    image = a_dx_image()
    store_data_set(platform, image)
    with serving_dicomweb(other) as door:
        server = a_server(platform, door.root, secret=door.token(Role.RADIOGRAPHER))
        a_rule(platform, some_content(server, kind=DestinationKind.SERVER))
        settle()
        route()
    assert state_of(platform) == (TransferState.SENT, Tally(sent=1), "")
    study_uid = str(image.StudyInstanceUID)
    with platform.database.read(platform.tenant) as tx:
        ours = list_instances(tx, study_uid)
    with other.database.read(other.tenant) as tx:
        theirs = list_instances(tx, study_uid)
    assert [one.blob.sha256 for one in theirs] == [one.blob.sha256 for one in ours]


def test_what_was_fetched_from_a_server_does_not_go_back_to_it(platform: Platform, settle: Settle, route: Route) -> None:
    server = a_server(platform, "http://127.0.0.1:9/dicom-web")
    a_rule(platform, some_content(server, kind=DestinationKind.SERVER, with_fetched=True))
    store_data_set(platform, a_dx_image(), source=a_source(SourceKind.FETCH, "Other archive"))
    settle()
    assert route() == 0


class Answering(BaseHTTPRequestHandler):
    """A server that answers each request with the next of its answers, and keeps what it was told."""

    answers: list[tuple[int, dict[str, str], bytes]]
    requests: list[tuple[dict[str, str], bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.requests.append((dict(self.headers), body))
        status, headers, answer = self.answers.pop(0)
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(answer))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def answering() -> Iterator[tuple[type[Answering], str]]:
    class Handler(Answering):
        answers: list[tuple[int, dict[str, str], bytes]] = []  # noqa: RUF012 - one list a test is what is wanted
        requests: list[tuple[dict[str, str], bytes]] = []  # noqa: RUF012

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield Handler, f"http://127.0.0.1:{server.server_address[1]}/dicom-web"
    server.shutdown()
    thread.join()
    server.server_close()


def failed(reason: int) -> bytes:
    return f'{{"00081198": {{"vr": "SQ", "Value": [{{"00081197": {{"vr": "US", "Value": [{reason}]}}}}]}}}}'.encode()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ((409, {}, failed(0x0124)), (TransferState.QUEUED, Tally(failed=1), "some_objects_refused")),
        ((202, {}, failed(0xA900)), (TransferState.QUEUED, Tally(failed=1), "some_objects_refused")),
        ((202, {}, b"{}"), (TransferState.SENT, Tally(sent=1), "")),
        ((400, {}, b"<html>"), (TransferState.QUEUED, Tally(failed=1), "some_objects_refused")),
        ((401, {}, b""), (TransferState.QUEUED, Tally(due=1), "http_401")),
        ((503, {}, b""), (TransferState.QUEUED, Tally(due=1), "http_503")),
        ((302, {"Location": "http://127.0.0.1:9/"}, b""), (TransferState.QUEUED, Tally(due=1), "http_302")),
    ],
)
def test_each_answer_means_what_the_standard_says(
    platform: Platform,
    settle: Settle,
    route: Route,
    answering: tuple[type[Answering], str],
    answer: tuple[int, dict[str, str], bytes],
    expected: tuple[TransferState, Tally, str],
) -> None:
    handler, address = answering
    handler.answers.append(answer)
    a_rule(platform, some_content(a_server(platform, address, secret="s3cret"), kind=DestinationKind.SERVER))
    store_data_set(platform, a_dx_image())
    settle()
    route()
    assert state_of(platform) == expected
    assert handler.requests[0][0]["Authorization"] == "Bearer s3cret"


def test_a_server_that_does_not_read_the_form_wished_for_is_given_plain_bytes(
    platform: Platform, settle: Settle, route: Route, answering: tuple[type[Answering], str]
) -> None:
    handler, address = answering
    handler.answers.extend([(415, {}, b""), (200, {}, b"{}")])
    content = some_content(a_server(platform, address), kind=DestinationKind.SERVER, transfer_syntax_uid=uid.JPEGLSLossless)
    a_rule(platform, content)
    store_data_set(platform, a_dx_image())
    settle()
    route()
    assert state_of(platform)[0] is TransferState.SENT
    first, second = (body for _, body in handler.requests)
    assert uid.JPEGLSLossless.encode() in first
    assert uid.ExplicitVRLittleEndian.encode() in second


def test_a_secret_is_sealed_and_does_not_move_with_the_address(platform: Platform) -> None:
    administrator = a_user(platform, Role.ADMINISTRATOR)
    server = add_server(platform, administrator, name="A", base_url="https://a.example.org/dicom-web", secret="canary-secret")
    with platform.database.read(platform.tenant) as tx:
        rows = tx.execute(text("select cast(s as text) from dicomweb_servers s")).scalars().all()
        kept = get_server(tx, administrator, server.server_id)
        assert web_destination(platform, tx, server.server_id).secret == "canary-secret"
        assert "canary" not in repr(web_destination(platform, tx, server.server_id))
    assert all(b"canary".hex() not in row and "canary" not in row for row in rows)
    moved = change_server(platform, administrator, replace(kept, base_url="https://b.example.org/dicom-web"))
    assert moved.secret is None


@pytest.mark.parametrize(
    "address",
    [
        "http://archive.example.org/dicom-web",
        "https://user:pass@archive.example.org/",
        "https://archive.example.org/?x=1",
        "ftp://127.0.0.1/",
        "https:///studies",
        "https://archive.example.org:port/",
        "file:///etc/passwd",
    ],
)
def test_an_address_that_would_leave_in_clear_or_means_something_else_is_refused(platform: Platform, address: str) -> None:
    with pytest.raises(InvalidInput):
        a_server(platform, address)
