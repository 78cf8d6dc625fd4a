"""Bearer tokens in the database: the hash of each, never the token."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, RowMapping, bindparam, insert, select, update

from negatoscope.access.people import User
from negatoscope.access.store.people import user_of
from negatoscope.access.tables import api_tokens, users
from negatoscope.platform.database import written_out
from negatoscope.platform.errors import NotFound

_FIND: Final = written_out(
    select(api_tokens, *(column.label(f"owner_{column.name}") for column in users.c))
    .join(users, users.c.user_id == api_tokens.c.user_id)
    .where(api_tokens.c.token_id == bindparam("token_id"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A bearer token as its owner sees it in a list."""

    token_id: str
    user_id: UUID
    title: str
    scopes: frozenset[str] | None
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def insert_token(tx: Connection, token: Token, secret_sha256: bytes) -> None:
    """Add a token."""
    tx.execute(
        insert(api_tokens).values(
            token_id=token.token_id,
            user_id=token.user_id,
            title=token.title,
            secret_sha256=secret_sha256,
            scopes=sorted(token.scopes) if token.scopes is not None else None,
            created_at=token.created_at,
            expires_at=token.expires_at,
        )
    )


def find_token(tx: Connection, token_id: str) -> tuple[Token, bytes, User] | None:
    """Return a token, the hash of its secret, and the account for which it acts."""
    row = tx.execute(_FIND, {"token_id": token_id}).mappings().one_or_none()
    if row is None:
        return None
    owner = user_of({name.removeprefix("owner_"): value for name, value in row.items() if name.startswith("owner_")})
    return _token_of(row), bytes(row["secret_sha256"]), owner


def list_tokens(tx: Connection, user_id: UUID) -> list[Token]:
    """Return the tokens of a person, the newest first."""
    rows = tx.execute(
        select(api_tokens).where(api_tokens.c.user_id == user_id).order_by(api_tokens.c.created_at.desc()).limit(200)
    )
    return [_token_of(row) for row in rows.mappings()]


def update_used(tx: Connection, token_id: str, at: datetime) -> None:
    """Note that a token is in use."""
    tx.execute(update(api_tokens).where(api_tokens.c.token_id == token_id).values(last_used_at=at))


def revoke_token(tx: Connection, token_id: str, *, user_id: UUID | None, at: datetime) -> None:
    """End a token, of this person if one is named; raise NotFound when there is none to end."""
    statement = update(api_tokens).where(api_tokens.c.token_id == token_id, api_tokens.c.revoked_at.is_(None))
    if user_id is not None:
        statement = statement.where(api_tokens.c.user_id == user_id)
    if tx.execute(statement.values(revoked_at=at)).rowcount == 0:
        raise NotFound("No such token.")


def revoke_tokens_of(tx: Connection, user_id: UUID, *, at: datetime) -> int:
    """End every token of a person that is good still; return how many."""
    statement = update(api_tokens).where(api_tokens.c.user_id == user_id, api_tokens.c.revoked_at.is_(None))
    return tx.execute(statement.values(revoked_at=at)).rowcount


def _token_of(row: RowMapping) -> Token:
    scopes = row["scopes"]
    return Token(
        token_id=row["token_id"],
        user_id=row["user_id"],
        title=row["title"],
        scopes=frozenset(scopes) if scopes is not None else None,
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        last_used_at=row["last_used_at"],
        revoked_at=row["revoked_at"],
    )
