"""The same scenarios on both wires: each request has the status that its standard gives it (PS3.4 CC, PS3.18 11)."""

from __future__ import annotations

from typing import Any

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from negatoscope.formats.dicom.uids import new_uid
from tests.builders.workitem_wires import FILTERED, GLOBAL, DimseWire, WebWire, Wire
from tests.builders.workitems import a_code, a_performance, a_progress, a_request_reference, a_workitem

LOCK, OTHER = "2.25.111", "2.25.222"
CODES = {
    "done": ("0000", "200"),
    "created": ("0000", "201"),
    "accepted": ("0000", "202"),
    "created with changes": ("B300", "201"),
    "already canceled": ("B304", "200"),
    "cancel of canceled": ("B304", "202"),
    "already completed": ("B306", "200"),
    "exists": ("0111", "409"),
    "unknown": ("C307", "404"),
    "final": ("C300", "409"),
    "update of final": ("C300", "400"),
    "wrong lock": ("C301", "400"),
    "in progress": ("C302", "409"),
    "only created scheduled": ("C303", "400"),
    "final not met": ("C304", "409"),
    "not created scheduled": ("C309", "400"),
    "not in progress": ("C310", "409"),
    "completed": ("C311", "409"),
    "nobody listens": ("C312", "409"),
    "not appropriate": ("C314", "400"),
    "missing": ("0120", "400"),
    "missing value": ("0121", "400"),
    "invalid value": ("0106", "400"),
    "bad uid": ("0117", "400"),
}


def code(wire: Wire, word: str) -> str:
    return CODES[word][0 if wire.name == "dimse" else 1]


def a_new_one(wire: Wire, **changes: Any) -> str:
    uid = new_uid()
    assert wire.create(uid, a_workitem(**changes)) == code(wire, "created")
    return uid


def claimed(wire: Wire) -> str:
    uid = a_new_one(wire)
    assert wire.change_state(uid, "IN PROGRESS", LOCK) == code(wire, "done")
    return uid


def completed(wire: Wire) -> str:
    uid = claimed(wire)
    assert wire.update(uid, a_performance(), LOCK) == code(wire, "done")
    assert wire.change_state(uid, "COMPLETED", LOCK) == code(wire, "done")
    return uid


def canceled(wire: Wire) -> str:
    uid = a_new_one(wire)
    assert wire.request_cancel(uid) == code(wire, "accepted")
    return uid


def state_of(wire: Wire, uid: str) -> str:
    return str(wire.get(uid)[1]["00741000"]["Value"][0])


def test_a_workitem_goes_from_its_creation_to_its_end(wire: Wire) -> None:
    uid = a_new_one(wire, PatientName="Lefèvre^Chloé", SpecificCharacterSet="ISO_IR 192")
    assert state_of(wire, uid) == "SCHEDULED"
    assert wire.change_state(uid, "IN PROGRESS", LOCK) == code(wire, "done")
    assert wire.update(uid, a_progress(), LOCK) == code(wire, "done")
    assert wire.change_state(uid, "COMPLETED", LOCK) == code(wire, "final not met")
    assert wire.update(uid, a_performance(), LOCK) == code(wire, "done")
    assert wire.change_state(uid, "COMPLETED", LOCK) == code(wire, "done")
    status, kept = wire.get(uid)
    assert status == code(wire, "done")
    assert kept["00741000"]["Value"] == ["COMPLETED"]
    assert kept["00080016"]["Value"] == ["1.2.840.10008.5.1.4.34.6.1"]
    assert kept["00100010"]["Value"] == [{"Alphabetic": "Lefèvre^Chloé"}]
    assert "00081195" not in kept
    assert LOCK not in str(kept)


