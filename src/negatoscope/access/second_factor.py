"""One-time codes by time (RFC 6238): enrolment, proof of possession, and a memory so that a code works once."""

from __future__ import annotations

import base64
import hmac
import secrets
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from uuid import UUID

import pyotp

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Subject
from negatoscope.access.policy import has_fresh_proof
from negatoscope.access.store import people
from negatoscope.access.store.sessions import revoke_sessions
from negatoscope.audit.trail import record
from negatoscope.platform.errors import Conflict, Forbidden, InvalidInput
from negatoscope.platform.keyring import Keyring
from negatoscope.platform.runtime import Platform

PERIOD_S = 30
DRIFT_STEPS = 1
SECRET_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """What is shown once to the person who enrols: the secret to type, and the address that an application reads."""

    secret: str
    address: str


def begin_enrolment(platform: Platform, subject: Subject) -> Enrolment:
    """Make a new secret for the subject; it counts once `confirm_enrolment` has seen a code of it."""
    user_id = _person(subject)
    _require_fresh_proof(subject)
    secret = secrets.token_bytes(SECRET_BYTES)
    with platform.database.transaction(platform.tenant) as tx:
        credentials = people.get_credentials(tx, user_id)
        if credentials.totp_confirmed:
            raise Conflict("A second factor is set up already: remove it first.", reason="second_factor_exists")
        people.update_user(tx, user_id, totp_wrapped_secret=_wrap(platform, user_id, secret), totp_last_step=None)
    text = base64.b32encode(secret).decode().rstrip("=")
    address = pyotp.TOTP(text).provisioning_uri(name=credentials.user.login, issuer_name="Négatoscope")
    return Enrolment(secret=text, address=address)


def confirm_enrolment(platform: Platform, subject: Subject, code: str) -> None:
    """Switch the second factor on, given a code that proves that the application has the secret."""
    user_id = _person(subject)
    with platform.database.transaction(platform.tenant) as tx:
        credentials = people.get_credentials(tx, user_id)
        if credentials.totp_wrapped_secret is None or credentials.totp_confirmed:
            raise Conflict("No second factor is being set up.", reason="no_enrolment")
        now = platform.clock.now()
        step = _matching_step(platform, user_id, credentials.totp_wrapped_secret, code)
        if step is None or not people.use_totp_step(tx, user_id, step):
            raise InvalidInput("This code is not the one we expect now.", reason="wrong_code", field="code")
        people.update_user(tx, user_id, totp_confirmed_at=now)
        record(tx, subject.actor, "enrol_second_factor", objects={"user": str(user_id)})


def remove_second_factor(platform: Platform, subject: Subject) -> None:
    """Switch the subject's own second factor off."""
    user_id = _person(subject)
    _require_fresh_proof(subject)
    with platform.database.transaction(platform.tenant) as tx:
        people.update_user(tx, user_id, totp_wrapped_secret=None, totp_confirmed_at=None, totp_last_step=None)
        record(tx, subject.actor, "remove_second_factor", objects={"user": str(user_id)})


def reset_second_factor(platform: Platform, subject: Subject, user_id: UUID, *, reason: str | None = None) -> None:
    """Switch another person's second factor off, when a telephone was lost; the sessions of that person end."""
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.MANAGE_USERS, reason=reason)
        if subject.user_id == user_id:
            raise Forbidden("Nobody changes the own rights: ask another administrator.", reason="own_rights")
        people.update_user(tx, user_id, totp_wrapped_secret=None, totp_confirmed_at=None, totp_last_step=None)
        revoke_sessions(tx, at=platform.clock.now(), because="second_factor_removed", user_id=user_id)
        record(tx, subject.actor, "remove_second_factor", objects={"user": str(user_id)}, reason=reason)


def check_code(platform: Platform, credentials: people.Credentials, code: str) -> bool:
    """Tell whether the code is right now and was not used before; a right one is used up, in its own transaction."""
    wrapped = credentials.totp_wrapped_secret
    if wrapped is None or not credentials.totp_confirmed:
        return False
    user_id = credentials.user.user_id
    step = _matching_step(platform, user_id, wrapped, code)
    if step is None:
        return False
    with platform.database.transaction(platform.tenant) as tx:
        return people.use_totp_step(tx, user_id, step)


def _matching_step(platform: Platform, user_id: UUID, wrapped: bytes, code: str) -> int | None:
    """Return the time step whose code this is, at most one step early or late; compare each in constant time."""
    digits = "".join(code.split())
    if len(digits) != 6 or not digits.isascii() or not digits.isdigit():
        return None
    secret = _keyring(platform.settings.data).unwrap(platform.tenant, _name(user_id), wrapped)
    generator = pyotp.TOTP(base64.b32encode(secret).decode().rstrip("="))
    present = int(platform.clock.now().timestamp()) // PERIOD_S
    found = None
    for step in range(present - DRIFT_STEPS, present + DRIFT_STEPS + 1):
        if hmac.compare_digest(generator.generate_otp(step), digits):
            found = step
    return found


def _wrap(platform: Platform, user_id: UUID, secret: bytes) -> bytes:
    return _keyring(platform.settings.data).wrap(platform.tenant, _name(user_id), secret)


@lru_cache
def _keyring(data: Path) -> Keyring:
    return Keyring.open_or_create(data / "keyring.json")


def _name(user_id: UUID) -> str:
    return f"second factor of {user_id}"


def _person(subject: Subject) -> UUID:
    if subject.user_id is None:
        raise Forbidden("Only a person has a second factor.")
    return subject.user_id


def _require_fresh_proof(subject: Subject) -> None:
    if not has_fresh_proof(subject, subject.seen_at):
        raise Forbidden("Confirm your password first.", reason="needs_step_up")
