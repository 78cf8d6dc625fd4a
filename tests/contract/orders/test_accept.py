"""Taking an order: numbered once, planned, held when it repeats another."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Action, Role, system_subject
from negatoscope.access.tables import users
from negatoscope.orders.accept import accept_order
from negatoscope.orders.change import cancel_order, vet_order
from negatoscope.orders.lookup import get_order, list_moments, list_orders, procedure_for_study
from negatoscope.orders.model import Laterality, Origin, Priority, StepRequest
from negatoscope.orders.states import OrderState, StepState
from negatoscope.patients.store import get_patient
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.errors import Conflict, Forbidden, InvalidInput, InvalidTransition, NotFound
from negatoscope.platform.events import Event
from negatoscope.platform.reactions import Reaction
from negatoscope.platform.runtime import Platform
from tests.builders.orders import ROOM_CR, a_request, a_sender, an_order, some_rooms
from tests.builders.patients import an_identifier, some_demographics
from tests.builders.subjects import a_user


def test_an_order_is_numbered_planned_and_booked(platform: Platform) -> None:
    some_rooms(platform)
    order = an_order(platform)
    procedure = order.procedures[0]
    step = procedure.steps[0]
    assert order.state is OrderState.SCHEDULED
    assert 0 < len(procedure.accession_number) <= 16
    assert procedure.study_uid.startswith("2.25.")
    assert (procedure.description("fr"), procedure.description("en")) == ("Thorax de face", "Chest, PA")
    assert (step.state, step.station_ae_title, step.modality) == (StepState.SCHEDULED, "DX1", "DX")
    assert step.starts_at == platform.clock.now()
    with platform.database.read(platform.tenant) as tx:
        assert procedure_for_study(tx, procedure.study_uid) == procedure
        assert procedure_for_study(tx, "1.2.3") is None
        assert get_patient(tx, order.patient_id).demographics == some_demographics()
        assert [moment.event for moment in list_moments(tx, order.order_id)] == ["receive", "accept", "book"]


def test_what_the_placer_fixed_is_kept(platform: Platform) -> None:
    some_rooms(platform)
    starts_at = platform.clock.now() + timedelta(hours=3)
    order = an_order(
        platform,
        procedure_code="36709-4",
        procedure_scheme="LN",
        laterality=Laterality.LEFT,
        accession_number="ACN101",
        accession_issuer="1.2.250.1",
        study_uid="1.2.250.1.213.4.5",
        requested_procedure_id="RP-7",
        steps=(StepRequest(scheduled_step_id="SPS-7", station_ae_title="CR1", starts_at=starts_at),),
    )
    procedure = order.procedures[0]
    assert (procedure.accession_number, procedure.accession_issuer, procedure.study_uid, procedure.requested_procedure_id) == (
        "ACN101", "1.2.250.1", "1.2.250.1.213.4.5", "RP-7",
    )  # fmt: skip
    assert (procedure.code, procedure.laterality, procedure.body_region) == ("KNEE-2V", Laterality.LEFT, "61685007")
    step = procedure.steps[0]
    assert (step.scheduled_step_id, step.starts_at, step.modality, step.location) == (
        "SPS-7", starts_at, ROOM_CR.modality, ROOM_CR.name,
    )  # fmt: skip


def test_the_same_placer_number_is_the_same_order(platform: Platform) -> None:
    request = a_request()
    first = accept_order(platform, a_sender(platform), request)
    assert accept_order(platform, a_sender(platform), request) == first
    with pytest.raises(Conflict) as refused:
        accept_order(
            platform,
            a_sender(platform),
            a_request(placer_order_number=request.placer_order_number, identifiers=an_order_of_another(platform)),
        )
    assert refused.value.reason == "order_of_another_patient"


def test_a_known_number_with_other_content_is_never_acknowledged_and_lost(platform: Platform) -> None:
    order = an_order(platform, identifiers=(an_identifier("17"),))
    known = {"placer_order_number": order.placer_order_number, "identifiers": (an_identifier("17"),)}
    with pytest.raises(Conflict) as refused:
        an_order(platform, procedure_code="ABDOMEN-AP", **known)
    assert refused.value.reason == "order_known_otherwise"
    cancel_order(platform, a_user(platform, Role.SECRETARY), order.order_id, reason="Patient parti")
    with pytest.raises(Conflict) as refused:
        an_order(platform, **known)
    assert refused.value.reason == "order_withdrawn"


def an_order_of_another(platform: Platform) -> tuple[object, ...]:
    number = an_identifier()
    an_order(platform, identifiers=(number,))
    return (number,)


def test_the_same_order_sent_at_once_is_taken_once(platform: Platform) -> None:
    request = a_request()
    with ThreadPoolExecutor(6) as pool:
        orders = list(pool.map(lambda _: accept_order(platform, a_sender(platform), request), range(12)))
    assert len({order.order_id for order in orders}) == 1
    assert len({order.procedures[0].accession_number for order in orders}) == 1


def test_a_study_or_accession_number_is_given_once(platform: Platform) -> None:
    an_order(platform, accession_number="ACN1", study_uid="1.2.3.4")
    for changes in ({"accession_number": "ACN1"}, {"study_uid": "1.2.3.4"}):
        with pytest.raises(Conflict) as refused:
            an_order(platform, **changes)
        assert refused.value.reason == "duplicate_key"


@pytest.mark.parametrize(
    ("field", "value"),
    [("accession_number", "A" * 17), ("requested_procedure_id", "R" * 17), ("accession_number", "A\\B"), ("study_uid", "1.02")],
)
def test_an_identifier_that_dicom_cannot_carry_is_refused_never_cut(platform: Platform, field: str, value: str) -> None:
    with pytest.raises(InvalidInput):
        an_order(platform, **{field: value})


def test_an_order_for_nobody_is_refused(platform: Platform) -> None:
    with pytest.raises(InvalidInput):
        an_order(platform, identifiers=(), demographics=None)


def test_a_repeated_order_by_message_waits_for_a_radiologist(platform: Platform) -> None:
    number = an_identifier()
    an_order(platform, identifiers=(number,))
    held = an_order(platform, identifiers=(number,))
    assert (held.state, held.warnings) == (OrderState.RECEIVED, ("duplicate_order",))
    radiologist = a_user(platform, Role.RADIOLOGIST)
    assert vet_order(platform, radiologist, held.order_id, accepted=True) is OrderState.SCHEDULED
    again = an_order(platform, identifiers=(number,))
    with pytest.raises(InvalidInput):
        vet_order(platform, radiologist, again.order_id, accepted=False)
    assert vet_order(platform, radiologist, again.order_id, accepted=False, reason="Déjà fait") is OrderState.REJECTED
    with pytest.raises(InvalidTransition):
        vet_order(platform, radiologist, again.order_id, accepted=True)


def test_what_is_wanted_at_once_is_never_held_back(platform: Platform) -> None:
    number = an_identifier()
    an_order(platform, identifiers=(number,))
    urgent = an_order(platform, identifiers=(number,), priority=Priority.STAT, origin=Origin.EMERGENCY)
    assert (urgent.state, urgent.warnings) == (OrderState.SCHEDULED, ("duplicate_order",))


def test_a_day_later_it_is_no_repetition(platform: Platform, clock: TurnedClock) -> None:
    number = an_identifier()
    an_order(platform, identifiers=(number,))
    clock.turn(timedelta(hours=24, seconds=1))
    assert an_order(platform, identifiers=(number,)).warnings == ()


def test_the_desk_says_why_it_repeats_an_order(platform: Platform) -> None:
    secretary = a_user(platform, Role.SECRETARY)
    order = an_order(platform)
    request = a_request(source="desk", patient_id=order.patient_id, placer_order_number="", placer_issuer="")
    with pytest.raises(Conflict) as refused:
        accept_order(platform, secretary, request)
    assert refused.value.reason == "duplicate_order"
    explained = a_request(
        source="desk", patient_id=order.patient_id, placer_order_number="", override_reason="Contrôle après drainage"
    )
    assert accept_order(platform, secretary, explained).state is OrderState.SCHEDULED


def test_the_desk_names_the_side_of_a_paired_structure(platform: Platform) -> None:
    secretary = a_user(platform, Role.SECRETARY)
    with pytest.raises(InvalidInput) as refused:
        accept_order(platform, secretary, a_request(source="desk", procedure_code="KNEE-2V"))
    assert refused.value.field == "laterality"
    assert an_order(platform, procedure_code="KNEE-2V").warnings == ("laterality_missing",)


def test_an_order_makes_its_requester_a_carer(platform: Platform) -> None:
    referrer, stranger = a_user(platform, Role.REFERRER), a_user(platform, Role.REFERRER)
    with platform.database.transaction(platform.tenant) as tx:
        tx.execute(users.update().where(users.c.user_id == referrer.user_id).values(professional_identifier="801234564895"))
        assert tx.execute(select(users.c.user_id).where(users.c.professional_identifier == "801234564895")).scalar_one()
    order = an_order(platform)
    an_order(platform, requesting_physician=None)
    with platform.database.read(platform.tenant) as tx:
        authorise(tx, referrer, Action.READ_FINAL_REPORT, patient_id=order.patient_id)
        assert [found.order_id for found in list_orders(tx, referrer).orders] == [order.order_id]
        assert list_orders(tx, stranger).orders == ()
        with pytest.raises(NotFound):
            authorise(tx, stranger, Action.READ_FINAL_REPORT, patient_id=order.patient_id)


def test_who_may_not_order_orders_nothing(platform: Platform) -> None:
    for subject in (a_user(platform, Role.PHYSICIST), a_user(platform, Role.ADMINISTRATOR)):
        with pytest.raises(Forbidden):
            accept_order(platform, subject, a_request())
    with platform.database.read(platform.tenant) as tx:
        assert list_orders(tx, system_subject(platform.tenant, "test")).orders == ()


def test_cancelling_takes_the_steps_along_and_works_once(platform: Platform) -> None:
    secretary = a_user(platform, Role.SECRETARY)
    order = an_order(platform)
    cancel_order(platform, secretary, order.order_id, reason="Patient parti")
    with platform.database.read(platform.tenant) as tx:
        cancelled = get_order(tx, order.order_id)
        history = list_moments(tx, order.order_id)
    assert cancelled.state is OrderState.CANCELLED
    assert [step.state for step in cancelled.procedures[0].steps] == [StepState.CANCELED]
    assert [(moment.event, moment.reason) for moment in history[-2:]] == [("cancel", "Patient parti")] * 2
    with pytest.raises(InvalidTransition):
        cancel_order(platform, secretary, order.order_id, reason="Patient parti")


def test_an_order_says_so_once(platform: Platform, react: object) -> None:
    heard: list[str] = []

    def listen(_: Platform, __: object, event: Event) -> None:
        heard.append(event.kind)

    assert callable(react)
    request = a_request()
    for _ in range(2):
        accept_order(platform, a_sender(platform), request)
    react(Reaction(name="listen", kinds=frozenset({"order_received", "order_moved", "patient_created"}), handle=listen))
    assert heard == ["patient_created", "order_received", "order_moved", "order_moved"]


def test_the_list_is_paged_without_gap_or_repetition(platform: Platform, clock: TurnedClock) -> None:
    made = []
    for _ in range(5):
        made.append(an_order(platform).order_id)
        clock.turn(timedelta(seconds=1))
    seen: list[object] = []
    after = None
    with platform.database.read(platform.tenant) as tx:
        while True:
            page = list_orders(tx, system_subject(platform.tenant, "test"), after=after, limit=2)
            seen += [order.order_id for order in page.orders]
            after = page.next_after
            if after is None:
                break
    assert seen == made[::-1]
