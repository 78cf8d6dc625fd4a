"""What goes on the wire, byte for byte. A change here is a change for every partner: look at the difference, then keep it."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from negatoscope.formats.hl7v2.acknowledgement import AckCode, Fault, acknowledge
from negatoscope.formats.hl7v2.datatypes import Authority, Code, EntityIdentifier, Identifier, PersonName, Professional
from negatoscope.formats.hl7v2.errors import Condition
from negatoscope.formats.hl7v2.message import Message
from negatoscope.formats.hl7v2.parse_order import read_envelope
from negatoscope.formats.hl7v2.parser import parse
from negatoscope.formats.hl7v2.result_message import ResultMessage, ResultStatus, Section, write_result
from negatoscope.formats.hl7v2.writer import write
from tests.builders.hl7 import an_orm
from tests.paths import ROOT

GOLDEN = ROOT / "tests" / "golden" / "hl7"
AT = datetime(2026, 3, 10, 9, 15, tzinfo=ZoneInfo("Europe/Paris"))


def a_result() -> Message:
    return write_result(
        ResultMessage(
            control_id="0f8fad5bd9cb469fa165",
            sending_application="NEGATOSCOPE",
            sending_facility="RADIOLOGIE",
            receiving_application="HIS",
            sent_at=AT,
            identifiers=(
                Identifier("17", Authority("HOSPITAL", "1.2.250.1.999.1", "ISO"), "PI"),
                Identifier("279035121518989", Authority("ASIP-SANTE-INS-NIR", "1.2.250.1.213.1.4.10", "ISO"), "INS"),
            ),
            names=(PersonName("PAT-TROIS", "DOMINIQUE", "DOMINIQUE MARIE", "L"), PersonName("D'Essai", "Zoé", "", "D")),
            birth_date=date(1979, 3, 28),
            sex="F",
            reliability="VALI",
            patient_class="E",
            visit_number="000897406",
            placer=EntityIdentifier("OPN101", Authority("HIS")),
            filler=EntityIdentifier("F0000000001", Authority("NEGATOSCOPE")),
            procedure=Code("CHEST-PA", "Thorax de face", "99NEGATO"),
            accession_number="A2600000002",
            modality="DX",
            study_uid="2.25.1",
            studied_at=AT.replace(hour=8),
            signed_at=AT.replace(minute=14),
            status=ResultStatus.FINAL,
            requester=Professional("801234564895", "Thomas", "Éric", Authority("ASIP-SANTE-PS", "1.2.250.1.71.4.2.1", "ISO")),
            interpreter=Professional("899700000011", "Dr Claire Vasseur", ""),
            sections=(
                Section(code=Code("55752-0", "Informations cliniques", "LN"), text="Toux & fièvre > 38 °C | 3 jours"),
                Section(code=Code("19005-8", "Conclusion", "LN"), text="Pas d'épanchement.\n\nCœur ^ normal ~ \\ fin."),
            ),
            pdf=b"%PDF-1.7\n",
        )
    )


def an_answer(version: str, fault: Fault | None) -> Message:
    envelope = read_envelope(parse(an_orm(version=version).encode()))
    code = AckCode.ERROR if fault else AckCode.ACCEPT
    return acknowledge(envelope, code, control_id="A1", at=AT, application="NEGATOSCOPE", fault=fault)


FAULT = Fault(Condition.REQUIRED_FIELD_MISSING, "PID-3 holds no identifier.", "PID^1^3")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("result", a_result()),
        ("accepted_2_5_1", an_answer("2.5.1", None)),
        ("refused_2_5_1", an_answer("2.5.1", FAULT)),
        ("refused_2_3_1", an_answer("2.3.1", FAULT)),
    ],
)
def test_the_bytes_are_those_kept(name: str, message: Message) -> None:
    written = write(message)
    assert written.replace(b"\r", b"\n").decode() == (GOLDEN / f"{name}.er7").read_text("utf-8")
    assert b"\n" not in written
