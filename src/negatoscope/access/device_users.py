"""The person at a device who names himself when it associates: login and password, checked as at sign-in.

What the device may do stays what the device may do; the person is named beside it in the audit trail.
"""

from __future__ import annotations

from dataclasses import replace

from negatoscope.access import passwords, throttle
from negatoscope.access.model import Subject
from negatoscope.access.people import LOGIN, normal_login
from negatoscope.access.store import people
from negatoscope.audit.trail import record
from negatoscope.platform.errors import Unauthenticated
from negatoscope.platform.runtime import Platform


def with_person(platform: Platform, device: Subject, *, login: str, password: str) -> Subject:
    """Return the device with the person at it, or raise Unauthenticated; guessing is slowed down as at sign-in."""
    name = normal_login(login)
    counted = throttle.count_attempt(platform, account=name, address=device.address)
    with platform.database.read(platform.tenant) as tx:
        credentials = people.find_credentials(tx, name) if LOGIN.match(name) is not None else None
    right = passwords.verify_password(credentials.password_hash if credentials is not None else None, password)
    if credentials is None or not right or credentials.user.disabled_at is not None:
        with platform.database.transaction(platform.tenant) as tx:
            record(tx, device.actor, "login_failed", outcome="refused", objects={"proof": "password"})
        raise Unauthenticated("Login or password are not right.", reason="wrong_credentials")
    throttle.forgive(platform, counted)
    person = replace(device, display_name=f"{device.display_name} ({credentials.user.display_name})")
    with platform.database.transaction(platform.tenant) as tx:
        record(tx, person.actor, "login", objects={"user": str(credentials.user.user_id)})
    return person
