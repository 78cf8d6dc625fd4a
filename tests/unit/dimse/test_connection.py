"""One connection under any sequence of bytes, decisions and time: it never breaks, and it gives everything back."""

from __future__ import annotations

import asyncio
import struct
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from negatoscope.doors.dimse.connection import Connection
from negatoscope.doors.dimse.gate import Gate
from negatoscope.doors.dimse.limits import Limits
from negatoscope.doors.dimse.negotiation import negotiate
from negatoscope.doors.dimse.pdu import AbortReason, AssociateRequest, DataValue, Rejection
from negatoscope.doors.dimse.pdu_decoding import decode_pdu
from negatoscope.doors.dimse.pdu_encoding import encode_pdu
from negatoscope.doors.dimse.states import State
from negatoscope.platform.clock import TurnedClock
from tests.builders.associations import a_request, an_echo

LIMITS = Limits(maximum_pdu_bytes=4096, connections_per_address=1)
RELEASE = bytes((5, 0, 0, 0, 0, 4, 0, 0, 0, 0))
ABORT = bytes((7, 0, 0, 0, 0, 4, 0, 0, 0, 0))


class Wire(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__({"peername": ("10.0.0.1", 4000)})
        self.written = bytearray()
        self.closing = False
        self.reading = True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.closing = True

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass


class Listener:
    """The upper side; it answers nothing by itself and notes what it is told in which state."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.requests: list[AssociateRequest] = []
        self.states_of_data: set[State] = set()
        self.fragments: list[bytes] = []
        self.releases = 0
        self.ends = 0

    def requested(self, request: AssociateRequest) -> None:
        self.requests.append(request)

    def received(self, values: tuple[DataValue, ...]) -> None:
        """Hold and resume as an association may while it takes data, and only then note them."""
        self.connection.hold()
        self.connection.resume()
        self.states_of_data.add(self.connection.state)
        self.fragments += [bytes(value.fragment) for value in values]

    def release_requested(self) -> None:
        self.releases += 1

    def ended(self) -> None:
        self.ends += 1


class Bench:
    """A connection between a wire and a listener."""

    def __init__(self) -> None:
        self.clock = TurnedClock(datetime(2026, 1, 1, tzinfo=UTC))
        self.gate = Gate(LIMITS)
        self.wire = Wire()
        self.listeners: list[Listener] = []
        self.lost: list[Connection] = []
        self.connection = Connection(
            limits=LIMITS,
            clock=self.clock,
            gate=self.gate,
            make_upper=self._make_listener,
            ended=lambda _: None,
            lost=self.lost.append,
        )
        self.connection.connection_made(self.wire)
        self.unread = b""

    def _make_listener(self, connection: Connection) -> Listener:
        self.listeners.append(Listener(connection))
        return self.listeners[-1]

    @property
    def listener(self) -> Listener:
        return self.listeners[0]

    def arrive(self, raw: bytes) -> None:
        """Give the bytes as the event loop would: only while reading goes on, as much as fits."""
        self.unread += raw
        while self.unread and self.wire.reading and not self.wire.closing:
            room = self.connection.get_buffer(-1)
            count = min(len(room), len(self.unread))
            room[:count] = self.unread[:count]
            self.unread = self.unread[count:]
            self.connection.buffer_updated(count)

    def do(self, step: str) -> None:
        connection = self.connection
        match step:
            case "accept" if self.listener.requests:
                connection.accept(negotiate(self.listener.requests[0], maximum_length=4096)[0])
            case "reject":
                connection.reject(Rejection.CALLING_AE_TITLE)
            case "release":
                connection.answer_release()
            case "abort":
                connection.abort()
            case "abort as provider":
                connection.abort(reason=AbortReason.NOT_SPECIFIED)
            case "hold":
                connection.hold()
            case "resume":
                connection.resume()
            case "blocked":
                connection.pause_writing()
            case "time":
                self.clock.turn(timedelta(seconds=31))
                connection.check_deadlines(self.clock.monotonic())
            case _:
                pass
        self.arrive(b"")


WORDS = {
    "a request": encode_pdu(a_request()),
    "an echo": an_echo(),
    "a release": RELEASE,
    "an abort": ABORT,
    "an answer": struct.pack(">BxI", 6, 4) + bytes(4),
    "too long": struct.pack(">BxI", 4, 1 << 30),
    "unknown": struct.pack(">BxI", 0x55, 4) + bytes(4),
}
DEEDS = ("accept", "reject", "release", "abort", "abort as provider", "hold", "resume", "blocked", "time")
steps = st.lists(st.sampled_from((*WORDS, *DEEDS)) | st.binary(min_size=1, max_size=40), max_size=25)
usual = st.sampled_from([(), ("a request", "accept"), ("a request", "accept", "a release")])


@given(usual, steps, st.integers(1, 300))
def test_nothing_breaks_a_connection_and_everything_is_given_back(
    beginning: tuple[str, ...], then: list[str | bytes], cut: int
) -> None:
    bench = Bench()
    for step in [*beginning, *then]:
        if isinstance(step, str) and step in DEEDS:
            bench.do(step)
            continue
        raw = WORDS[step] if isinstance(step, str) else step
        bench.arrive(raw[:cut])
        bench.arrive(raw[cut:])
    assert bench.listener.states_of_data <= {State.ESTABLISHED}
    assert len(bench.listener.requests) <= 1
    assert len(bench.listener.requests) >= bench.gate.associations
    written = memoryview(bytes(bench.wire.written))
    while written:
        kind, length = struct.unpack_from(">BxI", written)
        decode_pdu(kind, written[6 : 6 + length])
        written = written[6 + length :]
    bench.connection.connection_lost(None)
    assert bench.connection.state is State.IDLE
    assert bench.listener.ends == 1
    assert bench.gate.associations == 0
    assert bench.gate.connect("10.0.0.1")
    assert bench.lost == [bench.connection]


def test_the_usual_life_of_an_association() -> None:
    bench = Bench()
    bench.arrive(WORDS["a request"])
    bench.do("accept")
    assert bench.gate.associations == 1
    bench.arrive(WORDS["an echo"])
    assert bench.listener.states_of_data == {State.ESTABLISHED}
    bench.arrive(RELEASE)
    assert bench.listener.releases == 1
    bench.do("release")
    assert bench.connection.state is State.AWAITING_CLOSE
    assert bytes(bench.wire.written).endswith(struct.pack(">BxI", 6, 4) + bytes(4))


def test_units_reach_the_association_in_their_order_though_it_holds_and_resumes() -> None:
    bench = Bench()
    bench.arrive(WORDS["a request"])
    bench.do("accept")
    echoes = [an_echo(message_id=number) for number in range(1, 9)]
    bench.arrive(b"".join(echoes))
    assert bench.listener.fragments == [echo[12:] for echo in echoes]


def test_nothing_is_read_while_a_request_is_decided() -> None:
    bench = Bench()
    bench.arrive(WORDS["a request"] + WORDS["an echo"])
    assert not bench.wire.reading
    assert not bench.listener.fragments
    bench.do("accept")
    assert len(bench.listener.fragments) == 1


def test_data_after_the_request_for_release_are_aborted_and_not_taken() -> None:
    bench = Bench()
    bench.arrive(WORDS["a request"])
    bench.do("accept")
    bench.arrive(RELEASE + WORDS["an echo"])
    assert not bench.listener.fragments
    assert bytes(bench.wire.written).endswith(bytes((7, 0, 0, 0, 0, 4, 0, 0, 2, 2)))
