"""The chain: what is sealed when, and that no tampering passes. An independent verifier written from the docs is the oracle."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text

from negatoscope.access.model import Role
from negatoscope.audit.model import ChainHead, FaultKind
from negatoscope.audit.sealing import seal_batch, seal_pending
from negatoscope.audit.trail import record
from negatoscope.audit.verification import chain_status, verify_chain
from negatoscope.platform.runtime import Platform
from tests.builders.subjects import a_subject


def write(platform: Platform, *actions: str) -> list[UUID]:
    """Record these actions, each in a transaction of its own."""
    actor = a_subject(Role.RADIOLOGIST, tenant=platform.tenant).actor
    written = []
    for action in actions:
        with platform.database.transaction(platform.tenant) as tx:
            written.append(
                record(tx, actor, action, patient_id=uuid4(), objects={"count": 2, "b": "é", "a": ["\u2028", '"\t']})
            )
    return written


def seal(platform: Platform) -> int:
    return seal_pending(platform.database, platform.clock, tenants=[platform.tenant])


def faults(platform: Platform, noted: ChainHead | None = None) -> list[tuple[FaultKind, int | None, UUID | None]]:
    with platform.database.read(platform.tenant) as tx:
        return [(fault.kind, fault.sequence, fault.entry_id) for fault in verify_chain(tx, noted_head=noted)]


def tamper(platform: Platform, statement: str, **parameters: object) -> None:
    """Do what only a superuser can."""
    with platform.database.owner_transaction() as tx:
        changed = tx.execute(text(statement), {"tenant": platform.tenant, **parameters})
        assert changed.rowcount > 0


def oracle(platform: Platform) -> bytes:
    """Recompute the head from the tables with nothing of the product but its written rules."""
    link = bytes(32)
    url = platform.database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, row_factory=psycopg.rows.dict_row) as connection:
        rows = connection.execute(
            "select c.sequence, e.* from audit_chain c join audit_entries e using (tenant, entry_id)"
            " where c.tenant = %s order by c.sequence", (platform.tenant,)
        ).fetchall()  # fmt: skip
    for row in rows:
        number = row.pop("sequence")
        del row["transaction_id"]
        utc = row["at"].astimezone(UTC)
        document = {key: str(value) if isinstance(value, UUID) else value for key, value in row.items()}
        document["at"] = utc.isoformat(timespec="microseconds").replace("+00:00", "Z")
        entry_hash = hashlib.sha256(
            json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        ).digest()
        link = hashlib.sha256(link + int(number).to_bytes(8, "big") + entry_hash).digest()
    return link


def test_seal_chains_everything_committed_once(platform: Platform) -> None:
    write(platform, "login", "view_images", "sign_final")
    assert seal(platform) == 3
    assert seal(platform) == 0
    with platform.database.read(platform.tenant) as tx:
        status = chain_status(tx)
        assert verify_chain(tx) == []
    assert status.head == ChainHead(sequence=3, hash=oracle(platform))
    assert (status.sealed_at, status.pending) == (platform.clock.now(), 0)


def test_seal_goes_on_in_batches(platform: Platform) -> None:
    write(platform, *["view_images"] * 5)
    with platform.database.owner_transaction() as tx:
        assert seal_batch(tx, platform.tenant, platform.clock.now(), limit=2) == 2
    with platform.database.read(platform.tenant) as tx:
        assert chain_status(tx).pending == 3
    assert faults(platform) == []
    assert seal(platform) == 3
    assert faults(platform) == []


@pytest.mark.parametrize("count", [3, 4])
def test_mark_passes_what_was_sealed_so_that_nothing_is_looked_at_twice(platform: Platform, count: int) -> None:
    write(platform, *["view_images"] * count)
    assert seal_pending(platform.database, platform.clock, tenants=[platform.tenant], batch=2) == count
    with platform.database.read(platform.tenant) as tx:
        behind = tx.execute(
            text(
                "select count(*) from audit_entries e join audit_heads h on e.tenant = h.tenant"
                " where e.transaction_id >= h.sealed_below"
            )
        ).scalar_one()
    assert behind == 0
    assert faults(platform) == []


def test_entries_that_wait_are_counted_and_are_no_fault(platform: Platform) -> None:
    write(platform, "login")
    seal(platform)
    write(platform, "view_images", "view_images")
    with platform.database.read(platform.tenant) as tx:
        assert chain_status(tx).pending == 2
    assert faults(platform) == []


def test_entry_that_commits_after_younger_ones_were_sealed_is_sealed_too(platform: Platform) -> None:
    actor = a_subject(Role.RADIOLOGIST, tenant=platform.tenant).actor
    with platform.database.transaction(platform.tenant) as late:
        late_entry = record(late, actor, "merge_patients")
        write(platform, "view_images", "view_images")
        assert seal(platform) == 2
        assert seal(platform) == 0
    assert seal(platform) == 1
    with platform.database.read(platform.tenant) as tx:
        last = tx.execute(text("select entry_id from audit_chain order by sequence desc limit 1")).scalar_one()
    assert last == late_entry
    assert faults(platform) == []


def test_seal_resumes_when_the_servers_transaction_numbers_start_anew(platform: Platform) -> None:
    write(platform, "login")
    seal(platform)
    tamper(platform, "update audit_heads set sealed_below = '900000000000' where tenant = :tenant")
    write(platform, "view_images")
    assert seal(platform) == 1
    assert faults(platform) == []


@pytest.mark.parametrize(
    "change",
    [
        "action = 'view_nothing'",
        "actor_name = 'Dr Somebody Else'",
        "actor_roles = '{auditor}'",
        "actor_user_id = gen_random_uuid()",
        "actor_address = '10.9.9.9'",
        "actor_auth_level = 'two_factor'",
        "outcome = 'failure'",
        "patient_id = null",
        "study_uid = '1.2.3'",
        "objects = '{\"count\": 3}'",
        "reason = 'because'",
        "request_id = 'other'",
        "at = at - interval '1 second'",
        "at = at + interval '3 months'",
    ],
)
def test_edited_entry_is_named(platform: Platform, change: str) -> None:
    entries = write(platform, "login", "view_images", "sign_final")
    seal(platform)
    tamper(platform, f"update audit_entries set {change} where entry_id = :entry", entry=entries[1])
    assert faults(platform) == [(FaultKind.EDITED, 2, entries[1])]


def test_removed_entry_is_named(platform: Platform) -> None:
    entries = write(platform, "login", "view_images", "sign_final")
    seal(platform)
    tamper(platform, "delete from audit_entries where entry_id = :entry", entry=entries[1])
    assert faults(platform) == [(FaultKind.REMOVED, 2, entries[1])]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_entry_removed_with_its_link_leaves_a_gap(platform: Platform, number: int) -> None:
    entries = write(platform, "login", "view_images", "sign_final")
    seal(platform)
    tamper(platform, "delete from audit_entries where entry_id = :entry", entry=entries[number - 1])
    tamper(platform, "delete from audit_chain where entry_id = :entry", entry=entries[number - 1])
    assert faults(platform) == [(FaultKind.LINK_REMOVED, number, None)]


def test_inserted_entry_is_named(platform: Platform) -> None:
    write(platform, "login")
    seal(platform)
    write(platform, "view_images")
    seal(platform)
    forged = uuid4()
    tamper(
        platform,
        "insert into audit_entries (tenant, entry_id, at, transaction_id, actor_kind, actor_name, actor_roles, actor_auth_level, action, outcome, objects)"
        " select tenant, :forged, at, transaction_id, actor_kind, actor_name, actor_roles, actor_auth_level, action, outcome, objects"
        " from audit_entries where tenant = :tenant order by at limit 1",
        forged=forged,
    )
    assert faults(platform) == [(FaultKind.INSERTED, None, forged)]


def test_copy_of_an_entry_at_another_time_is_named(platform: Platform) -> None:
    entries = write(platform, "login", "view_images")
    seal(platform)
    tamper(
        platform,
        "insert into audit_entries (tenant, entry_id, at, transaction_id, actor_kind, actor_name, actor_roles, actor_auth_level, action, outcome, objects)"
        " select tenant, entry_id, at + interval '1 hour', transaction_id, actor_kind, actor_name, actor_roles, actor_auth_level, action, outcome, objects"
        " from audit_entries where entry_id = :entry",
        entry=entries[0],
    )
    assert faults(platform) == [(FaultKind.INSERTED, None, entries[0])]


def test_entries_that_changed_places_are_named(platform: Platform) -> None:
    first, second = write(platform, "login", "view_images")
    seal(platform)
    swap = (
        "update audit_chain c set entry_id = o.entry_id, entry_at = o.entry_at from audit_chain o"
        " where c.tenant = :tenant and o.tenant = :tenant and o.sequence = 3 - c.sequence"
    )
    with platform.database.owner_transaction() as tx:
        tx.execute(text("drop index audit_chain_by_entry"))
        tx.execute(text(swap), {"tenant": platform.tenant})
        tx.execute(text("create unique index audit_chain_by_entry on audit_chain (tenant, entry_id)"))
    assert faults(platform) == [(FaultKind.REORDERED, 1, second), (FaultKind.REORDERED, 2, first)]


def test_forged_link_breaks_the_chain_after_it(platform: Platform) -> None:
    entries = write(platform, "login", "view_images", "sign_final")
    seal(platform)
    forged = hashlib.sha256(b"forged").digest()
    tamper(platform, "update audit_chain set entry_hash = :forged where entry_id = :entry", forged=forged, entry=entries[1])
    assert faults(platform) == [(FaultKind.LINK_ALTERED, 2, entries[1])]


def test_chain_cut_at_its_end_is_found(platform: Platform) -> None:
    write(platform, "login", "view_images", "sign_final")
    seal(platform)
    tamper(platform, "delete from audit_chain where tenant = :tenant and sequence = 3")
    assert (FaultKind.LINK_REMOVED, 3, None) in faults(platform)


def test_chain_rewritten_from_end_to_end_is_found_by_a_noted_head(platform: Platform) -> None:
    entries = write(platform, "login", "view_images", "sign_final")
    seal(platform)
    with platform.database.read(platform.tenant) as tx:
        noted = chain_status(tx).head
    tamper(platform, "delete from audit_chain where tenant = :tenant")
    tamper(platform, "delete from audit_heads where tenant = :tenant")
    tamper(platform, "delete from audit_entries where entry_id = :entry", entry=entries[1])
    seal(platform)
    assert faults(platform) == []
    write(platform, "login")
    seal(platform)
    assert faults(platform, noted) == [(FaultKind.HEAD_ALTERED, 3, None)]


def test_noted_head_of_an_intact_chain_is_found_again(platform: Platform) -> None:
    write(platform, "login")
    seal(platform)
    with platform.database.read(platform.tenant) as tx:
        noted = chain_status(tx).head
    write(platform, "view_images")
    seal(platform)
    assert faults(platform, noted) == []


def test_chains_of_two_tenants_do_not_touch(platform: Platform) -> None:
    write(platform, "login")
    seal(platform)
    other = uuid4()
    with platform.database.owner_transaction() as tx:
        tx.execute(text("insert into tenants (tenant, name) values (:tenant, :name)"), {"tenant": other, "name": str(other)})
    neighbour = platform.for_tenant(other)  # type: ignore[arg-type] # a tenant made for this test
    write(neighbour, "login", "login")
    seal(neighbour)
    with neighbour.database.read(neighbour.tenant) as tx:
        assert chain_status(tx).head.sequence == 2
    assert (faults(platform), faults(neighbour)) == ([], [])
