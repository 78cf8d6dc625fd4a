"""Objects damaged at random, in short; `make fuzz` goes on for longer."""

from __future__ import annotations

import random
import zlib

import pytest

from negatoscope.formats.dicom import gate
from negatoscope.formats.dicom.files import file_head
from negatoscope.formats.dicom.transfer_syntaxes import DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
from negatoscope.formats.dicom.verdict import Refusal, Verdict
from tests.builders.dicom import CT_IMAGE, a_ct_slice, a_file, element, identity_elements
from tests.campaigns.fuzzing import fuzz


def test_damaged_objects_get_a_verdict_and_nothing_else() -> None:
    findings = fuzz(500, seed=20_261_124)
    assert findings.faults == []
    assert findings.verdicts["accepted"] > 20
    assert len(findings.verdicts) > 8


def in_pieces(data: bytes, step: int) -> Verdict:
    cut = gate.Gate()
    for start in range(0, len(data), step):
        cut.feed(data[start : start + step])
    return cut.finish()


@pytest.mark.parametrize("place", range(150, 330, 9))
def test_a_damaged_deflated_object_has_one_verdict_however_it_is_cut(place: int) -> None:
    data = bytearray(a_file(a_ct_slice(rows=4, columns=4), DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN))
    data[-place] ^= 0x55
    whole = gate.judge(bytes(data))
    assert [in_pieces(bytes(data), step) == whole for step in (1, 7, 64, 1000)] == [True] * 4


def test_the_limit_of_inflation_does_not_depend_on_what_comes_later() -> None:
    """A stream that inflates far at first and little afterwards, so that the whole of it would allow what its start does not."""
    deflater = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    large = identity_elements() + element(0x7FE00010, b"OW", b"", length=60 << 20)
    stream = (
        deflater.compress(large + bytes(40 << 20)) + deflater.compress(random.Random(1).randbytes(20 << 20)) + deflater.flush()
    )
    data = file_head(
        sop_class_uid=CT_IMAGE, sop_instance_uid="1.2.3.41", transfer_syntax_uid=DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
    )
    data += stream
    whole = gate.judge(data)
    assert whole.refusal is Refusal.INFLATE_LIMIT
    assert in_pieces(data, 4096) == whole


def test_the_fuzzer_sees_a_gate_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: gate.Gate) -> None:
        raise RecursionError

    monkeypatch.setattr(gate.Gate, "finish", fail)
    assert len(fuzz(3, seed=1).faults) == 3
