"""What is of the DIMSE wire alone: contexts and classes, parts of a workitem, character sets, searches by class."""

from __future__ import annotations

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import UID

from negatoscope.formats.dicom.uids import new_uid
from tests.builders.workitem_wires import PULL, PUSH, QUERY, WATCH, DimseWire
from tests.builders.workitems import a_progress, a_workitem

LOCK = "2.25.111"


def a_new_one(wire: DimseWire, **changes: object) -> str:
    uid = new_uid()
    assert wire.create(uid, a_workitem(**changes)) == "0000"
    return uid


def test_an_n_get_gives_what_was_named(dimse: DimseWire) -> None:
    uid = a_new_one(dimse)
    assert dimse.get(uid, [0x00741000, 0x00404041]) == (
        "0000",
        {"00741000": {"vr": "CS", "Value": ["SCHEDULED"]}, "00404041": {"vr": "CS", "Value": ["READY"]}},
    )
    status, some = dimse.get(uid, [0x00741000, 0x00081195])
    assert (status, set(some)) == ("0001", {"00741000"})


@pytest.mark.parametrize("sop_class", [PULL, WATCH, QUERY])
def test_three_classes_search(dimse: DimseWire, sop_class: UID) -> None:
    uid = a_new_one(dimse)
    identifier = Dataset()
    identifier.SOPInstanceUID, identifier.ProcedureStepState, identifier.AdmissionID = "", "SCHEDULED", ""
    answers = list(dimse.association.send_c_find(identifier, sop_class))
    assert [status.Status for status, _ in answers] == [0xFF00, 0x0000]
    match = answers[0][1]
    assert match is not None
    assert {element.keyword for element in match} == {"SOPInstanceUID", "ProcedureStepState", "AdmissionID"}
    assert match.SOPInstanceUID == uid


def test_a_search_says_what_it_did_not_search(dimse: DimseWire) -> None:
    a_new_one(dimse)
    identifier = Dataset()
    identifier.TransactionUID, identifier.ProcedureStepState = LOCK, ""
    answers = list(dimse.association.send_c_find(identifier, PULL))
    assert [status.Status for status, _ in answers] == [0xFF01, 0x0000]
    assert answers[0][1] is not None
    assert "TransactionUID" not in answers[0][1]
    identifier = Dataset()
    identifier.ScheduledProcedureStepStartDateTime = "tomorrow"
    assert [status.Status for status, _ in dimse.association.send_c_find(identifier, PULL)] == [0xA900]


def test_an_identifier_without_keys_matches_nothing(dimse: DimseWire) -> None:
    a_new_one(dimse)
    identifier = Dataset()
    identifier.SpecificCharacterSet = "ISO_IR 192"
    assert [status.Status for status, _ in dimse.association.send_c_find(identifier, PULL)] == [0x0000]


def test_the_class_of_the_instance_is_push_whatever_was_negotiated(dimse: DimseWire) -> None:
    uid = a_new_one(dimse)
    for sop_class in (PULL, WATCH, "1.2.840.10008.3.1.2.3.3"):
        status, _ = dimse.association.send_n_get([], UID(sop_class), uid, meta_uid=PULL)
        assert status.Status == 0x0118


def test_each_class_has_its_own_requests(dimse: DimseWire) -> None:
    uid = a_new_one(dimse)
    status, _ = dimse.association.send_n_set(a_progress(), PUSH, uid, meta_uid=WATCH)
    assert status.Status == 0x0211
    status, _ = dimse.association.send_n_create(a_workitem(), PUSH, new_uid(), meta_uid=PULL)
    assert status.Status == 0x0211
    status, _ = dimse.association.send_n_get([], PUSH, uid, meta_uid=QUERY)
    assert status.Status == 0x0211


def test_names_keep_their_characters_whatever_the_set(dimse: DimseWire) -> None:
    uid = a_new_one(dimse, SpecificCharacterSet="ISO_IR 100", PatientName="Lefèvre^Chloé")
    other = a_new_one(dimse, SpecificCharacterSet="ISO_IR 192", PatientName="レフェ^クロエ")
    assert dimse.get(uid)[1]["00100010"]["Value"] == [{"Alphabetic": "Lefèvre^Chloé"}]
    found = dimse.find({"PatientName": "lefevre*", "SOPInstanceUID": ""})
    assert [match["00080018"]["Value"][0] for match in found] == [uid]
    assert dimse.get(other)[1]["00100010"]["Value"] == [{"Alphabetic": "レフェ^クロエ"}]


def test_a_workitem_without_a_uid_is_given_one(dimse: DimseWire) -> None:
    status, _ = dimse.association.send_n_create(a_workitem(), PUSH, None)
    assert status.Status == 0x0000
    assert len(dimse.find({"SOPInstanceUID": ""})) == 1
