"""A signed report reaches the system that asked, once it answers; whatever happens on the way is kept."""

from __future__ import annotations

import base64
import socket
from collections.abc import Callable
from dataclasses import replace

import pytest
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message
from sqlalchemy import update

from negatoscope.access.model import Role, Subject
from negatoscope.archive.stability import mark_stable
from negatoscope.archive.studies import attach_to_patient
from negatoscope.exchange import store
from negatoscope.exchange.deliveries import DELIVER, QUEUE_RESULTS, cancel_delivery, list_deliveries, retry_delivery
from negatoscope.exchange.mllp_sender import connected, exchange
from negatoscope.exchange.model import Delivery, DeliveryState, Receipt
from negatoscope.formats.hl7v2.message import Message
from negatoscope.formats.hl7v2.parser import parse
from negatoscope.orders.matching import reactions
from negatoscope.orders.model import Order
from negatoscope.orders.tables import orders
from negatoscope.patients.model import IdentityStatus
from negatoscope.platform.errors import Forbidden, InvalidTransition, StaleVersion, Unavailable
from negatoscope.platform.events import publish
from negatoscope.platform.reactions import Reactor
from negatoscope.platform.runtime import Platform
from negatoscope.reporting.drafts import open_draft, save_draft
from negatoscope.reporting.model import Body, ReportVersion
from negatoscope.reporting.reports import is_signed_for, pdf
from negatoscope.reporting.signing import sign
from tests.builders.archive import store_data_set
from tests.builders.dicom import a_dx_image
from tests.builders.mllp_receiver import Receiver, receiving
from tests.builders.orders import an_order
from tests.builders.patients import an_identifier, an_ins, some_demographics
from tests.builders.subjects import a_user

PASSWORD = "correct horse battery staple"
BODY = Body(indication="Toux & fièvre", findings="Opacité basale | droite.\nPas d'épanchement.", conclusion="Pneumopathie.")
Jobs = Callable[..., int]


@pytest.fixture
def order(platform: Platform) -> Order:
    return an_order(
        platform,
        identifiers=(an_identifier("17"), an_ins()),
        demographics=some_demographics("Essai-Lumière", "Zoé", birth_family_name="Lefèvre"),
        identity_status=IdentityStatus.QUALIFIED,
        visit_number="V1",
        accession_number="ACN7",
    )


def with_destination(platform: Platform, destination: str | None) -> Platform:
    return replace(platform, settings=platform.settings.model_copy(update={"hl7_results_to": destination}))


@pytest.fixture
def sign_report(platform: Platform, order: Order, react: Callable[..., int]) -> Callable[..., ReportVersion]:
    """Return what stores the study of the order, with such attributes, and signs its report."""

    def run(**attributes: str) -> ReportVersion:
        image = a_dx_image(StudyInstanceUID=order.procedures[0].study_uid, PatientID="17", IssuerOfPatientID="HOSPITAL")
        image.PatientName, image.PatientBirthDate, image.AccessionNumber = "ESSAI LUMIERE^ZOE", "19790328", "ACN7"
        for keyword, value in attributes.items():
            setattr(image, keyword, value)
        store_data_set(platform, image)
        react(*reactions(is_signed_for))
        with platform.database.transaction(platform.tenant) as tx:
            mark_stable(tx, image.StudyInstanceUID, "performed_step_completed", at=platform.clock.now())
        radiologist = a_user(platform, Role.RADIOLOGIST, password=PASSWORD)
        report = open_draft(platform, radiologist, image.StudyInstanceUID)
        report = save_draft(platform, radiologist, report.report_id, report.version, BODY)
        confirmed = frozenset({"no_order", "identity_to_reconcile"})
        return sign(platform, radiologist, report.report_id, report.version, PASSWORD, confirmed=confirmed)

    return run


def queue(platform: Platform, version: ReportVersion, destination: str, *, times: int = 1) -> Delivery:
    """Tell the exchange of a signed report, and return the one delivery there is."""
    tell(platform, version, destination, times=times)
    return one(platform)


def tell(platform: Platform, version: ReportVersion, destination: str, *, times: int = 1) -> None:
    """Tell the exchange of a signed report, as the worker does."""
    target = with_destination(platform, destination)
    for _ in range(times):
        with platform.database.transaction(platform.tenant) as tx:
            payload = {"study_uid": version.study_uid, "version_id": str(version.version_id), "status": version.status.value}
            publish(tx, "report_signed", subject=version.study_uid, payload=dict(payload))
        Reactor(target, (QUEUE_RESULTS,)).run_once(platform.tenant)


