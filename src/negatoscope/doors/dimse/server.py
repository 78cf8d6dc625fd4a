"""Listen: one process, or several on one port by SO_REUSEPORT; stop clean, finishing what is in flight."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from negatoscope.doors.dimse.admission import find_revoked
from negatoscope.doors.dimse.association import Association
from negatoscope.doors.dimse.connection import Connection
from negatoscope.doors.dimse.door import Door
from negatoscope.doors.dimse.gate import Gate
from negatoscope.doors.dimse.limits import Limits
from negatoscope.doors.dimse.secured_listener import SecuredListener
from negatoscope.doors.dimse.services import OPERATIONS, open_sink
from negatoscope.doors.dimse.transport_security import acceptor_context
from negatoscope.platform.errors import NegatoscopeError, SettingsError
from negatoscope.platform.logs import get_logger
from negatoscope.platform.runtime import Platform
from negatoscope.platform.settings import Settings

logger = get_logger()

TICK_S: Final = 0.25
REVIEW_S: Final = 4.0
"""How often associated devices are judged again: with a tick and a read, whoever is refused is out within five seconds."""
BACKLOG: Final = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundSockets:
    """Where one process listens: in the clear, over TLS, or both."""

    plain: socket.socket | None = None
    secured: socket.socket | None = None
    context: ssl.SSLContext | None = None


class DimseServer:
    """The DICOM door of one process."""

    def __init__(self, platform: Platform, *, limits: Limits | None = None) -> None:
        self._platform = platform
        self._limits = limits or Limits()
        self._door = Door(platform, self._limits)
        self._gate = Gate(self._limits)
        self._connections: dict[Connection, None] = {}  # oldest first
        self._associations: dict[Connection, Association] = {}
        self._all_left = asyncio.Event()
        self._all_left.set()
        self._listener: asyncio.Server | None = None
        self._secured: SecuredListener | None = None
        self._ticker: asyncio.Task[None] | None = None
        self._review: asyncio.Task[None] | None = None
        self._reviewed_at = platform.clock.monotonic()

    async def start(self, sockets: BoundSockets) -> None:
        """Accept connections on bound sockets."""
        if sockets.plain is not None:
            self._listener = await self._door.loop.create_server(self._new_connection, sock=sockets.plain, backlog=BACKLOG)
        if sockets.secured is not None and sockets.context is not None:
            self._secured = SecuredListener(
                sockets.secured, sockets.context, self._new_connection, limits=self._limits, clock=self._platform.clock
            )
        self._ticker = self._door.loop.create_task(self._tick())

    async def stop(self) -> None:
        """Take no more, let what is in flight finish within `stop_s`, then abort what is left."""
        self._door.is_stopping = True
        if self._listener is not None:
            self._listener.close()
        if self._secured is not None:
            await self._secured.close()
        logger.info("dimse_stopping", count=self._gate.associations)
        for association in list(self._associations.values()):
            association.stop_when_idle()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._all_left.wait(), self._limits.stop_s)
        for connection in list(self._connections):
            connection.abort()
            connection.close()
        for task in (self._ticker, self._review):
            if task is not None:
                task.cancel()
        await self._door.loop.run_in_executor(None, self._door.close)

    def _new_connection(self) -> Connection:
        return Connection(
            limits=self._limits,
            clock=self._platform.clock,
            gate=self._gate,
            make_upper=self._new_association,
            ended=self._association_ended,
            lost=self._connection_lost,
        )

    def _new_association(self, connection: Connection) -> Association:
        association = Association(self._door, connection, operations=OPERATIONS, open_sink=open_sink)
        self._connections[connection] = None
        self._associations[connection] = association
        self._all_left.clear()
        return association

    def _association_ended(self, connection: Connection) -> None:
        self._associations.pop(connection, None)
        if not self._associations:
            self._all_left.set()

    def _connection_lost(self, connection: Connection) -> None:
        self._connections.pop(connection, None)

    async def _tick(self) -> None:
        """Look at the deadlines of all connections, by the clock of the platform so that tests can turn it."""
        while True:
            await asyncio.sleep(TICK_S)
            now = self._platform.clock.monotonic()
            for connection in list(self._connections):
                connection.check_deadlines(now)
            self._thin_out_the_silent(now)
            if self._secured is not None:
                self._secured.check_deadlines(now)
            if now - self._reviewed_at >= REVIEW_S and (self._review is None or self._review.done()):
                self._reviewed_at = now
                self._review = self._door.loop.create_task(self._end_the_revoked())

    async def _end_the_revoked(self) -> None:
        """Abort the associations of devices that would not be let in any more, whatever is under way: one read for all."""
        established = {connection: entry.admitted for connection, entry in self._associations.items() if entry.admitted}
        if not established:
            return
        try:
            revoked = await self._door.in_thread(find_revoked, self._platform, established.values())
        except NegatoscopeError as error:
            logger.warning("dimse_review_failed", reason=error.reason)
            return
        for connection, admitted in established.items():
            if admitted in revoked:
                logger.warning("dimse_association_revoked", address=connection.address, ae_title=admitted.subject.ae_title)
                connection.abort()

    def _thin_out_the_silent(self, now: float) -> None:
        """Keep the oldest few silent connections of each address; real peers speak at once."""
        count: Counter[str] = Counter()
        for connection in list(self._connections):
            if connection.is_silent(now):
                count[connection.address] += 1
                if count[connection.address] > self._limits.silent_per_address:
                    connection.drop("too_many_silent")


def bind(host: str, port: int, *, setting: str = "NEGATOSCOPE_DICOM_PORT") -> socket.socket:
    """Return a bound socket that other processes of ours may share; SettingsError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise SettingsError(
            f"The DICOM port {port} on {host} cannot be used: {error.strerror}; set {setting}.", reason="port_taken"
        ) from error
    listening.setblocking(False)
    return listening


