"""Discs that are given no more: after their time, and when what lies on them was rejected, moved, given away or erased."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from negatoscope.access.model import Role, Subject
from negatoscope.archive.corrections.moving import propose_move
from negatoscope.archive.discs import discs, media, store, writing
from negatoscope.archive.discs.expiring import EXPIRE_CHANGED_DISCS, expire_discs
from negatoscope.archive.discs.model import KEPT, Disc, DiscRequest, DiscState
from negatoscope.archive.discs.writing import WRITE_DISC, write_disc
from negatoscope.archive.orphans import sweep_orphans
from negatoscope.archive.rejections.model import RejectionTitle
from negatoscope.archive.rejections.rejecting import reject_instances
from negatoscope.archive.retention import keeping
from negatoscope.archive.retention.erasing import ERASE
from negatoscope.archive.retention.model import ErasureState
from negatoscope.archive.retention.store import list_erasures
from negatoscope.archive.studies import attach_to_patient, get_study
from negatoscope.archive.study_store import list_instances
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.errors import Conflict
from negatoscope.platform.job_worker import JobRun
from negatoscope.platform.reactions import Reactor
from negatoscope.platform.runtime import Platform
from tests.builders.dicom import a_dx_image
from tests.builders.reading import a_stored_study
from tests.builders.subjects import a_user

RunJobs = Callable[..., int]


@pytest.fixture
def radiologist(platform: Platform) -> Subject:
    return a_user(platform, Role.RADIOLOGIST)


@pytest.fixture
def study_uid(platform: Platform) -> str:
    return a_stored_study(platform, [a_dx_image(), a_dx_image()])


def get(platform: Platform, disc: Disc) -> Disc:
    with platform.database.read(platform.tenant) as tx:
        return store.get_disc(tx, disc.disc_id)


def keys(platform: Platform) -> int:
    return sum(1 for _ in platform.blobs.list_keys())


def test_old_discs_lose_their_bytes(platform: Platform, study_uid: str, radiologist: Subject, run_jobs: RunJobs) -> None:
    before = keys(platform)
    disc = discs.request_disc(platform, radiologist, DiscRequest(study_uids=(study_uid,)))
    run_jobs(WRITE_DISC)
    assert sweep_orphans(platform, minimum_age=timedelta(days=-1)) == 0
    assert (keys(platform), expire_discs(platform)) == (before + 1, 0)
    platform.clock.turn(KEPT + timedelta(minutes=1))  # type: ignore[attr-defined] # the clock of the tests
    assert (expire_discs(platform), get(platform, disc).state) == (1, DiscState.EXPIRED)
    assert keys(platform) == before


def reject_one(platform: Platform, study_uid: str) -> None:
    with platform.database.read(platform.tenant) as tx:
        one = list_instances(tx, study_uid)[0]
    lead = a_user(platform, Role.LEAD_RADIOLOGIST)
    reject_instances(
        platform, lead, study_uid, [one.sop_instance_uid], title=RejectionTitle.PATIENT_SAFETY, explanation="another patient"
    )


def move_one(platform: Platform, study_uid: str) -> None:
    with platform.database.read(platform.tenant) as tx:
        one = list_instances(tx, study_uid)[0]
    propose_move(
        platform,
        a_user(platform, Role.LEAD_RADIOLOGIST),
        study_uid,
        [one.sop_instance_uid],
        to_study_uid=a_stored_study(platform, PatientID="SYN-0002", PatientName="Fauchelevent^Ultime"),
        to_patient_id=None,
        reason="the wrong line of the worklist",
        is_signed=lambda *_: False,
    )


def give_away(platform: Platform, study_uid: str) -> None:
    other = a_stored_study(platform, PatientID="SYN-0002", PatientName="Fauchelevent^Ultime")
    with platform.database.transaction(platform.tenant) as tx:
        attach_to_patient(tx, study_uid, get_study(tx, other).patient_id)


@pytest.mark.parametrize("change", [reject_one, move_one, give_away])
def test_disc_whose_objects_are_no_longer_to_be_given_so_is_given_no_more(
    platform: Platform,
    study_uid: str,
    radiologist: Subject,
    run_jobs: RunJobs,
    change: Callable[[Platform, str], None],
) -> None:
    other = a_stored_study(platform, [a_dx_image()], PatientID="SYN-0003")
    disc, untouched = (discs.request_disc(platform, radiologist, DiscRequest(study_uids=(uid,))) for uid in (study_uid, other))
    run_jobs(WRITE_DISC)
    change(platform, study_uid)
    with pytest.raises(Conflict):
        discs.open_disc(platform, radiologist, disc.disc_id)
    Reactor(platform, (EXPIRE_CHANGED_DISCS,)).run_once(platform.tenant)
    assert (get(platform, disc).state, get(platform, untouched).state) == (DiscState.EXPIRED, DiscState.READY)
    kept = keys(platform)
    assert (expire_discs(platform), keys(platform)) == (0, kept - 1)
    assert discs.open_disc(platform, radiologist, untouched.disc_id)[0].state is DiscState.READY


def test_disc_asked_for_before_a_rejection_is_written_without_what_was_rejected(
    platform: Platform, study_uid: str, radiologist: Subject, run_jobs: RunJobs
) -> None:
    disc = discs.request_disc(platform, radiologist, DiscRequest(study_uids=(study_uid,)))
    reject_one(platform, study_uid)
    run_jobs(WRITE_DISC)
    ready = get(platform, disc)
    assert (ready.state, ready.objects, ready.written) == (DiscState.READY, 1, 1)
    assert discs.open_disc(platform, radiologist, disc.disc_id)[0] == ready


def test_rejection_while_a_disc_is_written_has_it_written_anew(
    platform: Platform, study_uid: str, radiologist: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    disc = discs.request_disc(platform, radiologist, DiscRequest(study_uids=(study_uid,)))
    pieces = media.zip_pieces

    def rejected_meanwhile(*given: Any) -> Iterator[bytes]:
        yield from pieces(*given)
        reject_one(platform, study_uid)

    run = JobRun(key="k", attempt=1, arguments={"disc_id": str(disc.disc_id)}, step=lambda _, work: work())
    with monkeypatch.context() as patched:
        patched.setattr(writing, "zip_pieces", rejected_meanwhile)
        with pytest.raises(Conflict):
            write_disc(platform, run)
    assert get(platform, disc).state is DiscState.WRITING
    write_disc(platform, run)
    assert (get(platform, disc).state, get(platform, disc).objects) == (DiscState.READY, 1)


def test_bytes_of_a_disc_go_with_the_erased_study_that_lies_on_it(
    platform: Platform, clock: TurnedClock, study_uid: str, radiologist: Subject, run_jobs: RunJobs
) -> None:
    clock.turn(timedelta(days=365 * 21))
    disc = discs.request_disc(platform, radiologist, DiscRequest(study_uids=(study_uid,)))
    run_jobs(WRITE_DISC)
    assert keys(platform) == 3
    keeping.propose_due(platform)
    with platform.database.read(platform.tenant) as tx:
        (erasure,) = list_erasures(tx, 2)
    for more, role in enumerate((Role.ADMINISTRATOR, Role.AUDITOR)):
        keeping.approve(
            platform, a_user(platform, role), erasure.erasure_id, version=erasure.version + more, reason="the time is over"
        )
    run_jobs(ERASE)
    with platform.database.read(platform.tenant) as tx:
        assert list_erasures(tx, 2)[0].state is ErasureState.ERASED
    assert (keys(platform), get(platform, disc).state) == (0, DiscState.EXPIRED)
