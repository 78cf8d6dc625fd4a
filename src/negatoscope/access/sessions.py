"""Sign in, stay signed in, prove it again, sign out. Sessions live on the server; the browser carries a random word."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import Connection

from negatoscope.access import passwords, second_factor, throttle
from negatoscope.access.actions import Action
from negatoscope.access.model import AuthLevel, Subject, SubjectKind
from negatoscope.access.opaque_tokens import hash_secret, make_secret
from negatoscope.access.people import LOGIN, User, normal_login
from negatoscope.access.store import people
from negatoscope.access.store import sessions as store
from negatoscope.access.store.sessions import Session
from negatoscope.audit.model import Actor
from negatoscope.audit.trail import record
from negatoscope.platform.errors import Forbidden, NotFound, Unauthenticated
from negatoscope.platform.runtime import Platform

IDLE = timedelta(hours=1)
LONGEST = timedelta(hours=12)
HALF_WAY = timedelta(minutes=5)
SEEN_EVERY = timedelta(minutes=1)
LONGEST_AGENT = 200

AWAITING_CODE = "awaiting_code"
"""The level of a session whose password was right and whose second factor is still to come; it opens nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """What the browser is given. Until `complete`, the token is good only for `complete_login`."""

    token: str
    complete: bool
    user: User


def login(platform: Platform, *, login: str, password: str, address: str | None, user_agent: str | None = None) -> SignedIn:
    """Check a password and start a session; an account with a second factor gets half a one, for five minutes.

    An unknown login, a wrong password and a disabled account are answered alike, after the same work.
    """
    name = normal_login(login)
    counted = throttle.count_attempt(platform, account=name, address=address)
    with platform.database.read(platform.tenant) as tx:
        credentials = people.find_credentials(tx, name) if LOGIN.match(name) is not None else None
    right = passwords.verify_password(credentials.password_hash if credentials is not None else None, password)
    if credentials is None or not right or credentials.user.disabled_at is not None:
        _record_failure(platform, credentials.user if credentials is not None else None, address, "password")
        raise Unauthenticated("Login or password are not right.", reason="wrong_credentials")
    throttle.forgive(platform, counted)
    user = credentials.user
    complete = not credentials.totp_confirmed
    token = make_secret()
    now = platform.clock.now()
    with platform.database.transaction(platform.tenant) as tx:
        _rehash(tx, credentials, password)
        session = Session(
            session_id=uuid4(),
            user_id=user.user_id,
            auth_level=AuthLevel.PASSWORD.value if complete else AWAITING_CODE,
            authenticated_at=now,
            started_at=now,
            last_seen_at=now,
            expires_at=now + (LONGEST if complete else HALF_WAY),
            address=address,
            user_agent=user_agent[:LONGEST_AGENT] if user_agent is not None else None,
        )
        store.insert_session(tx, session, hash_secret(token))
        if complete:
            record(tx, actor_of(user, session, address), "login", objects={"session": str(session.session_id)})
    return SignedIn(token=token, complete=complete, user=user)


def complete_login(platform: Platform, token: str, code: str, *, address: str | None) -> SignedIn:
    """Finish a sign-in with a one-time code; the session gets another token."""
    with platform.database.read(platform.tenant) as tx:
        session = _find(tx, platform, token)
        if session is None or session.auth_level != AWAITING_CODE or session.user_id is None:
            raise Unauthenticated("Sign in with your password first.", reason="no_session")
        user = people.get_user(tx, session.user_id)
        credentials = people.find_credentials(tx, user.login)
    counted = throttle.count_attempt(platform, account=f"code:{user.login}", address=address)
    if credentials is None or user.disabled_at is not None or not second_factor.check_code(platform, credentials, code):
        _record_failure(platform, user, address, "second_factor")
        raise Unauthenticated("This code is not the one we expect now.", reason="wrong_code")
    throttle.forgive(platform, counted)
    now = platform.clock.now()
    fresh = make_secret()
    with platform.database.transaction(platform.tenant) as tx:
        if not store.replace_token(
            tx,
            session.session_id,
            hash_secret(fresh),
            auth_level=AuthLevel.TWO_FACTOR.value,
            at=now,
            expires_at=now + LONGEST,
        ):
            raise Unauthenticated("Sign in again.", reason="session_ended")
        done = replace(session, auth_level=AuthLevel.TWO_FACTOR.value)
        record(tx, actor_of(user, done, address), "login", objects={"session": str(session.session_id)})
    return SignedIn(token=fresh, complete=True, user=user)


