from __future__ import annotations

import struct
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatoscope.archive.frame_index import (
    MOST_FRAGMENTS,
    WindowedRead,
    find_frame,
    group_fragments,
    index_frames,
    moved,
    pack,
    scan_fragments,
)
from negatoscope.formats.dicom.verdict import ByteSpan, PixelDataSpan
from negatoscope.platform.errors import CorruptObject

SPANS = st.builds(ByteSpan, st.integers(0, 2**40), st.integers(0, 2**32))


@given(st.lists(st.lists(SPANS, max_size=4), min_size=1, max_size=20))
def test_each_frame_comes_back(frames: list[list[ByteSpan]]) -> None:
    index = pack(frames)
    assert [find_frame(index, number) for number in range(len(frames))] == frames


@pytest.mark.parametrize("frame", [-1, 2, 10**9])
def test_frame_that_is_not_there_is_refused(frame: int) -> None:
    with pytest.raises(ValueError, match="frame"):
        find_frame(pack([[], []]), frame)


def element(fragments: list[bytes], table: list[int]) -> tuple[bytes, PixelDataSpan]:
    """Build the value of an encapsulated element that starts at offset 100, and its span."""
    start = 100
    value = b"\xfe\xff\x00\xe0" + struct.pack("<I", 4 * len(table)) + b"".join(struct.pack("<I", t) for t in table)
    spans = []
    for fragment in fragments:
        value += b"\xfe\xff\x00\xe0" + struct.pack("<I", len(fragment))
        spans.append(ByteSpan(start + len(value), len(fragment)))
        value += fragment
    span = PixelDataSpan(
        tag=0x7FE00010,
        offset=start,
        length=len(value),
        encapsulated=True,
        fragment_count=len(spans),
        fragments=tuple(spans),
        basic_offset_table=ByteSpan(start + 8, 4 * len(table)),
    )
    return bytes(start) + value, span


def fragments_of(data: bytes, span: PixelDataSpan, frames: int) -> list[list[bytes]] | None:
    index = index_frames(span, frames, lambda offset, length: data[offset : offset + length])
    if index is None:
        return None
    return [[data[part.offset : part.offset + part.length] for part in find_frame(index, number)] for number in range(frames)]


A, B, C = b"\xff\xd8\xffa", b"bbbbbb", b"\xff\xd8\xffccc"


def test_one_fragment_a_frame() -> None:
    data, span = element([A, C], [])
    assert fragments_of(data, span, 2) == [[A], [C]]


def test_single_frame_takes_all_fragments() -> None:
    data, span = element([A, B, C], [])
    assert fragments_of(data, span, 1) == [[A, B, C]]


def test_offset_table_groups_fragments() -> None:
    data, span = element([A, B, C], [0, len(A) + 8])
    assert fragments_of(data, span, 2) == [[A], [B, C]]


@pytest.mark.parametrize("table", [[], [0], [0, 3], [8, 0], [0, 0]])
def test_without_a_sound_table_a_frame_starts_like_an_image(table: list[int]) -> None:
    data, span = element([A, B, C], table)
    assert fragments_of(data, span, 2) == [[A, B], [C]]


def test_fragments_that_cannot_be_told_apart_have_no_index() -> None:
    data, span = element([B, B, B], [])
    assert fragments_of(data, span, 2) is None


def test_scan_finds_what_the_gate_found() -> None:
    data, span = element([A, B, C], [0, 12])
    table, *fragments = scan_fragments(span.offset, span.length, lambda o, n: data[o : o + n])
    assert tuple(fragments) == span.fragments
    assert table == span.basic_offset_table


def test_scan_stops_at_a_length_that_leaves_the_element() -> None:
    data, span = element([A, B], [])
    damaged = data.replace(struct.pack("<I", len(B)) + B, struct.pack("<I", 10**9) + B)
    assert len(scan_fragments(span.offset, span.length, lambda o, n: damaged[o : o + n])) == 2


def test_endless_fragments_are_given_up() -> None:
    item = b"\xfe\xff\x00\xe0" + bytes(4)
    with pytest.raises(CorruptObject):
        scan_fragments(0, len(item) * (MOST_FRAGMENTS + 5), lambda *_: item)


def test_fragments_that_the_gate_did_not_keep_are_not_walked_at_reception() -> None:
    data, span = element([A, B, C], [])

    def never(offset: int, length: int) -> bytes:
        raise AssertionError

    assert index_frames(replace(span, fragments=()), 1, never) is None
    kept = group_fragments(replace(span, fragments=()), 2, lambda o, n: data[o : o + n])
    assert [len(fragments) for fragments in kept] == [2, 1]


def test_heads_are_not_read_where_the_table_decides() -> None:
    data, span = element([A, B, C], [0, len(A) + 8])
    reads: list[tuple[int, int]] = []

    def read(offset: int, length: int) -> bytes:
        reads.append((offset, length))
        return data[offset : offset + length]

    assert index_frames(span, 2, read) is not None
    assert reads == [(108, 8)]


@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 300)), max_size=30))
def test_windowed_reads_are_the_same_bytes(ranges: list[tuple[int, int]]) -> None:
    data = bytes(number % 251 for number in range(5300))
    calls = []

    def read(offset: int, length: int) -> bytes:
        calls.append(offset)
        return data[offset : offset + length]

    windowed = WindowedRead(read, len(data))
    for offset, length in ranges:
        assert windowed(offset, length) == data[offset : offset + length]
    if ranges and all(first <= second for first, second in pairwise(offset for offset, _ in ranges)):
        assert len(calls) <= 1


def test_moved_span_keeps_lengths() -> None:
    _, span = element([A, B], [0])
    further = moved(span, 10)
    assert [part.offset - 10 for part in further.fragments] == [part.offset for part in span.fragments]
    assert further.basic_offset_table == ByteSpan(118, 4)
