"""Keep each waiting study in its place: read what urgency depends on, score, write what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from negatoscope.ai.model import FindingState
from negatoscope.ai.results import StudyResult, results_of_studies
from negatoscope.orders.lookup import procedures_for_studies
from negatoscope.orders.model import Origin, Priority, RequestedProcedure
from negatoscope.platform.events import Event, publish
from negatoscope.platform.reactions import Reaction
from negatoscope.platform.runtime import Platform
from negatoscope.reading import store
from negatoscope.reading.model import (
    OPEN_STATES,
    READ_STATES,
    ReadingTask,
    TaskEvent,
    next_state,
)
from negatoscope.reading.urgency import AiOutcome, AiSignal, Band, Urgency, UrgencyInputs, score

PIECE = 500

_OUTCOMES: Mapping[str, AiOutcome] = {
    "none": AiOutcome.NONE,
    "no_model": AiOutcome.NO_MODEL,
    "waiting": AiOutcome.PENDING,
    "running": AiOutcome.PENDING,
    "failed": AiOutcome.FAILED,
    "refused": AiOutcome.REFUSED,
    "done": AiOutcome.SUCCEEDED,
}


def score_tasks(tx: Connection, tasks: Sequence[ReadingTask], now: datetime) -> dict[str, Urgency]:
    """Return the urgency of each task by study, in a few queries whatever their number."""
    study_uids = [task.study_uid for task in tasks]
    procedures = procedures_for_studies(tx, study_uids)
    results = results_of_studies(tx, study_uids)
    return {
        task.study_uid: score(_inputs(task, procedures.get(task.study_uid), results.get(task.study_uid)), now) for task in tasks
    }


def refresh_study(platform: Platform, tx: Connection, study_uid: str) -> bool:
    """Score one study again; tell the lists when its place changed."""
    task = store.find_task_of_study(tx, study_uid, lock=True)
    if task is None or task.state not in OPEN_STATES:
        return False
    urgency = score_tasks(tx, [task], platform.clock.now())[study_uid]
    if urgency == task.urgency:
        return False
    store.update_places(tx, [(task.task_id, urgency)])
    tell(tx, task)
    return True


def refresh_all(platform: Platform) -> int:
    """Score every waiting study again and free the claims whose lease ended; return how many places changed.

    Called each minute. It goes over the open tasks alone, in pieces, so its cost follows the backlog and not the archive.
    """
    _free_expired(platform)
    changed, after = 0, ""
    while True:
        with platform.database.transaction(platform.tenant) as tx:
            tasks = store.list_open_tasks(tx, after=after, limit=PIECE)
            if not tasks:
                break
            urgencies = score_tasks(tx, tasks, platform.clock.now())
            moved = [(task.task_id, urgencies[task.study_uid]) for task in tasks if urgencies[task.study_uid] != task.urgency]
            store.update_places(tx, moved)
            changed += len(moved)
            after = tasks[-1].study_uid
    if changed:
        with platform.database.transaction(platform.tenant) as tx:
            publish(tx, "reading_list_rescored", subject="reading_list", payload={"count": changed})
    return changed


def _on_event(platform: Platform, tx: Connection, event: Event) -> None:
    refresh_study(platform, tx, event.subject)
    _flag_new_images(tx, event.subject)


REFRESH_URGENCY = Reaction(
    name="refresh_urgency",
    kinds=frozenset({
        "study_matched", "study_updated", "study_stable", "ai_run_requested", "ai_run_finished", "ai_finding_judged",
    }),
    handle=_on_event,
)  # fmt: skip


def read_place(at: datetime) -> Urgency:
    """Return the place of a study that was read: below all that waits, the latest first."""
    return Urgency(components=(), total=0, band=Band.READ, rank=at.timestamp())


def tell(tx: Connection, task: ReadingTask) -> None:
    """Tell the open lists that a task changed."""
    publish(
        tx,
        "reading_task_changed",
        subject=task.study_uid,
        payload={"study_uid": task.study_uid, "task_id": str(task.task_id)},
    )


def _flag_new_images(tx: Connection, study_uid: str) -> None:
    """Mark a study that got images after it was signed; it goes to the top of its author's own list, unsigned by nobody."""
    task = store.find_task_of_study(tx, study_uid, lock=True)
    if task is None or task.state not in READ_STATES or task.new_images_after_final:
        return
    count = store.count_images(tx, study_uid)
    if count <= task.image_count:
        return
    to = next_state(task.state, TaskEvent.NEW_IMAGES).to
    store.update_task(tx, replace(task, state=to, new_images_after_final=True, image_count=count))
    tell(tx, task)


def _free_expired(platform: Platform) -> None:
    with platform.database.transaction(platform.tenant) as tx:
        for task in store.list_expired(tx, platform.clock.now()):
            to = next_state(task.state, TaskEvent.LEASE_EXPIRED).to
            store.update_task(tx, replace(task, state=to, owner_id=None, owner_name="", lease_until=None))
            tell(tx, task)


def _inputs(task: ReadingTask, procedure: RequestedProcedure | None, result: StudyResult | None) -> UrgencyInputs:
    return UrgencyInputs(
        available_at=task.available_at,
        priority=procedure.priority if procedure is not None else Priority.ROUTINE,
        origin=procedure.origin if procedure is not None else Origin.OUTPATIENT,
        ai=_signal(result),
        manual_points=task.manual_points,
        manual_reason=task.manual_reason,
    )


def _outcome(result: StudyResult) -> AiOutcome:
    """Say why nothing counts; "nothing reported" only where nothing was."""
    if result.status != "done" or not result.findings:
        return _OUTCOMES[result.status]
    stands = any(finding.status is not FindingState.REJECTED for finding in result.findings)
    return AiOutcome.NOT_CRITICAL if stands else AiOutcome.SET_ASIDE


def _signal(result: StudyResult | None) -> AiSignal:
    if result is None:
        return AiSignal()
    strongest = result.strongest
    if strongest is None:
        return AiSignal(outcome=_outcome(result))
    return AiSignal(
        outcome=AiOutcome.SUCCEEDED,
        label=strongest.label,
        probability=strongest.probability,
        counts=True,
    )
