"""The modality worklist and performed steps with real peers: an order becomes an entry, then a step that starts and ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pynetdicom.association import Association as PeerAssociation

from negatoscope.doors.dimse.command_set import DATA_SET_FOLLOWS, Command, CommandField, decode_command
from negatoscope.doors.dimse.pdu_encoding import encode_pdu
from negatoscope.formats.dicom.uids import new_uid
from negatoscope.orders.lookup import procedure_for_study
from negatoscope.orders.model import Order
from negatoscope.orders.states import StepState
from negatoscope.platform.runtime import Platform
from tests.builders.associations import EXPLICIT, a_message, a_request
from tests.builders.dicom import bare_bytes
from tests.builders.orders import an_order, some_rooms
from tests.builders.performed_steps import a_completion, a_discontinuation, an_opening
from tests.contract.dimse.conftest import RawPeer
from tests.contract.dimse.peers import associated, find, run_dcmtk

WORKLIST = "1.2.840.10008.5.1.4.31"
PERFORMED_STEP = "1.2.840.10008.3.1.2.3.3"


@pytest.fixture
def order(platform: Platform) -> Order:
    some_rooms(platform)
    return an_order(platform)


def a_worklist_identifier(**step_keys: str) -> Dataset:
    identifier = Dataset()
    for keyword in ("PatientName", "PatientID", "AccessionNumber", "StudyInstanceUID", "RequestedProcedureID"):
        setattr(identifier, keyword, "")
    step = Dataset()
    for keyword in ("ScheduledProcedureStepID", "Modality", "ScheduledStationAETitle", "ScheduledProcedureStepStartDate"):
        setattr(step, keyword, step_keys.get(keyword, ""))
    identifier.ScheduledProcedureStepSequence = Sequence([step])
    return identifier


def test_findscu_gets_exactly_the_step_of_its_station(order: Order, port: int) -> None:
    keys = ("ScheduledProcedureStepSequence[0].ScheduledStationAETitle", "AccessionNumber", "StudyInstanceUID", "PatientName")
    asked = [part for key in keys for part in ("-k", f"{key}=DX1" if key.endswith("AETitle") else key)]
    output = run_dcmtk("findscu", "-v", "-W", "-aet", "DX1", "-aec", "NEGATOSCOPE", *asked, "127.0.0.1", str(port))
    assert output.count("Find Response:") == 1
    assert order.procedures[0].accession_number in output
    assert order.procedures[0].study_uid in output


def test_another_station_gets_nothing(order: Order, port: int) -> None:
    with associated(port, WORKLIST) as association:
        mine = find(association, a_worklist_identifier(ScheduledStationAETitle="DX1"), WORKLIST)
        others = find(association, a_worklist_identifier(ScheduledStationAETitle="CR1"), WORKLIST)
    assert [status for status, _ in mine] == [0xFF00, 0x0000]
    assert [status for status, _ in others] == [0x0000]
    assert mine[0][1] is not None
    assert mine[0][1].StudyInstanceUID == order.procedures[0].study_uid


def test_a_malformed_date_key_is_refused(order: Order, port: int) -> None:
    with associated(port, WORKLIST) as association:
        answers = find(association, a_worklist_identifier(ScheduledProcedureStepStartDate="20269999"), WORKLIST)
    assert [status for status, _ in answers] == [0xA900]


@pytest.fixture
def modality(port: int) -> Iterator[PeerAssociation]:
    with associated(port, PERFORMED_STEP) as association:
        yield association


def state_of(platform: Platform, order: Order) -> StepState:
    with platform.database.read(platform.tenant) as tx:
        procedure = procedure_for_study(tx, order.procedures[0].study_uid)
    assert procedure is not None
    return procedure.steps[0].state


def test_a_step_starts_by_n_create_and_ends_by_n_set(platform: Platform, order: Order, modality: PeerAssociation) -> None:
    uid = new_uid()
    created, _ = modality.send_n_create(an_opening(order), PERFORMED_STEP, uid)
    assert created.Status == 0x0000
    assert state_of(platform, order) is StepState.STARTED
    updated, _ = modality.send_n_set(a_completion([new_uid()]), PERFORMED_STEP, uid)
    assert updated.Status == 0x0000
    assert state_of(platform, order) is StepState.COMPLETED


def test_a_step_can_be_broken_off(platform: Platform, order: Order, modality: PeerAssociation) -> None:
    uid = new_uid()
    modality.send_n_create(an_opening(order), PERFORMED_STEP, uid)
    status, _ = modality.send_n_set(a_discontinuation("110513", "Discontinued for unspecified reason"), PERFORMED_STEP, uid)
    assert status.Status == 0x0000
    assert state_of(platform, order) is StepState.DISCONTINUED


def test_a_final_step_may_no_longer_be_updated(order: Order, modality: PeerAssociation) -> None:
    uid = new_uid()
    modality.send_n_create(an_opening(order), PERFORMED_STEP, uid)
    modality.send_n_set(a_completion([new_uid()]), PERFORMED_STEP, uid)
    status, _ = modality.send_n_set(a_completion([new_uid()]), PERFORMED_STEP, uid)
    assert status.Status == 0x0110
    assert status.ErrorID == 0xA710


def test_an_unknown_step_a_double_one_and_a_wrong_state_have_their_statuses(order: Order, modality: PeerAssociation) -> None:
    uid = new_uid()
    unknown, _ = modality.send_n_set(a_completion([new_uid()]), PERFORMED_STEP, uid)
    assert unknown.Status == 0x0112
    opening = an_opening(order)
    assert modality.send_n_create(opening, PERFORMED_STEP, uid)[0].Status == 0x0000
    assert modality.send_n_create(opening, PERFORMED_STEP, uid)[0].Status == 0x0111
    opening.PerformedProcedureStepStatus = "COMPLETED"
    assert modality.send_n_create(opening, PERFORMED_STEP, new_uid())[0].Status == 0x0106
    del opening.PerformedProcedureStepStatus
    assert modality.send_n_create(opening, PERFORMED_STEP, new_uid())[0].Status == 0x0120


def test_the_instance_uid_is_given_when_the_modality_gives_none(
    order: Order, port: int, connect: Callable[[int], RawPeer]
) -> None:
    peer = connect(port)
    peer.send(encode_pdu(a_request((PERFORMED_STEP, (EXPLICIT,)))))
    peer.receive_pdu()
    command = Command(
        command_field=CommandField.N_CREATE_RQ,
        message_id=1,
        affected_sop_class_uid=PERFORMED_STEP,
        data_set_type=DATA_SET_FOLLOWS,
    )
    peer.send(a_message(command, bare_bytes(an_opening(order))))
    unit = peer.receive_pdu()
    assert unit is not None
    response = decode_command(unit[1][6:])
    assert response.status == 0x0000
    assert str(response.affected_sop_instance_uid).startswith("2.25.")
