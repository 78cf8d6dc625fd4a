"""The DICOM door on a free port, and a raw socket that says what no peer would."""

from __future__ import annotations

import gc
import resource
import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from negatoscope.doors.dimse.limits import Limits
from negatoscope.doors.dimse.server import serving
from negatoscope.platform.blobs.port import BlobStore
from negatoscope.platform.runtime import Platform

TIMEOUT_S = 20.0
NOTHING: Mapping[str, object] = MappingProxyType({})


class RawPeer:
    """A socket that sends whatever it is told and reads whole protocol data units."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def receive_pdu(self) -> tuple[int, bytes] | None:
        """Return type and body of the next unit, None when the connection was closed or reset."""
        try:
            header = self._receive(6)
            kind, length = struct.unpack(">BxI", header)
            return kind, self._receive(length)
        except (EOFError, ConnectionResetError, BrokenPipeError):
            return None

    def _receive(self, count: int) -> bytes:
        received = b""
        while len(received) < count:
            part = self.socket.recv(count - len(received))
            if not part:
                raise EOFError
            received += part
        return received

    def close(self) -> None:
        self.socket.close()


def resident_bytes() -> int:
    """Return how much memory this process holds, the door in it included."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.fixture
def serve(platform: Platform) -> Iterator[Callable[..., int]]:
    """Start a door with these limits and settings, in the clear or over TLS, on another blob store; return its port."""
    with ExitStack() as stack:

        def start(
            limits: Limits | None = None,
            *,
            demonstration: bool = True,
            blobs: BlobStore | None = None,
            tls: bool = False,
            settings: Mapping[str, object] = NOTHING,
        ) -> int:
            changed = platform.settings.model_copy(update={**settings, "demonstration": demonstration})
            served = replace(platform, settings=changed, blobs=blobs or platform.blobs)
            return stack.enter_context(serving(served, limits=limits, tls=tls))

        yield start


@pytest.fixture
def port(serve: Callable[..., int]) -> int:
    return serve()


@pytest.fixture
def connect() -> Iterator[Callable[[int], RawPeer]]:
    with ExitStack() as stack:

        def open_socket(port: int) -> RawPeer:
            peer = RawPeer(port)
            stack.callback(peer.close)
            return peer

        yield open_socket
