"""What a reader must see and reach: identity, side, loss, quality, findings, priors."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.viewer.conftest import OpenViewer
from tests.e2e.viewer.dicomweb_server import Department, StoredObject, show
from tests.e2e.viewer.radiographs import a_finding, a_radiograph, a_study, with_prior
from tests.e2e.viewer.viewer_page import ViewerPage


@pytest.fixture
def viewer(open_viewer: OpenViewer, department: Department) -> ViewerPage:
    show(department, [StoredObject(a_radiograph(ImageLaterality="L"))], findings_url="/findings")
    return open_viewer()


def test_corners_name_patient_side_view_and_scale(viewer: ViewerPage) -> None:
    assert viewer.corner("top-left").splitlines() == ["Éluard Zoé", "né(e) 02/01/1970 · F", "ID SYN-0001"]
    assert "02/01/2026 10:11" in viewer.corner("top-right")
    assert viewer.corner("bottom-left").splitlines()[:2] == ["Gauche", "CHEST · Incidence PA"]
    assert "au détecteur" in viewer.corner("bottom-right")


def test_identity_can_be_hidden_and_side_stays(viewer: ViewerPage) -> None:
    viewer.press("x", "c")
    assert viewer.corner("top-left") == "Identité masquée"
    assert "luard" not in viewer.page.locator("#viewer").inner_text()
    assert viewer.corner("bottom-left").splitlines() == ["Gauche", "CHEST · Incidence PA"]
    assert viewer.corner("bottom-right").startswith("Échelle")


def test_lossy_compression_is_always_said(open_viewer: OpenViewer, department: Department) -> None:
    image = a_radiograph(
        LossyImageCompression="01", LossyImageCompressionRatio="12.5", LossyImageCompressionMethod="ISO_15444_1"
    )
    show(department, [StoredObject(image)], language="en")
    viewer = open_viewer()
    assert "Lossy compression 13:1 ISO_15444_1" in viewer.corner("bottom-right")
    viewer.press("c")
    assert "Lossy compression" in viewer.corner("bottom-right")


def test_measuring_waits_for_full_quality(open_viewer: OpenViewer, department: Department) -> None:
    show(department, [StoredObject(a_radiograph())])
    department.hold.clear()
    viewer = open_viewer(ready=False)
    viewer.wait_for_state("state.panes[0].quality === 'loading'")
    assert viewer.page.locator(".nv-quality").first.get_attribute("data-quality") == "loading"
    viewer.press("d")
    box = viewer.page.locator(".nv-stage").first.bounding_box()
    assert box is not None
    viewer.drag((box["x"] + 200, box["y"] + 200), (box["x"] + 300, box["y"] + 200))
    assert viewer.pane()["marks"] == 0
    viewer.page.locator(".nv-stage").first.press("Enter")
    expect(viewer.page.locator(".nv-announcement")).to_have_text("Les mesures attendent la qualité entière.")
    department.hold.set()
    viewer.wait_until_ready()
    assert "Qualité entière" in viewer.page.locator(".nv-quality").first.inner_text()
    viewer.drag(viewer.at(100, 100), viewer.at(200, 100))
    assert viewer.pane()["marks"] == 1


def test_image_that_cannot_be_fetched_is_said_and_tried_again(open_viewer: OpenViewer, department: Department) -> None:
    image = a_radiograph()
    show(department, [StoredObject(image)])
    department.broken_frames = {image.SOPInstanceUID}
    viewer = open_viewer(ready=False)
    viewer.wait_for_state("state.panes[0].quality === 'failed'")
    expect(viewer.page.get_by_role("alert")).to_contain_text("refusé (500)")
    department.broken_frames = set()
    viewer.button("Réessayer").click()
    viewer.wait_until_ready()
    viewer.complaints.clear()


def test_broken_bytes_are_said_to_be_broken(open_viewer: OpenViewer, department: Department) -> None:
    image = a_radiograph()
    image.PixelData = image.PixelData[: len(image.PixelData) // 2]
    show(department, [StoredObject(image)])
    viewer = open_viewer(ready=False)
    viewer.wait_for_state("state.panes[0].quality === 'failed'")
    expect(viewer.page.get_by_role("alert")).to_contain_text("ne peut pas être décodée")


def test_study_without_images_says_so(open_viewer: OpenViewer, department: Department) -> None:
    report = a_radiograph()
    del report.Rows
    show(department, [StoredObject(report)])
    viewer = open_viewer(ready=False)
    expect(viewer.page.locator(".nv-notice").first).to_have_text("Cet examen n’a pas d’image à afficher.")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("no_model", "Aucun modèle n’est installé"),
        ("failed", "Le modèle a échoué"),
        ("done", "Aucune anomalie signalée par cet outil. Ce n’est pas un compte rendu normal."),
        ("nonsense", "n’ont pas pu être chargées"),
    ],
)
def test_state_of_the_model_is_said_in_words(open_viewer: OpenViewer, department: Department, status: str, words: str) -> None:
    show(department, [StoredObject(a_radiograph())], findings_url="/findings")
    department.findings = {"status": status, "models": [], "findings": []}
    viewer = open_viewer()
    expect(viewer.page.locator(".nv-panel-message")).to_contain_text(words)


def test_findings_are_outlined_never_filled_and_switched_off(open_viewer: OpenViewer, department: Department) -> None:
    image = a_radiograph()
    show(department, [StoredObject(image)], findings_url="/findings")
    department.findings = {"status": "done", "models": [], "findings": [a_finding(image)]}
    viewer = open_viewer()
    outline = viewer.page.locator(".nv-finding polygon")
    expect(outline).to_have_count(1)
    assert outline.evaluate("element => getComputedStyle(element).fill") == "none"
    expect(viewer.page.get_by_role("img", name="À regarder")).to_have_accessible_name("À regarder\u00a0: Nodule 83 %")
    corners = str(outline.get_attribute("points")).split()
    stage = viewer.page.locator(".nv-stage").first.bounding_box()
    assert stage is not None
    x, y = viewer.at(100, 100)
    assert [float(part) for part in corners[0].split(",")] == pytest.approx([x - stage["x"], y - stage["y"]], abs=0.2)
    viewer.press("a")
    expect(outline).to_have_count(0)
    viewer.button("Nodule 83 %").click()
    expect(outline).to_have_count(1)


def test_findings_appear_when_the_run_ends(open_viewer: OpenViewer, department: Department) -> None:
    image = a_radiograph()
    show(department, [StoredObject(image)], findings_url="/findings")
    department.findings = {"status": "running", "models": [], "findings": []}
    viewer = open_viewer()
    expect(viewer.page.locator(".nv-panel-message")).to_contain_text("Le modèle travaille")
    department.findings = {"status": "done", "models": [], "findings": [a_finding(image)]}
    viewer.page.evaluate(
        "uid => document.dispatchEvent(new CustomEvent('negatoscope:event', {detail: {study_uid: uid}}))",
        image.StudyInstanceUID,
    )
    expect(viewer.page.locator(".nv-finding")).to_have_count(1)


def test_prior_lies_beside_and_follows_zoom_pan_and_window(open_viewer: OpenViewer, department: Department) -> None:
    _, prior = with_prior(department)
    viewer = open_viewer()
    viewer.press("2")
    viewer.wait_for_state("state.layout === 2 && state.ready")
    assert viewer.pane(1)["study_uid"] == prior.StudyInstanceUID
    expect(viewer.page.locator(".nv-pane-header").nth(1)).to_contain_text("même incidence")
    centre = viewer.at(200, 250)
    viewer.drag(centre, (centre[0] + 40, centre[1]))
    viewer.page.mouse.move(*centre)
    viewer.page.mouse.wheel(0, -200)
    viewer.settle()
    left, right = viewer.state()["panes"]
    assert left["window"]["width"] == pytest.approx(right["window"]["width"])
    assert left["zoom"] == pytest.approx(right["zoom"], rel=0.01)
    viewer.press("l", "+")
    left, right = viewer.state()["panes"]
    assert left["zoom"] > right["zoom"] * 1.2


def test_another_prior_is_picked_from_the_list(open_viewer: OpenViewer, department: Department) -> None:
    _, prior = with_prior(department)
    older = a_radiograph(StudyDate="20190301")
    department.objects.append(StoredObject(older))
    priors = department.config["priors"]
    assert isinstance(priors, list)
    priors.append({"study_uid": older.StudyInstanceUID, "label": "01/03/2019 Thorax", "explanation": "même région"})
    department.config["initial_prior"] = prior.StudyInstanceUID
    viewer = open_viewer()
    viewer.wait_for_state("state.layout === 2 && state.ready")
    viewer.page.get_by_label("Choisir un antérieur").select_option(label="01/03/2019 Thorax")
    viewer.wait_for_state(f"state.ready && state.panes[1].study_uid === '{older.StudyInstanceUID}'")
    assert "01/03/2019" in viewer.corner("top-right", pane=1)


def test_first_image_is_told_once_with_its_time(open_viewer: OpenViewer, department: Department) -> None:
    show(department, a_study(2))
    department.hold.clear()
    viewer = open_viewer(ready=False)
    viewer.page.evaluate("window.told = []; document.addEventListener('viewer:first-image', e => told.push(e.detail))")
    department.hold.set()
    viewer.wait_until_ready()
    viewer.press("PageDown")
    viewer.wait_for_state("state.ready")
    (told,) = viewer.page.evaluate("told")
    assert told["sop_instance_uid"] == department.objects[0].data_set.SOPInstanceUID
    assert told["milliseconds"] > 0


def test_window_chosen_by_name_is_chosen_on_both_linked_images(open_viewer: OpenViewer, department: Department) -> None:
    windows = {"WindowCenter": ["2048", "900"], "WindowWidth": ["4096", "600"]}
    current, prior = with_prior(department, **windows, WindowCenterWidthExplanation=["STANDARD", "OSSEUX"])
    current.WindowCenter, current.WindowWidth = ["1000", "2000"], ["500", "800"]
    current.WindowCenterWidthExplanation = ["OSSEUX", "STANDARD"]
    department.config["initial_prior"] = prior.StudyInstanceUID
    viewer = open_viewer()
    viewer.wait_for_state("state.layout === 2 && state.ready")
    viewer.page.locator(".nv-menu-button").click()
    viewer.button("OSSEUX").click()
    viewer.settle()
    assert [pane["window"]["center"] for pane in viewer.state()["panes"]] == [1000, 900]
    viewer.page.locator(".nv-menu-button").click()
    viewer.page.locator("[data-voi=auto]").click()
    viewer.settle()
    assert [pane["window"]["key"] for pane in viewer.state()["panes"]] == ["auto", "auto"]


def test_other_patient_beside_is_warned_of(open_viewer: OpenViewer, department: Department) -> None:
    with_prior(department, PatientID="SYN-9999")
    viewer = open_viewer()
    viewer.press("2")
    viewer.wait_for_state("state.layout === 2 && state.ready")
    expect(viewer.page.locator(".nv-header-warning")).to_contain_text("Vérifier l’identité")


def test_layout_and_image_stand_in_the_address(open_viewer: OpenViewer, department: Department) -> None:
    images = a_study(3)
    show(department, images)
    viewer = open_viewer()
    viewer.press("PageDown", "2")
    viewer.wait_for_state("state.layout === 2 && state.ready")
    fragment = viewer.page.evaluate("location.hash")
    again = open_viewer(fragment=fragment)
    again.wait_for_state("state.layout === 2 && state.ready")
    assert again.pane()["sop_instance_uid"] == images[1].data_set.SOPInstanceUID


def test_images_of_a_study_are_reached_by_strip_and_keys(open_viewer: OpenViewer, department: Department) -> None:
    images = a_study(3)
    show(department, images)
    viewer = open_viewer()
    strip = viewer.page.get_by_role("navigation", name="Images").get_by_role("button")
    expect(strip).to_have_count(3)
    strip.nth(2).click()
    viewer.wait_for_state("state.ready")
    assert viewer.pane()["sop_instance_uid"] == images[2].data_set.SOPInstanceUID
    viewer.press("PageUp")
    viewer.wait_for_state("state.ready")
    assert viewer.pane()["sop_instance_uid"] == images[1].data_set.SOPInstanceUID
    expect(strip.nth(1)).to_have_attribute("aria-current", "true")
