"""An association that we open, to send objects or a report to a listed destination (PS3.8 section 7, requestor's side).

As strict as the acceptor's side: a length is checked before it is read, and every wait has an end.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Final, Self

from negatoscope.access.devices import RetrieveDestination
from negatoscope.archive.open import OpenInstance
from negatoscope.doors.dimse.command_set import Command
from negatoscope.doors.dimse.connecting import Streams, connect
from negatoscope.doors.dimse.limits import Limits
from negatoscope.doors.dimse.messages import (
    DataSink,
    FragmentSender,
    GatheredDataSet,
    Message,
    MessageReceiver,
    command_units,
    whole_units,
)
from negatoscope.doors.dimse.negotiation import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    LEAST_MAXIMUM_LENGTH,
    LONGEST_SENT_PDU,
    AcceptedContext,
)
from negatoscope.doors.dimse.pdu import (
    APPLICATION_CONTEXT,
    MAXIMUM_CONTEXTS,
    PROTOCOL_VERSION,
    Abort,
    AssociateAccept,
    AssociateRequest,
    ContextResult,
    DataTransfer,
    Pdu,
    PduType,
    ProposedContext,
    ReleaseRequest,
    ReleaseResponse,
    RoleSelection,
    UserInformation,
)
from negatoscope.doors.dimse.pdu_decoding import decode_pdu
from negatoscope.doors.dimse.pdu_encoding import encode_pdu
from negatoscope.doors.dimse.sop_classes import NETWORK_NATIVE, Family
from negatoscope.platform.errors import InvalidInput, NegatoscopeError, Unavailable
from negatoscope.platform.logs import get_logger
from negatoscope.platform.settings import Settings

logger = get_logger()

CONNECT_TIMEOUT_S: Final = 10.0
ANSWER_TIMEOUT_S: Final = 30.0
PENDING_STATUSES: Final = frozenset({0xFF00, 0xFF01})


class OutgoingAssociation:
    """Open an association with these contexts, send on it, and release it at the end of the block."""

    def __init__(
        self,
        destination: RetrieveDestination,
        *,
        settings: Settings,
        limits: Limits,
        proposed: tuple[ProposedContext, ...],
        family: Family,
        roles: tuple[RoleSelection, ...] = (),
    ) -> None:
        self._destination = destination
        self._settings = settings
        self._limits = limits
        self._proposed = proposed
        self._family = family
        self._roles = roles
        self._accepted: dict[int, AcceptedContext] = {}
        self._maximum_length = 0
        self._last_message_id = 0
        self._responses: list[Message] = []
        self._receiver: MessageReceiver | None = None
        self._streams: Streams | None = None

    @property
    def contexts(self) -> list[AcceptedContext]:
        """Return the contexts that the destination accepted."""
        return list(self._accepted.values())

    @property
    def storage_contexts(self) -> list[AcceptedContext]:
        """Return the contexts on which the destination takes objects."""
        return [context for context in self.contexts if context.family is Family.STORAGE]

    def new_message_id(self) -> int:
        """Return a message identifier for a request of ours."""
        self._last_message_id = self._last_message_id % 0xFFFF + 1
        return self._last_message_id

    async def __aenter__(self) -> Self:
        """Connect and associate, over TLS where the device listens so; Unavailable when it does not answer or refuses."""
        destination = self._destination
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                self._streams = await connect(destination, self._settings)
            await self._associate()
        except (OSError, TimeoutError, EOFError, InvalidInput) as error:
            self._close()
            logger.warning("dimse_destination_unreachable", ae_title=destination.ae_title)
            raise Unavailable("The move destination does not answer.", reason="destination_unreachable") from error
        except Unavailable:
            self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Release, or abort when something went wrong."""
        try:
            if error is None and self._streams is not None:
                await self._send(encode_pdu(ReleaseRequest()))
                while not isinstance(await self._receive(), (ReleaseResponse, Abort)):
                    pass
        except (OSError, TimeoutError, EOFError, InvalidInput):
            logger.info("dimse_release_unanswered", ae_title=self._destination.ae_title)
        finally:
            self._close()

    async def request(self, context: AcceptedContext, command: Command, chunks: AsyncIterator[bytes]) -> Command:
        """Send one object and return the response; Unavailable when the destination goes away or dawdles."""
        try:
            await self._send(*command_units(context.context_id, command, self._maximum_length))
            fragments = FragmentSender(context.context_id, self._maximum_length)
            async for chunk in chunks:
                await self._send(*fragments.add(chunk))
            await self._send(*fragments.last())
            return (await self._response(command.message_id)).command
        except (OSError, TimeoutError, EOFError, InvalidInput) as error:
            self._close()
            raise Unavailable("The move destination has gone.", reason="association_ended") from error
        except NegatoscopeError:
            # The bytes could not be read or made: the message is half sent, and nothing else may follow on this association.
            self._close()
            raise

    async def exchange(
        self, context: AcceptedContext, command: Command, content: bytes, *, patience_s: float = ANSWER_TIMEOUT_S
    ) -> AsyncIterator[tuple[Command, bytes]]:
        """Send a request with its data set and yield each response with its own, until one that is not pending.

        `patience_s` is the longest wait for one response. Unavailable when the peer goes away or dawdles.
        """
        try:
            await self._send(*command_units(context.context_id, command, self._maximum_length))
            await self._send(*whole_units(context.context_id, content, self._maximum_length))
            while True:
                message = await self._response(command.message_id, patience_s)
                yield message.command, message.content
                if message.command.status not in PENDING_STATUSES:
                    return
        except (OSError, TimeoutError, EOFError, InvalidInput) as error:
            self._close()
            raise Unavailable("The peer has gone.", reason="association_ended") from error

    async def _associate(self) -> None:
        request = AssociateRequest(
            protocol_version=PROTOCOL_VERSION,
            called_ae_title=self._destination.ae_title,
            calling_ae_title=self._settings.ae_title,
            application_context=APPLICATION_CONTEXT,
            contexts=self._proposed,
            user_information=UserInformation(
                maximum_length=self._limits.maximum_pdu_bytes,
                implementation_class_uid=IMPLEMENTATION_CLASS_UID,
                implementation_version_name=IMPLEMENTATION_VERSION_NAME,
                roles=self._roles,
            ),
        )
        await self._send(encode_pdu(request))
        answer = await self._receive()
        if not isinstance(answer, AssociateAccept):
            raise Unavailable("The move destination refuses the association.", reason="association_refused")
        length = answer.user_information.maximum_length
        if 0 < length < LEAST_MAXIMUM_LENGTH:
            raise InvalidInput("The destination reads too short data units.", reason="invalid_parameter")
        self._maximum_length = min(length or LONGEST_SENT_PDU, LONGEST_SENT_PDU)
        self._accepted = accepted_contexts(self._proposed, answer, self._family)
        self._receiver = MessageReceiver(
            self._accepted, open_sink=self._gather, begins=lambda: None, arrived=self._responses.append
        )

    def _gather(self, context: AcceptedContext, command: Command) -> DataSink:
        return GatheredDataSet(self._limits.identifier_bytes)

    async def _response(self, message_id: int | None, patience_s: float = ANSWER_TIMEOUT_S) -> Message:
        while not self._responses:
            pdu = await self._receive(patience_s)
            if not isinstance(pdu, DataTransfer) or self._receiver is None:
                raise EOFError
            for value in pdu.values:
                self._receiver.take(value)
        response = self._responses.pop(0)
        if response.command.message_id_being_responded_to != message_id:
            raise InvalidInput("The response answers another request.", reason="invalid_parameter")
        return response

    async def _send(self, *parts: bytes | memoryview) -> None:
        if self._streams is None:
            raise EOFError
        writer = self._streams[1]
        writer.writelines(parts)
        async with asyncio.timeout(self._limits.send_s):
            await writer.drain()

    async def _receive(self, patience_s: float = ANSWER_TIMEOUT_S) -> Pdu:
        if self._streams is None:
            raise EOFError
        reader = self._streams[0]
        async with asyncio.timeout(patience_s):
            kind, length = struct.unpack(">BxI", await reader.readexactly(6))
            limit = self._limits.accepted_pdu_bytes if kind == PduType.DATA_TF else self._limits.request_bytes
            if length > limit:
                raise InvalidInput("The protocol data unit is longer than was agreed.", reason="invalid_parameter")
            return decode_pdu(kind, memoryview(await reader.readexactly(length)))

    def _close(self) -> None:
        streams, self._streams = self._streams, None
        if streams is not None:
            streams[1].close()


