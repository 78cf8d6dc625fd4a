"""Studies find their orders by numbers that were given for that, and never by a guess."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from negatoscope.access.model import Role, device_subject
from negatoscope.archive.model import StudyState
from negatoscope.archive.retention.keeping import place_hold
from negatoscope.archive.studies import get_study
from negatoscope.formats.dicom.uids import new_uid
from negatoscope.orders import performed_steps
from negatoscope.orders.change import Withdrawal, find_placed_order, withdraw
from negatoscope.orders.lookup import procedure_for_study
from negatoscope.orders.model import Order
from negatoscope.orders.states import OrderState, StepState
from negatoscope.patients.store import get_patient
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.events import publish
from negatoscope.platform.runtime import Platform
from tests.builders.archive import store_data_set
from tests.builders.dicom import a_dx_image
from tests.builders.ordered_images import an_image_of, exceptions_of, read_order
from tests.builders.orders import a_request, a_sender, an_order
from tests.builders.patients import an_identifier
from tests.builders.performed_steps import a_completion, an_opening
from tests.builders.subjects import a_user

Digest = Callable[[], None]


def test_an_image_starts_the_step_of_its_order(platform: Platform, order: Order, digest: Digest) -> None:
    image = an_image_of(order)
    store_data_set(platform, image)
    digest()
    after = read_order(platform, order)
    step = after.procedures[0].steps[0]
    assert (after.state, step.state, step.start_inferred) == (OrderState.IN_PROGRESS, StepState.STARTED, True)
    with platform.database.read(platform.tenant) as tx:
        procedure = procedure_for_study(tx, image.StudyInstanceUID)
        assert procedure is not None
        assert procedure.clinical_question == "Toux"
        assert get_study(tx, image.StudyInstanceUID).patient_id == order.patient_id


def test_a_study_under_its_own_uid_is_found_by_accession_number(platform: Platform, order: Order, digest: Digest) -> None:
    image = an_image_of(order, StudyInstanceUID=new_uid())
    store_data_set(platform, image)
    digest()
    with platform.database.read(platform.tenant) as tx:
        procedure = procedure_for_study(tx, image.StudyInstanceUID)
    assert procedure is not None
    assert procedure.order_id == order.order_id


def test_the_issuer_of_the_accession_number_counts(platform: Platform, digest: Digest) -> None:
    order = an_order(platform, identifiers=(an_identifier("17"),), accession_number="ACN7", accession_issuer="1.2.250.1.999")
    for issuer, found in (("ELSEWHERE", False), ("1.2.250.1.999", True)):
        image = an_image_of(order, StudyInstanceUID=new_uid())
        del image.RequestAttributesSequence
        item = Dataset()
        item.UniversalEntityID, item.UniversalEntityIDType = issuer, "ISO"
        image.IssuerOfAccessionNumberSequence = Sequence([item])
        store_data_set(platform, image)
        digest()
        with platform.database.read(platform.tenant) as tx:
            assert (procedure_for_study(tx, image.StudyInstanceUID) is not None) == found


def test_a_study_without_accession_number_takes_that_of_its_order(platform: Platform, order: Order, digest: Digest) -> None:
    image = an_image_of(order, AccessionNumber="")
    store_data_set(platform, image)
    digest()
    with platform.database.read(platform.tenant) as tx:
        assert get_study(tx, image.StudyInstanceUID).accession_number == order.procedures[0].accession_number


def test_a_modality_that_drops_the_issuer_makes_no_second_patient(platform: Platform, order: Order, digest: Digest) -> None:
    image = an_image_of(order)
    del image.IssuerOfPatientID
    store_data_set(platform, image)
    digest()
    with platform.database.read(platform.tenant) as tx:
        assert get_study(tx, image.StudyInstanceUID).patient_id == order.patient_id
    assert exceptions_of(platform, order) == []


@pytest.mark.parametrize(
    "other",
    [
        {"PatientID": "18", "PatientName": "AUTRE^PAUL", "PatientBirthDate": "19900101", "PatientSex": "M"},
        {"PatientID": "18"},
        {"IssuerOfPatientID": "ELSEWHERE", "PatientBirthDate": "19790329"},
    ],
)
def test_an_image_of_another_patient_is_never_attached(
    platform: Platform, order: Order, digest: Digest, other: dict[str, object]
) -> None:
    image = an_image_of(order, **other)
    store_data_set(platform, image)
    digest()
    with platform.database.read(platform.tenant) as tx:
        study = get_study(tx, image.StudyInstanceUID)
        assert study.patient_id != order.patient_id
        assert procedure_for_study(tx, image.StudyInstanceUID) is None
        assert get_patient(tx, order.patient_id).to_reconcile
        assert get_patient(tx, study.patient_id).to_reconcile
    assert read_order(platform, order).state is OrderState.SCHEDULED
    assert exceptions_of(platform, order) == ["identity_conflict"]


def test_a_procedure_number_alone_accuses_nobody(platform: Platform, order: Order, digest: Digest) -> None:
    image = an_image_of(order, StudyInstanceUID=new_uid(), AccessionNumber="", PatientID="99")
    store_data_set(platform, image)
    digest()
    assert exceptions_of(platform, order) == []
    with platform.database.read(platform.tenant) as tx:
        assert not get_patient(tx, order.patient_id).to_reconcile


def test_the_order_that_comes_after_its_images_finds_them(platform: Platform, digest: Digest) -> None:
    study_uid = new_uid()
    early = a_dx_image(
        StudyInstanceUID=study_uid, PatientID="17", IssuerOfPatientID="HOSPITAL", PatientName="ESSAI LUMIERE^ZOE"
    )
    early.PatientBirthDate = "19790328"
    store_data_set(platform, early)
    digest()
    late = an_order(platform, identifiers=(an_identifier("17"),), study_uid=study_uid)
    digest()
    assert read_order(platform, late).state is OrderState.IN_PROGRESS


def test_the_order_that_comes_after_images_of_another_uid_finds_them_by_accession_number(
    platform: Platform, order: Order, digest: Digest
) -> None:
    early = an_image_of(order, StudyInstanceUID=new_uid(), AccessionNumber="ACN7")
    del early.RequestAttributesSequence
    store_data_set(platform, early)
    digest()
    late = an_order(platform, identifiers=(an_identifier("17"),), accession_number="ACN7", procedure_code="HAND-PA")
    digest()
    assert read_order(platform, late).state is OrderState.IN_PROGRESS
    with platform.database.read(platform.tenant) as tx:
        procedure = procedure_for_study(tx, early.StudyInstanceUID)
    assert procedure is not None
    assert procedure.order_id == late.order_id


def test_a_second_image_and_a_second_reading_of_the_log_change_nothing(
    platform: Platform, order: Order, digest: Digest
) -> None:
    image = an_image_of(order)
    store_data_set(platform, image)
    digest()
    before = read_order(platform, order)
    image.SOPInstanceUID = new_uid()
    store_data_set(platform, image)
    with platform.database.transaction(platform.tenant) as tx:
        publish(tx, "study_arrived", subject=image.StudyInstanceUID, payload={"study_uid": str(image.StudyInstanceUID)})
    digest()
    assert read_order(platform, order) == before


def test_images_for_a_cancelled_order_are_told_to_a_person(platform: Platform, order: Order, digest: Digest) -> None:
    with platform.database.transaction(platform.tenant) as tx:
        found = find_placed_order(tx, a_request(placer_order_number=order.placer_order_number, identifiers=()))
        assert withdraw(tx, platform, a_sender(platform), found, reason="Parti") is Withdrawal.CANCELLED
    store_data_set(platform, an_image_of(order))
    digest()
    assert read_order(platform, order).state is OrderState.CANCELLED
    assert exceptions_of(platform, order) == ["images_for_ended_order"]


def test_cancelling_after_the_images_leaves_the_order_and_tells_a_person(
    platform: Platform, order: Order, digest: Digest
) -> None:
    store_data_set(platform, an_image_of(order))
    digest()
    with platform.database.transaction(platform.tenant) as tx:
        found = find_placed_order(tx, a_request(placer_order_number=order.placer_order_number, identifiers=()))
        for _ in range(2):
            assert withdraw(tx, platform, a_sender(platform), found, reason="Trop tard") is Withdrawal.TOO_LATE
    assert read_order(platform, order).state is OrderState.IN_PROGRESS
    assert exceptions_of(platform, order) == ["cancel_after_acquisition"]


def test_a_study_is_stable_once_the_step_ended_and_every_image_named_is_here(
    platform: Platform, order: Order, digest: Digest
) -> None:
    modality, uid = device_subject(platform.tenant, "DX1", "127.0.0.1"), new_uid()
    first, second = an_image_of(order), an_image_of(order)
    performed_steps.create(platform, modality, uid, an_opening(order))
    store_data_set(platform, first)
    performed_steps.update(platform, modality, uid, a_completion([first.SOPInstanceUID, second.SOPInstanceUID]))
    digest()
    study_uid = order.procedures[0].study_uid

    def state() -> StudyState:
        with platform.database.read(platform.tenant) as tx:
            return get_study(tx, study_uid).state

    assert state() is StudyState.RECEIVING
    store_data_set(platform, second)
    digest()
    assert state() is StudyState.STABLE
    assert not read_order(platform, order).procedures[0].steps[0].start_inferred


def test_a_modality_without_performed_steps_ends_when_its_study_falls_quiet(
    platform: Platform, order: Order, digest: Digest, clock: TurnedClock
) -> None:
    store_data_set(platform, an_image_of(order))
    digest()
    clock.turn(timedelta(seconds=platform.settings.study_quiet_s + 1))
    digest()
    assert read_order(platform, order).state is OrderState.COMPLETED


def test_a_signed_report_closes_the_order_once(platform: Platform, order: Order, digest: Digest) -> None:
    image = an_image_of(order)
    store_data_set(platform, image)
    digest()
    for _ in range(2):
        with platform.database.transaction(platform.tenant) as tx:
            publish(tx, "report_signed", subject="r", payload={"study_uid": str(image.StudyInstanceUID), "status": "final"})
        digest()
    assert read_order(platform, order).state is OrderState.REPORTED


def test_an_unordered_study_stays_as_it_came(platform: Platform, digest: Digest) -> None:
    image = a_dx_image(AccessionNumber="")
    store_data_set(platform, image)
    digest()
    with platform.database.read(platform.tenant) as tx:
        assert procedure_for_study(tx, image.StudyInstanceUID) is None


def test_a_study_under_a_legal_hold_of_its_patient_is_not_attached(platform: Platform, order: Order, digest: Digest) -> None:
    image = an_image_of(order, IssuerOfPatientID="ELSEWHERE")
    store_data_set(platform, image)
    with platform.database.read(platform.tenant) as tx:
        patient_id = get_study(tx, image.StudyInstanceUID).patient_id
    place_hold(platform, a_user(platform, Role.AUDITOR), patient_id=patient_id, study_uid=None, reason="a dispute is pending")
    digest()
    with platform.database.read(platform.tenant) as tx:
        assert get_study(tx, image.StudyInstanceUID).patient_id == patient_id != order.patient_id
    assert len(exceptions_of(platform, order)) == 1
