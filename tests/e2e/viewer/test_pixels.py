"""The canvas, read back, beside NumPy: both renderers, each window function, each transfer syntax."""

from __future__ import annotations

from typing import Any

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence

from tests.builders.compressed import CODECS
from tests.builders.dicom import a_dx_image, encoded_as
from tests.e2e.viewer import reference
from tests.e2e.viewer.conftest import OpenViewer
from tests.e2e.viewer.dicomweb_server import Department, StoredObject, show
from tests.e2e.viewer.viewer_page import ViewerPage

RENDERERS = ["webgl2", "canvas"]
ROWS, COLUMNS = 480, 640


def noisy(bits: int, *, signed: bool = False) -> NDArray[np.int64]:
    """Return stored values over the whole range, every neighbour different."""
    values = np.random.default_rng(1).integers(0, 2**bits, (ROWS, COLUMNS))
    return values - 2 ** (bits - 1) if signed else values


def an_image(values: NDArray[np.int64], bits: int, **attributes: object) -> Dataset:
    signed = bool(values.min() < 0)
    data_set = a_dx_image(rows=ROWS, columns=COLUMNS, bits_stored=bits)
    for keyword, value in attributes.items():
        setattr(data_set, keyword, value)
    data_set.PixelRepresentation = int(signed)
    data_set.PixelData = values.astype("<i2" if signed else "<u2").tobytes()
    return data_set


def show_one_to_one(viewer: ViewerPage, renderer: str) -> NDArray[np.float64]:
    """Return the greys of the whole image at one image pixel a device pixel."""
    viewer.press("1")
    assert viewer.pane()["renderer"] == renderer
    assert viewer.pane()["zoom"] == 1
    drawn = viewer.pixels()
    inside = drawn[:, :, 3] == 255
    assert inside.sum() == ROWS * COLUMNS
    assert (drawn[:, :, :2] == drawn[:, :, 1:3]).all()
    rows, columns = np.nonzero(inside)
    return drawn[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1, 0].astype(float)


def voi_lut(values: NDArray[np.int64]) -> Dataset:
    item = Dataset()
    item.LUTDescriptor = [len(values), 0, 12]
    item.add_new(0x00283006, "OW", values.astype("<u2").tobytes())
    item.LUTExplanation = "OSSEUX"
    return item


def a_curve() -> NDArray[np.int64]:
    return np.rint(4095 * np.linspace(0, 1, 4096) ** 2).astype(int)


def a_modality_lut() -> Dataset:
    item = Dataset()
    item.LUTDescriptor = [4096, 0, 16]
    item.add_new(0x00283006, "OW", (np.arange(4096) * 3).astype("<u2").tobytes())
    item.ModalityLUTType = "US"
    return item


def linear_12(values: NDArray[np.int64]) -> reference.Grey:
    return reference.linear(values.astype(float), 2000, 3000)


CASES: dict[str, tuple[int, bool, dict[str, object], Any]] = {
    "LINEAR": (12, False, {"WindowCenter": "2000", "WindowWidth": "3000"}, linear_12),
    "LINEAR_EXACT": (
        12,
        False,
        {"WindowCenter": "2000", "WindowWidth": "3000", "VOILUTFunction": "LINEAR_EXACT"},
        lambda values: reference.linear_exact(values.astype(float), 2000, 3000),
    ),
    "SIGMOID": (
        14,
        False,
        {"WindowCenter": "8000", "WindowWidth": "6000", "VOILUTFunction": "SIGMOID"},
        lambda values: reference.sigmoid(values.astype(float), 8000, 6000),
    ),
    "VOI LUT": (12, False, {"VOILUTSequence": Sequence([voi_lut(a_curve())])}, lambda values: a_curve()[values] / 4095),
    "modality LUT": (
        12,
        False,
        {"ModalityLUTSequence": Sequence([a_modality_lut()]), "WindowCenter": "6000", "WindowWidth": "9000"},
        lambda values: reference.linear(values * 3.0, 6000, 9000),
    ),
    "signed and rescaled": (
        16,
        True,
        {"RescaleSlope": "0.5", "RescaleIntercept": "-100", "WindowCenter": "0", "WindowWidth": "20000"},
        lambda values: reference.linear(values * 0.5 - 100, 0, 20000),
    ),
    "MONOCHROME1": (
        12,
        False,
        {"PhotometricInterpretation": "MONOCHROME1", "WindowCenter": "2000", "WindowWidth": "3000"},
        lambda values: 1 - linear_12(values),
    ),
    "16 bits": (
        16,
        False,
        {"WindowCenter": "30000", "WindowWidth": "50000"},
        lambda values: reference.linear(values.astype(float), 30000, 50000),
    ),
}


