"""Modalities that never give up: each sends objects by C-STORE or STOW and sends again what was not acknowledged."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from typing import Final, Protocol

import httpx

from negatoscope.doors.dimse.command_set import DATA_SET_FOLLOWS, Command, CommandField, decode_command
from negatoscope.doors.dimse.pdu import HEADER_LENGTH, PduType
from negatoscope.doors.dimse.pdu_decoding import decode_data_transfer
from negatoscope.doors.dimse.pdu_encoding import encode_pdu
from negatoscope.formats.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from tests.builders.associations import a_message, a_request
from tests.builders.dicom import CT_IMAGE
from tests.campaigns.sent_objects import Maker, SentObject

SUCCESS: Final = 0x0000
PDU_LENGTH: Final = 65536
OBJECTS_A_REQUEST: Final = 4
TIMEOUT_S: Final = 20.0
PAUSE_S: Final = 0.01  # between two objects of a sender: what counts is the number of kills, not of objects


class Sender(Protocol):
    """One way into the product."""

    batch: int
    """How many objects go together."""

    def send(self, objects: list[SentObject]) -> list[SentObject]:
        """Send objects and return those that were acknowledged; OSError when there was no answer."""
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


class StorageSender:
    """C-STORE over one association, which is opened when there is none."""

    batch = 1

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None
        self._message_id = 0

    def send(self, objects: list[SentObject]) -> list[SentObject]:
        """Store each object; acknowledged is what has the status 0000."""
        try:
            connection = self._socket or self._associate()
            return [sent for sent in objects if self._store(connection, sent) == SUCCESS]
        except (OSError, EOFError) as error:
            self.close()
            raise OSError("the association ended without an answer") from error

    def close(self) -> None:
        """Drop the association without a word, as a modality that was switched off."""
        connection, self._socket = self._socket, None
        if connection is not None:
            connection.close()

    def _associate(self) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self._port), timeout=TIMEOUT_S)
        try:
            request = a_request((CT_IMAGE, (EXPLICIT_VR_LITTLE_ENDIAN,)), calling="CAMPAIGN", maximum_length=PDU_LENGTH)
            connection.sendall(encode_pdu(request))
            kind, _ = _receive_unit(connection)
            if kind != PduType.ASSOCIATE_AC:
                raise EOFError
        except BaseException:
            connection.close()
            raise
        self._socket = connection
        return connection

    def _store(self, connection: socket.socket, sent: SentObject) -> int | None:
        self._message_id = self._message_id % 60_000 + 1
        command = Command(
            command_field=CommandField.C_STORE_RQ,
            message_id=self._message_id,
            affected_sop_class_uid=CT_IMAGE,
            affected_sop_instance_uid=sent.sop_instance_uid,
            priority=0,
            data_set_type=DATA_SET_FOLLOWS,
        )
        connection.sendall(a_message(command, sent.data_set, maximum_length=PDU_LENGTH))
        kind, body = _receive_unit(connection)
        if kind != PduType.DATA_TF:
            raise EOFError
        answer = decode_command(b"".join(bytes(value.fragment) for value in decode_data_transfer(memoryview(body)).values))
        if answer.message_id_being_responded_to != self._message_id:
            raise EOFError
        return answer.status


class StowSender:
    """STOW-RS, some objects a request."""

    batch = OBJECTS_A_REQUEST

    def __init__(self, port: int, token: str) -> None:
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": 'multipart/related; type="application/dicom"; boundary=campaign',
            "Accept": "application/dicom+json",
        }
        self._client = httpx.Client(base_url=f"http://127.0.0.1:{port}/dicom-web", headers=headers, timeout=TIMEOUT_S)

    def send(self, objects: list[SentObject]) -> list[SentObject]:
        """Post the objects together; acknowledged is what the answer refers to."""
        parts = [b"--campaign\r\nContent-Type: application/dicom\r\n\r\n" + sent.file + b"\r\n" for sent in objects]
        try:
            answer = self._client.post("/studies", content=b"".join([*parts, b"--campaign--\r\n"]))
        except httpx.HTTPError as error:
            raise OSError("the request ended without an answer") from error
        if answer.status_code not in {200, 202}:
            return []
        references = answer.json().get("00081199", {}).get("Value", [])
        acknowledged = {reference["00081155"]["Value"][0] for reference in references}
        return [sent for sent in objects if sent.sop_instance_uid in acknowledged]

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()


def _receive_unit(connection: socket.socket) -> tuple[int, bytes]:
    kind, length = struct.unpack(">BxI", _receive(connection, HEADER_LENGTH))
    return kind, _receive(connection, length)


def _receive(connection: socket.socket, count: int) -> bytes:
    received = bytearray()
    while len(received) < count:
        part = connection.recv(count - len(received))
        if not part:
            raise EOFError
        received += part
    return bytes(received)


class Load:
    """Senders at work, each in a thread, until `stop`. What is not acknowledged is examined, then sent again until it is.

    `acknowledged(sent)` is told of each answer of success, `unanswered(sent)` of each object whose answer never came.
    """

    def __init__(
        self, maker: Maker, acknowledged: Callable[[SentObject], None], unanswered: Callable[[SentObject], None]
    ) -> None:
        self._maker = maker
        self._acknowledged = acknowledged
        self._unanswered = unanswered
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.failures: list[BaseException] = []

    def begin(self, sender: Sender) -> None:
        """Let one more sender work."""
        thread = threading.Thread(target=self._guarded, args=(sender,), daemon=True)
        thread.start()
        self._threads.append(thread)

    def stop(self) -> None:
        """Let every sender bring its last objects home; the doors must be open."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=4 * TIMEOUT_S)
            if thread.is_alive():
                self.failures.append(TimeoutError("a sender was never answered"))

    def _guarded(self, sender: Sender) -> None:
        try:
            self._work(sender)
        except BaseException as error:  # a fault found in this thread is the result of the campaign
            self.failures.append(error)
        finally:
            sender.close()

    def _work(self, sender: Sender) -> None:
        while not self._stop.is_set():
            waiting = [self._maker.next() for _ in range(sender.batch)]
            while waiting:
                try:
                    stored = sender.send(waiting)
                except OSError:
                    for sent in waiting:
                        self._unanswered(sent)
                    self._stop.wait(0.02)
                    continue
                for sent in stored:
                    self._acknowledged(sent)
                waiting = [sent for sent in waiting if sent not in stored]
            self._stop.wait(PAUSE_S)
