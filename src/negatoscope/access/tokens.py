"""Bearer tokens for programs: `negatoscope_<id>_<secret>`, shown once, hashed here, limited in time and scope."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from negatoscope.access.actions import Action
from negatoscope.access.model import AuthLevel, Subject, SubjectKind
from negatoscope.access.opaque_tokens import hash_secret, make_secret
from negatoscope.access.people import User
from negatoscope.access.policy import has_fresh_proof
from negatoscope.access.store import people
from negatoscope.access.store import tokens as store
from negatoscope.access.store.tokens import Token
from negatoscope.audit.trail import record
from negatoscope.platform.errors import Forbidden, InvalidInput, Unauthenticated
from negatoscope.platform.runtime import Platform

PREFIX = "negatoscope"
WRITTEN = re.compile(rf"{PREFIX}_([0-9a-f]{{16}})_([A-Za-z0-9_-]{{43}})\Z")
DEFAULT_LIFE = timedelta(days=90)
LONGEST_LIFE = timedelta(days=365)
USED_EVERY = timedelta(minutes=1)


def create_token(
    platform: Platform,
    subject: Subject,
    *,
    user_id: UUID,
    title: str,
    scopes: Iterable[Action] | None = None,
    life: timedelta = DEFAULT_LIFE,
) -> tuple[str, Token]:
    """Make a token that acts for this account and return it with its row; the text is never shown again.

    A person makes tokens for the own account only, after a fresh proof; the operator at the command line for any.
    No scopes means all that the account may do, except what needs a fresh proof: a program cannot give one.
    """
    _check(title, life)
    if subject.kind is not SubjectKind.SYSTEM:
        if subject.user_id != user_id or subject.auth_level is AuthLevel.TOKEN:
            raise Forbidden("People make tokens for their own account only.", reason="other_account")
        if not has_fresh_proof(subject, subject.seen_at):
            raise Forbidden("Confirm your password first.", reason="needs_step_up")
    secret = make_secret()
    now = platform.clock.now()
    token = Token(
        token_id=secrets.token_hex(8),
        user_id=user_id,
        title=title.strip(),
        scopes=frozenset(action.value for action in scopes) if scopes is not None else None,
        created_at=now,
        expires_at=now + life,
        last_used_at=None,
        revoked_at=None,
    )
    with platform.database.transaction(platform.tenant) as tx:
        people.get_user(tx, user_id)
        store.insert_token(tx, token, hash_secret(secret))
        record(tx, subject.actor, "create_token", objects={"user": str(user_id), "token": token.token_id})
    return f"{PREFIX}_{token.token_id}_{secret}", token


def token_subject(platform: Platform, token: str, *, address: str | None) -> Subject:
    """Return who acts with a bearer token, or raise Unauthenticated, with one answer for every kind of fault."""
    match = WRITTEN.match(token)
    token_id, secret = (match[1], match[2]) if match is not None else ("", "")
    with platform.database.read(platform.tenant) as tx:
        found = store.find_token(tx, token_id)
    now = platform.clock.now()
    expected = found[1] if found is not None else bytes(32)
    right = hmac.compare_digest(expected, hash_secret(secret))
    if found is None or not right or not _is_good(found[0], found[2], platform):
        raise Unauthenticated("This token is not good.", reason="token_not_good")
    row, _, user = found
    if row.last_used_at is None or now - row.last_used_at > USED_EVERY:
        with platform.database.transaction(platform.tenant) as tx:
            store.update_used(tx, row.token_id, now)
    return Subject(
        tenant=platform.tenant,
        kind=SubjectKind.USER,
        user_id=user.user_id,
        login=user.login,
        display_name=user.display_name,
        roles=user.roles,
        auth_level=AuthLevel.TOKEN,
        seen_at=now,
        patient_id=user.patient_id,
        limited_to=frozenset(Action(scope) for scope in row.scopes) if row.scopes is not None else None,
        address=address,
        professional_identifier=user.professional_identifier,
        language=user.language,
    )


def list_own_tokens(platform: Platform, subject: Subject) -> list[Token]:
    """Return the tokens of the subject, the newest first."""
    if subject.user_id is None:
        return []
    with platform.database.read(platform.tenant) as tx:
        return store.list_tokens(tx, subject.user_id)


def revoke_token(platform: Platform, subject: Subject, token_id: str) -> None:
    """End a token of the subject; the operator at the command line ends any."""
    with platform.database.transaction(platform.tenant) as tx:
        if subject.kind is not SubjectKind.SYSTEM and subject.user_id is None:
            raise Forbidden("Only people have tokens.")
        owner = None if subject.kind is SubjectKind.SYSTEM else subject.user_id
        store.revoke_token(tx, token_id, user_id=owner, at=platform.clock.now())
        record(tx, subject.actor, "revoke_token", objects={"token": token_id})


def _is_good(token: Token, user: User, platform: Platform) -> bool:
    return token.revoked_at is None and token.expires_at > platform.clock.now() and user.disabled_at is None


def _check(title: str, life: timedelta) -> None:
    if not 1 <= len(title.strip()) <= 100:
        raise InvalidInput("Say what the token is for, in 1 to 100 characters.", reason="title_missing", field="title")
    if not timedelta(0) < life <= LONGEST_LIFE:
        raise InvalidInput("A token lives one year at most.", reason="life_too_long", field="life")
