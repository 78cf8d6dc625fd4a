"""Orders over the wire: each message is answered once it is kept, and works once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from negatoscope.access.devices import register_device
from negatoscope.access.model import Action, Role, system_subject
from negatoscope.doors.hl7.listener import Limits, bind, serving
from negatoscope.exchange import store
from negatoscope.exchange.model import ReceivedMessage
from negatoscope.exchange.sealing import unseal
from negatoscope.orders.lookup import list_orders
from negatoscope.orders.model import Order, Origin, Priority
from negatoscope.orders.states import OrderState
from negatoscope.patients.model import IdentityStatus, Patient
from negatoscope.patients.store import get_patient
from negatoscope.platform.errors import SettingsError
from negatoscope.platform.runtime import Platform
from tests.builders.hl7 import an_omi, an_orm
from tests.builders.mllp import MllpClient, acknowledgement_of, error_of
from tests.builders.orders import some_rooms
from tests.builders.subjects import a_user
from tests.paths import SHARED, needs_shared


@pytest.fixture
def door(platform: Platform) -> Iterator[int]:
    with serving(platform) as port:
        yield port


@pytest.fixture
def client(door: int) -> Iterator[MllpClient]:
    with MllpClient(door) as client:
        yield client


def orders(platform: Platform) -> list[Order]:
    with platform.database.read(platform.tenant) as tx:
        return list(list_orders(tx, system_subject(platform.tenant, "test")).orders)


def log(platform: Platform) -> list[ReceivedMessage]:
    with platform.database.read(platform.tenant) as tx:
        return store.list_messages(tx, codes=frozenset(), after=None, limit=100)


def patient_of(platform: Platform, order: Order) -> Patient:
    with platform.database.read(platform.tenant) as tx:
        return get_patient(tx, order.patient_id)


def test_an_orm_becomes_an_order(platform: Platform, client: MllpClient) -> None:
    some_rooms(platform)
    assert acknowledgement_of(client.ask(an_orm(patient_class="E", priority="S"))) == ("AA", "M1")
    order = orders(platform)[0]
    patient = patient_of(platform, order)
    assert (order.state, order.priority, order.origin) == (OrderState.SCHEDULED, Priority.STAT, Origin.EMERGENCY)
    assert (order.placer_order_number, order.placer_issuer, order.visit_number) == ("OPN101", "HIS", "000897406")
    assert order.clinical_question == "Toux fébrile&dyspnée"
    assert order.requesting_physician is not None
    assert order.requesting_physician.identifier == "801234564895"
    assert patient.display_name == "PAT-USUEL Dominique (PAT-TROIS)"
    assert (patient.identity_status, patient.local_identifier.value) == (IdentityStatus.QUALIFIED, "17")
    assert patient.national_identifier is not None
    step = order.procedures[0].steps[0]
    assert (step.station_ae_title, f"{step.starts_at:%Y%m%d%H%M}") == ("DX1", "202603100830")


def test_an_omi_keeps_its_numbers(platform: Platform, client: MllpClient) -> None:
    assert acknowledgement_of(client.ask(an_omi())) == ("AA", "M2")
    procedure = orders(platform)[0].procedures[0]
    assert (procedure.accession_number, procedure.study_uid, procedure.requested_procedure_id) == (
        "ACN202", "1.2.250.1.999.202", "RP202",
    )  # fmt: skip


def test_the_same_message_again_is_answered_alike_and_does_nothing(platform: Platform, client: MllpClient) -> None:
    first = client.ask(an_orm())
    assert client.ask(an_orm()) == first
    assert len(orders(platform)) == 1
    kept = log(platform)
    assert [(entry.code, entry.attempts) for entry in kept] == [("AA", 2)]


def test_another_message_under_a_used_number_is_not_swallowed(platform: Platform, client: MllpClient) -> None:
    client.ask(an_orm())
    assert acknowledgement_of(client.ask(an_orm(placer="OPN102", number="18"))) == ("AA", "M1")
    assert len(orders(platform)) == 2


def test_many_senders_of_one_message_make_one_order(platform: Platform, door: int) -> None:
    def send(_: int) -> str:
        with MllpClient(door) as client:
            return client.ask(an_orm())

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(send, range(8)))
    assert len(answers) == 1
    assert len(orders(platform)) == 1


def test_change_hold_release_cancel(platform: Platform, client: MllpClient) -> None:
    client.ask(an_orm())
    assert acknowledgement_of(client.ask(an_orm(control="XO", control_id="M3", start="20260311140000")))[0] == "AA"
    assert f"{orders(platform)[0].procedures[0].steps[0].starts_at:%Y%m%d%H%M}" == "202603111300"
    assert acknowledgement_of(client.ask(an_orm(control="HD", control_id="M4")))[0] == "AA"
    assert orders(platform)[0].state is OrderState.ON_HOLD
    assert acknowledgement_of(client.ask(an_orm(control="RL", control_id="M5")))[0] == "AA"
    assert acknowledgement_of(client.ask(an_orm(control="CA", control_id="M6", reason="Erreur de patient")))[0] == "AA"
    order = orders(platform)[0]
    assert (order.state, order.reason) == (OrderState.CANCELLED, "Erreur de patient")
    assert acknowledgement_of(client.ask(an_orm(control="CA", control_id="M7")))[0] == "AA"


def test_a_change_leaves_what_it_does_not_speak_of(platform: Platform, client: MllpClient) -> None:
    client.ask(an_orm(priority="S", patient_class="E"))
    silent = an_orm(control="XO", control_id="M3", priority="", patient_class="")
    assert acknowledgement_of(client.ask(silent))[0] == "AA"
    order = orders(platform)[0]
    assert (order.priority, order.origin) == (Priority.STAT, Origin.EMERGENCY)
    assert acknowledgement_of(client.ask(an_orm(control="XO", control_id="M4", priority="R", patient_class="I")))[0] == "AA"
    order = orders(platform)[0]
    assert (order.priority, order.origin) == (Priority.ROUTINE, Origin.INPATIENT)


@pytest.mark.parametrize(
    ("message", "code", "condition", "location"),
    [
        (an_orm(control="CA"), "AE", "204", ""),
        (an_orm(control="SR"), "AE", "103", "ORC^1^1"),
        (an_orm(accession="A" * 17), "AE", "102", "IPC^1^1"),
        (an_omi(study_uid="1.02.3"), "AE", "102", "IPC^1^3"),
        (an_orm().replace("|P|2.5.1|", "|P|2.9|"), "AR", "203", "MSH^1^12"),
        (an_orm().replace("ORM^O01^ORM_O01", "ADT^A01^ADT_A01"), "AR", "200", "MSH^1^9"),
        (an_orm().replace("PID|1||", "PID|1||^^^HOSPITAL^PI~").replace("17^^^HOSPITAL", "^^^HOSPITAL").replace("279035121518989", ""), "AE", "101", "PID^1^3"),
        (an_orm().replace("ORC|NW|OPN101^HIS", "ORC|NW|").replace("OBR|1|OPN101^HIS", "OBR|1|"), "AE", "101", "ORC^1^2"),
    ],
    ids=range(8),
)  # fmt: skip
def test_what_is_wrong_is_named_and_changes_nothing(
    platform: Platform, client: MllpClient, message: str, code: str, condition: str, location: str
) -> None:
    answer = client.ask(message)
    assert acknowledgement_of(answer)[0] == code
    assert error_of(answer) == (condition, location)
    assert orders(platform) == []
    assert [(entry.code, entry.condition) for entry in log(platform)] == [(code, condition)]


@pytest.mark.parametrize("nonsense", ["", "hello", "MSH|", "\x00\x01", "MSH|^~\\&|HIS|||||||\rPID"])
def test_nonsense_in_a_frame_is_answered_with_an_error(platform: Platform, client: MllpClient, nonsense: str) -> None:
    assert acknowledgement_of(client.ask(nonsense))[0] in ("AE", "AR")
    assert acknowledgement_of(client.ask(an_orm()))[0] == "AA"


def test_a_refused_message_is_looked_at_again(platform: Platform, client: MllpClient) -> None:
    early = an_orm(control="CA", control_id="M9")
    assert acknowledgement_of(client.ask(early))[0] == "AE"
    client.ask(an_orm())
    assert acknowledgement_of(client.ask(early))[0] == "AA"
    assert orders(platform)[0].state is OrderState.CANCELLED


def test_an_order_of_another_patient_under_a_known_number_is_refused(platform: Platform, client: MllpClient) -> None:
    client.ask(an_orm(placer="OTHER", number="18", control_id="M0").replace("279035121518989", "162018885045327"))
    client.ask(an_orm())
    answer = client.ask(an_orm(number="18", control_id="M3").replace("279035121518989", "162018885045327"))
    assert acknowledgement_of(answer)[0] == "AE"
    assert error_of(answer)[0] == "205"


def test_frames_may_come_split_and_joined(platform: Platform, client: MllpClient) -> None:
    one = b"\x0b" + an_orm(control_id="S1").encode() + b"\x1c\r"
    two = b"\x0b" + an_omi(control_id="S2", number="18").encode() + b"\x1c\r"
    client.send_bytes(one[:1])
    client.send_bytes(one[1:-1])
    client.send_bytes(one[-1:] + b"\r\n" + two[:40])
    client.send_bytes(two[40:])
    assert [acknowledgement_of(client.receive()) for _ in range(2)] == [("AA", "S1"), ("AA", "S2")]
    assert len(orders(platform)) == 2


def test_bytes_outside_a_frame_end_the_connection(client: MllpClient) -> None:
    client.send_bytes(b"GET / HTTP/1.1\r\n\r\n")
    assert client.receive() == ""


def test_a_message_without_end_is_not_gathered_for_ever(platform: Platform) -> None:
    with serving(platform) as port, MllpClient(port) as client:
        client.send_bytes(b"\x0b" + b"M" * (1 << 20))
        with pytest.raises((ConnectionError, TimeoutError)):
            client.send_bytes(b"M" * (64 << 20))


def test_a_message_that_stalls_is_dropped(platform: Platform) -> None:
    with serving(platform, limits=Limits(message_s=0.2)) as port, MllpClient(port) as client:
        client.send_bytes(b"\x0bMSH|")
        started = time.monotonic()
        assert client.receive() == ""
        assert time.monotonic() - started < 15


def test_one_address_holds_no_more_than_its_share(platform: Platform) -> None:
    with serving(platform, limits=Limits(connections_of_address=1)) as port, MllpClient(port) as first:
        assert acknowledgement_of(first.ask(an_orm()))[0] == "AA"
        with MllpClient(port) as second:
            assert second.receive() == ""
        assert acknowledgement_of(first.ask(an_orm()))[0] == "AA"


@pytest.mark.parametrize("message", [an_orm(), an_orm(accession="A" * 17), "hello", "MSH|^~\\&|HIS|||||||\rPID"], ids=range(4))
def test_an_unknown_sender_is_rejected_and_leaves_nothing_here(platform: Platform, message: str) -> None:
    strict = replace(platform, settings=platform.settings.model_copy(update={"demonstration": False}))
    with serving(strict) as port, MllpClient(port) as client:
        assert acknowledgement_of(client.ask(message))[0] == "AR"
    assert orders(platform) == []
    assert log(platform) == []


@pytest.mark.parametrize(("services", "kept"), [({Action.SEND_ORDER}, 2), ({Action.STORE_IMAGES}, 1)])
def test_what_a_known_address_sends_unreadably_is_kept(platform: Platform, services: set[Action], kept: int) -> None:
    strict = replace(platform, settings=platform.settings.model_copy(update={"demonstration": False}))
    administrator = a_user(platform, Role.ADMINISTRATOR)
    register_device(platform, administrator, ae_title="HIS", description="HIS", addresses=["127.0.0.1"], services=services)
    with serving(strict) as port, MllpClient(port) as client:
        assert acknowledgement_of(client.ask("hello"))[0] in ("AE", "AR")
        assert acknowledgement_of(client.ask(an_orm(accession="A" * 17)))[0] == "AE"
    assert len(log(platform)) == kept


def test_messages_of_tests_stay_out_of_a_department_at_work(platform: Platform, client: MllpClient) -> None:
    trial = an_orm().replace("|M1|P|", "|M1|T|")
    strict = replace(platform, settings=platform.settings.model_copy(update={"demonstration": False}))
    with serving(strict) as port, MllpClient(port) as stranger:
        answer = stranger.ask(trial)
    assert (acknowledgement_of(answer)[0], error_of(answer)) == ("AR", ("202", "MSH^1^11"))
    assert acknowledgement_of(client.ask(trial))[0] == "AA"


def test_the_message_is_kept_sealed(platform: Platform, client: MllpClient) -> None:
    client.ask(an_orm())
    with platform.database.read(platform.tenant) as tx:
        message, sealed = store.get_message(tx, log(platform)[0].message_id)
    assert b"PAT-TROIS" not in sealed.content
    assert unseal(platform, message.message_id, sealed) == an_orm().encode()
    assert message.order_ids == (orders(platform)[0].order_id,)


def test_no_answer_and_no_log_line_names_anybody(
    platform: Platform, client: MllpClient, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = [
        client.ask(an_orm(birth_name="CANARY")),
        client.ask(an_orm(birth_name="CANARY", control="CA", placer="X", control_id="M8")),
        client.ask(an_orm(birth_name="CANARY", accession="A" * 17, control_id="M9")),
    ]
    heard = "".join(answers) + "".join(capsys.readouterr())
    assert "CANARY" not in heard
    assert "279035121518989" not in heard
    assert all("CANARY" not in f"{entry}" for entry in log(platform))


def test_latin_characters_survive_in_each_declared_set(platform: Platform, client: MllpClient) -> None:
    text = an_orm(birth_name="LEFÈVRE").replace("UNICODE UTF-8", "8859/15")
    answer = client.ask(text.encode("iso8859-15"))
    assert acknowledgement_of(answer)[0] == "AA"
    assert "8859/15" in answer
    assert patient_of(platform, orders(platform)[0]).demographics.birth_family_name == "LEFÈVRE"


def test_a_taken_port_is_said_in_a_sentence() -> None:
    taken = bind("127.0.0.1", 0)
    taken.listen()
    with pytest.raises(SettingsError) as refused:
        bind("127.0.0.1", taken.getsockname()[1])
    assert "NEGATOSCOPE_HL7_PORT" in str(refused.value)
    taken.close()


def test_a_message_that_came_whole_is_answered_before_the_door_closes(platform: Platform) -> None:
    door = ExitStack()
    port = door.enter_context(serving(platform))
    with MllpClient(port) as client:
        client.send_bytes(b"\x0b" + an_orm().encode() + b"\x1c\r")
        assert acknowledgement_of(client.receive())[0] == "AA"
        door.close()
        assert client.receive() == ""


@needs_shared
def test_the_request_of_the_teleradiology_guide_is_taken_and_cancelled(platform: Platform, client: MllpClient) -> None:
    guide = Path(SHARED / "data" / "france" / "hl7v2" / "IG_teleradiologie" / "exemples.md").read_text("utf-8")
    request, cancellation = (block.strip() for block in guide.split("```")[1:4:2])
    assert acknowledgement_of(client.ask(request)) == ("AA", "000001")
    assert acknowledgement_of(client.ask(cancellation)) == ("AA", "000002")
    order = orders(platform)[0]
    assert order.state is OrderState.CANCELLED
    assert patient_of(platform, order).identity_status is IdentityStatus.QUALIFIED
