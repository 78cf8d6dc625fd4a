"""Rendered pictures show the greys of the table, cut and scaled as asked."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from negatoscope.formats.dicom.greyscale import GreyscaleParameters, VoiFunction, Window, grey_table
from negatoscope.formats.dicom.greyscale_plain import greyscale_as_plain
from negatoscope.formats.dicom.greyscale_reading import read_greyscale
from negatoscope.formats.dicom.isolated import decode_frame_plain, encode_frame_plain, render_frame_plain, transcode_frame_plain
from negatoscope.formats.dicom.pixels import encode_frame
from negatoscope.formats.dicom.rendering import (
    Captions,
    MediaType,
    Viewport,
    picture_as_plain,
    picture_from_plain,
    render_colour,
    render_frame,
    render_grey,
    thumbnail,
)
from negatoscope.formats.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, HTJ2K_LOSSLESS_RPCL, JPEG_LS_LOSSLESS
from negatoscope.platform.errors import InvalidInput
from tests.builders.dicom import a_ct_slice, a_dx_image, describe_pixels

WINDOW = GreyscaleParameters(bits_stored=12, voi=Window(center=2000, width=900, function=VoiFunction.SIGMOID))


def picture(encoded: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(encoded)))


def ramp(rows: int = 64, columns: int = 48) -> np.ndarray:
    return np.linspace(0, 4095, rows * columns).reshape(rows, columns).astype(np.uint16)


def test_png_holds_exactly_the_greys_of_the_table() -> None:
    frame = ramp()
    np.testing.assert_array_equal(picture(render_grey(frame, WINDOW, media_type="image/png")), grey_table(WINDOW)[frame])


def test_jpeg_holds_nearly_the_greys_of_the_table() -> None:
    frame = ramp()
    shown = picture(render_grey(frame, WINDOW, quality=95)).astype(int)
    assert shown.ndim == 2
    assert np.abs(shown - grey_table(WINDOW)[frame]).max() <= 12


def test_signed_values_are_shown_by_their_bit_patterns() -> None:
    data_set = a_ct_slice(rows=64, columns=64, WindowCenter="0", WindowWidth="1000")
    frame = np.frombuffer(data_set.PixelData, "<i2").reshape(64, 64)
    shown = picture(render_frame(frame, describe_pixels(data_set), read_greyscale(data_set), media_type="image/png"))
    assert shown[frame <= -500].max() == 0
    assert shown[frame >= 500].min() == 255


def test_without_window_the_range_of_the_image_is_spread_padding_apart() -> None:
    frame = np.array([[1000, 1100], [1200, 0]], np.uint16)
    shown = picture(render_grey(frame, GreyscaleParameters(bits_stored=12, padding=(0, 0)), media_type="image/png"))
    np.testing.assert_array_equal(shown, [[0, 128], [255, 0]])


def test_an_image_of_padding_alone_is_black() -> None:
    shown = picture(
        render_grey(np.zeros((4, 4), np.uint16), GreyscaleParameters(bits_stored=12, padding=(0, 0)), media_type="image/png")
    )
    assert shown.max() == 0


def test_regions_are_cut_and_mirrored() -> None:
    frame = ramp()
    whole = grey_table(WINDOW)[frame]
    region = Viewport(source_x=10, source_y=20, source_width=-5, source_height=7)
    shown = picture(render_grey(frame, WINDOW, region, media_type="image/png"))
    np.testing.assert_array_equal(shown, whole[20:27, 10:15][:, ::-1])
    upside_down = picture(render_grey(frame, WINDOW, Viewport(source_height=-64), media_type="image/png"))
    np.testing.assert_array_equal(upside_down, whole[::-1])


@pytest.mark.parametrize(
    ("viewport", "size"),
    [
        (Viewport(width=24, height=24), (24, 18)),
        (Viewport(width=24), (32, 24)),
        (Viewport(height=128), (128, 96)),
        (Viewport(), (64, 48)),
        (Viewport(width=24, height=24, source_width=48, source_height=12), (6, 24)),
    ],
)
def test_pictures_fit_the_viewport_and_keep_their_proportions(viewport: Viewport, size: tuple[int, int]) -> None:
    assert picture(render_grey(ramp(), WINDOW, viewport)).shape == size


@pytest.mark.parametrize(
    "viewport",
    [
        Viewport(source_x=60),
        Viewport(source_x=-1),
        Viewport(source_x=40, source_width=20),
        Viewport(source_y=60, source_height=5),
        Viewport(width=0),
        Viewport(width=100_000),
    ],
)
def test_viewports_outside_the_image_are_refused(viewport: Viewport) -> None:
    with pytest.raises(InvalidInput) as caught:
        render_grey(ramp(), WINDOW, viewport)
    assert caught.value.reason == "bad_viewport"


def test_thumbnails_are_small() -> None:
    data_set = a_dx_image(rows=600, columns=400)
    frame = np.frombuffer(data_set.PixelData, "<u2").reshape(600, 400)
    encoded = thumbnail(frame, describe_pixels(data_set), read_greyscale(data_set), side=128)
    assert picture(encoded).shape == (128, 85)
    assert len(encoded) < 8000


def test_colour_is_rendered_from_either_model() -> None:
    red = np.zeros((8, 8, 3), np.uint8)
    red[:, :, 0] = 255
    np.testing.assert_array_equal(picture(render_colour(red, "RGB", media_type="image/png")), red)
    as_ybr = np.asarray(Image.fromarray(red).convert("YCbCr"))
    shown = picture(render_colour(as_ybr, "YBR_FULL", media_type="image/png")).astype(int)
    assert np.abs(shown - red).max() <= 2


@pytest.mark.parametrize("photometric", ["PALETTE COLOR", "HSV"])
def test_other_colour_models_are_refused(photometric: str) -> None:
    with pytest.raises(InvalidInput):
        render_colour(np.zeros((4, 4, 3), np.uint8), photometric)
    with pytest.raises(InvalidInput):
        render_grey(np.zeros((4, 4), np.uint32), WINDOW)


def test_the_plain_functions_do_what_the_typed_ones_do() -> None:
    data_set = a_dx_image()
    pixels, frame = describe_pixels(data_set), np.frombuffer(data_set.PixelData, "<u2").reshape(64, 48)
    encoded = encode_frame(frame, pixels, JPEG_LS_LOSSLESS)
    plain = pixels.as_plain()
    np.testing.assert_array_equal(decode_frame_plain(encoded, plain, JPEG_LS_LOSSLESS), frame)
    assert encode_frame_plain(frame, plain, JPEG_LS_LOSSLESS) == encoded
    assert transcode_frame_plain(encoded, plain, JPEG_LS_LOSSLESS, EXPLICIT_VR_LITTLE_ENDIAN) == data_set.PixelData
    assert transcode_frame_plain(encoded, plain, JPEG_LS_LOSSLESS, HTJ2K_LOSSLESS_RPCL).startswith(b"\xff\x4f")
    parameters, viewport = read_greyscale(data_set), Viewport(width=30, source_x=3, source_width=-20)
    rendered = render_frame_plain(
        encoded, plain, JPEG_LS_LOSSLESS, greyscale_as_plain(parameters), picture_as_plain(viewport, media_type="image/png")
    )
    assert rendered == render_frame(frame, pixels, parameters, viewport, media_type="image/png")
    assert picture_from_plain(picture_as_plain(viewport, quality=50)) == (viewport, "image/jpeg", 50, Captions())


@pytest.mark.parametrize("media_type", ["image/gif", "image/jp2"])
def test_other_forms_hold_exactly_the_greys_of_the_table(media_type: MediaType) -> None:
    frame = ramp()
    np.testing.assert_array_equal(picture(render_grey(frame, WINDOW, media_type=media_type)), grey_table(WINDOW)[frame])


def test_captions_stand_in_their_corners_and_nowhere_else() -> None:
    frame = np.zeros((400, 300), np.uint16)
    captions = Captions(top_left=("Éluard^Zoé", "SYN-0001"), bottom_left=("125 kV",))
    shown = picture(render_grey(frame, WINDOW, media_type="image/png", captions=captions))
    assert shown[:60, :150].max() > 200
    assert shown[-30:, :150].max() > 200
    assert shown[60:-30].max() == shown[:, 150:].max() == 0
    plain = picture_as_plain(captions=captions)
    assert picture_from_plain(plain)[3] == captions
