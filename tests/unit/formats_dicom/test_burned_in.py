"""Text drawn at the border of a picture is noticed; pictures without any are left alone."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from negatoscope.formats.dicom.deidentification.burned_in import looks_like_text

ROWS, COLUMNS = 600, 500


def background(kind: str) -> NDArray[np.float64]:
    y, x = np.mgrid[:ROWS, :COLUMNS]
    if kind == "black":
        return np.zeros((ROWS, COLUMNS))
    if kind == "noise":
        return np.random.default_rng(1).normal(2000, 400, (ROWS, COLUMNS)).clip(0, 4095)
    if kind == "bars":
        return np.where((x // 40) % 2 == 0, 500.0, 3500.0)
    fan = (x - COLUMNS / 2) ** 2 + (y - 50) ** 2 < (ROWS * 0.8) ** 2
    return np.where(fan, np.random.default_rng(1).gamma(2, 400, (ROWS, COLUMNS)), 0).clip(0, 4095)


def with_text(pixels: NDArray[np.float64], at: tuple[int, int], size: int) -> NDArray[np.uint16]:
    stamp = Image.new("L", (COLUMNS, ROWS))
    ImageDraw.Draw(stamp).text(at, "DUPONT^ANNE", fill=255, font=ImageFont.load_default(size))
    share = np.asarray(stamp) / 255.0
    return (pixels * (1 - share) + 4095 * share).astype(np.uint16)


@pytest.mark.parametrize("kind", ["black", "fan"])
@pytest.mark.parametrize("at", [(10, 10), (300, 10), (10, 560)])
@pytest.mark.parametrize("size", [10, 14, 24, 36])
def test_a_name_at_the_border_is_noticed(kind: str, at: tuple[int, int], size: int) -> None:
    assert looks_like_text(with_text(background(kind), at, size))


@pytest.mark.parametrize("kind", ["black", "fan", "noise", "bars"])
def test_a_picture_without_text_is_left_alone(kind: str) -> None:
    assert not looks_like_text(background(kind).astype(np.uint16))


def test_colour_and_tiny_pictures_are_looked_at_too() -> None:
    grey = with_text(background("black"), (10, 10), 20)
    assert looks_like_text(np.stack([grey] * 3, axis=2))
    assert not looks_like_text(np.zeros((1, 1), np.uint8))
    assert not looks_like_text(np.arange(12, dtype=np.uint8).reshape(3, 4))
