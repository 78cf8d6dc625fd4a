"""Messages come out of the stream as they went in, however it is cut."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatoscope.formats.hl7v2.errors import MessageError
from negatoscope.formats.hl7v2.mllp import Deframer, frame

contents = st.binary(max_size=60).filter(lambda content: b"\x1c\r" not in content and not content.endswith(b"\x1c"))


@given(st.lists(contents, max_size=5), st.lists(st.integers(0, 400), max_size=8))
def test_frames_survive_any_cutting(messages: list[bytes], cuts: list[int]) -> None:
    stream = b"\r\n".join(frame(message) for message in messages)
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    deframer = Deframer()
    found = [message for low, high in itertools.pairwise(edges) for message in deframer.feed(stream[low:high])]
    assert found == messages
    assert not deframer.is_inside


@given(st.binary(min_size=1, max_size=20).filter(lambda data: data.lstrip(b"\r\n \t")[:1] not in (b"", b"\x0b")))
def test_a_stream_that_is_no_mllp_is_refused(data: bytes) -> None:
    with pytest.raises(MessageError):
        Deframer().feed(data)


def test_a_message_that_never_ends_is_refused_at_its_limit() -> None:
    deframer = Deframer(largest=100)
    assert deframer.feed(b"\x0b" + b"M" * 100) == []
    with pytest.raises(MessageError):
        deframer.feed(b"M")
