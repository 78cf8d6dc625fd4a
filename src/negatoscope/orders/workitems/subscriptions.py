"""Who follows workitems: one, all, or those that match, with a deletion lock or without (PS3.4 CC.2.3, Table CC.2.3-2)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

import orjson
from sqlalchemy import Connection

from negatoscope.access.authorisation import authorise
from negatoscope.access.devices import retrieve_destination
from negatoscope.access.model import Action, Subject
from negatoscope.audit.trail import record
from negatoscope.orders.workitems import events, store, subscription_store
from negatoscope.orders.workitems.matching import Keys, Zone, check_keys, narrows
from negatoscope.orders.workitems.model import (
    GLOBAL_SUBSCRIPTION,
    Subscriber,
    Wire,
    Workitem,
)
from negatoscope.orders.workitems.refusals import Notice, Reason, refuse
from negatoscope.orders.workitems.searching import WorkitemQuery, iterate_matches
from negatoscope.orders.workitems.service import WELL_KNOWN, given_out, lock_for
from negatoscope.orders.workitems.subscription_store import Following
from negatoscope.platform.database import Database, TenantId
from negatoscope.platform.errors import Forbidden, InvalidInput, NotFound
from negatoscope.platform.runtime import Platform

MOST_LOCKS: Final = 10_000
"""How many workitems one subscriber may keep from being retired; beyond, it follows without lock."""
_AE_TITLE: Final = re.compile(r"[!-\[\]-~](?:[ -\[\]-~]{0,14}[!-\[\]-~])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Who is to be told, and on which wire."""

    ae_title: str
    wire: Wire


def subscribe(
    platform: Platform,
    subject: Subject,
    uid: str,
    receiver: Receiver,
    *,
    deletion_lock: bool,
    keys: Keys | None = None,
    zone: Zone,
    most_locks: int = MOST_LOCKS,
) -> Notice | None:
    """Follow one workitem, or every one by a well-known UID; `keys` narrow the filtered subscription."""
    at = platform.clock.now()
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.WATCH_WORKITEMS)
        # The subscriber before the workitem, everywhere: two requests that hold each other's would never end.
        subscriber = _receive(tx, subject, receiver, at=at)
        if uid in WELL_KNOWN:
            keys = _filter_of(uid, keys, zone)
            subscription_store.hold_followers(tx, alone=True)
            query = WorkitemQuery(zone=zone, time_zone=platform.settings.time_zone, keys=keys or {}, limit=0)
            uids: list[str] = []
            told: list[Workitem] = []  # no more of them than may be locked, whatever is followed
            for workitem in iterate_matches(tx, subject, query, hold=True):
                uids.append(workitem.sop_instance_uid)
                if deletion_lock and len(told) < most_locks:
                    told.append(workitem)
            granted = deletion_lock and _has_room(tx, subscriber, len(uids), most_locks)
            _follow_all(tx, subscriber, uids, told if granted else [], keys, deletion_lock=granted, at=at)
        else:
            workitem = lock_for(tx, subject, Action.WATCH_WORKITEMS, uid)
            granted = deletion_lock and _has_room(tx, subscriber, 1, most_locks)
            subscription_store.subscribe_to(tx, subscriber.subscriber_id, [uid], deletion_lock=granted, keeps_present=False)
            events.report_state(tx, workitem, [subscriber], at=at)
        _trace(tx, subject, "subscribe", uid, receiver)
        return Notice.DELETION_LOCK_NOT_GRANTED if deletion_lock and not granted else None


def unsubscribe(platform: Platform, subject: Subject, uid: str, receiver: Receiver) -> bool:
    """Follow one workitem no longer, or none by a well-known UID, new ones included; tell whether anything was followed."""
    at = platform.clock.now()
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.WATCH_WORKITEMS)
        subscriber = _receive(tx, subject, receiver, at=at)
        if uid not in WELL_KNOWN:
            given_out(store.lock_workitem(tx, uid))
        ended = subscription_store.unsubscribe_from(tx, subscriber.subscriber_id, None if uid in WELL_KNOWN else uid)
        followed = ended > 0
        if uid in WELL_KNOWN:
            followed = followed or subscriber.is_global
            _end_global(tx, subscriber)
        _trace(tx, subject, "unsubscribe", uid, receiver)
        return followed


def suspend(platform: Platform, subject: Subject, uid: str, receiver: Receiver) -> bool:
    """Follow new workitems no longer and keep the subscriptions there are; tell whether new ones were followed."""
    at = platform.clock.now()
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.WATCH_WORKITEMS)
        if uid not in WELL_KNOWN:
            refuse(Reason.ACTION_NOT_APPROPRIATE)
        subscriber = _receive(tx, subject, receiver, at=at)
        _end_global(tx, subscriber)
        _trace(tx, subject, "suspend", uid, receiver)
        return subscriber.is_global


