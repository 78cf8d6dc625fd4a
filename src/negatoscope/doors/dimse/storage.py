"""Storage: an object goes to the archive while it arrives and is acknowledged once it is committed (PS3.4 annex B)."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from typing import TYPE_CHECKING, Final

from negatoscope.archive.model import Outcome, Source, StoredInstance
from negatoscope.archive.receive import IncomingInstance, begin_instance
from negatoscope.doors.dimse.command_set import Command
from negatoscope.doors.dimse.messages import Message
from negatoscope.doors.dimse.negotiation import AcceptedContext
from negatoscope.doors.dimse.statuses import (
    CANNOT_UNDERSTAND,
    CONTENT_REFUSED,
    REFUSAL_STATUSES,
    SUCCESS,
    UID_COLLISION,
    Status,
)
from negatoscope.platform.errors import InvalidInput, NegatoscopeError
from negatoscope.platform.failpoints import reach
from negatoscope.platform.logs import get_logger

if TYPE_CHECKING:
    from negatoscope.doors.dimse.association import Association

logger = get_logger()

START_BYTES: Final = 128 * 1024  # the archive opens its file and transaction while the rest arrives


class InstanceStream:
    """Pass one object from the event loop to the archive through a bounded queue.

    The archive works in a thread that is taken only while there is something to write, so that a slow sender holds none.
    When more waits than the limit, the connection stops reading until the archive has caught up: a large object never
    grows the memory. A failure is kept for the answer; what still arrives of the object is thrown away.
    """

    def __init__(self, association: Association, context: AcceptedContext, command: Command, source: Source) -> None:
        self._association = association
        self._context = context
        self._command = command
        self._source = source
        self._door = association.door
        self._limit = association.door.limits.buffered_bytes
        self._start_at = min(START_BYTES, self._limit)
        self._lock = threading.Lock()
        self._chunks: deque[bytes] = deque()
        self._buffered = 0
        self._is_running = False
        self._is_complete = False
        self._is_abandoned = False
        self._incoming: IncomingInstance | None = None
        self._error: Exception | None = None
        self._stored: asyncio.Future[StoredInstance] = self._door.loop.create_future()

    def feed(self, fragment: memoryview | bytes) -> None:
        """Queue a copy of the fragment."""
        chunk = bytes(fragment)
        with self._lock:
            if self._error is not None:
                return
            self._chunks.append(chunk)
            self._buffered += len(chunk)
            buffered = self._buffered
            must_start = buffered >= self._start_at and not self._is_running
            self._is_running |= must_start
        if must_start:
            self._door.threads.submit(self._work)
        if buffered > self._limit:
            self._association.connection.hold()

    def finish(self) -> None:
        """Let the archive commit what is queued."""
        self._end(is_complete=True)

    def abandon(self) -> None:
        """Let the archive forget the object."""
        self._end(is_complete=False)

    async def stored(self) -> StoredInstance:
        """Return what became of the object once it is committed; raises what the archive raised."""
        return await self._stored

    def _end(self, *, is_complete: bool) -> None:
        with self._lock:
            self._is_complete = is_complete
            self._is_abandoned = not is_complete
            must_start = not self._is_running
            self._is_running = True
        if must_start:
            self._door.threads.submit(self._work)

    # From here on in a worker thread, one at a time for each object.

    def _work(self) -> None:
        """Write what is queued until nothing is, then commit or discard if the object has ended."""
        while True:
            with self._lock:
                chunks, self._chunks = self._chunks, deque()
                has_ended = self._is_complete or self._is_abandoned
                if not chunks and not has_ended:
                    self._is_running = False
                    return
            self._write(chunks)
            self._count_down(sum(map(len, chunks)))
            if has_ended and not self._chunks:
                self._conclude()
                return

    def _write(self, chunks: deque[bytes]) -> None:
        if self._error is not None or self._is_abandoned:
            return
        try:
            if self._incoming is None:
                self._incoming = self._begin()
            for chunk in chunks:
                self._incoming.write(chunk)
        except Exception as error:  # whatever it is, it is the answer to this object
            self._error = error
            self._discard()

    def _begin(self) -> IncomingInstance:
        if self._command.affected_sop_class_uid != self._context.abstract_syntax:
            raise InvalidInput("The SOP class is not that of the presentation context.", reason="sop_class_mismatch")
        return begin_instance(
            self._door.platform,
            self._association.subject,
            source=self._source,
            transfer_syntax_uid=self._context.transfer_syntax,
            sop_class_uid=self._command.affected_sop_class_uid,
            sop_instance_uid=self._command.affected_sop_instance_uid,
        )

    def _count_down(self, size: int) -> None:
        with self._lock:
            was_full = self._buffered > self._limit
            self._buffered -= size
            is_full = self._buffered > self._limit
        if was_full and not is_full:
            self._door.loop.call_soon_threadsafe(self._association.connection.resume)

    def _conclude(self) -> None:
        """Commit or discard, and hand the answer to the event loop."""
        if self._is_abandoned:
            self._discard()
            return
        stored: StoredInstance | None = None
        if self._error is None:
            try:
                if self._incoming is None:
                    self._incoming = self._begin()
                stored = self._incoming.commit()
            except Exception as error:  # whatever it is, it is the answer to this object
                self._error = error
        self._door.loop.call_soon_threadsafe(self._answer, stored)

    def _answer(self, stored: StoredInstance | None) -> None:
        if self._stored.done():
            return
        if stored is not None:
            self._stored.set_result(stored)
        elif self._error is not None:
            self._stored.set_exception(self._error)

    def _discard(self) -> None:
        incoming, self._incoming = self._incoming, None
        if incoming is None:
            return
        try:
            incoming.discard()
        except NegatoscopeError as error:
            logger.warning("dimse_discard_failed", reason=error.reason)


async def answer_c_store(association: Association, message: Message) -> None:
    """Acknowledge an object once it is committed, or say why it is not."""
    if not isinstance(message.sink, InstanceStream):
        raise InvalidInput("The object came without a data set.", reason="sop_class_mismatch")
    stored = await message.sink.stored()
    status = storage_status(stored)
    if status is not SUCCESS:
        logger.warning("dimse_instance_not_accepted", reason=stored.refusal, status=f"{status.code:04X}")
    await association.respond(message, status, comment=None if status is SUCCESS else status.meaning)
    reach("after_answer")


def storage_status(stored: StoredInstance) -> Status:
    """Return the status that says what became of an object."""
    match stored.outcome:
        case Outcome.STORED | Outcome.DUPLICATE:
            return SUCCESS
        case Outcome.CONFLICT:
            return UID_COLLISION
        case Outcome.REFUSED:
            return CONTENT_REFUSED
        case Outcome.QUARANTINED:
            return REFUSAL_STATUSES.get(stored.refusal or "", CANNOT_UNDERSTAND)
