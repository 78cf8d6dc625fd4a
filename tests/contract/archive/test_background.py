"""What happens without anybody asking: metadata made ready, orphans removed, nothing lost by an abrupt end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from negatoscope.archive.jobs import BUILD_METADATA, READY_METADATA
from negatoscope.archive.model import Outcome
from negatoscope.archive.orphans import sweep_orphans
from negatoscope.archive.receive import begin_instance
from negatoscope.archive.stability import sweep
from negatoscope.archive.study_store import find_instance
from negatoscope.archive.verify import rehash
from negatoscope.platform.blobs.local import LocalBlobStore
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.errors import OutOfResources
from negatoscope.platform.runtime import Platform
from tests.builders.archive import a_source, archivist, store_data_set
from tests.builders.dicom import a_ct_slice, part10_bytes


def test_metadata_are_ready_once_the_study_is_stable(
    platform: Platform, clock: TurnedClock, react: Callable[..., int], run_jobs: Callable[..., int]
) -> None:
    store_data_set(platform, a_ct_slice())
    clock.turn(timedelta(seconds=60))
    sweep(platform)
    assert react(READY_METADATA) == 1
    assert run_jobs(BUILD_METADATA) == 1
    with platform.database.read(platform.tenant) as tx:
        assert tx.execute(text("select count(*) from series_metadata")).scalar_one() == 1


def test_only_old_objects_without_a_row_are_removed(platform: Platform, clock: TurnedClock) -> None:
    store_data_set(platform, a_ct_slice())
    writer = platform.blobs.begin()
    writer.write(b"orphan")
    orphan = writer.commit()
    assert sweep_orphans(platform) == 0
    clock.turn(timedelta(hours=25))
    assert sweep_orphans(platform) == 1
    assert orphan.key not in {key for key, _ in platform.blobs.list_keys()}
    assert rehash(platform).damaged == []


def test_full_disk_is_said_and_nothing_is_kept(platform: Platform) -> None:
    blobs = platform.blobs
    assert isinstance(blobs, LocalBlobStore)
    full = LocalBlobStore(platform.settings.data / "objects", platform.tenant, blobs.keyring, reserve_bytes=1 << 62)
    crowded = Platform(**{name: getattr(platform, name) for name in Platform.__slots__} | {"blobs": full})
    with pytest.raises(OutOfResources):
        begin_instance(crowded, archivist(platform), source=a_source())
    assert list(blobs.list_keys()) == []


SENDER = """
import sys
from uuid import UUID
from negatoscope.app.build import build_platform
from negatoscope.platform.database import Database, TenantId
from negatoscope.platform.settings import Settings
from pathlib import Path
from tests.builders.archive import store_data_set
from tests.builders.dicom import a_ct_slice

settings = Settings(data=Path(sys.argv[1]), database_url=sys.argv[2])
platform = build_platform(settings, Database(sys.argv[2]), TenantId(UUID(sys.argv[3])))
image = a_ct_slice(rows=256, columns=256)
while True:
    image.SOPInstanceUID = f"2.25.{__import__('uuid').uuid4().int}"
    assert store_data_set(platform, image).outcome.value == "stored"
    print(image.SOPInstanceUID, flush=True)
"""


@pytest.mark.parametrize("acknowledged_before_the_kill", [1, 4, 9])
def test_killed_receiver_loses_nothing_it_acknowledged(
    platform: Platform, database_url: str, acknowledged_before_the_kill: int
) -> None:
    """The server of the tests does not wait for its disk, but a killed process is not a power cut: commits stay."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", SENDER, str(platform.settings.data), database_url, str(platform.tenant)]
    acknowledged = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.endswith("\n"):
                acknowledged.append(line.strip())
            if len(acknowledged) == acknowledged_before_the_kill:
                process.send_signal(signal.SIGKILL)
    assert len(acknowledged) >= acknowledged_before_the_kill
    with platform.database.read(platform.tenant) as tx:
        found = [find_instance(tx, uid) for uid in acknowledged]
    assert None not in found
    report = rehash(platform)
    assert report.damaged == []
    assert report.checked >= len(acknowledged)


def test_object_cut_off_by_the_sender_can_be_sent_again(platform: Platform) -> None:
    file = part10_bytes(a_ct_slice())
    incoming = begin_instance(platform, archivist(platform), source=a_source())
    incoming.write(file[:1000])
    incoming.discard()
    again = begin_instance(platform, archivist(platform), source=a_source())
    again.write(file)
    assert again.commit().outcome is Outcome.STORED
