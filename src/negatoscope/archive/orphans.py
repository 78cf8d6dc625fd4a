"""Remove objects that no row names: what is left when a process ends between the bytes and the row."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Final

from negatoscope.archive.kept_store import list_keys_between, try_release_objects
from negatoscope.archive.recompression.store import list_released_keys
from negatoscope.platform.blobs.local import LocalBlobStore
from negatoscope.platform.logs import get_logger
from negatoscope.platform.runtime import Platform

MINIMUM_AGE: Final = timedelta(hours=24)
"""Far longer than any transaction lives: an object this old either has its row or never gets one."""
MOST_KEYS: Final = 200_000
"""Keys held in memory at a time, some 100 bytes each; for each such batch the rows are gone through once."""


def sweep_orphans(platform: Platform, *, minimum_age: timedelta = MINIMUM_AGE, most_keys: int = MOST_KEYS) -> int:
    """Delete objects older than `minimum_age` without a row, and stale temporary files; return the number of objects.

    Only the archive keeps objects in the store.
    """
    limit = platform.clock.now() - minimum_age
    keys = _old_keys(platform, limit)
    removed = 0
    while batch := set(islice(keys, most_keys)):
        removed += _sweep(platform, batch, limit)
    if isinstance(platform.blobs, LocalBlobStore):
        platform.blobs.sweep_incoming(limit)
    if removed:
        get_logger().info("orphans_removed", count=removed)
    return removed


def _old_keys(platform: Platform, limit: datetime) -> Iterator[str]:
    return (key for key, changed_at in platform.blobs.list_keys() if changed_at < limit)


def _sweep(platform: Platform, unclaimed: set[str], limit: datetime) -> int:
    """Delete those of these keys that no row names; an original that was recompressed since `limit` may still be read.

    Nothing goes while a backup is taken.
    """
    with platform.database.read(platform.tenant) as tx:
        if not try_release_objects(tx):
            return 0
        for key in chain(list_keys_between(tx, min(unclaimed), max(unclaimed)), list_released_keys(tx, limit)):
            unclaimed.discard(key)
        for key in unclaimed:
            platform.blobs.delete_key(key)
    return len(unclaimed)
