"""When a receiver is away, refuses or breaks off: later and later, then a person; nothing is lost and nothing sent twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from negatoscope.access.model import Role, Subject
from negatoscope.app.wiring import CARRIERS
from negatoscope.archive.routing import transfers
from negatoscope.archive.routing.choosing import CONSIDER, ROUTE
from negatoscope.archive.routing.consignments import Consignment, Note
from negatoscope.archive.routing.model import Tally, TransferState
from negatoscope.archive.routing.sending import bring
from negatoscope.archive.routing.transfers import dismiss_transfer, retry_transfer
from negatoscope.archive.studies import find_instance
from negatoscope.audit.reading import EntryFilter, search_entries
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.errors import Forbidden, InvalidInput, InvalidTransition, StaleVersion
from negatoscope.platform.runtime import Platform
from tests.builders.archive import store_data_set
from tests.builders.dicom import a_dx_image
from tests.builders.routing import Receiver, a_device, a_rule, some_content
from tests.builders.subjects import a_user
from tests.contract.routing.test_routing import another

Settle = Callable[[], int]
Route = Callable[[], int]


@pytest.fixture
def operator(platform: Platform) -> Subject:
    return a_user(platform, Role.ADMINISTRATOR)


def the_transfer(platform: Platform, operator: Subject) -> transfers.TransferDetail:
    with platform.database.read(platform.tenant) as tx:
        (found,) = transfers.list_transfers(tx, operator).transfers
        return transfers.get_transfer(tx, operator, found.transfer_id)


def test_a_receiver_that_is_away_is_tried_later_and_later_then_a_person_decides(
    platform: Platform, clock: TurnedClock, receiver: Receiver, settle: Settle, route: Route, operator: Subject
) -> None:
    receiver.stop()
    a_rule(platform, some_content(a_device(platform, "VIEWER", receiver.port), most_attempts=3))
    store_data_set(platform, a_dx_image())
    settle()
    waits = []
    for _ in range(3):
        assert route() == 1
        at = the_transfer(platform, operator).transfer.next_attempt_at
        waits.append(at - clock.now() if at is not None else None)
    assert waits == [timedelta(seconds=5), timedelta(seconds=10), None]
    parked = the_transfer(platform, operator).transfer
    assert (parked.state, parked.attempts, parked.last_reason) == (TransferState.PARKED, 3, "destination_unreachable")
    assert route() == 0
    receiver.start()
    retry_transfer(platform, operator, parked.transfer_id, version=parked.version)
    assert route() == 1
    assert the_transfer(platform, operator).transfer.state is TransferState.SENT
    assert len(receiver.received) == 1
    with platform.database.read(platform.tenant) as tx:
        found = search_entries(tx, EntryFilter(study_uid=parked.study_uid), limit=50)
    assert {"transfer_parked", "transfer_retried", "images_sent"} <= {one.entry.action for one in found.entries}


def test_refused_objects_are_named_and_alone_tried_again(
    platform: Platform, receiver: Receiver, settle: Settle, route: Route, operator: Subject
) -> None:
    a_rule(platform, some_content(a_device(platform, "VIEWER", receiver.port)))
    first = a_dx_image()
    second = another(first)
    for image in (first, second):
        store_data_set(platform, image)
    receiver.refused[str(first.SOPInstanceUID)] = 0xA700
    settle()
    route()
    detail = the_transfer(platform, operator)
    assert detail.failures == ((str(first.SOPInstanceUID), "status_A700"),)
    assert (detail.tally, detail.transfer.last_reason) == (Tally(sent=1, failed=1), "some_objects_refused")
    receiver.refused.clear()
    route()
    assert sorted(receiver.uids) == sorted([str(first.SOPInstanceUID), str(second.SOPInstanceUID)])
    assert the_transfer(platform, operator).tally == Tally(sent=2)


def test_a_damaged_object_is_named_and_does_not_keep_the_others_back(
    platform: Platform, receiver: Receiver, settle: Settle, route: Route, operator: Subject
) -> None:
    a_rule(platform, some_content(a_device(platform, "VIEWER", receiver.port)))
    first = a_dx_image()
    second = another(first)
    for image in (first, second):
        store_data_set(platform, image)
    with platform.database.read(platform.tenant) as tx:
        damaged = find_instance(tx, str(first.SOPInstanceUID))
    assert damaged is not None
    (file,) = [
        path
        for path in platform.settings.data.rglob("*")
        if path.is_file() and damaged.blob.key.rpartition("/")[2] in path.name
    ]
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.chmod(0o600)
    file.write_bytes(content)
    settle()
    route()
    assert receiver.uids == [str(second.SOPInstanceUID)]
    detail = the_transfer(platform, operator)
    assert [uid for uid, _ in detail.failures] == [str(first.SOPInstanceUID)]


def test_the_same_job_twice_sends_once(
    platform: Platform, receiver: Receiver, settle: Settle, route: Route, operator: Subject
) -> None:
    a_rule(platform, some_content(a_device(platform, "VIEWER", receiver.port)))
    store_data_set(platform, a_dx_image())
    settle()
    route()
    transfer = the_transfer(platform, operator).transfer
    bring(platform, CARRIERS, transfer.transfer_id, transfer.round)
    assert len(receiver.received) == 1


def test_what_was_sent_goes_once_more_when_a_person_asks(
    platform: Platform, receiver: Receiver, settle: Settle, route: Route, operator: Subject
) -> None:
    a_rule(platform, some_content(a_device(platform, "VIEWER", receiver.port)))
    store_data_set(platform, a_dx_image())
    settle()
    route()
    transfer = the_transfer(platform, operator).transfer
    retry_transfer(platform, operator, transfer.transfer_id, version=transfer.version)
    route()
    assert len(receiver.received) == 2


def test_a_transfer_is_given_up_with_a_reason_and_adds_nothing_after(
    platform: Platform, receiver: Receiver, settle: Settle, route: Route, operator: Subject
) -> None:
    receiver.stop()
    a_rule(platform, some_content(a_device(platform, "VIEWER", receiver.port), most_attempts=1))
    first = a_dx_image()
    store_data_set(platform, first)
    settle()
    route()
    transfer = the_transfer(platform, operator).transfer
    assert transfer.state is TransferState.PARKED
    with pytest.raises(InvalidInput):
        dismiss_transfer(platform, operator, transfer.transfer_id, version=transfer.version, reason="no")
    with pytest.raises(StaleVersion):
        dismiss_transfer(platform, operator, transfer.transfer_id, version=1, reason="The viewer was taken away.")
    dismiss_transfer(platform, operator, transfer.transfer_id, version=transfer.version, reason="The viewer was taken away.")
    receiver.start()
    store_data_set(platform, another(first))
    settle()
    route()
    dismissed = the_transfer(platform, operator).transfer
    assert (dismissed.state, receiver.received) == (TransferState.DISMISSED, [])
    assert dismissed.dismissed_because == "The viewer was taken away."
    with pytest.raises(InvalidTransition):
        dismiss_transfer(platform, operator, dismissed.transfer_id, version=dismissed.version, reason="Once more, please.")


@pytest.mark.parametrize("role", [Role.RADIOLOGIST, Role.SECRETARY, Role.AUDITOR])
def test_transfers_are_for_those_who_look_after_them(platform: Platform, role: Role) -> None:
    with platform.database.read(platform.tenant) as tx, pytest.raises(Forbidden):
        transfers.list_transfers(tx, a_user(platform, role))


class Killed(BaseException):
    """What a kill is to the job: nothing after it runs."""


def test_a_job_killed_in_the_midst_goes_on_where_it_was_and_takes_along_what_came_meanwhile(
    platform: Platform, settle: Settle, route: Route, react: Callable[..., int], run_jobs: Callable[..., int], operator: Subject
) -> None:
    a_rule(platform, some_content(a_device(platform, "VIEWER", 104)))
    first = a_dx_image()
    second = another(first)
    for image in (first, second):
        store_data_set(platform, image)
    settle()
    react(ROUTE)
    run_jobs(CONSIDER)
    transfer = the_transfer(platform, operator).transfer
    sent: list[str] = []
    late = another(first, 3)

    def dies(platform: Platform, destination: object, consignment: Consignment, note: Note) -> None:
        sent.append(str(consignment.objects[0].sop_instance_uid))
        note(sent[-1], "")
        raise Killed

    def goes_on(platform: Platform, destination: object, consignment: Consignment, note: Note) -> None:
        if len(sent) == 1:  # another image comes while this one is on its way
            store_data_set(platform, late)
            settle()
            react(ROUTE)
            run_jobs(CONSIDER)
        for opened in consignment.objects:
            sent.append(str(opened.sop_instance_uid))
            note(sent[-1], "")

    with pytest.raises(Killed):
        bring(platform, replace(CARRIERS, to_device=dies), transfer.transfer_id, transfer.round)
    with platform.database.read(platform.tenant) as tx:
        told = search_entries(tx, EntryFilter(study_uid=transfer.study_uid, action="images_sent"), limit=5).entries
    assert [one.entry.objects["images"] for one in told] == [2]  # what left is told, though nobody was there to count it
    bring(platform, replace(CARRIERS, to_device=goes_on), transfer.transfer_id, transfer.round)
    current = the_transfer(platform, operator)
    assert (current.transfer.state, current.tally) == (TransferState.QUEUED, Tally(due=1, sent=2))
    bring(platform, replace(CARRIERS, to_device=goes_on), transfer.transfer_id, current.transfer.round)
    assert sorted(sent) == sorted(str(one.SOPInstanceUID) for one in (first, second, late))
    assert the_transfer(platform, operator).transfer.state is TransferState.SENT
