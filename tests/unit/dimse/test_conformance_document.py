"""The conformance statement says what the code does: each table is compared, row by row."""

from __future__ import annotations

from dataclasses import fields

import pytest

from negatoscope.doors.dimse import statuses
from negatoscope.doors.dimse.command_set import CommandField
from negatoscope.doors.dimse.limits import Limits
from negatoscope.doors.dimse.pdu import AssociateReject, Rejection
from negatoscope.doors.dimse.services import OPERATIONS
from negatoscope.doors.dimse.sop_classes import SERVED, STORAGE_CLASSES, STORAGE_TRANSFER_SYNTAXES
from negatoscope.formats.dicom.transfer_syntaxes import TRANSFER_SYNTAXES
from negatoscope.formats.dicom.verdict import Refusal
from tests.paths import ROOT

PAGE = ROOT / "docs" / "reference" / "conformance-dimse.md"


def rows_under(*header: str) -> list[tuple[str, ...]]:
    """Return the rows of the one table with these column names, without back quotes."""
    lines = PAGE.read_text(encoding="utf-8").replace("`", "").splitlines()
    start = lines.index("| " + " | ".join(header) + " |")
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append(tuple(cell.strip() for cell in line.strip("|").split("|")))
    return rows


def test_every_served_class_stands_on_the_page() -> None:
    assert [row[:2] for row in rows_under("SOP class", "UID", "Operations")] == [
        (sop_class.name, sop_class.uid) for sop_class in SERVED.values()
    ]


@pytest.mark.parametrize("sop_class", SERVED.values(), ids=lambda sop_class: sop_class.name)
def test_the_operations_of_a_class_are_those_that_are_dispatched(sop_class: object) -> None:
    served = next(entry for entry in SERVED.values() if entry is sop_class)
    told = next(row[2] for row in rows_under("SOP class", "UID", "Operations") if row[1] == served.uid)
    dispatched = {
        CommandField(field).name.removesuffix("_RQ").replace("_", "-")
        for field, operation in OPERATIONS.items()
        if served.family in operation.families
    }
    requests = {name.strip() for name in told.partition(";")[0].split(",")} - {"C-CANCEL"}
    assert requests == dispatched


def test_every_transfer_syntax_of_storage_stands_on_the_page() -> None:
    assert rows_under("Transfer syntax", "UID") == [(TRANSFER_SYNTAXES[uid].name, uid) for uid in STORAGE_TRANSFER_SYNTAXES]


def test_the_number_of_storage_classes_is_right() -> None:
    assert f"the {len(STORAGE_CLASSES)} storage classes" in PAGE.read_text(encoding="utf-8")


def test_every_status_stands_on_the_page() -> None:
    told = {(row[0], row[1], row[2]) for row in rows_under("Status", "Error ID", "Meaning")}
    assert told == {
        (f"{status.code:04X}", f"{status.error_id:04X}" if status.error_id is not None else "", status.meaning)
        for status in statuses.STATUSES
    }


def test_every_refusal_of_the_gate_has_its_status_on_the_page_and_in_the_table() -> None:
    told = {reason.strip(): row[0] for row in rows_under("Status", "Reason of the gate") for reason in row[1].split(",")}
    assert told == {reason: f"{status.code:04X}" for reason, status in statuses.REFUSAL_STATUSES.items()}
    assert set(told) == set(Refusal)


def test_every_rejection_stands_on_the_page() -> None:
    told = [tuple(int(cell) for cell in row[:3]) for row in rows_under("Result", "Source", "Reason", "When")]
    given = [value for value in vars(Rejection).values() if isinstance(value, AssociateReject)]
    assert told == [(rejection.result, rejection.source, rejection.reason) for rejection in given]


def test_every_limit_stands_on_the_page_with_its_value() -> None:
    limits = Limits()
    told = {row[0]: float(row[1]) for row in rows_under("Name", "Value", "What it limits")}
    assert told == {field.name: float(getattr(limits, field.name)) for field in fields(Limits)}
