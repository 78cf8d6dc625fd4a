"""From an arrival to a real receiver: what goes, when, how often, and what never does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

from pydicom import dcmread, uid
from pydicom.dataset import Dataset

from negatoscope.access.model import Role
from negatoscope.archive.routing import transfers
from negatoscope.archive.routing.choosing import notice_quiet_series, release_waiting
from negatoscope.archive.routing.model import (
    Condition,
    Hours,
    Operator,
    Tally,
    TransferPriority,
    TransferState,
    Trigger,
)
from negatoscope.archive.routing.rules import switch_rule
from negatoscope.archive.routing.transfers import TransferPage
from negatoscope.archive.stability import sweep
from negatoscope.archive.studies import attach_to_patient, get_study
from negatoscope.audit.reading import list_accesses
from negatoscope.patients.identify import find_or_create_patient
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.events import publish
from negatoscope.platform.runtime import Platform
from tests.builders.archive import a_source, archivist, store_data_set
from tests.builders.dicom import a_ct_slice, a_dx_image, bare_bytes
from tests.builders.patients import an_identifier, some_demographics
from tests.builders.routing import Receiver, a_device, a_rule, some_content
from tests.builders.subjects import a_user

ONLY_CT = Condition(keyword="Modality", operator=Operator.EQUALS, values=("CT",))
Settle = Callable[[], int]
Route = Callable[[], int]


def page_of(platform: Platform) -> TransferPage:
    operator = a_user(platform, Role.ADMINISTRATOR)
    with platform.database.read(platform.tenant) as tx:
        return transfers.list_transfers(tx, operator)


def the_only(page: TransferPage) -> tuple[TransferState, Tally, str]:
    (transfer,) = page.transfers
    return transfer.state, page.tallies[transfer.transfer_id], transfer.last_reason


def another(first: Dataset, number: int = 2) -> Dataset:
    """Return one more image of the same series."""
    made = a_dx_image() if first.Modality == "DX" else a_ct_slice()
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID"):
        setattr(made, keyword, getattr(first, keyword))
    made.InstanceNumber = number
    return made


def test_a_complete_study_goes_bit_for_bit_once(platform: Platform, receiver: Receiver, settle: Settle, route: Route) -> None:
    a_rule(platform, some_content(a_device(platform, "VIEWER", receiver.port), priority=TransferPriority.HIGH))
    first = a_dx_image()
    second = another(first)
    for image in (first, second):
        store_data_set(platform, image)
    route()
    assert receiver.received == []  # the study is not complete
    settle()
    assert route() == 1
    sent = {sop_uid: (syntax, data) for sop_uid, syntax, data in receiver.received}
    assert sent == {str(image.SOPInstanceUID): (uid.ExplicitVRLittleEndian, bare_bytes(image)) for image in (first, second)}
    assert receiver.priorities == {1}
    assert the_only(page_of(platform)) == (TransferState.SENT, Tally(sent=2), "")
    assert route() == 0
    with platform.database.read(platform.tenant) as tx:
        patient_id = get_study(tx, str(first.StudyInstanceUID)).patient_id
        sent_entries = [one for one in list_accesses(tx, patient_id=patient_id) if one.action == "images_sent"]
    assert [(one.objects["destination"], one.objects["images"]) for one in sent_entries] == [("VIEWER", 2)]


def test_a_late_image_goes_too_and_the_others_do_not_go_again(
    platform: Platform, receiver: Receiver, settle: Settle, route: Route
) -> None:
    a_rule(platform, some_content(a_device(platform, "VIEWER", receiver.port)))
    first = a_dx_image()
    store_data_set(platform, first)
    settle()
    route()
    late = another(first)
    store_data_set(platform, late)
    store_data_set(platform, first)  # sent again by the modality: it is here, and there
    settle()
    route()
    assert receiver.uids == [str(first.SOPInstanceUID), str(late.SOPInstanceUID)]
    assert the_only(page_of(platform)) == (TransferState.SENT, Tally(sent=2), "")


def test_other_bytes_that_became_current_go_again(platform: Platform, receiver: Receiver, settle: Settle, route: Route) -> None:
    a_rule(platform, some_content(a_device(platform, "VIEWER", receiver.port)))
    image = a_dx_image()
    store_data_set(platform, image)
    settle()
    route()
    with platform.database.transaction(platform.tenant) as tx:
        payload = {"study_uid": str(image.StudyInstanceUID), "sop_instance_uid": str(image.SOPInstanceUID)}
        publish(tx, "instance_replaced", subject=str(image.SOPInstanceUID), payload=payload)
    route()
    assert receiver.uids == [str(image.SOPInstanceUID)] * 2


def test_each_object_goes_as_it_comes_where_the_rule_says_so(platform: Platform, receiver: Receiver, route: Route) -> None:
    a_rule(platform, some_content(a_device(platform, "VIEWER", receiver.port), trigger=Trigger.RECEIVED))
    first = a_dx_image()
    store_data_set(platform, first)
    sweep(platform)
    route()
    assert receiver.uids == [str(first.SOPInstanceUID)]


def test_a_series_goes_once_nothing_more_comes_for_it(
    platform: Platform, clock: TurnedClock, receiver: Receiver, route: Route
) -> None:
    a_rule(platform, some_content(a_device(platform, "VIEWER", receiver.port), trigger=Trigger.SERIES_COMPLETE))
    first = a_dx_image()
    store_data_set(platform, first)
    clock.turn(timedelta(seconds=platform.settings.study_quiet_s + 1))
    other = a_dx_image(StudyInstanceUID=first.StudyInstanceUID, SeriesNumber=2)
    store_data_set(platform, other)
    sweep(platform)
    notice_quiet_series(platform)
    route()
    assert receiver.uids == [str(first.SOPInstanceUID)]
    assert page_of(platform).transfers[0].series_uid == str(first.SeriesInstanceUID)
    notice_quiet_series(platform)
    assert route() == 0


def test_only_what_fits_goes_and_a_rule_that_is_off_sends_nothing(
    platform: Platform, receiver: Receiver, settle: Settle, route: Route
) -> None:
    device = a_device(platform, "VIEWER", receiver.port)
    wide = Condition(keyword="Rows", operator=Operator.RANGE, values=("1", ""))  # not in the index: read from the header
    a_rule(platform, some_content(device, conditions=(ONLY_CT, wide)))
    a_rule(platform, some_content(device), name="Off", is_enabled=False)
    slice_ = a_ct_slice()
    store_data_set(platform, slice_)
    store_data_set(platform, a_dx_image())
    settle()
    route()
    assert receiver.uids == [str(slice_.SOPInstanceUID)]


def test_nothing_goes_back_to_where_it_came_from(platform: Platform, receiver: Receiver, settle: Settle, route: Route) -> None:
    a_rule(platform, some_content(a_device(platform, "VIEWER", receiver.port)))
    store_data_set(platform, a_dx_image(), source=a_source(name="VIEWER"))
    settle()
    assert route() == 0
    assert page_of(platform).transfers == ()


def test_the_form_wished_for_is_given_where_the_receiver_takes_it(platform: Platform, settle: Settle, route: Route) -> None:
    takes = Receiver(ae_title="MODERN", syntaxes=(uid.JPEGLSLossless, uid.ExplicitVRLittleEndian))
    takes_not = Receiver(ae_title="OLD", syntaxes=(uid.ImplicitVRLittleEndian,))
    for one in (takes, takes_not):
        one.start()
        content = some_content(a_device(platform, one.ae_title, one.port), transfer_syntax_uid=uid.JPEGLSLossless)
        a_rule(platform, content, name=one.ae_title)
    store_data_set(platform, a_dx_image())
    settle()
    route()
    assert [one[1] for one in takes.received] == [uid.JPEGLSLossless]
    assert [one[1] for one in takes_not.received] == [uid.ImplicitVRLittleEndian]
    takes.stop()
    takes_not.stop()


def test_what_arrives_outside_the_hours_waits_for_them(
    platform: Platform, clock: TurnedClock, receiver: Receiver, settle: Settle, route: Route
) -> None:
    zone = ZoneInfo(platform.settings.time_zone)
    noon = datetime.now(zone).replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)
    clock.turn(noon.astimezone(UTC) - clock.now())
    night = Hours(start=time(22), end=time(6))
    a_rule(platform, some_content(a_device(platform, "VIEWER", receiver.port), hours=night))
    store_data_set(platform, a_dx_image())
    settle()
    route()
    assert release_waiting(platform) == 0
    assert the_only(page_of(platform))[0] is TransferState.WAITING
    clock.turn(timedelta(hours=11))
    assert release_waiting(platform) == 1
    route()
    assert len(receiver.received) == 1


def test_a_rule_that_was_switched_off_lets_its_transfers_wait(
    platform: Platform, receiver: Receiver, settle: Settle, route: Route
) -> None:
    receiver.stop()
    rule = a_rule(platform, some_content(a_device(platform, "VIEWER", receiver.port)))
    store_data_set(platform, a_dx_image())
    settle()
    route()  # nobody listens: it will be tried again
    administrator = a_user(platform, Role.ADMINISTRATOR)
    off = switch_rule(platform, administrator, rule.rule_id, version=rule.version, is_enabled=False)
    receiver.start()
    route()
    assert (the_only(page_of(platform))[0], receiver.received) == (TransferState.WAITING, [])
    assert release_waiting(platform) == 0
    switch_rule(platform, administrator, rule.rule_id, version=off.version, is_enabled=True)
    assert release_waiting(platform) == 1
    route()
    assert len(receiver.received) == 1


def test_what_was_corrected_goes_as_it_is_on_record(
    platform: Platform, receiver: Receiver, settle: Settle, route: Route
) -> None:
    a_rule(platform, some_content(a_device(platform, "VIEWER", receiver.port)))
    image = a_dx_image()
    store_data_set(platform, image)
    with platform.database.transaction(platform.tenant) as tx:
        someone = find_or_create_patient(
            tx, archivist(platform), [an_identifier("H-9")], some_demographics(), source="hl7", own_issuer="NEGATOSCOPE"
        )
        attach_to_patient(tx, str(image.StudyInstanceUID), someone)
    settle()
    route()
    ((_, _, content),) = receiver.received
    sent = dcmread(BytesIO(content), force=True, specific_tags=["PatientID", "PatientName"])
    assert (sent.PatientID, str(sent.PatientName)) == ("H-9", "Essai-Lumière^Zoé")


def test_a_rule_sends_what_comes_from_when_it_is_switched_on(
    platform: Platform, clock: TurnedClock, receiver: Receiver, settle: Settle, route: Route
) -> None:
    old = a_dx_image()
    store_data_set(platform, old)
    settle()
    a_rule(platform, some_content(a_device(platform, "VIEWER", receiver.port)))
    late = another(old)
    store_data_set(platform, late)
    settle()
    route()
    assert receiver.uids == [str(late.SOPInstanceUID)]
