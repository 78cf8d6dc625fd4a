"""The reference page says what the code does, and each word is answered on both wires."""

from __future__ import annotations

from negatoscope.doors.dicomweb.workitem_answers import NOTICES, REFUSALS
from negatoscope.doors.dimse.conformance import dicom_statement
from negatoscope.doors.dimse.statuses import REASON_STATUSES, Service
from negatoscope.doors.dimse.workitem_actions import ActionType
from negatoscope.doors.dimse.workitem_conformance import ACTION_WORDS, REPORT_WORDS, workitem_section
from negatoscope.doors.dimse.workitems import NOTICE_STATUSES
from negatoscope.orders.workitems.model import ReportType
from negatoscope.orders.workitems.refusals import ERRORS, Notice, Reason
from tests.builders.ups_page import PAGE, ups_page


def test_reference_page_is_written_from_the_code() -> None:
    assert PAGE.read_text("utf-8") == ups_page(), "run: python -m tests.builders.ups_page"


def test_each_word_has_its_answer_on_both_wires() -> None:
    assert set(ERRORS) == set(Reason)
    for reason in Reason:
        assert (Service.NORMALIZED, reason.value) in REASON_STATUSES
    assert {*NOTICE_STATUSES} == {None, *Notice}
    assert set(NOTICES) == set(Notice)
    others = {"lock_missing", "too_many_matches", "body_too_long", "body_not_taken", "not_acceptable"}
    assert set(REFUSALS) - set(Reason) == others


def test_the_conformance_statement_has_the_section() -> None:
    assert workitem_section().strip("\n") in dicom_statement()
    assert set(ACTION_WORDS) == set(ActionType)
    assert set(REPORT_WORDS) == set(ReportType)