def addend(platform: Platform, version: ReportVersion, text: str) -> ReportVersion:
    """Sign an addendum."""
    radiologist = a_user(platform, Role.RADIOLOGIST, password=PASSWORD)
    report = open_draft(platform, radiologist, version.study_uid)
    saved = save_draft(platform, radiologist, report.report_id, report.version, Body(addendum=text))
    confirmed = frozenset({"no_order", "identity_to_reconcile"})
    return sign(platform, radiologist, saved.report_id, saved.version, PASSWORD, confirmed=confirmed)


def every(platform: Platform) -> list[Delivery]:
    with platform.database.read(platform.tenant) as tx:
        return store.list_deliveries(tx)


def one(platform: Platform) -> Delivery:
    found = every(platform)
    assert len(found) == 1
    return found[0]


def receipts(platform: Platform, delivery: Delivery) -> list[Receipt]:
    with platform.database.read(platform.tenant) as tx:
        return store.list_receipts(tx, [delivery.delivery_id], last=20)[delivery.delivery_id]


def message_of(receiver: Receiver) -> Message:
    return parse(receiver.messages[-1])


def test_a_signed_report_arrives_as_the_receiver_expects_it(
    platform: Platform, order: Order, sign_report: Callable[[], ReportVersion], run_jobs: Jobs
) -> None:
    version = sign_report()
    with receiving() as receiver:
        delivery = queue(platform, version, receiver.destination)
        assert run_jobs(DELIVER) == 1
    done = one(platform)
    assert (done.state, done.attempts, done.order_id) == (DeliveryState.DELIVERED, 1, order.order_id)
    message = message_of(receiver)
    assert (message.header.text(9), message.header.text(9, 2), message.header.text(12)) == ("ORU", "R01", "2.5")
    assert message.header.text(10) == delivery.delivery_id.hex[:20]
    assert message.header.text(5) == "HIS"
    patient, common, request = message.require("PID"), message.require("ORC"), message.require("OBR")
    assert [(entry.text(1), entry.text(4), entry.text(5)) for entry in patient.repetitions(3)] == [
        ("17", "HOSPITAL", "PI"),
        ("279035121518989", "ASIP-SANTE-INS-NIR", "INS"),
    ]
    assert [(entry.text(1), entry.text(7)) for entry in patient.repetitions(5)] == [("Lefèvre", "L"), ("Essai-Lumière", "D")]
    assert (patient.text(7), patient.text(8), patient.text(32)) == ("19790328", "F", "VALI")
    assert message.require("PV1").text(19) == "V1"
    assert (common.text(1), common.text(2), common.text(2, 2)) == ("RE", order.placer_order_number, "HIS")
    assert (common.text(3), common.text(5)) == (order.filler_order_number, "CM")
    assert (request.text(4), request.text(18), request.text(24), request.text(25)) == ("CHEST-PA", "ACN7", "DX", "F")
    assert request.text(16) == "801234564895"
    observations = message.all("OBX")
    assert [(entry.text(1), entry.text(2), entry.text(3), entry.text(11)) for entry in observations] == [
        ("1", "TX", "55752-0", "F"), ("2", "TX", "59776-5", "F"), ("3", "TX", "19005-8", "F"),
        ("4", "HD", "113014", "F"), ("5", "ED", "18748-4", "F"),
    ]  # fmt: skip
    assert [entry.text() for entry in observations[1].repetitions(5)] == ["Opacité basale | droite.", "Pas d'épanchement."]
    assert observations[3].text(5) == version.study_uid
    reader = a_user(platform, Role.RADIOLOGIST)
    assert base64.b64decode(observations[4].text(5, 5)) == pdf(platform, reader, version.version_id)
    theirs = parse_message(receiver.messages[-1].decode(), validation_level=VALIDATION_LEVEL.TOLERANT, find_groups=False)
    assert [child.name for child in theirs.children] == ["MSH", "PID", "PV1", "ORC", "OBR", *["OBX"] * 5]


