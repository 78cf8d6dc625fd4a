"""The page on the gate lists every reason, note and flag that the code can give, and no other."""

from __future__ import annotations

import re

from negatoscope.formats.dicom.verdict import Flag, Refusal
from tests.paths import ROOT

PAGE = (ROOT / "docs" / "reference" / "dicom-gate.md").read_text(encoding="utf-8")
SOURCES = ROOT / "src" / "negatoscope" / "formats" / "dicom"


def listed(heading: str) -> list[str]:
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\| `([a-z0-9_]+)` \|", section, re.MULTILINE)


def test_every_reason_is_listed_in_order() -> None:
    assert listed("Reasons for quarantine") == [refusal.value for refusal in Refusal]


def test_every_flag_is_listed() -> None:
    assert listed("Flags") == [flag.value for flag in Flag]


def test_every_note_is_listed() -> None:
    given = {
        note
        for path in SOURCES.glob("*.py")
        for note in re.findall(r'warnings\.add\("([a-z0-9_]+)"\)', path.read_text(encoding="utf-8"))
    }
    assert set(listed("Tolerated, and noted with the object")) == given
