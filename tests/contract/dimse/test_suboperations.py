"""Sub-operations that are cancelled, warned of, or break off: the counts stay honest."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from pydicom import uid
from pydicom.dataset import Dataset
from pynetdicom import AE, build_context, build_role, evt
from pynetdicom.association import Association as PeerAssociation
from pynetdicom.events import Event
from sqlalchemy import text

from negatoscope.access.devices import register_device
from negatoscope.access.model import Action, Role
from negatoscope.archive.rejections.model import RejectionTitle
from negatoscope.archive.rejections.rejecting import reject_instances
from negatoscope.archive.study_store import list_instances
from negatoscope.platform.runtime import Platform
from tests.builders.archive import store_data_set
from tests.builders.dicom import a_dx_image
from tests.builders.subjects import a_user
from tests.contract.dimse.peers import associated

DX = "1.2.840.10008.5.1.4.1.1.1.1"
MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
GET = "1.2.840.10008.5.1.4.1.2.2.3"
MANY = 20
MESSAGE_ID = 9


class Viewer:
    """A storage provider that answers what it is told to, and waits when it is told to."""

    def __init__(self) -> None:
        self.received: list[str] = []
        self.goes_on = threading.Event()
        self.goes_on.set()
        self.statuses: Iterator[int] = iter(())

    def take(self, event: Event) -> int:
        assert self.goes_on.wait(20)
        self.received.append(str(event.request.AffectedSOPInstanceUID))  # type: ignore[union-attr]  # a C-STORE it is
        return next(self.statuses, 0x0000)


@pytest.fixture
def viewer(platform: Platform) -> Iterator[Viewer]:
    viewer = Viewer()
    entity = AE(ae_title="VIEWER")
    entity.add_supported_context(DX, uid.ExplicitVRLittleEndian)
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, viewer.take)])
    assert server is not None
    assert server.socket is not None
    register_device(
        platform,
        a_user(platform, Role.ADMINISTRATOR),
        ae_title="VIEWER",
        description="Viewer of the tests",
        addresses=["127.0.0.1"],
        services=[Action.RETRIEVE_IMAGES],
        host="127.0.0.1",
        port=int(server.socket.getsockname()[1]),
    )
    yield viewer
    viewer.goes_on.set()
    server.shutdown()


def a_study(platform: Platform, count: int) -> Dataset:
    """Store a study of so many images and return what asks for it."""
    first = a_dx_image()
    store_data_set(platform, first)
    for number in range(2, count + 1):
        store_data_set(platform, a_dx_image(StudyInstanceUID=first.StudyInstanceUID, InstanceNumber=number))
    identifier = Dataset()
    identifier.QueryRetrieveLevel, identifier.StudyInstanceUID = "STUDY", first.StudyInstanceUID
    return identifier


def test_a_move_is_cancelled_between_two_objects_and_says_what_is_left(platform: Platform, port: int, viewer: Viewer) -> None:
    identifier = a_study(platform, MANY)
    viewer.goes_on.clear()
    with associated(port, MOVE) as association:
        answers = association.send_c_move(identifier, "VIEWER", MOVE, msg_id=MESSAGE_ID)
        association.send_c_cancel(MESSAGE_ID, query_model=MOVE)
        viewer.goes_on.set()
        final = list(answers)[-1][0]
    assert final.Status == 0xFE00
    assert final.NumberOfCompletedSuboperations == len(viewer.received) < MANY
    assert final.NumberOfRemainingSuboperations + final.NumberOfCompletedSuboperations == MANY
    assert final.NumberOfFailedSuboperations == 0


def associate_to_get(port: int, take: Callable[[Event], int]) -> PeerAssociation:
    entity = AE(ae_title="GETTER")
    entity.requested_contexts = [build_context(GET), build_context(DX, uid.ExplicitVRLittleEndian)]
    association = entity.associate(
        "127.0.0.1",
        port,
        ae_title="NEGATOSCOPE",
        ext_neg=[build_role(DX, scp_role=True)],
        evt_handlers=[(evt.EVT_C_STORE, take)],
    )
    assert association.is_established
    return association


def test_a_get_is_cancelled_between_two_objects(platform: Platform, port: int) -> None:
    identifier = a_study(platform, MANY)
    taken: list[str] = []

    def take(event: Event) -> int:
        taken.append(str(event.request.AffectedSOPInstanceUID))  # type: ignore[union-attr]  # a C-STORE it is
        event.assoc.send_c_cancel(MESSAGE_ID, query_model=GET)
        return 0x0000

    association = associate_to_get(port, take)
    final = list(association.send_c_get(identifier, GET, msg_id=MESSAGE_ID))[-1][0]
    association.release()
    assert final.Status == 0xFE00
    assert len(taken) < MANY


def test_what_is_rejected_during_a_get_does_not_leave_and_is_counted_as_failed(platform: Platform, port: int) -> None:
    identifier = a_study(platform, 3)
    study_uid = str(identifier.StudyInstanceUID)
    taken: list[str] = []

    def take(event: Event) -> int:
        taken.append(str(event.request.AffectedSOPInstanceUID))  # type: ignore[union-attr]  # a C-STORE it is
        with platform.database.read(platform.tenant) as tx:
            others = [str(one.sop_instance_uid) for one in list_instances(tx, study_uid) if one.sop_instance_uid not in taken]
        images = others[:2]
        title = RejectionTitle.PATIENT_SAFETY
        reject_instances(platform, a_user(platform, Role.LEAD_RADIOLOGIST), study_uid, images, title=title, explanation="Side.")
        return 0x0000

    association = associate_to_get(port, take)
    final = list(association.send_c_get(identifier, GET))[-1][0]
    association.release()
    assert len(taken) == 1
    assert (final.NumberOfCompletedSuboperations, final.NumberOfFailedSuboperations) == (1, 2)


@pytest.mark.parametrize(
    ("statuses", "final", "completed", "warned", "failed"),
    [
        ((0x0000, 0xB000, 0x0000), 0xB000, 2, 1, 0),
        ((0xB007, 0xB006, 0xB000), 0xB000, 0, 3, 0),
        ((0x0000, 0xA700, 0xB007), 0xB000, 1, 1, 1),
        ((0xA700, 0xC000, 0x0122), 0xA702, 0, 0, 3),
    ],
)
def test_warnings_and_failures_are_counted_apart(
    platform: Platform,
    port: int,
    viewer: Viewer,
    statuses: tuple[int, ...],
    final: int,
    completed: int,
    warned: int,
    failed: int,
) -> None:
    identifier = a_study(platform, 3)
    viewer.statuses = iter(statuses)
    with associated(port, MOVE) as association:
        status, list_of_failed = list(association.send_c_move(identifier, "VIEWER", MOVE))[-1]
    assert status.Status == final
    assert status.NumberOfCompletedSuboperations == completed
    assert status.NumberOfWarningSuboperations == warned
    assert status.NumberOfFailedSuboperations == failed
    named = list_of_failed.get("FailedSOPInstanceUIDList", []) if list_of_failed is not None else []
    assert len([named] if isinstance(named, str) else named) == failed


def damage_blob_of_all(platform: Platform) -> None:
    """Cut the second half of every stored file."""
    with platform.database.read(platform.tenant) as tx:
        keys = set(tx.execute(text("select blob_key from instances")).scalars())
    names = {key.rpartition("/")[2] for key in keys}
    for path in platform.settings.data.rglob("*"):
        if path.is_file() and path.name.partition(".")[0] in {name.partition(".")[0] for name in names}:
            path.chmod(0o600)
            content = bytearray(path.read_bytes())
            content[-20] ^= 1
            path.write_bytes(content)


def test_an_object_found_damaged_half_way_ends_the_association_and_is_never_taken_for_whole(
    platform: Platform, port: int
) -> None:
    image = a_dx_image(rows=2000, columns=1500)
    store_data_set(platform, image)
    damage_blob_of_all(platform)
    identifier = Dataset()
    identifier.QueryRetrieveLevel, identifier.StudyInstanceUID = "STUDY", image.StudyInstanceUID
    taken: list[str] = []

    def take(event: Event) -> int:
        taken.append("whole")
        return 0x0000

    association = associate_to_get(port, take)
    list(association.send_c_get(identifier, GET))
    association.join(10)
    assert not taken
    assert association.is_aborted
    with associated(port, "1.2.840.10008.1.1") as other:
        assert other.send_c_echo().Status == 0x0000