def propose_contexts(objects: list[OpenInstance], wished: str = "") -> tuple[ProposedContext, ...]:
    """Return a context for each class and transfer syntax kept, then one a class for a peer that reads plain objects alone.

    With a transfer syntax wished for, a context in it stands first for each class.
    """
    first = [(opened.sop_class_uid, (wished,)) for opened in objects] if wished else []
    kept = dict.fromkeys((opened.sop_class_uid, (opened.transfer_syntax_uid,)) for opened in objects)
    decoded = dict.fromkeys((opened.sop_class_uid, NETWORK_NATIVE) for opened in objects)
    every = list(dict.fromkeys([*first, *kept, *decoded]))[:MAXIMUM_CONTEXTS]
    return tuple(
        ProposedContext(context_id=2 * index + 1, abstract_syntax=sop_class, transfer_syntaxes=syntaxes)
        for index, (sop_class, syntaxes) in enumerate(every)
    )


def accepted_contexts(
    proposed: tuple[ProposedContext, ...], accept: AssociateAccept, family: Family
) -> dict[int, AcceptedContext]:
    """Return what the destination accepted of what was proposed; an answer to anything else is passed over."""
    by_id = {context.context_id: context for context in proposed}
    return {
        answer.context_id: AcceptedContext(
            context_id=answer.context_id,
            abstract_syntax=by_id[answer.context_id].abstract_syntax,
            transfer_syntax=answer.transfer_syntax,
            family=family,
            peer_is_scp=family is Family.STORAGE,
        )
        for answer in accept.contexts
        if answer.result is ContextResult.ACCEPTANCE
        and answer.context_id in by_id
        and answer.transfer_syntax in by_id[answer.context_id].transfer_syntaxes
    }
