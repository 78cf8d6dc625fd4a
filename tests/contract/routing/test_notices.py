"""Instance Availability Notification to a real device: what table R.3.2-1 of PS3.4 lists and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pynetdicom.events import Event

from negatoscope.access.model import Role
from negatoscope.app.wiring import CARRIERS
from negatoscope.archive.rejections.model import RejectionTitle
from negatoscope.archive.rejections.rejecting import reject_instances
from negatoscope.archive.routing.choosing import CONSIDER, ROUTE
from negatoscope.archive.routing.model import Parcel
from negatoscope.archive.routing.notices import Notice
from negatoscope.archive.routing.sending import send_job
from negatoscope.platform.events import publish
from negatoscope.platform.runtime import Platform
from tests.builders.archive import a_source, store_data_set
from tests.builders.dicom import a_dx_image
from tests.builders.routing import Receiver, a_device, a_rule, some_content
from tests.builders.subjects import a_user
from tests.contract.routing.test_routing import another

Settle = Callable[[], int]
Route = Callable[[], int]


def test_a_device_is_told_once_of_a_study_and_again_when_it_changed(
    platform: Platform, receiver: Receiver, settle: Settle, route: Route
) -> None:
    a_rule(platform, some_content(a_device(platform, "VIEWER", receiver.port), parcel=Parcel.NOTICE))
    first = a_dx_image()
    store_data_set(platform, first)
    settle()
    route()
    (notice,) = receiver.notices
    assert [element.keyword for element in notice] == [
        "ReferencedPerformedProcedureStepSequence",
        "ReferencedSeriesSequence",
        "StudyInstanceUID",
    ]
    assert notice.StudyInstanceUID == first.StudyInstanceUID
    (series,) = notice.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == first.SeriesInstanceUID
    (reference,) = series.ReferencedSOPSequence
    assert {element.keyword: str(element.value) for element in reference} == {
        "ReferencedSOPClassUID": str(first.SOPClassUID),
        "ReferencedSOPInstanceUID": str(first.SOPInstanceUID),
        "InstanceAvailability": "ONLINE",
        "RetrieveAETitle": platform.settings.ae_title,
    }
    with platform.database.transaction(platform.tenant) as tx:
        publish(tx, "study_updated", subject=str(first.StudyInstanceUID), payload={"study_uid": str(first.StudyInstanceUID)})
    assert route() == 0  # nothing else is to be told
    store_data_set(platform, another(first))
    settle()
    route()
    assert [len(one.ReferencedSeriesSequence[0].ReferencedSOPSequence) for one in receiver.notices] == [1, 2]


def test_a_rejected_image_is_announced_as_not_available_and_goes_nowhere(
    platform: Platform, receiver: Receiver, settle: Settle, route: Route
) -> None:
    device = a_device(platform, "VIEWER", receiver.port)
    a_rule(platform, some_content(device, parcel=Parcel.NOTICE), name="Notice")
    first = a_dx_image()
    images = [first, *(another(first, number) for number in (2, 3, 4))]
    for image in images[:2]:
        store_data_set(platform, image)
    settle()
    route()
    a_rule(platform, some_content(device), name="Images")
    for image in images[2:]:
        store_data_set(platform, image)
    reject_instances(
        platform,
        a_user(platform, Role.RADIOLOGIST),
        str(first.StudyInstanceUID),
        [str(images[0].SOPInstanceUID), str(images[2].SOPInstanceUID)],
        title=RejectionTitle.PATIENT_SAFETY,
        explanation="Wrong side marked.",
    )
    settle()
    route()
    told = {
        str(reference.ReferencedSOPInstanceUID): reference.InstanceAvailability
        for series in receiver.notices[-1].ReferencedSeriesSequence
        for reference in series.ReferencedSOPSequence
    }
    availability = ("UNAVAILABLE", "ONLINE", "UNAVAILABLE", "ONLINE")
    assert told == {str(image.SOPInstanceUID): word for image, word in zip(images, availability, strict=True)}
    assert receiver.uids == [str(images[3].SOPInstanceUID)]


def test_an_image_rejected_while_a_transfer_runs_does_not_leave(platform: Platform, settle: Settle, route: Route) -> None:
    first = a_dx_image()
    second = another(first)

    class Rejecting(Receiver):
        def _take(self, event: Event) -> int:
            title = RejectionTitle.PATIENT_SAFETY
            reject_instances(
                platform,
                lead,
                str(first.StudyInstanceUID),
                [str(second.SOPInstanceUID)],
                title=title,
                explanation="Wrong side.",
            )
            return super()._take(event)

    lead = a_user(platform, Role.LEAD_RADIOLOGIST)
    receiver = Rejecting()
    receiver.start()
    a_rule(platform, some_content(a_device(platform, "VIEWER", receiver.port)))
    for image in (first, second):
        store_data_set(platform, image)
    settle()
    route()
    route()
    receiver.stop()
    assert receiver.uids == [str(first.SOPInstanceUID)]


def test_a_notice_that_is_refused_is_tried_again(platform: Platform, receiver: Receiver, settle: Settle, route: Route) -> None:
    a_rule(platform, some_content(a_device(platform, "VIEWER", receiver.port), parcel=Parcel.NOTICE))
    store_data_set(platform, a_dx_image(), source=a_source(name="MODALITY"))
    receiver.status = 0x0110
    settle()
    assert route() == 1
    receiver.status = 0
    assert route() == 1
    assert route() == 0
    assert len(receiver.notices) == 2


def test_what_changes_while_a_notice_is_on_its_way_is_told_after_it(
    platform: Platform, settle: Settle, react: Callable[..., int], run_jobs: Callable[..., int]
) -> None:
    a_rule(platform, some_content(a_device(platform, "VIEWER", 104), parcel=Parcel.NOTICE))
    first = a_dx_image()
    store_data_set(platform, first)
    told: list[int] = []

    def tell(platform: Platform, destination: object, notice: Notice) -> None:
        told.append(len(notice.objects))
        if len(told) == 1:
            store_data_set(platform, another(first))
            settle()
            react(ROUTE)
            run_jobs(CONSIDER)

    settle()
    react(ROUTE)
    run_jobs(CONSIDER)
    job = send_job(replace(CARRIERS, notify=tell))
    assert [run_jobs(job), run_jobs(job), run_jobs(job)] == [1, 1, 0]
    assert told == [1, 2]
