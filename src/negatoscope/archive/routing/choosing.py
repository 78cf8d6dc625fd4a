"""Find out, for each rule, which objects of a study must go, and see to it that a transfer brings them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from negatoscope.access.model import system_subject
from negatoscope.access.store.devices import get_device
from negatoscope.archive.model import Instance, SourceKind, StudyState
from negatoscope.archive.prefetch.marks import is_fetched
from negatoscope.archive.report_visibility import visible_instances
from negatoscope.archive.routing import rule_store, transfer_store
from negatoscope.archive.routing.conditions import examine
from negatoscope.archive.routing.facts import StudyFacts
from negatoscope.archive.routing.model import (
    DestinationKind,
    Hours,
    Parcel,
    Rule,
    RuleContent,
    Transfer,
    TransferEvent,
    TransferPriority,
    TransferState,
    Trigger,
    next_transfer_state,
)
from negatoscope.archive.routing.notices import notice_of
from negatoscope.archive.study_store import list_instances, list_studies
from negatoscope.platform.errors import CorruptObject
from negatoscope.platform.events import Event, publish
from negatoscope.platform.job_worker import JobDefinition, JobRun
from negatoscope.platform.logs import get_logger
from negatoscope.platform.reactions import Reaction
from negatoscope.platform.runtime import Platform

NAME: Final = "routing"
MOST_RELEASED: Final = 500
QUEUE_PLACES: Final[Mapping[TransferPriority, int]] = {
    TransferPriority.HIGH: 1,
    TransferPriority.MEDIUM: 2,
    TransferPriority.LOW: 3,
}


@dataclass(frozen=True, slots=True)
class _SendJob:
    """The job that sends, by its name alone: what it does is known where the doors are."""

    name: str = "archive.routing.send"


SEND: Final = _SendJob()


def consider(platform: Platform, run: JobRun) -> None:
    """Look at one study under every rule that is on, and queue what has to go. The same again changes nothing."""
    study_uid = str(run.arguments["study_uid"])
    replaced = str(run.arguments.get("sop_instance_uid") or "")
    with platform.database.read(platform.tenant) as tx:
        rules = rule_store.list_rules(tx, enabled_only=True)
        if not rules:
            return
        if is_fetched(tx, study_uid):
            rules = [rule for rule in rules if rule.content.with_fetched]
        if not list_studies(tx, [study_uid]):
            return  # erased since
        facts = StudyFacts(platform, tx, study_uid)
        every = list_instances(tx, study_uid)
        shown = list_instances(tx, study_uid, where=visible_instances(system_subject(platform.tenant, NAME)))
        origins = {rule.rule_id: origin_of(tx, rule.content) for rule in rules}
        carried = {rule.rule_id: transfer_store.list_carried(tx, rule.rule_id, study_uid) for rule in rules}
    for rule in rules:
        found = every if rule.content.parcel is Parcel.NOTICE else _news(rule, shown, carried[rule.rule_id], replaced)
        ready = [one for one in _ready(platform, rule.content, facts.study.state, found) if one.source != origins[rule.rule_id]]
        chosen = [one for one in ready if _fits(rule.content, facts, one)]
        if chosen:
            _queue(platform, rule, study_uid, chosen, replaced)


def _news(rule: Rule, shown: Sequence[Instance], carried: AbstractSet[str], replaced: str) -> list[Instance]:
    """Return what came since the rule was switched on and no transfer carries, and what it carries with other bytes now."""
    return [
        one
        for one in shown
        if (one.sop_instance_uid == replaced and replaced in carried)
        or (one.sop_instance_uid not in carried and rule.on_since is not None and one.received_at >= rule.on_since)
    ]


def origin_of(tx: Connection, content: RuleContent) -> str:
    """Return the source that objects from the destination itself bear: to it they never go back."""
    destination = content.destination
    if destination.kind is DestinationKind.DEVICE:
        return f"{SourceKind.DIMSE.value}:{get_device(tx, destination.destination_id).ae_title}"
    return f"{SourceKind.FETCH.value}:{rule_store.get_server(tx, destination.destination_id).name}"


def _ready(platform: Platform, content: RuleContent, state: StudyState, found: Sequence[Instance]) -> Iterable[Instance]:
    """Return the objects for which the rule need not wait any longer."""
    if content.trigger is Trigger.RECEIVED or state is StudyState.STABLE:
        return found
    if content.trigger is Trigger.STUDY_COMPLETE:
        return ()
    last: dict[str, datetime] = {}
    for one in found:
        last[one.series_uid] = max(last.get(one.series_uid, one.received_at), one.received_at)
    quiet_since = _quiet_since(platform)
    return [one for one in found if last[one.series_uid] <= quiet_since]


def _fits(content: RuleContent, facts: StudyFacts, instance: Instance) -> bool:
    try:
        return all(finding.holds for finding in examine(content.conditions, facts.of(instance).values))
    except CorruptObject:
        # What cannot be read cannot be sent either, and does not keep the others of its study back; `verify` names it.
        get_logger().warning("object_not_routed", reason="unreadable_header")
        return False


def _queue(platform: Platform, rule: Rule, study_uid: str, chosen: Sequence[Instance], replaced: str) -> None:
    scopes: dict[str, list[Instance]] = defaultdict(list)
    for one in chosen:
        scopes[str(one.series_uid) if rule.content.trigger is Trigger.SERIES_COMPLETE else ""].append(one)
    for series_uid, objects in scopes.items():
        with platform.database.transaction(platform.tenant) as tx:
            if rule.content.parcel is Parcel.NOTICE:
                _add_notice(platform, tx, rule, study_uid, series_uid)
            else:
                _add_objects(
                    platform, tx, rule, (study_uid, series_uid), [str(one.sop_instance_uid) for one in objects], replaced
                )


def _add_objects(
    platform: Platform, tx: Connection, rule: Rule, scope: tuple[str, str], uids: Sequence[str], replaced: str
) -> None:
    now = platform.clock.now()
    state = _first_state(platform, rule)
    transfer, is_new = transfer_store.find_or_insert_transfer(tx, rule.rule_id, *scope, state=state, at=now)
    added = transfer_store.insert_objects(tx, transfer.transfer_id, uids, now)
    if replaced in uids and not is_new:
        transfer_store.update_object(tx, transfer.transfer_id, replaced, transfer_store.DUE, "", now)
        added += 1
    if is_new:
        _announce(tx, transfer)
        if transfer.state is TransferState.QUEUED:
            enqueue(platform, tx, rule, transfer.transfer_id, transfer.round)
    elif added:
        add_more(platform, tx, rule, transfer)


def _add_notice(platform: Platform, tx: Connection, rule: Rule, study_uid: str, series_uid: str) -> None:
    """Queue a notice unless the receiver was told the very same already."""
    now = platform.clock.now()
    state = _first_state(platform, rule)
    transfer, is_new = transfer_store.find_or_insert_transfer(tx, rule.rule_id, study_uid, series_uid, state=state, at=now)
    if is_new:
        _announce(tx, transfer)
        if transfer.state is TransferState.QUEUED:
            enqueue(platform, tx, rule, transfer.transfer_id, transfer.round)
    elif transfer.notice_sha256 != notice_of(platform, tx, study_uid, series_uid).sha256:
        add_more(platform, tx, rule, transfer)


def add_more(platform: Platform, tx: Connection, rule: Rule, transfer: Transfer) -> None:
    """Let a transfer, locked, bring what was added to it: what was sent starts again, what waits takes it along."""
    state = next_transfer_state(transfer.state, TransferEvent.MORE)
    if state is transfer.state:
        return
    values = {"state": state.value, "round": transfer.round + 1, "attempts": 0, "next_attempt_at": None}
    transfer_store.update_transfer(tx, transfer, values)
    enqueue(platform, tx, rule, transfer.transfer_id, transfer.round + 1)
    publish_change(tx, transfer, state)


def enqueue(platform: Platform, tx: Connection, rule: Rule, transfer_id: UUID, number: int, *, wait_s: float = 0.0) -> None:
    """Enqueue the job of one round of a transfer, in the place that the rule's priority gives it."""
    platform.jobs.enqueue(
        tx,
        SEND,
        key=f"{transfer_id}/{number}",
        arguments={"transfer_id": str(transfer_id), "round": number},
        wait_s=wait_s,
        priority=QUEUE_PLACES[rule.content.priority],
    )


