"""Synthetic radiographs are complete objects, say that they are synthetic, and are the same for the same seed."""

from __future__ import annotations

import io
import subprocess
from datetime import datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.sr.codedict import codes

from negatoscope.app.phantoms.from_folder import find_pictures, picture_object
from negatoscope.app.phantoms.objects import Examination, synthetic_object
from negatoscope.app.phantoms.recipes import RECIPES, render
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


def errors_of(path: Path) -> list[str]:
    result = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False)
    return [line for line in (result.stdout + result.stderr).splitlines() if line.startswith("Error")]


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_object_passes_dciodvfy_and_says_it_is_synthetic(name: str, tmp_path: Path) -> None:
    content = synthetic_object(name, render(name, 3), an_examination())
    path = tmp_path / "object.dcm"
    path.write_bytes(content)
    assert errors_of(path) == []
    dataset = pydicom.dcmread(io.BytesIO(content))
    assert "SYNTHETIC" in dataset.SeriesDescription
    assert "Synthetic" in dataset.ImageComments
    assert dataset.pixel_array.shape == (dataset.Rows, dataset.Columns)
    assert 0.02 < np.std(dataset.pixel_array) / 4095 < 0.4


def test_checker_can_fail(tmp_path: Path) -> None:
    dataset = pydicom.dcmread(io.BytesIO(synthetic_object("hand", render("hand", 3), an_examination())))
    del dataset.Rows
    dataset.save_as(tmp_path / "bad.dcm")
    assert errors_of(tmp_path / "bad.dcm") != []


def test_kinds_cover_what_a_department_sends() -> None:
    techniques = {recipe.technique for recipe in RECIPES.values()}
    assert {technique.modality for technique in techniques} == {"DX", "CR"}
    assert {technique.monochrome1 for technique in techniques} == {True, False}
    assert {technique.voi for technique in techniques} == {"SIGMOID", "LINEAR", "LUT"}


def test_codes_are_those_of_the_terminology() -> None:
    for recipe in RECIPES.values():
        technique = recipe.technique
        views = {"PA": codes.SCT.PosteroAnterior, "AP": codes.SCT.AnteroPosterior}
        regions = {"CHEST": codes.SCT.Chest, "HAND": codes.SCT.Hand, "PELVIS": codes.SCT.Pelvis}
        assert technique.view[0] == views[technique.view_position].value
        assert technique.region[0] == regions[technique.body_part].value


def test_same_seed_same_picture_and_another_seed_another() -> None:
    first = render("hand", 1)
    np.testing.assert_array_equal(first, render("hand", 1))
    assert not np.array_equal(first, render("hand", 2))


def test_finding_changes_the_picture_where_it_is() -> None:
    healthy, nodule = render("chest", 1).astype(int), render("chest-nodule", 1).astype(int)
    rows, columns = healthy.shape
    spot = np.s_[
        round(rows * 148 / 420) - 40 : round(rows * 148 / 420) + 40,
        round(columns * 116 / 380) - 40 : round(columns * 116 / 380) + 40,
    ]
    assert (nodule[spot] - healthy[spot]).mean() > 3 * abs((nodule - healthy)[: rows // 8].mean())


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
