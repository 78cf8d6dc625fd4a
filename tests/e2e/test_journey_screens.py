"""What people do on the screens of the running product: order at the desk, work the viewer, begin from a template, change
the language. The steps follow each other and share one installation."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from pydicom.uid import ExplicitVRLittleEndian

from tests.e2e.peers import PerformedStep, ResultsReceiver, ask_worklist
from tests.e2e.product import Product, seen_within
from tests.e2e.story import Story, an_image, see_full_quality, sign_in

pytestmark = pytest.mark.xdist_group("journey-screens")
TIMEOUT_MS = 30_000

QUESTION = "Toux depuis trois semaines. Foyer ?"
PATIENT = "DEMO-0001"


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    folder = Path(tempfile.mkdtemp(prefix="nego-e2e-"))
    folder.chmod(0o755)
    product = Product.in_folder(folder)
    results = ResultsReceiver(product.results_port)
    product.start()
    yield Story(product, results)
    product.stop()
    results.close()
    shutil.rmtree(folder, ignore_errors=True)


def reader_of(story: Story) -> Page:
    assert story.reader is not None
    return story.reader


def pane(page: Page) -> dict[str, Any]:
    """Return what the viewer says of its first image."""
    found: dict[str, Any] = page.evaluate("window.negatoscopeViewer.state().panes[0]")
    return found


def letters(page: Page) -> dict[str, str]:
    """Return the orientation letters of the first image by edge."""
    found = page.locator(".nv-pane").first.locator(".nv-letter").all()
    return {str(letter.get_attribute("data-edge")): str(letter.text_content()) for letter in found}


def press(page: Page, key: str) -> None:
    page.locator(".nv-stage").first.press(key)


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag between two points of the first image."""
    places = [page.evaluate("([x, y]) => window.negatoscopeViewer.locate(0, x, y)", [x, y]) for x, y in (start, end)]
    page.mouse.move(places[0]["x"], places[0]["y"])
    page.mouse.down()
    page.mouse.move(places[1]["x"], places[1]["y"], steps=4)
    page.mouse.up()


# The desk


def test_secretary_orders_and_the_modality_sees_it(story: Story, chromium: Browser, tmp_path: Path) -> None:
    page = sign_in(story, chromium, "secretaire")
    page.goto(f"{story.product.root}/orders/new")
    page.get_by_label("Nom, date de naissance ou numéro de patient").fill(PATIENT)
    page.get_by_role("link", name="Demande pour ce patient").click()
    page.get_by_role("combobox", name="Acte").select_option(label="Thorax de face et de profil")
    page.get_by_role("textbox", name="Question clinique").fill(QUESTION)
    page.get_by_role("textbox", name="Nom", exact=True).fill("Lemaire")
    page.get_by_role("combobox", name="Salle").select_option(label="Salle 1 (capteur plan)")
    page.get_by_role("button", name="Enregistrer la demande").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Thorax de face et de profil", timeout=TIMEOUT_MS)
    main = page.get_by_role("main")
    expect(main).to_contain_text(QUESTION)
    page.context.close()
    every = ask_worklist(story.product.dicom_port, tmp_path / "all", station="DX1", accession_number="")
    (ours,) = [one for one in every if one.RequestedProcedureDescription == "Thorax de face et de profil"]
    assert ours.PatientID == PATIENT
    assert str(ours.PatientName).startswith("EXEMPLE-MARTEAU")
    story.scheduled = ours
    story.accession_number, story.study_uid = str(ours.AccessionNumber), str(ours.StudyInstanceUID)


def test_order_without_a_question_is_refused_beside_its_field(story: Story, chromium: Browser) -> None:
    page = sign_in(story, chromium, "secretaire")
    page.goto(f"{story.product.root}/orders/new")
    page.get_by_label("Nom, date de naissance ou numéro de patient").fill(PATIENT)
    page.get_by_role("link", name="Demande pour ce patient").click()
    page.get_by_role("combobox", name="Acte").select_option(label="Thorax de face antéropostérieur")
    page.get_by_role("textbox", name="Nom", exact=True).fill("Lemaire")
    page.get_by_role("textbox", name="Question clinique").fill("   ")
    page.get_by_role("button", name="Enregistrer la demande").click()
    expect(page.get_by_role("alert")).to_contain_text("Question clinique", timeout=TIMEOUT_MS)
    expect(page.get_by_role("textbox", name="Question clinique")).to_have_attribute("aria-invalid", "true")
    page.context.close()


# The modality


