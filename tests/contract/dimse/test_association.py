"""Associations with real peers: accepted, refused, released, aborted."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydicom.dataset import FileMetaDataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, build_context
from pynetdicom.association import Association as PeerAssociation
from sqlalchemy import text

from negatoscope.access.devices import change_device, register_device
from negatoscope.access.model import Action, Role
from negatoscope.access.store.devices import Device
from negatoscope.doors.dimse.admission import admit
from negatoscope.doors.dimse.command_set import decode_command
from negatoscope.doors.dimse.pdu import PduType, Rejection
from negatoscope.doors.dimse.pdu_encoding import encode_pdu
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.database import Database
from negatoscope.platform.runtime import Platform
from tests.builders.associations import a_request, an_echo
from tests.builders.dicom import a_dx_image
from tests.builders.subjects import a_user
from tests.contract.dimse.conftest import RawPeer

ECHO = "1.2.840.10008.1.1"
DX = "1.2.840.10008.5.1.4.1.1.1.1"

Associate = Callable[..., PeerAssociation]


@pytest.fixture
def associate(port: int) -> Iterator[Associate]:
    opened: list[PeerAssociation] = []

    def open_association(*abstract_syntaxes: str, calling: str = "MODALITY", called: str = "NEGATOSCOPE") -> PeerAssociation:
        entity = AE(ae_title=calling)
        for syntax in abstract_syntaxes or (ECHO,):
            entity.add_requested_context(syntax)
        opened.append(entity.associate("127.0.0.1", port, ae_title=called))
        return opened[-1]

    yield open_association
    for association in opened:
        association.abort()


def test_echo_is_answered_to_pynetdicom(associate: Associate) -> None:
    association = associate()
    assert association.is_established
    assert association.send_c_echo().Status == 0x0000
    association.release()
    assert association.is_released


def test_echo_is_answered_to_dcmtk(port: int) -> None:
    result = subprocess.run(
        ["echoscu", "-v", "-aec", "NEGATOSCOPE", "-aet", "MODALITY", "--repeat", "3", "127.0.0.1", str(port)],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert (result.stdout + result.stderr).count("Received Echo Response (Success)") == 3


def test_a_wrong_called_ae_title_is_refused(associate: Associate) -> None:
    association = associate(called="SOMEBODY")
    assert association.is_rejected
    primitive = association.acceptor.primitive
    assert primitive is not None
    assert (primitive.result, primitive.result_source, primitive.diagnostic) == (1, 1, 7)


def test_a_stranger_learns_nothing_of_called_ae_titles_and_stands_in_the_trail(
    platform: Platform, serve: Callable[..., int], connect: Callable[[int], RawPeer]
) -> None:
    port = serve(demonstration=False)
    answers = set()
    for called in ("NEGATOSCOPE", "SOMEBODY"):
        peer = connect(port)
        peer.send(encode_pdu(a_request(called=called, calling="STRANGER")))
        answers.add(peer.receive_pdu())
    assert answers == {(PduType.ASSOCIATE_RJ, bytes((0, 1, 1, 3)))}
    with platform.database.read(platform.tenant) as tx:
        refused = tx.execute(text("select count(*) from audit_entries where action = 'associate' and outcome = 'refused'"))
        assert refused.scalar_one() == 2


def test_what_is_not_served_is_refused_by_context(associate: Associate) -> None:
    association = associate(ECHO, "1.2.840.10008.5.1.1.9")
    assert [context.abstract_syntax for context in association.accepted_contexts] == [ECHO]
    assert [context.result for context in association.rejected_contexts] == [3]


def test_a_hundred_and_twenty_eight_contexts_are_accepted(port: int) -> None:
    entity = AE(ae_title="MODALITY")
    entity.requested_contexts = [
        build_context(DX, [ImplicitVRLittleEndian if index % 2 else ExplicitVRLittleEndian]) for index in range(128)
    ]
    association = entity.associate("127.0.0.1", port, ae_title="NEGATOSCOPE")
    assert len(association.accepted_contexts) == 128
    association.release()


def test_a_deflated_context_is_refused(port: int) -> None:
    entity = AE(ae_title="MODALITY")
    entity.requested_contexts = [build_context(DX, [DeflatedExplicitVRLittleEndian]), build_context(ECHO)]
    association = entity.associate("127.0.0.1", port, ae_title="NEGATOSCOPE")
    assert [context.result for context in association.rejected_contexts] == [4]
    association.release()


def test_an_abort_of_the_peer_leaves_room_for_the_next(associate: Associate) -> None:
    for _ in range(3):
        association = associate()
        assert association.is_established
        association.abort()
    assert associate().is_established


def test_a_release_that_comes_with_the_request_for_an_echo_is_answered_after_it(
    port: int, connect: Callable[[int], RawPeer]
) -> None:
    peer = connect(port)
    peer.send(encode_pdu(a_request()))
    answer = peer.receive_pdu()
    assert answer is not None
    assert answer[0] == PduType.ASSOCIATE_AC
    peer.send(an_echo(message_id=9) + bytes((5, 0, 0, 0, 0, 4, 0, 0, 0, 0)))
    first, second = peer.receive_pdu(), peer.receive_pdu()
    assert first is not None
    assert first[0] == PduType.DATA_TF
    assert second == (PduType.RELEASE_RP, bytes(4))
    peer.close()


def test_echoes_sent_at_once_are_answered_in_their_order(port: int, connect: Callable[[int], RawPeer]) -> None:
    peer = connect(port)
    peer.send(encode_pdu(a_request()))
    peer.receive_pdu()
    peer.send(b"".join(an_echo(message_id=number) for number in range(1, 40)))
    answered = []
    for _ in range(39):
        unit = peer.receive_pdu()
        assert unit is not None
        answered.append(decode_command(unit[1][6:]).message_id_being_responded_to)
    assert answered == list(range(1, 40))


def test_a_device_may_use_its_own_services_only_and_a_refusal_stands_in_the_trail(platform: Platform, port: int) -> None:
    register_device(
        platform,
        a_user(platform, Role.ADMINISTRATOR),
        ae_title="VIEWER",
        description="Looks and sends nothing",
        addresses=["127.0.0.1"],
        services=[Action.QUERY_IMAGES],
    )
    image = a_dx_image()
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    entity = AE(ae_title="VIEWER")
    entity.requested_contexts = [build_context(DX, [ExplicitVRLittleEndian])]
    association = entity.associate("127.0.0.1", port, ae_title="NEGATOSCOPE")
    assert association.send_c_store(image).Status == 0x0124
    association.release()
    with platform.database.read(platform.tenant) as tx:
        refused = tx.execute(text("select action from audit_entries where outcome = 'refused'")).scalars().all()
    assert refused == ["store_images"]


def test_while_the_database_is_down_requests_are_refused_for_now(platform: Platform) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        dead = Database(f"postgresql://postgres@127.0.0.1:{nobody.getsockname()[1]}/negatoscope")
        assert admit(replace(platform, database=dead), a_request(), address="127.0.0.1") == Rejection.TEMPORARY_CONGESTION
        dead.close()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda device: replace(device, disabled_at=datetime(2026, 1, 1, tzinfo=UTC)), "unknown_calling_ae_title"),
        (lambda device: replace(device, certificate_sha256="0" * 64), "certificate_not_shown"),
        (lambda device: replace(device, addresses=("10.1.2.3",)), "unknown_calling_ae_title"),
        (lambda device: replace(device, services=frozenset({Action.QUERY_WORKLIST})), "device_changed"),
    ],
    ids=["disabled", "certificate", "address", "services"],
)
def test_a_device_that_is_not_let_in_any_more_is_out_within_five_seconds(
    platform: Platform,
    clock: TurnedClock,
    serve: Callable[..., int],
    connect: Callable[[int], RawPeer],
    change: Callable[[Device], Device],
    reason: str,
) -> None:
    port = serve(demonstration=False)
    administrator = a_user(platform, Role.ADMINISTRATOR)
    peers, devices = {}, {}
    for title in ("LEAVES", "STAYS"):
        devices[title] = register_device(
            platform,
            administrator,
            ae_title=title,
            description="CT",
            addresses=["127.0.0.1"],
            services=[Action.STORE_IMAGES],
        )
        peers[title] = connect(port)
        peers[title].send(encode_pdu(a_request(calling=title)))
        assert (peers[title].receive_pdu() or (0,))[0] == PduType.ASSOCIATE_AC
    change_device(platform, administrator, change(devices["LEAVES"]))
    clock.turn(timedelta(seconds=4))
    assert peers["LEAVES"].receive_pdu() == (PduType.ABORT, bytes(4))
    peers["STAYS"].send(an_echo(message_id=9))
    assert (peers["STAYS"].receive_pdu() or (0,))[0] == PduType.DATA_TF
    with platform.database.read(platform.tenant) as tx:
        found = tx.execute(text("select actor_name, reason from audit_entries where action = 'associate'")).all()
    assert [tuple(row) for row in found] == [("LEAVES", reason)]
