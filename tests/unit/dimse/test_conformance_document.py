"""The conformance statement is what the code says: the page equals what the command prints, and the words miss nothing."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from negatoscope.archive.query_attributes import ATTRIBUTES, Matching
from negatoscope.doors.dimse import conformance, statuses
from negatoscope.doors.dimse.conformance import dicom_statement
from negatoscope.doors.dimse.conformance_words import LIMIT_WORDS, MATCHING_WORDS, REJECTION_WORDS
from negatoscope.doors.dimse.limits import Limits
from negatoscope.doors.dimse.pdu import AssociateReject, Rejection
from negatoscope.doors.dimse.sop_classes import SERVED, STORAGE_TRANSFER_SYNTAXES, VERIFICATION
from negatoscope.formats.dicom.verdict import Refusal
from tests.paths import ROOT

PAGE = ROOT / "docs" / "reference" / "conformance-dimse.md"


def test_the_page_is_what_the_command_prints() -> None:
    assert PAGE.read_text(encoding="utf-8") == dicom_statement(), "run 'make docs'"


def test_the_page_would_differ_if_the_code_did(monkeypatch: pytest.MonkeyPatch) -> None:
    before = dicom_statement()
    renamed = {**SERVED, VERIFICATION: replace(SERVED[VERIFICATION], name="Planted")}
    monkeypatch.setattr(conformance, "SERVED", renamed)
    assert dicom_statement() != before


def test_each_limit_rejection_and_kind_of_matching_has_its_words() -> None:
    assert list(LIMIT_WORDS) == [field.name for field in fields(Limits)]
    assert list(REJECTION_WORDS) == [value for value in vars(Rejection).values() if isinstance(value, AssociateReject)]
    assert set(MATCHING_WORDS) == set(Matching)


def test_whatever_is_served_or_answered_stands_in_the_statement() -> None:
    statement = dicom_statement()
    told = [
        *SERVED,
        *STORAGE_TRANSFER_SYNTAXES,
        *ATTRIBUTES,
        *(f"`{refusal.value}`" for refusal in Refusal),
        *(f"| {status.code:04X} |" for status in statuses.STATUSES),
    ]
    assert [word for word in told if word not in statement] == []
