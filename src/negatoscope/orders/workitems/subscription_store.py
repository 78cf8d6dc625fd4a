"""SQL of the subscribers of workitems, their subscriptions and the reports on their way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID, uuid4

import orjson
from sqlalchemy import ColumnElement, Connection, RowMapping, Select, any_, delete, func, insert, literal, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from negatoscope.access.actions import Action
from negatoscope.access.tables import devices
from negatoscope.formats.dicom.json_values import JsonDataSet
from negatoscope.orders.workitems.model import Report, ReportType, Subscriber, SubscriberId, Wire
from negatoscope.orders.workitems.tables import (
    workitem_reports,
    workitem_subscribers,
    workitem_subscriptions,
)

BATCH: Final = 5_000
"""Rows of one statement, which has not room for any number of values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """A subscriber as an administrator sees it: what it follows and what it was not told yet."""

    subscriber: Subscriber
    subscriptions: int
    locks: int
    waiting: int
    oldest_waiting: datetime | None


def lock_subscriber(tx: Connection, ae_title: str, wire: Wire, user_id: UUID | None, *, at: datetime) -> Subscriber:
    """Return the subscriber of this name on this wire, made if there is none, held until the transaction ends."""
    tx.execute(
        upsert(workitem_subscribers)
        .values(
            subscriber_id=uuid4(),
            ae_title=ae_title,
            wire=wire.value,
            user_id=user_id,
            is_global=False,
            deletion_lock=False,
            created_at=at,
        )
        .on_conflict_do_nothing()
    )
    # Not a full lock: whoever writes reports for this subscriber meanwhile only needs it to stay.
    query = _of(ae_title, wire).with_for_update(key_share=True)
    return _subscriber_of(tx.execute(query).mappings().one())


def get_subscribers(tx: Connection, subscriber_ids: Iterable[UUID]) -> list[Subscriber]:
    """Return the subscribers of these identifiers that there still are."""
    query = select(workitem_subscribers).where(workitem_subscribers.c.subscriber_id.in_(list(subscriber_ids)))
    return [_subscriber_of(row) for row in tx.execute(query).mappings()]


def list_global_subscribers(tx: Connection) -> list[Subscriber]:
    """Return who follows new workitems, all of them or those that match."""
    query = select(workitem_subscribers).where(workitem_subscribers.c.is_global)
    return [_subscriber_of(row) for row in tx.execute(query).mappings()]


def update_global_state(tx: Connection, subscriber: Subscriber) -> None:
    """Write whether and how new workitems are followed."""
    tx.execute(
        update(workitem_subscribers)
        .where(workitem_subscribers.c.subscriber_id == subscriber.subscriber_id)
        .values(
            is_global=subscriber.is_global,
            deletion_lock=subscriber.deletion_lock,
            matching_keys=orjson.loads(subscriber.matching_keys) if subscriber.matching_keys is not None else None,
        )
    )


def delete_subscriber(tx: Connection, subscriber_id: UUID) -> Subscriber | None:
    """Remove a subscriber with its subscriptions, locks and reports; return who it was."""
    table = workitem_subscribers
    row = tx.execute(delete(table).where(table.c.subscriber_id == subscriber_id).returning(table)).mappings().one_or_none()
    return _subscriber_of(row) if row is not None else None


def subscribe_to(tx: Connection, subscriber_id: UUID, uids: Sequence[str], *, deletion_lock: bool, keeps_present: bool) -> None:
    """Follow these workitems; what is followed already keeps its lock if `keeps_present`, else takes this one."""
    for first in range(0, len(uids), BATCH):
        _subscribe_to(tx, subscriber_id, uids[first : first + BATCH], deletion_lock=deletion_lock, keeps_present=keeps_present)


def _subscribe_to(
    tx: Connection, subscriber_id: UUID, uids: Sequence[str], *, deletion_lock: bool, keeps_present: bool
) -> None:
    rows = [{"sop_instance_uid": uid, "subscriber_id": subscriber_id, "deletion_lock": deletion_lock} for uid in uids]
    statement = upsert(workitem_subscriptions).values(rows)
    if keeps_present:
        statement = statement.on_conflict_do_nothing()
    else:
        keys = ["tenant", "sop_instance_uid", "subscriber_id"]
        statement = statement.on_conflict_do_update(index_elements=keys, set_={"deletion_lock": deletion_lock})
    tx.execute(statement)


def unsubscribe_from(tx: Connection, subscriber_id: UUID, uid: str | None) -> int:
    """Follow this workitem no longer, or none where there is no UID; return how many were followed."""
    table = workitem_subscriptions.c
    where = [table.subscriber_id == subscriber_id] + ([table.sop_instance_uid == uid] if uid is not None else [])
    return tx.execute(delete(workitem_subscriptions).where(*where)).rowcount


def unsubscribe_all_from(tx: Connection, uids: Sequence[str]) -> None:
    """End every subscription to these workitems."""
    tx.execute(delete(workitem_subscriptions).where(workitem_subscriptions.c.sop_instance_uid.in_(uids)))


def list_subscribers_of(tx: Connection, uid: str) -> list[Subscriber]:
    """Return who follows this workitem."""
    query = select(workitem_subscribers).join(
        workitem_subscriptions, workitem_subscriptions.c.subscriber_id == workitem_subscribers.c.subscriber_id
    )
    found = tx.execute(query.where(workitem_subscriptions.c.sop_instance_uid == uid)).mappings()
    return [_subscriber_of(row) for row in found]


def count_deletion_locks(tx: Connection, subscriber_id: UUID) -> int:
    """Return how many workitems this subscriber keeps from being retired."""
    table = workitem_subscriptions.c
    query = select(func.count()).where(table.subscriber_id == subscriber_id, table.deletion_lock)
    return tx.execute(query).scalar_one()