@pytest.mark.parametrize("renderer", RENDERERS)
@pytest.mark.parametrize("case", CASES)
def test_canvas_shows_the_greys_of_numpy(open_viewer: OpenViewer, department: Department, case: str, renderer: str) -> None:
    bits, signed, attributes, expected = CASES[case]
    values = noisy(bits, signed=signed)
    image = an_image(values, bits, **attributes)
    show(department, [StoredObject(image)], preferences={"drawOnProcessor": renderer == "canvas"})
    drawn = show_one_to_one(open_viewer(), renderer)
    assert np.abs(drawn - reference.greys(expected(values))).max() <= 1


@pytest.mark.parametrize("renderer", RENDERERS)
def test_shrunk_image_is_the_mean_of_its_greys(open_viewer: OpenViewer, department: Department, renderer: str) -> None:
    rows, columns = 3000, 2400
    smooth = np.add.outer(np.sin(np.arange(rows) / 90), np.cos(np.arange(columns) / 70))
    values = np.rint(2048 + 900 * smooth).astype(int)
    image = a_dx_image(rows=rows, columns=columns, WindowCenter="2048", WindowWidth="4096")
    image.PixelData = values.astype("<u2").tobytes()
    show(department, [StoredObject(image)], preferences={"drawOnProcessor": renderer == "canvas", "panel": False})
    viewer = open_viewer()
    pane = viewer.pane()
    assert (pane["renderer"], pane["fit"]) == (renderer, True)
    drawn = viewer.pixels()
    columns_drawn = np.nonzero(drawn[pane["height"] // 2, :, 3])[0]
    grey = reference.greys(reference.linear(values.astype(float), 2048, 4096))
    samples = int(np.ceil(1 / pane["zoom"]))
    assert samples == 4
    expected = reference.box_filtered(grey, pane["zoom"], samples)
    left = columns_drawn.min()
    # A device pixel may straddle the edge by a part; one from the middle of the image does not.
    inside = drawn[100:600, left + 50 : left + 450, 0].astype(float)
    offsets = [np.abs(inside - expected[100:600, 50 + shift : 450 + shift]).max() for shift in (0, 1)]
    assert min(offsets) <= 1.5


def test_enlarged_pixels_are_blended_or_square_as_chosen(open_viewer: OpenViewer, department: Department) -> None:
    values = np.zeros((ROWS, COLUMNS), dtype=int)
    values[:, COLUMNS // 2 :] = 4095
    show(department, [StoredObject(an_image(values, 12))])
    for renderer in RENDERERS:
        department.config["preferences"] = {"drawOnProcessor": renderer == "canvas"}
        viewer = open_viewer()
        viewer.press("1", *["+"] * 10)
        assert viewer.pane()["zoom"] > 8
        row = viewer.pixels()[viewer.pane()["height"] // 2, :, 0]
        assert 6 <= np.count_nonzero((row > 10) & (row < 245)) <= 12, renderer
        viewer.press("m")
        row = viewer.pixels()[viewer.pane()["height"] // 2, :, 0]
        assert set(np.unique(row)) == {0, 255}, renderer


LOSSLESS = [
    uid.JPEGLosslessSV1,
    uid.JPEGLSLossless,
    uid.JPEG2000Lossless,
    uid.HTJ2KLossless,
    uid.ExplicitVRLittleEndian,
    uid.ImplicitVRLittleEndian,
    uid.RLELossless,
]


def compressed(values: NDArray[np.int64], transfer_syntax_uid: str) -> Dataset:
    image = an_image(values, 12)
    pixels = values.astype(np.uint16)
    if transfer_syntax_uid == uid.RLELossless:
        image.PixelData = encoded_as(image, transfer_syntax_uid).PixelData
    elif transfer_syntax_uid in CODECS:
        image.PixelData = encapsulate([bytes(CODECS[transfer_syntax_uid](pixels))])
    return image


@pytest.mark.parametrize("transfer_syntax_uid", LOSSLESS, ids=lambda name: uid.UID(name).keyword)
def test_lossless_frames_come_through_exactly(
    open_viewer: OpenViewer, department: Department, transfer_syntax_uid: str
) -> None:
    values = noisy(12)
    show(department, [StoredObject(compressed(values, transfer_syntax_uid), transfer_syntax_uid)])
    drawn = show_one_to_one(open_viewer(), "webgl2")
    expected = reference.greys(reference.linear(values.astype(float), 2048, 4096))
    assert np.abs(drawn - expected).max() <= 1


def test_jpeg_baseline_comes_through_as_its_decoder_says(open_viewer: OpenViewer, department: Department) -> None:
    ramp = np.add.outer(np.arange(ROWS), np.arange(COLUMNS)) // 5
    encoded = bytes(imagecodecs.jpeg8_encode(ramp.astype(np.uint8), level=95))
    image = an_image(ramp, 8, WindowCenter="128", WindowWidth="256")
    image.BitsAllocated = 8
    image.PixelData = encapsulate([encoded])
    show(department, [StoredObject(image, uid.JPEGBaseline8Bit)])
    drawn = show_one_to_one(open_viewer(), "webgl2")
    assert np.abs(drawn - imagecodecs.jpeg8_decode(encoded)).max() <= 1


def test_signed_jpeg_2000_keeps_its_sign(open_viewer: OpenViewer, department: Department) -> None:
    values = noisy(12, signed=True)
    image = an_image(values, 12, WindowCenter="0", WindowWidth="4096")
    encoded = imagecodecs.jpeg2k_encode(values.astype(np.int16), codecformat="j2k", reversible=True, bitspersample=12)
    image.PixelData = encapsulate([bytes(encoded)])
    show(department, [StoredObject(image, uid.JPEG2000Lossless)])
    drawn = show_one_to_one(open_viewer(), "webgl2")
    assert np.abs(drawn - reference.greys(reference.linear(values.astype(float), 0, 4096))).max() <= 1


def test_unknown_transfer_syntax_is_asked_for_uncompressed(open_viewer: OpenViewer, department: Department) -> None:
    values = noisy(12)
    show(department, [StoredObject(an_image(values, 12))])
    department.foreign_syntax = "1.2.840.10008.1.2.4.110"
    drawn = show_one_to_one(open_viewer(), "webgl2")
    asked = [accept.rpartition("transfer-syntax=")[2] for accept in department.accepted]
    assert asked == ["*", uid.ExplicitVRLittleEndian]
    assert np.abs(drawn - reference.greys(reference.linear(values.astype(float), 2048, 4096))).max() <= 1


@pytest.mark.parametrize("renderer", RENDERERS)
def test_colours_come_through(open_viewer: OpenViewer, department: Department, renderer: str) -> None:
    colours = np.random.default_rng(2).integers(0, 256, (ROWS, COLUMNS, 3)).astype(np.uint8)
    image = an_image(noisy(8), 8)
    image.SamplesPerPixel, image.PhotometricInterpretation, image.PlanarConfiguration = 3, "RGB", 0
    image.BitsAllocated = 8
    image.PixelData = colours.tobytes()
    del image.WindowCenter, image.WindowWidth
    show(department, [StoredObject(image)], preferences={"drawOnProcessor": renderer == "canvas"})
    viewer = open_viewer()
    viewer.press("1")
    drawn = viewer.pixels()
    rows, columns = np.nonzero(drawn[:, :, 3])
    cut = drawn[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1, :3]
    assert (cut == colours).all()
    viewer.press("i")
    assert (viewer.pixels()[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1, :3] == 255 - colours).all()


def test_curve_behind_an_address_is_fetched(open_viewer: OpenViewer, department: Department) -> None:
    values = noisy(12)
    show(department, [StoredObject(an_image(values, 12, VOILUTSequence=Sequence([voi_lut(a_curve())])))])
    department.bulk_data = True
    viewer = open_viewer()
    drawn = show_one_to_one(viewer, "webgl2")
    assert viewer.pane()["window"]["kind"] == "LUT"
    assert np.abs(drawn - reference.greys(a_curve()[values] / 4095)).max() <= 1


def test_turned_and_flipped_pixels_lie_where_numpy_puts_them(open_viewer: OpenViewer, department: Department) -> None:
    values = noisy(12)
    show(department, [StoredObject(an_image(values, 12))])
    for renderer in RENDERERS:
        department.config["preferences"] = {"drawOnProcessor": renderer == "canvas"}
        viewer = open_viewer()
        viewer.press("r", "h")
        drawn = show_one_to_one(viewer, renderer)
        upright = reference.greys(reference.linear(values.astype(float), 2048, 4096))
        assert np.abs(drawn - np.fliplr(np.rot90(upright, -1))).max() <= 1


def test_comparison_notices_the_wrong_function(open_viewer: OpenViewer, department: Department) -> None:
    values = noisy(12)
    show(department, [StoredObject(an_image(values, 12, WindowCenter="2000", WindowWidth="3000", VOILUTFunction="SIGMOID"))])
    drawn = show_one_to_one(open_viewer(), "webgl2")
    assert np.abs(drawn - reference.greys(linear_12(values))).max() > 10


def test_lost_graphics_context_comes_back_with_the_image(open_viewer: OpenViewer, department: Department) -> None:
    show(department, [StoredObject(an_image(noisy(12), 12))])
    viewer = open_viewer()
    before = viewer.pixels()
    viewer.page.evaluate(
        "() => new Promise(done => { const canvas = document.querySelector('.nv-canvas');"
        " const loss = canvas.getContext('webgl2').getExtension('WEBGL_lose_context');"
        " canvas.addEventListener('webglcontextlost', () => setTimeout(() => loss.restoreContext()));"
        " canvas.addEventListener('webglcontextrestored', () => done()); loss.loseContext(); })"
    )
    viewer.settle()
    assert np.array_equal(viewer.pixels(), before)


def test_image_wider_than_the_graphics_card_takes_is_drawn_by_the_twin(open_viewer: OpenViewer, department: Department) -> None:
    small, wide = an_image(noisy(12), 12), an_image(noisy(12), 12, InstanceNumber=2)
    wide.StudyInstanceUID = small.StudyInstanceUID
    wide.Rows, wide.Columns = 8, 20_000
    wide.PixelData = np.full((8, 20_000), 4095, dtype="<u2").tobytes()
    show(department, [StoredObject(small), StoredObject(wide)])
    viewer = open_viewer()
    assert viewer.pane()["renderer"] == "webgl2"
    viewer.press("PageDown")
    viewer.wait_for_state("state.ready && state.panes[0].renderer === 'canvas'")
    assert viewer.pixels()[:, :, 0].max() == 255


def test_refused_shader_leaves_the_drawing_to_the_twin(open_viewer: OpenViewer, department: Department) -> None:
    values = noisy(12)
    show(department, [StoredObject(an_image(values, 12))])
    viewer = open_viewer(
        script="WebGL2RenderingContext.prototype.getProgramParameter = () => false",
    )
    drawn = show_one_to_one(viewer, "canvas")
    assert np.abs(drawn - reference.greys(reference.linear(values.astype(float), 2048, 4096))).max() <= 1


def test_browser_without_webgl_draws_on_the_processor(open_viewer: OpenViewer, department: Department) -> None:
    values = noisy(12)
    show(department, [StoredObject(an_image(values, 12))])
    viewer = open_viewer(
        script="const get = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...more)"
        " { return kind === 'webgl2' ? null : get.call(this, kind, ...more); }",
    )
    drawn = show_one_to_one(viewer, "canvas")
    assert np.abs(drawn - reference.greys(reference.linear(values.astype(float), 2048, 4096))).max() <= 1
