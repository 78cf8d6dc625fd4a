"""The scrub reads everything at its rate, resumes where it stopped, and says once what is damaged."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import NoReturn, cast

import pytest
from sqlalchemy import text

from negatoscope.app.command_line.doctor import _objects
from negatoscope.archive.kept_store import KEEPERS, Position, list_kept_after
from negatoscope.archive.orphans import sweep_orphans
from negatoscope.archive.scrub_store import find_scrub, list_damaged
from negatoscope.archive.scrubbing import LEASE, PERIOD_S, SHORTEST_ROUND, raise_storage_alarm, scrub
from negatoscope.archive.verify import examine
from negatoscope.platform.blobs.local import LocalBlobStore
from negatoscope.platform.blobs.port import BlobRef, BlobStore
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.reactions import Reaction, Reactor
from negatoscope.platform.runtime import Platform
from tests.builders.archive import store_bytes, store_data_set
from tests.builders.dicom import a_ct_slice, a_dx_image, part10_bytes


@pytest.fixture
def slow(platform: Platform) -> Platform:
    """A scrub that reads one object of the tests a period."""
    return replace(platform, settings=platform.settings.model_copy(update={"scrub_mb_per_s": 0.0005}))


def whole_round(platform: Platform, clock: TurnedClock) -> int:
    """Scrub until a round has ended, and return how many objects it read."""
    read = 0
    for _ in range(200):
        read += scrub(platform)
        with platform.database.read(platform.tenant) as tx:
            state = find_scrub(tx)
        if state is not None and state.last_round_ended_at is not None and state.round_began_at > clock.now():
            return read
        clock.turn(timedelta(minutes=1))
    raise AssertionError("the round does not end")


def damage(platform: Platform, number: int, *, missing: bool = False) -> tuple[Path, bytes]:
    assert isinstance(platform.blobs, LocalBlobStore)
    path = platform.blobs.path_of(sorted(key for key, _ in platform.blobs.list_keys())[number])
    sound = path.read_bytes()
    path.unlink() if missing else path.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
    return path, sound


def facts(platform: Platform, kind: str) -> list[dict[str, object]]:
    seen: list[dict[str, object]] = []
    reaction = Reaction(
        name=f"tests.{kind}", kinds=frozenset({kind}), handle=lambda _, __, event: seen.append(dict(event.payload))
    )
    Reactor(platform, (reaction,)).run_once(platform.tenant)
    return seen


def test_a_round_reads_every_object_once_whatever_it_is(platform: Platform, clock: TurnedClock) -> None:
    for _ in range(3):
        store_data_set(platform, a_ct_slice())
    other = a_ct_slice()
    store_data_set(platform, other)
    other.Rows, other.PixelData = 31, other.PixelData[:-64]
    store_data_set(platform, other)
    store_bytes(platform, part10_bytes(a_dx_image())[:-9])
    assert whole_round(platform, clock) == 6
    with platform.database.read(platform.tenant) as tx:
        state = find_scrub(tx)
        assert list_damaged(tx) == []
    assert state is not None
    assert state.last_round_objects == 6
    assert scrub(platform) == 0
    clock.turn(SHORTEST_ROUND)
    assert whole_round(platform, clock) == 6


def test_the_rate_holds_and_another_worker_does_not_read_the_same(slow: Platform, clock: TurnedClock) -> None:
    for _ in range(3):
        store_data_set(slow, a_ct_slice())
    assert scrub(slow) == 1
    assert scrub(slow) == 0
    clock.turn(timedelta(seconds=PERIOD_S))
    with slow.database.read(slow.tenant) as tx:
        state = find_scrub(tx)
    assert state is not None
    assert (state.due_at - clock.now()).total_seconds() == pytest.approx(state.round_bytes / 500 - PERIOD_S)
    clock.turn(timedelta(minutes=1))
    assert scrub(slow) == 1


class DyingStore:
    """Stands for a worker that is killed while it reads."""

    def open(self, ref: BlobRef) -> NoReturn:
        raise KeyboardInterrupt


def test_a_worker_that_died_over_an_object_is_followed_by_another(platform: Platform, clock: TurnedClock) -> None:
    store_data_set(platform, a_ct_slice())
    with pytest.raises(KeyboardInterrupt):
        scrub(replace(platform, blobs=cast(BlobStore, DyingStore())))
    assert scrub(platform) == 0
    clock.turn(LEASE)
    assert scrub(platform) == 1


def test_damage_is_told_once_and_is_gone_once_mended(platform: Platform, clock: TurnedClock) -> None:
    for _ in range(4):
        store_data_set(platform, a_ct_slice())
    flipped, sound = damage(platform, 0)
    damage(platform, 1, missing=True)
    whole_round(platform, clock)
    with platform.database.read(platform.tenant) as tx:
        assert sorted(one.fault for one in list_damaged(tx)) == ["damaged_frame", "missing_object"]
    assert sorted(str(fact["fault"]) for fact in facts(platform, "object_damaged")) == ["damaged_frame", "missing_object"]
    assert len([line for line in _objects(platform) if "is damaged" in line]) == 2
    flipped.write_bytes(sound)
    clock.turn(SHORTEST_ROUND)
    whole_round(platform, clock)
    assert facts(platform, "object_damaged") == []
    with platform.database.read(platform.tenant) as tx:
        assert [one.fault for one in list_damaged(tx)] == ["missing_object"]


def test_what_goes_while_it_is_read_is_not_damaged(platform: Platform) -> None:
    """An erasure commits between the page and the reading."""
    image, other = a_ct_slice(), a_ct_slice()
    for one in (image, other):
        store_data_set(platform, one)
    with platform.database.transaction(platform.tenant) as tx:
        page = list_kept_after(tx, Position(), 10)
        tx.execute(text("delete from instances where sop_instance_uid = :uid"), {"uid": str(image.SOPInstanceUID)})
    for kept in page:
        platform.blobs.delete(kept.blob)
    faults = {kept.name: fault for kept, fault in examine(platform, page)}
    assert faults == {str(image.SOPInstanceUID): None, str(other.SOPInstanceUID): "missing_object"}


def test_an_alarm_of_the_storage_is_told_once_and_shown_for_a_day(platform: Platform, clock: TurnedClock) -> None:
    for _ in range(3):
        raise_storage_alarm(platform, "storage_failed")
    assert facts(platform, "storage_failed") == [{"reason": "storage_failed"}]
    assert any("durable" in line for line in _objects(platform))
    clock.turn(timedelta(days=2))
    assert list(_objects(platform)) == []
    raise_storage_alarm(platform, "storage_failed")
    assert facts(platform, "storage_failed") == [{"reason": "storage_failed"}]


@pytest.mark.parametrize("most_keys", [1, 3, 200_000])
def test_the_sweep_takes_orphans_alone_however_few_keys_it_holds(
    platform: Platform, clock: TurnedClock, most_keys: int
) -> None:
    for _ in range(5):
        store_data_set(platform, a_ct_slice())
    kept = {key for key, _ in platform.blobs.list_keys()}
    for _ in range(4):
        writer = platform.blobs.begin()
        writer.write(b"orphan")
        writer.commit()
    assert sweep_orphans(platform, most_keys=most_keys) == 0
    clock.turn(timedelta(hours=25))
    assert sweep_orphans(platform, most_keys=most_keys) == 4
    assert {key for key, _ in platform.blobs.list_keys()} == kept


def test_every_table_that_names_objects_is_walked(platform: Platform) -> None:
    """A table left out of the walk would have its objects swept as orphans."""
    with platform.database.owner_transaction() as tx:
        named = tx.exec_driver_sql(
            "select c.table_name from information_schema.columns c join pg_class k on k.relname = c.table_name"
            " where c.column_name = 'blob_wrapped_key' and not k.relispartition and c.table_schema = 'public'"
        ).scalars()
        assert set(named) == {keeper.table.name for keeper in KEEPERS}
