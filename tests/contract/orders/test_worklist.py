"""The worklist of a modality: what is shown, and what each key matches."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from negatoscope.access.model import Role, device_subject
from negatoscope.orders.change import cancel_order, change, find_placed_order, hold, move_appointment, step_moved_by
from negatoscope.orders.lookup import get_order
from negatoscope.orders.model import Laterality, Order, ScheduledStep, StepRequest
from negatoscope.orders.states import StepEvent
from negatoscope.orders.worklist import find_scheduled_steps, list_day
from negatoscope.orders.worklist_attributes import has_unsupported_keys, read_query, worklist_dataset
from negatoscope.patients.model import Demographics, IdentityStatus, Sex
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.errors import Forbidden, InvalidInput
from negatoscope.platform.runtime import Platform
from tests.builders.orders import a_request, a_sender, an_order, some_rooms
from tests.builders.patients import an_identifier, an_ins, some_demographics
from tests.builders.subjects import a_user

ZONE = ZoneInfo("Europe/Paris")


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock(datetime(2026, 3, 10, 9, 0, tzinfo=ZONE).astimezone(ZoneInfo("UTC")))


def an_identifier_data_set(step: dict[str, str] | None = None, **keys: str) -> Dataset:
    """Return a query as modalities send it: every key of the table, most of them empty."""
    item = Dataset()
    for keyword in (
        "ScheduledStationAETitle", "ScheduledProcedureStepStartDate", "ScheduledProcedureStepStartTime", "Modality",
        "ScheduledPerformingPhysicianName", "ScheduledProcedureStepDescription", "ScheduledProcedureStepID",
        "ScheduledProcedureStepLocation", "ScheduledProcedureStepStatus",
    ):  # fmt: skip
        setattr(item, keyword, (step or {}).get(keyword, ""))
    item.ScheduledProtocolCodeSequence = Sequence([])
    identifier = Dataset()
    for keyword in (
        "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex", "AccessionNumber",
        "RequestedProcedureID", "RequestedProcedureDescription", "StudyInstanceUID", "RequestedProcedurePriority",
        "RequestingPhysician", "ReferringPhysicianName", "ReasonForTheRequestedProcedure", "Allergies",
    ):  # fmt: skip
        setattr(identifier, keyword, keys.get(keyword, ""))
    identifier.RequestedProcedureCodeSequence = Sequence([])
    identifier.OtherPatientIDsSequence = Sequence([])
    identifier.ScheduledProcedureStepSequence = Sequence([item])
    return identifier


def ask(platform: Platform, identifier: Dataset) -> list[ScheduledStep]:
    query = read_query(identifier, at=platform.clock.now(), time_zone="Europe/Paris")
    with platform.database.read(platform.tenant) as tx:
        return find_scheduled_steps(tx, device_subject(platform.tenant, "DX1", "127.0.0.1"), query)


def accessions(platform: Platform, step: dict[str, str] | None = None, **keys: str) -> set[str]:
    return {
        found.procedure.accession_number for found in ask(platform, an_identifier_data_set(step, **keys)) if found.procedure
    }


def at(hour: int, minute: int = 0, *, day: int = 10) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=ZONE)


@pytest.fixture
def department(platform: Platform) -> dict[str, Order]:
    some_rooms(platform)
    return {
        "morning": an_order(
            platform,
            accession_number="MORNING",
            identifiers=(an_identifier("IPP1"),),
            demographics=some_demographics("Lefèvre-Bœuf", "Zoé"),
            steps=(StepRequest(starts_at=at(9, 30), scheduled_step_id="S1"),),
        ),
        "evening": an_order(
            platform,
            accession_number="EVENING",
            procedure_code="HAND-3V",
            laterality=Laterality.RIGHT,
            steps=(StepRequest(starts_at=at(18), station_ae_title="CR1"),),
        ),
        "tomorrow": an_order(platform, accession_number="TOMORROW", steps=(StepRequest(starts_at=at(8, day=11)),)),
        "next week": an_order(platform, accession_number="NEXTWEEK", steps=(StepRequest(starts_at=at(8, day=17)),)),
    }


@pytest.mark.usefixtures("department")
@pytest.mark.parametrize(
    ("step", "keys", "found"),
    [
        ({}, {}, {"MORNING", "EVENING", "TOMORROW"}),
        ({"ScheduledStationAETitle": "DX1"}, {}, {"MORNING", "TOMORROW"}),
        ({"ScheduledStationAETitle": "CR1"}, {}, {"EVENING"}),
        ({"ScheduledStationAETitle": "NOBODY"}, {}, set()),
        ({"Modality": "DX"}, {}, {"MORNING", "TOMORROW"}),
        ({"Modality": "CR"}, {}, {"EVENING"}),
        ({"Modality": "CR\\DX"}, {}, {"MORNING", "EVENING", "TOMORROW"}),
        ({}, {"StudyInstanceUID": "1.2.3\\1.2.4"}, set()),
        ({"ScheduledProcedureStepStartDate": "20260310"}, {}, {"MORNING", "EVENING"}),
        ({"ScheduledProcedureStepStartDate": "20260310-"}, {}, {"MORNING", "EVENING", "TOMORROW", "NEXTWEEK"}),
        ({"ScheduledProcedureStepStartDate": "-20260310"}, {}, {"MORNING", "EVENING"}),
        ({"ScheduledProcedureStepStartDate": "20260311-20260317"}, {}, {"TOMORROW", "NEXTWEEK"}),
        ({"ScheduledProcedureStepStartTime": "120000-"}, {}, {"EVENING"}),
        ({"ScheduledProcedureStepStartTime": "0800-0930"}, {}, {"MORNING", "TOMORROW"}),
        # One range of moments: from ten on the tenth until nine on the eleventh.
        (
            {"ScheduledProcedureStepStartDate": "20260310-20260311", "ScheduledProcedureStepStartTime": "10-09"},
            {},
            {"EVENING", "TOMORROW"},
        ),
        ({"ScheduledProcedureStepStartDate": "20260310", "ScheduledProcedureStepStartTime": "0930"}, {}, {"MORNING"}),
        ({"ScheduledProcedureStepID": "S1"}, {}, {"MORNING"}),
        ({"ScheduledProcedureStepDescription": "Thorax*"}, {}, {"MORNING", "TOMORROW"}),
        ({"ScheduledProcedureStepStatus": "ARRIVED"}, {}, set()),
        ({"ScheduledProcedureStepStatus": "SCHEDULED"}, {}, {"MORNING", "EVENING", "TOMORROW"}),
        ({}, {"PatientName": "LEFEVRE BOEUF^ZOE"}, {"MORNING"}),
        ({}, {"PatientName": "lefèvre*"}, {"MORNING"}),
        ({}, {"PatientName": "*^ZO?"}, {"MORNING", "EVENING", "TOMORROW"}),
        ({}, {"PatientName": "LEFEVRE"}, set()),
        ({}, {"PatientName": "LEF_VRE%"}, set()),
        ({}, {"PatientID": "IPP1"}, {"MORNING"}),
        ({}, {"PatientID": "IPP1", "IssuerOfPatientID": "ELSEWHERE"}, set()),
        ({}, {"PatientID": "*"}, {"MORNING", "EVENING", "TOMORROW"}),
        ({}, {"AccessionNumber": "EVENING"}, {"EVENING"}),
        ({}, {"AccessionNumber": "?VEN*"}, {"EVENING"}),
        ({}, {"PatientBirthDate": "19790328", "PatientSex": "F"}, {"MORNING", "EVENING", "TOMORROW"}),
        ({}, {"PatientBirthDate": "19790327"}, set()),
        ({}, {"RequestingPhysician": "thomas*"}, {"MORNING", "EVENING", "TOMORROW"}),
        ({}, {"RequestingPhysician": "THOMAS^ERIC"}, {"MORNING", "EVENING", "TOMORROW"}),
        ({"ScheduledPerformingPhysicianName": "X"}, {}, set()),
        ({}, {"StudyInstanceUID": "1.2.3"}, set()),
    ],
)
def test_each_key_narrows_the_worklist(platform: Platform, step: dict[str, str], keys: dict[str, str], found: set[str]) -> None:
    assert accessions(platform, step, **keys) == found


@pytest.mark.parametrize("range_", ["2026-03-10", "20261340", "today"])
def test_a_malformed_date_is_refused_and_named(platform: Platform, range_: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        accessions(platform, {"ScheduledProcedureStepStartDate": range_})
    assert refused.value.field == "ScheduledProcedureStepStartDate"


def test_a_step_leaves_the_worklist_when_it_ends(platform: Platform, clock: TurnedClock, department: dict[str, Order]) -> None:
    radiographer = a_user(platform, Role.RADIOGRAPHER)
    key = department["morning"].procedures[0].steps[0].scheduled_step_key
    for version, event in enumerate((StepEvent.CHECK_IN, StepEvent.MAKE_READY, StepEvent.START), start=1):
        step_moved_by(platform, radiographer, key, event, version=version)
        assert "MORNING" in accessions(platform)
    clock.turn(timedelta(hours=4, seconds=1))
    assert "MORNING" not in accessions(platform)


def test_cancelled_held_and_unvetted_orders_are_not_shown(platform: Platform, department: dict[str, Order]) -> None:
    cancel_order(platform, a_user(platform, Role.SECRETARY), department["morning"].order_id, reason="Parti")
    with platform.database.transaction(platform.tenant) as tx:
        evening = get_order(tx, department["evening"].order_id)
        hold(tx, platform, a_sender(platform), evening, released=False)
    assert accessions(platform) == {"TOMORROW"}
    with platform.database.transaction(platform.tenant) as tx:
        hold(tx, platform, a_sender(platform), get_order(tx, department["evening"].order_id), released=True)
    assert accessions(platform) == {"EVENING", "TOMORROW"}


def test_a_moved_appointment_is_shown_at_its_new_time_only(platform: Platform, department: dict[str, Order]) -> None:
    order = department["morning"]
    asked = StepRequest(starts_at=at(15), location="R2")
    key = order.procedures[0].steps[0].scheduled_step_key
    move_appointment(platform, a_user(platform, Role.SECRETARY), key, version=1, asked=asked)
    assert accessions(platform, {"ScheduledStationAETitle": "CR1", "ScheduledProcedureStepStartTime": "15-"}) == {
        "MORNING", "EVENING",
    }  # fmt: skip
    assert accessions(platform, {"ScheduledProcedureStepStartTime": "0930"}) == set()


def test_a_message_that_moves_an_order_moves_its_step(platform: Platform, department: dict[str, Order]) -> None:
    order = department["morning"]
    request = a_request(
        placer_order_number=order.placer_order_number,
        identifiers=(),
        demographics=None,
        clinical_question="Contrôle",
        steps=(StepRequest(scheduled_step_id="S1", starts_at=at(16)),),
    )
    with platform.database.transaction(platform.tenant) as tx:
        sender = a_sender(platform)
        changed = change(tx, platform, sender, find_placed_order(tx, request), request)
    assert changed.clinical_question == "Contrôle"
    assert changed.procedures[0].accession_number == "MORNING"
    assert accessions(platform, {"ScheduledProcedureStepStartTime": "16"}) == {"MORNING"}


def test_a_step_without_a_room_belongs_to_every_station(platform: Platform) -> None:
    an_order(platform, accession_number="ANYWHERE")
    step = ask(platform, an_identifier_data_set({"ScheduledStationAETitle": "ANY1"}))[0]
    answer = worklist_dataset(step, an_identifier_data_set(), time_zone="Europe/Paris", calling_ae_title="ANY1")
    assert answer.ScheduledProcedureStepSequence[0].ScheduledStationAETitle == "ANY1"


def test_the_answer_holds_the_keys_asked_for_with_their_values(platform: Platform) -> None:
    some_rooms(platform)
    demographics = Demographics(
        family_name="Lefèvre", given_names="Zoé", birth_date=date(1979, 3, 28), sex=Sex.FEMALE, birth_family_name="Bœuf"
    )
    an_order(
        platform,
        identifiers=(an_identifier("IPP1"), an_ins()),
        demographics=demographics,
        identity_status=IdentityStatus.QUALIFIED,
        study_uid="1.2.3.4",
        accession_number="ACN1",
        steps=(StepRequest(starts_at=at(9, 30)),),
    )
    identifier = an_identifier_data_set()
    answer = worklist_dataset(ask(platform, identifier)[0], identifier, time_zone="Europe/Paris", calling_ae_title="DX1")
    assert {element.keyword for element in answer} == {element.keyword for element in identifier} | {"SpecificCharacterSet"}
    assert (answer.PatientName, answer.PatientID, answer.IssuerOfPatientID) == ("Lefèvre^Zoé", "IPP1", "HOSPITAL")
    assert (answer.PatientBirthDate, answer.PatientSex, answer.AccessionNumber) == ("19790328", "F", "ACN1")
    assert (answer.StudyInstanceUID, answer.RequestedProcedurePriority) == ("1.2.3.4", "ROUTINE")
    assert answer.RequestingPhysician == "Thomas^Éric"
    assert answer.OtherPatientIDsSequence[0].PatientID == "279035121518989"
    assert answer.OtherPatientIDsSequence[0].TypeOfPatientID == "TEXT"
    assert answer.RequestedProcedureCodeSequence[0].CodeValue == "CHEST-PA"
    assert not answer.Allergies
    item = answer.ScheduledProcedureStepSequence[0]
    assert (item.ScheduledProcedureStepStartDate, item.ScheduledProcedureStepStartTime) == ("20260310", "093000")
    assert (item.ScheduledStationAETitle, item.Modality, item.ScheduledProcedureStepStatus) == ("DX1", "DX", "SCHEDULED")
    assert item.ScheduledProtocolCodeSequence[0].CodeMeaning == "Thorax de face"
    assert answer.SpecificCharacterSet == "ISO_IR 192"


def test_latin_1_is_answered_to_who_asks_in_it_when_it_fits(platform: Platform) -> None:
    an_order(platform, demographics=some_demographics("Lefèvre"))
    an_order(platform, demographics=some_demographics("Łukasz"))
    identifier = an_identifier_data_set()
    identifier.SpecificCharacterSet = "ISO_IR 100"
    answers = [
        worklist_dataset(step, identifier, time_zone="Europe/Paris", calling_ae_title="DX1")
        for step in ask(platform, identifier)
    ]
    assert {str(answer.PatientName): answer.SpecificCharacterSet for answer in answers} == {
        "Lefèvre^Zoé": "ISO_IR 100",
        "Łukasz^Zoé": "ISO_IR 192",
    }


def test_keys_that_do_not_narrow_are_told(platform: Platform) -> None:
    assert not has_unsupported_keys(an_identifier_data_set())
    identifier = an_identifier_data_set()
    identifier.PatientComments = "x"
    assert has_unsupported_keys(identifier)


def test_the_day_of_a_room_shows_every_state(platform: Platform, department: dict[str, Order]) -> None:
    radiographer = a_user(platform, Role.RADIOGRAPHER)
    cancel_order(platform, a_user(platform, Role.SECRETARY), department["morning"].order_id, reason="Parti")
    with platform.database.read(platform.tenant) as tx:
        whole = list_day(tx, radiographer, day=date(2026, 3, 10), time_zone="Europe/Paris")
        one = list_day(tx, radiographer, day=date(2026, 3, 10), time_zone="Europe/Paris", room_code="R2")
        with pytest.raises(Forbidden):
            list_day(tx, a_user(platform, Role.PHYSICIST), day=date(2026, 3, 10), time_zone="Europe/Paris")
    assert [step.state.value for step in whole] == ["CANCELED", "SCHEDULED"]
    assert [step.location for step in one] == ["Salle 2"]
