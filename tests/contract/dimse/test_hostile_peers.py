"""Peers that lie, dawdle or flood: closed within the limits, and nobody else waits for them."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from pydicom.dataset import Dataset
from sqlalchemy import text

from negatoscope.archive import study_store
from negatoscope.doors.dimse.command_set import DATA_SET_FOLLOWS, Command, CommandField, decode_command
from negatoscope.doors.dimse.limits import Limits
from negatoscope.doors.dimse.messages import command_units
from negatoscope.doors.dimse.pdu import (
    AssociateAccept,
    AsynchronousWindow,
    ContextResult,
    PduType,
    RoleSelection,
    UserIdentity,
)
from negatoscope.doors.dimse.pdu_decoding import decode_pdu
from negatoscope.doors.dimse.pdu_encoding import data_transfer_header, encode_pdu
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.runtime import Platform
from tests.builders.associations import EXPLICIT, IMPLICIT, VERIFICATION, a_message, a_request, an_echo
from tests.builders.dicom import a_dx_image, bare_bytes
from tests.contract.dimse.conftest import RawPeer, resident_bytes

DX = "1.2.840.10008.5.1.4.1.1.1.1"
COMMITMENT = "1.2.840.10008.1.20.1"
COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1.1"
STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
MIB = 1024 * 1024

Connect = Callable[[int], RawPeer]


def associated(peer: RawPeer, *proposals: tuple[str, tuple[str, ...]], maximum_length: int = 16384) -> RawPeer:
    peer.send(encode_pdu(a_request(*proposals, maximum_length=maximum_length)))
    answer = peer.receive_pdu()
    assert answer is not None
    assert answer[0] == PduType.ASSOCIATE_AC
    return peer


def is_served(peer: RawPeer) -> bool:
    peer.send(an_echo())
    answer = peer.receive_pdu()
    return answer is not None and answer[0] == PduType.DATA_TF


def send_until_closed(peer: RawPeer, piece: bytes, most: int) -> int:
    """Send until the other side refuses; return how much it took."""
    sent = 0
    try:
        while sent < most:
            sent += peer.socket.send(piece)
    except OSError:
        pass
    return sent


def test_attack_23_a_request_that_claims_four_gibibytes_is_aborted_at_its_header(port: int, connect: Connect) -> None:
    before = resident_bytes()
    peer = connect(port)
    peer.send(struct.pack(">BxI", PduType.ASSOCIATE_RQ, 0xFFFFFFF0))
    assert peer.receive_pdu() == (PduType.ABORT, bytes(4))
    taken = send_until_closed(peer, bytes(64 * 1024), 64 * MIB)
    assert taken < 16 * MIB, "what a socket buffer holds, no more"
    assert resident_bytes() - before < 8 * MIB
    assert is_served(associated(connect(port)))


def test_attack_23_a_request_longer_than_64_kib_is_aborted(port: int, connect: Connect) -> None:
    peer = connect(port)
    peer.send(struct.pack(">BxI", PduType.ASSOCIATE_RQ, 65537))
    unit = peer.receive_pdu()
    assert unit is not None
    assert unit[0] == PduType.ABORT


@pytest.mark.parametrize("excess", [0, 65])
def test_attack_24_data_longer_than_agreed_are_aborted_as_an_invalid_parameter(
    serve: Callable[..., int], connect: Connect, excess: int
) -> None:
    port = serve(Limits(maximum_pdu_bytes=16384))
    peer = associated(connect(port), (DX, (EXPLICIT,)))
    command = Command(
        command_field=CommandField.C_STORE_RQ,
        message_id=1,
        affected_sop_class_uid=DX,
        affected_sop_instance_uid="1.2.3",
        data_set_type=DATA_SET_FOLLOWS,
    )
    peer.send(b"".join(command_units(1, command, 16384)))
    length = 16384 + excess - 6
    peer.send(data_transfer_header(1, length, is_command=False, is_last=True) + bytes(length))
    unit = peer.receive_pdu()
    assert unit is not None
    assert unit[0] == (PduType.ABORT if excess else PduType.DATA_TF)
    if excess:
        assert unit[1] == bytes((0, 0, 2, 6))


@pytest.mark.parametrize(
    ("unit", "answer"),
    [
        (bytes((0x99, 0, 0, 0, 0, 4)) + bytes(4), bytes((0, 0, 2, 1))),
        (encode_pdu(a_request()), bytes((0, 0, 2, 2))),
        (data_transfer_header(7, 4, is_command=True, is_last=True) + bytes(4), bytes((0, 0, 2, 6))),
        (data_transfer_header(1, 4, is_command=False, is_last=True) + bytes(4), bytes((0, 0, 2, 6))),
        (data_transfer_header(1, 4, is_command=True, is_last=True) + bytes(4), bytes((0, 0, 2, 6))),
        (struct.pack(">BxIIBB", 4, 10, 0x7FFFFFFF, 1, 3) + bytes(4), bytes((0, 0, 2, 6))),
    ],
    ids=["unknown type", "second request", "unknown context", "data first", "no command", "lying length"],
)
def test_nonsense_in_an_association_is_aborted_with_its_reason(port: int, connect: Connect, unit: bytes, answer: bytes) -> None:
    peer = associated(connect(port))
    peer.send(unit)
    assert peer.receive_pdu() == (PduType.ABORT, answer)
    assert is_served(associated(connect(port)))


def test_attack_25_silent_connections_of_one_address_are_thinned_out_and_starve_nobody(
    port: int, connect: Connect, clock: TurnedClock
) -> None:
    established = associated(connect(port))
    silent = [connect(port) for _ in range(40)]
    associated(connect(port))  # connections are taken in their order: the silent ones have been
    clock.turn(timedelta(seconds=1))
    assert all(peer.receive_pdu() is None for peer in silent[16:])
    started = time.monotonic()
    assert is_served(associated(connect(port)))
    assert time.monotonic() - started < 5.0, "long before the silent ones are late"
    clock.turn(timedelta(seconds=8.9))
    assert is_served(established)
    clock.turn(timedelta(seconds=0.2))
    assert all(peer.receive_pdu() is None for peer in silent[:16])


def test_more_connections_of_one_address_than_the_limit_are_closed(serve: Callable[..., int], connect: Connect) -> None:
    port = serve(Limits(connections_per_address=3))
    kept = [associated(connect(port)) for _ in range(3)]
    assert connect(port).receive_pdu() is None
    assert all(is_served(peer) for peer in kept)


def test_a_burst_of_requests_of_one_address_is_accepted_whole(port: int, connect: Connect) -> None:
    peers = [connect(port) for _ in range(60)]
    for peer in peers:
        peer.send(encode_pdu(a_request()))
    answers = [peer.receive_pdu() for peer in peers]
    assert {answer[0] for answer in answers if answer is not None} == {PduType.ASSOCIATE_AC}
    assert all(is_served(peer) for peer in peers)


def test_more_associations_than_the_limit_are_refused_for_now(serve: Callable[..., int], connect: Connect) -> None:
    port = serve(Limits(associations=2))
    first, _ = [associated(connect(port)) for _ in range(2)]
    refused = connect(port)
    refused.send(encode_pdu(a_request()))
    assert refused.receive_pdu() == (PduType.ASSOCIATE_RJ, bytes((0, 2, 3, 2)))
    first.send(bytes((5, 0, 0, 0, 0, 4, 0, 0, 0, 0)))
    assert first.receive_pdu() == (PduType.RELEASE_RP, bytes(4))
    first.socket.shutdown(socket.SHUT_WR)
    assert first.receive_pdu() is None, "the door has closed it"
    associated(connect(port))


def test_a_refused_stranger_holds_no_association(serve: Callable[..., int], connect: Connect) -> None:
    port = serve(Limits(associations=1))
    stranger = connect(port)
    stranger.send(encode_pdu(a_request(called="SOMEBODY")))
    assert stranger.receive_pdu() == (PduType.ASSOCIATE_RJ, bytes((0, 1, 1, 7)))
    associated(connect(port))


@pytest.mark.parametrize(
    ("sent", "seconds"),
    [
        (struct.pack(">BxI", PduType.DATA_TF, 1000) + bytes(20), 30.1),
        (data_transfer_header(1, 20, is_command=True, is_last=False) + bytes(20), 60.1),
        (b"", 300.1),
    ],
    ids=["inside a unit", "between fragments", "between messages"],
)
def test_attack_26_a_peer_that_dawdles_is_aborted_at_its_deadline_and_not_before(
    port: int, connect: Connect, clock: TurnedClock, sent: bytes, seconds: float
) -> None:
    peer = associated(connect(port))
    peer.send(sent)
    other = associated(connect(port))
    assert is_served(other), "the door has read what was sent before"
    clock.turn(timedelta(seconds=seconds - 1))
    assert is_served(other)
    peer.socket.settimeout(0.8)
    with pytest.raises(TimeoutError):
        peer.receive_pdu()
    peer.socket.settimeout(10)
    clock.turn(timedelta(seconds=1))
    assert peer.receive_pdu() == (PduType.ABORT, bytes((0, 0, 2, 0)))


def test_an_identifier_without_end_is_aborted(port: int, connect: Connect) -> None:
    peer = associated(connect(port), (STUDY_ROOT_FIND, (IMPLICIT,)))
    command = Command(
        command_field=CommandField.C_FIND_RQ,
        message_id=1,
        affected_sop_class_uid=STUDY_ROOT_FIND,
        priority=0,
        data_set_type=DATA_SET_FOLLOWS,
    )
    peer.send(b"".join(command_units(1, command, 16384)))
    fragment = data_transfer_header(1, 200_000, is_command=False, is_last=False) + bytes(200_000)
    send_until_closed(peer, fragment, 6 * len(fragment))
    unit = peer.receive_pdu()
    assert unit is None or unit == (PduType.ABORT, bytes((0, 0, 2, 6)))
    assert is_served(associated(connect(port)))


def test_a_peer_that_never_reads_is_dropped_when_sending_stalls(
    serve: Callable[..., int], connect: Connect, clock: TurnedClock
) -> None:
    port = serve()
    peer = associated(connect(port))
    flood = an_echo() * 500
    peer.socket.settimeout(2)
    taken = send_until_closed(peer, flood, 400 * MIB)
    assert taken < 400 * MIB, "answers pile up, so that reading stops"
    clock.turn(timedelta(seconds=61))
    peer.socket.settimeout(10)
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        peer.socket.sendall(flood * 10)
    assert is_served(associated(connect(port)))


def test_attack_27_300_associations_store_at_once_and_none_is_lost(platform: Platform, port: int, connect: Connect) -> None:
    before = resident_bytes()
    peers = [connect(port) for _ in range(300)]
    for peer in peers:
        peer.send(encode_pdu(a_request((DX, (EXPLICIT,)))))
    answers = [peer.receive_pdu() for peer in peers]
    assert {answer[0] for answer in answers if answer is not None} == {PduType.ASSOCIATE_AC}
    image = a_dx_image()
    for number, peer in enumerate(peers):
        image.SOPInstanceUID = f"1.2.3.27.{number}"
        peer.send(a_message(a_store(image.SOPInstanceUID), bare_bytes(image)))
    statuses = [decode_command(unit[1][6:]).status for peer in peers if (unit := peer.receive_pdu()) is not None]
    assert statuses == [0x0000] * 300
    assert resident_bytes() - before < 512 * MIB
    with platform.database.read(platform.tenant) as tx:
        assert all(study_store.find_instance(tx, f"1.2.3.27.{number}") for number in range(300))


def a_store(sop_instance_uid: str) -> Command:
    return Command(
        command_field=CommandField.C_STORE_RQ,
        message_id=1,
        affected_sop_class_uid=DX,
        affected_sop_instance_uid=sop_instance_uid,
        priority=0,
        data_set_type=DATA_SET_FOLLOWS,
    )


def test_attack_29_a_destination_with_a_line_break_is_unknown(port: int, connect: Connect) -> None:
    peer = associated(connect(port), (STUDY_ROOT_MOVE, (EXPLICIT,)))
    command = Command(
        command_field=CommandField.C_MOVE_RQ,
        message_id=1,
        affected_sop_class_uid=STUDY_ROOT_MOVE,
        priority=0,
        move_destination="VIEWER\nX",
        data_set_type=DATA_SET_FOLLOWS,
    )
    identifier = Dataset()
    identifier.QueryRetrieveLevel, identifier.StudyInstanceUID = "STUDY", "1.2.3"
    peer.send(a_message(command, bare_bytes(identifier)))
    unit = peer.receive_pdu()
    assert unit is not None
    assert unit[0] == PduType.ABORT or decode_command(unit[1][6:]).status == 0xA801


def test_attack_34_a_flood_of_cancels_and_a_forged_report_confirm_nothing(
    platform: Platform, port: int, connect: Connect
) -> None:
    peer = associated(connect(port), (COMMITMENT, (EXPLICIT,)), (VERIFICATION, (IMPLICIT,)))
    cancel = Command(command_field=CommandField.C_CANCEL_RQ, message_id_being_responded_to=99)
    peer.send(b"".join(command_units(3, cancel, 16384)) * 5000)
    report = Command(
        command_field=CommandField.N_EVENT_REPORT_RQ,
        message_id=1,
        affected_sop_class_uid=COMMITMENT,
        affected_sop_instance_uid=COMMITMENT_INSTANCE,
        event_type_id=1,
        data_set_type=DATA_SET_FOLLOWS,
    )
    forged = Dataset()
    forged.TransactionUID = "1.2.3.4"
    for _ in range(3):
        peer.send(a_message(report, bare_bytes(forged)))
        unit = peer.receive_pdu()
        assert unit is not None
        assert decode_command(unit[1][6:]).status == 0x0211
    peer.send(an_echo(context_id=3))
    answer = peer.receive_pdu()
    assert answer is not None
    assert answer[0] == PduType.DATA_TF
    assert platform.jobs.waiting(platform.tenant) == []
    with platform.database.read(platform.tenant) as tx:
        query = text("select reason from audit_entries where action = 'associate'")
        assert list(tx.execute(query).scalars()) == ["unexpected_report"]


def test_attack_35_more_contexts_than_there_can_be_are_refused(port: int, connect: Connect) -> None:
    request = a_request((DX, (IMPLICIT,)))
    contexts = tuple(replace(request.contexts[0], context_id=2 * (index % 128) + 1) for index in range(900))
    peer = connect(port)
    peer.send(encode_pdu(replace(request, contexts=contexts)))
    assert peer.receive_pdu() == (PduType.ABORT, bytes(4))


@pytest.mark.parametrize("context_ids", [(1, 1), (2, 4), (255, 255)], ids=["twice", "even", "last twice"])
def test_attack_35_context_identifiers_twice_or_even_are_refused(
    port: int, connect: Connect, context_ids: tuple[int, int]
) -> None:
    request = a_request((DX, (IMPLICIT,)))
    contexts = tuple(replace(request.contexts[0], context_id=context_id) for context_id in context_ids)
    peer = connect(port)
    peer.send(encode_pdu(replace(request, contexts=contexts)))
    assert peer.receive_pdu() == (PduType.ABORT, bytes(4))
    assert is_served(associated(connect(port)))


def test_attack_35_128_contexts_and_every_wish_at_once_are_answered(port: int, connect: Connect) -> None:
    request = a_request(*[(f"1.3.12.2.1107.5.9.{number}", (EXPLICIT,)) for number in range(128)])
    information = replace(
        request.user_information,
        asynchronous_window=AsynchronousWindow(invoked=65535, performed=65535),
        roles=tuple(RoleSelection(sop_class_uid=context.abstract_syntax, scu=True, scp=True) for context in request.contexts),
        extended={context.abstract_syntax: bytes(64) for context in request.contexts},
        user_identity=UserIdentity(kind=250, response_requested=True, primary=bytes(20_000), secondary=b""),
    )
    peer = connect(port)
    peer.send(encode_pdu(replace(request, user_information=information)))
    unit = peer.receive_pdu()
    assert unit is not None
    answer = decode_pdu(unit[0], memoryview(unit[1]))
    assert isinstance(answer, AssociateAccept)
    assert [context.result for context in answer.contexts] == [ContextResult.ACCEPTANCE] * 128
    assert answer.user_information.asynchronous_window == AsynchronousWindow(invoked=1, performed=1)
    assert len(answer.user_information.roles) == 128
    assert not answer.user_information.user_is_confirmed


def test_attack_35_a_user_identity_that_lies_about_its_length_is_refused(port: int, connect: Connect) -> None:
    identity = UserIdentity(kind=2, response_requested=True, primary=b"x" * 1000, secondary=b"y")
    request = a_request()
    whole = encode_pdu(replace(request, user_information=replace(request.user_information, user_identity=identity)))
    peer = connect(port)
    peer.send(whole.replace(struct.pack(">H", 1000) + b"x", struct.pack(">H", 65000) + b"x"))
    assert peer.receive_pdu() == (PduType.ABORT, bytes(4))
    assert is_served(associated(connect(port)))
