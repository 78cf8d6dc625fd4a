"""Synthetic radiographs are complete objects, say that they are synthetic, and are the same for the same seed."""

from __future__ import annotations

import io
import subprocess
from datetime import datetime
from functools import cache
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFont
from pydicom.sr.codedict import codes

from negatoscope.app.phantoms.from_folder import find_pictures, picture_object
from negatoscope.app.phantoms.marking import LABEL, mark
from negatoscope.app.phantoms.objects import Examination, synthetic_object
from negatoscope.app.phantoms.recipes import RECIPES, render
from negatoscope.app.phantoms.techniques import CHEST, CHEST_LATERAL, Technique
from negatoscope.formats.dicom.greyscale import grey_table
from negatoscope.formats.dicom.greyscale_reading import read_greyscale
from negatoscope.formats.dicom.uids import new_uid
from negatoscope.platform.errors import InvalidInput


def an_examination() -> Examination:
    return Examination(
        patient_id="DEMO-1",
        issuer="DEMO",
        patient_name="EXEMPLE^Élise",
        birth_date="19700101",
        sex="F",
        study_uid=new_uid(),
        accession_number="A1",
        description="Essai",
        performed_at=datetime(2026, 1, 2, 3, 4, 5),  # noqa: DTZ001 - DICOM times are local
    )


@cache
def drawn(name: str, seed: int) -> NDArray[np.uint16]:
    pixels = render(name, seed)
    pixels.flags.writeable = False
    return pixels


def errors_of(path: Path) -> list[str]:
    result = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False)
    return [line for line in (result.stdout + result.stderr).splitlines() if line.startswith("Error")]


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_object_passes_dciodvfy_and_says_it_is_synthetic(name: str, tmp_path: Path) -> None:
    content = synthetic_object(name, drawn(name, 3), an_examination())
    path = tmp_path / "object.dcm"
    path.write_bytes(content)
    assert errors_of(path) == []
    dataset = pydicom.dcmread(io.BytesIO(content))
    assert "SYNTHETIC" in dataset.SeriesDescription
    assert "Synthetic" in dataset.ImageComments
    assert dataset.pixel_array.shape == (dataset.Rows, dataset.Columns)
    assert 0.02 < np.std(dataset.pixel_array) / 4095 < 0.4


def test_checker_can_fail(tmp_path: Path) -> None:
    dataset = pydicom.dcmread(io.BytesIO(synthetic_object("hand", drawn("hand", 3), an_examination())))
    del dataset.Rows
    dataset.save_as(tmp_path / "bad.dcm")
    assert errors_of(tmp_path / "bad.dcm") != []


def test_kinds_cover_what_a_department_sends() -> None:
    techniques = {recipe.technique for recipe in RECIPES.values()}
    assert {technique.modality for technique in techniques} == {"DX", "CR"}
    assert {technique.monochrome1 for technique in techniques} == {True, False}
    assert {technique.display.function for technique in techniques} == {"SIGMOID", "LINEAR", "LUT"}


def test_codes_are_those_of_the_terminology() -> None:
    for recipe in RECIPES.values():
        technique = recipe.technique
        views = {"PA": codes.SCT.PosteroAnterior, "AP": codes.SCT.AnteroPosterior, "LL": codes.SCT.LeftLateral}
        regions = {"CHEST": codes.SCT.Chest, "HAND": codes.SCT.Hand, "PELVIS": codes.SCT.Pelvis}
        assert technique.view[0] == views[technique.view_position].value
        assert technique.view[2].lower() == views[technique.view_position].meaning.lower()
        assert technique.region[0] == regions[technique.body_part].value


def test_same_seed_same_picture_and_another_seed_another() -> None:
    first = drawn("hand", 3)
    np.testing.assert_array_equal(first, render("hand", 3))
    assert not np.array_equal(first, render("hand", 2))


