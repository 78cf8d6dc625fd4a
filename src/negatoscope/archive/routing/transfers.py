"""Transfers as a person sees them: listed, tried again, given up with a reason, sent once more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Subject
from negatoscope.archive.routing import choosing, rule_store, transfer_store
from negatoscope.archive.routing.model import (
    Rule,
    Tally,
    Transfer,
    TransferEvent,
    TransferState,
    next_transfer_state,
)
from negatoscope.archive.study_store import get_study
from negatoscope.audit.trail import record
from negatoscope.platform.errors import InvalidInput, StaleVersion
from negatoscope.platform.runtime import Platform

LEAST_REASON = 10
LONGEST_REASON = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferPage:
    """One page of transfers, newest first, with their rules and how far each has come."""

    transfers: tuple[Transfer, ...]
    rules: dict[UUID, Rule]
    tallies: dict[UUID, Tally]
    next_after: tuple[datetime, UUID] | None


def list_transfers(
    tx: Connection,
    subject: Subject,
    *,
    states: frozenset[TransferState] = frozenset(),
    rule_id: UUID | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> TransferPage:
    """Return the transfers to those who look after what goes to other systems."""
    authorise(tx, subject, Action.REPLAY_MESSAGES)
    found = transfer_store.list_transfers(tx, states=states, rule_id=rule_id, after=after, limit=limit + 1)
    page = tuple(found[:limit])
    return TransferPage(
        transfers=page,
        rules={rule.rule_id: rule for rule in rule_store.list_rules(tx)},
        tallies=transfer_store.tally_objects(tx, [one.transfer_id for one in page]),
        next_after=(page[-1].created_at, page[-1].transfer_id) if len(found) > limit else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferDetail:
    """One transfer with the objects that could not be brought, each with the reason."""

    transfer: Transfer
    rule: Rule
    tally: Tally
    failures: tuple[tuple[str, str], ...]


def get_transfer(tx: Connection, subject: Subject, transfer_id: UUID) -> TransferDetail:
    """Return one transfer to those who look after what goes to other systems."""
    authorise(tx, subject, Action.REPLAY_MESSAGES)
    transfer = transfer_store.get_transfer(tx, transfer_id)
    return TransferDetail(
        transfer=transfer,
        rule=rule_store.get_rule(tx, transfer.rule_id),
        tally=transfer_store.tally_objects(tx, [transfer_id])[transfer_id],
        failures=tuple(transfer_store.list_failures(tx, transfer_id)),
    )


def retry_transfer(platform: Platform, subject: Subject, transfer_id: UUID, *, version: int) -> None:
    """Try at once what failed or waits for its next attempt; send all of it again where everything was sent."""
    with platform.database.transaction(platform.tenant) as tx:
        transfer = _for_change(tx, subject, transfer_id, version)
        rule = rule_store.get_rule(tx, transfer.rule_id)
        state = next_transfer_state(transfer.state, TransferEvent.RETRY)
        now = platform.clock.now()
        if transfer.state is TransferState.SENT:
            transfer_store.update_objects_to_due(tx, transfer_id, now)
        number = transfer.round + 1
        values = {"state": state.value, "round": number, "attempts": 0, "next_attempt_at": None, "dismissed_because": ""}
        transfer_store.update_transfer(tx, transfer, values)
        choosing.enqueue(platform, tx, rule, transfer_id, number)
        choosing.publish_change(tx, transfer, state)
        _trace(tx, subject, transfer, "transfer_retried")


def dismiss_transfer(platform: Platform, subject: Subject, transfer_id: UUID, *, version: int, reason: str) -> None:
    """Give a transfer up: what it has not brought stays here. The reason is kept with it and in the trail."""
    cleaned = " ".join(reason.split())
    if not LEAST_REASON <= len(cleaned) <= LONGEST_REASON:
        raise InvalidInput("State a reason of 10 to 200 characters.", reason="needs_reason", field="reason")
    with platform.database.transaction(platform.tenant) as tx:
        transfer = _for_change(tx, subject, transfer_id, version)
        state = next_transfer_state(transfer.state, TransferEvent.DISMISS)
        values = {"state": state.value, "dismissed_because": cleaned, "next_attempt_at": None}
        transfer_store.update_transfer(tx, transfer, values)
        choosing.publish_change(tx, transfer, state)
        _trace(tx, subject, transfer, "transfer_dismissed", reason=cleaned)


def count_parked(tx: Connection) -> int:
    """Count the transfers that wait for a person."""
    return transfer_store.count_parked(tx)


def _for_change(tx: Connection, subject: Subject, transfer_id: UUID, version: int) -> Transfer:
    authorise(tx, subject, Action.REPLAY_MESSAGES)
    transfer = transfer_store.get_transfer(tx, transfer_id, lock=True)
    if transfer.version != version:
        raise StaleVersion("Somebody else changed this transfer first.")
    return transfer


def _trace(tx: Connection, subject: Subject, transfer: Transfer, action: str, *, reason: str | None = None) -> None:
    record(
        tx,
        subject.actor,
        action,
        patient_id=get_study(tx, transfer.study_uid).patient_id,
        study_uid=transfer.study_uid,
        objects={"transfer_id": str(transfer.transfer_id), "rule": str(transfer.rule_id)},
        reason=reason,
    )
