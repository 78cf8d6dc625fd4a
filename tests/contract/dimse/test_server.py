"""The server as a process: several on one port, a clean stop on SIGTERM, a taken port, large objects in little memory."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from negatoscope.archive import study_store
from negatoscope.doors.dimse.command_set import DATA_SET_FOLLOWS, Command, CommandField, decode_command
from negatoscope.doors.dimse.limits import Limits
from negatoscope.doors.dimse.messages import command_units
from negatoscope.doors.dimse.pdu import PduType
from negatoscope.doors.dimse.pdu_encoding import data_transfer_header, encode_pdu
from negatoscope.doors.dimse.server import bind
from negatoscope.platform.errors import SettingsError
from negatoscope.platform.runtime import Platform
from tests.builders.associations import EXPLICIT, a_message, a_request
from tests.builders.dicom import a_dx_image, bare_bytes, element, identity_elements
from tests.contract.dimse.conftest import RawPeer, resident_bytes
from tests.paths import ROOT

DX = "1.2.840.10008.5.1.4.1.1.1.1"
ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"
MIB = 1024 * 1024
RUN = "from negatoscope.app.process import run_dimse; from negatoscope.platform.settings import load_settings; run_dimse(load_settings())"


class DoorProcess:
    """A DICOM process as the product starts it, on a port that others may share."""

    def __init__(self, platform: Platform, port: int) -> None:
        settings = platform.settings
        environment = os.environ | {
            "NEGATOSCOPE_DATA": str(settings.data),
            "NEGATOSCOPE_DATABASE_URL": str(settings.database_url),
            "NEGATOSCOPE_TENANT": settings.tenant,
            "NEGATOSCOPE_DICOM_PORT": str(port),
            "NEGATOSCOPE_DEMONSTRATION": "true",
            "PYTHONPATH": str(ROOT / "src"),
            "PYTHONWARNINGS": "ignore",
        }
        command = [sys.executable, "-c", RUN]
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        self.wait_for("dimse_listening")

    def wait_for(self, event: str) -> None:
        """Read the log until it says this."""
        assert self.process.stderr is not None
        lines = []
        for line in self.process.stderr:
            lines.append(line)
            if f'"{event}"' in line:
                return
        raise AssertionError(f"the process ended without {event}: {''.join(lines)}")

    def count_sockets(self) -> int:
        return sum(str(path.readlink()).startswith("socket:") for path in Path(f"/proc/{self.process.pid}/fd").iterdir())

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        assert self.process.stderr is not None
        self.process.stderr.close()


@pytest.fixture
def shared_port() -> Iterator[int]:
    """A port that nobody else takes, held by a socket that does not listen."""
    with bind("127.0.0.1", 0) as held:
        yield int(held.getsockname()[1])


@pytest.fixture
def start_process(platform: Platform, shared_port: int) -> Iterator[Callable[[], DoorProcess]]:
    started: list[DoorProcess] = []

    def start() -> DoorProcess:
        started.append(DoorProcess(platform, shared_port))
        return started[-1]

    yield start
    for process in started:
        process.end()


def associate(peer: RawPeer, sop_class: str) -> RawPeer:
    peer.send(encode_pdu(a_request((sop_class, (EXPLICIT,)), maximum_length=262144)))
    answer = peer.receive_pdu()
    assert answer is not None
    assert answer[0] == PduType.ASSOCIATE_AC
    return peer


def a_store(sop_class_uid: str, sop_instance_uid: str) -> Command:
    return Command(
        command_field=CommandField.C_STORE_RQ,
        message_id=1,
        affected_sop_class_uid=sop_class_uid,
        affected_sop_instance_uid=sop_instance_uid,
        priority=0,
        data_set_type=DATA_SET_FOLLOWS,
    )


def test_sigterm_finishes_the_object_in_flight_and_takes_no_more(
    platform: Platform, shared_port: int, start_process: Callable[[], DoorProcess], connect: Callable[[int], RawPeer]
) -> None:
    door = start_process()
    peer, idle = associate(connect(shared_port), DX), associate(connect(shared_port), DX)
    image = a_dx_image(rows=1000, columns=800)
    message = a_message(a_store(DX, image.SOPInstanceUID), bare_bytes(image))
    peer.send(message[:500_000])
    door.process.send_signal(signal.SIGTERM)
    door.wait_for("dimse_stopping")
    assert idle.receive_pdu() == (PduType.ABORT, bytes(4))
    with pytest.raises(ConnectionRefusedError):
        connect(shared_port)
    peer.send(message[500_000:])
    answer = peer.receive_pdu()
    assert answer is not None
    assert decode_command(answer[1][6:]).status == 0x0000
    assert peer.receive_pdu() == (PduType.ABORT, bytes(4))
    assert door.process.wait(timeout=30) == 0
    with platform.database.read(platform.tenant) as tx:
        assert study_store.find_instance(tx, image.SOPInstanceUID) is not None


def test_two_processes_share_one_port(
    shared_port: int, start_process: Callable[[], DoorProcess], connect: Callable[[int], RawPeer]
) -> None:
    first, second = start_process(), start_process()
    before = first.count_sockets(), second.count_sockets()
    for _ in range(40):
        associate(connect(shared_port), DX)
    assert first.count_sockets() > before[0]
    assert second.count_sockets() > before[1]


def test_a_taken_port_is_one_clear_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SettingsError, match="NEGATOSCOPE_DICOM_PORT") as caught:
            bind("127.0.0.1", taken.getsockname()[1])
    assert caught.value.reason == "port_taken"


def test_an_object_of_128_mib_is_kept_whole_without_growing_the_memory(
    platform: Platform, serve: Callable[..., int], connect: Callable[[int], RawPeer]
) -> None:
    peer = associate(connect(serve(Limits(buffered_bytes=2 * MIB))), ENCAPSULATED_PDF)
    head = identity_elements(SOPClassUID=ENCAPSULATED_PDF.encode(), SOPInstanceUID=b"1.2.3.41")
    head += element(0x00420011, b"OB", b"", length=128 * MIB)
    sent = hashlib.sha256(head)
    before = peak = resident_bytes()
    peer.send(b"".join(command_units(1, a_store(ENCAPSULATED_PDF, "1.2.3.41"), 16384)))
    peer.send(data_transfer_header(1, len(head), is_command=False, is_last=False) + head)
    for number in range(1024):
        fragment = bytes((number % 251,)) * (128 * 1024)
        sent.update(fragment)
        peer.send(data_transfer_header(1, len(fragment), is_command=False, is_last=number == 1023) + fragment)
        if number % 64 == 0:
            peak = max(peak, resident_bytes())
    answer = peer.receive_pdu()
    assert answer is not None
    assert decode_command(answer[1][6:]).status == 0x0000
    assert peak - before < 32 * MIB
    with platform.database.read(platform.tenant) as tx:
        instance = study_store.find_instance(tx, "1.2.3.41")
    assert instance is not None
    kept = hashlib.sha256()
    with platform.blobs.open(instance.blob) as reader:
        for chunk in reader.chunks(instance.data_set_offset):
            kept.update(chunk)
    assert kept.hexdigest() == sent.hexdigest()
