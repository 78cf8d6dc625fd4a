"""One TCP connection of the door: the state machine and the receive buffer joined to a socket, deadlines kept."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Protocol

from negatoscope.doors.dimse.framing import PduFramer
from negatoscope.doors.dimse.gate import Gate, plain_address
from negatoscope.doors.dimse.limits import Deadlines, Limits, Waiting
from negatoscope.doors.dimse.pdu import (
    HEADER_LENGTH,
    Abort,
    AbortReason,
    AssociateAccept,
    AssociateReject,
    AssociateRequest,
    DataTransfer,
    DataValue,
    Pdu,
    PduType,
    Rejection,
    ReleaseResponse,
)
from negatoscope.doors.dimse.pdu_decoding import decode_data_transfer, decode_pdu
from negatoscope.doors.dimse.pdu_encoding import encode_pdu
from negatoscope.doors.dimse.states import Action, Event, State, next_transition
from negatoscope.platform.clock import Clock
from negatoscope.platform.errors import InvalidInput
from negatoscope.platform.logs import get_logger

logger = get_logger()

SERVICE_USER = 0
SERVICE_PROVIDER = 2
DISCARDED_AFTER_ABORT = 64 * 1024
HIGH_WATER_MARK = 1024 * 1024

_EVENTS = {
    PduType.ASSOCIATE_RQ: Event.REQUEST_ARRIVED,
    PduType.ASSOCIATE_AC: Event.ACCEPT_ARRIVED,
    PduType.ASSOCIATE_RJ: Event.REJECT_ARRIVED,
    PduType.DATA_TF: Event.DATA_ARRIVED,
    PduType.RELEASE_RQ: Event.RELEASE_ARRIVED,
    PduType.RELEASE_RP: Event.RELEASE_ANSWER_ARRIVED,
    PduType.ABORT: Event.ABORT_ARRIVED,
}


class Upper(Protocol):
    """What stands on a connection: the association, in the role of acceptor."""

    def requested(self, request: AssociateRequest) -> None:
        """Decide on a request, now or later, by `Connection.accept` or `Connection.reject`."""

    def received(self, values: tuple[DataValue, ...]) -> None:
        """Take presentation data values; raise InvalidInput to abort the association."""

    def release_requested(self) -> None:
        """Finish what is under way, then `Connection.answer_release`."""

    def ended(self) -> None:
        """Undo what is under way: the association is no more."""


class Connection(asyncio.BufferedProtocol):
    """Carry protocol data units both ways for one association."""

    def __init__(
        self,
        *,
        limits: Limits,
        clock: Clock,
        gate: Gate,
        make_upper: Callable[[Connection], Upper],
        ended: Callable[[Connection], None],
        lost: Callable[[Connection], None],
    ) -> None:
        self._limits = limits
        self._clock = clock
        self._gate = gate
        self._make_upper = make_upper
        self._ended = ended
        self._lost = lost
        self._state = State.IDLE
        self._deadlines = Deadlines(limits)
        self._transport: asyncio.Transport | None = None
        self._framer: PduFramer | None = None
        self._upper: Upper | None = None
        self._discarded = 0
        self._discard_buffer = b""
        self._is_admitted = False
        self._connected_at = 0.0
        self._is_associated = False
        self._is_held = False
        self._is_taking = False
        self._writable = asyncio.Event()
        self._writable.set()
        self._writing_blocked_since: float | None = None
        self.address = ""
        self.certificate: bytes | None = None
        """What the peer showed in TLS, verified, in DER form."""

    @property
    def state(self) -> State:
        """Return the state of the association."""
        return self._state

    @property
    def is_open(self) -> bool:
        """Tell whether messages can still be sent."""
        return self._state in {State.ESTABLISHED, State.AWAITING_RELEASE_ANSWER}

    # The transport calls these.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admit or turn away a new connection."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - the event loop gives nothing else to a server
        self._transport = transport
        peer = transport.get_extra_info("peername")
        self.address = plain_address(str(peer[0])) if peer else ""
        secured = transport.get_extra_info("ssl_object")
        if isinstance(secured, ssl.SSLObject):
            self.certificate = secured.getpeercert(binary_form=True)
        self._is_admitted = self._gate.connect(self.address)
        if not self._is_admitted:
            logger.warning("dimse_connection_refused", address=self.address, reason="too_many_connections")
            transport.abort()
            return
        self._connected_at = self._clock.monotonic()
        transport.set_write_buffer_limits(high=HIGH_WATER_MARK)
        self._framer = PduFramer(associate_limit=self._limits.request_bytes, data_limit=self._limits.accepted_pdu_bytes)
        self._upper = self._make_upper(self)
        self._happen(Event.CONNECTED)

    def get_buffer(self, sizehint: int) -> memoryview | bytearray:
        """Return where the socket writes what it receives."""
        if self._state in {State.AWAITING_CLOSE, State.IDLE} or self._framer is None:
            return bytearray(DISCARDED_AFTER_ABORT)
        return self._framer.writable()

    def buffer_updated(self, nbytes: int) -> None:
        """Take every protocol data unit that is whole now."""
        if self._state in {State.AWAITING_CLOSE, State.IDLE} or self._framer is None:
            self._discard(nbytes)
            return
        self._framer.advance(nbytes)
        self._take_units()

    def eof_received(self) -> bool:
        """Close when the peer has nothing more to say."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Give back the place of this connection and undo what was under way."""
        self._writable.set()
        if self._is_admitted:
            self._gate.disconnect(self.address)
        self._give_back_association()
        if self._state is not State.IDLE:
            self._happen(Event.CLOSED)
        self._end_upper()
        self._lost(self)

    def pause_writing(self) -> None:
        """Note that the peer does not read as fast as we write."""
        self._writable.clear()
        self._writing_blocked_since = self._clock.monotonic()

    def resume_writing(self) -> None:
        """Note that the peer reads again."""
        self._writable.set()
        self._writing_blocked_since = None

    # The association calls these.

    def accept(self, accept: AssociateAccept) -> bool:
        """Answer the request: the association is established. False when the peer has gone meanwhile."""
        if self._state is not State.AWAITING_DECISION:
            return False
        if self._framer is not None:
            self._framer.expect_data()
        self._happen(Event.WE_ACCEPT, accept)
        self._deadlines.begin(Waiting.PEER, self._clock.monotonic())
        self.resume()
        return True

    def reject(self, rejection: AssociateReject) -> None:
        """Answer the request: there will be no association."""
        if self._state is State.AWAITING_DECISION:
            self._give_back_association()
            self._happen(Event.WE_REJECT, rejection)

    def send(self, *parts: bytes | memoryview) -> None:
        """Send bytes that are whole P-DATA-TF units; wait for `drained` from time to time."""
        if self.is_open and self._transport is not None:
            self._transport.writelines(parts)

    async def drained(self) -> None:
        """Wait until the peer has read most of what was sent, or the association has ended."""
        if not self._writable.is_set():
            await self._writable.wait()

    def answer_release(self) -> None:
        """Agree to the release."""
        if self._state is State.AWAITING_RELEASE_ANSWER:
            self._happen(Event.WE_ANSWER_RELEASE)

    def abort(self, *, reason: AbortReason | None = None) -> None:
        """End the association at once, as the service user, or as the provider when a reason is given."""
        if reason is not None and next_transition(self._state, Event.INVALID_ARRIVED) is not None:
            self._happen(Event.INVALID_ARRIVED, Abort(source=SERVICE_PROVIDER, reason=reason))
        elif next_transition(self._state, Event.WE_ABORT) is not None:
            self._happen(Event.WE_ABORT)

    def hold(self) -> None:
        """Stop reading until `resume`."""
        if not self._is_held and self._transport is not None and not self._transport.is_closing():
            self._is_held = True
            self._deadlines.hold(self._clock.monotonic())
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read again after `hold`."""
        if not self._is_held:
            return
        self._is_held = False
        self._deadlines.release(self._clock.monotonic())
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
            self._take_units()

    def message_begins(self) -> None:
        """Note that the first fragment of a message came."""
        self._deadlines.end(Waiting.PEER)
        self._deadlines.begin(Waiting.MESSAGE, self._clock.monotonic())

    def message_ends(self) -> None:
        """Note that the last fragment of a message came: the peer now waits for us."""
        self._deadlines.end(Waiting.MESSAGE)

    def peer_is_awaited(self) -> None:
        """Note that everything was answered: it is the peer's turn."""
        self._deadlines.restart(Waiting.PEER, self._clock.monotonic())

    # The server calls these.

    def close(self) -> None:
        """Close for good: a peer that does not read what we still have for it is not waited for."""
        self._deadlines.end_all()
        if self._transport is None:
            return
        if self._transport.get_write_buffer_size():
            self._transport.abort()
        else:
            self._transport.close()

    def drop(self, reason: str) -> None:
        """Close without a word."""
        logger.info("dimse_connection_dropped", address=self.address, reason=reason)
        if self._transport is not None:
            self._transport.abort()

    def is_silent(self, now: float) -> bool:
        """Tell whether the peer has had the time to ask for an association and has not."""
        return self._state is State.AWAITING_REQUEST and now - self._connected_at >= self._limits.silent_grace_s

    def check_deadlines(self, now: float) -> None:
        """End the connection when the peer is late."""
        late = self._deadlines.overdue(now)
        blocked = self._writing_blocked_since
        if late is None and blocked is not None and now - blocked >= self._limits.send_s:
            self._writing_blocked_since = None
            self.drop("peer_does_not_read")
        elif late is not None:
            logger.info("dimse_peer_late", address=self.address, reason=late.value, state=self._state.name)
            self._deadlines.end(late)
            self._happen(Event.TIME_IS_UP)

    def _take_units(self) -> None:
        """Handle whole units until there is none or reading is held back. Not re-entrant."""
        if self._is_taking or self._framer is None:
            return
        self._is_taking = True
        try:
            while not self._is_held and self._state not in {State.AWAITING_CLOSE, State.IDLE, State.AWAITING_DECISION}:
                unit = self._framer.next_pdu()
                if unit is None:
                    break
                self._deadlines.end(Waiting.PDU)
                self._take_unit(*unit)
            if self._framer.is_inside_pdu and self._state not in {State.AWAITING_CLOSE, State.IDLE}:
                self._deadlines.begin(Waiting.PDU, self._clock.monotonic())
        except InvalidInput as fault:
            self._refuse(fault)
        finally:
            self._is_taking = False

    def _take_unit(self, kind: int, body: memoryview) -> None:
        """Handle one whole unit; data in an established association change no state, so they take the short way."""
        if kind == PduType.DATA_TF and self._state is State.ESTABLISHED and self._upper is not None:
            self._deadlines.count_bytes(len(body) + HEADER_LENGTH)
            self._upper.received(decode_data_transfer(body).values)
            return
        pdu = decode_pdu(kind, body)
        self._happen(_EVENTS[PduType(kind)], pdu)

    def _refuse(self, fault: InvalidInput) -> None:
        reason = AbortReason.__members__.get(fault.reason.upper(), AbortReason.INVALID_PARAMETER)
        logger.warning("dimse_protocol_fault", address=self.address, reason=fault.reason, state=self._state.name)
        self._happen(Event.INVALID_ARRIVED, Abort(source=SERVICE_PROVIDER, reason=reason))

    def _happen(self, event: Event, pdu: Pdu | None = None) -> None:
        """Go through one transition of the table and do its action."""
        transition = next_transition(self._state, event)
        if transition is None:
            raise ValueError(f"{event} has no place in {self._state}")
        self._state = transition.state
        match transition.action:
            case Action.START_ARTIM:
                self._deadlines.begin(Waiting.REQUEST, self._clock.monotonic())
            case Action.DECIDE:
                self._decide(pdu)
            case Action.SEND_ACCEPT | Action.SEND_REJECT:
                self._write(pdu)
            case Action.SEND_RELEASE_ANSWER:
                self._write(ReleaseResponse())
            case Action.STOP_SERVICES:
                self._stop_services()
            case Action.SEND_ABORT | Action.SEND_ABORT_AGAIN:
                self._write(Abort(source=SERVICE_USER, reason=0))
            case Action.ABORT_AS_PROVIDER:
                self._write(pdu if isinstance(pdu, Abort) else Abort(source=SERVICE_PROVIDER, reason=_abort_reason(event)))
            case Action.CLOSE | Action.STOP_AND_CLOSE:
                self.close()
            case _:  # taking and sending data have their own short ways; the rest asks for nothing more
                pass
        if self._state is State.AWAITING_CLOSE:
            self._await_close()

    def _decide(self, pdu: Pdu | None) -> None:
        """Take up an association before it is decided, so that requests cannot pile up behind the database."""
        self._deadlines.end(Waiting.REQUEST)
        self.hold()
        self._is_associated = self._gate.associate(self.address)
        if not self._is_associated:
            logger.warning("dimse_association_refused", address=self.address, reason="local_limit")
            self.reject(Rejection.LOCAL_LIMIT)
        elif isinstance(pdu, AssociateRequest) and self._upper is not None:
            self._upper.requested(pdu)

    def _give_back_association(self) -> None:
        if self._is_associated:
            self._is_associated = False
            self._gate.dissociate(self.address)

    def _stop_services(self) -> None:
        self._deadlines.end_all()
        if self._upper is not None:
            self._upper.release_requested()

    def _write(self, pdu: Pdu | None) -> None:
        if pdu is not None and self._transport is not None and not isinstance(pdu, DataTransfer):
            self._transport.write(encode_pdu(pdu))

    def _await_close(self) -> None:
        """Give the peer the time of ARTIM to close; what it still sends is thrown away."""
        self._deadlines.end_all()
        self._deadlines.begin(Waiting.CLOSE, self._clock.monotonic())
        self.resume()
        self._writable.set()
        self._end_upper()

    def _end_upper(self) -> None:
        upper, self._upper = self._upper, None
        if upper is not None:
            upper.ended()
            self._ended(self)

    def _discard(self, count: int) -> None:
        self._discarded += count
        if self._discarded > DISCARDED_AFTER_ABORT:
            self.drop("peer_goes_on_sending")


def _abort_reason(event: Event) -> AbortReason:
    return AbortReason.NOT_SPECIFIED if event is Event.TIME_IS_UP else AbortReason.UNEXPECTED_PDU
