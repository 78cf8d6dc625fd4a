"""The receive buffer: any cutting of the stream gives the same units, and no header makes it grow beyond its limits."""

from __future__ import annotations

import struct
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatoscope.doors.dimse.framing import PduFramer
from negatoscope.doors.dimse.pdu import PduType
from negatoscope.platform.errors import InvalidInput

DATA_LIMIT = 5000


def a_framer() -> PduFramer:
    framer = PduFramer(associate_limit=65536, data_limit=DATA_LIMIT)
    framer.expect_data()
    return framer


def feed(framer: PduFramer, raw: bytes) -> list[tuple[int, bytes]]:
    """Write as a socket would, as much as fits each time, and take every whole unit."""
    units: list[tuple[int, bytes]] = []
    while raw:
        room = framer.writable()
        count = min(len(room), len(raw))
        room[:count] = raw[:count]
        framer.advance(count)
        raw = raw[count:]
        while (unit := framer.next_pdu()) is not None:
            units.append((unit[0], bytes(unit[1])))
    return units


def a_body(length: int) -> bytes:
    """Return bytes that are wrong wherever they are moved."""
    return (bytes(range(251)) * (length // 251 + 1))[:length]


def long_bodies(most: int) -> st.SearchStrategy[bytes]:
    """Draw by length: drawn byte by byte, long ones would hardly ever come."""
    return st.integers(0, most).map(a_body)


bodies = st.lists(
    st.tuples(st.just(PduType.DATA_TF), long_bodies(DATA_LIMIT))
    | st.tuples(st.just(PduType.ASSOCIATE_RQ), long_bodies(9000))
    | st.tuples(st.sampled_from([PduType.ABORT, PduType.RELEASE_RQ]), st.binary(min_size=4, max_size=4)),
    max_size=8,
)


@given(bodies, st.integers(1, 40), st.lists(st.integers(1, 20000), max_size=40))
def test_units_come_out_whole_however_the_stream_is_cut(
    once: list[tuple[PduType, bytes]], repeats: int, cuts: list[int]
) -> None:
    framer = a_framer()
    units = once * repeats
    stream = b"".join(struct.pack(">BxI", kind, len(body)) + body for kind, body in units)
    received: list[tuple[int, bytes]] = []
    for cut in [*cuts, len(stream)]:
        received += feed(framer, stream[:cut])
        stream = stream[cut:]
    assert received == [(int(kind), body) for kind, body in units]
    assert not framer.is_inside_pdu


@given(st.lists(long_bodies(60000), min_size=1, max_size=4), st.integers(1, 70000))
def test_long_requests_come_out_whole_from_a_buffer_that_grows(bodies: list[bytes], cut: int) -> None:
    framer = PduFramer(associate_limit=65536, data_limit=DATA_LIMIT)
    stream = b"".join(struct.pack(">BxI", PduType.ASSOCIATE_RQ, len(body)) + body for body in bodies)
    received = feed(framer, stream[:cut]) + feed(framer, stream[cut:])
    assert received == [(int(PduType.ASSOCIATE_RQ), body) for body in bodies]


@pytest.mark.parametrize(
    ("kind", "length", "reason"),
    [
        (PduType.ASSOCIATE_RQ, 0xFFFFFFF0, "invalid_parameter"),
        (PduType.ASSOCIATE_RQ, 65537, "invalid_parameter"),
        (PduType.DATA_TF, DATA_LIMIT + 1, "invalid_parameter"),
        (PduType.ABORT, 5, "invalid_parameter"),
        (0x00, 4, "unrecognized_pdu"),
        (0x16, 4, "unrecognized_pdu"),
    ],
)
def test_a_header_outside_the_limits_is_refused_before_any_byte_of_the_body(kind: int, length: int, reason: str) -> None:
    framer = a_framer()
    tracemalloc.start()
    with pytest.raises(InvalidInput) as caught:
        feed(framer, struct.pack(">BxI", kind, length))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert caught.value.reason == reason
    assert peak < 65536


def test_data_before_the_association_is_refused() -> None:
    framer = PduFramer(associate_limit=65536, data_limit=DATA_LIMIT)
    with pytest.raises(InvalidInput) as caught:
        feed(framer, struct.pack(">BxI", PduType.DATA_TF, 10))
    assert caught.value.reason == "unexpected_pdu"


def test_a_unit_that_has_begun_is_noticed() -> None:
    framer = a_framer()
    feed(framer, struct.pack(">BxI", PduType.DATA_TF, 10) + b"123")
    assert framer.is_inside_pdu
