"""Read all objects again and again at a set rate, and say which are no longer what was written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from negatoscope.access.model import system_subject
from negatoscope.archive import scrub_store
from negatoscope.archive.kept_store import KeptObject, Position, list_kept_after, next_kind
from negatoscope.archive.scrub_store import ScrubState
from negatoscope.archive.verify import Finding, examine
from negatoscope.audit.trail import record
from negatoscope.platform.events import publish
from negatoscope.platform.logs import get_logger
from negatoscope.platform.runtime import Platform

PERIOD_S: Final = 5.0
LEASE: Final = timedelta(minutes=10)
"""After so long another worker goes on: longer than the largest object takes."""
SHORTEST_ROUND: Final = timedelta(days=1)
_MEGABYTE: Final = 1_000_000
_MOST_OBJECTS: Final = 200


def scrub(platform: Platform) -> int:
    """Read as many objects as the rate allows for one period, if it is time; return their number.

    An object is read at a stretch; what it took beyond the period is waited for afterwards, so that the rate holds on the whole.
    """
    rate = platform.settings.scrub_mb_per_s * _MEGABYTE
    if rate == 0:
        return 0
    now = platform.clock.now()
    with platform.database.transaction(platform.tenant) as tx:
        state = scrub_store.claim_scrub(tx, now, now + LEASE)
        page = list_kept_after(tx, state.position, _MOST_OBJECTS) if state is not None else []
    if state is None:
        return 0
    findings = _read(platform, page, budget=rate * PERIOD_S)
    following = _advanced(state, findings, rate, now)
    _write_down(platform, following, findings)
    if following.last_round_ended_at != state.last_round_ended_at:
        with platform.database.transaction(platform.tenant) as tx:
            # What was not met again in a whole round has no row any more: it was erased, or settled in another way.
            scrub_store.forget_damage(tx, unseen_since=state.round_began_at, now=now)
    return len(findings)


def _read(platform: Platform, page: Sequence[KeptObject], budget: float) -> list[Finding]:
    findings: list[Finding] = []
    for kept, fault in examine(platform, page):
        findings.append((kept, fault))
        budget -= kept.blob.size
        if budget <= 0:
            break
    return findings


def _advanced(state: ScrubState, findings: Sequence[Finding], rate: float, now: datetime) -> ScrubState:
    """Return where the scrub stands after these objects; without any, at the next table or the next round."""
    size = sum(kept.blob.size for kept, _ in findings)
    if findings:
        return replace(
            state,
            position=findings[-1][0].position,
            due_at=now + timedelta(seconds=size / rate),
            round_objects=state.round_objects + len(findings),
            round_bytes=state.round_bytes + size,
        )
    kind = next_kind(state.position.kind)
    if kind is not None:
        return replace(state, position=Position(kind=kind), due_at=now)
    begins_at = max(now, state.round_began_at + SHORTEST_ROUND)
    return ScrubState(
        position=Position(),
        due_at=begins_at,
        round_began_at=begins_at,
        round_objects=0,
        round_bytes=0,
        last_round_ended_at=now,
        last_round_objects=state.round_objects,
        last_round_bytes=state.round_bytes,
    )


def _write_down(platform: Platform, state: ScrubState, findings: Sequence[Finding]) -> None:
    now = platform.clock.now()
    actor = system_subject(platform.tenant, "scrub").actor
    with platform.database.transaction(platform.tenant) as tx:
        scrub_store.update_scrub(tx, state)
        sound = [kept.blob.key for kept, fault in findings if fault is None]
        if sound:
            scrub_store.mark_mended(tx, sound, now)
        for kept, fault in findings:
            if fault is None or not scrub_store.insert_damage(tx, kept, fault, now):
                continue
            about = {"kind": kept.kind, "name": kept.name}
            record(tx, actor, "object_damaged", outcome="failure", study_uid=kept.study_uid, objects=about, reason=fault)
            publish(tx, "object_damaged", subject=kept.name, payload={"kind": kept.kind, "fault": fault})
            get_logger().error("object_damaged", kind=kept.kind, reason=fault)


def raise_storage_alarm(platform: Platform, reason: str) -> None:
    """Say in rows that this process could not make an object durable; the trail and the log of events tell it once."""
    place = str(platform.settings.objects_url or platform.settings.data / "objects")
    with platform.database.transaction(platform.tenant) as tx:
        if scrub_store.insert_alarm(tx, place, reason, platform.clock.now()):
            actor = system_subject(platform.tenant, "archive").actor
            record(tx, actor, "storage_failed", outcome="failure", reason=reason)
            publish(tx, "storage_failed", subject="objects", payload={"reason": reason})
