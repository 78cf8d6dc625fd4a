"""A plain MLLP client, written apart from ours: what a hospital system does on the wire."""

from __future__ import annotations

import socket
from types import TracebackType


class MllpClient:
    """Send messages over one connection and read the answers."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self._rest = b""

    def __enter__(self) -> MllpClient:
        """Return the client itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close the connection."""
        self._socket.close()

    def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(data)

    def ask(self, message: str | bytes) -> str:
        """Send one message and return the answer."""
        content = message.encode() if isinstance(message, str) else message
        self.send_bytes(b"\x0b" + content + b"\x1c\r")
        return self.receive()

    def receive(self) -> str:
        """Return the next answer; empty when the peer closed."""
        while b"\x1c\r" not in self._rest:
            data = self._socket.recv(65536)
            if not data:
                return ""
            self._rest += data
        answer, _, self._rest = self._rest.partition(b"\x1c\r")
        assert answer.startswith(b"\x0b")
        return answer[1:].decode()


def acknowledgement_of(answer: str) -> tuple[str, str]:
    """Return MSA-1 and MSA-2."""
    fields = next(line for line in answer.split("\r") if line.startswith("MSA|")).split("|")
    return fields[1], (fields[2] if len(fields) > 2 else "")


def error_of(answer: str) -> tuple[str, str]:
    """Return ERR-3.1 and ERR-2."""
    fields = next(line for line in answer.split("\r") if line.startswith("ERR|")).split("|")
    return fields[3].split("^")[0], fields[2]
