"""Both wires to the workitems of one tenant, and a peer that takes event reports."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE, evt
from pynetdicom.dimse_primitives import N_EVENT_REPORT
from pynetdicom.events import Event

from negatoscope.access.devices import register_device
from negatoscope.access.model import Action, Role, system_subject
from negatoscope.access.tokens import create_token
from negatoscope.doors.dicomweb.application import create_dicomweb
from negatoscope.doors.dimse.limits import Limits
from negatoscope.doors.dimse.server import serving
from negatoscope.doors.dimse.workitem_reports import REPORT_WORKITEMS, SEND_WORKITEM_REPORTS
from negatoscope.platform.runtime import Platform
from tests.builders.subjects import a_user
from tests.builders.web_client import TestClient
from tests.builders.workitem_wires import EVENT, DimseWire, WebWire, Wire, a_device


def token_of(platform: Platform, *roles: Role) -> str:
    """Return a bearer token of a new account with these roles."""
    user = a_user(platform, *roles)
    assert user.user_id is not None
    operator = system_subject(platform.tenant, "tests")
    return create_token(platform, operator, user_id=user.user_id, title="tests")[0]


def web_client(platform: Platform, *roles: Role) -> TestClient:
    """Return a client of the DICOMweb application, signed in with these roles."""
    headers = {"Authorization": f"Bearer {token_of(platform, *roles)}"} if roles else {}
    return TestClient(create_dicomweb(platform), headers=headers)


@pytest.fixture
def web(platform: Platform) -> WebWire:
    return WebWire(web_client(platform, Role.RADIOLOGIST))


@pytest.fixture
def port(platform: Platform) -> Iterator[int]:
    with serving(platform, limits=Limits(idle_s=1e9)) as port:  # the clock is turned by weeks while a device stays associated
        yield port


@pytest.fixture
def dimse(port: int) -> Iterator[DimseWire]:
    with a_device(port) as device:
        yield device


@pytest.fixture(params=["dimse", "web"])
def wire(request: pytest.FixtureRequest) -> Wire:
    found: Wire = request.getfixturevalue(request.param)
    return found


class Listener:
    """A device that takes event reports, and can refuse to."""

    def __init__(self) -> None:
        self.reports: list[tuple[str, int, Dataset]] = []
        self.status = 0x0000
        self.arrived = threading.Semaphore(0)

    def take(self, event: Event) -> tuple[int, None]:
        request = event.request
        assert isinstance(request, N_EVENT_REPORT)
        assert request.AffectedSOPClassUID == "1.2.840.10008.5.1.4.34.6.1"
        self.reports.append((str(request.AffectedSOPInstanceUID), int(event.event_type or 0), event.event_information))
        self.arrived.release()
        return self.status, None

    def states(self, uid: str) -> list[str]:
        """Return the states told of a workitem, in the order in which they came."""
        return [str(told.ProcedureStepState) for about, kind, told in self.reports if about == uid and kind == 1]

    def kinds(self, uid: str) -> list[int]:
        return [kind for about, kind, _ in self.reports if about == uid]


@pytest.fixture
def listener(platform: Platform) -> Iterator[Listener]:
    """A registered device WATCHER with an address, at which it listens."""
    listener = Listener()
    entity = AE(ae_title="WATCHER")
    entity.add_supported_context(EVENT, scu_role=True, scp_role=True)
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_N_EVENT_REPORT, listener.take)])
    assert server is not None
    assert server.socket is not None
    register_device(
        platform,
        a_user(platform, Role.ADMINISTRATOR),
        ae_title="WATCHER",
        description="Listens",
        addresses=["127.0.0.1"],
        services=[Action.WATCH_WORKITEMS],
        host="127.0.0.1",
        port=server.socket.getsockname()[1],
    )
    yield listener
    server.shutdown()


@pytest.fixture
def deliver(react: Callable[..., int], run_jobs: Callable[..., int]) -> Callable[[], int]:
    """Send the reports that wait, as the worker does; return how many jobs ran."""

    def run() -> int:
        react(REPORT_WORKITEMS)
        return run_jobs(SEND_WORKITEM_REPORTS)

    return run
