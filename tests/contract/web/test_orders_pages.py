"""The screens of the desk and of the rooms, as a browser uses them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from uuid import UUID

import pytest

from negatoscope.access.model import Role, device_subject, system_subject
from negatoscope.exchange import store as exchange_store
from negatoscope.exchange.inbox import receive_message
from negatoscope.formats.dicom.uids import new_uid
from negatoscope.orders.lookup import get_order, list_orders
from negatoscope.orders.matching import reactions
from negatoscope.orders.model import Laterality, Order, Priority
from negatoscope.orders.performed_steps import create
from negatoscope.orders.states import OrderState, StepState
from negatoscope.patients.model import IdentityStatus, Patient
from negatoscope.patients.search import list_patients
from negatoscope.platform.runtime import Platform
from negatoscope.reporting.reports import is_signed_for
from tests.builders.archive import store_data_set
from tests.builders.dicom import a_dx_image
from tests.builders.hl7 import an_orm
from tests.builders.orders import an_order, some_rooms
from tests.builders.patients import an_identifier
from tests.builders.performed_steps import an_opening
from tests.builders.web_client import TestClient, sign_in


@pytest.fixture
def secretary(browser: TestClient, platform: Platform) -> TestClient:
    some_rooms(platform)
    sign_in(browser, platform, Role.SECRETARY)
    return browser


def orders(platform: Platform) -> list[Order]:
    with platform.database.read(platform.tenant) as tx:
        return list(list_orders(tx, system_subject(platform.tenant, "test")).orders)


def patients(platform: Platform) -> list[Patient]:
    with platform.database.read(platform.tenant) as tx:
        return list(list_patients(tx, system_subject(platform.tenant, "test")).patients)


def read(platform: Platform, order: Order) -> Order:
    with platform.database.read(platform.tenant) as tx:
        return get_order(tx, order.order_id)


def text_of(html: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)))


TYPED = {
    "procedure_code": "CHEST-PA",
    "clinical_question": "Toux fébrile",
    "requester_family_name": "Thomas",
    "requester_given_names": "Éric",
    "priority": "urgent",
    "origin": "IP",
    "pregnancy": "not_pregnant",
    "laterality": "",
    "requester": "",
    "override_reason": "",
    "day": "2026-03-10",
    "time": "09:30",
    "room": "R2",
}


def test_a_secretary_makes_a_patient_and_places_an_order(secretary: TestClient, platform: Platform) -> None:
    assert secretary.get("/orders/new").status_code == 200
    assert "/patients/new?then=order" in secretary.get("/orders/new?q=dupont").text
    typed = {"family_name": "Dupont", "given_names": "Jean", "birth_date": "1961-05-04", "sex": "M", "then": "order"}
    made = secretary.post("/patients", data=typed)
    assert made.status_code == 303
    assert made.headers["location"].startswith("/orders/new?patient=")
    form = secretary.get(made.headers["location"])
    assert "DUPONT Jean" in text_of(form.text)
    placed = secretary.post("/orders", data=TYPED | {"patient_id": str(patients(platform)[0].patient_id)})
    assert placed.status_code == 303
    order = orders(platform)[0]
    assert (order.state, order.priority, order.source) == (OrderState.SCHEDULED, Priority.URGENT, "desk")
    assert f"{order.procedures[0].steps[0].starts_at:%Y%m%d%H%M}" == "202603100830"
    assert order.procedures[0].steps[0].location == "Salle 2"
    shown = text_of(secretary.get(placed.headers["location"]).text)
    assert "Éric Thomas" in shown
    assert "Toux fébrile" in shown
    assert order.procedures[0].accession_number in shown


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"procedure_code": ""}, "procedure_code"),
        ({"procedure_code": "KNEE-2V"}, "laterality"),
        ({"clinical_question": " "}, "clinical_question"),
        ({"requester_family_name": ""}, "requester"),
        ({"day": "demain"}, "day"),
    ],
)
def test_what_is_missing_is_said_beside_its_field(
    secretary: TestClient, platform: Platform, changed: dict[str, str], field: str
) -> None:
    patient_id = an_order(platform).patient_id
    answer = secretary.post("/orders", data=TYPED | changed | {"patient_id": str(patient_id)})
    assert answer.status_code == 400
    assert f'href="#{field}"' in answer.text
    assert f'id="{field}-fault"' in answer.text or field == "day"
    assert "Thomas" in answer.text or field == "requester"
    assert len(orders(platform)) == 1


def test_the_side_of_a_paired_structure_is_kept(secretary: TestClient, platform: Platform) -> None:
    patient_id = an_order(platform).patient_id
    typed = TYPED | {"procedure_code": "KNEE-2V", "laterality": "L", "patient_id": str(patient_id)}
    assert secretary.post("/orders", data=typed).status_code == 303
    placed = {order.procedures[0].code: order.procedures[0].laterality for order in orders(platform)}
    assert placed == {"CHEST-PA": None, "KNEE-2V": Laterality.LEFT}


def test_an_order_given_twice_asks_why(secretary: TestClient, platform: Platform) -> None:
    patient_id = an_order(platform).patient_id
    typed = TYPED | {"patient_id": str(patient_id)}
    answer = secretary.post("/orders", data=typed)
    assert answer.status_code == 400
    assert 'name="override_reason"' in answer.text
    assert secretary.post("/orders", data=typed | {"override_reason": "Contrôle après drainage"}).status_code == 303
    assert len(orders(platform)) == 2


def test_the_list_finds_by_number_and_by_name(secretary: TestClient, platform: Platform) -> None:
    order = an_order(platform, accession_number="ACN7")
    for q in ("ACN7", "essai", order.placer_order_number, order.filler_order_number):
        assert f"/orders/{order.order_id}" in secretary.get("/orders", params={"q": q}).text
    assert f"/orders/{order.order_id}" not in secretary.get("/orders", params={"q": "nobody"}).text
    assert f"/orders/{order.order_id}" not in secretary.get("/orders?tab=done").text


def test_cancelling_wants_a_reason(secretary: TestClient, platform: Platform) -> None:
    order = an_order(platform)
    assert secretary.post(f"/orders/{order.order_id}/cancel", data={"reason": " "}).status_code == 400
    assert secretary.post(f"/orders/{order.order_id}/cancel", data={"reason": "Patient parti"}).status_code == 303
    assert read(platform, order).state is OrderState.CANCELLED
    assert "Patient parti" in text_of(secretary.get(f"/orders/{order.order_id}").text)
    assert secretary.post(f"/orders/{order.order_id}/cancel", data={"reason": "Encore"}).status_code == 409


def test_an_appointment_is_moved_and_a_patient_arrives(secretary: TestClient, platform: Platform) -> None:
    order = an_order(platform)
    step = order.procedures[0].steps[0]
    address = f"/orders/{order.order_id}/steps/{step.scheduled_step_key}"
    typed = {"version": "1", "day": "2026-04-01", "time": "14:00", "room": "R2"}
    assert secretary.post(f"{address}/appointment", data=typed).status_code == 303
    step = read(platform, order).procedures[0].steps[0]
    assert (f"{step.starts_at:%Y%m%d%H%M}", step.room_code) == ("202604011200", "R2")
    assert secretary.post(f"{address}/arrive", data={"version": "1"}).status_code == 412
    assert secretary.post(f"{address}/arrive", data={"version": str(step.version)}).status_code == 303
    assert read(platform, order).procedures[0].steps[0].state is StepState.ARRIVED


def test_a_radiologist_decides_on_a_repeated_order(browser: TestClient, platform: Platform) -> None:
    number = an_identifier()
    an_order(platform, identifiers=(number,))
    held = an_order(platform, identifiers=(number,))
    sign_in(browser, platform, Role.RADIOLOGIST)
    assert 'value="refuse"' in browser.get(f"/orders/{held.order_id}").text
    assert browser.post(f"/orders/{held.order_id}/vet", data={"decision": "refuse"}).status_code == 400
    assert browser.post(f"/orders/{held.order_id}/vet", data={"decision": "accept"}).status_code == 303
    assert read(platform, held).state is OrderState.SCHEDULED


def test_a_radiographer_takes_a_patient_through_the_room(browser: TestClient, platform: Platform) -> None:
    some_rooms(platform)
    order = an_order(platform)
    sign_in(browser, platform, Role.RADIOGRAPHER)
    key = order.procedures[0].steps[0].scheduled_step_key
    for event, state in (
        ("check_in", StepState.ARRIVED),
        ("make_ready", StepState.READY),
        ("start", StepState.STARTED),
        ("redo", StepState.READY),
        ("start", StepState.STARTED),
        ("complete", StepState.COMPLETED),
    ):
        day = browser.get("/rooms?room=R1").text
        version = re.search(rf'{key}/[a-z_]+">\s*<input type="hidden" name="version" value="(\d+)"', day)
        assert version is not None
        data = {"version": version.group(1), "room": "R1", "reason": "Tube en panne"}
        moved = browser.post(f"/rooms/steps/{key}/{event}", data=data)
        assert moved.status_code == 303
        assert read(platform, order).procedures[0].steps[0].state is state
    assert read(platform, order).state is OrderState.COMPLETED
    assert f"{key}/" not in browser.get("/rooms?room=R1").text


def test_a_step_that_nobody_planned_waits_until_somebody_settles_it(browser: TestClient, platform: Platform) -> None:
    opening = an_opening(an_order(platform))
    opening.PatientID = "SOMEBODY-ELSE"
    create(platform, device_subject(platform.tenant, "DX1", "127.0.0.1"), new_uid(), opening)
    sign_in(browser, platform, Role.SECRETARY)
    assert browser.get("/rooms/exceptions").status_code == 403
    assert "/rooms/exceptions" not in browser.get("/rooms").text
    sign_in(browser, platform, Role.RADIOGRAPHER)
    assert "/rooms/exceptions" in browser.get("/rooms").text
    html = browser.get("/rooms/exceptions").text
    assert "DX1" in html
    action = re.search(r'action="(/rooms/exceptions/[^"]+)"', html)
    assert action is not None
    assert browser.post(action.group(1), data={"reason": " "}).status_code == 400
    assert browser.post(action.group(1), data={"reason": "Patient corrigé au poste"}).status_code == 303
    assert "DX1" not in browser.get("/rooms/exceptions").text
    assert browser.post(action.group(1), data={"reason": "Patient corrigé au poste"}).status_code == 404


def test_a_room_is_shown_on_its_day_only(browser: TestClient, platform: Platform) -> None:
    some_rooms(platform)
    order = an_order(platform)
    sign_in(browser, platform, Role.RADIOGRAPHER)
    tomorrow = platform.clock.now() + timedelta(days=1)
    assert f"/orders/{order.order_id}" in browser.get("/rooms").text
    assert f"/orders/{order.order_id}" not in browser.get("/rooms?room=R2").text
    assert f"/orders/{order.order_id}" not in browser.get(f"/rooms?day={tomorrow:%Y-%m-%d}").text
    assert browser.get("/rooms?day=nonsense").status_code == 200


def test_stopping_wants_a_reason(browser: TestClient, platform: Platform) -> None:
    order = an_order(platform)
    sign_in(browser, platform, Role.RADIOGRAPHER)
    key = order.procedures[0].steps[0].scheduled_step_key
    browser.post(f"/rooms/steps/{key}/start", data={"version": "1"})
    assert browser.post(f"/rooms/steps/{key}/discontinue", data={"version": "2"}).status_code == 400
    assert browser.post(f"/rooms/steps/{key}/discontinue", data={"version": "2", "reason": "Malaise"}).status_code == 303
    assert read(platform, order).state is OrderState.DISCONTINUED


def test_a_room_is_added(browser: TestClient, platform: Platform) -> None:
    sign_in(browser, platform, Role.LEAD_RADIOLOGIST)
    typed = {"room_code": "R9", "name": "Salle 9", "modality": "DX", "station_ae_title": "DX9"}
    assert browser.post("/rooms", data=typed).status_code == 303
    assert "Salle 9" in browser.get("/rooms").text


def test_a_patient_is_found_shown_corrected_and_checked(secretary: TestClient, platform: Platform) -> None:
    order = an_order(platform, identifiers=(an_identifier("IPP7"),))
    page = f"/patients/{order.patient_id}"
    for q in ("essai lum", "28/03/1979", "IPP7"):
        assert page in secretary.get("/patients", params={"q": q}).text
    assert secretary.get("/patients", params={"q": "31/02/1979"}).status_code == 200
    shown = text_of(secretary.get(page).text)
    assert "IPP7" in shown
    assert "Thorax de face" in shown
    assert secretary.post(f"{page}/document", data={"version": "1", "document": "passport"}).status_code == 303
    assert patients(platform)[0].identity_status is IdentityStatus.VALIDATED
    assert 'value="1979-03-28"' in secretary.get(f"{page}/edit").text
    typed = {"family_name": "Essai", "given_names": "Zoé", "birth_date": "1979-03-29", "sex": "F", "version": "2"}
    assert secretary.post(page, data=typed).status_code == 303
    assert patients(platform)[0].identity_status is IdentityStatus.PROVISIONAL


def test_images_under_another_patient_are_attached_by_a_person(
    browser: TestClient, platform: Platform, react: Callable[..., int]
) -> None:
    order = an_order(platform)
    image = a_dx_image(StudyInstanceUID=order.procedures[0].study_uid)
    store_data_set(platform, image)
    react(*reactions(is_signed_for))
    sign_in(browser, platform, Role.RADIOGRAPHER)
    assert "Éluard" in text_of(browser.get(f"/orders/{order.order_id}").text)
    address = f"/orders/{order.order_id}/studies/{image.StudyInstanceUID}/attach"
    assert browser.post(address, data={"reason": ""}).status_code == 400
    assert browser.post(address, data={"reason": "Numéro mal saisi au poste"}).status_code == 303
    assert read(platform, order).state is OrderState.IN_PROGRESS
    sign_in(browser, platform, Role.SECRETARY)
    page = f"/patients/{order.patient_id}"
    assert "settle-dialog" in browser.get(page).text
    assert browser.post(f"{page}/settle", data={"version": "1", "reason": "Vu avec le poste"}).status_code == 303
    assert "settle-dialog" not in browser.get(page).text


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"family_name": ""}, "family_name"),
        ({"given_names": " "}, "given_names"),
        ({"birth_date": "04/05/1961"}, "birth_date"),
        ({"birth_date": "2999-01-01"}, "birth_date"),
        ({"sex": ""}, "sex"),
    ],
)
def test_a_patient_without_a_trait_is_not_made(
    secretary: TestClient, platform: Platform, changed: dict[str, str], field: str
) -> None:
    typed = {"family_name": "Dupont", "given_names": "Jean", "birth_date": "1961-05-04", "sex": "M"} | changed
    answer = secretary.post("/patients", data=typed)
    assert answer.status_code == 400
    assert f'id="{field}-fault"' in answer.text
    assert patients(platform) == []


def test_a_referrer_sees_the_orders_of_his_patients_alone(browser: TestClient, platform: Platform) -> None:
    order = an_order(platform)
    sign_in(browser, platform, Role.REFERRER)
    assert browser.get(f"/orders/{order.order_id}").status_code == 404
    assert browser.get(f"/patients/{order.patient_id}").status_code == 404
    assert f"/orders/{order.order_id}" not in browser.get("/orders").text


def test_the_administrator_sees_messages_and_nobody_in_them(browser: TestClient, platform: Platform) -> None:
    receive_message(platform, an_orm(birth_name="CANARY").encode(), address="127.0.0.1")
    receive_message(
        platform, an_orm(birth_name="CANARY", control="CA", placer="X", control_id="M9").encode(), address="127.0.0.1"
    )
    sign_in(browser, platform, Role.ADMINISTRATOR)
    html = browser.get("/messages").text
    assert "HIS" in html
    assert "M9" in html
    assert "CANARY" not in html
    assert browser.get("/messages?tab=refused").text.count('data-key="') == 1
    with platform.database.read(platform.tenant) as tx:
        refused = exchange_store.list_messages(tx, codes=frozenset({"AE"}), after=None, limit=5)[0]
        accepted = exchange_store.list_messages(tx, codes=frozenset({"AA"}), after=None, limit=5)[0]
    assert browser.post(f"/messages/{refused.message_id}/replay").status_code == 303
    assert browser.post(f"/messages/{accepted.message_id}/replay").status_code == 409


def test_deliveries_are_listed_and_sent_again(secretary: TestClient, platform: Platform) -> None:
    order = an_order(platform)
    with platform.database.transaction(platform.tenant) as tx:
        delivery_id = exchange_store.insert_delivery(
            tx,
            kind="ORU^R01",
            destination="127.0.0.1:1",
            report_version_id=UUID(int=1),
            study_uid=order.procedures[0].study_uid,
            patient_id=order.patient_id,
            order_id=order.order_id,
            at=platform.clock.now(),
        )
    shown = text_of(secretary.get("/deliveries").text)
    assert "127.0.0.1:1" in shown
    assert "ESSAI-LUMIÈRE" in shown
    assert secretary.post(f"/deliveries/{delivery_id}/retry", data={"version": "1"}).status_code == 303
    assert secretary.get("/messages").status_code == 403
    assert "127.0.0.1:1" in text_of(secretary.get(f"/orders/{order.order_id}").text)
