"""A study is stable once nothing came for a while or the step is done, never while an association still stores into it."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import text

from negatoscope.archive import store
from negatoscope.archive.model import StudyState
from negatoscope.archive.stability import mark_stable, sweep
from negatoscope.archive.studies import get_study
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.errors import NotFound
from negatoscope.platform.runtime import Platform
from tests.builders.archive import store_data_set
from tests.builders.dicom import a_ct_slice, a_dx_image

QUIET = timedelta(seconds=60)


def events(platform: Platform, kind: str) -> list[dict[str, object]]:
    with platform.database.read(platform.tenant) as tx:
        found = tx.execute(text("select payload from events where kind = :kind order by sequence"), {"kind": kind})
        return [row[0] for row in found]


def state(platform: Platform, study_uid: str) -> StudyState:
    with platform.database.read(platform.tenant) as tx:
        return get_study(tx, study_uid).state


def test_quiet_study_becomes_stable_once(platform: Platform, clock: TurnedClock) -> None:
    image = a_dx_image()
    store_data_set(platform, image)
    assert sweep(platform) == 0
    clock.turn(QUIET)
    assert sweep(platform) == 1
    assert sweep(platform) == 0
    assert state(platform, image.StudyInstanceUID) is StudyState.STABLE
    assert events(platform, "study_stable") == [{"study_uid": image.StudyInstanceUID, "instances": 1, "reason": "quiet"}]


def test_study_that_still_receives_is_not_stable(platform: Platform, clock: TurnedClock) -> None:
    image = a_ct_slice()
    store_data_set(platform, image)
    clock.turn(QUIET - timedelta(seconds=1))
    store_data_set(platform, a_ct_slice(StudyInstanceUID=image.StudyInstanceUID))
    clock.turn(timedelta(seconds=1))
    assert sweep(platform) == 0


def test_arrival_is_announced_once_a_sweep(platform: Platform) -> None:
    image = a_ct_slice()
    for _ in range(3):
        store_data_set(platform, a_ct_slice(StudyInstanceUID=image.StudyInstanceUID))
    sweep(platform)
    sweep(platform)
    assert [event["instances"] for event in events(platform, "study_updated")] == [3]


def test_late_image_opens_the_study_again(platform: Platform, clock: TurnedClock) -> None:
    image = a_ct_slice()
    store_data_set(platform, image)
    clock.turn(QUIET)
    sweep(platform)
    store_data_set(platform, a_ct_slice(StudyInstanceUID=image.StudyInstanceUID))
    assert state(platform, image.StudyInstanceUID) is StudyState.RECEIVING
    clock.turn(QUIET)
    sweep(platform)
    assert [event["instances"] for event in events(platform, "study_stable")] == [1, 2]


def test_duplicate_does_not_open_a_stable_study(platform: Platform, clock: TurnedClock) -> None:
    image = a_ct_slice()
    store_data_set(platform, image)
    clock.turn(QUIET)
    sweep(platform)
    store_data_set(platform, image)
    assert state(platform, image.StudyInstanceUID) is StudyState.STABLE


def test_completed_step_makes_the_study_stable_at_once(platform: Platform) -> None:
    image = a_dx_image()
    store_data_set(platform, image)
    for expected in (True, False):
        with platform.database.transaction(platform.tenant) as tx:
            assert mark_stable(tx, image.StudyInstanceUID, "step_completed") is expected
    assert [event["reason"] for event in events(platform, "study_stable")] == ["step_completed"]


def test_unknown_study_cannot_be_marked(platform: Platform) -> None:
    with pytest.raises(NotFound), platform.database.transaction(platform.tenant) as tx:
        mark_stable(tx, "1.2.3", "step_completed")


def test_sweep_waits_for_nobody_and_passes_over_a_study_in_use(platform: Platform, clock: TurnedClock) -> None:
    image = a_ct_slice()
    store_data_set(platform, image)
    clock.turn(QUIET)
    with platform.database.transaction(platform.tenant) as tx:
        store.share_study(tx, image.StudyInstanceUID, image.SeriesInstanceUID)
        assert sweep(platform) == 0
    assert sweep(platform) == 1


def test_two_associations_share_a_study_without_waiting(platform: Platform) -> None:
    image = a_ct_slice()
    store_data_set(platform, image)
    stored = threading.Event()

    def store_another() -> None:
        store_data_set(platform, a_ct_slice(StudyInstanceUID=image.StudyInstanceUID))
        stored.set()

    with platform.database.transaction(platform.tenant) as tx:
        store.share_study(tx, image.StudyInstanceUID, image.SeriesInstanceUID)
        thread = threading.Thread(target=store_another)
        thread.start()
        assert stored.wait(10)
        thread.join()
