"""The other person of an act that takes two: as the account is now, not as it was when he spoke."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection

from negatoscope.access.model import AuthLevel, Subject, SubjectKind
from negatoscope.access.store.people import get_user
from negatoscope.platform.database import tenant_of
from negatoscope.platform.errors import Forbidden


def second_person(tx: Connection, user_id: UUID) -> Subject:
    """Return who spoke first, for `Context.second_person`; Forbidden when the account is locked meanwhile."""
    user = get_user(tx, user_id)
    if user.disabled_at is not None:
        raise Forbidden("A second person must confirm this.", reason="needs_second_person")
    return Subject(
        tenant=tenant_of(tx),
        kind=SubjectKind.USER,
        user_id=user.user_id,
        login=user.login,
        display_name=user.display_name,
        roles=user.roles,
        auth_level=AuthLevel.PASSWORD,
    )
