"""Read a greyscale softcopy presentation state for one of the frames to which it applies (PS3.3 A.33.1)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Final

from pydicom.dataset import Dataset

from negatoscope.formats.dicom.attributes import PixelDescription
from negatoscope.formats.dicom.files import PYDICOM_FAULTS
from negatoscope.formats.dicom.greyscale import GreyscaleParameters
from negatoscope.formats.dicom.greyscale_reading import list_voi, read_lookup_tables
from negatoscope.formats.dicom.presentation import (
    Area,
    Graphic,
    Lettering,
    Point,
    PresentationState,
    Reference,
    Shutter,
    Units,
)
from negatoscope.platform.errors import CorruptObject, InvalidInput

_OVERLAY_ACTIVATION: Final = 0x1001
_WHITE: Final = 0xFFFF
_LONGEST_SIDE: Final = 8_192
_MOST_POINTS: Final = 50_000
_KINDS: Final = frozenset({"POINT", "POLYLINE", "INTERPOLATED", "CIRCLE", "ELLIPSE"})
_NOT_DONE: Final = ("MaskSubtractionSequence", "CompoundGraphicSequence")


def list_references(state: Dataset) -> list[Reference]:
    """Return the images to which a state applies, in its order."""
    try:
        return [
            _reference(image)
            for series in state.get("ReferencedSeriesSequence") or []
            for image in series.get("ReferencedImageSequence") or []
        ]
    except PYDICOM_FAULTS as error:
        raise _unreadable() from error


def read_presentation(state: Dataset, pixels: PixelDescription, *, sop_instance_uid: str, frame: int) -> PresentationState:
    """Return what the state says of a frame.

    Raise InvalidInput (reason ``presentation_not_supported``) when it asks for a bitmap shutter, mask subtraction,
    overlays or compound graphics, CorruptObject when it cannot be read.
    """
    try:
        return _read(state, pixels, sop_instance_uid, frame)
    except PYDICOM_FAULTS as error:
        raise _unreadable() from error


def _unreadable() -> CorruptObject:
    return CorruptObject("A presentation state cannot be read.", reason="presentation_unreadable")


def _not_supported() -> InvalidInput:
    return InvalidInput("The presentation state asks for what is not rendered here.", reason="presentation_not_supported")


def _reference(image: Dataset) -> Reference:
    frames = tuple(int(str(number)) for number in _values(image.get("ReferencedFrameNumber")))
    return Reference(str(image.ReferencedSOPInstanceUID), frames)


def _read(state: Dataset, pixels: PixelDescription, uid: str, frame: int) -> PresentationState:
    has_overlay = any(element.tag.group & 0xFF00 == 0x6000 and element.tag.element == _OVERLAY_ACTIVATION for element in state)
    if has_overlay or any(state.get(keyword) for keyword in _NOT_DONE):
        raise _not_supported()
    voi = next((item for item in _applying(state.get("SoftcopyVOILUTSequence"), uid, frame)), None)
    area = next((item for item in _applying(state.get("DisplayedAreaSelectionSequence"), uid, frame)), None)
    greys = _annotations(state, uid, frame)
    return PresentationState(
        greyscale=_greyscale(state, pixels, voi),
        presentation_lut=next(read_lookup_tables(state, "PresentationLUTSequence", is_signed=False), None),
        rotation=_rotation(state),
        is_flipped=str(state.get("ImageHorizontalFlip", "N")) == "Y",
        area=_area(area, pixels),
        shutter=_shutter(state),
        graphics=tuple(graphic for item, grey in greys for graphic in _graphics(item, grey)),
        letterings=tuple(text for item, grey in greys for text in _letterings(item, grey)),
    )


def _annotations(state: Dataset, uid: str, frame: int) -> list[tuple[Dataset, int]]:
    """Return the annotations of a frame in the order of their layers, each with its grey; not more than can be drawn."""
    layers = _layers(state)
    placed = [
        (item, layers.get(str(item.get("GraphicLayer", "")), (0, _WHITE)))
        for item in _applying(state.get("GraphicAnnotationSequence"), uid, frame)
    ]
    placed.sort(key=lambda one: one[1][0])
    numbers = [
        len(graphic.get("GraphicData") or ()) for item, _ in placed for graphic in item.get("GraphicObjectSequence") or []
    ]
    if sum(numbers) > 2 * _MOST_POINTS or any(item.get("CompoundGraphicSequence") for item, _ in placed):
        raise _not_supported()
    return [(item, grey >> 8) for item, (_, grey) in placed]


def _applying(items: Iterable[Dataset] | None, uid: str, frame: int) -> Iterator[Dataset]:
    """Yield the items that concern this frame; one that names no image concerns all of them."""
    for item in items or ():
        named = [_reference(image) for image in item.get("ReferencedImageSequence") or []]
        is_meant = [one.sop_instance_uid == uid and (not one.frames or frame in one.frames) for one in named]
        if not named or any(is_meant):
            yield item


def _greyscale(state: Dataset, pixels: PixelDescription, voi: Dataset | None) -> GreyscaleParameters:
    """Return the grey scale of the state: the image's own modality and VOI transformations count for nothing (PS3.4 N.2.1)."""
    if not pixels.photometric_interpretation.startswith("MONOCHROME") or pixels.bits_stored > 16:
        raise _not_supported()
    windows = list_voi(voi, is_signed=pixels.is_signed) if voi is not None else []
    return GreyscaleParameters(
        bits_stored=pixels.bits_stored,
        is_signed=pixels.is_signed,
        high_bit=pixels.high_bit,
        photometric_interpretation="MONOCHROME2",
        rescale_slope=float(str(state.get("RescaleSlope") or 1)),
        rescale_intercept=float(str(state.get("RescaleIntercept") or 0)),
        modality_lut=next(read_lookup_tables(state, "ModalityLUTSequence", is_signed=pixels.is_signed), None),
        voi=windows[0] if windows else None,
        presentation_lut_shape=str(state.get("PresentationLUTShape") or "IDENTITY"),
    )


