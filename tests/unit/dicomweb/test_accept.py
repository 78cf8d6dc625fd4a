from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatoscope.doors.dicomweb.accept import ANYTHING, MediaRange, parse_accept, parse_content_type


@pytest.mark.parametrize("header", [None, "", "   ", "x" * 9000])
def test_no_usable_header_takes_anything(header: str | None) -> None:
    assert parse_accept(header) == [ANYTHING]


@pytest.mark.parametrize(
    "header",
    [
        'multipart/related; type="application/octet-stream"; transfer-syntax=*',
        "multipart/related; type=application/octet-stream; transfer-syntax=*",
        'Multipart/Related;TYPE="application/octet-stream";Transfer-Syntax="*"',
    ],
)
def test_quotation_marks_and_case_do_not_matter(header: str) -> None:
    expected = MediaRange("application/octet-stream", multipart=True, parameters={"transfer-syntax": "*"})
    assert parse_accept(header) == [expected]


def test_best_quality_comes_first_and_zero_goes() -> None:
    header = "image/png;q=0.2, image/jpeg, text/html;q=0, */*;q=0.1, image/gif;q=junk"
    assert [found.media_type for found in parse_accept(header)] == ["image/jpeg", "image/gif", "image/png", "*/*"]


def test_comma_in_quotation_marks_separates_nothing() -> None:
    (found,) = parse_accept('multipart/related; type="application/dicom"; note="a, b; c\\"d"')
    assert found.parameters == {"note": 'a, b; c"d'}


def test_multipart_without_type_takes_any_part() -> None:
    (found,) = parse_accept("multipart/related")
    assert found.covers("application/dicom")
    assert found.multipart


@pytest.mark.parametrize(
    ("media_range", "media_type", "expected"),
    [("*/*", "a/b", True), ("image/*", "image/jls", True), ("image/*", "imagex/jls", False), ("a/b", "a/c", False)],
)
def test_range_covers(media_range: str, media_type: str, expected: bool) -> None:
    assert MediaRange(media_range).covers(media_type) is expected


@given(st.text(max_size=200))
def test_any_text_is_read_without_a_fault(header: str) -> None:
    for found in parse_accept(header):
        assert 0 < found.quality <= 1
        assert "/" in found.media_type


def test_content_type_has_its_parameters() -> None:
    assert parse_content_type('Multipart/Related; Boundary="a b"') == ("multipart/related", {"boundary": "a b"})
