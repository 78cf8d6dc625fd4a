"""Performed steps: what the modality may say, and how the plan follows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from negatoscope.access.model import Role, Subject, device_subject
from negatoscope.formats.dicom.uids import new_uid
from negatoscope.orders import performed_steps
from negatoscope.orders.exception_store import list_open_exceptions
from negatoscope.orders.lookup import get_order
from negatoscope.orders.model import Order, StepRequest
from negatoscope.orders.planning_store import list_performed_steps
from negatoscope.orders.states import OrderState, PerformedState, StepState
from negatoscope.platform.errors import Conflict, Forbidden, InvalidInput, InvalidTransition, NotFound
from negatoscope.platform.reactions import Reaction
from negatoscope.platform.runtime import Platform
from tests.builders.orders import an_order, some_rooms
from tests.builders.patients import an_identifier
from tests.builders.performed_steps import a_completion, a_discontinuation, an_opening
from tests.builders.subjects import a_user


def modality(platform: Platform) -> Subject:
    return device_subject(platform.tenant, "DX1", "127.0.0.1")


def read(platform: Platform, order: Order) -> Order:
    with platform.database.read(platform.tenant) as tx:
        return get_order(tx, order.order_id)


def states(order: Order) -> tuple[OrderState, list[StepState]]:
    return order.state, [step.state for procedure in order.procedures for step in procedure.steps]


def test_opening_and_closing_a_step_moves_plan_and_order(platform: Platform) -> None:
    some_rooms(platform)
    order, uid = an_order(platform), new_uid()
    performed_steps.create(platform, modality(platform), uid, an_opening(order))
    assert states(read(platform, order)) == (OrderState.IN_PROGRESS, [StepState.STARTED])
    images = [new_uid(), new_uid()]
    done = performed_steps.update(platform, modality(platform), uid, a_completion(images))
    assert done.state is PerformedState.COMPLETED
    assert done.referenced_instances == tuple(images)
    assert states(read(platform, order)) == (OrderState.COMPLETED, [StepState.COMPLETED])
    with platform.database.read(platform.tenant) as tx:
        assert [step.attributes for step in list_performed_steps(tx, order.procedures[0].study_uid)] != [""]


def test_an_update_in_between_keeps_the_step_open(platform: Platform) -> None:
    order, uid = an_order(platform), new_uid()
    performed_steps.create(platform, modality(platform), uid, an_opening(order))
    between = Dataset()
    between.CommentsOnThePerformedProcedureStep = "Deuxième cliché"
    assert performed_steps.update(platform, modality(platform), uid, between).state is PerformedState.IN_PROGRESS
    assert states(read(platform, order)) == (OrderState.IN_PROGRESS, [StepState.STARTED])


def test_a_discontinued_step_takes_the_order_along_with_its_reason(platform: Platform) -> None:
    order, uid = an_order(platform), new_uid()
    performed_steps.create(platform, modality(platform), uid, an_opening(order))
    performed_steps.update(
        platform, modality(platform), uid, a_discontinuation("110513", "Discontinued for unspecified reason")
    )
    order = read(platform, order)
    assert states(order) == (OrderState.DISCONTINUED, [StepState.DISCONTINUED])
    assert order.reason == "Discontinued for unspecified reason"


def test_choosing_the_wrong_worklist_entry_is_filed_for_a_person(platform: Platform) -> None:
    order, uid = an_order(platform), new_uid()
    performed_steps.create(platform, modality(platform), uid, an_opening(order))
    performed_steps.update(platform, modality(platform), uid, a_discontinuation("110514", "Incorrect worklist entry selected"))
    assert read(platform, order).state is OrderState.DISCONTINUED


def test_the_group_case_carries_out_several_steps_at_once(platform: Platform) -> None:
    first = an_order(platform, identifiers=(an_identifier("17"),), steps=(StepRequest(), StepRequest()))
    second = an_order(platform, identifiers=(an_identifier("17"),), procedure_code="ABDOMEN-AP")
    uid = new_uid()
    opening = an_opening(first, step=0)
    opening.ScheduledStepAttributesSequence.extend(an_opening(first, step=1).ScheduledStepAttributesSequence)
    opening.ScheduledStepAttributesSequence.extend(an_opening(second).ScheduledStepAttributesSequence)
    performed_steps.create(platform, modality(platform), uid, opening)
    performed_steps.update(platform, modality(platform), uid, a_completion([new_uid()]))
    assert states(read(platform, first)) == (OrderState.COMPLETED, [StepState.COMPLETED] * 2)
    assert states(read(platform, second)) == (OrderState.COMPLETED, [StepState.COMPLETED])


def test_the_append_case_leaves_a_completed_step_completed(platform: Platform) -> None:
    order = an_order(platform)
    for _ in range(2):
        uid = new_uid()
        performed_steps.create(platform, modality(platform), uid, an_opening(order))
        performed_steps.update(platform, modality(platform), uid, a_completion([new_uid()]))
    assert states(read(platform, order)) == (OrderState.COMPLETED, [StepState.COMPLETED])
    with platform.database.read(platform.tenant) as tx:
        assert len(list_performed_steps(tx, order.procedures[0].study_uid)) == 2


def test_a_step_ends_with_the_last_of_its_performed_steps(platform: Platform) -> None:
    order, first, second = an_order(platform), new_uid(), new_uid()
    for uid in (first, second):
        performed_steps.create(platform, modality(platform), uid, an_opening(order))
    performed_steps.update(platform, modality(platform), first, a_completion([new_uid()]))
    assert states(read(platform, order)) == (OrderState.IN_PROGRESS, [StepState.STARTED])
    performed_steps.update(platform, modality(platform), second, a_completion([new_uid()]))
    assert states(read(platform, order)) == (OrderState.COMPLETED, [StepState.COMPLETED])


def test_a_second_creation_under_one_uid_is_refused(platform: Platform) -> None:
    order, uid = an_order(platform), new_uid()
    performed_steps.create(platform, modality(platform), uid, an_opening(order))
    with pytest.raises(Conflict) as refused:
        performed_steps.create(platform, modality(platform), uid, an_opening(order))
    assert refused.value.reason == "duplicate_sop_instance"


def test_an_unknown_step_is_not_found(platform: Platform) -> None:
    with pytest.raises(NotFound) as refused:
        performed_steps.update(platform, modality(platform), new_uid(), a_completion([new_uid()]))
    assert refused.value.reason == "no_such_object_instance"


@pytest.mark.parametrize("ending", [a_completion([new_uid()]), a_discontinuation("110513", "Unspecified")])
@pytest.mark.parametrize("late", [a_completion([new_uid()]), a_discontinuation("110513", "Unspecified"), Dataset()])
def test_a_final_step_changes_no_more(platform: Platform, ending: Dataset, late: Dataset) -> None:
    order, uid = an_order(platform), new_uid()
    performed_steps.create(platform, modality(platform), uid, an_opening(order))
    performed_steps.update(platform, modality(platform), uid, ending)
    before = read(platform, order)
    with pytest.raises(InvalidTransition) as refused:
        performed_steps.update(platform, modality(platform), uid, late)
    assert refused.value.reason == "may_no_longer_be_updated"
    assert read(platform, order) == before


@pytest.mark.parametrize(
    "keyword",
    [
        "ScheduledStepAttributesSequence", "PerformedProcedureStepID", "PerformedStationAETitle",
        "PerformedProcedureStepStartDate", "PerformedProcedureStepStartTime", "PerformedProcedureStepStatus", "Modality",
    ],
)  # fmt: skip
def test_a_creation_without_what_it_needs_is_refused_and_starts_nothing(platform: Platform, keyword: str) -> None:
    order = an_order(platform)
    for reason, change in (("missing_attribute", None), ("missing_attribute_value", "")):
        opening = an_opening(order)
        delattr(opening, keyword)
        if change is not None:
            setattr(opening, keyword, Sequence([]) if keyword.endswith("Sequence") else change)
        with pytest.raises(InvalidInput) as refused:
            performed_steps.create(platform, modality(platform), new_uid(), opening)
        assert (refused.value.reason, refused.value.field) == (reason, keyword)
    assert read(platform, order) == order


@pytest.mark.parametrize("status", ["COMPLETED", "DISCONTINUED", "STARTED"])
def test_a_step_is_created_in_progress(platform: Platform, status: str) -> None:
    opening = an_opening(an_order(platform))
    opening.PerformedProcedureStepStatus = status
    with pytest.raises(InvalidInput) as refused:
        performed_steps.create(platform, modality(platform), new_uid(), opening)
    assert refused.value.reason == "invalid_attribute_value"


@pytest.mark.parametrize("keyword", ["PatientID", "PatientName", "PerformedStationAETitle", "Modality", "StudyID"])
def test_a_set_touches_nothing_that_creation_fixed(platform: Platform, keyword: str) -> None:
    order, uid = an_order(platform), new_uid()
    performed_steps.create(platform, modality(platform), uid, an_opening(order))
    change = a_completion([new_uid()])
    setattr(change, keyword, "X")
    with pytest.raises(InvalidInput) as refused:
        performed_steps.update(platform, modality(platform), uid, change)
    assert (refused.value.reason, refused.value.field) == ("invalid_attribute_value", keyword)
    assert states(read(platform, order)) == (OrderState.IN_PROGRESS, [StepState.STARTED])


@pytest.mark.parametrize(
    "keyword", ["PerformedProcedureStepEndDate", "PerformedProcedureStepEndTime", "PerformedSeriesSequence"]
)
def test_a_completed_step_says_when_it_ended_and_what_it_made(platform: Platform, keyword: str) -> None:
    order, uid = an_order(platform), new_uid()
    performed_steps.create(platform, modality(platform), uid, an_opening(order))
    completion = a_completion([new_uid()])
    delattr(completion, keyword)
    with pytest.raises(InvalidInput) as refused:
        performed_steps.update(platform, modality(platform), uid, completion)
    assert refused.value.field == keyword


def test_a_step_that_names_another_patient_starts_nothing(platform: Platform) -> None:
    order = an_order(platform)
    opening = an_opening(order)
    opening.PatientID = "SOMEBODY-ELSE"
    step = performed_steps.create(platform, modality(platform), new_uid(), opening)
    assert step.is_unscheduled
    assert read(platform, order) == order


def test_an_unscheduled_step_is_kept(platform: Platform) -> None:
    opening = an_opening(an_order(platform))
    opening.ScheduledStepAttributesSequence[0].StudyInstanceUID = new_uid()
    opening.ScheduledStepAttributesSequence[0].AccessionNumber = ""
    uid = new_uid()
    assert performed_steps.create(platform, modality(platform), uid, opening).is_unscheduled
    assert (
        performed_steps.update(platform, modality(platform), uid, a_completion([new_uid()])).state is PerformedState.COMPLETED
    )


def test_who_is_no_modality_reports_no_step(platform: Platform, forbidden_roles: tuple[Role, ...]) -> None:
    order = an_order(platform)
    for role in forbidden_roles:
        with pytest.raises((Forbidden, NotFound)):
            performed_steps.create(platform, a_user(platform, role), new_uid(), an_opening(order))
    with platform.database.read(platform.tenant) as tx:
        assert list_open_exceptions(tx, order.order_id) == []


@pytest.fixture
def forbidden_roles() -> tuple[Role, ...]:
    return Role.SECRETARY, Role.REFERRER, Role.ADMINISTRATOR


def test_steps_are_announced(platform: Platform, react: Callable[..., int]) -> None:
    order, uid = an_order(platform), new_uid()
    performed_steps.create(platform, modality(platform), uid, an_opening(order))
    performed_steps.update(platform, modality(platform), uid, a_completion([new_uid()]))
    heard: list[str] = []
    kinds = frozenset({"performed_step_started", "performed_step_ended", "step_moved"})
    react(Reaction(name="listen", kinds=kinds, handle=lambda _, __, event: heard.append(event.kind)))
    assert heard == ["step_moved", "performed_step_started", "step_moved", "performed_step_ended"]
