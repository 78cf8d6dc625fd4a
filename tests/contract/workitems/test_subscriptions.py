"""Who follows what: the table of subscription states, locks, filters, and reports that arrive in order (PS3.4 CC.2.3, CC.2.4)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from sqlalchemy import text

from negatoscope.access.model import Role
from negatoscope.doors.dimse import workitem_find
from negatoscope.formats.dicom.uids import new_uid
from negatoscope.orders.workitems import searching, store, subscription_store
from negatoscope.orders.workitems.model import Wire as WireKind
from negatoscope.orders.workitems.retention import sweep_workitems
from negatoscope.orders.workitems.searching import site_zone
from negatoscope.orders.workitems.service import create_workitem
from negatoscope.orders.workitems.subscriptions import (
    Receiver,
    announce_restart,
    list_followings,
    remove_subscriber,
    subscribe,
)
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.errors import Forbidden, NotFound
from negatoscope.platform.runtime import Platform
from tests.builders.subjects import a_user
from tests.builders.workitem_wires import FILTERED, GLOBAL, WATCH, DimseWire, WebWire
from tests.builders.workitems import a_code, a_performance, a_progress, a_workitem, as_attributes
from tests.contract.workitems.conftest import Listener

LOCK = "2.25.111"


def a_new_one(wire: DimseWire, **changes: object) -> str:
    uid = new_uid()
    assert wire.create(uid, a_workitem(**changes)) == "0000"
    return uid


def followed(platform: Platform, ae_title: str = "WATCHER") -> dict[str, bool]:
    """Return the deletion lock of each workitem that the subscriber follows."""
    query = text(
        "select s.sop_instance_uid, s.deletion_lock from workitem_subscriptions s"
        " join workitem_subscribers w using (tenant, subscriber_id) where w.ae_title = :ae_title"
    )
    with platform.database.read(platform.tenant) as tx:
        return {row[0]: row[1] for row in tx.execute(query, {"ae_title": ae_title})}


def test_a_subscriber_is_told_each_state_in_order(dimse: DimseWire, listener: Listener, deliver: Callable[[], int]) -> None:
    uid = a_new_one(dimse)
    assert dimse.subscribe(uid, "WATCHER") == "0000"
    assert dimse.change_state(uid, "IN PROGRESS", LOCK) == "0000"
    assert dimse.update(uid, a_progress(), LOCK) == "0000"
    assert dimse.update(uid, a_performance(), LOCK) == "0000"
    assert dimse.change_state(uid, "COMPLETED", LOCK) == "0000"
    deliver()
    assert listener.states(uid) == ["SCHEDULED", "IN PROGRESS", "COMPLETED"]
    assert listener.kinds(uid) == [1, 1, 3, 1]
    progress = listener.reports[2][2]
    assert progress.ProcedureStepProgressInformationSequence[0].ProcedureStepProgress == 50
    assert listener.reports[0][2].InputReadinessState == "READY"
    before = len(listener.reports)
    deliver()
    assert len(listener.reports) == before


def test_readiness_and_assignment_are_told_once_they_change(
    dimse: DimseWire, listener: Listener, deliver: Callable[[], int]
) -> None:
    uid = a_new_one(dimse, InputReadinessState="INCOMPLETE")
    dimse.subscribe(uid, "WATCHER")
    changes = Dataset()
    changes.InputReadinessState = "READY"
    changes.ScheduledStationNameCodeSequence = Sequence([a_code("AI1", "L", "Reader")])
    dimse.update(uid, changes)
    dimse.update(uid, changes)
    deliver()
    assert listener.kinds(uid) == [1, 1, 5]
    assert listener.reports[2][2].ScheduledStationNameCodeSequence[0].CodeValue == "AI1"


def test_a_request_to_cancel_reaches_who_performs(dimse: DimseWire, listener: Listener, deliver: Callable[[], int]) -> None:
    uid = a_new_one(dimse)
    dimse.subscribe(uid, "WATCHER")
    dimse.change_state(uid, "IN PROGRESS", LOCK)
    request = Dataset()
    request.ReasonForCancellation, request.ContactDisplayName = "Patient left", "Desk"
    assert dimse.request_cancel(uid, request) == "0000"
    assert dimse.get(uid)[1]["00741000"]["Value"] == ["IN PROGRESS"]
    deliver()
    about, kind, told = listener.reports[-1]
    assert (about, kind, str(told.RequestingAE)) == (uid, 2, "AI1")
    assert (told.ReasonForCancellation, told.ContactDisplayName) == ("Patient left", "Desk")


def test_a_scheduled_one_is_canceled_through_in_progress(
    dimse: DimseWire, listener: Listener, deliver: Callable[[], int]
) -> None:
    uid = a_new_one(dimse)
    dimse.subscribe(uid, "WATCHER")
    assert dimse.request_cancel(uid) == "0000"
    deliver()
    assert listener.states(uid) == ["SCHEDULED", "IN PROGRESS", "CANCELED"]
    canceled = listener.reports[-1][2]
    assert canceled.ProcedureStepDiscontinuationReasonCodeSequence[0].CodeValue == "110513"


@pytest.mark.parametrize(("deletion_lock", "initial"), [(True, ["SCHEDULED"]), (False, [])])
def test_a_global_subscription_follows_what_is_and_what_comes(
    platform: Platform,
    dimse: DimseWire,
    listener: Listener,
    deliver: Callable[[], int],
    deletion_lock: bool,
    initial: list[str],
) -> None:
    old, mine = a_new_one(dimse), a_new_one(dimse)
    dimse.subscribe(mine, "WATCHER", deletion_lock=not deletion_lock)
    assert dimse.subscribe(GLOBAL, "WATCHER", deletion_lock=deletion_lock) == "0000"
    new = a_new_one(dimse, ScheduledStationNameCodeSequence=Sequence([a_code("AI1", "L", "Reader")]))
    deliver()
    assert followed(platform) == {old: deletion_lock, new: deletion_lock, mine: not deletion_lock}
    assert listener.states(old) == initial
    assert listener.kinds(new) == [1, 5]
    assert dimse.unsubscribe(GLOBAL, "WATCHER", action=5) == "0000"
    assert set(followed(platform)) == {old, new, mine}
    later = a_new_one(dimse)
    assert later not in followed(platform)
    assert dimse.unsubscribe(GLOBAL, "WATCHER") == "0000"
    assert followed(platform) == {}


def test_one_subscription_takes_the_lock_it_asks_for(platform: Platform, dimse: DimseWire, listener: Listener) -> None:
    uid = a_new_one(dimse)
    for deletion_lock in (True, False, True):
        assert dimse.subscribe(uid, "WATCHER", deletion_lock=deletion_lock) == "0000"
        assert followed(platform) == {uid: deletion_lock}
    assert dimse.unsubscribe(uid, "WATCHER") == "0000"
    assert dimse.unsubscribe(uid, "WATCHER") == "0000"
    assert followed(platform) == {}


def test_a_filtered_subscription_follows_what_matches(
    platform: Platform, dimse: DimseWire, listener: Listener, deliver: Callable[[], int]
) -> None:
    ours, other = a_new_one(dimse, WorklistLabel="AI"), a_new_one(dimse, WorklistLabel="DESK")
    assert dimse.subscribe(FILTERED, "WATCHER", WorklistLabel="A*") == "0000"
    assert set(followed(platform)) == {ours}
    new = a_new_one(dimse, WorklistLabel="AI")
    assert a_new_one(dimse, WorklistLabel="DESK") not in followed(platform)
    assert set(followed(platform)) == {ours, new}
    deliver()
    assert listener.states(new) == ["SCHEDULED"]
    assert listener.states(other) == []
    assert dimse.subscribe(FILTERED, "WATCHER") == "0120"


def test_what_a_subscription_may_not_be(dimse: DimseWire, listener: Listener) -> None:
    uid = a_new_one(dimse)
    assert dimse.subscribe(uid, "STRANGER") == "C308"
    assert dimse.subscribe(new_uid(), "WATCHER") == "C307"
    assert dimse.unsubscribe(new_uid(), "WATCHER") == "C307"
    assert dimse.unsubscribe(uid, "WATCHER", action=5) == "C314"
    assert dimse.act(uid, 6, None, WATCH) == "0123"
    assert dimse.act(uid, 1, None, WATCH) == "0123"
    incomplete = Dataset()
    incomplete.ReceivingAE = "WATCHER"
    assert dimse.act(uid, 3, incomplete, WATCH) == "0120"
    incomplete.DeletionLock = "PERHAPS"
    assert dimse.act(uid, 3, incomplete, WATCH) == "0106"


def test_a_lock_beyond_the_limit_is_not_granted(platform: Platform, dimse: DimseWire, listener: Listener) -> None:
    uid = a_new_one(dimse)
    receiver = Receiver(ae_title="WATCHER", wire=WireKind.DIMSE)
    person = a_user(platform, Role.RADIOLOGIST)
    zone = site_zone(platform.settings.time_zone)
    notice = subscribe(platform, person, uid, receiver, deletion_lock=True, zone=zone, most_locks=0)
    assert notice is not None
    assert notice.value == "deletion_lock_not_granted"
    assert followed(platform) == {uid: False}


def test_reports_wait_for_a_device_that_does_not_listen(
    platform: Platform, dimse: DimseWire, listener: Listener, deliver: Callable[[], int]
) -> None:
    uid = a_new_one(dimse)
    dimse.subscribe(uid, "WATCHER")
    dimse.change_state(uid, "IN PROGRESS", LOCK)
    with platform.database.transaction(platform.tenant) as tx:
        port = tx.execute(text("select port from devices where ae_title = 'WATCHER'")).scalar_one()
        tx.execute(text("update devices set port = 1 where ae_title = 'WATCHER'"))
    deliver()
    assert listener.reports == []
    with platform.database.transaction(platform.tenant) as tx:
        tx.execute(text("update devices set port = :port where ae_title = 'WATCHER'"), {"port": port})
    assert deliver() > 0
    assert listener.states(uid) == ["SCHEDULED", "IN PROGRESS"]


def test_a_report_that_the_device_refuses_is_not_sent_for_ever(
    dimse: DimseWire, listener: Listener, deliver: Callable[[], int]
) -> None:
    uid = a_new_one(dimse)
    dimse.subscribe(uid, "WATCHER")
    listener.status = 0x0110
    deliver()
    listener.status = 0x0000
    dimse.change_state(uid, "IN PROGRESS", LOCK)
    deliver()
    assert listener.states(uid) == ["SCHEDULED", "IN PROGRESS"]


def test_a_restart_is_told_to_subscribers_and_to_whoever_may_watch(
    platform: Platform, clock: TurnedClock, listener: Listener, deliver: Callable[[], int]
) -> None:
    announce_restart(platform.database, platform.tenant, at=clock.now())
    deliver()
    ((about, kind, told),) = listener.reports
    assert (about, kind) == (GLOBAL, 4)
    assert (told.SCPStatus, told.SubscriptionListStatus, told.UnifiedProcedureStepListStatus) == (
        "RESTARTED",
        "WARM START",
        "WARM START",
    )


def test_what_ended_long_ago_is_given_out_while_a_lock_holds_it(
    platform: Platform, clock: TurnedClock, dimse: DimseWire, web: WebWire, listener: Listener
) -> None:
    free, held = a_new_one(dimse), a_new_one(dimse)
    dimse.subscribe(free, "WATCHER")
    dimse.subscribe(held, "WATCHER", deletion_lock=True)
    for uid in (free, held):
        dimse.request_cancel(uid)
    clock.turn(timedelta(days=31))
    sweep_workitems(platform)
    assert (dimse.get(free)[0], dimse.get(held)[0]) == ("C307", "0000")
    assert (web.get(free)[0], web.get(held)[0]) == ("410", "200")
    assert [match["00080018"]["Value"] for match in dimse.find({"SOPInstanceUID": ""})] == [[held]]
    assert dimse.create(free, a_workitem()) == "0111"
    dimse.unsubscribe(held, "WATCHER")
    sweep_workitems(platform)
    assert dimse.get(held)[0] == "C307"


def test_reports_nobody_comes_for_are_forgotten(
    platform: Platform, clock: TurnedClock, dimse: DimseWire, listener: Listener, deliver: Callable[[], int]
) -> None:
    dimse.subscribe(a_new_one(dimse), "WATCHER")
    clock.turn(timedelta(days=8))
    sweep_workitems(platform)
    deliver()
    assert listener.reports == []


def test_an_administrator_sees_and_removes_subscribers(platform: Platform, dimse: DimseWire, listener: Listener) -> None:
    dimse.subscribe(a_new_one(dimse), "WATCHER", deletion_lock=True)
    administrator, radiologist = a_user(platform, Role.ADMINISTRATOR), a_user(platform, Role.RADIOLOGIST)
    with platform.database.read(platform.tenant) as tx:
        (following,) = list_followings(tx, administrator)
        with pytest.raises(Forbidden):
            list_followings(tx, radiologist)
    assert (following.subscriber.ae_title, following.subscriptions, following.locks, following.waiting) == ("WATCHER", 1, 1, 1)
    remove_subscriber(platform, administrator, following.subscriber.subscriber_id)
    assert followed(platform) == {}
    with pytest.raises(NotFound):
        remove_subscriber(platform, administrator, following.subscriber.subscriber_id)


def test_another_part_may_add_a_workitem_in_its_own_transaction(
    platform: Platform, dimse: DimseWire, listener: Listener, deliver: Callable[[], int], clock: TurnedClock
) -> None:
    dimse.subscribe(GLOBAL, "WATCHER")
    person, uid = a_user(platform, Role.RADIOLOGIST), new_uid()
    kept, dropped = as_attributes(a_workitem()), new_uid()
    with platform.database.transaction(platform.tenant) as tx:
        create_workitem(tx, person, uid, kept, at=clock.now(), time_zone="Europe/Paris")
    with suppress(ZeroDivisionError), platform.database.transaction(platform.tenant) as tx:
        create_workitem(tx, person, dropped, kept, at=clock.now(), time_zone="Europe/Paris")
        raise ZeroDivisionError
    deliver()
    assert listener.states(uid) == ["SCHEDULED"]
    assert listener.states(dropped) == []


def test_a_search_looks_at_no_more_than_it_may(
    monkeypatch: pytest.MonkeyPatch, dimse: DimseWire, web: WebWire, listener: Listener
) -> None:
    monkeypatch.setattr(searching, "MOST_MISSES", 2)
    uids = [a_new_one(dimse) for _ in range(3)]
    broad = {"StudyInstanceUID": "2.25.404"}
    assert web.client.get("/workitems", params=broad).status_code == 413
    assert "narrow" in web.client.get("/workitems", params=broad).headers["Warning"]
    assert web.client.get("/workitems", params={"offset": "3"}).status_code == 413
    assert web.client.get("/workitems", params=broad | {"SOPInstanceUID": uids[0]}).status_code == 204


def test_pages_and_batches_lose_nothing_and_repeat_nothing(
    monkeypatch: pytest.MonkeyPatch, platform: Platform, dimse: DimseWire, listener: Listener
) -> None:
    for module, name in ((workitem_find, "PAGE"), (store, "PAGE"), (subscription_store, "BATCH")):
        monkeypatch.setattr(module, name, 2)
    uids = {a_new_one(dimse) for _ in range(5)}
    found = [match["00080018"]["Value"][0] for match in dimse.find({"SOPInstanceUID": ""})]
    assert (len(found), set(found)) == (5, uids)
    dimse.subscribe(GLOBAL, "WATCHER")
    assert set(followed(platform)) == uids