def open_channel(platform: Platform, subject: Subject, ae_title: str) -> Subscriber:
    """Return the web subscriber of this name, made if there is none; it belongs to the account that made it."""
    receiver = Receiver(ae_title=ae_title, wire=Wire.WEBSOCKET)
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.WATCH_WORKITEMS)
        subscriber = _receive(tx, subject, receiver, at=platform.clock.now())
        _trace(tx, subject, "open_channel", GLOBAL_SUBSCRIPTION, receiver)
        return subscriber


def list_followings(tx: Connection, subject: Subject) -> list[Following]:
    """Return every subscriber, for those who look after them."""
    authorise(tx, subject, Action.OVERSEE_WORKITEMS)
    return subscription_store.list_followings(tx)


def remove_subscriber(platform: Platform, subject: Subject, subscriber_id: UUID) -> None:
    """End what a subscriber follows, with its deletion locks and what waits for it: for one that will not come back."""
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.OVERSEE_WORKITEMS)
        removed = subscription_store.delete_subscriber(tx, subscriber_id)
        if removed is None:
            raise NotFound("No such subscriber.")
        objects = {"subscriber": removed.ae_title, "wire": removed.wire.value}
        record(tx, subject.actor, Action.OVERSEE_WORKITEMS.value, objects=dict(objects))


def announce_restart(database: Database, tenant: TenantId, *, at: datetime) -> None:
    """Tell every subscriber, and each device that may watch, that the service started again (PS3.4 CC.2.4.3)."""
    with database.transaction(tenant) as tx:
        told = {entry.subscriber_id: entry for entry in subscription_store.list_subscribers_with_subscription(tx)}
        for ae_title in subscription_store.list_ae_titles_that_watch(tx):
            subscriber = subscription_store.lock_subscriber(tx, ae_title, Wire.DIMSE, None, at=at)
            told[subscriber.subscriber_id] = subscriber
        events.report_restart(tx, list(told.values()), at=at)


def _receive(tx: Connection, subject: Subject, receiver: Receiver, *, at: datetime) -> Subscriber:
    """Return the subscriber, held. A device must be known, with an address; a web subscriber must be the subject's own."""
    ae_title = receiver.ae_title.strip()
    if receiver.wire is Wire.DIMSE:
        if retrieve_destination(tx, ae_title) is None:
            refuse(Reason.RECEIVER_UNKNOWN, field="ReceivingAE")
        return subscription_store.lock_subscriber(tx, ae_title, receiver.wire, None, at=at)
    if _AE_TITLE.fullmatch(ae_title) is None:
        sentence = "An AE title has 1 to 16 printable characters."
        raise InvalidInput(sentence, reason="invalid_attribute_value", field="aetitle")
    if subject.user_id is None:
        raise Forbidden("Web subscribers belong to an account.", reason="no_account")
    subscriber = subscription_store.lock_subscriber(tx, ae_title, receiver.wire, subject.user_id, at=at)
    if subscriber.user_id != subject.user_id:
        raise Forbidden("This subscriber belongs to another account.", reason="other_subscriber")
    return subscriber


def _filter_of(uid: str, keys: Keys | None, zone: Zone) -> Keys | None:
    if uid == GLOBAL_SUBSCRIPTION:
        return None
    if not keys or not narrows(keys):
        sentence = "A filtered subscription names what must match."
        raise InvalidInput(sentence, reason="missing_attribute", field="filter")
    check_keys(keys, zone)
    return keys


def _has_room(tx: Connection, subscriber: Subscriber, wanted: int, most: int) -> bool:
    return subscription_store.count_deletion_locks(tx, subscriber.subscriber_id) + wanted <= most


def _follow_all(
    tx: Connection,
    subscriber: Subscriber,
    uids: Sequence[str],
    told: Sequence[Workitem],
    keys: Keys | None,
    *,
    deletion_lock: bool,
    at: datetime,
) -> None:
    """Follow what there is and what comes; those followed already keep their lock. The states of `told` are told."""
    text = orjson.dumps(keys).decode() if keys is not None else None
    followed = replace(subscriber, is_global=True, deletion_lock=deletion_lock, matching_keys=text)
    subscription_store.update_global_state(tx, followed)
    subscription_store.subscribe_to(tx, subscriber.subscriber_id, uids, deletion_lock=deletion_lock, keeps_present=True)
    for workitem in told:
        events.report_state(tx, workitem, [followed], at=at)


def _end_global(tx: Connection, subscriber: Subscriber) -> None:
    ended = replace(subscriber, is_global=False, deletion_lock=False, matching_keys=None)
    subscription_store.update_global_state(tx, ended)


def _trace(tx: Connection, subject: Subject, act: str, uid: str, receiver: Receiver) -> None:
    record(
        tx,
        subject.actor,
        Action.WATCH_WORKITEMS.value,
        objects={"act": act, "workitem": uid, "receiver": receiver.ae_title, "wire": receiver.wire.value},
    )
