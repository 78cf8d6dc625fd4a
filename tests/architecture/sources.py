"""The sources of the product, as files and as syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.paths import ROOT

PACKAGE = ROOT / "src" / "negatoscope"
LEFT_OUT = {"node_modules", "build", "__pycache__", ".venv", "golden"}


def files(*suffixes: str, folders: tuple[str, ...] = ("src", "tests", "benchmarks", "frontend")) -> Iterator[Path]:
    """Yield the committed kinds of files, without what is installed or built."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in suffixes and path.is_file() and not LEFT_OUT.intersection(path.relative_to(ROOT).parts):
                yield path


def modules() -> Iterator[tuple[str, Path, ast.Module]]:
    """Yield each module of the product: dotted name, file, tree."""
    for path in files(".py", folders=("src",)):
        name = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts).removesuffix(".__init__")
        yield name, path, ast.parse(path.read_text(encoding="utf-8"))


def imported_names(tree: ast.Module) -> Iterator[str]:
    """Yield the dotted name of every absolute import, at any depth."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module
