"""Accounts in the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, RowMapping, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from negatoscope.access.model import Role
from negatoscope.access.people import User
from negatoscope.access.tables import users
from negatoscope.platform.database import written_out
from negatoscope.platform.errors import Conflict, NotFound, StaleVersion

_GET: Final = written_out(select(users).where(users.c.user_id == bindparam("user_id")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The secrets of an account, which do not leave this area."""

    user: User
    password_hash: str | None
    totp_wrapped_secret: bytes | None
    totp_confirmed: bool
    totp_last_step: int | None


def insert_user(
    tx: Connection,
    *,
    user_id: UUID,
    login: str,
    display_name: str,
    roles: frozenset[Role],
    password_hash: str | None,
    professional_identifier: str | None,
    language: str | None,
    patient_id: UUID | None,
    at: datetime,
) -> None:
    """Add an account, or raise Conflict when the login is taken."""
    try:
        with tx.begin_nested():
            tx.execute(
                insert(users).values(
                    user_id=user_id,
                    login=login,
                    display_name=display_name,
                    roles=sorted(roles),
                    password_hash=password_hash,
                    password_changed_at=at if password_hash is not None else None,
                    professional_identifier=professional_identifier,
                    language=language,
                    patient_id=patient_id,
                    created_at=at,
                )
            )
    except IntegrityError as error:
        raise Conflict("This login is taken.", reason="login_taken", field="login") from error


def find_credentials(tx: Connection, login: str) -> Credentials | None:
    """Return the account of a login with its secrets."""
    row = tx.execute(select(users).where(users.c.login == login)).mappings().one_or_none()
    return _credentials_of(row) if row is not None else None


def get_credentials(tx: Connection, user_id: UUID) -> Credentials:
    """Return an account with its secrets, held until the transaction ends."""
    row = tx.execute(select(users).where(users.c.user_id == user_id).with_for_update()).mappings().one_or_none()
    if row is None:
        raise NotFound("No such account.")
    return _credentials_of(row)


def get_user(tx: Connection, user_id: UUID) -> User:
    """Return an account, or raise NotFound."""
    row = tx.execute(_GET, {"user_id": user_id}).mappings().one_or_none()
    if row is None:
        raise NotFound("No such account.")
    return user_of(row)


def find_user_by_login(tx: Connection, login: str) -> User | None:
    """Return the account of a login."""
    row = tx.execute(select(users).where(users.c.login == login)).mappings().one_or_none()
    return user_of(row) if row is not None else None


def find_user_by_professional_identifier(tx: Connection, professional_identifier: str) -> User | None:
    """Return the first account of a health professional by the national identifier."""
    row = (
        tx.execute(
            select(users)
            .where(users.c.professional_identifier == professional_identifier, users.c.disabled_at.is_(None))
            .order_by(users.c.created_at)
            .limit(1)
        )
        .mappings()
        .one_or_none()
    )
    return user_of(row) if row is not None else None


def list_users(tx: Connection, *, after: str = "", limit: int = 200) -> list[User]:
    """Return accounts in the order of their login."""
    rows = tx.execute(select(users).where(users.c.login > after).order_by(users.c.login).limit(limit))
    return [user_of(row) for row in rows.mappings()]


def update_user(tx: Connection, user_id: UUID, *, expected_version: int | None = None, **values: object) -> None:
    """Change columns of an account; with a version, only if nobody changed it first."""
    statement = update(users).where(users.c.user_id == user_id)
    if expected_version is not None:
        statement = statement.where(users.c.version == expected_version)
    changed = tx.execute(statement.values(**values, version=users.c.version + 1))
    if changed.rowcount == 0:
        if expected_version is None:
            raise NotFound("No such account.")
        raise StaleVersion("Somebody else changed this account first.")


def use_totp_step(tx: Connection, user_id: UUID, step: int) -> bool:
    """Note that a one-time code was used; False when it, or a younger one, was used before."""
    changed = tx.execute(
        update(users)
        .where(users.c.user_id == user_id, func.coalesce(users.c.totp_last_step, -1) < step)
        .values(totp_last_step=step)
    )
    return changed.rowcount == 1


def user_of(row: RowMapping | Mapping[str, Any]) -> User:
    """Return the account that a row holds."""
    return User(
        user_id=row["user_id"],
        login=row["login"],
        display_name=row["display_name"],
        professional_identifier=row["professional_identifier"],
        language=row["language"],
        theme=row["theme"],
        roles=frozenset(Role(role) for role in row["roles"]),
        patient_id=row["patient_id"],
        disabled_at=row["disabled_at"],
        has_password=row["password_hash"] is not None,
        has_second_factor=row["totp_confirmed_at"] is not None,
        created_at=row["created_at"],
        version=row["version"],
    )


def _credentials_of(row: RowMapping) -> Credentials:
    wrapped = row["totp_wrapped_secret"]
    return Credentials(
        user=user_of(row),
        password_hash=row["password_hash"],
        totp_wrapped_secret=bytes(wrapped) if wrapped is not None else None,
        totp_confirmed=row["totp_confirmed_at"] is not None,
        totp_last_step=row["totp_last_step"],
    )
