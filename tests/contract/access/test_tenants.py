"""Row-level security: nothing of one tenant is seen, changed or taken by another, for every table of audit and access."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from negatoscope.access import devices, sessions, tokens
from negatoscope.access.actions import Action
from negatoscope.access.break_glass import break_glass
from negatoscope.access.model import AuthLevel, Role, system_subject
from negatoscope.access.oppositions import record_opposition
from negatoscope.access.relations import relate
from negatoscope.audit.sealing import seal_pending
from negatoscope.platform.database import TenantId
from negatoscope.platform.errors import NegatoscopeError, Unauthenticated
from negatoscope.platform.runtime import Platform
from tests.builders.subjects import a_subject, a_user

PASSWORD = "lantern-orchid-47-viaduct"
TABLES = (
    "audit_entries", "audit_chain", "audit_heads", "users", "user_sessions", "api_tokens", "failed_proofs", "care_relations",
    "broken_glass", "oppositions", "devices",
)  # fmt: skip


@pytest.fixture
def neighbour(platform: Platform) -> Platform:
    tenant = TenantId(uuid4())
    with platform.database.owner_transaction() as tx:
        tx.execute(text("insert into tenants (tenant, name) values (:t, :n)"), {"t": tenant, "n": str(tenant)})
    return platform.for_tenant(tenant)


def fill(platform: Platform) -> tuple[str, str]:
    """Put a row into each table; return a session token and a bearer token."""
    person = a_user(platform, Role.RADIOLOGIST, password=PASSWORD)
    assert person.user_id is not None
    signed = sessions.login(platform, login=person.login or "", password=PASSWORD, address="192.0.2.1")
    bearer, _ = tokens.create_token(platform, person, user_id=person.user_id, title="t")
    with pytest.raises(Unauthenticated):
        sessions.login(platform, login="nobody", password="x", address="192.0.2.1")
    operator = system_subject(platform.tenant, "operator")
    devices.register_device(
        platform, operator, ae_title="DX1", description="r", addresses=["10.0.0.1"], services=[Action.STORE_IMAGES]
    )
    strong = a_subject(
        Role.RADIOLOGIST,
        tenant=platform.tenant,
        user_id=person.user_id,
        at=platform.clock.now(),
        auth_level=AuthLevel.TWO_FACTOR,
    )
    break_glass(platform, strong, patient_id=uuid4(), reason_code="emergency", explanation="x" * 30)
    record_opposition(platform, operator, patient_id=uuid4())
    with platform.database.transaction(platform.tenant) as tx:
        relate(tx, person.user_id, uuid4(), source="order:1", until=platform.clock.now() + timedelta(days=1))
    seal_pending(platform.database, platform.clock, tenants=[platform.tenant])
    return signed.token, bearer


def test_no_row_of_another_tenant_is_seen_or_changed(platform: Platform, neighbour: Platform) -> None:
    fill(platform)
    for table in TABLES:
        with platform.database.read(platform.tenant) as tx:
            assert tx.execute(text(f"select count(*) from {table}")).scalar_one() > 0, table
        with platform.database.read(neighbour.tenant) as tx:
            assert tx.execute(text(f"select count(*) from {table}")).scalar_one() == 0, table


@pytest.mark.parametrize("table", sorted(set(TABLES) - {"audit_entries", "audit_chain", "audit_heads"}))
def test_no_row_is_written_for_another_tenant(platform: Platform, neighbour: Platform, table: str) -> None:
    fill(platform)
    with platform.database.transaction(neighbour.tenant) as tx:
        assert tx.execute(text(f"update {table} set tenant = tenant")).rowcount == 0
    with pytest.raises(ProgrammingError, match="row-level security"), platform.database.transaction(platform.tenant) as tx:
        tx.execute(text(f"update {table} set tenant = :other"), {"other": neighbour.tenant})


def test_tokens_of_one_tenant_open_nothing_at_another(platform: Platform, neighbour: Platform) -> None:
    session, bearer = fill(platform)
    with pytest.raises(NegatoscopeError):
        sessions.session_subject(neighbour, session, address=None)
    with pytest.raises(NegatoscopeError):
        tokens.token_subject(neighbour, bearer, address=None)
    with platform.database.read(neighbour.tenant) as tx:
        assert devices.device_for(tx, "DX1", "10.0.0.1", False) is None
