"""What a workitem must have: the table of the standard, its creation, its changes, its final states."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from negatoscope.orders.workitems.attributes import has_value, items_of, put, text_of
from negatoscope.orders.workitems.checking import check_change, check_creation, check_final
from negatoscope.orders.workitems.completing import DEFAULT_WORKLIST, complete_cancellation, complete_creation, merge_changes
from negatoscope.orders.workitems.model import WorkitemState, WorkitemUid
from negatoscope.orders.workitems.requirements import REQUIREMENTS, Requirement
from negatoscope.platform.errors import InvalidInput, InvalidTransition, NegatoscopeError
from tests.builders.workitems import a_code, a_performance, a_progress, a_request_reference, a_workitem, as_attributes

NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
UID = WorkitemUid("2.25.1")


def refusal(data_set: Dataset) -> tuple[str, str | None]:
    with pytest.raises(NegatoscopeError) as refused:
        check_creation(as_attributes(data_set))
    return refused.value.reason, refused.value.field


def every(level: tuple[Requirement, ...]) -> Iterator[Requirement]:
    for requirement in level:
        yield requirement
        yield from every(requirement.items)


def test_the_table_names_attributes_of_the_dictionary_with_known_signs() -> None:
    for requirement in every(REQUIREMENTS):
        assert tag_for_keyword(requirement.keyword) is not None, requirement.keyword
        assert requirement.create in "123ECS-"
        assert requirement.set in "123VS-"
        assert requirement.final in "RPXOA"
        assert requirement.returned in "123C-"
    assert {entry.keyword for entry in REQUIREMENTS if entry.final == "R"} == {
        "SOPClassUID",
        "SOPInstanceUID",
        "ScheduledProcedureStepPriority",
        "ScheduledProcedureStepModificationDateTime",
        "ScheduledProcedureStepStartDateTime",
        "InputReadinessState",
        "ProcedureStepState",
    }


def test_a_whole_workitem_is_taken() -> None:
    check_creation(as_attributes(a_workitem()))


@pytest.mark.parametrize("requirement", [entry for entry in REQUIREMENTS if entry.create in "12"], ids=lambda e: e.keyword)
def test_a_required_attribute_may_not_be_missing(requirement: Requirement) -> None:
    assert refusal(a_workitem(**{requirement.keyword: None})) == ("missing_attribute", requirement.keyword)


@pytest.mark.parametrize("requirement", [entry for entry in REQUIREMENTS if entry.create == "1"], ids=lambda e: e.keyword)
def test_a_required_value_may_not_be_empty(requirement: Requirement) -> None:
    assert refusal(a_workitem(**{requirement.keyword: ""})) == ("missing_attribute_value", requirement.keyword)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"TransactionUID": "2.25.9"}, "TransactionUID"),
        ({"ProcedureStepProgressInformationSequence": Sequence([a_code()])}, "ProcedureStepProgressInformationSequence"),
        ({"ScheduledProcedureStepPriority": "STAT"}, "ScheduledProcedureStepPriority"),
        ({"InputReadinessState": "MAYBE"}, "InputReadinessState"),
        ({"ScheduledProcedureStepStartDateTime": "2026"}, None),
        ({"ScheduledProcedureStepStartDateTime": "20261345"}, "00404005"),
        ({"StudyInstanceUID": "1.02.3"}, "0020000D"),
        ({"ScheduledWorkitemCodeSequence": Sequence([a_code(value="")])}, "ScheduledWorkitemCodeSequence"),
    ],
)
def test_a_value_that_cannot_be_is_named(changes: dict[str, object], field: str | None) -> None:
    if field is None:
        check_creation(as_attributes(a_workitem(**changes)))
    else:
        assert refusal(a_workitem(**changes)) == ("invalid_attribute_value", field)


def test_a_workitem_is_created_scheduled_alone() -> None:
    for state in ("IN PROGRESS", "COMPLETED", "CANCELED", "OTHER"):
        assert refusal(a_workitem(ProcedureStepState=state)) == ("not_created_scheduled", "ProcedureStepState")


def test_items_are_held_to_their_macro() -> None:
    without_meaning = a_code(meaning="")
    assert refusal(a_workitem(ScheduledWorkitemCodeSequence=Sequence([without_meaning]))) == (
        "missing_attribute_value",
        "CodeMeaning",
    )
    reference = a_request_reference("A1")
    del reference.RequestedProcedureID
    assert refusal(a_workitem(ReferencedRequestSequence=Sequence([reference]))) == ("missing_attribute", "RequestedProcedureID")
    instances = Dataset()
    instances.TypeOfInstances = "DICOM"
    instance = Dataset()
    instance.ReferencedSOPClassUID, instance.ReferencedSOPInstanceUID = "1.2.3", "1.2.4"
    instances.ReferencedSOPSequence = Sequence([instance])
    assert refusal(a_workitem(InputInformationSequence=Sequence([instances]))) == (
        "missing_attribute",
        "InputInformationSequence",
    )
    retrieval = Dataset()
    retrieval.RetrieveURL = "https://example.org/studies/1"
    instances.WADORSRetrievalSequence = Sequence([retrieval])
    check_creation(as_attributes(a_workitem(InputInformationSequence=Sequence([instances]))))


def test_what_we_write_ourselves_is_complete_and_told() -> None:
    kept, is_changed = complete_creation(as_attributes(a_workitem(WorklistLabel="")), UID, at=NOW)
    assert is_changed
    assert text_of(kept, "WorklistLabel") == DEFAULT_WORKLIST
    assert text_of(kept, "SOPInstanceUID") == UID
    assert text_of(kept, "SOPClassUID") == "1.2.840.10008.5.1.4.34.6.1"
    assert text_of(kept, "ScheduledProcedureStepModificationDateTime") == "20260310090000+0000"
    assert "00081195" not in kept
    assert not complete_creation(as_attributes(a_workitem()), UID, at=NOW)[1]
    with pytest.raises(InvalidInput):
        complete_creation(as_attributes(a_workitem(SOPInstanceUID="2.25.2")), UID, at=NOW)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"PatientName": "Other^Person"}, "invalid_attribute_value"),
        ({"SOPInstanceUID": "2.25.3"}, "invalid_attribute_value"),
        ({"ProcedureStepState": "COMPLETED"}, "invalid_attribute_value"),
        ({"ProcedureStepState": "SCHEDULED"}, "only_created_scheduled"),
        ({"WorklistLabel": ""}, "missing_attribute_value"),
        ({"InputReadinessState": "PERHAPS"}, "invalid_attribute_value"),
    ],
)
def test_a_set_that_is_not_allowed_is_refused(changes: dict[str, str], reason: str) -> None:
    data_set = Dataset()
    for keyword, value in changes.items():
        setattr(data_set, keyword, value)
    with pytest.raises(NegatoscopeError) as refused:
        check_change(as_attributes(data_set))
    assert refused.value.reason == reason


def test_a_set_may_empty_what_may_be_empty() -> None:
    changes = Dataset()
    changes.ScheduledStationNameCodeSequence = Sequence([])
    check_change(as_attributes(changes))


def test_completion_requires_what_was_performed() -> None:
    kept = complete_creation(as_attributes(a_workitem()), UID, at=NOW)[0]
    with pytest.raises(InvalidTransition) as refused:
        check_final(kept, WorkitemState.COMPLETED)
    assert (refused.value.reason, refused.value.field) == (
        "final_state_not_met",
        "UnifiedProcedureStepPerformedProcedureSequence",
    )
    check_final(merge_changes(kept, as_attributes(a_performance()), at=NOW), WorkitemState.COMPLETED)


@pytest.mark.parametrize(
    "keyword",
    [
        "PerformedStationNameCodeSequence",
        "PerformedProcedureStepStartDateTime",
        "PerformedProcedureStepEndDateTime",
        "PerformedWorkitemCodeSequence",
        "OutputInformationSequence",
    ],
)
def test_completion_names_what_is_missing_of_the_performance(keyword: str) -> None:
    performance = a_performance()
    delattr(performance.UnifiedProcedureStepPerformedProcedureSequence[0], keyword)
    kept = complete_creation(as_attributes(a_workitem()), UID, at=NOW)[0]
    with pytest.raises(InvalidTransition) as refused:
        check_final(merge_changes(kept, as_attributes(performance), at=NOW), WorkitemState.COMPLETED)
    assert refused.value.field == keyword


def test_cancellation_is_dated_and_gives_a_reason() -> None:
    kept = merge_changes(complete_creation(as_attributes(a_workitem()), UID, at=NOW)[0], as_attributes(a_progress()), at=NOW)
    with pytest.raises(InvalidTransition):
        check_final(kept, WorkitemState.CANCELED)
    request: dict[str, dict[str, object]] = {}
    put(request, "ReasonForCancellation", "Wrong side")  # type: ignore[arg-type]
    put(request, "ContactURI", "tel:+33100000000")  # type: ignore[arg-type]
    canceled = complete_cancellation(kept, request, at=NOW)  # type: ignore[arg-type]
    check_final(canceled, WorkitemState.CANCELED)
    (progress,) = items_of(canceled, "ProcedureStepProgressInformationSequence")
    assert float(text_of(progress, "ProcedureStepProgress")) == 50
    assert text_of(progress, "ReasonForCancellation") == "Wrong side"
    assert text_of(items_of(progress, "ProcedureStepDiscontinuationReasonCodeSequence")[0], "CodeValue") == "110513"
    assert has_value(progress, "ProcedureStepCommunicationsURISequence")
