"""What is no longer given out, and what is forgotten, with time: a periodic sweep."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from negatoscope.access.model import Action, system_subject
from negatoscope.audit.trail import record
from negatoscope.orders.workitems import store, subscription_store
from negatoscope.platform.runtime import Platform

GIVEN_OUT_FOR: Final = timedelta(days=30)
"""How long a workitem that has ended is given out, if nobody holds a deletion lock; its row stays for ever."""
DELIVERED_FOR: Final = timedelta(days=1)
WAITS_FOR: Final = timedelta(days=7)
"""How long a report waits for a subscriber that does not come."""
MOST_AT_ONCE: Final = 500


def sweep_workitems(platform: Platform) -> None:
    """Retire what ended long ago without lock, and forget old reports."""
    now = platform.clock.now()
    with platform.database.transaction(platform.tenant) as tx:
        subscription_store.delete_old_reports(tx, delivered_before=now - DELIVERED_FOR, created_before=now - WAITS_FOR)
    retired = [""]
    while retired:
        with platform.database.transaction(platform.tenant) as tx:
            retired = list[str](store.retire_workitems(tx, ended_before=now - GIVEN_OUT_FOR, at=now, limit=MOST_AT_ONCE))
            if retired:
                subscription_store.unsubscribe_all_from(tx, retired)
                keeper = system_subject(platform.tenant, "workitem retention")
                retiral = {"act": "retire", "workitems": f"{len(retired)}"}
                record(tx, keeper.actor, Action.OVERSEE_WORKITEMS.value, objects=dict(retiral))
