"""The event log: nothing skipped, nothing lost, effects once, one bad fact stops nobody."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, text

from negatoscope.platform.errors import Unavailable
from negatoscope.platform.events import Event, head, publish, read_after
from negatoscope.platform.reactions import MOST_FAILURES, Reaction, retry_parked
from negatoscope.platform.runtime import Platform


def a_reaction(seen: list[str], *, fail_on: str | None = None) -> Reaction:
    def handle(_: Platform, tx: Connection, event: Event) -> None:
        if event.subject == fail_on:
            raise RuntimeError("indigestible")
        seen.append(event.subject)

    return Reaction(name="tester", kinds=frozenset({"happened"}), handle=handle)


def end_the_wait(platform: Platform) -> None:
    with platform.database.transaction(platform.tenant) as tx:
        tx.execute(text("update event_cursors set next_try_at = '-infinity'"))


def test_reaction_sees_each_fact_once_and_in_order(platform: Platform, react: Callable[..., int]) -> None:
    seen: list[str] = []
    reaction = a_reaction(seen)
    for subject in ("a", "b"):
        with platform.database.transaction(platform.tenant) as tx:
            publish(tx, "happened", subject=subject)
            publish(tx, "other", subject="x")
    assert react(reaction) == 2
    assert react(reaction) == 0
    with platform.database.transaction(platform.tenant) as tx:
        publish(tx, "happened", subject="c")
    react(reaction)
    assert seen == ["a", "b", "c"]


def test_late_commit_is_not_passed_over(platform: Platform) -> None:
    """A transaction that began first and commits last holds back what follows it, then all is read."""
    database, tenant = platform.database, platform.tenant
    with database.read(tenant) as tx:
        start = head(tx)
    with database.transaction(tenant) as slow:
        publish(slow, "happened", subject="slow")
        with database.transaction(tenant) as quick:
            publish(quick, "happened", subject="quick")
        with database.read(tenant) as tx:
            assert read_after(tx, start) == []
    with database.read(tenant) as tx:
        assert [event.subject for event in read_after(tx, start)] == ["slow", "quick"]


def test_failing_fact_is_parked_and_the_next_ones_go_on(platform: Platform, react: Callable[..., int]) -> None:
    seen: list[str] = []
    reaction = a_reaction(seen, fail_on="bad")
    with platform.database.transaction(platform.tenant) as tx:
        for subject in ("good", "bad", "after"):
            publish(tx, "happened", subject=subject)
    for _ in range(MOST_FAILURES):
        react(reaction)
        assert react(reaction) == 0, "it waits after a failure"
        end_the_wait(platform)
    react(reaction)
    assert seen == ["good", "after"]
    with platform.database.read(platform.tenant) as tx:
        parked = tx.execute(text("select subject, error from event_faults")).all()
    assert [tuple(row) for row in parked] == [("bad", "RuntimeError")]
    assert retry_parked(platform, (reaction,)) == (0, 1)
    assert retry_parked(platform, (a_reaction(seen),)) == (1, 0)
    assert seen == ["good", "after", "bad"]


def test_fault_that_passes_by_itself_is_never_parked(platform: Platform, react: Callable[..., int]) -> None:
    seen: list[str] = []

    def away(_: Platform, __: Connection, event: Event) -> None:
        raise Unavailable(event.kind)

    with platform.database.transaction(platform.tenant) as tx:
        publish(tx, "happened", subject="patient one")
    for _ in range(MOST_FAILURES + 3):
        react(Reaction(name="tester", kinds=frozenset({"happened"}), handle=away))
        end_the_wait(platform)
    react(a_reaction(seen))
    assert seen == ["patient one"]


def test_another_tenant_sees_nothing(platform: Platform) -> None:
    with platform.database.transaction(platform.tenant) as tx:
        publish(tx, "happened", subject="secret")
    other = next(tenant for tenant in platform.database.tenants() if tenant != platform.tenant)
    with platform.database.read(other) as tx:
        assert "secret" not in [event.subject for event in read_after(tx, type(head(tx))(), limit=10_000)]
