"""The house is in order: room signs, one subject a file, no file too long, nothing swept under a rug."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.architecture.sources import PACKAGE, files, modules
from tests.paths import ROOT

MOST_LINES = 400
RUGS = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}


def too_long(paths: list[Path]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}: {count}" for path in paths if (count := len(path.read_text().splitlines())) > MOST_LINES
    ]


def unsigned(packages: list[Path]) -> list[str]:
    """Return the folders whose `__init__` does not say what lives there and what it may import."""
    faults = []
    for package in packages:
        sign = ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8")))
        if not sign:
            faults.append(str(package.name))
    return faults


def test_no_file_is_too_long() -> None:
    assert too_long(list(files(".py", ".ts", ".css"))) == []


def test_every_folder_has_a_room_sign() -> None:
    packages = [path.parent for path in PACKAGE.rglob("__init__.py")]
    assert unsigned(packages) == []
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert folders == set(packages), "a folder with modules has no __init__"


def test_areas_say_what_they_may_import() -> None:
    for package in sorted(PACKAGE.iterdir()):
        if (package / "__init__.py").is_file():
            sign = ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8"))) or ""
            assert "import" in sign, f"the room sign of {package.name} does not say what it may import"


def test_no_room_is_a_rug() -> None:
    assert [path for path in files(".py", ".ts", folders=("src", "frontend")) if path.stem in RUGS] == []


def unexplained_broad_excepts(source: str) -> list[int]:
    """Return the lines that catch everything, keep it, and do not say why."""
    lines = source.splitlines()
    faults = []
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.ExceptHandler) and isinstance(node.type, ast.Name)):
            continue
        goes_on = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
        if node.type.id in {"Exception", "BaseException"} and not goes_on and "#" not in lines[node.lineno - 1]:
            faults.append(node.lineno)
    return faults


def test_broad_except_says_why() -> None:
    """What catches everything stands in an outermost loop, and the line says so; cleaning up and raising on is free."""
    faults = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files(".py", folders=("src",))
        for number in unexplained_broad_excepts(path.read_text())
    ]
    assert faults == []


@pytest.mark.parametrize(("line", "count"), [("except Exception:", 1), ("except Exception:  # why", 0), ("except OSError:", 0)])
def test_broad_except_gate_can_fail(line: str, count: int) -> None:
    assert len(unexplained_broad_excepts(f"try:\n    x = 1\n{line}\n    x = 2\n")) == count


def test_no_work_is_left_in_comments() -> None:
    words = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")))
    faults = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files(".py", ".ts", ".css", ".html", ".sql")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if words.search(line)
    ]
    assert faults == []


def test_nothing_unpickles_or_evaluates() -> None:
    """What comes from strangers stays data."""
    forbidden = {"pickle", "marshal", "shelve", "dill", "joblib", "cloudpickle"}
    faults = []
    for name, _, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import) and forbidden.intersection(alias.name.split(".")[0] for alias in node.names):
                faults.append(name)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"eval", "exec"}:
                faults.append(name)
    assert faults == []


@pytest.mark.parametrize("lines", [MOST_LINES, MOST_LINES + 1])
def test_length_gate_can_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: int) -> None:
    planted = tmp_path / "long.py"
    planted.write_text("x = 1\n" * lines)
    monkeypatch.setattr("tests.architecture.test_rooms.ROOT", tmp_path)
    assert bool(too_long([planted])) is (lines > MOST_LINES)


def test_sign_gate_can_fail(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").write_text("x = 1\n")
    assert unsigned([tmp_path])