STARTS = ("SCHEDULED", "IN PROGRESS", "COMPLETED", "CANCELED")
CHANGES = (
    ("IN PROGRESS", LOCK, ("done", "in progress", "final", "final")),
    ("IN PROGRESS", OTHER, ("done", "wrong lock", "wrong lock", "wrong lock")),
    ("IN PROGRESS", "", ("wrong lock", "wrong lock", "wrong lock", "wrong lock")),
    ("SCHEDULED", LOCK, ("only created scheduled",) * 4),
    ("COMPLETED", LOCK, ("not in progress", "final not met", "already completed", "final")),
    ("COMPLETED", OTHER, ("not in progress", "wrong lock", "wrong lock", "wrong lock")),
    ("COMPLETED", "", ("wrong lock",) * 4),
    ("CANCELED", LOCK, ("not in progress", "done", "final", "already canceled")),
    ("CANCELED", OTHER, ("not in progress", "wrong lock", "wrong lock", "wrong lock")),
    ("OTHER", LOCK, ("invalid value",) * 4),
)


def in_each_state(wire: Wire) -> dict[str, str]:
    """Return one workitem in each state, all with the same lock."""
    by_performer = claimed(wire)
    assert wire.change_state(by_performer, "CANCELED", LOCK) == code(wire, "done")
    return dict(zip(STARTS, (a_new_one(wire), claimed(wire), completed(wire), by_performer), strict=True))


def test_each_change_of_state_in_each_state(wire: Wire) -> None:
    workitems = in_each_state(wire)
    for state, lock, expected in CHANGES:
        for start, word in zip(STARTS, expected, strict=True):
            if word == "done":
                fresh = a_new_one(wire) if start == "SCHEDULED" else claimed(wire)
                assert wire.change_state(fresh, state, lock) == code(wire, "done")
                assert state_of(wire, fresh) == state
                continue
            assert wire.change_state(workitems[start], state, lock) == code(wire, word), (start, state, lock)
            assert state_of(wire, workitems[start]) == start
    assert wire.change_state(new_uid(), "IN PROGRESS", LOCK) == code(wire, "unknown")


def test_a_request_to_cancel_in_each_state(wire: Wire) -> None:
    reason = Dataset()
    reason.ReasonForCancellation = "Ordered twice"
    reason.ProcedureStepDiscontinuationReasonCodeSequence = Sequence([a_code("110510", "DCM", "Duplicate order")])
    reason.ContactDisplayName = "Desk"
    uid = a_new_one(wire)
    assert wire.request_cancel(uid, reason) == code(wire, "accepted")
    progress = wire.get(uid)[1]["00741002"]["Value"][0]
    assert state_of(wire, uid) == "CANCELED"
    assert progress["00741238"]["Value"] == ["Ordered twice"]
    assert progress["0074100E"]["Value"][0]["00080100"]["Value"] == ["110510"]
    assert "00404052" in progress
    assert wire.request_cancel(uid) == code(wire, "cancel of canceled")
    assert wire.request_cancel(claimed(wire)) == code(wire, "nobody listens")
    assert wire.request_cancel(completed(wire)) == code(wire, "completed")
    assert wire.request_cancel(new_uid()) == code(wire, "unknown")


def test_a_set_in_each_state(wire: Wire) -> None:
    changes = Dataset()
    changes.ProcedureStepLabel = "Other label"
    uid = a_new_one(wire)
    assert wire.update(uid, changes) == code(wire, "done")
    assert wire.get(uid)[1]["00741204"]["Value"] == ["Other label"]
    assert wire.update(uid, a_progress(), LOCK) == code(wire, "not in progress")
    mine = claimed(wire)
    assert wire.update(mine, a_progress()) == code(wire, "wrong lock")
    assert wire.update(mine, a_progress(), OTHER) == code(wire, "wrong lock")
    assert wire.update(mine, a_progress(), LOCK) == code(wire, "done")
    assert wire.update(completed(wire), a_progress(), LOCK) == code(wire, "update of final")
    assert wire.update(canceled(wire), a_progress()) == code(wire, "update of final")
    assert wire.update(new_uid(), a_progress(), LOCK) == code(wire, "unknown")


