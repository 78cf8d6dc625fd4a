"""Forget what serves nobody any more: sessions long over, failed proofs of the past. The trail keeps what happened."""

from __future__ import annotations

from datetime import timedelta

from negatoscope.access.store import attempts
from negatoscope.access.store import sessions as store
from negatoscope.platform.runtime import Platform

SESSIONS_KEPT = timedelta(days=30)
ATTEMPTS_KEPT = timedelta(days=1)


def sweep_access(platform: Platform) -> int:
    """Delete sessions that ended a month ago and attempts of more than a day ago; return how many rows. Call it hourly."""
    now = platform.clock.now()
    with platform.database.transaction(platform.tenant) as tx:
        return store.delete_sessions(tx, ended_before=now - SESSIONS_KEPT) + attempts.delete_attempts(
            tx, before=now - ATTEMPTS_KEPT
        )
