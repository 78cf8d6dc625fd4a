"""People as the doors would know them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

from sqlalchemy import insert

from negatoscope.access.actions import Action
from negatoscope.access.model import AuthLevel, Role, Subject, SubjectKind
from negatoscope.access.passwords import hash_password
from negatoscope.access.tables import users
from negatoscope.platform.database import TenantId
from negatoscope.platform.runtime import Platform

A_TENANT = TenantId(UUID("00000000-0000-4000-8000-000000000001"))


def a_subject(
    *roles: Role,
    tenant: TenantId = A_TENANT,
    user_id: UUID | None = None,
    at: datetime | None = None,
    authenticated_at: datetime | None = None,
    auth_level: AuthLevel = AuthLevel.PASSWORD,
    patient_id: UUID | None = None,
    limited_to: frozenset[Action] | None = None,
) -> Subject:
    """Return a person with these roles who signed in just now; no row stands behind."""
    now = at or datetime.now(UTC)
    return Subject(
        tenant=tenant,
        kind=SubjectKind.USER,
        user_id=user_id or uuid4(),
        login="jean.valjean",
        display_name="Dr Jean Valjean",
        roles=frozenset(roles),
        auth_level=auth_level,
        authenticated_at=authenticated_at or now,
        seen_at=now,
        patient_id=patient_id,
        limited_to=limited_to,
        address="127.0.0.1",
    )


def a_user(
    platform: Platform,
    *roles: Role,
    patient_id: UUID | None = None,
    password: str | None = None,
    professional_identifier: str | None = None,
) -> Subject:
    """Store an account with these roles in the platform's tenant and return its holder, signed in just now."""
    user_id = uuid4()
    login = f"user-{user_id.hex[:12]}"
    with platform.database.transaction(platform.tenant) as tx:
        tx.execute(
            insert(users).values(
                user_id=user_id,
                login=login,
                display_name=f"Dr {login}",
                roles=sorted(roles),
                patient_id=patient_id,
                password_hash=hash_password(password) if password is not None else None,
                professional_identifier=professional_identifier,
            )
        )
    subject = a_subject(*roles, tenant=platform.tenant, user_id=user_id, at=platform.clock.now(), patient_id=patient_id)
    return replace(subject, login=login, display_name=f"Dr {login}", professional_identifier=professional_identifier)
