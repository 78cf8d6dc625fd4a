"""A frame as a picture for screens without a DICOM viewer: JPEG or PNG of 8 bits, cut and scaled (PS3.18 8.3.5)."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final, Literal

import numpy as np
from PIL import Image

from negatoscope.formats.dicom.attributes import PixelDescription
from negatoscope.formats.dicom.greyscale import GreyscaleParameters, grey_table, stored_values
from negatoscope.formats.dicom.pixels import Frame
from negatoscope.platform.errors import InvalidInput

MediaType = Literal["image/jpeg", "image/png"]

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


def picture_as_plain(
    viewport: Viewport | None = None, *, media_type: MediaType = "image/jpeg", quality: int = DEFAULT_QUALITY
) -> dict[str, int | str | None]:
    """Return plain values, for a process that takes no others."""
    return asdict(viewport or Viewport()) | {"media_type": media_type, "quality": quality}


def picture_from_plain(plain: Mapping[str, int | str | None]) -> tuple[Viewport, MediaType, int]:
    """Read back what ``picture_as_plain`` gave."""
    numbers = {key: int(value) for key, value in plain.items() if key not in ("media_type", "quality") and value is not None}
    media_type: MediaType = "image/png" if plain["media_type"] == "image/png" else "image/jpeg"
    return Viewport(**numbers), media_type, int(plain["quality"] or DEFAULT_QUALITY)


def render_grey(
    frame: Frame,
    parameters: GreyscaleParameters,
    viewport: Viewport | None = None,
    *,
    media_type: MediaType = "image/jpeg",
    quality: int = DEFAULT_QUALITY,
) -> bytes:
    """Render a monochrome frame of 8 or 16 bits."""
    if frame.ndim != 2 or frame.dtype.itemsize > 2:
        raise InvalidInput("Frames of this kind are not rendered.", reason="not_renderable")
    cells = frame.view(np.dtype(f"u{frame.dtype.itemsize}"))
    data_range = _stored_range(cells, parameters) if parameters.voi is None else None
    grey = grey_table(parameters, data_range=data_range)[cells]
    return _picture(Image.fromarray(grey, mode=None), viewport or Viewport(), media_type, quality)


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
    return _picture(picture, viewport or Viewport(), media_type, quality)


def render_frame(
    frame: Frame,
    pixels: PixelDescription,
    parameters: GreyscaleParameters | None,
    viewport: Viewport | None = None,
    *,
    photometric_interpretation: str | None = None,
    media_type: MediaType = "image/jpeg",
    quality: int = DEFAULT_QUALITY,
) -> bytes:
    """Render any frame we can decode; ``parameters`` are needed for monochrome ones."""
    if pixels.samples_per_pixel == 1 and parameters is not None:
        return render_grey(frame, parameters, viewport, media_type=media_type, quality=quality)
    photometric = photometric_interpretation or pixels.photometric_interpretation
    return render_colour(frame, photometric, viewport, media_type=media_type, quality=quality)


def thumbnail(frame: Frame, pixels: PixelDescription, parameters: GreyscaleParameters | None, *, side: int = 256) -> bytes:
    """Render a JPEG whose longer side has this many pixels at most."""
    return render_frame(frame, pixels, parameters, Viewport(width=side, height=side), quality=80)


def _picture(picture: Image.Image, viewport: Viewport, media_type: MediaType, quality: int) -> bytes:
    cut = _cut(picture, viewport)
    scaled = _scale(cut, viewport)
    target = io.BytesIO()
    if media_type == "image/png":
        scaled.save(target, "PNG", compress_level=3)
    else:
        scaled.save(target, "JPEG", quality=max(1, min(quality, 100)))
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


def _scale(picture: Image.Image, viewport: Viewport) -> Image.Image:
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
