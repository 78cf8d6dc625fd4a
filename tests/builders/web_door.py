"""The DICOMweb door behind a real server and real sockets."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.applications import Starlette
from starlette.routing import Mount

from negatoscope.access.actions import Action
from negatoscope.access.model import Role, system_subject
from negatoscope.access.tokens import create_token
from negatoscope.doors.dicomweb.application import create_dicomweb
from negatoscope.platform.runtime import Platform
from tests.builders.subjects import a_user


@dataclass(frozen=True, slots=True)
class Door:
    """Where the door listens, and who may be let in."""

    platform: Platform
    root: str

    def token(self, *roles: Role, scopes: frozenset[Action] | None = None) -> str:
        """Return a bearer token of a new account with these roles."""
        user = a_user(self.platform, *roles)
        assert user.user_id is not None
        operator = system_subject(self.platform.tenant, "tests")
        text, _ = create_token(self.platform, operator, user_id=user.user_id, title="tests", scopes=scopes)
        return text

    def client(self, *roles: Role) -> httpx.Client:
        """Return a client that is signed in with these roles."""
        headers = {"Authorization": f"Bearer {self.token(*roles)}"}
        return httpx.Client(base_url=self.root, headers=headers, timeout=30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_open(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        threading.Event().wait(0.01)
    raise TimeoutError("the server did not open its port")


@contextmanager
def serving_dicomweb(platform: Platform) -> Iterator[Door]:
    """Serve the application on a free port."""
    port = _free_port()
    app = Starlette(routes=[Mount("/dicom-web", create_dicomweb(platform))])
    server = Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_until_complete, args=(server.serve(),))
    thread.start()
    _wait_until_open(port)
    yield Door(platform, f"http://127.0.0.1:{port}/dicom-web")
    loop.call_soon_threadsafe(server.stop)
    thread.join()
    loop.close()
