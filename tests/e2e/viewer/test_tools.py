"""Tools and views, worked with mouse and keys in the browser."""

from __future__ import annotations

import numpy as np
import pytest
from pydicom.dataset import Dataset

from tests.builders.dicom import a_dx_image
from tests.e2e.viewer.conftest import OpenViewer
from tests.e2e.viewer.dicomweb_server import Department, StoredObject, show
from tests.e2e.viewer.viewer_page import ViewerPage

ROWS, COLUMNS = 500, 400


def a_radiograph(**attributes: object) -> Dataset:
    image = a_dx_image(rows=ROWS, columns=COLUMNS)
    for keyword, value in attributes.items():
        setattr(image, keyword, value)
    return image


@pytest.fixture
def viewer(open_viewer: OpenViewer, department: Department) -> ViewerPage:
    show(department, [StoredObject(a_radiograph())])
    return open_viewer()


def test_dragging_the_window_changes_contrast_and_brightness(viewer: ViewerPage) -> None:
    before, drawn = viewer.pane()["window"], viewer.pixels()
    centre = viewer.at(200, 250)
    viewer.drag(centre, (centre[0] + 60, centre[1]))
    wider = viewer.pane()["window"]
    assert wider["width"] > before["width"]
    assert wider["center"] == pytest.approx(before["center"])
    viewer.drag(centre, (centre[0], centre[1] - 60))
    assert viewer.pane()["window"]["center"] < wider["center"], "up is brighter"
    assert viewer.pane()["window"]["key"] == "custom"
    assert not np.array_equal(viewer.pixels(), drawn)


def test_dragging_up_brightens_a_negative_too(open_viewer: OpenViewer, department: Department) -> None:
    show(department, [StoredObject(a_radiograph(PhotometricInterpretation="MONOCHROME1"))])
    viewer = open_viewer()
    before = viewer.pixels()[:, :, 0].astype(int).sum()
    centre = viewer.at(200, 250)
    viewer.drag(centre, (centre[0], centre[1] - 80))
    assert viewer.pixels()[:, :, 0].astype(int).sum() > before


def test_undo_takes_back_one_gesture_at_a_time(viewer: ViewerPage) -> None:
    start = viewer.pane()
    centre = viewer.at(200, 250)
    viewer.drag(centre, (centre[0] + 60, centre[1]))
    viewer.press("r")
    viewer.press("Control+z")
    assert viewer.pane()["quarter_turns"] == 0
    assert viewer.pane()["window"] != start["window"]
    viewer.press("Control+z")
    assert viewer.pane()["window"] == start["window"]
    assert viewer.button("Annuler").get_attribute("aria-disabled") == "true"


def test_reset_brings_back_the_first_view_and_keeps_marks(viewer: ViewerPage) -> None:
    start = viewer.pane()
    viewer.press("b")
    viewer.page.mouse.click(*viewer.at(100, 100))
    viewer.press("w", "r", "h", "i", "+", "0")
    assert viewer.pane() == start | {"marks": 1}


def test_wheel_zooms_to_the_pointer(viewer: ViewerPage) -> None:
    at = viewer.at(120, 140)
    viewer.page.mouse.move(*at)
    viewer.page.mouse.wheel(0, -300)
    viewer.settle()
    assert viewer.pane()["zoom"] > 1.5
    assert viewer.at(120, 140) == pytest.approx(at, abs=1.5)


def test_buttons_and_held_space_pan_zoom_and_window_whatever_the_tool(viewer: ViewerPage) -> None:
    viewer.press("d")
    start = viewer.at(200, 250)
    viewer.drag(start, (start[0] + 40, start[1] + 30), button="middle")
    assert viewer.at(200, 250) == pytest.approx((start[0] + 40, start[1] + 30), abs=1)
    viewer.page.locator(".nv-stage").first.focus()
    viewer.page.keyboard.down(" ")
    viewer.drag(start, (start[0] - 40, start[1] - 30))
    viewer.page.keyboard.up(" ")
    assert viewer.at(200, 250) == pytest.approx(start, abs=1)
    viewer.drag(start, (start[0] + 50, start[1]), button="right")
    assert viewer.pane()["window"]["key"] == "custom"
    assert viewer.pane()["marks"] == 0