def insert_reports(
    tx: Connection,
    subscriber_ids: Sequence[UUID],
    uid: str,
    report_type: ReportType,
    content: JsonDataSet,
    *,
    at: datetime,
) -> None:
    """Have each subscriber told the same."""
    rows = [
        {
            "subscriber_id": subscriber_id,
            "sop_instance_uid": uid,
            "report_type": int(report_type),
            "content": content,
            "created_at": at,
        }
        for subscriber_id in subscriber_ids
    ]
    if rows:
        tx.execute(insert(workitem_reports), rows)


def list_open_reports(tx: Connection, subscriber_id: UUID, *, repeat_since: datetime | None, limit: int) -> list[Report]:
    """Return what the subscriber was not told yet, in order; with what was told since a moment, where one is given."""
    table = workitem_reports.c
    is_open: ColumnElement[bool] = table.delivered_at.is_(None)
    if repeat_since is not None:
        is_open = is_open | (table.delivered_at >= repeat_since)
    query = select(workitem_reports).where(table.subscriber_id == subscriber_id, is_open).order_by(table.sequence)
    return [_report_of(row) for row in tx.execute(query.limit(limit)).mappings()]


def mark_delivered(tx: Connection, sequences: Sequence[int], *, at: datetime) -> None:
    """Note that these reports were told."""
    tx.execute(update(workitem_reports).where(workitem_reports.c.sequence.in_(sequences)).values(delivered_at=at))


def delete_old_reports(tx: Connection, *, delivered_before: datetime, created_before: datetime) -> int:
    """Forget what was told, and what nobody came for."""
    table = workitem_reports.c
    old = (table.delivered_at < delivered_before) | (table.created_at < created_before)
    return tx.execute(delete(workitem_reports).where(old)).rowcount


def hold_followers(tx: Connection, *, alone: bool) -> None:
    """Keep who follows new workitems as it is until the transaction ends; `alone`: to change it, and no workitem is made."""
    lock = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    tx.execute(text(f"select {lock}(hashtextextended(current_tenant()::text, 136))"))


def hold_delivery(tx: Connection, subscriber_id: UUID) -> bool:
    """Be the only one who tells this subscriber until the transaction ends; False when another does."""
    statement = text("select pg_try_advisory_xact_lock(hashtextextended(current_tenant()::text || :subscriber, 135))")
    return bool(tx.execute(statement, {"subscriber": str(subscriber_id)}).scalar_one())


def list_followings(tx: Connection) -> list[Following]:
    """Return every subscriber with what it follows and what waits for it."""
    subscriptions, reports = workitem_subscriptions.c, workitem_reports.c
    held = (
        select(func.count(), func.count().filter(subscriptions.deletion_lock))
        .where(subscriptions.subscriber_id == workitem_subscribers.c.subscriber_id)
        .lateral("held")
    )
    held_columns = list(held.c)
    waits = (
        select(func.count(), func.min(reports.created_at))
        .where(reports.subscriber_id == workitem_subscribers.c.subscriber_id, reports.delivered_at.is_(None))
        .lateral("waits")
    )
    waiting_columns = list(waits.c)
    query = (
        select(
            workitem_subscribers,
            held_columns[0].label("subscriptions"),
            held_columns[1].label("locks"),
            waiting_columns[0].label("waiting"),
            waiting_columns[1].label("oldest_waiting"),
        )
        .select_from(workitem_subscribers.join(held, literal(True)).join(waits, literal(True)))
        .order_by(workitem_subscribers.c.ae_title, workitem_subscribers.c.wire)
    )
    return [
        Following(
            subscriber=_subscriber_of(row),
            subscriptions=row["subscriptions"],
            locks=row["locks"],
            waiting=row["waiting"],
            oldest_waiting=row["oldest_waiting"],
        )
        for row in tx.execute(query).mappings()
    ]


def list_ae_titles_that_watch(tx: Connection) -> list[str]:
    """Return the devices that an administrator lets follow workitems: those told of a restart whatever became of the rest."""
    query = select(devices.c.ae_title).where(
        devices.c.disabled_at.is_(None),
        devices.c.host.is_not(None),
        any_(devices.c.services) == Action.WATCH_WORKITEMS.value,
    )
    return list(tx.execute(query.order_by(devices.c.ae_title)).scalars())


def list_subscribers_with_subscription(tx: Connection) -> list[Subscriber]:
    """Return who follows any workitem, or new ones."""
    follows = select(workitem_subscriptions.c.subscriber_id)
    query = select(workitem_subscribers).where(
        workitem_subscribers.c.is_global | workitem_subscribers.c.subscriber_id.in_(follows)
    )
    return [_subscriber_of(row) for row in tx.execute(query).mappings()]


def _of(ae_title: str, wire: Wire) -> Select[Any]:
    table = workitem_subscribers
    return select(table).where(table.c.ae_title == ae_title, table.c.wire == wire.value)


def _subscriber_of(row: RowMapping) -> Subscriber:
    keys = row["matching_keys"]
    return Subscriber(
        subscriber_id=SubscriberId(row["subscriber_id"]),
        ae_title=row["ae_title"],
        wire=Wire(row["wire"]),
        user_id=row["user_id"],
        is_global=row["is_global"],
        deletion_lock=row["deletion_lock"],
        matching_keys=orjson.dumps(keys).decode() if keys is not None else None,
    )


def _report_of(row: RowMapping) -> Report:
    return Report(
        sequence=row["sequence"],
        subscriber_id=SubscriberId(row["subscriber_id"]),
        sop_instance_uid=row["sop_instance_uid"],
        report_type=ReportType(row["report_type"]),
        content=cast("JsonDataSet", row["content"]),  # written by us in the model
    )
