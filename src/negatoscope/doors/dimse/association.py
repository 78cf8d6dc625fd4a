"""An association from request to release: who it is with, one operation at a time, its answers."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Final

from negatoscope.access.model import Subject
from negatoscope.access.refusals import record_refusal
from negatoscope.archive.model import Source, SourceKind
from negatoscope.doors.dimse.admission import Admitted, admit, record_forgery
from negatoscope.doors.dimse.command_set import DATA_SET_FOLLOWS, NO_DATA_SET, RESPONSE, Command, CommandField
from negatoscope.doors.dimse.connection import Connection
from negatoscope.doors.dimse.door import Door
from negatoscope.doors.dimse.messages import DataSink, FragmentSender, Message, MessageReceiver, command_units, whole_units
from negatoscope.doors.dimse.negotiation import AcceptedContext, Negotiated, negotiate
from negatoscope.doors.dimse.pdu import AssociateReject, AssociateRequest, DataValue, Rejection
from negatoscope.doors.dimse.sop_classes import Family
from negatoscope.doors.dimse.statuses import UNFORESEEN, UNRECOGNIZED_OPERATION, Service, Status, status_of
from negatoscope.platform.certificates import fingerprint_of
from negatoscope.platform.errors import Forbidden, NegatoscopeError, NotFound, Unavailable
from negatoscope.platform.logs import get_logger

logger = get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """Elements that some responses have beside the status."""

    sop_instance_uid: str | None = None
    remaining: int | None = None
    completed: int | None = None
    failed: int | None = None
    warning: int | None = None


NO_EXTRA: Final = Extra()


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """How one kind of request is served."""

    service: Service
    families: frozenset[Family]
    perform: Callable[[Association, Message], Awaitable[None]]


class Association:
    """The upper side of one connection."""

    def __init__(
        self,
        door: Door,
        connection: Connection,
        *,
        operations: Mapping[int, Operation],
        open_sink: Callable[[Association, AcceptedContext, Command], DataSink],
    ) -> None:
        self.door = door
        self.connection = connection
        self._operations = operations
        self._open_sink = open_sink
        self._receiver: MessageReceiver | None = None
        self._waiting: deque[Message] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._current: Message | None = None
        self._cancelled: set[int | None] = set()
        self._release_is_wanted = False
        self._has_forged = False
        self._answers: dict[int, asyncio.Future[Command]] = {}
        self._last_message_id = 0
        self.admitted: Admitted | None = None
        self._negotiated: Negotiated | None = None
        self._source: Source | None = None

    @property
    def subject(self) -> Subject:
        """Return the device behind the association."""
        if self.admitted is None:
            raise ValueError("The association is not established.")
        return self.admitted.subject

    @property
    def source(self) -> Source:
        """Return the association as a source of objects: what was audited under it is remembered there."""
        if self._source is None:
            self._source = Source(kind=SourceKind.DIMSE, name=self.negotiated.calling_ae_title, address=self.connection.address)
        return self._source

    @property
    def negotiated(self) -> Negotiated:
        """Return what was agreed on."""
        if self._negotiated is None:
            raise ValueError("The association is not established.")
        return self._negotiated

    @property
    def storage_contexts(self) -> list[AcceptedContext]:
        """Return the contexts on which the peer takes objects in the role of provider (C-GET)."""
        return [context for context in self.negotiated.contexts.values() if context.peer_is_scp]

    @property
    def is_open(self) -> bool:
        """Tell whether answers can still be sent."""
        return self.connection.is_open

    @property
    def is_busy(self) -> bool:
        """Tell whether an operation is under way or waits."""
        return self._current is not None or bool(self._waiting)

    def may_go_on(self) -> bool:
        """Tell whether the present operation is still wanted: not cancelled, and the peer is there and stays."""
        if self._release_is_wanted:
            return False
        current = self._current
        return self.connection.is_open and (current is None or current.command.message_id not in self._cancelled)

    # The connection calls these.

    def requested(self, request: AssociateRequest) -> None:
        """Decide on a request without stopping the others."""
        self._start(self._decide(request))

    def received(self, values: tuple[DataValue, ...]) -> None:
        """Take fragments."""
        if self._receiver is not None:
            for value in values:
                self._receiver.take(value)

    def release_requested(self) -> None:
        """Answer once nothing is under way."""
        self._release_is_wanted = True
        if not self.is_busy:
            self.connection.answer_release()

    def stop_when_idle(self) -> None:
        """End the association now if nothing is under way; otherwise it ends after the present operation."""
        if not self.is_busy and not (self._receiver is not None and self._receiver.is_inside_message):
            self.connection.abort()

    def ended(self) -> None:
        """Undo what was arriving, and wake whatever waits for the peer."""
        if self._receiver is not None:
            self._receiver.abandon()
        while self._waiting:
            message = self._waiting.popleft()
            if message.sink is not None:
                message.sink.abandon()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(Unavailable("The association has ended.", reason="association_ended"))
        self._answers.clear()

    # The services call these.

    async def respond(
        self,
        message: Message,
        status: Status,
        *,
        data: bytes | None = None,
        comment: str | None = None,
        extra: Extra = NO_EXTRA,
    ) -> None:
        """Send one response to a message."""
        command = message.command
        response = Command(
            command_field=command.command_field | RESPONSE,
            message_id_being_responded_to=command.message_id,
            affected_sop_class_uid=command.affected_sop_class_uid or command.requested_sop_class_uid,
            affected_sop_instance_uid=extra.sop_instance_uid
            or command.affected_sop_instance_uid
            or command.requested_sop_instance_uid,
            data_set_type=NO_DATA_SET if data is None else DATA_SET_FOLLOWS,
            status=status.code,
            error_id=status.error_id,
            error_comment=comment,
            action_type_id=command.action_type_id,
            remaining_suboperations=extra.remaining,
            completed_suboperations=extra.completed,
            failed_suboperations=extra.failed,
            warning_suboperations=extra.warning,
        )
        await self._send(message.context, response, data)

    async def request(self, context: AcceptedContext, command: Command, chunks: AsyncIterator[bytes]) -> Command:
        """Send a request of our own on this association and return the peer's response.

        Unavailable (reason ``association_ended``) when the peer goes away first.
        """
        if not self.is_open or command.message_id is None:
            raise Unavailable("The association has ended.", reason="association_ended")
        answer: asyncio.Future[Command] = self.door.loop.create_future()
        self._answers[command.message_id] = answer
        try:
            await self._send(context, command)
            await self._send_whole_stream(context, chunks)
            self.connection.peer_is_awaited()
            return await answer
        finally:
            self._answers.pop(command.message_id, None)
            answer.cancel()

    def new_message_id(self) -> int:
        """Return a message identifier for a request of ours."""
        self._last_message_id = self._last_message_id % 0xFFFF + 1
        return self._last_message_id

    async def _send(self, context: AcceptedContext, command: Command, data: bytes | None = None) -> None:
        length = self.negotiated.peer_maximum_length
        units = command_units(context.context_id, command, length)
        if data is not None:
            units.extend(whole_units(context.context_id, data, length))
        self.connection.send(*units)
        await self.connection.drained()

    async def _send_whole_stream(self, context: AcceptedContext, chunks: AsyncIterator[bytes]) -> None:
        """Send a data set to its end, or abort: whatever came after half of one would be taken for the rest of it."""
        try:
            await self._send_stream(context, chunks)
        except NegatoscopeError:
            self.connection.abort()
            raise

    async def _send_stream(self, context: AcceptedContext, chunks: AsyncIterator[bytes]) -> None:
        """Send a data set that is never whole in memory."""
        fragments = FragmentSender(context.context_id, self.negotiated.peer_maximum_length)
        async for chunk in chunks:
            self.connection.send(*fragments.add(chunk))
            await self.connection.drained()
            if not self.is_open:
                raise Unavailable("The association has ended.", reason="association_ended")
        self.connection.send(*fragments.last())
        await self.connection.drained()

    async def _decide(self, request: AssociateRequest) -> None:
        shown = self.connection.certificate
        answer = await self.door.in_thread(
            admit,
            self.door.platform,
            request,
            address=self.connection.address,
            certificate_sha256=None if shown is None else fingerprint_of(shown),
        )
        if self.door.is_stopping:
            answer = Rejection.TEMPORARY_CONGESTION
        if isinstance(answer, AssociateReject):
            self.connection.reject(answer)
            return
        accept, negotiated = negotiate(
            request, maximum_length=self.door.limits.maximum_pdu_bytes, user_is_confirmed=answer.user_is_confirmed
        )
        self.admitted, self._negotiated = answer, negotiated
        self._receiver = MessageReceiver(
            negotiated.contexts,
            open_sink=lambda context, command: self._open_sink(self, context, command),
            begins=self.connection.message_begins,
            arrived=self._arrived,
        )
        self.connection.accept(accept)

    def _arrived(self, message: Message) -> None:
        """Take a whole message: an answer to us, a cancellation, or the next operation."""
        self.connection.message_ends()
        command = message.command
        if command.command_field == CommandField.C_CANCEL_RQ:
            self._cancel(command)
        elif command.is_response:
            answer = self._answers.pop(command.message_id_being_responded_to or 0, None)
            if answer is not None and not answer.done():
                answer.set_result(command)
        elif self._current is None:
            self._current = message
            self._start(self._serve())
        else:
            self._waiting.append(message)
            self.connection.hold()
        if self._current is None:
            self.connection.peer_is_awaited()

    def _cancel(self, command: Command) -> None:
        """Note which operation the peer no longer wants; a cancellation of anything else is passed over (PS3.7 9.3.2.3)."""
        open_messages = [self._current, *self._waiting]
        if any(
            message is not None and message.command.message_id == command.message_id_being_responded_to
            for message in open_messages
        ):
            self._cancelled.add(command.message_id_being_responded_to)

    async def _serve(self) -> None:
        """Perform the present operation and those that came after it."""
        while self._current is not None:
            await self._perform(self._current)
            self._cancelled.discard(self._current.command.message_id)
            self._current = self._waiting.popleft() if self._waiting else None
        if not self.is_open:
            return
        if self._release_is_wanted:
            self.connection.answer_release()
        elif self.door.is_stopping:
            self.connection.abort()
        else:
            self.connection.peer_is_awaited()
            self.connection.resume()

    async def _perform(self, message: Message) -> None:
        operation = self._operations.get(message.command.command_field)
        if operation is None or message.context.family not in operation.families:
            if message.sink is not None:
                message.sink.abandon()
            await self._trace_unexpected(message.command)
            await self.respond(message, UNRECOGNIZED_OPERATION)
            return
        try:
            await operation.perform(self, message)
        except NegatoscopeError as error:
            status = status_of(operation.service, error)
            logger.info(
                "dimse_operation_refused", reason=error.reason, status=f"{status.code:04X}", ae_title=self.subject.ae_title
            )
            await self._trace_refusal(error)
            await self.respond(message, status, comment=str(error))
        except Exception:  # the outermost loop of the door: our own fault is logged and answered as such
            logger.exception("dimse_operation_failed", status=f"{UNFORESEEN[operation.service].code:04X}")
            await self.respond(message, UNFORESEEN[operation.service], comment="Processing failure")

    async def _trace_refusal(self, error: NegatoscopeError) -> None:
        """Write into the trail what policy refused; that the trail cannot be written must not hide the answer."""
        if not isinstance(error, (Forbidden, NotFound)):
            return
        try:
            await self.door.in_thread(record_refusal, self.door.platform, error)
        except NegatoscopeError as fault:
            logger.warning("dimse_refusal_not_audited", reason=fault.reason, ae_title=self.subject.ae_title)

    async def _trace_unexpected(self, command: Command) -> None:
        """Write into the trail, once an association, that a peer reports what only we may report: a forgery or a mistake."""
        if command.command_field != CommandField.N_EVENT_REPORT_RQ or self._has_forged:
            return
        self._has_forged = True
        try:
            await self.door.in_thread(record_forgery, self.door.platform, self.subject)
        except NegatoscopeError as fault:
            logger.warning("dimse_refusal_not_audited", reason=fault.reason, ae_title=self.subject.ae_title)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = self.door.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
