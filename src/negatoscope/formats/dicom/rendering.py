"""A frame as a picture of 8 bits for screens without a DICOM viewer, cut, scaled and captioned (PS3.18 8.3.5)."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final, Literal

import numpy as np
from PIL import Image

from negatoscope.formats.dicom.attributes import PixelDescription
from negatoscope.formats.dicom.greyscale import GreyscaleParameters, GreyTable, grey_table, stored_values
from negatoscope.formats.dicom.lettering import write_lines
from negatoscope.formats.dicom.pixels import Frame
from negatoscope.platform.errors import InvalidInput

MediaType = Literal["image/jpeg", "image/png", "image/gif", "image/jp2"]

MEDIA_TYPES: Final[dict[str, MediaType]] = {
    "image/jpeg": "image/jpeg",
    "image/png": "image/png",
    "image/gif": "image/gif",
    "image/jp2": "image/jp2",
}
"""In the order of preference."""

DEFAULT_QUALITY: Final = 88
MAXIMUM_SIDE: Final = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewport:
    """Say which part of the image to show, in image pixels, and in how many pixels at most.

    A source of width or height 0 means up to the edge; a negative one mirrors the picture in that direction.
    """

    width: int | None = None
    height: int | None = None
    source_x: int = 0
    source_y: int = 0
    source_width: int = 0
    source_height: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Captions:
    """Hold the lines written on a picture, in two of its corners."""

    top_left: tuple[str, ...] = ()
    bottom_left: tuple[str, ...] = ()


_NO_CAPTIONS: Final = Captions()
_NOT_OF_THE_VIEWPORT: Final = ("media_type", "quality", "top_left", "bottom_left")


def picture_as_plain(
    viewport: Viewport | None = None,
    *,
    media_type: MediaType = "image/jpeg",
    quality: int = DEFAULT_QUALITY,
    captions: Captions = _NO_CAPTIONS,
) -> dict[str, int | str | None]:
    """Return plain values, for a process that takes no others."""
    lines = {"top_left": "\n".join(captions.top_left), "bottom_left": "\n".join(captions.bottom_left)}
    return asdict(viewport or Viewport()) | {"media_type": media_type, "quality": quality} | lines


def picture_from_plain(plain: Mapping[str, int | str | None]) -> tuple[Viewport, MediaType, int, Captions]:
    """Read back what ``picture_as_plain`` gave."""
    numbers = {key: int(value) for key, value in plain.items() if key not in _NOT_OF_THE_VIEWPORT and value is not None}
    media_type = MEDIA_TYPES.get(str(plain["media_type"]), "image/jpeg")
    top, bottom = (tuple(str(plain[corner] or "").splitlines()) for corner in ("top_left", "bottom_left"))
    return Viewport(**numbers), media_type, int(plain["quality"] or DEFAULT_QUALITY), Captions(top_left=top, bottom_left=bottom)


def render_grey(
    frame: Frame,
    parameters: GreyscaleParameters,
    viewport: Viewport | None = None,
    *,
    media_type: MediaType = "image/jpeg",
    quality: int = DEFAULT_QUALITY,
    captions: Captions = _NO_CAPTIONS,
) -> bytes:
    """Render a monochrome frame of 8 or 16 bits."""
    return _picture(Image.fromarray(grey_cells(frame, parameters)), viewport or Viewport(), media_type, quality, captions)


def grey_cells(frame: Frame, parameters: GreyscaleParameters) -> GreyTable:
    """Return the grey of each cell ``(rows, columns) uint8``; without a VOI transformation its own range is spread."""
    cells = pattern_cells(frame)
    data_range = _stored_range(cells, parameters) if parameters.voi is None else None
    grey: GreyTable = grey_table(parameters, data_range=data_range)[cells]
    return grey


def pattern_cells(frame: Frame) -> Frame:
    """Return the cells of a monochrome frame of 8 or 16 bits as the bit patterns by which a grey table is read."""
    if frame.ndim != 2 or frame.dtype.itemsize > 2:
        raise InvalidInput("Frames of this kind are not rendered.", reason="not_renderable")
    return frame.view(np.dtype(f"u{frame.dtype.itemsize}"))


def _stored_range(cells: Frame, parameters: GreyscaleParameters) -> tuple[int, int] | None:
    """Return the least and the greatest stored value of the frame, padding apart."""
    stored = stored_values(parameters)[cells]
    if parameters.padding is not None:
        low, high = sorted(parameters.padding)
        stored = stored[(stored < low) | (stored > high)]
    return (int(stored.min()), int(stored.max())) if stored.size else None


def render_colour(
    frame: Frame,
    photometric_interpretation: str,
    viewport: Viewport | None = None,
    *,
    media_type: MediaType = "image/jpeg",
    quality: int = DEFAULT_QUALITY,
    captions: Captions = _NO_CAPTIONS,
) -> bytes:
    """Render a colour frame of 8 bits; full-range luminance and chrominance are turned into RGB."""
    if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
        raise InvalidInput("Frames of this kind are not rendered.", reason="not_renderable")
    if photometric_interpretation == "RGB":
        picture = Image.fromarray(frame)
    elif photometric_interpretation.startswith("YBR_FULL"):
        picture = Image.frombytes("YCbCr", (frame.shape[1], frame.shape[0]), np.ascontiguousarray(frame).tobytes()).convert(
            "RGB"
        )
    else:
        raise InvalidInput("Frames of this kind are not rendered.", reason="not_renderable")
    return _picture(picture, viewport or Viewport(), media_type, quality, captions)


def render_frame(
    frame: Frame,
    pixels: PixelDescription,
    parameters: GreyscaleParameters | None,
    viewport: Viewport | None = None,
    *,
    photometric_interpretation: str | None = None,
    media_type: MediaType = "image/jpeg",
    quality: int = DEFAULT_QUALITY,
    captions: Captions = _NO_CAPTIONS,
) -> bytes:
    """Render any frame we can decode; ``parameters`` are needed for monochrome ones."""
    if pixels.samples_per_pixel == 1 and parameters is not None:
        return render_grey(frame, parameters, viewport, media_type=media_type, quality=quality, captions=captions)
    photometric = photometric_interpretation or pixels.photometric_interpretation
    return render_colour(frame, photometric, viewport, media_type=media_type, quality=quality, captions=captions)


def thumbnail(frame: Frame, pixels: PixelDescription, parameters: GreyscaleParameters | None, *, side: int = 256) -> bytes:
    """Render a JPEG whose longer side has this many pixels at most."""
    return render_frame(frame, pixels, parameters, Viewport(width=side, height=side), quality=80)


def _picture(
    picture: Image.Image, viewport: Viewport, media_type: MediaType, quality: int, captions: Captions = _NO_CAPTIONS
) -> bytes:
    shown = scaled_to_fit(_cut(picture, viewport), viewport)
    if captions != _NO_CAPTIONS:
        shown = shown.copy()
        write_lines(shown, captions.top_left, at_bottom=False)
        write_lines(shown, captions.bottom_left, at_bottom=True)
    return encoded_picture(shown, media_type, quality=quality)


def encoded_picture(picture: Image.Image, media_type: MediaType, *, quality: int = DEFAULT_QUALITY) -> bytes:
    """Encode a picture; ``quality`` counts for JPEG alone, GIF holds 256 colours, JPEG 2000 is without loss."""
    target = io.BytesIO()
    if media_type == "image/png":
        picture.save(target, "PNG", compress_level=3)
    elif media_type == "image/gif":
        picture.save(target, "GIF")
    elif media_type == "image/jp2":
        picture.save(target, "JPEG2000", irreversible=False)
    else:
        picture.save(target, "JPEG", quality=max(1, min(quality, 100)))
    return target.getvalue()


def _cut(picture: Image.Image, viewport: Viewport) -> Image.Image:
    x, y = viewport.source_x, viewport.source_y
    width = abs(viewport.source_width) or picture.width - x
    height = abs(viewport.source_height) or picture.height - y
    is_inside = (
        0 <= x < picture.width and 0 <= y < picture.height and x + width <= picture.width and y + height <= picture.height
    )
    if not is_inside:
        raise InvalidInput("The region is not inside the image.", reason="bad_viewport", field="viewport")
    cut = picture.crop((x, y, x + width, y + height))
    if viewport.source_width < 0:
        cut = cut.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if viewport.source_height < 0:
        cut = cut.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    return cut


def scaled_to_fit(picture: Image.Image, viewport: Viewport) -> Image.Image:
    """Scale to fit, keeping the proportions; without a size the pixels stay as they are."""
    sides = [side for side in (viewport.width, viewport.height) if side is not None]
    if not sides:
        return picture
    if min(sides) < 1 or max(sides) > MAXIMUM_SIDE:
        raise InvalidInput("The size of the picture is out of bounds.", reason="bad_viewport", field="viewport")
    factor = min(
        viewport.width / picture.width if viewport.width is not None else float("inf"),
        viewport.height / picture.height if viewport.height is not None else float("inf"),
    )
    size = max(1, round(picture.width * factor)), max(1, round(picture.height * factor))
    if size == picture.size:
        return picture
    # Averaging first keeps thin lines (catheters, fracture lines) from vanishing, and is what makes it fast.
    return picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
