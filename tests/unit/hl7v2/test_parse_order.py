"""Order messages say what their fields say, whatever their version."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatoscope.formats.hl7v2.datatypes import read_day, read_moment
from negatoscope.formats.hl7v2.errors import Condition, MessageError
from negatoscope.formats.hl7v2.order_message import OrderMessage
from negatoscope.formats.hl7v2.parse_order import parse_order
from negatoscope.formats.hl7v2.parser import parse
from tests.builders.hl7 import an_omi, an_orm
from tests.paths import SHARED, needs_shared

ZONE = ZoneInfo("Europe/Paris")
SAMPLES = SHARED / "data" / "france" / "hl7v2"


def order(text: str) -> OrderMessage:
    return parse_order(parse(text.encode()), ZONE)


def without(text: str, segment: str) -> str:
    return "\r".join(line for line in text.split("\r") if not line.startswith(segment))


def replaced(text: str, segment: str, field: int, value: str) -> str:
    lines = []
    for line in text.split("\r"):
        fields = line.split("|")
        if fields[0] == segment:
            fields += [""] * (field + 1 - len(fields))
            fields[field - 1 if segment == "MSH" else field] = value
        lines.append("|".join(fields))
    return "\r".join(lines)


def test_an_orm_says_who_what_when_and_why() -> None:
    message = order(an_orm(accession="ACN1", study_uid="1.2.3", patient_class="E", priority="S"))
    said = message.orders[0]
    assert (message.envelope.sending_application, message.envelope.control_id) == ("HIS", "M1")
    assert [(entry.value, entry.authority.name, entry.kind) for entry in message.patient.identifiers] == [
        ("17", "HOSPITAL", "PI"),
        ("279035121518989", "ASIP-SANTE-INS-NIR", "INS"),
    ]
    birth, used = message.patient.name("L"), message.patient.name("D")
    assert birth is not None
    assert used is not None
    assert (birth.family_name, birth.given_name, birth.further_names) == ("PAT-TROIS", "DOMINIQUE", "DOMINIQUE MARIE")
    assert (used.family_name, used.given_name) == ("PAT-USUEL", "Dominique")
    assert (message.patient.birth_date, message.patient.sex) == (date(1979, 3, 28), "F")
    assert (message.patient.birth_place_code, message.patient.reliability) == ("63220", ("VALI",))
    assert message.visit is not None
    assert (message.visit.patient_class, message.visit.visit_number, message.visit.location) == ("E", "000897406", "CHIR 12 2")
    assert (said.control, said.placer.value, said.placer.authority.name, said.priority) == ("NW", "OPN101", "HIS", "S")
    assert said.start == datetime(2026, 3, 10, 9, 30, tzinfo=ZONE)
    assert said.requested_at == datetime(2026, 3, 10, 8, 10, tzinfo=ZONE)
    assert (said.service.code, said.service.scheme) == ("CHEST-PA", "99NEGATO")
    assert said.requester is not None
    assert (said.requester.identifier, said.requester.family_name, said.requester.given_name) == (
        "801234564895",
        "Thomas",
        "Éric",
    )
    assert (said.clinical_information, said.clinical_question) == ("Apyrétique", "Toux fébrile&dyspnée")
    step = said.steps[0]
    assert (step.accession.value, step.study_uid, step.modality) == ("ACN1", "1.2.3", "DX")


def test_an_omi_carries_the_numbers_of_dicom() -> None:
    said = order(an_omi())
    step = said.orders[0].steps[0]
    assert (step.accession.value, step.accession.authority.name) == ("ACN202", "1.2.250.1.925.994044.27")
    assert (step.requested_procedure_id, step.study_uid, step.scheduled_step_id) == ("RP202", "1.2.250.1.999.202", "SPS202")
    assert (step.modality, step.station_ae_title, step.station_name, step.location) == ("DX", "DX1", "SALLE1", "Salle 1")
    assert step.protocol.code == "CHEST-PA"
    assert said.orders[0].start == datetime(2026, 3, 10, 10, 0, tzinfo=ZONE)
    assert (said.orders[0].priority, said.patient.weight_kg, said.patient.is_pregnant) == ("S", 68.0, False)


def test_the_start_is_taken_where_the_version_puts_it() -> None:
    in_tq1 = an_omi(start="20260310100000")
    assert order(in_tq1).orders[0].start == datetime(2026, 3, 10, 10, tzinfo=ZONE)
    in_obr27 = replaced(replaced(an_orm(), "ORC", 7, ""), "OBR", 36, "")
    assert order(in_obr27).orders[0].start == datetime(2026, 3, 10, 9, 30, tzinfo=ZONE)
    in_obr36 = replaced(replaced(replaced(an_orm(), "ORC", 7, ""), "OBR", 27, ""), "OBR", 36, "202603101100")
    assert order(in_obr36).orders[0].start == datetime(2026, 3, 10, 11, tzinfo=ZONE)
    nowhere = replaced(replaced(an_orm(), "ORC", 7, ""), "OBR", 27, "")
    assert order(nowhere).orders[0].start is None


def test_several_orders_in_one_message_stay_apart() -> None:
    one, two = an_orm(placer="A"), an_orm(placer="B", procedure="HAND-3V^Main^99NEGATO")
    orders = two.split("\r")
    both = one + "\r".join(line for line in orders if line.startswith(("ORC", "OBR"))) + "\r"
    assert [(said.placer.value, said.service.code) for said in order(both).orders] == [("A", "CHEST-PA"), ("B", "HAND-3V")]


@pytest.mark.parametrize(
    ("text", "condition", "location"),
    [
        (without(an_orm(), "PID"), Condition.SEGMENT_SEQUENCE_ERROR, "PID"),
        (without(an_orm(), "ORC"), Condition.SEGMENT_SEQUENCE_ERROR, "ORC"),
        (without(an_orm(), "OBR"), Condition.SEGMENT_SEQUENCE_ERROR, "OBR"),
        (replaced(an_orm(), "PID", 3, ""), Condition.REQUIRED_FIELD_MISSING, "PID^1^3"),
        (replaced(an_orm(), "PID", 5, "^Prénom"), Condition.REQUIRED_FIELD_MISSING, "PID^1^5"),
        (replaced(an_orm(), "PID", 7, "19790230"), Condition.DATA_TYPE_ERROR, "PID^1^7"),
        (replaced(an_orm(), "PID", 7, "28/03/1979"), Condition.DATA_TYPE_ERROR, "PID^1^7"),
        (replaced(an_orm(), "PID", 8, "X"), Condition.TABLE_VALUE_NOT_FOUND, "PID^1^8"),
        (replaced(an_orm(), "ORC", 1, ""), Condition.REQUIRED_FIELD_MISSING, "ORC^1^1"),
        (replaced(an_orm(), "ORC", 7, "^^^demain"), Condition.DATA_TYPE_ERROR, "ORC^1^7"),
        (replaced(an_orm(), "OBR", 2, "OTHER"), Condition.DATA_TYPE_ERROR, "OBR^1^2"),
        (replaced(an_orm(), "OBR", 4, ""), Condition.REQUIRED_FIELD_MISSING, "OBR^1^4"),
        (replaced(an_orm(), "MSH", 9, "ADT^A01^ADT_A01"), Condition.UNSUPPORTED_MESSAGE_TYPE, "MSH^1^9"),
        (replaced(an_orm(), "MSH", 9, "ORM^O02^ORM_O02"), Condition.UNSUPPORTED_EVENT_CODE, "MSH^1^9"),
        (replaced(an_orm(), "MSH", 10, ""), Condition.REQUIRED_FIELD_MISSING, "MSH^1^10"),
        (replaced(an_orm(), "MSH", 11, "Q"), Condition.UNSUPPORTED_PROCESSING_ID, "MSH^1^11"),
        (replaced(an_orm(), "MSH", 12, "3.0"), Condition.UNSUPPORTED_VERSION_ID, "MSH^1^12"),
    ],
)
def test_what_is_missing_or_impossible_is_named_by_its_place(text: str, condition: Condition, location: str) -> None:
    with pytest.raises(MessageError) as refused:
        order(text)
    assert (refused.value.condition, refused.value.location) == (condition, location)
    assert condition.is_rejection == (location == "MSH^1^9" or "11" in location or "12" in location)


@pytest.mark.parametrize("version", ["2.3.1", "2.5", "2.5.1"])
def test_each_version_is_read(version: str) -> None:
    assert order(an_orm(version=version)).envelope.version == version


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20260310081500+0100", datetime(2026, 3, 10, 7, 15, tzinfo=UTC)),
        ("20260310081500.1234-0530", datetime(2026, 3, 10, 13, 45, tzinfo=UTC)),
        ("202607100815", datetime(2026, 7, 10, 6, 15, tzinfo=UTC)),
        ("20260310", datetime(2026, 3, 9, 23, 0, tzinfo=UTC)),
        ("", None),
    ],
)
def test_a_time_without_offset_is_local_to_the_site(text: str, moment: datetime | None) -> None:
    assert read_moment(text, ZONE, "TQ1^1^7") == moment


def test_a_birth_date_known_to_the_year_is_unknown() -> None:
    assert read_day("1979", "PID^1^7") is None
    assert read_day("197903", "PID^1^7") is None


@given(st.text(alphabet="0123456789+-. T", max_size=24))
def test_a_time_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(MessageError):
        moment = read_moment(text, ZONE, "TQ1^1^7")
        assert moment is None or moment.utcoffset() is not None


@given(st.sampled_from(["PID", "PV1", "ORC", "OBR", "IPC", "TQ1"]), st.integers(1, 45), st.text(max_size=30))
def test_any_field_may_hold_anything(segment: str, field: int, value: str) -> None:
    for text in (an_orm(), an_omi()):
        with contextlib.suppress(MessageError):
            assert order(replaced(text, segment, field, value)).orders


def _examples(name: str) -> list[str]:
    text = (SAMPLES / "IG_teleradiologie" / name).read_text("utf-8")
    return [block.strip() for block in text.split("```")[1::2]]


@needs_shared
def test_the_requests_of_the_teleradiology_guide_are_read() -> None:
    request, cancellation, _, complement = _examples("exemples.md")
    asked = order(request).orders[0]
    assert (asked.control, asked.placer.value, asked.placer.authority.name) == ("NW", "OPN101", "1.2.250.1.748.12345678.12")
    assert (asked.laterality, asked.steps[0].modality, asked.comments.splitlines()[0]) == (
        "R", "MR", "Commentaire sur la finalité de l'examen",
    )  # fmt: skip
    assert order(request).patient.weight_kg == 68
    withdrawn = order(cancellation).orders[0]
    assert (withdrawn.control, withdrawn.reason) == ("CA", "Motif d'annulation de la demande")
    done = order(complement).orders[0]
    assert done.control == "SR"
    assert (done.steps[0].accession.value, done.steps[0].study_uid) == ("ACN101", "1.2.250.1.213.4.5.2.1.101")


@needs_shared
def test_every_french_sample_parses() -> None:
    files = sorted(SAMPLES.rglob("*.er7"))
    assert len(files) >= 10
    for file in files:
        message = parse(file.read_bytes())
        assert message.header.text(9)


@needs_shared
@pytest.mark.parametrize("file", ["SGL/admission.er7", "MDM_v2.1/Transmission initiale MDM/message_MDM_CR_Radio_INIT_N1.er7"])
def test_a_sample_that_orders_nothing_is_rejected(file: str) -> None:
    with pytest.raises(MessageError) as refused:
        parse_order(parse(Path(SAMPLES / file).read_bytes()), ZONE)
    assert refused.value.condition is Condition.UNSUPPORTED_MESSAGE_TYPE