def test_a_creation_is_held_to_its_table(wire: Wire) -> None:
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"WorklistLabel": ""}, "created with changes"),
        ({"ProcedureStepState": "IN PROGRESS"}, "not created scheduled"),
        ({"ScheduledProcedureStepPriority": None}, "missing"),
        ({"ScheduledProcedureStepPriority": ""}, "missing value"),
        ({"ScheduledProcedureStepPriority": "NOW"}, "invalid value"),
        ({"PatientName": None}, "missing"),
        ({"TransactionUID": LOCK}, "invalid value"),
        ({"TransactionUID": None}, "created"),
    )
    for changes, word in cases:
        uid = new_uid()
        assert wire.create(uid, a_workitem(**changes)) == code(wire, word), changes
        assert wire.get(uid)[0] == code(wire, "done" if word.startswith("created") else "unknown")


def test_a_second_creation_is_refused_and_changes_nothing(wire: Wire) -> None:
    uid = a_new_one(wire, ProcedureStepLabel="First")
    assert wire.create(uid, a_workitem(ProcedureStepLabel="Second")) == code(wire, "exists")
    assert wire.get(uid)[1]["00741204"]["Value"] == ["First"]


def test_a_set_is_atomic(wire: Wire) -> None:
    uid = a_new_one(wire)
    changes = Dataset()
    changes.ProcedureStepLabel, changes.InputReadinessState = "New", "MAYBE"
    assert wire.update(uid, changes) == code(wire, "invalid value")
    assert wire.get(uid)[1]["00741204"]["Value"] == ["Read by machine"]


def test_well_known_instances_are_no_workitems(wire: Wire) -> None:
    for uid in (GLOBAL, FILTERED):
        assert wire.create(uid, a_workitem()) == code(wire, "not appropriate")
        assert wire.change_state(uid, "IN PROGRESS", LOCK) == code(wire, "not appropriate")
        assert wire.request_cancel(uid) == code(wire, "not appropriate")


def test_searches_find_the_same_on_both_wires(dimse: DimseWire, web: WebWire) -> None:
    mine = a_new_one(
        dimse,
        PatientID="P1",
        WorklistLabel="CT reading",
        ScheduledWorkitemCodeSequence=Sequence([a_code()]),
        ReferencedRequestSequence=Sequence([a_request_reference("ACC7")]),
    )
    taken = claimed(web)
    for keys, expected in (
        ({"ProcedureStepState": "SCHEDULED"}, {mine}),
        ({"ProcedureStepState": "IN PROGRESS"}, {taken}),
        ({"PatientID": "P1"}, {mine}),
        ({"WorklistLabel": "CT*"}, {mine}),
        ({"ScheduledProcedureStepStartDateTime": "20260310"}, {mine, taken}),
        ({"ScheduledProcedureStepStartDateTime": "20260311-"}, set[str]()),
        ({"SOPInstanceUID": taken}, {taken}),
    ):
        for wire in (dimse, web):
            found = {match["00080018"]["Value"][0] for match in wire.find({"SOPInstanceUID": "", **keys})}
            assert found == expected, (wire.name, keys)
    by_code = web.client.get("/workitems?00404018.00080100=110005&ReferencedRequestSequence.AccessionNumber=ACC7")
    assert [match["00080018"]["Value"] for match in by_code.json()] == [[mine]]


def test_what_one_wire_makes_the_other_performs(dimse: DimseWire, web: WebWire) -> None:
    uid = a_new_one(dimse)
    assert web.change_state(uid, "IN PROGRESS", LOCK) == "200"
    assert dimse.change_state(uid, "IN PROGRESS", OTHER) == "C301"
    assert dimse.update(uid, a_performance(), LOCK) == "0000"
    assert web.change_state(uid, "COMPLETED", LOCK) == "200"
    assert dimse.get(uid)[1] == web.get(uid)[1]


def test_identifiers_that_are_none_are_refused(web: WebWire) -> None:
    assert web.get("1.02")[0] == "400"
    assert web.create("not-a-uid", a_workitem()) == "400"