def test_storescu_sends_explicit_little_endian_and_the_step_leaves_the_worklist(story: Story, tmp_path: Path) -> None:
    port = story.product.dicom_port
    step = PerformedStep(port, "DX1", story.scheduled)
    assert step.begin() == 0x0000
    image = an_image(story, str(ExplicitVRLittleEndian), 1)
    path = tmp_path / "explicit.dcm"
    image.save_as(path, enforce_file_format=True)
    command = ["storescu", "-v", "-xe", "-aet", "DX1", "-aec", "NEGATOSCOPE", "127.0.0.1", str(port), str(path)]
    subprocess.run(command, check=True, capture_output=True)
    story.images = [image]
    assert step.complete(story.images) == 0x0000
    step.leave()
    asked = ask_worklist(port, tmp_path / "after", station="DX1", accession_number=story.accession_number)
    assert asked == []
    with story.product.client(story.product.token("radiologue")) as client:
        found = client.get(f"/dicom-web/studies/{story.study_uid}/metadata", headers={"Accept": "application/dicom+json"})
    assert [one["00080018"]["Value"][0] for one in found.json()] == [str(image.SOPInstanceUID)]


def test_thumbnail_by_dicomweb_shows_the_image(story: Story) -> None:
    with story.product.client(story.product.token("radiologue")) as client:
        answer = client.get(f"/dicom-web/studies/{story.study_uid}/thumbnail", headers={"Accept": "image/jpeg"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/jpeg"
    picture = Image.open(BytesIO(answer.content))
    assert 32 <= max(picture.size) <= 512
    assert int(np.ptp(np.asarray(picture.convert("L")))) > 60, "more than one grey"


# The viewer


def test_window_follows_the_pointer(story: Story, chromium: Browser) -> None:
    reader = story.reader = sign_in(story, chromium, "radiologue")
    reader.goto(f"{story.product.root}/reading/{story.study_uid}")
    see_full_quality(reader)
    expect(reader.locator("#viewer")).to_contain_text("EXEMPLE-MARTEAU")
    before = pane(reader)
    x, y = (int(story.images[0].Columns) / 2, int(story.images[0].Rows) / 2)
    drag(reader, (x, y), (x + x / 4, y))
    after = pane(reader)["window"]
    assert after["width"] > before["window"]["width"]
    assert after["center"] == pytest.approx(before["window"]["center"])


def test_greys_are_inverted_and_turned_back(story: Story) -> None:
    reader = reader_of(story)
    began = pane(reader)["invert"]
    press(reader, "i")
    assert pane(reader)["invert"] is not began
    press(reader, "i")
    assert pane(reader)["invert"] is began


def test_letters_follow_a_turn(story: Story) -> None:
    reader = reader_of(story)
    upright = letters(reader)
    assert all(upright.values()), "the device said the orientation"
    press(reader, "r")
    assert pane(reader)["quarter_turns"] == 1
    turned = {"top": "left", "right": "top", "bottom": "right", "left": "bottom"}
    seen_within(
        lambda: letters(reader) == {edge: upright[before] for edge, before in turned.items()},
        within_s=10,
        what="the letters at their new edges",
    )
    press(reader, "Shift+R")
    seen_within(lambda: letters(reader) == upright, within_s=10, what="the letters back")


def test_ruler_says_what_its_number_is_worth(story: Story) -> None:
    reader = reader_of(story)
    press(reader, "d")
    image = story.images[0]
    columns, row = int(image.Columns), int(image.Rows) / 2
    drag(reader, (columns * 0.4, row), (columns * 0.6, row))
    mark = reader.get_by_role("group", name="Distance 1")
    expect(mark).to_have_count(1)
    label = str(mark.get_attribute("aria-label"))
    found = re.search(r"([\d\s]+,\d) mm", label.replace("\u202f", "").replace("\u00a0", " "))
    assert found is not None, label
    spacing = float(image.ImagerPixelSpacing[1])
    assert float(found.group(1).replace(",", ".")) == pytest.approx(columns * 0.2 * spacing, rel=0.02)
    assert "au détecteur" in label


# The report


def test_template_begins_the_report(story: Story) -> None:
    reader = reader_of(story)
    reader.get_by_role("combobox", name="Modèle de texte").select_option(index=1)
    findings = reader.get_by_role("textbox", name="Résultats")
    expect(findings).not_to_have_value("")
    expect(reader.get_by_role("status").and_(reader.locator("#save-state"))).to_contain_text("Enregistré", timeout=TIMEOUT_MS)
    text = findings.input_value()
    chosen = reader.get_by_role("combobox", name="Modèle de texte").input_value()
    reader.reload()
    expect(findings).to_have_value(text)
    expect(reader.get_by_role("combobox", name="Modèle de texte")).to_have_value(chosen)


# The language


def test_english_is_chosen_and_stays(story: Story) -> None:
    reader = reader_of(story)
    reader.get_by_title("Langue et affichage").click()
    reader.get_by_role("button", name="English").click()
    expect(reader.locator("html")).to_have_attribute("lang", "en")
    expect(reader.get_by_role("region", name="Artificial intelligence")).to_be_visible()
    expect(reader.get_by_role("toolbar").get_by_role("button", name="Invert greys")).to_have_count(1)
    reader.goto(f"{story.product.root}/reading")
    expect(reader.get_by_role("heading", level=1, name="Reading list")).to_be_visible()
    expect(reader.get_by_role("navigation", name="Main menu")).to_be_visible()