def bind_all(settings: Settings) -> BoundSockets:
    """Return the sockets of the settings: the plain port, and the TLS port where a certificate is set."""
    context = acceptor_context(settings)
    plain = bind(settings.dicom_host, settings.dicom_port)
    if context is None:
        return BoundSockets(plain=plain)
    secured = bind(settings.dicom_tls_host, settings.dicom_tls_port, setting="NEGATOSCOPE_DICOM_TLS_PORT")
    return BoundSockets(plain=plain, secured=secured, context=context)


def serve(platform: Platform, *, limits: Limits | None = None) -> None:
    """Serve until SIGTERM or SIGINT; several processes may serve the same ports."""
    asyncio.run(_serve(platform, bind_all(platform.settings), limits=limits))


async def _serve(platform: Platform, sockets: BoundSockets, *, limits: Limits | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = DimseServer(platform, limits=limits)
    await server.start(sockets)
    for listening in (sockets.plain, sockets.secured):
        if listening is not None:
            host, port = listening.getsockname()[:2]
            event = "dimse_tls_listening" if listening is sockets.secured else "dimse_listening"
            logger.info(event, host=host, port=port, ae_title=platform.settings.ae_title)
    await stop.wait()
    await server.stop()
    logger.info("dimse_stopped")


@contextlib.contextmanager
def serving(platform: Platform, *, limits: Limits | None = None, tls: bool = False) -> Iterator[int]:
    """Serve in a thread of its own on a free port of the loopback address, which is given; stop at the end."""
    listening = bind("127.0.0.1", 0)
    context = acceptor_context(platform.settings) if tls else None
    port = int(listening.getsockname()[1])
    sockets = BoundSockets(secured=listening, context=context) if tls else BoundSockets(plain=listening)
    loop = asyncio.new_event_loop()
    started = threading.Event()
    stop = asyncio.Event()

    async def run() -> None:
        server = DimseServer(platform, limits=limits)
        await server.start(sockets)
        started.set()
        await stop.wait()
        await server.stop()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), name="dimse-door")
    thread.start()
    try:
        started.wait()
        yield port
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