def is_open(platform: Platform, hours: Hours | None) -> bool:
    """Tell whether objects may go now, by the clock of the house."""
    zone = ZoneInfo(platform.settings.time_zone)
    return hours is None or hours.contains(platform.clock.now().astimezone(zone).time())


def release_waiting(platform: Platform) -> int:
    """Queue the transfers whose hours have begun; return how many. Called every half a minute."""
    released = 0
    with platform.database.read(platform.tenant) as tx:
        waiting = transfer_store.list_waiting(tx, limit=MOST_RELEASED)
        rules = {rule.rule_id: rule for rule in rule_store.list_rules(tx, enabled_only=True)} if waiting else {}
    for found in waiting:
        rule = rules.get(found.rule_id)
        if rule is None or not is_open(platform, rule.content.hours):
            continue
        with platform.database.transaction(platform.tenant) as tx:
            transfer = transfer_store.get_transfer(tx, found.transfer_id, lock=True)
            if transfer.state is not TransferState.WAITING:
                continue
            state = next_transfer_state(transfer.state, TransferEvent.DUE)
            transfer_store.update_transfer(tx, transfer, {"state": state.value, "round": transfer.round + 1})
            enqueue(platform, tx, rule, transfer.transfer_id, transfer.round + 1)
            publish_change(tx, transfer, state)
            released += 1
    return released


