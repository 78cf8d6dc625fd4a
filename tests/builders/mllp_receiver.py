"""A hospital system that receives results, on a real socket, with a script of moods."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Receiver:
    """What came in. `moods` says how each connection is treated; after the last, everything is accepted."""

    port: int
    moods: list[str]
    messages: list[bytes] = field(default_factory=list)

    @property
    def destination(self) -> str:
        """Return where it listens."""
        return f"127.0.0.1:{self.port}"


@contextmanager
def receiving(*moods: str) -> Iterator[Receiver]:
    """Listen in a thread until the end. Moods: close, garbage, other, AA, AE, AR."""
    listening = socket.create_server(("127.0.0.1", 0))
    receiver = Receiver(listening.getsockname()[1], list(moods))

    def serve() -> None:
        while True:
            try:
                peer, _ = listening.accept()
            except OSError:
                return
            with peer, suppress(OSError):
                _treat(receiver, peer)

    thread = threading.Thread(target=serve, name="hl7-receiver")
    thread.start()
    try:
        yield receiver
    finally:
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def _treat(receiver: Receiver, peer: socket.socket) -> None:
    mood = receiver.moods.pop(0) if receiver.moods else "AA"
    if mood == "close":
        return
    data = b""
    while not data.endswith(b"\x1c\r"):
        piece = peer.recv(65536)
        if not piece:
            return
        data += piece
    message = data[1:-2]
    receiver.messages.append(message)
    control_id = message.split(b"\r")[0].split(b"|")[9].decode()
    peer.sendall(_answer(mood, control_id))


def _answer(mood: str, control_id: str) -> bytes:
    if mood == "garbage":
        return b"220 smtp ready\r\n"
    header = "MSH|^~\\&|HIS|HOSPITAL|NEGATOSCOPE||20260310120000||ACK^R01^ACK|9|P|2.5|||||FRA|UNICODE UTF-8"
    named = "another" if mood == "other" else control_id
    code = "AA" if mood == "other" else mood
    error = "" if code == "AA" else "ERR||OBR^1^18|204^Unknown key identifier^HL70357|E||||Dossier inconnu\r"
    return f"\x0b{header}\rMSA|{code}|{named}\r{error}\x1c\r".encode()