def test_one_to_one_fit_and_double_click(viewer: ViewerPage) -> None:
    fitted = viewer.pane()["zoom"]
    viewer.press("1")
    assert viewer.pane()["zoom"] == 1
    viewer.press("f")
    assert viewer.pane()["zoom"] == pytest.approx(fitted)
    viewer.page.mouse.dblclick(*viewer.at(200, 250))
    viewer.settle()
    assert viewer.pane()["zoom"] == 1


def test_fitted_image_follows_the_window(viewer: ViewerPage) -> None:
    before = viewer.pane()["zoom"]
    viewer.page.set_viewport_size({"width": 1280, "height": 500})
    viewer.wait_for_state(f"state.panes[0].zoom < {before}")
    assert viewer.pane()["fit"] is True


def test_letters_follow_turns_and_flips(viewer: ViewerPage) -> None:
    assert viewer.letters() == {"left": "R", "right": "L", "top": "H", "bottom": "F"}
    viewer.press("r")
    assert viewer.letters() == {"left": "F", "right": "H", "top": "R", "bottom": "L"}
    viewer.press("Shift+R", "h")
    assert viewer.letters() == {"left": "L", "right": "R", "top": "H", "bottom": "F"}
    viewer.press("v")
    assert viewer.letters() == {"left": "L", "right": "R", "top": "F", "bottom": "H"}


def test_letters_are_absent_and_said_to_be_when_the_device_gave_none(open_viewer: OpenViewer, department: Department) -> None:
    image = a_radiograph()
    del image.PatientOrientation
    show(department, [StoredObject(image)])
    viewer = open_viewer()
    assert set(viewer.letters().values()) == {""}
    assert "Orientation non renseignée" in viewer.corner("bottom-left")


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"ImagerPixelSpacing": ["0.2", "0.2"]}, ["20,0 mm", "au détecteur"]),
        (
            {"ImagerPixelSpacing": ["0.2", "0.2"], "EstimatedRadiographicMagnificationFactor": "1.25"},
            ["16,0 mm", "corrigé de l’agrandissement"],
        ),
        ({"ImagerPixelSpacing": ["0.2", "0.2"], "PixelSpacing": ["0.1", "0.1"]}, ["10,0 mm", "calibré"]),
        ({"ImagerPixelSpacing": None}, ["100 px", "pixels seulement"]),
    ],
)
def test_ruler_says_what_its_number_is_worth(
    open_viewer: OpenViewer, department: Department, attributes: dict[str, object], expected: list[str]
) -> None:
    show(department, [StoredObject(a_radiograph(**attributes))])
    viewer = open_viewer()
    viewer.press("1", "d")
    viewer.drag(viewer.at(100, 200), viewer.at(200, 200))
    mark = viewer.page.get_by_role("group", name="Distance 1")
    for words in expected:
        assert words in str(mark.get_attribute("aria-label"))


def test_angle_takes_two_arms_and_reads_ninety_degrees(viewer: ViewerPage) -> None:
    viewer.press("1", "n")
    viewer.drag(viewer.at(100, 200), viewer.at(200, 200))
    viewer.page.mouse.move(*viewer.at(220, 260))
    viewer.page.mouse.click(*viewer.at(200, 300))
    viewer.press("w")
    assert viewer.page.get_by_role("group", name="Angle 1").get_attribute("aria-label") == "Angle 1\u00a0: 90,0°"


def test_probe_reads_stored_and_modality_value(open_viewer: OpenViewer, department: Department) -> None:
    image = a_radiograph(RescaleSlope="2", RescaleIntercept="-10")
    show(department, [StoredObject(image)])
    viewer = open_viewer()
    viewer.press("1", "b")
    viewer.page.mouse.click(*viewer.at(150.5, 250.5))
    stored = int(np.frombuffer(image.PixelData, "<u2").reshape(ROWS, COLUMNS)[250, 150])
    label = viewer.page.get_by_role("group", name="Valeur du pixel 1").get_attribute("aria-label")
    assert str(label).replace("\u202f", "") == f"Valeur du pixel 1\u00a0: {stored} → {stored * 2 - 10}"


