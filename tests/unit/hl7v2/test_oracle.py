"""Another parser reads in our messages what ours reads."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message

from negatoscope.formats.hl7v2.acknowledgement import AckCode, Fault, acknowledge, read_acknowledgement
from negatoscope.formats.hl7v2.errors import Condition
from negatoscope.formats.hl7v2.parse_order import read_envelope
from negatoscope.formats.hl7v2.parser import parse
from negatoscope.formats.hl7v2.writer import write
from tests.builders.hl7 import an_omi, an_orm

AT = datetime(2026, 3, 10, 8, 15, tzinfo=UTC)
FAULT = Fault(Condition.REQUIRED_FIELD_MISSING, "PID-3 holds no identifier.", "PID^1^3")


@pytest.mark.parametrize("text", [an_orm(), an_orm(version="2.3.1"), an_omi()])
def test_every_plain_field_is_the_same_to_both(text: str) -> None:
    ours = parse(text.encode())
    theirs = parse_message(text, validation_level=VALIDATION_LEVEL.TOLERANT, find_groups=False)
    compared = 0
    for segment, other in zip(ours.segments, theirs.children, strict=True):
        assert segment.name == other.name
        raw = other.to_er7().split("|")[0 if segment.name != "MSH" else 1 :]
        for number in range(3 if segment.name == "MSH" else 1, len(segment.fields) + 1):
            index = number - (2 if segment.name == "MSH" else 0)
            field = raw[index] if index < len(raw) else ""
            if "\\" in field or not field or field == '""':
                continue
            assert segment.text(number) == field.split("~")[0].split("^")[0].split("&")[0]
            compared += 1
    assert compared > 25


@pytest.mark.parametrize("version", ["2.3.1", "2.5", "2.5.1"])
@pytest.mark.parametrize(("code", "fault"), [(AckCode.ACCEPT, None), (AckCode.ERROR, FAULT), (AckCode.REJECT, FAULT)])
def test_an_answer_is_addressed_back_and_understood(version: str, code: AckCode, fault: Fault | None) -> None:
    envelope = read_envelope(parse(an_orm(version=version).encode()))
    written = write(acknowledge(envelope, code, control_id="A1", at=AT, application="NEGATOSCOPE", fault=fault))
    theirs = parse_message(written.decode(), validation_level=VALIDATION_LEVEL.TOLERANT)
    assert theirs.msh.msh_9.to_er7() == "ACK^O01^ACK"
    assert (theirs.msh.msh_3.to_er7(), theirs.msh.msh_5.to_er7()) == ("NEGATOSCOPE", "HIS")
    assert (theirs.msa.msa_1.to_er7(), theirs.msa.msa_2.to_er7()) == (code.value, "M1")
    read = read_acknowledgement(parse(written))
    assert (read.code, read.control_id) == (code.value, "M1")
    if fault is not None:
        assert b"ERR|" in written
        assert b"101" in written
        assert "PID-3" in read.text


def test_an_answer_of_2_5_says_where_and_what() -> None:
    envelope = read_envelope(parse(an_orm().encode()))
    written = write(acknowledge(envelope, AckCode.ERROR, control_id="A1", at=AT, application="N", fault=FAULT)).decode()
    assert written.split("\r")[2] == "ERR||PID^1^3|101^Required field missing^HL70357|E||||PID-3 holds no identifier."


def test_an_answer_of_2_3_1_says_it_the_old_way() -> None:
    envelope = read_envelope(parse(an_orm(version="2.3.1").encode()))
    written = write(acknowledge(envelope, AckCode.ERROR, control_id="A1", at=AT, application="N", fault=FAULT)).decode()
    assert written.split("\r")[1] == "MSA|AE|M1|PID-3 holds no identifier."
    assert written.split("\r")[2] == "ERR|PID^1^3^101&Required field missing&HL70357"
