"""Listen for HL7 v2 messages over MLLP and answer each after its work is committed."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from negatoscope.exchange.inbox import fail_message, receive_message
from negatoscope.formats.hl7v2.errors import MessageError
from negatoscope.formats.hl7v2.mllp import Deframer, frame
from negatoscope.platform.errors import SettingsError
from negatoscope.platform.logs import get_logger
from negatoscope.platform.runtime import Platform

PIECE = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a peer may cost: waits in seconds, connections at once in all and from one address."""

    idle_s: float = 900.0
    message_s: float = 60.0
    answer_s: float = 30.0
    stop_s: float = 10.0
    connections: int = 200
    connections_of_address: int = 20


class Listener:
    """One listening socket and its connections."""

    def __init__(self, platform: Platform, limits: Limits | None = None) -> None:
        self._platform = platform
        self._limits = limits or Limits()
        self._server: asyncio.Server | None = None
        self._of_address: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    async def start(self, listening: socket.socket) -> None:
        """Accept connections on a bound socket."""
        self._server = await asyncio.start_server(self._accept, sock=listening, limit=PIECE)

    async def stop(self) -> None:
        """Accept no more; let each message that has come whole be worked on and answered, then close."""
        self._stopping.set()
        if self._server is not None:
            self._server.close()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=self._limits.stop_s)
            for task in late:
                task.cancel()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        peer = writer.get_extra_info("peername")
        address = str(peer[0]) if peer else ""
        too_many = (
            self._of_address.total() >= self._limits.connections
            or self._of_address[address] >= self._limits.connections_of_address
        )
        if task is None or too_many or self._stopping.is_set():
            get_logger().warning("hl7_connection_refused", reason="too_many_connections")
            writer.close()
            return
        self._tasks.add(task)
        self._of_address[address] += 1
        try:
            await self._converse(reader, writer, address)
        except (ConnectionError, TimeoutError) as error:
            get_logger().info("hl7_connection_ended", reason=type(error).__name__)
        except MessageError:
            get_logger().warning("hl7_connection_ended", reason="not_mllp")
        finally:
            self._of_address[address] -= 1
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str) -> None:
        """Answer the messages of one connection in order, until the peer or this door closes."""
        deframer = Deframer()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._limits.idle_s
        while True:
            data = await self._read(reader, deadline)
            if not data:
                return
            was_inside = deframer.is_inside
            for message in deframer.feed(data):
                writer.write(frame(await asyncio.to_thread(self._answer, message, address)))
                async with asyncio.timeout(self._limits.answer_s):
                    await writer.drain()
                was_inside = False
            if self._stopping.is_set():
                return
            if not deframer.is_inside:
                deadline = loop.time() + self._limits.idle_s
            elif not was_inside:
                deadline = loop.time() + self._limits.message_s

    async def _read(self, reader: asyncio.StreamReader, deadline: float) -> bytes:
        """Return what comes next; nothing when the peer closed or this door is closing. TimeoutError at the deadline."""
        reading = asyncio.ensure_future(reader.read(PIECE))
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            async with asyncio.timeout_at(deadline):
                await asyncio.wait({reading, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return reading.result() if reading.done() else b""
        finally:
            for task in (reading, stopping):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                    await task

    def _answer(self, message: bytes, address: str) -> bytes:
        try:
            return receive_message(self._platform, message, address=address)
        except Exception as error:  # the outermost loop of this door: the sender is told to send it again
            get_logger().error("message_failed", error=type(error).__name__)
            return fail_message(self._platform, message)


def bind(host: str, port: int) -> socket.socket:
    """Return a bound socket; SettingsError when the port is taken."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise SettingsError(
            f"The HL7 port {port} on {host} cannot be used: {error.strerror}; set NEGATOSCOPE_HL7_PORT.", reason="port_taken"
        ) from error
    listening.setblocking(False)
    return listening


def serve(platform: Platform, *, limits: Limits | None = None, ready: Callable[[str, int], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT. `ready` is called with the address once connections are accepted."""
    listening = bind(platform.settings.hl7_host, platform.settings.hl7_port)

    async def run() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        listener = Listener(platform, limits)
        await listener.start(listening)
        host, port = listening.getsockname()[:2]
        get_logger().info("hl7_listening", host=host, port=port)
        if ready is not None:
            ready(host, port)
        await stop.wait()
        await listener.stop()
        get_logger().info("hl7_stopped")

    asyncio.run(run())


@contextlib.contextmanager
def serving(platform: Platform, *, limits: Limits | None = None) -> Iterator[int]:
    """Serve in a thread of its own on a free port of the loopback address, which is given; stop at the end."""
    listening = bind("127.0.0.1", 0)
    started, finish = threading.Event(), threading.Event()
    loop = asyncio.new_event_loop()

    async def run() -> None:
        listener = Listener(platform, limits)
        await listener.start(listening)
        started.set()
        await asyncio.to_thread(finish.wait)
        await listener.stop()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), name="hl7-door")
    thread.start()
    started.wait()
    try:
        yield int(listening.getsockname()[1])
    finally:
        finish.set()
        thread.join()
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
