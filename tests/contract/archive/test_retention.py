"""A study goes when its time is over, nothing holds it and two people said so; what is left is a tombstone and a certificate."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import cast
from uuid import UUID

import pytest
from pydicom.dataset import Dataset
from sqlalchemy import text

from negatoscope.access.model import Role
from negatoscope.archive.find import FindQuery, Level, find
from negatoscope.archive.metadata_store import insert_rendering, upsert_block
from negatoscope.archive.model import Outcome
from negatoscope.archive.open import open_instances
from negatoscope.archive.orphans import sweep_orphans
from negatoscope.archive.retention import keeping, store
from negatoscope.archive.retention.erasing import ERASE, certificate_bytes, erase
from negatoscope.archive.retention.model import (
    Erasure,
    ErasureState,
)
from negatoscope.archive.store import lock_study
from negatoscope.archive.studies import get_study, list_instances
from negatoscope.archive.verify import rehash
from negatoscope.platform.blobs.port import BlobStore
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.errors import Conflict, Forbidden, InvalidInput, InvalidTransition, NotFound, StaleVersion
from negatoscope.platform.runtime import Platform
from tests.builders.archive import store_data_set
from tests.builders.dicom import a_dx_image
from tests.builders.subjects import a_user

REASON = "the time of keeping is over"
LONG = timedelta(days=365 * 21)


@pytest.fixture
def images(platform: Platform) -> list[Dataset]:
    """Two images of one study with a twin and a stray that are held back, and the study of somebody else."""
    first = a_dx_image()
    second = a_dx_image(StudyInstanceUID=first.StudyInstanceUID)
    twin, stray = a_dx_image(bits_stored=10), a_dx_image(StudyInstanceUID=first.StudyInstanceUID, PatientID="SYN-0002")
    for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"):
        setattr(twin, keyword, first[keyword].value)
    other = a_dx_image(PatientID="SYN-0009", PatientName="Ōta^Jun")
    for image in (first, second, twin, stray, other):
        store_data_set(platform, image)
    return [first, second, other]


def proposal(platform: Platform, study_uid: str) -> Erasure:
    with platform.database.read(platform.tenant) as tx:
        return next(one for one in store.list_erasures(tx, 50) if one.study_uid == study_uid)


def keys(platform: Platform) -> set[str]:
    return {key for key, _ in platform.blobs.list_keys()}


def approved_twice(platform: Platform, study_uid: str) -> Erasure:
    erasure = proposal(platform, study_uid)
    keeping.approve(platform, a_user(platform, Role.ADMINISTRATOR), erasure.erasure_id, version=erasure.version, reason=REASON)
    return keeping.approve(
        platform, a_user(platform, Role.AUDITOR), erasure.erasure_id, version=erasure.version + 1, reason=REASON
    )


def test_nothing_is_proposed_before_its_time(platform: Platform, clock: TurnedClock, images: list[Dataset]) -> None:
    assert keeping.propose_due(platform) == 0
    clock.turn(timedelta(days=365 * 19))
    assert keeping.propose_due(platform) == 0
    store_data_set(platform, a_dx_image(StudyDate=clock.now().strftime("%Y%m%d")))
    clock.turn(LONG - timedelta(days=365 * 19))
    assert keeping.propose_due(platform) == 1  # the other patient: the first came again meanwhile
    assert keeping.propose_due(platform) == 0
    assert proposal(platform, str(images[2].StudyInstanceUID)).state is ErasureState.PROPOSED


def test_two_people_erase_a_study_and_a_certificate_is_left(
    platform: Platform, clock: TurnedClock, images: list[Dataset], run_jobs: Callable[..., int]
) -> None:
    study_uid = str(images[0].StudyInstanceUID)
    before = keys(platform)
    clock.turn(LONG)
    assert keeping.propose_due(platform) == 2
    erasure = approved_twice(platform, study_uid)
    assert erasure.state is ErasureState.APPROVED
    assert run_jobs(ERASE) == 1
    gone = proposal(platform, study_uid)
    assert gone.state is ErasureState.ERASED
    assert len(before - keys(platform)) == 4
    certificate = gone.certificate
    assert certificate is not None
    assert sha256(certificate_bytes(dict(certificate))).hexdigest() == gone.certificate_sha256
    told = json.loads(certificate_bytes(dict(certificate)))
    assert len(told["objects"]) == 4
    assert {one["sop_instance_uid"] for one in told["objects"]} >= {str(image.SOPInstanceUID) for image in images[:2]}
    assert len({one["by"] for one in told["approved"]}) == 2
    assert rehash(platform).checked == 1
    reader = a_user(platform, Role.RADIOLOGIST)
    with pytest.raises(NotFound):
        open_instances(platform, reader, study_uid=study_uid)
    with platform.database.read(platform.tenant) as tx:
        assert {str(one.StudyInstanceUID) for one in find(tx, reader, FindQuery(level=Level.STUDY))} == {
            str(images[2].StudyInstanceUID)
        }
        assert get_study(tx, study_uid).study_description == ""
        sealed = tx.execute(
            text("select objects->>'certificate_sha256' from audit_entries where action = 'delete_by_retention'")
        )
        assert list(sealed.scalars()) == [gone.certificate_sha256]


def test_erased_object_sent_again_is_refused_unless_allowed(
    platform: Platform, clock: TurnedClock, images: list[Dataset], run_jobs: Callable[..., int]
) -> None:
    study_uid = str(images[0].StudyInstanceUID)
    clock.turn(LONG)
    keeping.propose_due(platform)
    approved_twice(platform, study_uid)
    run_jobs(ERASE)
    kept = keys(platform)
    again = store_data_set(platform, images[0])
    assert (again.outcome, again.refusal) == (Outcome.REFUSED, "erased")
    assert keys(platform) == kept
    keeping.allow_again(platform, a_user(platform, Role.LEAD_RADIOLOGIST), study_uid, reason="the patient came back")
    assert store_data_set(platform, images[0]).outcome is Outcome.STORED
    assert store_data_set(platform, images[0]).outcome is Outcome.DUPLICATE


def test_legal_hold_keeps_a_study_at_every_step(
    platform: Platform, clock: TurnedClock, images: list[Dataset], run_jobs: Callable[..., int]
) -> None:
    study_uid = str(images[0].StudyInstanceUID)
    auditor = a_user(platform, Role.AUDITOR)
    with platform.database.read(platform.tenant) as tx:
        patient_id = get_study(tx, study_uid).patient_id
    hold = keeping.place_hold(platform, auditor, patient_id=patient_id, study_uid=None, reason="a dispute is pending")
    clock.turn(LONG)
    auditor, other = a_user(platform, Role.AUDITOR), a_user(platform, Role.AUDITOR)
    assert keeping.propose_due(platform) == 1
    keeping.lift_hold(platform, auditor, hold.hold_id, reason="the dispute is settled")
    assert keeping.propose_due(platform) == 1
    erasure = proposal(platform, study_uid)
    keeping.approve(platform, auditor, erasure.erasure_id, version=1, reason=REASON)
    held = keeping.place_hold(platform, auditor, patient_id=None, study_uid=study_uid, reason="a dispute is pending")
    with pytest.raises(Conflict):
        keeping.approve(platform, other, erasure.erasure_id, version=2, reason=REASON)
    keeping.lift_hold(platform, auditor, held.hold_id, reason="the dispute is settled")
    keeping.approve(platform, other, erasure.erasure_id, version=2, reason=REASON)
    keeping.place_hold(platform, auditor, patient_id=None, study_uid=study_uid, reason="a dispute is pending")
    with pytest.raises(Conflict):
        erase(platform, erasure.erasure_id)
    assert len(open_instances(platform, a_user(platform, Role.RADIOLOGIST), study_uid=study_uid)) == 2
    keeping.refuse(platform, auditor, erasure.erasure_id, version=3, reason="kept for the court")
    erase(platform, erasure.erasure_id)
    assert len(open_instances(platform, a_user(platform, Role.RADIOLOGIST), study_uid=study_uid)) == 2


def test_patient_who_came_back_keeps_what_was_approved(
    platform: Platform, clock: TurnedClock, images: list[Dataset], run_jobs: Callable[..., int]
) -> None:
    """What was due once is looked at again: by the second approval, and by the erasure itself."""
    study_uid, other_uid = str(images[0].StudyInstanceUID), str(images[2].StudyInstanceUID)
    clock.turn(LONG)
    keeping.propose_due(platform)
    erasure = approved_twice(platform, study_uid)
    later = a_dx_image(StudyInstanceUID=other_uid, PatientID="SYN-0009", PatientName="Ōta^Jun")
    store_data_set(platform, later)
    store_data_set(platform, a_dx_image())
    with pytest.raises(Conflict) as refused:
        approved_twice(platform, other_uid)
    assert refused.value.reason == "not_due"
    assert run_jobs(ERASE) == 1
    void = proposal(platform, study_uid)
    assert (void.state, void.first_by, void.second_at) == (ErasureState.PROPOSED, None, None)
    assert len(open_instances(platform, a_user(platform, Role.RADIOLOGIST), study_uid=study_uid)) == 2
    clock.turn(LONG)
    assert approved_twice(platform, study_uid).due_on > erasure.due_on
    assert run_jobs(ERASE) == 1
    assert proposal(platform, study_uid).state is ErasureState.ERASED


def test_hold_on_what_is_being_erased_is_not_confirmed(platform: Platform, clock: TurnedClock, images: list[Dataset]) -> None:
    study_uid = str(images[0].StudyInstanceUID)
    clock.turn(LONG)
    keeping.propose_due(platform)
    erasure = approved_twice(platform, study_uid)
    auditor = a_user(platform, Role.AUDITOR)
    dying = replace(platform, blobs=cast("BlobStore", DyingBlobs(platform.blobs, 0)))
    with pytest.raises(Killed):
        erase(dying, erasure.erasure_id)
    named: list[tuple[UUID | None, str | None]] = [(erasure.patient_id, None), (None, study_uid)]
    for patient_id, uid in named:
        with pytest.raises(Conflict):
            keeping.place_hold(platform, auditor, patient_id=patient_id, study_uid=uid, reason="a dispute is pending")
    erase(platform, erasure.erasure_id)
    with pytest.raises(Conflict):
        keeping.place_hold(platform, auditor, patient_id=None, study_uid=study_uid, reason="a dispute is pending")
    keeping.place_hold(platform, auditor, patient_id=erasure.patient_id, study_uid=None, reason="a dispute is pending")


def test_hold_waits_for_an_erasure_that_began(platform: Platform, clock: TurnedClock, images: list[Dataset]) -> None:
    study_uid = str(images[0].StudyInstanceUID)
    auditor = a_user(platform, Role.AUDITOR)
    with platform.database.transaction(platform.tenant) as tx:
        lock_study(tx, study_uid)
        with ThreadPoolExecutor() as pool:
            placed = pool.submit(
                keeping.place_hold, platform, auditor, patient_id=None, study_uid=study_uid, reason="a dispute is pending"
            )
            while not tx.execute(text("select count(*) from pg_locks where locktype = 'advisory' and not granted")).scalar():
                assert not placed.done()
            tx.rollback()
            assert placed.result().study_uid == study_uid


def test_erased_again_after_it_came_back(
    platform: Platform, clock: TurnedClock, images: list[Dataset], run_jobs: Callable[..., int]
) -> None:
    study_uid = str(images[0].StudyInstanceUID)
    clock.turn(LONG)
    keeping.propose_due(platform)
    approved_twice(platform, study_uid)
    run_jobs(ERASE)
    keeping.allow_again(platform, a_user(platform, Role.LEAD_RADIOLOGIST), study_uid, reason="the patient came back")
    before = keys(platform)
    store_data_set(platform, images[0])
    clock.turn(LONG)
    keeping.propose_due(platform)
    again = approved_twice(platform, study_uid)
    assert run_jobs(ERASE) == 1
    assert keys(platform) == before
    with platform.database.read(platform.tenant) as tx:
        certificate = store.get_erasure(tx, again.erasure_id).certificate
    assert certificate is not None
    told = json.loads(certificate_bytes(dict(certificate)))
    assert [one["sop_instance_uid"] for one in told["objects"]] == [str(images[0].SOPInstanceUID)]
    assert store_data_set(platform, images[0]).refusal == "erased"


def test_bytes_held_twice_under_one_identifier_all_go(
    platform: Platform, clock: TurnedClock, images: list[Dataset], run_jobs: Callable[..., int]
) -> None:
    study_uid, uid = str(images[0].StudyInstanceUID), str(images[0].SOPInstanceUID)
    writer = platform.blobs.begin()
    writer.write(b"the same bytes, held back as well")
    copy = writer.commit()
    with platform.database.transaction(platform.tenant) as tx:
        tx.execute(
            text(
                "insert into quarantine (quarantine_id, reason, sop_instance_uid, study_uid, source, received_at, blob_key,"
                " blob_size, blob_sha256, blob_wrapped_key, state) select gen_random_uuid(), 'patient_mismatch',"
                " sop_instance_uid, study_uid, source, received_at, :key, blob_size, blob_sha256, blob_wrapped_key,"
                " 'waiting' from instances where sop_instance_uid = :uid"
            ),
            {"uid": uid, "key": copy.key},
        )
    clock.turn(LONG)
    keeping.propose_due(platform)
    approved_twice(platform, study_uid)
    run_jobs(ERASE)
    assert len(keys(platform)) == 1


def test_what_is_computed_of_an_erased_object_is_not_kept(
    platform: Platform, clock: TurnedClock, images: list[Dataset]
) -> None:
    """A reader opened them before, and keeps what it made of them after."""
    study_uid = str(images[0].StudyInstanceUID)
    with platform.database.read(platform.tenant) as tx:
        instance = list_instances(tx, study_uid)[0]

    def keep() -> None:
        with platform.database.transaction(platform.tenant) as tx:
            insert_rendering(tx, instance, 1, "recipe", b"picture")
            upsert_block(tx, study_uid, instance.series_uid, covers=1, form=1, revision=1, block=b"block")
            insert_rendering(tx, replace(instance, blob=replace(instance.blob, sha256="other")), 1, "replaced", b"picture")

    def kept() -> tuple[int, int]:
        with platform.database.read(platform.tenant) as tx:
            row = tx.execute(text("select (select count(*) from renderings), (select count(*) from series_metadata)")).one()
            return row[0], row[1]

    keep()
    assert kept() == (1, 1)
    clock.turn(LONG)
    keeping.propose_due(platform)
    erase(platform, approved_twice(platform, study_uid).erasure_id)
    keep()
    assert kept() == (0, 0)


def test_one_person_never_suffices(platform: Platform, clock: TurnedClock, images: list[Dataset]) -> None:
    clock.turn(LONG)
    keeping.propose_due(platform)
    erasure = proposal(platform, str(images[0].StudyInstanceUID))
    lead, reader = a_user(platform, Role.LEAD_RADIOLOGIST), a_user(platform, Role.RADIOLOGIST)
    with pytest.raises(Forbidden):
        keeping.approve(platform, reader, erasure.erasure_id, version=1, reason=REASON)
    with pytest.raises(InvalidInput):
        keeping.approve(platform, lead, erasure.erasure_id, version=1, reason="")
    keeping.approve(platform, lead, erasure.erasure_id, version=1, reason=REASON)
    with pytest.raises(Forbidden):
        keeping.approve(platform, lead, erasure.erasure_id, version=2, reason=REASON)
    with pytest.raises(StaleVersion):
        keeping.approve(platform, a_user(platform, Role.AUDITOR), erasure.erasure_id, version=1, reason=REASON)
    with pytest.raises(InvalidTransition):
        erase(platform, erasure.erasure_id)
    assert len(open_instances(platform, reader, study_uid=str(images[0].StudyInstanceUID))) == 2


class Killed(BaseException):
    """What a kill in the middle looks like to the process that follows."""


class DyingBlobs:
    """A store whose process ends when it was to delete one object more."""

    def __init__(self, blobs: BlobStore, left: int) -> None:
        self._blobs = blobs
        self._left = left

    def __getattr__(self, name: str) -> object:
        return getattr(self._blobs, name)

    def delete_key(self, key: str) -> None:
        if self._left == 0:
            raise Killed
        self._left -= 1
        self._blobs.delete_key(key)


@pytest.mark.parametrize("deleted_before", [0, 1, 3])
def test_erasure_killed_in_the_middle_goes_on_where_it_stopped(
    platform: Platform, clock: TurnedClock, images: list[Dataset], deleted_before: int
) -> None:
    study_uid = str(images[0].StudyInstanceUID)
    clock.turn(LONG)
    keeping.propose_due(platform)
    erasure = approved_twice(platform, study_uid)
    dying = replace(platform, blobs=cast("BlobStore", DyingBlobs(platform.blobs, deleted_before)))
    with pytest.raises(Killed):
        erase(dying, erasure.erasure_id)
    assert proposal(platform, study_uid).state is ErasureState.ERASING
    assert rehash(platform).damaged == []
    with pytest.raises(InvalidTransition):
        keeping.refuse(platform, a_user(platform, Role.AUDITOR), erasure.erasure_id, version=4, reason=REASON)
    erase(platform, erasure.erasure_id)
    erase(platform, erasure.erasure_id)
    assert proposal(platform, study_uid).state is ErasureState.ERASED
    assert len(keys(platform)) == 1
    clock.turn(timedelta(days=2))
    assert sweep_orphans(platform) == 0


def test_object_that_was_moved_away_survives_the_erasure_of_its_first_study(
    platform: Platform, clock: TurnedClock, images: list[Dataset], run_jobs: Callable[..., int]
) -> None:
    """A released object stands in quarantine by name still: its bytes go with the last row that names them."""
    study_uid, uid = str(images[0].StudyInstanceUID), str(images[1].SOPInstanceUID)
    with platform.database.transaction(platform.tenant) as tx:
        tx.execute(
            text(
                "insert into quarantine (quarantine_id, reason, study_uid, source, received_at, blob_key, blob_size,"
                " blob_sha256, blob_wrapped_key, state) select gen_random_uuid(), 'patient_mismatch', study_uid, source,"
                " received_at, blob_key, blob_size, blob_sha256, blob_wrapped_key, 'released' from instances"
                " where sop_instance_uid = :uid"
            ),
            {"uid": uid},
        )
        tx.execute(
            text("update instances set study_uid = :other where sop_instance_uid = :uid"),
            {"uid": uid, "other": str(images[2].StudyInstanceUID)},
        )
    clock.turn(LONG)
    keeping.propose_due(platform)
    approved_twice(platform, study_uid)
    run_jobs(ERASE)
    assert rehash(platform).damaged == []
    assert rehash(platform).checked == 2
