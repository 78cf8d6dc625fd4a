"""The reading list at work: open a task, claim, release, take over, hold, resume, raise by hand, follow the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import Connection

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Subject
from negatoscope.archive.prefetch.marks import is_fetched
from negatoscope.archive.studies import get_study
from negatoscope.audit.trail import record
from negatoscope.platform.errors import Conflict, Forbidden, InvalidInput
from negatoscope.platform.events import Event
from negatoscope.platform.reactions import Reaction
from negatoscope.platform.runtime import Platform
from negatoscope.reading import store
from negatoscope.reading.model import (
    LEASE,
    READ_STATES,
    ReadingTask,
    TaskEvent,
    TaskState,
    next_state,
)
from negatoscope.reading.refresh import read_place, refresh_study, score_tasks, tell
from negatoscope.reading.urgency import MANUAL_LIMIT
from negatoscope.reporting.drafts import hand_over

LEAST_REASON = 10
LONGEST_REASON = 200


def open_task(platform: Platform, tx: Connection, event: Event) -> None:
    """Put a study that arrived on the list. A second announcement changes nothing; a prior from elsewhere was read there."""
    study_uid = event.subject
    if store.find_task_of_study(tx, study_uid) is not None or is_fetched(tx, study_uid):
        return
    now = platform.clock.now()
    study = get_study(tx, study_uid)
    task = ReadingTask(
        task_id=uuid4(),
        study_uid=study_uid,
        state=TaskState.UNASSIGNED,
        owner_id=None,
        owner_name="",
        lease_until=None,
        available_at=study.received_at,
        urgency=read_place(now),
        manual_points=0,
        manual_reason="",
        hold_reason="",
        image_count=store.count_images(tx, study_uid),
        new_images_after_final=False,
        version=1,
    )
    scored = replace(task, urgency=score_tasks(tx, [task], now)[study_uid])
    if store.insert_task(tx, scored):
        tell(tx, scored)


OPEN_TASK = Reaction(name="open_reading_task", kinds=frozenset({"study_arrived"}), handle=open_task)


def claim(platform: Platform, subject: Subject, task_id: UUID) -> ReadingTask:
    """Take a study to read it, for twenty minutes at a time; the owner who claims again renews.

    A task that somebody else has is a Conflict: release and take-over are the two ways to it.
    """
    with platform.database.transaction(platform.tenant) as tx:
        task = _locked(tx, subject, task_id, Action.CLAIM_READING)
        now = platform.clock.now()
        if task.state is TaskState.CLAIMED and not task.is_leased(now):
            to = next_state(task.state, TaskEvent.LEASE_EXPIRED).to
            task = store.update_task(tx, replace(task, state=to, owner_id=None, owner_name="", lease_until=None))
        if task.owner_id is not None and task.owner_id != subject.user_id and task.is_leased(now):
            raise Conflict("Somebody else has this study.", reason="claimed_by_another")
        event = {TaskState.CLAIMED: TaskEvent.RENEW, TaskState.ON_HOLD: TaskEvent.RESUME}.get(task.state, TaskEvent.CLAIM)
        claimed = _move(tx, task, event, owner=subject, lease_until=now + LEASE, hold_reason="")
        if event is not TaskEvent.RENEW:
            hand_over(tx, task.study_uid, to_id=_person(subject), to_name=subject.display_name)
            _record(tx, subject, task, Action.CLAIM_READING)
    return claimed


def release(platform: Platform, subject: Subject, task_id: UUID) -> ReadingTask:
    """Give a claimed study back to the list."""
    with platform.database.transaction(platform.tenant) as tx:
        task = _locked(tx, subject, task_id, Action.CLAIM_READING)
        _check_owner(task, subject)
        released = _move(tx, task, TaskEvent.RELEASE, owner=None, lease_until=None)
        _record(tx, subject, task, Action.CLAIM_READING, reason="released")
    return released


def take_over(platform: Platform, subject: Subject, task_id: UUID, *, reason: str) -> ReadingTask:
    """Take a study, and the draft of its report, from the colleague who has it; the reason is kept in the trail."""
    with platform.database.transaction(platform.tenant) as tx:
        task = _locked(tx, subject, task_id, Action.TAKE_OVER_CLAIM, reason=reason)
        if task.owner_id == subject.user_id:
            raise Conflict("You have this study already.", reason="owned_already")
        lease = platform.clock.now() + LEASE if task.state is TaskState.CLAIMED else task.lease_until
        taken = _move(tx, task, TaskEvent.TAKE_OVER, owner=subject, lease_until=lease)
        hand_over(tx, task.study_uid, to_id=_person(subject), to_name=subject.display_name)
        _record(tx, subject, task, Action.TAKE_OVER_CLAIM, reason=_reason(reason))
    return taken


def hold(platform: Platform, subject: Subject, task_id: UUID, *, reason: str) -> ReadingTask:
    """Put a study aside, with the reason on the list, until somebody claims it again."""
    with platform.database.transaction(platform.tenant) as tx:
        task = _locked(tx, subject, task_id, Action.CLAIM_READING)
        if task.state is not TaskState.UNASSIGNED:
            _check_owner(task, subject)
        held = _move(tx, task, TaskEvent.HOLD, owner=None, lease_until=None, hold_reason=_reason(reason))
        _record(tx, subject, task, Action.CLAIM_READING, reason=_reason(reason))
    return held


def adjust_urgency(platform: Platform, subject: Subject, task_id: UUID, points: int, *, reason: str) -> ReadingTask:
    """Move a study up or down by hand, at most fifteen points, with a reason that the list shows."""
    if abs(points) > MANUAL_LIMIT:
        raise InvalidInput("A study is moved by fifteen points at most.", field="points")
    with platform.database.transaction(platform.tenant) as tx:
        task = _locked(tx, subject, task_id, Action.CLAIM_READING)
        if task.state in READ_STATES:
            raise Conflict("The study is read.", reason="read_already")
        adjusted = store.update_task(tx, replace(task, manual_points=points, manual_reason=_reason(reason)))
        refresh_study(platform, tx, task.study_uid)
        _record(tx, subject, task, Action.CLAIM_READING, reason=_reason(reason))
        adjusted = store.get_task(tx, adjusted.task_id)
    return adjusted


_REPORT_EVENTS: Mapping[tuple[str, str], TaskEvent] = {
    ("report_draft_saved", ""): TaskEvent.DRAFT_SAVED,
    ("report_addendum_saved", ""): TaskEvent.ADDENDUM_SAVED,
    ("report_signed", "preliminary"): TaskEvent.SIGNED_PRELIMINARY,
    ("report_signed", "final"): TaskEvent.SIGNED_FINAL,
    ("report_signed", "addendum"): TaskEvent.ADDENDUM_SIGNED,
    ("report_addendum_withdrawn", "final"): TaskEvent.FIRST_ADDENDUM_WITHDRAWN,
    ("report_addendum_withdrawn", "addended"): TaskEvent.LATER_ADDENDUM_WITHDRAWN,
}


def follow_report(platform: Platform, tx: Connection, event: Event) -> None:
    """Move the task as its report moved. Events of one study come in the order of their commits, each once."""
    task = store.find_task_of_study(tx, event.subject, lock=True)
    if task is None:
        open_task(platform, tx, event)
        task = store.find_task_of_study(tx, event.subject, lock=True)
    caused = _REPORT_EVENTS.get((event.kind, str(event.payload.get("status", ""))))
    if task is None or caused is None:
        return
    to = next_state(task.state, caused).to
    author = UUID(str(event.payload["author_id"]))
    changed = replace(
        task,
        state=to,
        owner_id=author,
        owner_name=str(event.payload["author_name"]),
        lease_until=None,
        hold_reason="",
    )
    if to in READ_STATES and task.state not in READ_STATES:
        changed = replace(changed, urgency=read_place(event.at), image_count=store.count_images(tx, event.subject))
    if caused is TaskEvent.ADDENDUM_SIGNED:
        changed = replace(changed, new_images_after_final=False)
    store.update_task(tx, changed)
    tell(tx, task)


FOLLOW_REPORT = Reaction(
    name="follow_report",
    kinds=frozenset({"report_draft_saved", "report_addendum_saved", "report_addendum_withdrawn", "report_signed"}),
    handle=follow_report,
)


def _locked(tx: Connection, subject: Subject, task_id: UUID, action: Action, *, reason: str | None = None) -> ReadingTask:
    task = store.get_task(tx, task_id, lock=True)
    study = get_study(tx, task.study_uid)
    authorise(tx, subject, action, patient_id=study.patient_id, study_uid=task.study_uid, reason=reason)
    return task


def _move(
    tx: Connection,
    task: ReadingTask,
    event: TaskEvent,
    *,
    owner: Subject | None,
    lease_until: datetime | None,
    hold_reason: str | None = None,
) -> ReadingTask:
    to = next_state(task.state, event).to
    moved = store.update_task(
        tx,
        replace(
            task,
            state=to,
            owner_id=owner.user_id if owner is not None else None,
            owner_name=owner.display_name if owner is not None else "",
            lease_until=lease_until,
            hold_reason=task.hold_reason if hold_reason is None else hold_reason,
        ),
    )
    tell(tx, moved)
    return moved


def _check_owner(task: ReadingTask, subject: Subject) -> None:
    if task.owner_id != subject.user_id:
        raise Conflict("Somebody else has this study.", reason="claimed_by_another")


def _person(subject: Subject) -> UUID:
    if subject.user_id is None:
        raise Forbidden("Only a person reads studies.", reason="not_a_person")
    return subject.user_id


def _reason(text: str) -> str:
    cleaned = " ".join(text.split())
    if not LEAST_REASON <= len(cleaned) <= LONGEST_REASON:
        raise InvalidInput("State a reason of 10 to 200 characters.", reason="reason_length", field="reason")
    return cleaned


def _record(tx: Connection, subject: Subject, task: ReadingTask, action: Action, *, reason: str | None = None) -> None:
    study = get_study(tx, task.study_uid)
    record(
        tx,
        subject.actor,
        action,
        patient_id=study.patient_id,
        study_uid=task.study_uid,
        objects={"reading_task": str(task.task_id)},
        reason=reason,
    )
