"""Whatever is asked in whatever order, by however many: one holds the lock, and nothing leaves a final state."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from negatoscope.access.model import Role, Subject
from negatoscope.formats.dicom.uids import new_uid
from negatoscope.orders.workitems import service
from negatoscope.orders.workitems.model import FINAL_STATES, WorkitemState, lock_of
from negatoscope.platform.errors import NegatoscopeError
from negatoscope.platform.runtime import Platform
from tests.builders.subjects import a_user
from tests.builders.workitems import a_performance, a_progress, a_workitem, as_attributes

LOCKS = ("2.25.1", "2.25.2", "")
ACTS = ("IN PROGRESS", "COMPLETED", "CANCELED", "SCHEDULED", "progress", "performance", "request cancel", "create")


def perform(platform: Platform, subject: Subject, uid: str, act: str, transaction_uid: str) -> bool:
    """Ask for one thing; tell whether it was done."""
    try:
        match act:
            case "create":
                service.create(platform, subject, uid, as_attributes(a_workitem()))
            case "progress":
                service.update(platform, subject, uid, as_attributes(a_progress()), transaction_uid)
            case "performance":
                service.update(platform, subject, uid, as_attributes(a_performance()), transaction_uid)
            case "request cancel":
                return service.request_cancel(platform, subject, uid, {}).notice is None
            case state:
                return service.change_state(platform, subject, uid, state, transaction_uid).notice is None
    except NegatoscopeError:
        return False
    return True


def row(platform: Platform, uid: str) -> tuple[WorkitemState, bytes | None, str, int]:
    query = text("select state, lock_sha256, attributes, version from workitems where sop_instance_uid = :uid")
    with platform.database.read(platform.tenant) as tx:
        found = tx.execute(query, {"uid": uid}).one()
    return WorkitemState(found[0]), found[1], found[2]["00741000"]["Value"][0], found[3]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(ACTS), st.sampled_from(LOCKS)), min_size=1, max_size=12))
def test_any_sequence_of_requests_keeps_the_invariants(platform: Platform, acts: list[tuple[str, str]]) -> None:
    subject = subject_of(platform)
    uid = new_uid()
    service.create(platform, subject, uid, as_attributes(a_workitem()))
    holder: str | None = None
    for act, transaction_uid in acts:
        before = row(platform, uid)
        is_done = perform(platform, subject, uid, act, transaction_uid)
        after = row(platform, uid)
        assert act != "create" or not is_done
        if not is_done:
            assert after == before
        if before[0] in FINAL_STATES:
            assert after == before
        if is_done and act == "IN PROGRESS":
            assert (before[0], holder) == (WorkitemState.SCHEDULED, None)
            holder = transaction_uid
        elif is_done and act in {"COMPLETED", "CANCELED"}:
            assert transaction_uid == holder
        elif is_done and act in {"progress", "performance"}:
            assert transaction_uid == (holder or "")
        if holder is not None:
            assert after[1] == lock_of(holder)
        assert after[2] == after[0].value


SUBJECTS: dict[str, Subject] = {}


def subject_of(platform: Platform) -> Subject:
    """Return one person of the tenant, made once for all examples."""
    return SUBJECTS.setdefault(str(platform.tenant), a_user(platform, Role.RADIOLOGIST))


def at_once(work: list[Callable[[], bool]]) -> list[bool]:
    """Do everything at the same moment."""
    barrier = threading.Barrier(len(work))

    def start(one: Callable[[], bool]) -> bool:
        barrier.wait()
        return one()

    with ThreadPoolExecutor(max_workers=len(work)) as threads:
        return list(threads.map(start, work))


def test_one_of_many_who_claim_at_once_holds_the_lock(platform: Platform) -> None:
    subject = subject_of(platform)
    uid = new_uid()
    service.create(platform, subject, uid, as_attributes(a_workitem()))
    locks = [f"2.25.{place}" for place in range(1, 9)]

    def claim(transaction_uid: str) -> Callable[[], bool]:
        return lambda: perform(platform, subject, uid, "IN PROGRESS", transaction_uid)

    won = at_once([claim(transaction_uid) for transaction_uid in locks])
    assert won.count(True) == 1
    assert row(platform, uid)[:2] == (WorkitemState.IN_PROGRESS, lock_of(locks[won.index(True)]))


def test_one_of_many_who_create_at_once_is_believed(platform: Platform) -> None:
    subject, uid = subject_of(platform), new_uid()
    made = at_once([lambda: perform(platform, subject, uid, "create", "")] * 6)
    assert made.count(True) == 1


@pytest.mark.parametrize(
    "change",
    [
        "state = 'SCHEDULED'",
        "lock_sha256 = null",
        "state = 'COMPLETED'",
        "state = 'ELSEWHERE'",
        "retired_at = now()",
    ],
)
def test_the_database_itself_refuses_what_cannot_be(platform: Platform, change: str) -> None:
    subject, uid = subject_of(platform), new_uid()
    service.create(platform, subject, uid, as_attributes(a_workitem()))
    perform(platform, subject, uid, "IN PROGRESS", "2.25.1")
    with pytest.raises(IntegrityError), platform.database.transaction(platform.tenant) as tx:
        tx.execute(text(f"update workitems set {change} where sop_instance_uid = :uid"), {"uid": uid})