def session_subject(platform: Platform, token: str, *, address: str | None, touches: bool = True) -> Subject:
    """Return who is behind a session token, or raise Unauthenticated. Read anew each time, so a revoked one ends at once.

    `touches`: the person is at work, so the idle time begins anew. A page that listens by itself does not touch.
    """
    with platform.database.read(platform.tenant) as tx:
        session = _find(tx, platform, token)
        user = store.find_session_user(tx, session.user_id) if session is not None and session.user_id is not None else None
    if session is None or session.auth_level == AWAITING_CODE or (session.share_id is None and user is None):
        raise Unauthenticated("Sign in first.", reason="session_ended")
    now = platform.clock.now()
    if touches and now - session.last_seen_at > SEEN_EVERY:
        with platform.database.transaction(platform.tenant) as tx:
            store.update_seen(tx, session.session_id, now)
    if user is None:
        return _share_holder(platform, session, address, now)
    return subject_of_user(platform, user, session, address, now)


def step_up_session(platform: Platform, subject: Subject, token: str, password: str) -> str:
    """Prove the password again and return the new token of the session; the old one is dead."""
    confirmed = step_up(platform, subject, password)
    if confirmed.session_id is None:
        raise Forbidden("Only a person who signed in can confirm a password.")
    fresh = make_secret()
    with platform.database.transaction(platform.tenant) as tx:
        session = _find(tx, platform, token)
        if session is None or session.session_id != confirmed.session_id:
            raise Unauthenticated("Sign in again.", reason="session_ended")
        now = platform.clock.now()
        store.replace_token(tx, session.session_id, hash_secret(fresh), auth_level=session.auth_level, at=now)
        record(tx, subject.actor, "step_up", objects={"session": str(session.session_id)})
    return fresh


def step_up(platform: Platform, subject: Subject, password: str) -> Subject:
    """Check the subject's own password and return the subject with a fresh proof: for a signature, in the same request.

    Raises Forbidden with reason `wrong_password`; guessing is slowed down as at sign-in.
    """
    if subject.user_id is None or subject.auth_level not in {AuthLevel.PASSWORD, AuthLevel.TWO_FACTOR}:
        raise Forbidden("Only a person who signed in can confirm a password.", reason="not_a_person")
    with platform.database.read(platform.tenant) as tx:
        user = people.get_user(tx, subject.user_id)
        credentials = people.find_credentials(tx, user.login)
    counted = throttle.count_attempt(platform, account=user.login, address=subject.address)
    right = passwords.verify_password(credentials.password_hash if credentials is not None else None, password)
    if not right or user.disabled_at is not None:
        _record_failure(platform, user, subject.address, "password")
        raise Forbidden("The password is not right.", reason="wrong_password")
    throttle.forgive(platform, counted)
    now = platform.clock.now()
    return replace(subject, authenticated_at=now, seen_at=now)


def logout(platform: Platform, token: str, *, address: str | None) -> None:
    """End the session of this token; silently when it ended before."""
    with platform.database.transaction(platform.tenant) as tx:
        session = _find(tx, platform, token)
        if session is None:
            return
        store.revoke_sessions(tx, at=platform.clock.now(), because="logout", session_id=session.session_id)
        if session.user_id is not None:
            user = people.get_user(tx, session.user_id)
            record(tx, actor_of(user, session, address), "logout", objects={"session": str(session.session_id)})


def list_own_sessions(platform: Platform, subject: Subject) -> list[Session]:
    """Return the good sessions of the subject, the last used first."""
    if subject.user_id is None:
        return []
    now = platform.clock.now()
    with platform.database.read(platform.tenant) as tx:
        return store.list_sessions(tx, subject.user_id, now=now, idle_since=now - IDLE)


def end_own_session(platform: Platform, subject: Subject, session_id: UUID) -> None:
    """End another session of the same person, on another screen for instance."""
    if subject.user_id is None:
        raise NotFound("No such session.")
    with platform.database.transaction(platform.tenant) as tx:
        ended = store.revoke_sessions(
            tx, at=platform.clock.now(), because="ended_by_owner", session_id=session_id, user_id=subject.user_id
        )
        if ended == 0:
            raise NotFound("No such session.")
        record(tx, subject.actor, "logout", objects={"session": str(session_id)})


