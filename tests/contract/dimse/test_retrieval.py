"""C-MOVE and C-GET with real peers: the bytes that were stored, to listed destinations only, with their counts."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import uid
from pydicom.dataset import Dataset
from pynetdicom import AE, build_context, build_role, evt
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.events import Event

from negatoscope.access.devices import register_device
from negatoscope.access.model import Action, Role
from negatoscope.archive.studies import get_study
from negatoscope.audit.reading import list_accesses
from negatoscope.platform.runtime import Platform
from tests.builders.archive import store_data_set
from tests.builders.compressed import a_compressed_image
from tests.builders.dicom import a_ct_slice, a_dx_image, bare_bytes
from tests.builders.subjects import a_user
from tests.contract.dimse.peers import associated, run_dcmtk

DX = "1.2.840.10008.5.1.4.1.1.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"
PATIENT_ROOT_GET = "1.2.840.10008.5.1.4.1.2.1.3"


def data_set_of(request: C_STORE) -> bytes:
    assert isinstance(request.DataSet, BytesIO)
    return request.DataSet.getvalue()


class Receiver:
    """A storage provider that keeps what it is sent, and can be told to fail."""

    def __init__(self, syntaxes: list[str]) -> None:
        self.received: dict[str, bytes] = {}
        self.originators: set[tuple[str, int]] = set()
        self.status = 0x0000
        entity = AE(ae_title="VIEWER")
        for sop_class in (DX, CT):
            entity.add_supported_context(sop_class, syntaxes)
        server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, self.take)])
        assert server is not None
        assert server.socket is not None
        self.server = server
        self.port = int(server.socket.getsockname()[1])

    def take(self, event: Event) -> int:
        request = event.request
        assert isinstance(request, C_STORE)
        self.received[str(request.AffectedSOPInstanceUID)] = data_set_of(request)
        self.originators.add((str(request.MoveOriginatorApplicationEntityTitle), request.MoveOriginatorMessageID or 0))
        return self.status


@pytest.fixture
def start_receiver() -> Iterator[Callable[..., Receiver]]:
    started: list[Receiver] = []

    def start(*syntaxes: str) -> Receiver:
        started.append(Receiver(list(syntaxes or (uid.ExplicitVRLittleEndian, uid.ImplicitVRLittleEndian, uid.JPEGLSLossless))))
        return started[-1]

    yield start
    for receiver in started:
        receiver.server.shutdown()


def list_destination(platform: Platform, ae_title: str, port: int) -> None:
    register_device(
        platform,
        a_user(platform, Role.ADMINISTRATOR),
        ae_title=ae_title,
        description="Viewer of the tests",
        addresses=["127.0.0.1"],
        services=[Action.RETRIEVE_IMAGES],
        host="127.0.0.1",
        port=port,
    )


def an_identifier(level: str, **keys: object) -> Dataset:
    identifier = Dataset()
    identifier.QueryRetrieveLevel = level
    for keyword, value in keys.items():
        setattr(identifier, keyword, value)
    return identifier


def move(port: int, identifier: Dataset, destination: str) -> list[Dataset]:
    with associated(port, STUDY_ROOT_MOVE) as association:
        return [status for status, _ in association.send_c_move(identifier, destination, STUDY_ROOT_MOVE, msg_id=9)]


def a_study(platform: Platform, count: int = 3) -> list[Dataset]:
    first = a_dx_image()
    images = [first]
    images += [a_dx_image(StudyInstanceUID=first.StudyInstanceUID, InstanceNumber=number) for number in range(2, count + 1)]
    for image in images:
        store_data_set(platform, image)
    return images


def test_a_study_moves_bit_for_bit_with_its_counts(
    platform: Platform, port: int, start_receiver: Callable[..., Receiver]
) -> None:
    receiver = start_receiver()
    list_destination(platform, "VIEWER", receiver.port)
    images = a_study(platform)
    statuses = move(port, an_identifier("STUDY", StudyInstanceUID=images[0].StudyInstanceUID), "VIEWER")
    assert [status.Status for status in statuses] == [0xFF00, 0xFF00, 0x0000]
    assert [status.NumberOfRemainingSuboperations for status in statuses[:-1]] == [2, 1]
    assert (statuses[-1].NumberOfCompletedSuboperations, statuses[-1].NumberOfFailedSuboperations) == (3, 0)
    assert receiver.received == {str(image.SOPInstanceUID): bare_bytes(image) for image in images}
    assert receiver.originators == {("DX1", 9)}
    with platform.database.read(platform.tenant) as tx:
        patient_id = get_study(tx, str(images[0].StudyInstanceUID)).patient_id
        (sent,) = [entry for entry in list_accesses(tx, patient_id=patient_id) if entry.action == "images_sent"]
    assert sent.objects == {"destination": "VIEWER", "images": 3}


def test_a_compressed_object_goes_as_it_is_or_decoded_to_a_destination_that_does_not_read_it(
    platform: Platform, port: int, start_receiver: Callable[..., Receiver]
) -> None:
    image = a_compressed_image(uid.JPEGLSLossless)
    store_data_set(platform, image, uid.JPEGLSLossless)
    reads_it, reads_native_only = start_receiver(), start_receiver(uid.ExplicitVRLittleEndian)
    list_destination(platform, "MODERN", reads_it.port)
    list_destination(platform, "OLD", reads_native_only.port)
    identifier = an_identifier("STUDY", StudyInstanceUID=image.StudyInstanceUID)
    assert move(port, identifier, "MODERN")[-1].Status == 0x0000
    assert move(port, identifier, "OLD")[-1].Status == 0x0000
    assert reads_it.received[image.SOPInstanceUID] == bare_bytes(image, uid.JPEGLSLossless)
    pixels = a_dx_image().PixelData
    assert pixels in reads_native_only.received[image.SOPInstanceUID]


@pytest.mark.parametrize("destination", ["UNLISTED", "NEGATOSCOPE", "VIEWER@127", "../VIEWER"])
def test_attack_29_an_unlisted_destination_and_ourselves_are_refused_without_a_connection(
    platform: Platform, port: int, destination: str, start_receiver: Callable[..., Receiver]
) -> None:
    receiver = start_receiver()
    list_destination(platform, "NEGATOSCOPE", receiver.port)
    images = a_study(platform, 1)
    statuses = move(port, an_identifier("STUDY", StudyInstanceUID=images[0].StudyInstanceUID), destination)
    assert [status.Status for status in statuses] == [0xA801]
    assert not receiver.received


def test_a_destination_that_does_not_listen_is_out_of_resources(platform: Platform, port: int) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        list_destination(platform, "VIEWER", unused.getsockname()[1])
        images = a_study(platform, 1)
        statuses = move(port, an_identifier("STUDY", StudyInstanceUID=images[0].StudyInstanceUID), "VIEWER")
    assert [status.Status for status in statuses] == [0xA702]


def test_failed_suboperations_are_counted_and_named(
    platform: Platform, port: int, start_receiver: Callable[..., Receiver]
) -> None:
    receiver = start_receiver()
    receiver.status = 0xA700
    list_destination(platform, "VIEWER", receiver.port)
    images = a_study(platform, 2)
    with associated(port, STUDY_ROOT_MOVE) as association:
        identifier = an_identifier("STUDY", StudyInstanceUID=images[0].StudyInstanceUID)
        status, failed = list(association.send_c_move(identifier, "VIEWER", STUDY_ROOT_MOVE))[-1]
    assert (status.Status, status.NumberOfFailedSuboperations) == (0xA702, 2)
    assert failed is not None
    assert set(failed.FailedSOPInstanceUIDList) == {image.SOPInstanceUID for image in images}


def test_what_nobody_has_is_moved_with_success_and_no_object(
    platform: Platform, port: int, start_receiver: Callable[..., Receiver]
) -> None:
    list_destination(platform, "VIEWER", start_receiver().port)
    statuses = move(port, an_identifier("STUDY", StudyInstanceUID="1.2.3.4"), "VIEWER")
    assert [(status.Status, status.NumberOfCompletedSuboperations) for status in statuses] == [(0x0000, 0)]


@pytest.mark.parametrize(
    "identifier",
    [an_identifier("STUDY", StudyInstanceUID=""), an_identifier("SERIES", SeriesInstanceUID="1.2"), an_identifier("PATIENT")],
    ids=["empty", "no study", "level"],
)
def test_an_identifier_that_does_not_fit_is_refused(
    platform: Platform, port: int, identifier: Dataset, start_receiver: Callable[..., Receiver]
) -> None:
    list_destination(platform, "VIEWER", start_receiver().port)
    assert [status.Status for status in move(port, identifier, "VIEWER")] == [0xA900]


def get(port: int, identifier: Dataset, model: str, *syntaxes: str) -> tuple[list[Dataset], dict[str, bytes]]:
    received: dict[str, bytes] = {}

    def take(event: Event) -> int:
        request = event.request
        assert isinstance(request, C_STORE)
        received[str(request.AffectedSOPInstanceUID)] = data_set_of(request)
        return 0x0000

    entity = AE(ae_title="VIEWER")
    entity.requested_contexts = [build_context(model), *(build_context(DX, syntax) for syntax in syntaxes)]
    association = entity.associate(
        "127.0.0.1",
        port,
        ae_title="NEGATOSCOPE",
        ext_neg=[build_role(DX, scp_role=True)],
        evt_handlers=[(evt.EVT_C_STORE, take)],
    )
    assert association.is_established
    statuses = [status for status, _ in association.send_c_get(identifier, model)]
    association.release()
    return statuses, received


def test_a_study_is_got_bit_for_bit(platform: Platform, port: int) -> None:
    images = a_study(platform)
    identifier = an_identifier("STUDY", StudyInstanceUID=images[0].StudyInstanceUID)
    statuses, received = get(port, identifier, STUDY_ROOT_GET, uid.ExplicitVRLittleEndian)
    assert [status.Status for status in statuses] == [0xFF00, 0xFF00, 0x0000]
    assert received == {str(image.SOPInstanceUID): bare_bytes(image) for image in images}


def test_a_patient_is_got_by_identifier(platform: Platform, port: int) -> None:
    images = a_study(platform, 1)
    identifier = an_identifier("PATIENT", PatientID=images[0].PatientID)
    statuses, received = get(port, identifier, PATIENT_ROOT_GET, uid.ExplicitVRLittleEndian)
    assert statuses[-1].Status == 0x0000
    assert set(received) == {images[0].SOPInstanceUID}


def test_an_object_without_a_context_on_the_peers_side_fails_alone(platform: Platform, port: int) -> None:
    image = a_dx_image()
    slice_of_the_same_study = a_ct_slice(StudyInstanceUID=image.StudyInstanceUID)
    store_data_set(platform, image)
    store_data_set(platform, slice_of_the_same_study)
    identifier = an_identifier("STUDY", StudyInstanceUID=image.StudyInstanceUID)
    statuses, received = get(port, identifier, STUDY_ROOT_GET, uid.ExplicitVRLittleEndian)
    assert statuses[-1].Status == 0xB000
    assert (statuses[-1].NumberOfCompletedSuboperations, statuses[-1].NumberOfFailedSuboperations) == (1, 1)
    assert set(received) == {image.SOPInstanceUID}


def test_an_object_of_many_units_is_got_whole(platform: Platform, port: int) -> None:
    image = a_dx_image(rows=1700, columns=1300)
    store_data_set(platform, image)
    identifier = an_identifier("STUDY", StudyInstanceUID=image.StudyInstanceUID)
    _, received = get(port, identifier, STUDY_ROOT_GET, uid.ExplicitVRLittleEndian)
    assert received == {str(image.SOPInstanceUID): bare_bytes(image)}


def test_getscu_of_dcmtk_is_served(platform: Platform, port: int, tmp_path: Path) -> None:
    images = a_study(platform, 2)
    folder = tmp_path / "got"
    folder.mkdir()
    keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={images[0].StudyInstanceUID}")
    run_dcmtk("getscu", "-v", "-S", "-aec", "NEGATOSCOPE", "-od", str(folder), *keys, "127.0.0.1", str(port))
    assert len(list(folder.iterdir())) == 2


def test_movescu_of_dcmtk_is_served(platform: Platform, port: int, start_receiver: Callable[..., Receiver]) -> None:
    receiver = start_receiver()
    list_destination(platform, "VIEWER", receiver.port)
    images = a_study(platform, 2)
    keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={images[0].StudyInstanceUID}")
    run_dcmtk("movescu", "-v", "-S", "-aec", "NEGATOSCOPE", "-aem", "VIEWER", *keys, "127.0.0.1", str(port))
    assert set(receiver.received) == {image.SOPInstanceUID for image in images}
