"""An order comes, and the earlier examinations of its patient are here before him: from each sort of archive the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from pydicom.dataset import Dataset

from negatoscope.access.devices import change_device, disable_device
from negatoscope.access.model import Role
from negatoscope.access.store.devices import find_device
from negatoscope.ai.requests import REQUEST_RUNS
from negatoscope.archive.model import SourceKind as OriginKind
from negatoscope.archive.prefetch import store
from negatoscope.archive.prefetch.fetching import retry_fetch
from negatoscope.archive.prefetch.marks import is_fetched
from negatoscope.archive.prefetch.model import Fetch, FetchState, PriorSource, Search, SourceKind
from negatoscope.archive.prefetch.sources import add_source
from negatoscope.archive.routing.choosing import CONSIDER, ROUTE
from negatoscope.archive.routing.model import Trigger
from negatoscope.archive.routing.transfer_store import list_transfers
from negatoscope.archive.stability import sweep
from negatoscope.archive.studies import get_study, list_instances, list_studies_of_patient
from negatoscope.audit.reading import list_accesses
from negatoscope.dose.register import RECORD_EXPOSURES
from negatoscope.orders.change import step_moved_by
from negatoscope.orders.model import Order
from negatoscope.orders.states import StepEvent
from negatoscope.platform.errors import InvalidInput
from negatoscope.platform.runtime import Platform
from negatoscope.reading.store import find_task_of_study
from negatoscope.reading.tasks import OPEN_TASK
from tests.builders.dicom import a_dx_image
from tests.builders.orders import an_order, some_rooms
from tests.builders.patients import an_identifier, some_demographics
from tests.builders.routing import a_device, a_rule, some_content
from tests.builders.subjects import a_user
from tests.contract.prefetch.conftest import ISSUER, Archive

Add = Callable[..., PriorSource]
Prefetch = Callable[[], tuple[int, int]]
NUMBER = "G-0001"


def an_earlier(**attributes: object) -> Dataset:
    """Return an image of the patient whose order will come, as another archive keeps it."""
    usual: dict[str, object] = {
        "PatientID": NUMBER,
        "IssuerOfPatientID": ISSUER,
        "PatientName": "ESSAI LUMIERE^ZOE",
        "PatientBirthDate": "19790328",
        "PatientSex": "F",
        "StudyDate": "20250601",
        "AccessionNumber": "",
    }
    image = a_dx_image()
    for keyword, value in (usual | attributes).items():
        setattr(image, keyword, value)
    return image


def order(platform: Platform) -> Order:
    some_rooms(platform)
    numbers = (an_identifier("H-77"), an_identifier(NUMBER, ISSUER))
    return an_order(platform, identifiers=numbers, demographics=some_demographics())


def state_of(platform: Platform) -> tuple[list[Search], list[Fetch]]:
    with platform.database.read(platform.tenant) as tx:
        return store.list_searches(tx, limit=50), store.list_fetches(tx, limit=50)


def test_what_helps_is_fetched_whole_once_and_belongs_to_the_patient(
    platform: Platform, archive: Archive, add: Add, prefetch: Prefetch, react: Callable[..., int]
) -> None:
    chest, foot, old = an_earlier(), an_earlier(BodyPartExamined="FOOT"), an_earlier(StudyDate="19990101")
    for one in (chest, foot, old):
        archive.put(one)
    add()
    placed = order(platform)
    assert prefetch() == (1, 1)
    (search,), (fetched,) = state_of(platform)
    assert (search.state, search.found, search.chosen, search.strangers) == ("answered", 3, 1, 0)
    assert (fetched.study_uid, fetched.state, fetched.objects) == (str(chest.StudyInstanceUID), FetchState.FETCHED, 1)
    with platform.database.read(platform.tenant) as tx:
        here = list_studies_of_patient(tx, placed.patient_id)
        (instance,) = list_instances(tx, fetched.study_uid)
        assert is_fetched(tx, fetched.study_uid)
        trail = {one.action for one in list_accesses(tx, patient_id=placed.patient_id)}
    assert [str(one.study_uid) for one in here] == [fetched.study_uid]
    assert str(instance.sop_instance_uid) == str(chest.SOPInstanceUID)
    expected = OriginKind.FETCH if archive.kind is SourceKind.SERVER else OriginKind.DIMSE
    assert instance.source.startswith(f"{expected.value}:")
    assert {"priors_searched", "prior_fetched", "images_stored"} <= trail
    sweep(platform)
    react(OPEN_TASK, REQUEST_RUNS, RECORD_EXPOSURES)
    with platform.database.read(platform.tenant) as tx:
        assert find_task_of_study(tx, fetched.study_uid) is None  # it was read there


@pytest.mark.parametrize("archive", ["dicom", "dicomweb"], indirect=True)
def test_nothing_is_fetched_twice_and_a_new_occasion_brings_what_is_new(
    platform: Platform, archive: Archive, add: Add, prefetch: Prefetch
) -> None:
    archive.put(an_earlier())
    add()
    order(platform)
    assert prefetch() == (1, 1)
    order(platform)
    assert prefetch() == (1, 0)
    archive.put(an_earlier(StudyDate="20250701"))
    order(platform)
    assert prefetch() == (1, 1)
    assert {one.state for one in state_of(platform)[1]} == {FetchState.FETCHED}


@pytest.mark.parametrize("archive", ["dicom", "dicomweb"], indirect=True)
@pytest.mark.parametrize(
    "stranger",
    [
        {"PatientName": "DURAND^ZOE"},
        {"PatientBirthDate": "19800328"},
        {"PatientSex": "M"},
        {"PatientBirthDate": ""},
    ],
)
def test_somebody_else_of_the_same_number_stays_where_he_is(
    platform: Platform, archive: Archive, add: Add, prefetch: Prefetch, stranger: dict[str, str]
) -> None:
    archive.put(an_earlier(**stranger))
    add()
    order(platform)
    assert prefetch() == (1, 0)
    (search,), fetches = state_of(platform)
    assert (search.found, search.strangers, fetches) == (1, 1, [])


@pytest.mark.parametrize("archive", ["dicom", "dicomweb"], indirect=True)
def test_the_limits_of_a_source_hold(platform: Platform, archive: Archive, add: Add, prefetch: Prefetch) -> None:
    for month in range(1, 6):
        archive.put(an_earlier(StudyDate=f"2025{month:02d}01"))
    add(most_studies=2)
    order(platform)
    assert prefetch() == (1, 2)
    with platform.database.read(platform.tenant) as tx:
        dates = {get_study(tx, one.study_uid).study_date for one in state_of(platform)[1]}
    assert dates == {date(2025, 5, 1), date(2025, 4, 1)}


@pytest.mark.parametrize("archive", ["dicom"], indirect=True)
def test_a_patient_unknown_there_by_number_is_not_asked_for_by_name(
    platform: Platform, archive: Archive, add: Add, prefetch: Prefetch
) -> None:
    archive.put(an_earlier())
    add(patient_issuer="ANOTHER")
    order(platform)
    assert prefetch() == (1, 0)
    assert state_of(platform)[0][0].reason == "no_patient_number"


@pytest.mark.parametrize("archive", ["dicom", "dicomweb"], indirect=True)
def test_a_source_that_fails_holds_up_nobody_and_is_asked_again(
    platform: Platform, archive: Archive, add: Add, prefetch: Prefetch
) -> None:
    archive.put(an_earlier())
    add()
    nowhere = add(name="Nowhere", kind=SourceKind.DEVICE, peer_id=a_device(platform, "NOWHERE", 9))
    order(platform)
    assert prefetch() == (2, 1)
    states = {one.source_id == nowhere.source_id: (one.state, one.reason) for one in state_of(platform)[0]}
    assert states == {True: ("failed", "destination_unreachable"), False: ("answered", "")}
    assert prefetch() == (1, 0)  # the one that failed, once more


@pytest.mark.parametrize("archive", ["dicom"], indirect=True)
def test_a_study_that_does_not_come_is_tried_again_then_left_and_taken_up_by_hand(
    platform: Platform, other: Platform, archive: Archive, add: Add, prefetch: Prefetch
) -> None:
    archive.put(an_earlier())
    add()
    with other.database.read(other.tenant) as tx:
        ours = find_device(tx, platform.settings.ae_title)
    assert ours is not None
    administrator = a_user(other, Role.ADMINISTRATOR)
    disabled = disable_device(other, administrator, ours.device_id)
    order(platform)
    tried = [prefetch()[1] for _ in range(7)]
    assert tried == [1, 1, 1, 1, 1, 1, 0]
    (fetched,) = state_of(platform)[1]
    assert (fetched.state, fetched.reason) == (FetchState.FAILED, "status_A801")
    change_device(other, administrator, replace(disabled, disabled_at=None))
    retry_fetch(platform, a_user(platform, Role.ADMINISTRATOR), fetched.study_uid, version=fetched.version)
    assert prefetch() == (0, 1)
    assert state_of(platform)[1][0].state is FetchState.FETCHED


def test_a_source_that_cannot_mean_what_it_says_is_refused(platform: Platform) -> None:
    device = a_device(platform, "OTHER", 104)
    good = {"name": "Other", "kind": SourceKind.DEVICE, "peer_id": device, "patient_issuer": ISSUER}
    administrator = a_user(platform, Role.ADMINISTRATOR)
    for wrong in (
        {"name": " "},
        {"patient_issuer": ""},
        {"most_studies": 0},
        {"most_age_days": 0},
        {"modalities": ("DX;CR",)},
        {"kind": SourceKind.SERVER},
    ):
        with pytest.raises(InvalidInput):
            add_source(platform, administrator, PriorSource(source_id=device, **(good | wrong)))  # type: ignore[arg-type]


@pytest.mark.parametrize("archive", ["dicomweb"], indirect=True)
def test_the_sources_are_asked_once_more_when_the_patient_arrives(
    platform: Platform, archive: Archive, add: Add, prefetch: Prefetch
) -> None:
    add()
    placed = order(platform)
    assert prefetch() == (1, 0)
    archive.put(an_earlier())
    step = placed.procedures[0].steps[0]
    secretary = a_user(platform, Role.SECRETARY)
    step_moved_by(platform, secretary, step.scheduled_step_key, StepEvent.CHECK_IN, version=step.version)
    assert prefetch() == (1, 1)


@pytest.mark.parametrize("archive", ["dicomweb"], indirect=True)
@pytest.mark.parametrize("with_fetched", [False, True])
def test_what_was_fetched_is_routed_only_where_a_rule_says_so(
    platform: Platform,
    archive: Archive,
    add: Add,
    prefetch: Prefetch,
    react: Callable[..., int],
    run_jobs: Callable[..., int],
    with_fetched: bool,
) -> None:
    content = some_content(a_device(platform, "VIEWER", 104), trigger=Trigger.RECEIVED, with_fetched=with_fetched)
    a_rule(platform, content)
    archive.put(an_earlier())
    add()
    order(platform)
    prefetch()
    sweep(platform)
    react(ROUTE)
    run_jobs(CONSIDER)
    with platform.database.read(platform.tenant) as tx:
        assert len(list_transfers(tx)) == with_fetched
