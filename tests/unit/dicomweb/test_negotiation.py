from __future__ import annotations

import pytest

from negatoscope.doors.dicomweb.accept import parse_accept
from negatoscope.doors.dicomweb.byte_ranges import parse_range
from negatoscope.doors.dicomweb.frames import read_frame_list
from negatoscope.doors.dicomweb.negotiation import MEDIA_TYPES, choose_frames, choose_object
from negatoscope.doors.dicomweb.rendering_parameters import read_viewport, read_window
from negatoscope.formats.dicom.greyscale import VoiFunction
from negatoscope.formats.dicom.transfer_syntaxes import TRANSFER_SYNTAXES
from negatoscope.platform.errors import InvalidInput

EXPLICIT, IMPLICIT, BIG = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2"
JLS, JPEG, VIDEO = "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.50", "1.2.840.10008.1.2.4.102"
OCTETS = "multipart/related; type=application/octet-stream"


@pytest.mark.parametrize(
    ("accept", "stored", "expected"),
    [
        (OCTETS, EXPLICIT, ("application/octet-stream", EXPLICIT, True)),
        (OCTETS, IMPLICIT, ("application/octet-stream", EXPLICIT, True)),
        (OCTETS, BIG, ("application/octet-stream", EXPLICIT, False)),
        (OCTETS, JLS, ("application/octet-stream", EXPLICIT, False)),
        (f"{OCTETS}; transfer-syntax=*", JLS, ("application/octet-stream", JLS, True)),
        (f"{OCTETS}; transfer-syntax=*", VIDEO, ("application/octet-stream", VIDEO, True)),
        (OCTETS, VIDEO, None),
        ("multipart/related; type=image/jls", JPEG, ("image/jls", JLS, False)),
        ("multipart/related; type=image/jpeg; transfer-syntax=*", JPEG, ("image/jpeg", JPEG, True)),
        ("multipart/related; type=image/jpeg", JPEG, ("image/jpeg", "1.2.840.10008.1.2.4.70", False)),
        (f"multipart/related; type=image/jpeg; transfer-syntax={JPEG}", EXPLICIT, None),
        ("multipart/related; type=image/jp2, " + OCTETS, JPEG, ("image/jp2", "1.2.840.10008.1.2.4.90", False)),
        ("image/*", JLS, ("image/jls", JLS, True)),
        ("text/html", EXPLICIT, None),
    ],
)
def test_frames_are_negotiated(accept: str, stored: str, expected: tuple[str, str, bool] | None) -> None:
    choice = choose_frames(parse_accept(accept), stored, single=True)
    found = (choice.media_type, choice.transfer_syntax_uid, choice.is_stored) if choice is not None else None
    assert found == expected


@pytest.mark.parametrize("stored", sorted(TRANSFER_SYNTAXES))
def test_whatever_is_stored_can_be_had_as_it_is(stored: str) -> None:
    anything = parse_accept("multipart/related; type=application/dicom; transfer-syntax=*")
    choice = choose_object(anything, stored, single=False)
    assert choice is not None
    assert choice.is_stored
    frames = choose_frames(parse_accept(f"{OCTETS}; transfer-syntax=*"), stored, single=False)
    assert frames is not None
    assert frames.is_stored


@pytest.mark.parametrize("accept", ["application/dicom", "multipart/related"])
@pytest.mark.parametrize("single", [True, False])
def test_one_part_only_where_it_is_asked_for_and_possible(accept: str, single: bool) -> None:
    choice = choose_object(parse_accept(accept), EXPLICIT, single=single)
    if accept == "application/dicom" and not single:
        assert choice is None
    else:
        assert choice is not None
        assert choice.multipart is (accept == "multipart/related")


def test_no_syntax_belongs_to_two_media_types() -> None:
    syntaxes = [syntax for group in MEDIA_TYPES.values() for syntax in group]
    assert len(set(syntaxes)) == len(syntaxes)
    assert set(syntaxes) <= set(TRANSFER_SYNTAXES)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-9", (0, 10)),
        ("bytes=90-", (90, 10)),
        ("bytes=90-1000", (90, 10)),
        ("bytes=-10", (90, 10)),
        ("bytes=-1000", (0, 100)),
        ("bytes=100-", None),
        ("bytes=-0", None),
        ("bytes=9-3", None),
        ("bytes=-", (0, 100)),
        ("bytes=0-1,5-6", (0, 100)),
        ("items=0-1", (0, 100)),
    ],
)
def test_range_of_bytes(header: str, expected: tuple[int, int] | None) -> None:
    assert parse_range(header, 100) == expected


def test_frame_list() -> None:
    assert read_frame_list("3,1,2") == (3, 1, 2)
    for text in ("", "0", "1,,2", "1.5", "²", "1" * 10, ",".join(["1"] * 10_001)):
        with pytest.raises(InvalidInput):
            read_frame_list(text)


def test_window_and_viewport() -> None:
    window = read_window("40.5, 400, SIGMOID")
    assert window is not None
    assert (window.center, window.width, window.function) == (40.5, 400.0, VoiFunction.SIGMOID)
    assert read_window(None) is None
    view = read_viewport("100,,10,20,-30,40")
    assert (view.width, view.height, view.source_x, view.source_width) == (100, None, 10, -30)
    for text in ("nan,1", "1,inf", "1e999,2"):
        with pytest.raises(InvalidInput):
            read_window(text)
        with pytest.raises(InvalidInput):
            read_viewport(text)