def start_share_session(
    tx: Connection,
    *,
    share_id: UUID,
    holder_name: str,
    study_uids: frozenset[str],
    limited_to: frozenset[Action],
    shared_patient_id: UUID,
    holder_is_patient: bool,
    now: datetime,
    until: datetime,
    address: str | None,
) -> str:
    """Start a session for the holder of a share link, bound to its patient, studies and actions; return the token.

    `holder_is_patient`: the own opposition to third parties does not concern it.
    """
    token = make_secret()
    session = Session(
        session_id=uuid4(),
        share_id=share_id,
        holder_name=holder_name,
        study_uids=study_uids,
        limited_to=frozenset(action.value for action in limited_to),
        patient_id=shared_patient_id if holder_is_patient else None,
        shared_patient_id=shared_patient_id,
        auth_level=AuthLevel.SHARE_CODE.value,
        authenticated_at=now,
        started_at=now,
        last_seen_at=now,
        expires_at=until,
        address=address,
    )
    store.insert_session(tx, session, hash_secret(token))
    return token


def end_share_sessions(tx: Connection, *, share_id: UUID, now: datetime, because: str) -> int:
    """End every session of a share link; return how many."""
    return store.revoke_sessions(tx, at=now, because=because, share_id=share_id)


def subject_of_user(platform: Platform, user: User, session: Session, address: str | None, now: datetime) -> Subject:
    """Return the subject that an account is in a session."""
    return Subject(
        tenant=platform.tenant,
        kind=SubjectKind.USER,
        user_id=user.user_id,
        login=user.login,
        display_name=user.display_name,
        roles=user.roles,
        auth_level=AuthLevel(session.auth_level),
        authenticated_at=session.authenticated_at,
        seen_at=now,
        patient_id=user.patient_id,
        address=address,
        professional_identifier=user.professional_identifier,
        session_id=session.session_id,
        language=user.language,
        theme=user.theme,
    )


def actor_of(user: User, session: Session, address: str | None) -> Actor:
    """Return how the trail names the person of a session."""
    return Actor(
        kind=SubjectKind.USER.value,
        user_id=user.user_id,
        name=user.display_name,
        roles=tuple(sorted(role.value for role in user.roles)),
        auth_level=session.auth_level,
        address=address,
    )


def _share_holder(platform: Platform, session: Session, address: str | None, now: datetime) -> Subject:
    """Return the holder of a share link, who may do no more than the link says, to its studies."""
    return Subject(
        tenant=platform.tenant,
        kind=SubjectKind.SHARE,
        display_name=session.holder_name or "share link",
        auth_level=AuthLevel.SHARE_CODE,
        authenticated_at=session.authenticated_at,
        seen_at=now,
        patient_id=session.patient_id,
        shared_patient_id=session.shared_patient_id,
        study_uids=session.study_uids,
        limited_to=frozenset(Action(name) for name in session.limited_to or ()),
        address=address,
        session_id=session.session_id,
        share_id=session.share_id,
    )


def _find(tx: Connection, platform: Platform, token: str) -> Session | None:
    now = platform.clock.now()
    return store.find_session(tx, hash_secret(token), now=now, idle_since=now - IDLE)


def _rehash(tx: Connection, credentials: people.Credentials, password: str) -> None:
    if credentials.password_hash is not None and passwords.needs_new_hash(credentials.password_hash):
        people.update_user(tx, credentials.user.user_id, password_hash=passwords.hash_password(password))


def _record_failure(platform: Platform, user: User | None, address: str | None, proof: str) -> None:
    """Trace a failed proof. Only the account is named, never what was typed: it may be a password in the wrong field."""
    actor = Actor(
        kind=SubjectKind.USER.value,
        user_id=user.user_id if user is not None else None,
        name=user.display_name if user is not None else "unknown",
        roles=tuple(sorted(role.value for role in user.roles)) if user is not None else (),
        auth_level="none",
        address=address,
    )
    with platform.database.transaction(platform.tenant) as tx:
        record(tx, actor, "login_failed", outcome="refused", objects={"proof": proof})