def test_a_placer_known_by_its_oid_gets_its_number_back_as_it_gave_it(
    platform: Platform, sign_report: Callable[[], ReportVersion], run_jobs: Jobs, order: Order
) -> None:
    version = sign_report()
    with platform.database.transaction(platform.tenant) as tx:
        tx.execute(update(orders).where(orders.c.order_id == order.order_id).values(placer_issuer="1.2.250.1.748.12"))
    with receiving() as receiver:
        queue(platform, version, receiver.destination)
        run_jobs(DELIVER)
    placer = message_of(receiver).require("ORC").first(2)
    assert [placer.text(part) for part in (1, 2, 3, 4)] == [order.placer_order_number, "", "1.2.250.1.748.12", "ISO"]


def test_a_receiver_that_is_away_closes_or_talks_nonsense_is_tried_until_it_accepts(
    platform: Platform, sign_report: Callable[[], ReportVersion], run_jobs: Jobs
) -> None:
    version = sign_report()
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        nobody = f"127.0.0.1:{reserved.getsockname()[1]}"
    queue(platform, version, nobody)
    assert run_jobs(DELIVER) == 1
    assert (one(platform).state, one(platform).last_reason) == (DeliveryState.QUEUED, "receiver_unreachable")
    with receiving("close", "garbage", "other") as receiver:
        with platform.database.transaction(platform.tenant) as tx:
            store.update_delivery(tx, one(platform), {"destination": receiver.destination})
        while one(platform).state is DeliveryState.QUEUED:
            assert run_jobs(DELIVER) == 1
    delivery = one(platform)
    assert (delivery.state, delivery.last_reason) == (DeliveryState.DELIVERED, "")
    assert [receipt.outcome for receipt in receipts(platform, delivery)] == ["AA", "failed", "failed", "failed", "failed"]
    assert len({message.split(b"|")[9] for message in receiver.messages}) == 1
    assert run_jobs(DELIVER) == 0


def test_each_attempt_waits_longer_and_none_is_the_last() -> None:
    waits = [DELIVER.wait_s(attempt) for attempt in range(1, 14)]
    assert waits == sorted(waits)
    assert waits[0] == 5.0
    assert waits[-1] <= 900
    assert DELIVER.max_attempts is None


@pytest.mark.parametrize("code", ["AE", "AR"])
def test_a_refusal_waits_for_a_person_who_sends_it_again(
    platform: Platform, sign_report: Callable[[], ReportVersion], run_jobs: Jobs, code: str
) -> None:
    secretary = a_user(platform, Role.SECRETARY)
    version = sign_report()
    with receiving(code) as receiver:
        queue(platform, version, receiver.destination)
        run_jobs(DELIVER)
        parked = one(platform)
        assert (parked.state, parked.last_reason) == (DeliveryState.PARKED, "Dossier inconnu")
        assert run_jobs(DELIVER) == 0
        with pytest.raises(StaleVersion):
            retry_delivery(platform, secretary, parked.delivery_id, version=parked.version + 1)
        retry_delivery(platform, secretary, parked.delivery_id, version=parked.version)
        run_jobs(DELIVER)
    assert one(platform).state is DeliveryState.DELIVERED
    with pytest.raises(InvalidTransition):
        retry_delivery(platform, secretary, parked.delivery_id, version=one(platform).version)


def test_the_same_signature_told_twice_is_one_delivery(
    platform: Platform, sign_report: Callable[[], ReportVersion], run_jobs: Jobs
) -> None:
    version = sign_report()
    with receiving() as receiver:
        queue(platform, version, receiver.destination, times=2)
        run_jobs(DELIVER)
        run_jobs(DELIVER)
    assert len(receiver.messages) == 1


def test_an_impatient_retry_leaves_one_round_alive(
    platform: Platform, sign_report: Callable[[], ReportVersion], run_jobs: Jobs
) -> None:
    secretary = a_user(platform, Role.SECRETARY)
    version = sign_report()
    with receiving() as receiver:
        delivery = queue(platform, version, receiver.destination)
        retry_delivery(platform, secretary, delivery.delivery_id, version=delivery.version)
        assert run_jobs(DELIVER) == 2
    assert len(receiver.messages) == 1


def test_a_cancelled_delivery_is_not_sent(platform: Platform, sign_report: Callable[[], ReportVersion], run_jobs: Jobs) -> None:
    version = sign_report()
    with receiving() as receiver:
        delivery = queue(platform, version, receiver.destination)
        cancel_delivery(platform, a_user(platform, Role.ADMINISTRATOR), delivery.delivery_id, version=delivery.version)
        run_jobs(DELIVER)
    assert receiver.messages == []
    assert one(platform).state is DeliveryState.CANCELLED


