"""The vitals show what waits, what failed and who works."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

from sqlalchemy import Connection, text

from negatoscope.platform.events import Event, publish
from negatoscope.platform.lease import Lease
from negatoscope.platform.reactions import Reaction
from negatoscope.platform.runtime import Platform
from negatoscope.platform.vitals import read_vitals


def test_vitals_show_waiting_facts_and_failures(platform: Platform, react: Callable[..., int]) -> None:
    def fail(_: Platform, __: Connection, event: Event) -> None:
        raise RuntimeError(event.kind)

    with platform.database.transaction(platform.tenant) as tx:
        publish(tx, "happened", subject="x")
        publish(tx, "happened", subject="y")
    react(Reaction(name="broken", kinds=frozenset({"happened"}), handle=fail))
    before = next(reaction for reaction in read_vitals(platform).reactions if reaction.name == "broken")
    assert (before.waiting, before.failures) == (2, 1)
    for _ in range(12):
        with platform.database.transaction(platform.tenant) as tx:
            tx.execute(text("update event_cursors set next_try_at = '-infinity'"))
        react(Reaction(name="broken", kinds=frozenset({"happened"}), handle=fail))
    after = read_vitals(platform)
    assert [fault.reaction for fault in after.event_faults] == ["broken", "broken"]
    assert next(reaction for reaction in after.reactions if reaction.name == "broken").waiting == 0


def test_vitals_show_who_works(platform: Platform) -> None:
    lease = Lease(platform.database, platform.jobs, platform.clock, executor_id=f"w-{uuid4()}")
    lease.start()
    assert lease._executor_id in {executor.executor_id for executor in read_vitals(platform).executors if executor.alive}
    lease.stop()
    assert lease._executor_id not in {executor.executor_id for executor in read_vitals(platform).executors if executor.alive}