def test_region_window_spreads_its_values(viewer: ViewerPage) -> None:
    viewer.press("g")
    viewer.drag(viewer.at(100, 100), viewer.at(300, 150))
    window = viewer.pane()["window"]
    # The phantom rises row by row from 0 to 4095: rows 100 to 150 hold 819 to 1229.
    assert window["center"] == pytest.approx(1024, abs=10)
    assert window["width"] == pytest.approx(410, abs=20)


def test_window_menu_offers_the_windows_of_the_device_by_name(open_viewer: OpenViewer, department: Department) -> None:
    image = a_radiograph(
        WindowCenter=["2048", "1000"], WindowWidth=["4096", "500"], WindowCenterWidthExplanation=["STANDARD", "POUMON"]
    )
    show(department, [StoredObject(image)])
    viewer = open_viewer()
    viewer.button("Fenêtres et préréglages\u00a0: STANDARD").click()
    viewer.button("POUMON").click()
    viewer.settle()
    assert viewer.pane()["window"] == {"key": "window-1", "kind": "LINEAR", "center": 1000, "width": 500}
    assert "POUMON · C 1\u202f000 L 500" in viewer.corner("bottom-right").replace("\u00a0", "\u202f")


def test_numbers_typed_into_the_window_menu_are_taken(viewer: ViewerPage) -> None:
    viewer.page.locator(".nv-menu-button").click()
    viewer.page.get_by_label("Centre", exact=True).fill("1500")
    width = viewer.page.get_by_label("Largeur", exact=True)
    width.fill("800")
    width.press("Tab")
    viewer.settle()
    assert viewer.pane()["window"] == {"key": "custom", "kind": "LINEAR", "center": 1500, "width": 800}


def test_frames_are_stepped_by_wheel_keys_and_slider(open_viewer: OpenViewer, department: Department) -> None:
    image = a_radiograph(NumberOfFrames=3)
    first = np.frombuffer(image.PixelData, "<u2")
    image.PixelData = b"".join((first // divisor).astype("<u2").tobytes() for divisor in (1, 2, 4))
    show(department, [StoredObject(image)])
    viewer = open_viewer()
    brightness = [viewer.pixels()[:, :, 0].astype(int).sum()]
    viewer.page.mouse.move(*viewer.at(200, 250))
    viewer.page.mouse.wheel(0, 100)
    viewer.wait_for_state("state.ready && state.panes[0].frame === 2")
    brightness.append(viewer.pixels()[:, :, 0].astype(int).sum())
    viewer.press(".", ".")
    viewer.wait_for_state("state.ready && state.panes[0].frame === 3")
    brightness.append(viewer.pixels()[:, :, 0].astype(int).sum())
    assert brightness[0] > brightness[1] > brightness[2]
    slider = viewer.page.get_by_role("slider", name="Vue")
    assert slider.get_attribute("aria-valuetext") == "Vue 3 sur 3"
    slider.press("Home")
    viewer.wait_for_state("state.ready && state.panes[0].frame === 1")


def test_two_fingers_zoom(viewer: ViewerPage) -> None:
    before = viewer.pane()["zoom"]
    x, y = viewer.at(200, 250)
    session = viewer.page.context.new_cdp_session(viewer.page)
    for kind, reach in (("touchStart", 40), ("touchMove", 60), ("touchMove", 80), ("touchEnd", 0)):
        points = [{"x": x - reach, "y": y, "id": 0}, {"x": x + reach, "y": y, "id": 1}] if reach else []
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    viewer.settle()
    assert viewer.pane()["zoom"] == pytest.approx(before * 2, rel=0.05)


def test_escape_leaves_a_begun_angle_and_returns_to_the_window_tool(viewer: ViewerPage) -> None:
    viewer.press("1", "n")
    viewer.drag(viewer.at(100, 200), viewer.at(200, 200))
    viewer.page.locator(".nv-stage").first.press("Escape")
    assert viewer.state()["tool"] == "window"
    label = viewer.page.get_by_role("group", name="Angle 1").get_attribute("aria-label")
    viewer.page.mouse.move(*viewer.at(220, 260))
    viewer.settle()
    assert viewer.page.get_by_role("group", name="Angle 1").get_attribute("aria-label") == label
