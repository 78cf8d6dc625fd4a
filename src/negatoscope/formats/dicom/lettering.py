"""Write lines of text on pictures, in the one font that needs no file: its letters bear no accents."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from PIL import Image, ImageDraw, ImageFont

_SMALLEST: Final = 10
_LARGEST: Final = 48
_LINES_A_SIDE: Final = 40
_LONGEST_LINE: Final = 200
_LIGATURES: Final = str.maketrans(
    {"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L"}
)


def plain_letters(text: str) -> str:
    """Return the text in the letters that the font has: accents dropped, any other sign a question mark."""
    folded = unicodedata.normalize("NFKD", text.translate(_LIGATURES))
    kept = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return "".join(letter if " " <= letter <= "~" else "?" for letter in kept)


@lru_cache(maxsize=_LARGEST)
def font_of(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the font in this size in pixels."""
    return ImageFont.load_default(size)


def letter_height(picture: Image.Image) -> int:
    """Return a size in which the letters are read on a picture of this size."""
    return max(_SMALLEST, min(picture.height // _LINES_A_SIDE, _LARGEST))


def write_lines(picture: Image.Image, lines: Sequence[str], *, at_bottom: bool) -> None:
    """Write lines at the left edge, white with a dark edge, which is read on any grey."""
    height = letter_height(picture)
    step = height + height // 4
    first = picture.height - step * len(lines) - height // 2 if at_bottom else height // 2
    for number, line in enumerate(lines):
        write_text(picture, (height // 2, first + step * number), line, height=height)


def write_text(
    picture: Image.Image, place: tuple[float, float], text: str, *, height: int, anchor: str = "la", grey: int = 255
) -> None:
    """Write one line; ``anchor`` as Pillow names it says which of its points stands at the place."""
    shade = grey if picture.mode == "L" else (grey, grey, grey)
    edge = 0 if picture.mode == "L" else (0, 0, 0)
    ImageDraw.Draw(picture).text(
        place,
        plain_letters(text[:_LONGEST_LINE]),
        fill=shade,
        font=font_of(height),
        anchor=anchor,
        stroke_width=1,
        stroke_fill=edge,
    )


def labelled_tile(label: str, side: int) -> Image.Image:
    """Return a square picture that shows a word: for what has no image."""
    tile = Image.new("L", (side, side), 32)
    margin = side // 5
    ImageDraw.Draw(tile).rectangle(
        (margin, side // 10, side - margin, side - side // 10), outline=160, width=max(1, side // 64)
    )
    write_text(tile, (side / 2, side / 2), label, height=max(_SMALLEST, side // 7), anchor="mm")
    return tile
