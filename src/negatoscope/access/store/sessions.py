"""Sessions in the database: the hash of what the browser carries, and what it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, RowMapping, bindparam, delete, insert, select, update

from negatoscope.access.people import User
from negatoscope.access.store.people import user_of
from negatoscope.access.tables import user_sessions, users
from negatoscope.platform.database import written_out


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One session that is or was good.

    A share's names its holder, its studies, whose they are (`shared_patient_id`) and what it may do with them;
    `patient_id` only where the holder is the patient.
    """

    session_id: UUID
    user_id: UUID | None = None
    share_id: UUID | None = None
    holder_name: str | None = None
    study_uids: frozenset[str] = frozenset()
    limited_to: frozenset[str] | None = None
    patient_id: UUID | None = None
    shared_patient_id: UUID | None = None
    auth_level: str
    authenticated_at: datetime
    started_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    address: str | None = None
    user_agent: str | None = None


_COLUMNS = (
    user_sessions.c.session_id,
    user_sessions.c.user_id,
    user_sessions.c.share_id,
    user_sessions.c.holder_name,
    user_sessions.c.study_uids,
    user_sessions.c.limited_to,
    user_sessions.c.patient_id,
    user_sessions.c.shared_patient_id,
    user_sessions.c.auth_level,
    user_sessions.c.authenticated_at,
    user_sessions.c.started_at,
    user_sessions.c.last_seen_at,
    user_sessions.c.expires_at,
    user_sessions.c.address,
    user_sessions.c.user_agent,
)

_FIND: Final = written_out(
    select(*_COLUMNS).where(
        user_sessions.c.token_sha256 == bindparam("token_sha256"),
        user_sessions.c.revoked_at.is_(None),
        user_sessions.c.expires_at > bindparam("now"),
        user_sessions.c.last_seen_at > bindparam("idle_since"),
    )
)
_FIND_USER: Final = written_out(select(users).where(users.c.user_id == bindparam("user_id"), users.c.disabled_at.is_(None)))


def insert_session(tx: Connection, session: Session, token_sha256: bytes) -> None:
    """Add a session."""
    tx.execute(
        insert(user_sessions).values(
            session_id=session.session_id,
            token_sha256=token_sha256,
            user_id=session.user_id,
            share_id=session.share_id,
            holder_name=session.holder_name,
            study_uids=sorted(session.study_uids),
            limited_to=sorted(session.limited_to) if session.limited_to is not None else None,
            patient_id=session.patient_id,
            shared_patient_id=session.shared_patient_id,
            auth_level=session.auth_level,
            authenticated_at=session.authenticated_at,
            started_at=session.started_at,
            last_seen_at=session.last_seen_at,
            expires_at=session.expires_at,
            address=session.address,
            user_agent=session.user_agent,
        )
    )


def find_session(tx: Connection, token_sha256: bytes, *, now: datetime, idle_since: datetime) -> Session | None:
    """Return the session of a token, unless it was revoked, expired, or idle since then."""
    row = tx.execute(_FIND, {"token_sha256": token_sha256, "now": now, "idle_since": idle_since}).mappings().one_or_none()
    return _session_of(row) if row is not None else None


def find_session_user(tx: Connection, user_id: UUID) -> User | None:
    """Return the account behind a session unless it is disabled."""
    row = tx.execute(_FIND_USER, {"user_id": user_id}).mappings().one_or_none()
    return user_of(row) if row is not None else None


def list_sessions(tx: Connection, user_id: UUID, *, now: datetime, idle_since: datetime) -> list[Session]:
    """Return the good sessions of a person, the last used first."""
    rows = tx.execute(
        select(*_COLUMNS)
        .where(user_sessions.c.user_id == user_id, *_good(now, idle_since))
        .order_by(user_sessions.c.last_seen_at.desc())
    )
    return [_session_of(row) for row in rows.mappings()]


def update_seen(tx: Connection, session_id: UUID, at: datetime) -> None:
    """Note that the session is in use."""
    tx.execute(update(user_sessions).where(user_sessions.c.session_id == session_id).values(last_seen_at=at))


def replace_token(
    tx: Connection,
    session_id: UUID,
    token_sha256: bytes,
    *,
    auth_level: str,
    at: datetime,
    expires_at: datetime | None = None,
) -> bool:
    """Give a good session another token after a proof; the one before is dead. False when it was revoked meanwhile."""
    changed = tx.execute(
        update(user_sessions)
        .where(user_sessions.c.session_id == session_id, user_sessions.c.revoked_at.is_(None))
        .values(
            token_sha256=token_sha256,
            auth_level=auth_level,
            authenticated_at=at,
            last_seen_at=at,
            expires_at=expires_at if expires_at is not None else user_sessions.c.expires_at,
        )
    )
    return changed.rowcount == 1


def revoke_sessions(
    tx: Connection,
    *,
    at: datetime,
    because: str,
    session_id: UUID | None = None,
    user_id: UUID | None = None,
    share_id: UUID | None = None,
    spare: UUID | None = None,
) -> int:
    """Revoke one session, or all of a person or a share except `spare`; return how many."""
    if session_id is None and user_id is None and share_id is None:
        raise ValueError("say whose sessions")
    statement = update(user_sessions).where(user_sessions.c.revoked_at.is_(None))
    if session_id is not None:
        statement = statement.where(user_sessions.c.session_id == session_id)
    if user_id is not None:
        statement = statement.where(user_sessions.c.user_id == user_id)
    if share_id is not None:
        statement = statement.where(user_sessions.c.share_id == share_id)
    if spare is not None:
        statement = statement.where(user_sessions.c.session_id != spare)
    return tx.execute(statement.values(revoked_at=at, revoked_because=because)).rowcount


def _session_of(row: RowMapping) -> Session:
    limited_to = row["limited_to"]
    return Session(
        session_id=row["session_id"],
        user_id=row["user_id"],
        share_id=row["share_id"],
        holder_name=row["holder_name"],
        study_uids=frozenset(row["study_uids"]),
        limited_to=frozenset(limited_to) if limited_to is not None else None,
        patient_id=row["patient_id"],
        shared_patient_id=row["shared_patient_id"],
        auth_level=row["auth_level"],
        authenticated_at=row["authenticated_at"],
        started_at=row["started_at"],
        last_seen_at=row["last_seen_at"],
        expires_at=row["expires_at"],
        address=row["address"],
        user_agent=row["user_agent"],
    )


def _good(now: datetime, idle_since: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        user_sessions.c.revoked_at.is_(None),
        user_sessions.c.expires_at > now,
        user_sessions.c.last_seen_at > idle_since,
    )


def delete_sessions(tx: Connection, *, ended_before: datetime) -> int:
    """Delete sessions that expired before then; return how many."""
    return tx.execute(delete(user_sessions).where(user_sessions.c.expires_at < ended_before)).rowcount
