"""The reading list, from arrival to signature, with two readers at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from negatoscope.access.model import Role, Subject
from negatoscope.archive.studies import get_study
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.errors import Conflict, Forbidden, InvalidInput, InvalidTransition, NotFound
from negatoscope.platform.events import publish
from negatoscope.platform.runtime import Platform
from negatoscope.reading import store
from negatoscope.reading.listing import Place, TaskFilter, TaskRow, View, count_tasks, find_next, list_tasks
from negatoscope.reading.model import ReadingTask, TaskState
from negatoscope.reading.refresh import REFRESH_URGENCY, refresh_all
from negatoscope.reading.tasks import (
    FOLLOW_REPORT,
    OPEN_TASK,
    adjust_urgency,
    claim,
    hold,
    release,
    take_over,
)
from negatoscope.reading.urgency import Band
from negatoscope.reporting.drafts import open_draft, save_draft, withdraw_addendum
from negatoscope.reporting.model import Body
from negatoscope.reporting.signing import sign
from tests.builders.dicom import a_dx_image
from tests.builders.reading import a_stored_study
from tests.builders.reading import store as store_object
from tests.builders.subjects import a_user

PASSWORD = "correct horse battery staple"
CONFIRMED = frozenset({"no_order", "identity_to_reconcile", "images_arriving"})
BODY = Body(findings="Rien.", conclusion="Normal.")
REASON = "Collègue absent ce matin"


@pytest.fixture
def reader(platform: Platform) -> Subject:
    """Return a radiologist."""
    return a_user(platform, Role.RADIOLOGIST, password=PASSWORD)


@pytest.fixture
def arrived(platform: Platform, react: Callable[..., int]) -> Callable[..., ReadingTask]:
    """Return what receives a study and gives its task."""

    def arrive(**attributes: object) -> ReadingTask:
        study_uid = a_stored_study(platform, None, **attributes)
        react(OPEN_TASK)
        return task_of_study(platform, study_uid)

    return arrive


def task_of_study(platform: Platform, study_uid: str) -> ReadingTask:
    """Return the task as it is now."""
    with platform.database.read(platform.tenant) as tx:
        task = store.find_task_of_study(tx, study_uid)
    assert task is not None
    return task


def rows(platform: Platform, subject: Subject, wanted: TaskFilter | None = None, **options: object) -> list[TaskRow]:
    """Return the rows of the list."""
    with platform.database.read(platform.tenant) as tx:
        return list(list_tasks(tx, subject, wanted or TaskFilter(), **options).rows)  # type: ignore[arg-type]  # a test passes options through


def test_study_comes_on_the_list_once(platform: Platform, react: Callable[..., int], reader: Subject) -> None:
    study_uid = a_stored_study(platform)
    with platform.database.transaction(platform.tenant) as tx:
        publish(tx, "study_arrived", subject=study_uid, payload={"study_uid": study_uid})
    react(OPEN_TASK)
    (row,) = rows(platform, reader)
    assert (row.task.study_uid, row.task.state) == (study_uid, TaskState.UNASSIGNED)
    assert row.task.urgency.total == sum(one.points for one in row.task.urgency.components)
    assert row.patient_name == "Éluard^Zoé"


def test_second_reader_is_told_who_has_it(platform: Platform, arrived: Callable[..., ReadingTask], reader: Subject) -> None:
    task = arrived()
    claimed = claim(platform, reader, task.task_id)
    assert (claimed.state, claimed.owner_id) == (TaskState.CLAIMED, reader.user_id)
    with pytest.raises(Conflict) as refused:
        claim(platform, a_user(platform, Role.RESIDENT), task.task_id)
    assert refused.value.reason == "claimed_by_another"


def test_lease_ends_after_twenty_minutes_and_activity_renews_it(
    platform: Platform, arrived: Callable[..., ReadingTask], reader: Subject, clock: TurnedClock
) -> None:
    task = arrived()
    claim(platform, reader, task.task_id)
    clock.turn(timedelta(minutes=19))
    claim(platform, reader, task.task_id)
    clock.turn(timedelta(minutes=19))
    refresh_all(platform)
    assert task_of_study(platform, task.study_uid).owner_id == reader.user_id
    clock.turn(timedelta(minutes=2))
    refresh_all(platform)
    freed = task_of_study(platform, task.study_uid)
    assert (freed.state, freed.owner_id) == (TaskState.UNASSIGNED, None)


def test_ended_lease_yields_at_once_to_the_next_reader(
    platform: Platform, arrived: Callable[..., ReadingTask], reader: Subject, clock: TurnedClock
) -> None:
    task = arrived()
    claim(platform, reader, task.task_id)
    clock.turn(timedelta(minutes=21))
    other = a_user(platform, Role.RADIOLOGIST)
    assert claim(platform, other, task.task_id).owner_id == other.user_id


def test_released_study_is_free_and_only_its_owner_releases(
    platform: Platform, arrived: Callable[..., ReadingTask], reader: Subject
) -> None:
    task = arrived()
    claim(platform, reader, task.task_id)
    with pytest.raises(Conflict):
        release(platform, a_user(platform, Role.RADIOLOGIST), task.task_id)
    assert release(platform, reader, task.task_id).state is TaskState.UNASSIGNED
    with pytest.raises(InvalidTransition):
        release(platform, replace(reader, user_id=None), task.task_id)


def test_task_follows_draft_signature_and_addendum(
    platform: Platform, arrived: Callable[..., ReadingTask], reader: Subject, react: Callable[..., int]
) -> None:
    task = arrived()
    claim(platform, reader, task.task_id)
    report = open_draft(platform, reader, task.study_uid)
    seen = []
    for step in ("draft", "final", "addendum", "withdrawn", "addendum", "addended"):
        if step == "draft":
            report = save_draft(platform, reader, report.report_id, report.version, BODY)
        elif step in {"final", "addended"}:
            sign(platform, reader, report.report_id, report.version, PASSWORD, confirmed=CONFIRMED)
            report = open_draft(platform, reader, task.study_uid)
        elif step == "addendum":
            report = save_draft(platform, reader, report.report_id, report.version, Body(addendum="Suite."))
        else:
            report = withdraw_addendum(platform, reader, report.report_id, report.version)
        react(FOLLOW_REPORT)
        seen.append(task_of_study(platform, task.study_uid).state.value)
    assert seen == ["draft", "final", "addendum_draft", "final", "addendum_draft", "addended"]
    assert task_of_study(platform, task.study_uid).urgency.band is Band.READ


def test_draft_is_taken_over_with_a_reason_and_its_text_goes_along(
    platform: Platform, arrived: Callable[..., ReadingTask], reader: Subject, react: Callable[..., int]
) -> None:
    task = arrived()
    report = open_draft(platform, reader, task.study_uid)
    report = save_draft(platform, reader, report.report_id, report.version, BODY)
    react(FOLLOW_REPORT)
    lead = a_user(platform, Role.LEAD_RADIOLOGIST)
    with pytest.raises(InvalidInput):
        take_over(platform, lead, task.task_id, reason="vite")
    taken = take_over(platform, lead, task.task_id, reason=REASON)
    assert (taken.state, taken.owner_id) == (TaskState.DRAFT, lead.user_id)
    now = open_draft(platform, lead, task.study_uid)
    assert now.body == BODY
    save_draft(platform, lead, now.report_id, now.version, replace(BODY, findings="Nodule."))
    changed = open_draft(platform, reader, task.study_uid)
    with pytest.raises(Conflict):
        save_draft(platform, reader, changed.report_id, changed.version, BODY)


def test_text_that_is_open_can_be_saved_after_the_claim_that_opening_makes(
    platform: Platform, arrived: Callable[..., ReadingTask], reader: Subject, react: Callable[..., int]
) -> None:
    task = arrived()
    first = open_draft(platform, reader, task.study_uid)
    written = save_draft(platform, reader, first.report_id, first.version, BODY)
    react(FOLLOW_REPORT)
    hold(platform, reader, task.task_id, reason="Attend les clichés externes")
    other = a_user(platform, Role.RADIOLOGIST)
    claim(platform, other, task.task_id)
    saved = save_draft(platform, other, written.report_id, written.version, replace(BODY, findings="Nodule."))
    assert saved.author_id == other.user_id


def test_resident_takes_nothing_over(platform: Platform, arrived: Callable[..., ReadingTask], reader: Subject) -> None:
    task = arrived()
    claim(platform, reader, task.task_id)
    with pytest.raises(Forbidden):
        take_over(platform, a_user(platform, Role.RESIDENT), task.task_id, reason=REASON)


def test_study_on_hold_shows_why_and_comes_back_by_a_claim(
    platform: Platform, arrived: Callable[..., ReadingTask], reader: Subject
) -> None:
    task = arrived()
    held = hold(platform, reader, task.task_id, reason="Attend les clichés externes")
    assert (held.state, held.hold_reason) == (TaskState.ON_HOLD, "Attend les clichés externes")
    resumed = claim(platform, reader, task.task_id)
    assert (resumed.state, resumed.hold_reason) == (TaskState.CLAIMED, "")


def test_waiting_raises_and_the_minute_tells_the_lists(
    platform: Platform, arrived: Callable[..., ReadingTask], clock: TurnedClock
) -> None:
    task, _ = arrived(), arrived()
    clock.turn(timedelta(hours=12))
    assert refresh_all(platform) == 2
    later = task_of_study(platform, task.study_uid)
    assert later.urgency.total == task.urgency.total + 15
    assert later.version == task.version
    clock.turn(timedelta(hours=13))
    refresh_all(platform)
    assert task_of_study(platform, task.study_uid).urgency.band is Band.OVERDUE


def test_order_of_the_list_and_its_pages(
    platform: Platform, arrived: Callable[..., ReadingTask], reader: Subject, clock: TurnedClock
) -> None:
    tasks = []
    for _ in range(5):
        tasks.append(arrived())
        clock.turn(timedelta(minutes=1))
    adjust_urgency(platform, reader, tasks[3].task_id, 15, reason="Appel du service des urgences")
    expected = [tasks[3], tasks[0], tasks[1], tasks[2], tasks[4]]
    collected: list[UUID] = []
    after: Place | None = None
    while True:
        with platform.database.read(platform.tenant) as tx:
            page = list_tasks(tx, reader, TaskFilter(), after=after, limit=2)
        collected += [row.task.task_id for row in page.rows]
        if page.next_after is None:
            break
        after = Place.parse(str(page.next_after))
    assert collected == [task.task_id for task in expected]
    with platform.database.read(platform.tenant) as tx:
        following = find_next(tx, reader, except_study=tasks[3].study_uid)
    assert following is not None
    assert following.task.task_id == tasks[0].task_id


def test_views_and_counts(
    platform: Platform, arrived: Callable[..., ReadingTask], reader: Subject, react: Callable[..., int]
) -> None:
    resident = a_user(platform, Role.RESIDENT, password=PASSWORD)
    waiting, claimed, preliminary = arrived(), arrived(), arrived()
    claim(platform, reader, claimed.task_id)
    report = open_draft(platform, resident, preliminary.study_uid)
    report = save_draft(platform, resident, report.report_id, report.version, BODY)
    sign(platform, resident, report.report_id, report.version, PASSWORD, confirmed=CONFIRMED)
    react(FOLLOW_REPORT)
    shown = {view: {row.task.task_id for row in rows(platform, reader, TaskFilter(view=view))} for view in View}
    assert shown[View.TO_READ] == {waiting.task_id, claimed.task_id}
    assert shown[View.MINE] == {claimed.task_id}
    assert shown[View.TO_SIGN] == {preliminary.task_id}
    assert shown[View.URGENT] == shown[View.READ] == set()
    assert len(shown[View.ALL]) == 3
    with platform.database.read(platform.tenant) as tx:
        assert count_tasks(tx, reader) == {View.TO_READ: 2, View.MINE: 1, View.TO_SIGN: 1, View.URGENT: 0}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("eluard", True),
        ("Éluard Zo", True),
        ("ELUARD^ZOE", True),
        ("ACC0001", True),
        ("SYN-0001", True),
        ("luard", False),
        ("%", False),
    ],
)
def test_text_filter(platform: Platform, arrived: Callable[..., ReadingTask], reader: Subject, text: str, found: bool) -> None:
    arrived()
    assert bool(rows(platform, reader, TaskFilter(text=text))) is found


def test_modality_and_date_filters(platform: Platform, arrived: Callable[..., ReadingTask], reader: Subject) -> None:
    arrived()
    with platform.database.read(platform.tenant) as tx:
        day = get_study(tx, rows(platform, reader)[0].task.study_uid).study_date
    assert day is not None
    assert len(rows(platform, reader, TaskFilter(modality="DX", since=day, until=day))) == 1
    assert rows(platform, reader, TaskFilter(modality="CT")) == []
    assert rows(platform, reader, TaskFilter(since=day + timedelta(days=1))) == []
    assert rows(platform, reader, TaskFilter(until=day - timedelta(days=1))) == []


def test_images_after_the_signature_are_flagged_and_the_stored_report_is_none(
    platform: Platform, arrived: Callable[..., ReadingTask], reader: Subject, react: Callable[..., int]
) -> None:
    task = arrived()
    report = open_draft(platform, reader, task.study_uid)
    report = save_draft(platform, reader, report.report_id, report.version, BODY)
    sign(platform, reader, report.report_id, report.version, PASSWORD, confirmed=CONFIRMED)
    react(FOLLOW_REPORT)
    announce(platform, task.study_uid)
    react(REFRESH_URGENCY)
    assert not task_of_study(platform, task.study_uid).new_images_after_final
    store_object(platform, a_dx_image(StudyInstanceUID=task.study_uid))
    announce(platform, task.study_uid)
    react(REFRESH_URGENCY)
    flagged = task_of_study(platform, task.study_uid)
    assert flagged.new_images_after_final
    assert flagged.state is TaskState.FINAL
    assert [row.task.task_id for row in rows(platform, reader, TaskFilter(view=View.MINE))] == [task.task_id]


def test_secretary_sees_no_reading_list_and_claims_nothing(platform: Platform, arrived: Callable[..., ReadingTask]) -> None:
    task, secretary = arrived(), a_user(platform, Role.SECRETARY)
    with pytest.raises(Forbidden):
        rows(platform, secretary)
    with pytest.raises(Forbidden):
        claim(platform, secretary, task.task_id)


def test_unknown_task_is_not_found(platform: Platform, reader: Subject) -> None:
    with pytest.raises(NotFound):
        claim(platform, reader, UUID(int=7))


@pytest.mark.parametrize(
    "key", ["", "1~2", "1~2~yesterday~1.2", "1~2~2026-03-02T10:00:00~1.2", "x~1~2026-03-02T10:00:00+00:00~1"]
)
def test_foreign_page_key_is_refused(key: str) -> None:
    with pytest.raises(InvalidInput):
        Place.parse(key)


def announce(platform: Platform, study_uid: str) -> None:
    """Say that the study changed, as the archive's sweep does."""
    with platform.database.transaction(platform.tenant) as tx:
        publish(tx, "study_updated", subject=study_uid, payload={"study_uid": study_uid})
