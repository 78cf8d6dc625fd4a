"""The test client of the web framework, imported past its warning about a rename of its HTTP library."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    # Starlette 1.10 asks for httpx2, a rename of httpx that nothing else here needs.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

from uuid import UUID, uuid4

from negatoscope.access.model import AuthLevel, Role, Subject
from negatoscope.access.opaque_tokens import hash_secret, make_secret
from negatoscope.access.sessions import LONGEST, session_subject
from negatoscope.access.store.sessions import Session, insert_session
from negatoscope.platform.runtime import Platform
from tests.builders.subjects import a_user

__all__ = ["TestClient", "sign_in"]


def sign_in(client: TestClient, platform: Platform, *roles: Role, patient_id: UUID | None = None) -> Subject:
    """Give the client the session of a new account with these roles, proved just now."""
    token = make_secret()
    now = platform.clock.now()
    user = a_user(platform, *roles, patient_id=patient_id)
    session = Session(
        session_id=uuid4(),
        user_id=user.user_id,
        auth_level=AuthLevel.PASSWORD.value,
        authenticated_at=now,
        started_at=now,
        last_seen_at=now,
        expires_at=now + LONGEST,
    )
    with platform.database.transaction(platform.tenant) as tx:
        insert_session(tx, session, hash_secret(token))
    client.cookies.set("session", token)
    return session_subject(platform, token, address="127.0.0.1")