def _rotation(state: Dataset) -> int:
    degrees = int(state.get("ImageRotation") or 0)
    if degrees not in (0, 90, 180, 270):
        raise _unreadable()
    return degrees


def _area(item: Dataset | None, pixels: PixelDescription) -> Area:
    if item is None:
        return Area(left=1, top=1, right=pixels.columns, bottom=pixels.rows)
    first, last = _values(item.DisplayedAreaTopLeftHandCorner), _values(item.DisplayedAreaBottomRightHandCorner)
    columns, rows = (sorted((int(str(first[axis])), int(str(last[axis])))) for axis in (0, 1))
    area = Area(left=columns[0], top=rows[0], right=columns[1], bottom=rows[1], row_height=_row_height(item))
    if max(area.width, area.height * area.row_height) > _LONGEST_SIDE:
        raise _not_supported()
    return area


def _row_height(item: Dataset) -> float:
    """Return the height of a pixel in its widths: of the spacing, else of the aspect ratio (vertical, horizontal)."""
    pair = _values(item.get("PresentationPixelSpacing")) or _values(item.get("PresentationPixelAspectRatio"))
    if len(pair) != 2:
        return 1.0
    vertical, horizontal = float(str(pair[0])), float(str(pair[1]))
    if not (vertical > 0 and horizontal > 0 and 0.05 < vertical / horizontal < 20):
        raise _unreadable()
    return vertical / horizontal


def _shutter(state: Dataset) -> Shutter | None:
    shapes = {str(shape) for shape in _values(state.get("ShutterShape"))}
    if not shapes:
        return None
    if not shapes <= {"RECTANGULAR", "CIRCULAR", "POLYGONAL"}:
        raise _not_supported()
    rectangle = circle = None
    polygon: tuple[Point, ...] = ()
    if "RECTANGULAR" in shapes:
        rectangle = (
            int(state.ShutterLeftVerticalEdge),
            int(state.ShutterUpperHorizontalEdge),
            int(state.ShutterRightVerticalEdge),
            int(state.ShutterLowerHorizontalEdge),
        )
    if "CIRCULAR" in shapes:
        row, column = (int(str(number)) for number in state.CenterOfCircularShutter)
        circle = (column, row, int(state.RadiusOfCircularShutter))
    if "POLYGONAL" in shapes:
        numbers = [float(str(number)) for number in state.VerticesOfThePolygonalShutter]
        polygon = tuple(zip(numbers[1::2], numbers[::2], strict=True))
    grey = int(state.get("ShutterPresentationValue") or 0) >> 8
    return Shutter(grey=grey, rectangle=rectangle, circle=circle, polygon=polygon)


def _layers(state: Dataset) -> dict[str, tuple[int, int]]:
    """Return order and grey of each layer."""
    return {
        str(layer.GraphicLayer): (
            int(layer.get("GraphicLayerOrder") or 0),
            int(layer.get("GraphicLayerRecommendedDisplayGrayscaleValue", _WHITE)),
        )
        for layer in state.get("GraphicLayerSequence") or []
    }


def _graphics(annotation: Dataset, grey: int) -> Iterator[Graphic]:
    for item in annotation.get("GraphicObjectSequence") or []:
        kind = str(item.GraphicType)
        if kind not in _KINDS:
            raise _not_supported()
        yield Graphic(
            kind=kind,
            units=_units(item.GraphicAnnotationUnits),
            points=_points(item.GraphicData),
            is_filled=str(item.get("GraphicFilled", "N")) == "Y",
            grey=grey,
        )


def _letterings(annotation: Dataset, grey: int) -> Iterator[Lettering]:
    for item in annotation.get("TextObjectSequence") or []:
        corners = item.get("BoundingBoxTopLeftHandCorner"), item.get("BoundingBoxBottomRightHandCorner")
        anchor = item.get("AnchorPoint")
        box = (_points(corners[0])[0], _points(corners[1])[0]) if corners[0] and corners[1] else None
        yield Lettering(
            text=str(item.get("UnformattedTextValue", "")),
            box=box,
            box_units=_units(item.get("BoundingBoxAnnotationUnits", "PIXEL")),
            anchor=_points(anchor)[0] if anchor else None,
            anchor_units=_units(item.get("AnchorPointAnnotationUnits", "PIXEL")),
            is_anchor_shown=str(item.get("AnchorPointVisibility", "N")) == "Y",
            grey=grey,
        )


def _units(value: object) -> Units:
    text = str(value)
    if text not in Units.__members__:
        raise _not_supported()
    return Units(text)


def _points(values: Iterable[object]) -> tuple[Point, ...]:
    numbers = [float(str(value)) for value in values]
    if len(numbers) % 2 or not all(math.isfinite(number) and abs(number) < 1e6 for number in numbers):
        raise _unreadable()
    return tuple(zip(numbers[::2], numbers[1::2], strict=True))


def _values(value: object) -> list[object]:
    if value is None or value == "":
        return []
    return [value] if isinstance(value, str) or not isinstance(value, Iterable) else list(value)
