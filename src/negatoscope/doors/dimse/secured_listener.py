"""Accept connections that become TLS: who dawdles in the handshake is thinned out as who is silent on the plain port."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from negatoscope.doors.dimse.gate import plain_address
from negatoscope.doors.dimse.limits import Limits
from negatoscope.platform.clock import Clock
from negatoscope.platform.logs import get_logger

logger = get_logger()

BACKLOG: Final = 512
REST_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class _Handshake:
    address: str
    began: float


class SecuredListener:
    """The TLS port of one process. A connection reaches the protocol only once both sides are authenticated."""

    def __init__(
        self,
        listening: socket.socket,
        context: ssl.SSLContext,
        make_protocol: Callable[[], asyncio.BaseProtocol],
        *,
        limits: Limits,
        clock: Clock,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._listening = listening
        self._context = context
        self._make_protocol = make_protocol
        self._limits = limits
        self._clock = clock
        self._handshakes: dict[asyncio.Task[None], _Handshake] = {}  # oldest first
        listening.listen(BACKLOG)
        self._accepting = self._loop.create_task(self._accept())

    async def close(self) -> None:
        """Take no more, and forget who has not shown himself yet."""
        for task in (self._accepting, *self._handshakes):
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._accepting
        self._listening.close()

    def check_deadlines(self, now: float) -> None:
        """End handshakes that take longer than ARTIM, and the youngest of an address beyond the limit after the grace."""
        slow: Counter[str] = Counter()
        for task, handshake in list(self._handshakes.items()):
            age = now - handshake.began
            slow[handshake.address] += age >= self._limits.handshake_grace_s
            if age >= self._limits.artim_s or slow[handshake.address] > self._limits.silent_per_address:
                logger.info("dimse_connection_dropped", address=handshake.address, reason="handshake_too_slow")
                task.cancel()

    async def _accept(self) -> None:
        while True:
            try:
                connected, peer = await self._loop.sock_accept(self._listening)
            except OSError as error:  # no descriptor is free: waiting is all that helps
                logger.warning("dimse_accept_failed", reason=error.__class__.__name__)
                await asyncio.sleep(REST_S)
                continue
            address = plain_address(str(peer[0]))
            under_way = sum(handshake.address == address for handshake in self._handshakes.values())
            if under_way >= self._limits.connections_per_address:
                connected.close()
                continue
            task = self._loop.create_task(self._secure(connected, address))
            self._handshakes[task] = _Handshake(address, self._clock.monotonic())
            task.add_done_callback(self._handshakes.pop)

    async def _secure(self, connected: socket.socket, address: str) -> None:
        try:
            await self._loop.connect_accepted_socket(self._make_protocol, connected, ssl=self._context)
        except OSError as error:
            reason = error.reason if isinstance(error, ssl.SSLError) else error.__class__.__name__
            logger.warning("dimse_tls_refused", address=address, reason=reason)
            connected.close()
