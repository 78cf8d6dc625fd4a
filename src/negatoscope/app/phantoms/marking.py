"""What stands in the picture besides anatomy: the collimated border, the side marker, and that it is synthetic."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

# Capitals without accents, as on lead letters: the font that comes with Pillow has no É.
LABEL = "SYNTHETIQUE · SYNTHETIC · NOT A PATIENT"
LABEL_PART = 48
BORDER = 0.012


def mark(pixels: NDArray[np.uint16], *, letter: str, at: tuple[float, float], white: int) -> None:
    """Write the marks into the stored values; `at` is the place of the side marker as parts of the columns and rows."""
    rows, columns = pixels.shape
    border = round(min(rows, columns) * BORDER)
    darkest = int(pixels.min())
    for edge in (np.s_[:border, :], np.s_[-border:, :], np.s_[:, :border], np.s_[:, -border:]):
        pixels[edge] = darkest
    _write(pixels, letter, (round(at[0] * columns), round(at[1] * rows)), size=rows // 22, value=white)
    size = round(rows / LABEL_PART)
    _write(pixels, LABEL, (border * 2, rows - border * 2 - size), size=size, value=white, plate=darkest)


def _write(
    pixels: NDArray[np.uint16], text: str, at: tuple[int, int], *, size: int, value: int, plate: int | None = None
) -> None:
    """Write a text whose top left corner stands `at` (column, row), on a plate of this value where one is wanted."""
    font = ImageFont.load_default(size)
    left, top, right, bottom = font.getbbox(text)
    picture = Image.new("L", (int(right - left) + 2, int(bottom - top) + 2))
    ImageDraw.Draw(picture).text((-left + 1, -top + 1), text, font=font, fill=255)
    ink = np.asarray(picture, np.float32) / 255
    if plate is not None:
        margin = size // 3
        top_row, left_column = max(0, at[1] - margin), max(0, at[0] - margin)
        pixels[top_row : at[1] + ink.shape[0] + margin, left_column : at[0] + ink.shape[1] + margin] = plate
    place = np.s_[at[1] : at[1] + ink.shape[0], at[0] : at[0] + ink.shape[1]]
    under = pixels[place]
    ink = ink[: under.shape[0], : under.shape[1]]
    pixels[place] = np.rint(under * (1 - ink) + value * ink).astype(np.uint16)
