"""Messages: fragments in any cut give the message back, and fragments that have no place are refused."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatoscope.doors.dimse.command_set import DATA_SET_FOLLOWS, Command, CommandField, encode_command
from negatoscope.doors.dimse.messages import FragmentSender, GatheredDataSet, Message, MessageReceiver, command_units
from negatoscope.doors.dimse.negotiation import AcceptedContext
from negatoscope.doors.dimse.pdu import DataValue
from negatoscope.doors.dimse.pdu_decoding import decode_data_transfer
from negatoscope.doors.dimse.sop_classes import Family
from negatoscope.platform.errors import InvalidInput

FIND = "1.2.840.10008.5.1.4.1.2.2.1"
QUERY = Command(
    command_field=CommandField.C_FIND_RQ, message_id=1, affected_sop_class_uid=FIND, priority=0, data_set_type=DATA_SET_FOLLOWS
)


class Receiving:
    """A receiver with two contexts that notes what it is told."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.begun = 0
        contexts = {
            context_id: AcceptedContext(
                context_id=context_id,
                abstract_syntax=FIND,
                transfer_syntax="1.2.840.10008.1.2",
                family=Family.FIND,
                peer_is_scp=False,
            )
            for context_id in (1, 3)
        }
        self.receiver = MessageReceiver(
            contexts, open_sink=lambda *_: GatheredDataSet(100_000), begins=self._begins, arrived=self.messages.append
        )

    def _begins(self) -> None:
        self.begun += 1

    def take_units(self, raw: bytes) -> None:
        """Take a stream of P-DATA-TF units."""
        view = memoryview(raw)
        while view:
            (length,) = struct.unpack_from(">I", view, 2)
            for value in decode_data_transfer(view[6 : 6 + length]).values:
                self.receiver.take(value)
            view = view[6 + length :]


@given(st.integers(0, 50_000), st.lists(st.integers(1, 20_000), max_size=20), st.integers(128, 16_384))
def test_what_is_sent_in_any_chunks_and_any_length_of_units_is_received(size: int, cuts: list[int], maximum: int) -> None:
    content = (bytes(range(251)) * (size // 251 + 1))[:size]
    sender = FragmentSender(1, maximum)
    parts: list[bytes | memoryview] = list(command_units(1, QUERY, maximum))
    start = 0
    for cut in [*cuts, size]:
        parts += sender.add(content[start : start + cut])
        start += cut
    parts += sender.last()
    receiving = Receiving()
    receiving.take_units(b"".join(parts))
    assert [message.content for message in receiving.messages] == [content]
    assert receiving.messages[0].command == QUERY
    assert receiving.begun == 1
    assert not receiving.receiver.is_inside_message
    assert all(len(part) <= maximum + 6 for part in parts)


def a_command(context_id: int = 1, *, is_last: bool = True, raw: bytes = encode_command(QUERY)) -> DataValue:
    return DataValue(context_id, True, is_last, raw)


@pytest.mark.parametrize(
    "values",
    [
        [a_command(5)],
        [a_command(1, is_last=False), a_command(3)],
        [a_command(1), DataValue(3, False, True, b"")],
        [DataValue(1, False, True, b"")],
        [a_command(1), a_command(1)],
        [a_command(1, raw=b"nonsense")],
        [a_command(1, is_last=False, raw=bytes(9000)), a_command(1, is_last=False, raw=bytes(9000))],
        [a_command(1), DataValue(1, False, False, bytes(100_001))],
    ],
    ids=[
        "context",
        "command elsewhere",
        "data elsewhere",
        "data first",
        "two commands",
        "nonsense",
        "long command",
        "long data",
    ],
)
def test_a_fragment_that_has_no_place_is_refused(values: list[DataValue]) -> None:
    receiving = Receiving()
    with pytest.raises(InvalidInput):  # noqa: PT012 - the last fragment of each row is the wrong one
        for value in values:
            receiving.receiver.take(value)
    assert not receiving.messages


def test_an_abandoned_message_leaves_room_for_the_next() -> None:
    receiving = Receiving()
    receiving.receiver.take(a_command())
    receiving.receiver.take(DataValue(1, False, False, b"half"))
    assert receiving.receiver.is_inside_message
    receiving.receiver.abandon()
    receiving.receiver.take(a_command())
    receiving.receiver.take(DataValue(1, False, True, b"whole"))
    assert [message.content for message in receiving.messages] == [b"whole"]
