"""What stands in the picture besides anatomy: the collimated border, the side marker, and that it is synthetic."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from negatoscope.app.phantoms.canvas import Field, as_field

# Capitals without accents, as on lead letters: the font that comes with Pillow has no É.
LABEL = "SYNTHETIQUE · SYNTHETIC\nNOT A PATIENT"
LABEL_PART = 48
BORDER = 0.012


def mark(pixels: NDArray[np.uint16], *, letter: str, at: tuple[float, float], white: int) -> None:
    """Write the marks into the stored values; `at` is the place of the side marker as parts of the columns and rows."""
    rows, columns = pixels.shape
    border = round(min(rows, columns) * BORDER)
    darkest = int(pixels.min())
    for edge in (np.s_[:border, :], np.s_[-border:, :], np.s_[:, :border], np.s_[:, -border:]):
        pixels[edge] = darkest
    _put(pixels, _ink(letter, rows // 22), (round(at[0] * columns), round(at[1] * rows)), white)
    ink = _ink(LABEL, round(rows / LABEL_PART))
    margin = border // 2
    top, left = rows - 2 * border - ink.shape[0], 2 * border
    pixels[top - margin : rows - 2 * border + margin, left - margin : left + ink.shape[1] + margin] = darkest
    _put(pixels, ink, (left, top), white)


def _ink(text: str, size: int) -> Field:
    """Return how much of each pixel the letters of a text cover."""
    font = ImageFont.load_default(size)
    box = ImageDraw.Draw(Image.new("L", (1, 1))).multiline_textbbox((0, 0), text, font=font, spacing=size // 4)
    left, top, right, bottom = (round(edge) for edge in box)
    picture = Image.new("L", (right - left + 2, bottom - top + 2))
    ImageDraw.Draw(picture).multiline_text((1 - left, 1 - top), text, font=font, fill=255, spacing=size // 4)
    return as_field(np.asarray(picture, np.float32) / 255)


def _put(pixels: NDArray[np.uint16], ink: Field, at: tuple[int, int], value: int) -> None:
    """Write letters whose top left corner stands `at` (column, row)."""
    place = np.s_[at[1] : at[1] + ink.shape[0], at[0] : at[0] + ink.shape[1]]
    under = pixels[place]
    ink = ink[: under.shape[0], : under.shape[1]]
    pixels[place] = np.rint(under * (1 - ink) + value * ink).astype(np.uint16)
