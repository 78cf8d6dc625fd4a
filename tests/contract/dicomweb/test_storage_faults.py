"""A disk that fails: each door says so in its own words, nothing is half kept, reading goes on, and an alarm stands in the rows."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from negatoscope.archive.scrub_store import list_alarms
from negatoscope.doors.dimse.server import serving
from negatoscope.platform.blobs.disk import Disk
from negatoscope.platform.blobs.local import LocalBlobStore
from negatoscope.platform.keyring import Keyring
from negatoscope.platform.runtime import Platform
from tests.builders.dicom import a_ct_slice, part10_bytes
from tests.contract.dicomweb.conftest import Door
from tests.contract.dimse.peers import send

Post = Callable[..., httpx.Response]


class FaultyDisk(Disk):
    """A disk one of whose calls fails, always or once."""

    def __init__(self, call: str, error: int, *, once: bool = False) -> None:
        self._call = call
        self._error = error
        self._once = once
        self.failures = 0

    def _maybe_fail(self, call: str) -> None:
        if call == self._call and not (self._once and self.failures):
            self.failures += 1
            raise OSError(self._error, os.strerror(self._error))

    def create(self, path: Path) -> int:
        self._maybe_fail("create")
        return super().create(path)

    def sync(self, descriptor: int) -> None:
        self._maybe_fail("sync")
        super().sync(descriptor)

    def sync_folder(self, path: Path) -> None:
        self._maybe_fail("sync_folder")
        super().sync_folder(path)


FAULTS = {
    "full disk": (FaultyDisk("create", errno.ENOSPC), 507, False),
    "read-only disk": (FaultyDisk("create", errno.EROFS), 409, True),
    "failed sync": (FaultyDisk("sync", errno.EIO), 409, True),
    "failed sync of the folder": (FaultyDisk("sync_folder", errno.EIO), 409, True),
}


def with_disk(platform: Platform, disk: Disk) -> LocalBlobStore:
    keyring = Keyring.open_or_create(platform.settings.data / "keyring.json")
    return LocalBlobStore(platform.settings.data / "objects", platform.tenant, keyring, disk=disk, reserve_bytes=0)


def alarms(platform: Platform) -> list[str]:
    with platform.database.read(platform.tenant) as tx:
        return [alarm.reason for alarm in list_alarms(tx, platform.clock.now())]


@pytest.mark.parametrize("fault", FAULTS)
def test_each_door_says_that_the_disk_fails_and_reading_goes_on(
    door: Door, client: httpx.Client, post: Post, fault: str
) -> None:
    disk, status, is_alarming = FAULTS[fault]
    kept, first, second = a_ct_slice(), a_ct_slice(), a_ct_slice()
    assert post(part10_bytes(kept)).status_code == 200
    faulty = with_disk(door.platform, disk)
    object.__setattr__(door.platform, "blobs", faulty)
    assert post(part10_bytes(first)).status_code == status
    with serving(replace(door.platform, blobs=faulty)) as port:
        assert send(port, second) == 0xA700
    found = client.get("/instances", headers={"Accept": "application/dicom+json"}).json()
    assert [item["00080018"]["Value"][0] for item in found] == [kept.SOPInstanceUID]
    path = f"/studies/{kept.StudyInstanceUID}/series/{kept.SeriesInstanceUID}/instances/{kept.SOPInstanceUID}"
    assert client.get(path, headers={"Accept": "application/dicom"}).status_code == 200
    assert len([path for path in (door.platform.settings.data / "objects").rglob("*") if path.is_file()]) == 1
    assert bool(alarms(door.platform)) is is_alarming


def test_room_that_comes_back_is_used_again(door: Door, post: Post) -> None:
    object.__setattr__(door.platform, "blobs", with_disk(door.platform, FaultyDisk("create", errno.ENOSPC, once=True)))
    image = part10_bytes(a_ct_slice())
    assert [post(image).status_code for _ in range(3)] == [507, 200, 200]


def test_a_disk_that_failed_to_sync_is_not_trusted_again(door: Door, post: Post) -> None:
    disk = FaultyDisk("sync", errno.EIO, once=True)
    object.__setattr__(door.platform, "blobs", with_disk(door.platform, disk))
    image = part10_bytes(a_ct_slice())
    assert [post(image).status_code for _ in range(3)] == [409, 409, 409]
    assert disk.failures == 1
    object.__setattr__(door.platform, "blobs", with_disk(door.platform, Disk()))
    assert post(image).status_code == 200
