"""Storage commitment: confirmed are the objects whose bytes are still what was written, and no others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pynetdicom import AE, build_context, evt
from pynetdicom.association import Association as PeerAssociation
from pynetdicom.events import Event
from sqlalchemy import text

from negatoscope.access.devices import register_device
from negatoscope.access.model import Action, Role
from negatoscope.doors.dimse.commitment import REREAD_AT_ONCE
from negatoscope.doors.dimse.commitment_job import REPORT_COMMITMENT
from negatoscope.doors.dimse.door import WORKER_THREADS
from negatoscope.doors.dimse.server import bind
from negatoscope.formats.dicom.uids import new_uid
from negatoscope.platform.blobs.port import BlobReader, BlobRef, BlobStore
from negatoscope.platform.runtime import Platform
from tests.builders.archive import store_data_set
from tests.builders.dicom import a_dx_image
from tests.builders.subjects import a_user
from tests.contract.dimse.peers import send

COMMITMENT = "1.2.840.10008.1.20.1"
INSTANCE = "1.2.840.10008.1.20.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"


class Reports:
    """The reports that a device was sent."""

    def __init__(self) -> None:
        self.arrived = threading.Event()
        self.event_type_id = 0
        self.information = Dataset()
        self.status = 0x0000

    def take(self, event: Event) -> tuple[int, None]:
        self.event_type_id = event.event_type or 0
        self.information = event.event_information
        self.arrived.set()
        return self.status, None

    def failures(self) -> dict[str, int]:
        items = self.information.get("FailedSOPSequence") or ()
        return {str(item.ReferencedSOPInstanceUID): int(item.FailureReason) for item in items}

    def kept(self) -> set[str]:
        return {str(item.ReferencedSOPInstanceUID) for item in self.information.get("ReferencedSOPSequence") or ()}


def a_request(*objects: tuple[str, str]) -> Dataset:
    request = Dataset()
    request.TransactionUID = new_uid()
    items = []
    for sop_class_uid, sop_instance_uid in objects:
        item = Dataset()
        item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = sop_class_uid, sop_instance_uid
        items.append(item)
    request.ReferencedSOPSequence = Sequence(items)
    return request


@pytest.fixture
def reports() -> Reports:
    return Reports()


def ask_to_be_told(port: int, reports: Reports) -> PeerAssociation:
    """Associate as a device that takes its reports on the same association."""
    entity = AE(ae_title="DX1")
    entity.requested_contexts = [build_context(COMMITMENT)]
    association = entity.associate(
        "127.0.0.1", port, ae_title="NEGATOSCOPE", evt_handlers=[(evt.EVT_N_EVENT_REPORT, reports.take)]
    )
    assert association.is_established
    return association


@pytest.fixture
def device(port: int, reports: Reports) -> Iterator[PeerAssociation]:
    association = ask_to_be_told(port, reports)
    yield association
    association.release()


def test_a_device_without_an_address_is_answered_on_its_association(
    platform: Platform, device: PeerAssociation, reports: Reports
) -> None:
    images = [a_dx_image(), a_dx_image()]
    for image in images:
        store_data_set(platform, image)
    request = a_request(*((image.SOPClassUID, image.SOPInstanceUID) for image in images))
    status, _ = device.send_n_action(request, 1, COMMITMENT, INSTANCE)
    assert status.Status == 0x0000
    assert reports.arrived.wait(10)
    assert reports.event_type_id == 1
    assert reports.information.TransactionUID == request.TransactionUID
    assert reports.kept() == {image.SOPInstanceUID for image in images}
    assert not reports.failures()


def damage(platform: Platform, sop_instance_uid: str) -> None:
    """Flip one bit of the stored file of an instance."""
    with platform.database.read(platform.tenant) as tx:
        query = text("select blob_key from instances where sop_instance_uid = :uid")
        key = tx.execute(query, {"uid": sop_instance_uid}).scalar_one()
    path = next(path for path in platform.settings.data.rglob("*") if path.is_file() and key.rpartition("/")[2] in path.name)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)


def test_what_is_unknown_of_another_class_or_damaged_is_not_confirmed(
    platform: Platform, device: PeerAssociation, reports: Reports
) -> None:
    good, other_class, damaged = a_dx_image(), a_dx_image(), a_dx_image()
    for image in (good, other_class, damaged):
        store_data_set(platform, image)
    damage(platform, damaged.SOPInstanceUID)
    unknown = new_uid()
    request = a_request(
        (good.SOPClassUID, good.SOPInstanceUID),
        (CT, other_class.SOPInstanceUID),
        (damaged.SOPClassUID, damaged.SOPInstanceUID),
        (good.SOPClassUID, unknown),
    )
    device.send_n_action(request, 1, COMMITMENT, INSTANCE)
    assert reports.arrived.wait(10)
    assert reports.event_type_id == 2
    assert reports.kept() == {good.SOPInstanceUID}
    assert reports.failures() == {other_class.SOPInstanceUID: 0x0119, damaged.SOPInstanceUID: 0x0110, unknown: 0x0112}


class LaggingBlobs:
    """The real store, which gives nothing back until the test says so."""

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        self.goes_on = threading.Event()

    def open(self, ref: BlobRef) -> BlobReader:
        self.goes_on.wait(60)
        return self._store.open(ref)

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


def test_many_devices_that_want_to_be_sure_do_not_stop_reception(
    platform: Platform, serve: Callable[..., int], reports: Reports
) -> None:
    blobs = LaggingBlobs(platform.blobs)
    port = serve(blobs=blobs)
    image = a_dx_image()
    store_data_set(platform, image)
    request = a_request((image.SOPClassUID, image.SOPInstanceUID))
    with ExitStack() as stack:
        stack.callback(blobs.goes_on.set)
        for _ in range(WORKER_THREADS):
            device = ask_to_be_told(port, reports)
            stack.callback(device.release)
            assert device.send_n_action(request, 1, COMMITMENT, INSTANCE)[0].Status == 0x0000
        assert send(port, a_dx_image()) == 0x0000
        assert not reports.arrived.is_set()
        blobs.goes_on.set()
        assert reports.arrived.wait(10)
    assert reports.kept() == {image.SOPInstanceUID}


def test_more_objects_than_are_read_at_once_are_all_confirmed(
    platform: Platform, device: PeerAssociation, reports: Reports
) -> None:
    image = a_dx_image()
    store_data_set(platform, image)
    unknown = [(str(image.SOPClassUID), new_uid()) for _ in range(2 * REREAD_AT_ONCE)]
    device.send_n_action(a_request(*unknown, (image.SOPClassUID, image.SOPInstanceUID)), 1, COMMITMENT, INSTANCE)
    assert reports.arrived.wait(10)
    assert reports.kept() == {image.SOPInstanceUID}
    assert reports.failures() == {uid: 0x0112 for _, uid in unknown}


@pytest.mark.parametrize(
    ("action", "instance", "request_data", "status"),
    [
        (2, INSTANCE, a_request((CT, "1.2.3")), 0x0123),
        (1, "1.2.3", a_request((CT, "1.2.3")), 0x0112),
        (1, INSTANCE, a_request(), 0x0120),
        (1, INSTANCE, a_request((CT, "1.2/../3")), 0x0106),
    ],
    ids=["action", "instance", "nothing", "uid"],
)
def test_a_request_that_does_not_fit_is_refused(
    device: PeerAssociation, action: int, instance: str, request_data: Dataset, status: int
) -> None:
    answer, _ = device.send_n_action(request_data, action, COMMITMENT, instance)
    assert answer.Status == status


@contextmanager
def listening(reports: Reports, port: int = 0) -> Iterator[int]:
    """Listen for reports as a device does; gives the port."""
    entity = AE(ae_title="DX1")
    entity.add_supported_context(COMMITMENT, scu_role=False, scp_role=True)
    server = entity.start_server(("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_N_EVENT_REPORT, reports.take)])
    assert server is not None
    assert server.socket is not None
    yield int(server.socket.getsockname()[1])
    server.shutdown()


@pytest.fixture
def listener(reports: Reports) -> Iterator[int]:
    with listening(reports) as port:
        yield port


def list_device(platform: Platform, port: int) -> None:
    register_device(
        platform,
        a_user(platform, Role.ADMINISTRATOR),
        ae_title="DX1",
        description="Radiography room of the tests",
        addresses=["127.0.0.1"],
        services=[Action.STORE_IMAGES],
        host="127.0.0.1",
        port=port,
    )


def test_a_device_with_an_address_is_answered_by_a_job_and_once(
    platform: Platform, port: int, listener: int, reports: Reports, run_jobs: Callable[..., int]
) -> None:
    list_device(platform, listener)
    image = a_dx_image()
    store_data_set(platform, image)
    request = a_request((image.SOPClassUID, image.SOPInstanceUID))
    for _ in range(2):
        ask_for_a_report_later(port, request)
    assert not reports.arrived.is_set()
    assert run_jobs(REPORT_COMMITMENT) == 1
    assert reports.arrived.is_set()
    assert (reports.event_type_id, reports.kept()) == (1, {image.SOPInstanceUID})


def ask_for_a_report_later(port: int, request: Dataset) -> None:
    entity = AE(ae_title="DX1")
    entity.requested_contexts = [build_context(COMMITMENT)]
    association = entity.associate("127.0.0.1", port, ae_title="NEGATOSCOPE")
    assert association.send_n_action(request, 1, COMMITMENT, INSTANCE)[0].Status == 0x0000
    association.release()


def test_a_report_is_tried_again_until_the_device_listens_and_takes_it(
    platform: Platform, port: int, reports: Reports, run_jobs: Callable[..., int]
) -> None:
    with bind("127.0.0.1", 0) as held:
        address = int(held.getsockname()[1])
    list_device(platform, address)
    image = a_dx_image()
    store_data_set(platform, image)
    ask_for_a_report_later(port, a_request((image.SOPClassUID, image.SOPInstanceUID)))
    assert run_jobs(REPORT_COMMITMENT) == 1
    assert [(name, attempt) for name, _, attempt, _ in platform.jobs.waiting(platform.tenant)] == [(REPORT_COMMITMENT.name, 2)]
    reports.status = 0x0110
    with listening(reports, address):
        assert run_jobs(REPORT_COMMITMENT) == 1, "the device refuses the report"
        assert [attempt for _, _, attempt, _ in platform.jobs.waiting(platform.tenant)] == [3]
        damage(platform, image.SOPInstanceUID)
        reports.status = 0x0000
        assert run_jobs(REPORT_COMMITMENT) == 1
    assert not platform.jobs.waiting(platform.tenant)
    assert reports.failures() == {image.SOPInstanceUID: 0x0110}, "each attempt reads the bytes again"
