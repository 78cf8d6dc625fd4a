"""Remove objects that no row names: what is left when a process ends between the bytes and the row."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from negatoscope.archive.study_store import list_blob_keys
from negatoscope.platform.blobs.local import LocalBlobStore
from negatoscope.platform.logs import get_logger
from negatoscope.platform.runtime import Platform

MINIMUM_AGE: Final = timedelta(hours=24)
"""Far longer than any transaction lives: an object this old either has its row or never gets one."""


def sweep_orphans(platform: Platform, *, minimum_age: timedelta = MINIMUM_AGE) -> int:
    """Delete objects older than `minimum_age` without a row, and stale temporary files; return the number of objects.

    Only the archive keeps objects in the store. The keys of the store are held in memory, some 100 bytes each.
    """
    limit = platform.clock.now() - minimum_age
    unclaimed = {key for key, changed_at in platform.blobs.list_keys() if changed_at < limit}
    if unclaimed:
        with platform.database.read(platform.tenant) as tx:
            for key in list_blob_keys(tx):
                unclaimed.discard(key)
    for key in unclaimed:
        platform.blobs.delete_key(key)
    if isinstance(platform.blobs, LocalBlobStore):
        platform.blobs.sweep_incoming(limit)
    if unclaimed:
        get_logger().info("orphans_removed", count=len(unclaimed))
    return len(unclaimed)