def test_without_a_destination_nothing_is_queued(
    platform: Platform, sign_report: Callable[[], ReportVersion], react: Callable[..., int]
) -> None:
    sign_report()
    react(QUEUE_RESULTS)
    with platform.database.read(platform.tenant) as tx:
        assert store.list_deliveries(tx) == []


def test_who_sends_no_reports_sees_and_changes_no_delivery(
    platform: Platform, sign_report: Callable[[], ReportVersion]
) -> None:
    version = sign_report()
    with receiving() as receiver:
        delivery = queue(platform, version, receiver.destination)
    radiographer: Subject = a_user(platform, Role.RADIOGRAPHER)
    with platform.database.read(platform.tenant) as tx, pytest.raises(Forbidden):
        list_deliveries(tx, radiographer)
    with pytest.raises(Forbidden):
        retry_delivery(platform, radiographer, delivery.delivery_id, version=delivery.version)


def test_a_silent_receiver_is_left_after_its_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        destination = f"127.0.0.1:{silent.getsockname()[1]}"
        with connected(destination) as peer, pytest.raises(Unavailable) as refused:
            exchange(peer, b"MSH|^~\\&|", control_id="1", answer_s=0.05)
    assert refused.value.reason == "receiver_silent"


def test_a_report_signed_for_another_patient_than_the_studys_waits_for_a_person(
    platform: Platform, order: Order, sign_report: Callable[[], ReportVersion], run_jobs: Jobs
) -> None:
    version = sign_report()
    stranger = an_order(platform).patient_id
    with receiving() as receiver:
        delivery = queue(platform, version, receiver.destination)
        with platform.database.transaction(platform.tenant) as tx:
            attach_to_patient(tx, version.study_uid, stranger)
        run_jobs(DELIVER)
        parked = one(platform)
        assert (parked.state, parked.last_reason) == (DeliveryState.PARKED, "identity_changed")
        assert run_jobs(DELIVER) == 0
        assert receiver.messages == []
        with platform.database.transaction(platform.tenant) as tx:
            attach_to_patient(tx, version.study_uid, delivery.patient_id)
        secretary = a_user(platform, Role.SECRETARY)
        retry_delivery(platform, secretary, parked.delivery_id, version=parked.version)
        run_jobs(DELIVER)
    assert one(platform).state is DeliveryState.DELIVERED
    assert message_of(receiver).require("PID").text(3) == "17"


def test_an_older_version_is_not_sent_after_a_newer_one(
    platform: Platform, sign_report: Callable[[], ReportVersion], run_jobs: Jobs
) -> None:
    older = sign_report()
    with receiving() as receiver:
        queue(platform, older, receiver.destination)
        newer = addend(platform, older, "Premier complément.")
        tell(platform, newer, receiver.destination)
        run_jobs(DELIVER)
    assert [message.split(b"|")[9] for message in receiver.messages] == [
        delivery.delivery_id.hex[:20].encode() for delivery in every(platform) if delivery.report_version_id == newer.version_id
    ]
    states = {delivery.report_version_id: (delivery.state, delivery.last_reason) for delivery in every(platform)}
    assert states == {
        older.version_id: (DeliveryState.CANCELLED, "superseded"),
        newer.version_id: (DeliveryState.DELIVERED, ""),
    }


def test_a_corrected_result_holds_every_addendum(
    platform: Platform, sign_report: Callable[[], ReportVersion], run_jobs: Jobs
) -> None:
    first = addend(platform, sign_report(), "Premier complément.")
    second = addend(platform, first, "Second complément.")
    with receiving() as receiver:
        tell(platform, second, receiver.destination)
        run_jobs(DELIVER)
    assert len(receiver.messages) == 1
    addendum = next(entry for entry in message_of(receiver).all("OBX") if entry.text(3) == "55107-7")
    assert [entry.text() for entry in addendum.repetitions(5)] == ["Premier complément.", "Second complément."]


@pytest.mark.parametrize(("sent", "said"), [("-0500", "-0500"), ("+0545", "+0545"), ("+9900", "+0100"), ("", "+0100")])
def test_the_time_of_a_study_is_by_the_clock_of_its_modality(
    platform: Platform, sign_report: Callable[..., ReportVersion], run_jobs: Jobs, sent: str, said: str
) -> None:
    version = sign_report(TimezoneOffsetFromUTC=sent)
    with receiving() as receiver:
        queue(platform, version, receiver.destination)
        run_jobs(DELIVER)
    assert message_of(receiver).require("OBR").text(7) == f"20260102101112{said}"
