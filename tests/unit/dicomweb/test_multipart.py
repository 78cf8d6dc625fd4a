from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatoscope.doors.dicomweb.multipart_reader import MultipartReader, PartBegins, PartBytes, PartEnds
from negatoscope.platform.errors import InvalidInput

BOUNDARY = "bound"


def body_of(parts: list[bytes]) -> bytes:
    return b"".join(b"--bound\r\nContent-Type: application/dicom\r\n\r\n" + part + b"\r\n" for part in parts) + b"--bound--\r\n"


def read(body: bytes, piece: int) -> list[bytes]:
    reader = MultipartReader(BOUNDARY)
    found: list[bytes] = []
    is_open = False
    for offset in range(0, len(body), piece):
        for event in reader.feed(body[offset : offset + piece]):
            if isinstance(event, PartBegins):
                assert not is_open
                assert event.headers == {"content-type": "application/dicom"}
                found.append(b"")
                is_open = True
            elif isinstance(event, PartBytes):
                assert is_open
                found[-1] += event.data
            else:
                assert isinstance(event, PartEnds)
                is_open = False
    reader.finish()
    assert not is_open
    return found


TRICKY = st.lists(st.sampled_from([b"\r\n", b"--", b"--bound", b"\r\n--boun", b"-", b"\r", b"x", b"\0"]), max_size=12).map(
    b"".join
)


@given(st.lists(TRICKY.filter(lambda part: b"\r\n--bound" not in b"\r\n" + part), min_size=1, max_size=4), st.integers(1, 40))
def test_parts_come_back_however_the_body_is_cut(parts: list[bytes], piece: int) -> None:
    assert read(body_of(parts), piece) == parts


@given(st.binary(max_size=400), st.integers(1, 50))
def test_no_bytes_break_the_reader(body: bytes, piece: int) -> None:
    reader = MultipartReader(BOUNDARY)
    try:
        for offset in range(0, len(body), piece):
            list(reader.feed(body[offset : offset + piece]))
        reader.finish()
    except InvalidInput:
        return
    assert b"--bound--" in body


@pytest.mark.parametrize(
    "body",
    [
        b"--bound\r\nA: b\r\n\r\ndata",
        b"--bound\r\nA: b\r\n\r\ndata\r\n--boun",
        b"--boundx\r\n\r\n\r\n--bound--",
        b"no boundary at all",
        b"--bound\r\n" + b"h" * 20_000,
        b"p" * 70_000,
    ],
)
def test_body_that_is_no_multipart_is_refused(body: bytes) -> None:
    reader = MultipartReader(BOUNDARY)

    def read_all() -> None:
        list(reader.feed(body))
        reader.finish()

    with pytest.raises(InvalidInput):
        read_all()


@pytest.mark.parametrize("boundary", ["", "x" * 71, "é", "a\nb"])
def test_boundary_is_checked(boundary: str) -> None:
    with pytest.raises(InvalidInput):
        MultipartReader(boundary)


def test_bytes_are_passed_on_at_once() -> None:
    reader = MultipartReader(BOUNDARY)
    list(reader.feed(b"--bound\r\n\r\n\r\n"))
    passed = sum(len(event.data) for event in reader.feed(b"x" * 100_000) if isinstance(event, PartBytes))
    assert passed >= 100_000 - len("\r\n--bound")
