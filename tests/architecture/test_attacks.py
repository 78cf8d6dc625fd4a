"""The table of attacks names each test of an attack, and no test that is not there."""

from __future__ import annotations

import re

from tests.architecture.sources import files
from tests.paths import ROOT

ATTACKS = ROOT / "docs" / "safety" / "attacks.md"
NAME = re.compile(r"\btest_attack_(\d\d)_\w+")


def attacks_with_tests() -> set[str]:
    """Return the name of each test of an attack."""
    return {
        found[0].removeprefix("def ")
        for path in files(".py", folders=("tests",))
        for found in re.finditer(rf"def {NAME.pattern}", path.read_text(encoding="utf-8"))
    }


def faults_of(table: str, tests: set[str]) -> list[str]:
    """Return what the table names in vain, in the wrong row, or not at all."""
    faults, named = [], set()
    for line in table.splitlines():
        for found in NAME.finditer(line):
            named.add(found[0])
            if not line.startswith(f"| {int(found[1])} |"):
                faults.append(f"{found[0]} stands in the row of another attack")
    faults += [f"{name} is no test" for name in sorted(named - tests)]
    return faults + [f"{name} is not in the table" for name in sorted(tests - named)]


def test_table_of_attacks_is_that_of_the_tests() -> None:
    assert faults_of(ATTACKS.read_text(encoding="utf-8"), attacks_with_tests()) == []


def test_gate_of_the_attacks_can_fail() -> None:
    table = "| 1 | bomb | held | `test_attack_01_a` |\n| 2 | other | held | `test_attack_03_b`, `test_attack_02_c` |"
    assert faults_of(table, {"test_attack_01_a", "test_attack_03_b", "test_attack_04_d"}) == [
        "test_attack_03_b stands in the row of another attack",
        "test_attack_02_c is no test",
        "test_attack_04_d is not in the table",
    ]
