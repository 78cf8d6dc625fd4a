"""Slow down guessing: by account and by address, in the database, so that every process counts together."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from negatoscope.access.store import attempts
from negatoscope.platform.errors import Unauthenticated
from negatoscope.platform.runtime import Platform


@dataclass(frozen=True, slots=True)
class Limit:
    """How many attempts in a row are free; each further one locks for twice as long, up to a most."""

    free: int
    first_lock: timedelta
    most_lock: timedelta


LIMITS = {
    "account": Limit(free=5, first_lock=timedelta(seconds=30), most_lock=timedelta(minutes=15)),
    "address": Limit(free=50, first_lock=timedelta(seconds=30), most_lock=timedelta(minutes=15)),
}


@dataclass(frozen=True, slots=True)
class Counted:
    """An attempt that was counted, to be taken back when it succeeds."""

    account: str
    address: str | None


def count_attempt(platform: Platform, *, account: str, address: str | None) -> Counted:
    """Count an attempt before its proof is looked at; raise Unauthenticated while account or address are locked.

    The account is kept as a hash: people type passwords into the wrong field.
    """
    counted = Counted(account=hashlib.sha256(account.encode("utf-8", "replace")).hexdigest(), address=address)
    places = [("account", counted.account)] + ([("address", address)] if address is not None else [])
    locked = False
    with platform.database.transaction(platform.tenant) as tx:
        now = platform.clock.now()
        for kind, value in places:
            failures, locked_until = attempts.count_attempt(tx, kind, value, now)
            limit = LIMITS[kind]
            if locked_until is not None and locked_until > now:
                locked = True
            elif failures > limit.free:
                lock = min(limit.first_lock * 2 ** min(failures - limit.free - 1, 16), limit.most_lock)
                attempts.lock_attempts(tx, kind, value, now + lock)
    if locked:
        raise Unauthenticated("Too many attempts: wait a little and try again.", reason="too_many_attempts")
    return counted


def forgive(platform: Platform, counted: Counted) -> None:
    """Take back an attempt that succeeded: the account starts anew, its address loses this one only."""
    with platform.database.transaction(platform.tenant) as tx:
        attempts.forget_attempts(tx, "account", counted.account)
        if counted.address is not None:
            attempts.uncount_attempt(tx, "address", counted.address)
