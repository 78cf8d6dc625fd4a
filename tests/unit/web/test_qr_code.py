"""QR codes against codes that another implementation drew, and their fixed patterns."""

from __future__ import annotations

from pathlib import Path

import pytest

from negatoscope.doors.web.qr_code import MOST_BYTES, qr_matrix, qr_path

GOLDEN = Path(__file__).parents[2] / "golden"
FINDER = ("#######", "#.....#", "#.###.#", "#.###.#", "#.###.#", "#.....#", "#######")


def lines_of(data: bytes) -> list[str]:
    return ["".join("#" if module else "." for module in line) for line in qr_matrix(data)]


@pytest.mark.parametrize("name", ["qr_version_4", "qr_version_8"])
def test_code_is_the_one_that_others_draw(name: str) -> None:
    data, *drawn = (GOLDEN / f"{name}.txt").read_text("ascii").splitlines()
    assert lines_of(data.encode()) == drawn


@pytest.mark.parametrize(
    ("length", "version"),
    [(0, 1), (14, 1), (15, 2), (26, 2), (27, 3), (42, 3), (62, 4), (84, 5), (106, 6), (122, 7), (152, 8), (180, 9), (213, 10)],
)
def test_smallest_version_that_holds_the_bytes_is_taken(length: int, version: int) -> None:
    assert len(qr_matrix(b"x" * length)) == 17 + 4 * version


def test_more_than_ten_versions_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        qr_matrix(b"x" * (MOST_BYTES + 1))


@pytest.mark.parametrize("length", [1, 60, 130, 213])
def test_three_corners_are_finders(length: int) -> None:
    lines = lines_of(b"a" * length)
    size = len(lines)
    for top, left in ((0, 0), (0, size - 7), (size - 7, 0)):
        assert tuple(line[left : left + 7] for line in lines[top : top + 7]) == FINDER


def test_path_draws_each_dark_module_inside_the_quiet_zone() -> None:
    matrix = qr_matrix(b"otpauth://totp/x")
    path, width = qr_path(b"otpauth://totp/x")
    assert width == len(matrix) + 8
    assert path.count("M") == sum(map(sum, matrix))
    assert path.startswith("M4 4h1v1h-1z")
