"""A WebSocket client as small as it can be (RFC 6455): opens, reads text frames, closes. Independent of our server."""

from __future__ import annotations

import base64
import hashlib
import os
import socket
import struct
from types import TracebackType
from typing import Any, Self

import orjson

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA


class WebSocketRefused(Exception):
    """The server did not switch protocols."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{status}")
        self.status = status


class WebSocketPeer:
    """One connection."""

    def __init__(self, port: int, path: str, headers: dict[str, str], *, timeout_s: float = 20.0) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self._held = b""
        key = base64.b64encode(os.urandom(16))
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key.decode()}",
            "Sec-WebSocket-Version: 13",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        self._socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
        head = self._until(b"\r\n\r\n").decode("latin-1")
        status = int(head.split(" ", 2)[1])
        if status != 101:
            self._socket.close()
            raise WebSocketRefused(status)
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
        assert f"sec-websocket-accept: {accept}".lower() in head.lower()

    def read(self) -> dict[str, Any]:
        """Return the next report; EOFError with the code once the server closes."""
        while True:
            opcode, payload = self._frame()
            if opcode == TEXT:
                report: dict[str, Any] = orjson.loads(payload)
                return report
            if opcode == CLOSE:
                raise EOFError(struct.unpack(">H", payload[:2])[0] if payload else 1005)
            if opcode == PING:
                self._send(PONG, payload)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self._send(CLOSE, struct.pack(">H", 1000))
        except OSError:
            pass
        finally:
            self._socket.close()

    def _send(self, opcode: int, payload: bytes) -> None:
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
        self._socket.sendall(bytes([0x80 | opcode, 0x80 | len(payload)]) + mask + masked)

    def _frame(self) -> tuple[int, bytes]:
        first, second = self._take(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack(">H", self._take(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", self._take(8))
        return first & 0x0F, self._take(length)

    def _take(self, count: int) -> bytes:
        while len(self._held) < count:
            part = self._socket.recv(65536)
            if not part:
                raise EOFError(1006)
            self._held += part
        taken, self._held = self._held[:count], self._held[count:]
        return taken

    def _until(self, end: bytes) -> bytes:
        while end not in self._held:
            part = self._socket.recv(65536)
            if not part:
                raise EOFError(1006)
            self._held += part
        head, _, self._held = self._held.partition(end)
        return head
