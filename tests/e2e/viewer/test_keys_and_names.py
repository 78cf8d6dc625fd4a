"""The viewer without a mouse and for all eyes: keys, names, sizes of targets, no accessibility fault."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.axe import faults_of, rules_run
from tests.e2e.viewer.conftest import OpenViewer
from tests.e2e.viewer.dicomweb_server import Department, StoredObject, show
from tests.e2e.viewer.radiographs import a_finding, a_radiograph, with_prior
from tests.e2e.viewer.viewer_page import ViewerPage

ANY_NAME = re.compile(r"\w")
THEMES = ["light", "dark", "reading-room"]


@pytest.fixture
def viewer(open_viewer: OpenViewer, department: Department) -> ViewerPage:
    show(department, [StoredObject(a_radiograph(ImageLaterality="L"))], findings_url="/findings")
    return open_viewer()


def test_toolbar_is_one_stop_of_tab_and_walked_by_arrows(viewer: ViewerPage) -> None:
    viewer.button("Fenêtrage").focus()
    viewer.press("ArrowRight", "ArrowRight")
    expect(viewer.button("Déplacer")).to_be_focused()
    viewer.press("Home", "ArrowLeft")
    expect(viewer.button("Touches et réglages")).to_be_focused()
    viewer.press("Tab")
    expect(viewer.page.locator(".nv-stage").first).to_be_focused()
    viewer.press("Shift+Tab")
    expect(viewer.button("Touches et réglages")).to_be_focused()


def test_narrow_viewer_keeps_one_row_of_tools_and_shows_the_image_first(
    open_viewer: OpenViewer, department: Department
) -> None:
    show(department, [StoredObject(a_radiograph())], findings_url="/findings")
    viewer = open_viewer(width=660, height=700)
    toolbar = viewer.page.get_by_role("toolbar").bounding_box()
    assert toolbar is not None
    assert toolbar["height"] < 45
    expect(viewer.page.get_by_role("complementary")).to_be_hidden()
    viewer.press("s")
    expect(viewer.page.get_by_role("complementary")).to_be_visible()
    viewer.button("Plus d’outils").click()
    viewer.page.get_by_role("button", name="Retourner de haut en bas").click()
    viewer.settle()
    assert viewer.letters()["top"] == "F"
    expect(viewer.button("Plus d’outils")).to_be_focused()
    assert faults_of(viewer.page) == []


def test_marks_are_made_moved_and_removed_by_keyboard_alone(viewer: ViewerPage) -> None:
    viewer.press("d")
    viewer.page.locator(".nv-stage").first.press("Enter")
    mark = viewer.page.get_by_role("group", name="Distance 1")
    expect(mark).to_be_focused()
    before = mark.get_attribute("aria-label")
    viewer.press("Tab", "Tab", "Shift+ArrowRight", "ArrowRight")
    assert mark.get_attribute("aria-label") != before
    viewer.press("Delete")
    assert viewer.pane()["marks"] == 0
    expect(viewer.page.locator(".nv-stage").first).to_be_focused()
    viewer.press("Control+z")
    assert viewer.pane()["marks"] == 1


def test_letters_typed_into_the_report_are_no_commands(viewer: ViewerPage) -> None:
    before = viewer.pane()
    viewer.page.get_by_label("Report").press_sequentially("rhivdx 12")
    viewer.settle()
    assert viewer.page.get_by_label("Report").input_value() == "rhivdx 12"
    assert viewer.pane() == before


def test_single_letter_keys_can_be_switched_off(viewer: ViewerPage) -> None:
    viewer.press("?")
    dialog = viewer.page.get_by_role("dialog", name="Touches et réglages")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Touches d’une seule lettre").uncheck()
    viewer.press("Escape", "r", "i")
    assert (viewer.pane()["quarter_turns"], viewer.pane()["invert"]) == (0, False)
    viewer.page.reload()
    viewer.wait_until_ready()
    viewer.press("r")
    assert viewer.pane()["quarter_turns"] == 0
    viewer.button("Tourner à droite").click()
    assert viewer.pane()["quarter_turns"] == 1


def test_each_button_has_a_name_and_a_target_of_24_pixels(open_viewer: OpenViewer, department: Department) -> None:
    with_prior(department)
    viewer = open_viewer()
    viewer.press("2")
    viewer.wait_for_state("state.layout === 2 && state.ready")
    viewer.press("b")
    viewer.page.locator(".nv-stage").first.press("Enter")
    for control in viewer.page.locator("#viewer").locator("button, select, input, [role=button]").all():
        if not control.is_visible():
            continue
        box = control.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 24, control.evaluate("element => element.outerHTML")
        expect(control).to_have_accessible_name(ANY_NAME)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_axe_finds_no_fault(open_viewer: OpenViewer, department: Department, theme: str, language: str) -> None:
    current, _ = with_prior(department)
    department.theme = theme
    department.config |= {"language": language, "findings_url": "/findings"}
    department.findings = {"status": "done", "models": [{"name": "Thorax", "version": "1"}], "findings": [a_finding(current)]}
    viewer = open_viewer()
    viewer.press("2", "d")
    viewer.wait_for_state("state.layout === 2 && state.ready")
    viewer.drag(viewer.at(100, 100), viewer.at(300, 300))
    assert faults_of(viewer.page) == []
    viewer.page.locator(".nv-menu-button").click()
    assert faults_of(viewer.page) == []
    viewer.press("Escape", "?")
    assert faults_of(viewer.page) == []
    assert {"button-name", "color-contrast", "target-size"} <= rules_run(viewer.page)


def test_axe_finds_no_fault_before_an_image_is_there(open_viewer: OpenViewer, department: Department) -> None:
    image = a_radiograph()
    show(department, [StoredObject(image)], findings_url="/findings")
    department.hold.clear()
    viewer = open_viewer(ready=False)
    viewer.wait_for_state("state.panes[0].quality === 'loading'")
    assert faults_of(viewer.page) == []
    department.broken_frames = {image.SOPInstanceUID}
    department.hold.set()
    viewer.wait_for_state("state.panes[0].quality === 'failed'")
    assert faults_of(viewer.page) == []
    viewer.complaints.clear()


def test_axe_is_able_to_find_a_fault(viewer: ViewerPage) -> None:
    viewer.page.evaluate("document.querySelector('.nv-button').removeAttribute('aria-label')")
    viewer.page.evaluate("document.querySelector('.nv-button').removeAttribute('title')")
    assert {fault.rule for fault in faults_of(viewer.page)} == {"button-name"}