def notice_quiet_series(platform: Platform) -> int:
    """Have the studies looked at in which a series fell quiet while others still arrive; each quiet moment once."""
    with platform.database.read(platform.tenant) as tx:
        rules = rule_store.list_rules(tx, enabled_only=True)
        if all(rule.content.trigger is not Trigger.SERIES_COMPLETE for rule in rules):
            return 0
        quiet = transfer_store.list_quiet_series(tx, _quiet_since(platform))
    for study_uid, series_uid, at in quiet:
        with platform.database.transaction(platform.tenant) as tx:
            key = f"{series_uid}/{at.timestamp():.6f}"
            platform.jobs.enqueue(tx, CONSIDER, key=key, arguments={"study_uid": study_uid})
    return len(quiet)


def publish_change(tx: Connection, transfer: Transfer, state: TransferState) -> None:
    """Announce that a transfer stands elsewhere."""
    publish(
        tx,
        "transfer_changed",
        subject=str(transfer.transfer_id),
        payload={"study_uid": transfer.study_uid, "state": state.value},
    )


def _announce(tx: Connection, transfer: Transfer) -> None:
    publish_change(tx, transfer, transfer.state)


def _first_state(platform: Platform, rule: Rule) -> TransferState:
    return TransferState.QUEUED if is_open(platform, rule.content.hours) else TransferState.WAITING


def _quiet_since(platform: Platform) -> datetime:
    return platform.clock.now() - timedelta(seconds=platform.settings.study_quiet_s)


def _have_considered(platform: Platform, tx: Connection, event: Event) -> None:
    """Ask for a look at the study; without a rule nothing is asked, so that a house without routing pays nothing."""
    if not rule_store.list_rules(tx, enabled_only=True):
        return
    arguments = {"study_uid": str(event.payload.get("study_uid") or event.subject)}
    if event.kind == "instance_replaced":
        arguments["sop_instance_uid"] = event.subject
    platform.jobs.enqueue(tx, CONSIDER, key=f"{arguments['study_uid']}/{event.sequence}", arguments=arguments)


CONSIDER: Final = JobDefinition(name="archive.routing.consider", run=consider)
ROUTE: Final = Reaction(
    name="archive.route",
    kinds=frozenset({"study_updated", "study_stable", "study_rejection_changed", "instance_replaced"}),
    handle=_have_considered,
)
