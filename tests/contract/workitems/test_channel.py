"""The channel of UPS-RS on a real server: told in order, kept while away, closed to whoever may not follow."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import httpx
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server
from pydicom.dataset import Dataset
from sqlalchemy import text

from negatoscope.access.model import Role
from negatoscope.doors.web.application import create_application
from negatoscope.formats.dicom.uids import new_uid
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.runtime import Platform
from tests.builders.web_client import TestClient, sign_in
from tests.builders.websocket_peer import WebSocketPeer, WebSocketRefused
from tests.builders.workitem_wires import FILTERED, GLOBAL, DimseWire, WebWire, a_device
from tests.builders.workitems import a_performance, a_progress, a_workitem
from tests.contract.workitems.conftest import token_of

LOCK = "2.25.111"
PATH = "/dicom-web/subscribers/WATCHER"


@pytest.fixture
def server(platform: Platform) -> Iterator[int]:
    """Serve the whole web application on a free port, as the product does."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    app = create_application(platform)
    server = Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_until_complete, args=(server.serve(),))
    thread.start()
    for _ in range(3000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        threading.Event().wait(0.01)
    yield port
    loop.call_soon_threadsafe(server.stop)
    thread.join()
    loop.close()


class Program:
    """A program with one bearer token: UPS-RS requests, and channels of its own."""

    def __init__(self, platform: Platform, port: int, *roles: Role) -> None:
        self.headers = {"Authorization": f"Bearer {token_of(platform, *roles)}"}
        self.port = port
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}/dicom-web", headers=self.headers, timeout=30)
        self.wire = WebWire(self.http)  # type: ignore[arg-type]  # the same requests as the test client

    def open(self, path: str = PATH) -> WebSocketPeer:
        return WebSocketPeer(self.port, path, self.headers)

    def subscribe(self, uid: str, *, method: str = "POST", query: str = "", tail: str = "") -> httpx.Response:
        return self.http.request(method, f"/workitems/{uid}/subscribers/WATCHER{tail}{query}")


@pytest.fixture
def program(platform: Platform, server: int) -> Iterator[Program]:
    program = Program(platform, server, Role.RADIOLOGIST)
    yield program
    program.http.close()


def told(report: dict[str, object]) -> tuple[str, int, str]:
    def value(tag: str) -> object:
        element = report.get(tag)
        return element["Value"][0] if isinstance(element, dict) else ""

    return str(value("00001000")), int(str(value("00001002"))), str(value("00741000"))


