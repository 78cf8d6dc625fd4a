"""Presentation states are drawn as dcmtk draws them, and not at all where they ask for more than is done."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from negatoscope.formats.dicom.lettering import plain_letters
from negatoscope.formats.dicom.presentation_drawing import draw_presentation
from negatoscope.formats.dicom.presentation_reading import list_references, read_presentation
from negatoscope.formats.dicom.rendering import Viewport
from negatoscope.platform.errors import CorruptObject, InvalidInput
from tests.builders.dicom import a_ct_slice, a_dx_image, describe_pixels, part10_bytes
from tests.builders.presentation import a_graphic, a_presentation_state, a_table, a_text

STATES: dict[str, Callable[[Dataset], Dataset]] = {
    "window": lambda image: a_presentation_state(image, window=(2000, 900)),
    "no window": a_presentation_state,
    "inverse": lambda image: a_presentation_state(image, window=(2000, 3000), PresentationLUTShape="INVERSE"),
    "presentation table": lambda image: a_presentation_state(
        image, window=(2000, 4000), PresentationLUTSequence=[a_table([value * value // 255 for value in range(256)], bits=8)]
    ),
    "quarter turn": lambda image: a_presentation_state(image, window=(2000, 4000), ImageRotation=90),
    "three quarters, mirrored": lambda image: a_presentation_state(
        image, window=(2000, 4000), ImageRotation=270, ImageHorizontalFlip="Y"
    ),
}  # fmt: skip


def cells(image: Dataset) -> NDArray[Any]:
    dtype = np.int16 if image.PixelRepresentation else np.uint16
    return np.frombuffer(image.PixelData, dtype).reshape(image.Rows, image.Columns)


def drawn(image: Dataset, state: Dataset, viewport: Viewport | None = None) -> NDArray[np.uint8]:
    read = read_presentation(state, describe_pixels(image), sop_instance_uid=image.SOPInstanceUID, frame=1)
    return np.asarray(draw_presentation(cells(image), read, viewport or Viewport()))


def _with_voi_table(image: Dataset) -> Dataset:
    state = a_presentation_state(image, window=(1, 2))
    item = Dataset()
    item.VOILUTSequence = Sequence([a_table([round(255 * (value / 4095) ** 0.5) for value in range(4096)], bits=8)])
    state.SoftcopyVOILUTSequence = Sequence([item])
    return state


IMAGES: dict[str, tuple[Callable[[], Dataset], Callable[[Dataset], Dataset]]] = {
    **{kind: (lambda: a_dx_image(rows=64, columns=48), state) for kind, state in STATES.items()},
    "table": (lambda: a_dx_image(rows=64, columns=48), _with_voi_table),
    "low values white": (
        lambda: a_dx_image(rows=64, columns=48, photometric="MONOCHROME1"),
        lambda image: a_presentation_state(image, window=(2000, 3000)),
    ),
    "signed, rescaled": (
        lambda: a_ct_slice(rows=64, columns=64),
        lambda image: a_presentation_state(
            image, window=(40, 400), RescaleSlope="2", RescaleIntercept="-100", RescaleType="HU"
        ),
    ),
    "signed, no window": (lambda: a_ct_slice(rows=64, columns=64), a_presentation_state),
}


@pytest.mark.skipif(shutil.which("dcmp2pgm") is None, reason="dcmtk is not installed")
@pytest.mark.parametrize("kind", IMAGES)
def test_greys_and_places_are_those_of_dcmtk(tmp_path: Path, kind: str) -> None:
    make, show = IMAGES[kind]
    image = make()
    state = show(image)
    files = [tmp_path / name for name in ("image.dcm", "state.dcm", "out.pgm")]
    files[0].write_bytes(part10_bytes(image))
    files[1].write_bytes(part10_bytes(state))
    subprocess.run(["dcmp2pgm", "-p", files[1], files[0], files[2]], check=True, capture_output=True, timeout=30)
    theirs = np.asarray(Image.open(files[2])).astype(int)
    ours = drawn(image, state).astype(int)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= 2


@pytest.mark.parametrize(("corners", "turn"), [((9, 5, 40, 60), False), ((9, 60, 40, 5), True)])
def test_displayed_area_is_cut_before_it_is_turned(corners: tuple[int, int, int, int], turn: bool) -> None:
    image = a_dx_image(rows=64, columns=48)
    attributes: dict[str, Any] = {"ImageRotation": 90, "ImageHorizontalFlip": "Y"} if turn else {}
    whole = drawn(image, a_presentation_state(image, window=(2000, 4000)))
    cut = whole[4:60, 8:40]
    shown = drawn(image, a_presentation_state(image, window=(2000, 4000), area=corners, **attributes))
    np.testing.assert_array_equal(shown, np.fliplr(np.rot90(cut, -1)) if turn else cut)


def test_shutters_leave_open_what_all_of_them_leave_open() -> None:
    image = a_dx_image(rows=64, columns=48)
    rows, columns = np.ogrid[1:65, 1:49]
    is_open = (columns >= 6) & (columns <= 40) & (rows >= 10) & (rows <= 50)
    is_open &= (columns - 22) ** 2 + (rows - 30) ** 2 <= 18**2
    is_open &= (columns >= 10) & (columns <= 30)
    state = a_presentation_state(
        image, window=(2000, 4000), ShutterShape=["RECTANGULAR", "CIRCULAR", "POLYGONAL"],
        ShutterLeftVerticalEdge=6, ShutterRightVerticalEdge=40, ShutterUpperHorizontalEdge=10,
        ShutterLowerHorizontalEdge=50, CenterOfCircularShutter=[30, 22], RadiusOfCircularShutter=18,
        VerticesOfThePolygonalShutter=[1, 10, 1, 30, 64, 30, 64, 10], ShutterPresentationValue=0x8000,
    )  # fmt: skip
    whole = drawn(image, a_presentation_state(image, window=(2000, 4000)))
    np.testing.assert_array_equal(drawn(image, state), np.where(is_open, whole, 0x80))


def test_image_itself_has_no_say_in_the_grey() -> None:
    image = a_dx_image(rows=8, columns=8, photometric="MONOCHROME1", WindowCenter="100", WindowWidth="2")
    shown = drawn(image, a_presentation_state(image, window=(2048, 4096)))
    assert (shown[0, 0], shown[-1, -1]) == (0, 255)


def test_signed_values_and_rescaling_of_the_state() -> None:
    image = a_ct_slice(rows=32, columns=32, RescaleSlope="7", RescaleIntercept="7")
    state = a_presentation_state(image, window=(40, 400), RescaleSlope="1", RescaleIntercept="0", RescaleType="HU")
    read = read_presentation(state, describe_pixels(image), sop_instance_uid=image.SOPInstanceUID, frame=1)
    frame = np.frombuffer(image.PixelData, np.int16).reshape(32, 32)
    shown = np.asarray(draw_presentation(frame, read, Viewport()))
    assert shown[frame < -160].max() == 0
    assert set(np.unique(shown[(frame > -100) & (frame < -90)])) <= set(range(38, 46))


def test_square_pixels_whatever_their_spacing() -> None:
    image = a_dx_image(rows=40, columns=40)
    state = a_presentation_state(image, window=(2000, 4000), spacing=("0.4", "0.2"))
    assert drawn(image, state).shape == (80, 40)
    assert drawn(image, state, Viewport(width=20, height=20)).shape == (20, 10)


def test_annotations_stand_where_the_state_puts_them() -> None:
    image = a_dx_image(rows=100, columns=80)
    image.PixelData = bytes(len(image.PixelData))
    polyline = a_graphic("POLYLINE", [10.5, 20.5, 60.5, 20.5])
    circle = a_graphic("CIRCLE", [40.5, 70.5, 50.5, 70.5])
    point = a_graphic("POINT", [0.5, 0.5], units="DISPLAY")
    state = a_presentation_state(image, window=(2000, 4000), graphics=[polyline, circle, point])
    upright = drawn(image, state)
    assert upright[20, 10:60].min() == 255
    assert upright[22, 10:60].max() == 0
    assert (upright[70, 50], upright[70, 30], upright[60, 40], upright[80, 40]) == (255, 255, 255, 255)
    assert upright[50, 40] == 255
    state.ImageRotation = 90
    turned = drawn(image, state)
    assert turned.shape == (80, 100)
    assert turned[10:60, 79].min() == 255


def test_annotations_of_other_images_stay_away() -> None:
    image, other = a_dx_image(rows=64, columns=64), a_dx_image()
    image.PixelData = bytes(len(image.PixelData))
    state = a_presentation_state(image, window=(2000, 4000), graphics=[a_graphic("POLYLINE", [1, 1, 60, 60])])
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = other.SOPClassUID, other.SOPInstanceUID
    state.GraphicAnnotationSequence[0].ReferencedImageSequence = Sequence([reference])
    assert drawn(image, state).max() == 0


def test_text_is_written_in_its_box() -> None:
    image = a_dx_image(rows=200, columns=200)
    image.PixelData = bytes(len(image.PixelData))
    state = a_presentation_state(image, window=(2000, 4000), texts=[a_text("Fêlure", box=(20, 30, 120, 60))])
    shown = drawn(image, state)
    assert shown[30:60, 20:120].max() > 200
    shown = shown.copy()
    shown[30:60, 20:120] = 0
    assert shown.max() == 0
    assert plain_letters("Œil de bœuf à 37°") == "OEil de boeuf a 37?"


@pytest.mark.parametrize(
    "attributes",
    [
        {"ShutterShape": "BITMAP"}, {"MaskSubtractionSequence": [Dataset()]}, {"graphics": [a_graphic("ARROW", [1, 1, 2, 2])]},
        {"graphics": [a_graphic("POLYLINE", [1.0] * 100_002)]}, {"area": (1, 1, 9_000, 10)},
    ],
)  # fmt: skip
def test_state_that_asks_for_more_is_not_half_drawn(attributes: dict[str, Any]) -> None:
    image = a_dx_image()
    with pytest.raises(InvalidInput) as refused:
        drawn(image, a_presentation_state(image, **attributes))
    assert refused.value.reason == "presentation_not_supported"


@pytest.mark.parametrize("attributes", [{"ImageRotation": 45}, {"graphics": [a_graphic("POLYLINE", [1, 1, 2])]}])
def test_state_that_makes_no_sense_is_an_error(attributes: dict[str, Any]) -> None:
    image = a_dx_image()
    with pytest.raises(CorruptObject):
        drawn(image, a_presentation_state(image, **attributes))


def test_references_come_in_order_with_their_frames() -> None:
    image = a_dx_image()
    state = a_presentation_state(image)
    state.ReferencedSeriesSequence[0].ReferencedImageSequence[0].ReferencedFrameNumber = [2, 3]
    (reference,) = list_references(state)
    assert (reference.sop_instance_uid, reference.frames) == (image.SOPInstanceUID, (2, 3))