def test_finding_changes_the_picture_where_it_is() -> None:
    healthy, nodule = drawn("chest", 3).astype(int), drawn("chest-nodule", 3).astype(int)
    rows, columns = healthy.shape
    spot = np.s_[
        round(rows * 148 / 420) - 40 : round(rows * 148 / 420) + 40,
        round(columns * 116 / 380) - 40 : round(columns * 116 / 380) + 40,
    ]
    assert (nodule[spot] - healthy[spot]).mean() > 3 * abs((nodule - healthy)[: rows // 8].mean())


def grey_of(name: str, seed: int) -> NDArray[np.uint8]:
    """Return the picture as the viewer shows it first."""
    dataset = pydicom.dcmread(io.BytesIO(synthetic_object(name, drawn(name, seed), an_examination())))
    grey = grey_table(read_greyscale(dataset))[dataset.pixel_array]
    return np.asarray(grey, np.uint8)


def around(picture: NDArray[np.uint8], technique: Technique, x_mm: float, y_mm: float, half_mm: float) -> NDArray[np.uint8]:
    """Return the part of a picture about a point of the drawing."""
    row, column, half = (round(value / technique.spacing_mm) for value in (y_mm, x_mm, half_mm))
    return picture[row - half : row + half, column - half : column + half]


@pytest.mark.parametrize("name", ["chest", "chest-lateral", "hand", "pelvis"])
def test_first_display_uses_the_greys_and_leaves_air_dark(name: str) -> None:
    grey = grey_of(name, 3)
    body = grey[grey > np.bincount(grey.ravel()).argmax() + 3]
    low, high = np.percentile(body, (3, 97))
    assert high - low > 110
    assert (body >= 254).mean() < 0.01
    assert np.bincount(grey.ravel()).argmax() < 24


def test_chest_shows_dark_lungs_between_bright_mediastinum_and_abdomen() -> None:
    grey = grey_of("chest", 3)
    lung, heart, abdomen = (around(grey, CHEST, *at, 6).mean() for at in ((90, 190), (210, 260), (120, 370)))
    assert lung < 70
    assert heart > 130
    assert abdomen > 180


def test_lateral_chest_has_clear_spaces_before_and_behind_the_heart() -> None:
    grey = grey_of("chest-lateral", 3)
    heart = around(grey, CHEST_LATERAL, 118, 240, 8).mean()
    retrosternal, retrocardiac = (around(grey, CHEST_LATERAL, *at, 5).mean() for at in ((108, 150), (206, 240)))
    assert retrosternal < heart - 20
    assert retrocardiac < heart - 40


def test_pneumothorax_shows_a_line_with_no_vessels_beyond() -> None:
    grey = grey_of("chest-pneumothorax", 3)
    healthy = grey_of("chest", 3)
    free = np.s_[round(165 / 0.175) : round(185 / 0.175), round(84 / 0.175) : round(92 / 0.175)]
    assert grey[free].mean() < healthy[free].mean()
    assert grey[free].std() < healthy[free].std()


def test_label_is_white_on_a_dark_plate_over_bright_tissue() -> None:
    pixels = np.full((2400, 2000), 3000, np.uint16)
    pixels[:100] = 200
    mark(pixels, letter="D", at=(0.1, 0.1), white=4095)
    label = pixels[2250:2350, 60:600]
    assert (label > 3500).mean() > 0.05
    assert (label == 200).mean() > 0.5
    assert ((label > 2900) & (label < 3100)).mean() < 0.02


def test_every_letter_of_the_label_is_in_the_font() -> None:
    font = ImageFont.load_default(40)
    missing = font.getmask("\uffff").getbbox(), bytes(font.getmask("\uffff"))
    assert all(
        (font.getmask(letter).getbbox(), bytes(font.getmask(letter))) != missing for letter in LABEL if not letter.isspace()
    )


def test_pictures_of_a_folder_become_objects(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(folder / "a.png")
    (folder / "b.png").write_bytes(b"no picture")
    (tmp_path / "labels.csv").write_text("file,Patient ID,Patient Age,Patient Gender,View Position\na.png,17,61,M,AP\n")
    first, second = find_pictures(folder)
    assert (first.patient_key, first.age, first.sex, first.view_position) == ("17", 61, "M", "AP")
    content = picture_object(first, an_examination())
    dataset = pydicom.dcmread(io.BytesIO(content))
    np.testing.assert_array_equal(dataset.pixel_array, np.arange(64).reshape(8, 8))
    path = tmp_path / "a.dcm"
    path.write_bytes(content)
    assert errors_of(path) == []
    with pytest.raises(InvalidInput, match=r"b\.png"):
        picture_object(second, an_examination())
