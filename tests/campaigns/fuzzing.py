"""Objects damaged at random: the gate never fails but by its verdict, however they are cut, and what it lets in can be read."""

from __future__ import annotations

import random
import time
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from negatoscope.formats.dicom.files import data_set_from_header
from negatoscope.formats.dicom.gate import Gate, judge
from negatoscope.formats.dicom.json_model import dump_json, header_to_json
from negatoscope.formats.dicom.transfer_syntaxes import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    JPEG_LS_LOSSLESS,
    RLE_LOSSLESS,
)
from negatoscope.formats.dicom.verdict import Verdict
from negatoscope.platform.errors import NegatoscopeError
from tests.builders.dicom import a_ct_slice, a_dx_image, a_file

LONGEST_VERDICT_S: Final = 5.0
_SPECIAL: Final = (
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\xfe\xff\x00\xe0",
    b"\xfe\xff\xdd\xe0",
    b"UN",
    b"SQ",
)


@dataclass(slots=True)
class Findings:
    """What the damaged objects led to."""

    verdicts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def text(self) -> str:
        """Return it for people."""
        lines = [f"{count:9} {verdict}" for verdict, count in self.verdicts.most_common()]
        return "\n".join([*lines, f"{self.verdicts.total()} objects, {len(self.faults)} faults.", *self.faults[:20]]) + "\n"


def fuzz(count: int, seed: int, say: Callable[[str], object] = str) -> Findings:
    """Damage and judge so many objects; the same seed damages in the same way."""
    chooser = random.Random(seed)
    sources = _sources()
    findings = Findings()
    for number in range(count):
        data = _damaged(chooser, sources)
        try:
            verdict = _judged(chooser, data)
        except Exception as error:  # any error is a find: the gate answers with a verdict
            findings.faults.append(f"seed {seed}, object {number}: {type(error).__name__}: {error}")
            continue
        findings.verdicts[str(verdict.refusal or "accepted")] += 1
        if number % 20_000 == 19_999:
            say(findings.text())
    return findings


def _sources() -> list[bytes]:
    syntaxes = (
        IMPLICIT_VR_LITTLE_ENDIAN,
        EXPLICIT_VR_LITTLE_ENDIAN,
        EXPLICIT_VR_BIG_ENDIAN,
        DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
        JPEG_LS_LOSSLESS,
        RLE_LOSSLESS,
    )
    return [
        a_file(image, syntax) for syntax in syntaxes for image in (a_ct_slice(rows=4, columns=4), a_dx_image(rows=4, columns=4))
    ]


def _damaged(chooser: random.Random, sources: list[bytes]) -> bytes:
    data = bytearray(chooser.choice(sources))
    for _ in range(chooser.randint(1, 4)):
        at = chooser.randrange(len(data)) if data else 0
        match chooser.randrange(7):
            case 0:
                data[at : at + 1] = bytes([chooser.randrange(256)])
            case 1:
                data[at : at + 1] = bytes([data[at] ^ 1 << chooser.randrange(8)]) if data else b""
            case 2:
                special = chooser.choice(_SPECIAL)
                data[at : at + len(special)] = special
            case 3:
                del data[at : at + chooser.randint(1, 16)]
            case 4:
                data[at:at] = chooser.randbytes(chooser.randint(1, 16))
            case 5:
                other = chooser.choice(sources)
                start = chooser.randrange(len(other))
                data[at:at] = other[start : start + chooser.randint(1, 200)]
            case _:
                data = data[: max(at, 140)]
    return bytes(data)


def _judged(chooser: random.Random, data: bytes) -> Verdict:
    """Judge it whole and in pieces; read what was accepted as the doors do."""
    began = time.monotonic()
    verdict = judge(data)
    if time.monotonic() - began > LONGEST_VERDICT_S:
        raise TimeoutError("a verdict took too long")
    gate, at = Gate(), 0
    while at < len(data):
        step = chooser.choice((1, 7, 64, 1000))
        gate.feed(data[at : at + step])
        at += step
    if gate.finish() != verdict:
        raise ValueError("the verdict depends on how the bytes were cut")
    if verdict.accepted and verdict.header and verdict.transfer_syntax_uid:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # pydicom says of odd values that they are odd
                data_set_from_header(verdict.header, verdict.transfer_syntax_uid)
            dump_json(header_to_json(verdict.header, verdict.transfer_syntax_uid, bulk_data_root="/"))
        except NegatoscopeError:
            pass  # a named error is an answer
    return verdict