def test_a_subscriber_is_told_on_its_channel_in_order_and_what_it_missed(program: Program, platform: Platform) -> None:
    wire, uid = program.wire, new_uid()
    with program.open() as channel:
        wire.create(uid, a_workitem())
        subscribed = program.subscribe(uid, query="?deletionlock=true")
        assert subscribed.status_code == 201
        assert subscribed.headers["content-location"] == f"ws://127.0.0.1:{program.port}{PATH}"
        first = channel.read()
        assert told(first) == (uid, 1, "SCHEDULED")
        assert first["00000002"] == {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.34.6.1"]}
        assert first["00404041"] == {"vr": "CS", "Value": ["READY"]}
        wire.change_state(uid, "IN PROGRESS", LOCK)
        wire.update(uid, a_progress(), LOCK)
        assert told(channel.read()) == (uid, 1, "IN PROGRESS")
        progress = channel.read()
        assert told(progress)[:2] == (uid, 3)
        assert progress["00741002"]["Value"][0]["00741004"]["Value"] == [50.0]
    wire.update(uid, a_performance(), LOCK)
    wire.change_state(uid, "COMPLETED", LOCK)
    with program.open() as channel:
        reports = [told(channel.read()) for _ in range(4)]
    assert reports[-1] == (uid, 1, "COMPLETED")
    assert [kind for _, kind, _ in reports] == [1, 1, 3, 1]


def test_what_was_told_long_ago_is_not_told_again(program: Program, clock: TurnedClock) -> None:
    first, second = new_uid(), new_uid()
    program.wire.create(first, a_workitem())
    with program.open() as channel:
        program.subscribe(first)
        assert told(channel.read())[0] == first
        program.wire.create(second, a_workitem())
        program.subscribe(second)
        assert told(channel.read())[0] == second
    clock.turn(timedelta(minutes=5))
    program.wire.change_state(second, "IN PROGRESS", LOCK)
    with program.open() as channel:
        # That the second was told may not have been noted before the channel ended; that the first was, it was.
        assert first not in {told(channel.read())[0]}


def test_global_and_filtered_subscriptions_by_http(program: Program) -> None:
    assert program.subscribe(FILTERED).status_code == 400
    assert program.subscribe(FILTERED, query="?filter=WorklistLabel=AI,ProcedureStepState=SCHEDULED").status_code == 201
    with program.open() as channel:
        ours, other = new_uid(), new_uid()
        program.wire.create(other, a_workitem(WorklistLabel="DESK"))
        program.wire.create(ours, a_workitem())
        assert told(channel.read()) == (ours, 1, "SCHEDULED")
    assert program.subscribe(FILTERED, tail="/suspend").status_code == 200
    assert program.subscribe(FILTERED, tail="/suspend").status_code == 404
    assert program.subscribe(GLOBAL, query="?deletionlock=perhaps").status_code == 400
    assert program.subscribe(GLOBAL).status_code == 201
    assert program.subscribe(ours, method="DELETE").status_code == 200
    assert program.subscribe(ours, method="DELETE").status_code == 404
    assert program.subscribe(GLOBAL, method="DELETE").status_code == 200
    assert program.subscribe(GLOBAL, method="DELETE").status_code == 404
    assert program.subscribe(new_uid()).status_code == 404


def test_changes_by_a_device_are_told_to_a_program(program: Program, port: int) -> None:
    uid = new_uid()
    with a_device(port) as device, program.open() as channel:
        program.subscribe(GLOBAL)
        device.create(uid, a_workitem())
        assert told(channel.read()) == (uid, 1, "SCHEDULED")
        device.request_cancel(uid)
        cancel = channel.read()
        assert told(cancel)[:2] == (uid, 2)
        assert cancel["00741236"]["Value"] == ["AI1"]
        assert [told(channel.read())[2] for _ in range(2)] == ["IN PROGRESS", "CANCELED"]


def refused(open_channel: Callable[[], WebSocketPeer]) -> bool:
    """Tell whether the server does not switch, or closes at once."""
    try:
        with open_channel() as channel:
            channel.read()
    except WebSocketRefused as refusal:
        return refusal.status in {400, 401, 403}
    except EOFError:
        return True
    return False


def test_a_channel_is_open_to_its_owner_alone(program: Program, platform: Platform, server: int) -> None:
    with program.open():
        pass
    other = Program(platform, server, Role.RADIOLOGIST)
    referrer = Program(platform, server, Role.REFERRER)
    assert refused(other.open)
    assert other.subscribe(GLOBAL).status_code == 403
    assert refused(lambda: referrer.open("/dicom-web/subscribers/MINE"))
    assert refused(lambda: WebSocketPeer(server, PATH, {}))
    assert refused(lambda: WebSocketPeer(server, PATH, {"Authorization": "Bearer nonsense"}))
    with platform.database.read(platform.tenant) as tx:
        refusals = tx.execute(
            text("select count(*) from audit_entries where action = 'watch_workitems' and outcome = 'refused'")
        ).scalar_one()
    assert refusals > 0
    for program_ in (other, referrer):
        program_.http.close()


def test_a_foreign_page_opens_no_channel_with_the_cookie_of_a_person(platform: Platform, server: int) -> None:
    browser = TestClient(create_application(platform))
    sign_in(browser, platform, Role.RADIOLOGIST)
    cookie = f"session={browser.cookies['session']}"
    own = {"Cookie": cookie, "Origin": f"http://127.0.0.1:{server}"}
    with WebSocketPeer(server, PATH, own):
        pass
    assert refused(lambda: WebSocketPeer(server, PATH, own | {"Origin": "https://evil.example"}))
    assert refused(lambda: WebSocketPeer(server, PATH, {"Cookie": cookie}))


def test_who_loses_the_right_is_cut_off(program: Program, platform: Platform, clock: TurnedClock, dimse: DimseWire) -> None:
    with program.open() as channel:
        uid = new_uid()
        program.wire.create(uid, a_workitem())
        program.subscribe(uid)
        assert told(channel.read())[0] == uid
        with platform.database.transaction(platform.tenant) as tx:
            tx.execute(text("update api_tokens set revoked_at = now()"))
        clock.turn(timedelta(seconds=10))
        # Whatever happens in the department makes the channel look again; nothing happening does so by itself.
        dimse.create(new_uid(), a_workitem())
        with pytest.raises(EOFError, match="1008"):
            channel.read()


def test_bodies_that_are_no_workitem_are_refused_exactly(web: WebWire) -> None:
    json_type = {"Content-Type": "application/dicom+json"}
    uid = new_uid()
    assert web.create(uid, a_workitem()) == "201"
    for content, headers, status in (
        (b"{", json_type, 400),
        (b"[{}, {}]", json_type, 400),
        (b'{"00741000":{"vr":"CS","BulkDataURI":"file:///etc/passwd"}}', json_type, 400),
        (b"<?xml version='1.0'?>", {"Content-Type": 'multipart/related; type="application/dicom+xml"'}, 415),
        (b"{}", json_type | {"Content-Encoding": "gzip"}, 415),
        (b" " * ((1 << 20) + 1), json_type, 413),
        (b"{}", json_type, 400),
    ):
        assert web.client.post("/workitems", content=content, headers=headers).status_code == status, content[:40]
    assert web.client.get(f"/workitems/{uid}", headers={"Accept": "image/png"}).status_code == 406
    assert web.client.get(f"/workitems/{uid}?accept=application/dicom%2Bjson").status_code == 200


def test_refusals_say_in_their_header_what_was_wrong(web: WebWire) -> None:
    uid = new_uid()
    web.create(uid, a_workitem(WorklistLabel=""))
    assert web.warning == "The Workitem was created with modifications."
    web.change_state(uid, "IN PROGRESS")
    assert web.warning == "The Transaction UID is missing."
    web.update(uid, a_progress(), LOCK)
    assert web.warning == "The target URI did not reference a claimed Workitem."
    web.change_state(uid, "IN PROGRESS", LOCK)
    assert web.warning == ""
    web.change_state(uid, "COMPLETED", "2.25.9")
    assert web.warning == "The Transaction UID is incorrect."
    web.request_cancel(uid)
    assert web.warning == "The performer cannot be contacted."
    web.change_state(uid, "CANCELED", LOCK)
    web.change_state(uid, "CANCELED", LOCK)
    assert web.warning == "The UPS is already in the requested state of CANCELED."
    web.update(uid, a_progress(), LOCK)
    assert web.warning == "The submitted request is inconsistent with the current state of the Workitem."


def test_the_workitem_is_named_in_each_way_the_standard_writes_it(web: WebWire) -> None:
    in_body = a_workitem(SOPInstanceUID=new_uid())
    assert web.send("POST", "/workitems", in_body) == "201"
    bare = new_uid()
    assert web.send("POST", f"/workitems?{bare}", a_workitem()) == "201"
    assert {web.get(uid)[0] for uid in (bare, in_body.SOPInstanceUID)} == {"200"}
    response = web.client.post("/workitems", content=b"", headers={"Content-Type": "application/dicom+json"})
    assert response.status_code == 400
    assert web.change_state(bare, "IN PROGRESS", LOCK) == "200"
    assert web.send("POST", f"/workitems/{bare}?{LOCK}", a_progress()) == "200"
    inner = Dataset()
    inner.TransactionUID = LOCK
    inner.update(a_progress("60"))
    assert web.send("POST", f"/workitems/{bare}", inner) == "200"
    assert web.send("POST", f"/workitems/{bare}?transaction-uid=2.25.5", inner) == "400"


def test_pages_of_a_search_say_that_there_is_more(web: WebWire) -> None:
    uids = [new_uid() for _ in range(3)]
    for place, uid in enumerate(uids):
        web.create(uid, a_workitem(ScheduledProcedureStepStartDateTime=f"2026031{place}0900"))
    first = web.client.get("/workitems?limit=2&fuzzymatching=true")
    assert first.status_code == 206
    assert [match["00080018"]["Value"][0] for match in first.json()] == uids[:2]
    assert "additional results" in first.headers["warning"]
    rest = web.client.get("/workitems?limit=2&offset=2&includefield=all")
    assert (rest.status_code, [match["00080018"]["Value"][0] for match in rest.json()]) == (200, uids[2:])
    assert web.client.get("/workitems?PatientID=NOBODY").status_code == 204
    for query in ("limit=x", "Nonsense=1", "ScheduledProcedureStepStartDateTime=soon"):
        assert web.client.get(f"/workitems?{query}").status_code == 400
    assert {"00741000", "00741204", "00404005", "00100010", "00741216"} <= set(first.json()[0])
