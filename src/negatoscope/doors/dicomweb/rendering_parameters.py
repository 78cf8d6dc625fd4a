"""Read the query parameters of rendered resources (PS3.18 8.3.5.1). Pure."""

from __future__ import annotations

from typing import Final

from negatoscope.archive.pictures import Annotation
from negatoscope.formats.dicom.greyscale import VoiFunction, Window
from negatoscope.formats.dicom.rendering import DEFAULT_QUALITY, Viewport
from negatoscope.platform.errors import InvalidInput

_FUNCTIONS: Final = {
    "linear": VoiFunction.LINEAR,
    "linear-exact": VoiFunction.LINEAR_EXACT,
    "sigmoid": VoiFunction.SIGMOID,
}


def read_annotations(text: str | None) -> frozenset[Annotation]:
    """Read `patient`, `technique` or both; a word that is not one of them is ignored, as the clause has it (8.3.5.1.1)."""
    words = {word.strip().lower() for word in (text or "").split(",")}
    return frozenset(annotation for annotation in Annotation if annotation.value in words)


def read_window(text: str | None) -> Window | None:
    """Read `center,width[,function]` (PS3.18 8.3.5.1.4)."""
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    try:
        center, width = float(parts[0]), float(parts[1])
        function = _FUNCTIONS[parts[2].lower()] if len(parts) > 2 else VoiFunction.LINEAR
    except (ValueError, IndexError, KeyError) as error:
        raise InvalidInput("The window is malformed.", reason="bad_window", field="window") from error
    is_sound = len(parts) <= 3 and abs(center) < 1e9 and 0 < width < 1e9
    if not is_sound:
        raise InvalidInput("The window is malformed.", reason="bad_window", field="window")
    return Window(center=center, width=width, function=function)


def read_viewport(text: str | None) -> Viewport:
    """Read `width,height[,x,y,w,h]`; the size of the picture, then the region of the image (PS3.18 8.3.5.1.3)."""
    if text is None:
        return Viewport()
    parts = [part.strip() for part in text.split(",")]
    try:
        numbers = [int(float(part)) if part else 0 for part in parts]
    except (ValueError, OverflowError) as error:
        raise InvalidInput("The viewport is malformed.", reason="bad_viewport", field="viewport") from error
    if len(numbers) not in {2, 6} or numbers[0] < 0 or numbers[1] < 0 or max(map(abs, numbers)) > 1 << 20:
        raise InvalidInput("The viewport is malformed.", reason="bad_viewport", field="viewport")
    region = numbers[2:] or [0, 0, 0, 0]
    return Viewport(
        width=numbers[0] or None,
        height=numbers[1] or None,
        source_x=region[0],
        source_y=region[1],
        source_width=region[2],
        source_height=region[3],
    )


def read_quality(text: str | None) -> int:
    """Read the quality of a JPEG (PS3.18 8.3.5.1.2)."""
    if text is None:
        return DEFAULT_QUALITY
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:4]) <= 100:
        raise InvalidInput("The quality is a number from 1 to 100.", reason="bad_quality", field="quality")
    return int(text)


def read_frame_number(text: str | None) -> int:
    """Read the number of a frame, from 1; 1 where none is named."""
    if text is None:
        return 1
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise InvalidInput("The frame is a number.", reason="bad_frame", field="frame")
    return int(text)
