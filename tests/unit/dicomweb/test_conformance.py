"""The conformance statement is what the code says: the page equals what the command prints, and nothing is missing."""

from __future__ import annotations

import pytest

from negatoscope.archive.query_attributes import ATTRIBUTES
from negatoscope.doors.dicomweb import conformance, stow_answer
from negatoscope.doors.dicomweb.application import ROUTES
from negatoscope.doors.dicomweb.conformance import dicomweb_statement
from negatoscope.doors.dicomweb.conformance_words import FAILURES
from negatoscope.doors.dicomweb.negotiation import MEDIA_TYPES
from negatoscope.formats.dicom.transfer_syntaxes import TRANSFER_SYNTAXES
from tests.paths import ROOT

PAGE = ROOT / "docs" / "reference" / "conformance-dicomweb.md"


def test_the_page_is_what_the_command_prints() -> None:
    assert PAGE.read_text(encoding="utf-8") == dicomweb_statement(), "run 'make docs'"


def test_the_page_would_differ_if_the_code_did(monkeypatch: pytest.MonkeyPatch) -> None:
    before = dicomweb_statement()
    monkeypatch.setattr(conformance, "ROUTES", ROUTES[1:])
    assert dicomweb_statement() != before


def test_whatever_is_served_or_answered_stands_in_the_statement() -> None:
    statement = dicomweb_statement()
    told = [
        *(f"| {route.method} | `{route.path}` |" for route in ROUTES),
        *(f"| {attribute.keyword} |" for attribute in ATTRIBUTES.values()),
        *(TRANSFER_SYNTAXES[uid].name for syntaxes in MEDIA_TYPES.values() for uid in syntaxes),
    ]
    assert [word for word in told if word not in statement] == []


def test_each_failure_reason_has_its_words() -> None:
    reasons = {
        stow_answer.OUT_OF_RESOURCES,
        stow_answer.DATA_SET_MISMATCH,
        stow_answer.CANNOT_UNDERSTAND,
        stow_answer.PROCESSING_FAILURE,
        stow_answer.DUPLICATE_INSTANCE,
    }
    assert set(FAILURES) == reasons
