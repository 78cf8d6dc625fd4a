"""A model of the operator reads a radiograph in the running product, and one that was exchanged does not."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from pydicom.dataset import Dataset

from tests.builders.blob_model import NAME, VERSION, write_models
from tests.builders.dicom import a_dx_image, part10_bytes
from tests.e2e.product import Product, seen_within
from tests.e2e.story import open_browser, see_full_quality

pytestmark = pytest.mark.xdist_group("machine-reading")

LOGIN, PASSWORD = "anne", "quatre mots sans lien"
ROWS, COLUMNS = 200, 160
BLOB_AT = (100, 60)
END_OF_RUN_S = 90


@dataclass(slots=True)
class Department:
    """One installation with a model, a reader who is signed in, and her program."""

    product: Product
    models: Path
    reader: Page
    token: str
    study_uid: str = ""


@pytest.fixture(scope="module")
def department(chromium: Browser) -> Iterator[Department]:
    folder = Path(tempfile.mkdtemp(prefix="nego-e2e-"))
    folder.chmod(0o755)
    models = write_models(folder / "models")
    product = Product.in_folder(folder / "data")
    product.environment_extra = {"NEGATOSCOPE_DEMONSTRATION": "true", "NEGATOSCOPE_MODELS": str(models)}
    product.start(demo=False)
    arguments = ("user", "create", LOGIN, "--name", "Dr Anne Essai", "--role", "radiologist", "--password-stdin")
    created = product.run(*arguments, input_text=PASSWORD + "\n")
    assert created.returncode == 0, created.stderr
    reader = open_browser(product, chromium, LOGIN, PASSWORD)
    yield Department(product, models, reader, product.token(LOGIN))
    reader.context.close()
    product.stop()
    shutil.rmtree(folder, ignore_errors=True)


def a_film(accession_number: str = "ACC0001") -> Dataset:
    """Return a grey chest radiograph with one bright square of 30 x 30."""
    image = a_dx_image(rows=ROWS, columns=COLUMNS, AccessionNumber=accession_number)
    column, row = BLOB_AT
    values = np.full((ROWS, COLUMNS), 1000, np.uint16)
    values[row - 15 : row + 15, column - 15 : column + 15] = 4000
    image.PixelData = values.tobytes()
    return image


def send(department: Department, image: Dataset, folder: Path) -> str:
    """Store the image with dcmtk; return its study."""
    path = folder / "film.dcm"
    path.write_bytes(part10_bytes(image))
    port = str(department.product.dicom_port)
    subprocess.run(["storescu", "-aec", "NEGATOSCOPE", "127.0.0.1", port, str(path)], check=True, capture_output=True)
    return str(image.StudyInstanceUID)


def result_of(department: Department, study_uid: str) -> dict[str, Any]:
    """Return what the models said, as a program reads it."""
    with department.product.client(department.token) as client:
        answer = client.get(f"/studies/{study_uid}/findings")
    assert answer.status_code == 200, answer.text
    result: dict[str, Any] = answer.json()
    return result


def ended_result(department: Department, study_uid: str) -> dict[str, Any]:
    """Wait for the end of the run; return its result."""

    def look() -> dict[str, Any] | None:
        result = result_of(department, study_uid)
        return result if result["status"] not in ("waiting", "running") else None

    return seen_within(look, within_s=END_OF_RUN_S, what="the end of the run")


def row_of(page: Page, study_uid: str) -> Locator:
    """Return the row of the study on the reading list."""
    return page.get_by_role("row").filter(has=page.locator(f'a[href*="{study_uid}"]'))


def see_scored(department: Department, study_uid: str, words: str) -> None:
    """Open the reading list, and see the row of the study change by itself once the result counts."""
    department.reader.goto(f"{department.product.root}/reading")
    expect(row_of(department.reader, study_uid)).to_contain_text(re.compile(words), timeout=30_000)


def row_points(page: Page, study_uid: str) -> tuple[str, int, list[int]]:
    """Return what the row of the study says: its text, its score, the points of its chips."""
    row = row_of(page, study_uid)
    expect(row).to_have_count(1)
    text = row.inner_text()
    score = int(re.findall(r"\d+", row.get_by_role("cell").first.inner_text())[0])
    return text, score, [int(points) for points in re.findall(r"\+(\d+)", text)]


def test_result_names_model_version_and_hash_and_where_it_looked(department: Department, tmp_path: Path) -> None:
    image = a_film()
    department.study_uid = send(department, image, tmp_path)
    result = ended_result(department, department.study_uid)
    assert result["status"] == "done"
    sha256 = hashlib.sha256((department.models / "blob" / "model.onnx").read_bytes()).hexdigest()
    assert result["models"] == [{"name": NAME, "version": VERSION, "sha256": sha256}]
    (finding,) = result["findings"]
    assert (finding["label"], finding["model"]) == ("Tache claire", f"{NAME} {VERSION}")
    assert (finding["sop_instance_uid"], finding["frame"]) == (image.SOPInstanceUID, 1)
    assert finding["probability"] > 0.9
    columns, rows = zip(*finding["region"], strict=True)
    assert 60 < min(columns) < BLOB_AT[0] < max(columns) < 140
    assert 20 < min(rows) < BLOB_AT[1] < max(rows) < 100


def test_chip_of_the_model_stands_on_the_list_and_the_points_add_up(department: Department) -> None:
    reader = department.reader
    see_scored(department, department.study_uid, r"IA tache claire")
    text, score, points = row_points(reader, department.study_uid)
    found = re.search(r"IA tache claire ([01],\d\d)\s*\+(\d+)", text)
    assert found is not None, text
    assert int(found.group(2)) > 0
    assert sum(points) == score
    reader.goto(f"{department.product.root}/reading/{department.study_uid}")
    reader.get_by_text("Plus", exact=True).last.click()
    reader.get_by_role("button", name="Changer l’urgence…").click()
    dialog = reader.get_by_role("dialog", name="Changer l’urgence")
    dialog.get_by_label("Points").fill("7")
    dialog.get_by_label("Motif").fill("Le clinicien attend au téléphone")
    dialog.get_by_role("button", name="Changer", exact=True).click()
    expect(dialog).to_be_hidden()
    reader.goto(f"{department.product.root}/reading")
    _, with_seven, points = row_points(reader, department.study_uid)
    assert 7 in points
    assert int(found.group(2)) in points
    assert sum(points) == with_seven == score + 7


def test_outline_lies_on_the_image_and_the_key_switches_it(department: Department) -> None:
    reader = department.reader
    reader.goto(f"{department.product.root}/reading/{department.study_uid}")
    see_full_quality(reader)
    outline = reader.get_by_role("img", name="À regarder")
    expect(outline).to_have_accessible_name(re.compile(r"Tache claire \d+\s%"))
    expect(outline).to_be_visible()
    box = outline.bounding_box()
    place = reader.evaluate("([x, y]) => window.negatoscopeViewer.locate(0, x, y)", list(BLOB_AT))
    assert box is not None
    assert box["x"] < place["x"] < box["x"] + box["width"]
    assert box["y"] < place["y"] < box["y"] + box["height"]
    reader.locator(".nv-stage").first.focus()
    reader.keyboard.press("a")
    expect(outline).to_have_count(0)
    reader.keyboard.press("a")
    expect(outline).to_have_count(1)


def test_agreement_is_kept(department: Department) -> None:
    reader = department.reader
    reader.get_by_role("button", name="D’accord Tache claire").click()
    panel = reader.get_by_role("region", name="Intelligence artificielle")
    expect(panel).to_contain_text("Retenue par le lecteur")
    reader.reload()
    expect(panel).to_contain_text("Retenue par le lecteur")
    expect(panel).to_contain_text(f"{NAME} {VERSION}")
    (finding,) = result_of(department, department.study_uid)["findings"]
    assert finding["status"] == "accepted"


def test_exchanged_model_does_not_run_and_the_screens_say_so(department: Department, tmp_path: Path) -> None:
    file = department.models / "blob" / "model.onnx"
    file.write_bytes(file.read_bytes() + b"\x00")
    study_uid = send(department, a_film("ACC0002"), tmp_path)
    result = ended_result(department, study_uid)
    assert (result["status"], result["findings"]) == ("failed", [])
    reader = department.reader
    see_scored(department, study_uid, r"IA\s: échec")
    _, score, points = row_points(reader, study_uid)
    assert sum(points) == score
    reader.goto(f"{department.product.root}/reading/{study_uid}")
    see_full_quality(reader)
    panel = reader.get_by_role("region", name="Intelligence artificielle")
    expect(panel).to_contain_text("Le fichier du modèle n’est pas celui de sa fiche")
    expect(reader.get_by_role("img", name="À regarder")).to_have_count(0)
    kept = result_of(department, department.study_uid)["findings"]
    assert [finding["status"] for finding in kept] == ["accepted"], "what was said before stands"
