"""Objects damaged at random, in short; `make fuzz` goes on for longer."""

from __future__ import annotations

import pytest

from negatoscope.formats.dicom import gate
from tests.campaigns.fuzzing import fuzz


def test_damaged_objects_get_a_verdict_and_nothing_else() -> None:
    findings = fuzz(500, seed=20_261_124)
    assert findings.faults == []
    assert findings.verdicts["accepted"] > 20
    assert len(findings.verdicts) > 8


def test_the_fuzzer_sees_a_gate_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: gate.Gate) -> None:
        raise RecursionError

    monkeypatch.setattr(gate.Gate, "finish", fail)
    assert len(fuzz(3, seed=1).faults) == 3
