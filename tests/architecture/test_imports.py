"""The arrows of the house hold, and the contract that holds them is seen to fail for each arrow."""

from __future__ import annotations

import configparser
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT


def levels() -> list[list[str]]:
    """Return the layers of the house, top first; those on one level do not import each other."""
    contract = configparser.ConfigParser()
    contract.read(ROOT / ".importlinter")
    lines = contract["importlinter:contract:layers"]["layers"].strip().splitlines()
    return [[name.strip() for name in line.split("|")] for line in lines]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache"]
    return subprocess.run(
        command, cwd=folder, env={"PYTHONPATH": str(folder / "src")}, capture_output=True, text=True, check=False
    )


def an_empty_house(folder: Path) -> None:
    """Write a package with the rooms of ours and nothing in them."""
    (folder / ".importlinter").write_text((ROOT / ".importlinter").read_text())
    package = folder / "src" / "negatoscope"
    for name in [*(name for level in levels() for name in level), "doors/dimse", "doors/hl7"]:
        (package / name).mkdir(parents=True)
        (package / name / "__init__.py").write_text("")
    (package / "__init__.py").write_text("")
    for path in (ROOT / "src" / "negatoscope" / "platform").iterdir():
        if path.suffix == ".py":
            (package / "platform" / path.name).write_text("")
    (package / "platform" / "blobs").mkdir()
    (package / "platform" / "blobs" / "__init__.py").write_text("")


def test_no_arrow_points_upward() -> None:
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout


def test_an_empty_house_passes(tmp_path: Path) -> None:
    an_empty_house(tmp_path)
    assert lint(tmp_path).returncode == 0


@pytest.mark.parametrize("level", range(1, len(levels())), ids=lambda level: levels()[level][0])
def test_upward_arrow_is_refused(tmp_path: Path, level: int) -> None:
    an_empty_house(tmp_path)
    lower, upper = levels()[level][0], levels()[level - 1][0]
    (tmp_path / "src" / "negatoscope" / lower / "__init__.py").write_text(f"import negatoscope.{upper}\n")
    result = lint(tmp_path)
    assert result.returncode != 0
    assert f"negatoscope.{lower} -> negatoscope.{upper}" in result.stdout


def test_formats_may_not_open_a_database(tmp_path: Path) -> None:
    an_empty_house(tmp_path)
    (tmp_path / "src" / "negatoscope" / "formats" / "__init__.py").write_text("import negatoscope.platform.database\n")
    assert lint(tmp_path).returncode != 0
