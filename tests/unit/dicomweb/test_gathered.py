"""Small pieces of an answer travel together, large ones as they are, and no byte changes its place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from negatoscope.doors.dicomweb import multipart_writer
from negatoscope.doors.dicomweb.multipart_writer import gathered

MOST = multipart_writer._JOINED_BYTES


@given(st.lists(st.integers(0, 2 * MOST), max_size=6))
def test_pieces_keep_their_order_and_stay_small(sizes: list[int]) -> None:
    pieces = [bytes([number]) * size for number, size in enumerate(sizes)]
    joined = list(gathered(iter(pieces)))
    assert b"".join(joined) == b"".join(pieces)
    assert all(len(piece) <= max(MOST, *sizes) for piece in joined)


def test_heads_and_images_travel_together_and_a_large_piece_is_not_copied() -> None:
    image, large = bytes(MOST // 3), bytes(MOST + 1)
    joined = list(gathered(iter([b"head", image, b"head", image, b"head", large])))
    assert [len(piece) for piece in joined] == [2 * len(image) + 12, len(large)]
    assert joined[1] is large
