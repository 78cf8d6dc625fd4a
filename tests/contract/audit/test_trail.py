"""The trail as the application may use it: append, read, nothing else."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DataError, ProgrammingError

from negatoscope.access.model import Role
from negatoscope.audit.reading import EntryFilter, EntryPosition, list_accesses, search_entries
from negatoscope.audit.store import ENTRY_COLUMNS, entry_of
from negatoscope.audit.tables import audit_entries
from negatoscope.audit.trail import record
from negatoscope.platform.database import TenantId
from negatoscope.platform.runtime import Platform
from tests.builders.subjects import a_subject


def test_record_keeps_what_it_was_given(platform: Platform) -> None:
    radiologist = a_subject(Role.RADIOLOGIST, Role.LEAD_RADIOLOGIST, tenant=platform.tenant)
    patient = uuid4()
    with platform.database.transaction(platform.tenant) as tx:
        entry_id = record(
            tx,
            radiologist.actor,
            "view_images",
            patient_id=patient,
            study_uid="1.2.3",
            objects={"series": ["1.2.3.4"], "instances": 2},
            reason="second opinion",
        )
    with platform.database.read(platform.tenant) as tx:
        entry = entry_of(tx.execute(select(*ENTRY_COLUMNS).where(audit_entries.c.entry_id == entry_id)).mappings().one())
    assert entry.actor == radiologist.actor
    assert entry.actor.roles == ("lead_radiologist", "radiologist")
    assert (entry.action, entry.outcome, entry.patient_id, entry.study_uid) == ("view_images", "success", patient, "1.2.3")
    assert entry.objects == {"series": ["1.2.3.4"], "instances": 2}
    assert entry.reason == "second opinion"


def test_record_cannot_be_prevented_by_hostile_text(platform: Platform) -> None:
    actor = a_subject(Role.REFERRER, tenant=platform.tenant).actor
    with platform.database.transaction(platform.tenant) as tx:
        entry_id = record(tx, actor, "query_images", objects={"key": "a\x00b\ud800"}, reason="\x00")
        found = tx.execute(select(audit_entries.c.objects, audit_entries.c.reason).where(audit_entries.c.entry_id == entry_id))
        assert tuple(found.one()) == ({"key": "a\ufffdb?"}, "\ufffd")


def test_record_disappears_with_the_act_that_failed(platform: Platform) -> None:
    actor = a_subject(Role.REFERRER, tenant=platform.tenant).actor

    def record_and_fail() -> None:
        with platform.database.transaction(platform.tenant) as tx:
            record(tx, actor, "view_images")
            tx.execute(text("select 1 / 0"))

    with pytest.raises(DataError):
        record_and_fail()
    with platform.database.read(platform.tenant) as tx:
        assert tx.execute(select(audit_entries.c.entry_id)).all() == []


@pytest.mark.parametrize(
    "statement",
    [
        "update audit_entries set action = 'other'",
        "delete from audit_entries",
        "truncate audit_entries",
        "insert into audit_chain (sequence, entry_id, entry_at, entry_hash, previous_hash, hash) values (1, gen_random_uuid(), now(), '', '', '')",
        "update audit_chain set sequence = 9",
        "delete from audit_chain",
        "update audit_heads set sequence = 0",
    ],
)
def test_application_can_neither_change_nor_seal_the_trail(platform: Platform, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), platform.database.transaction(platform.tenant) as tx:
        tx.execute(text(statement))


def test_list_accesses_tells_of_this_patient_alone_newest_first(platform: Platform) -> None:
    actor = a_subject(Role.RADIOLOGIST, tenant=platform.tenant).actor
    patient = uuid4()
    with platform.database.transaction(platform.tenant) as tx:
        record(tx, actor, "view_images", patient_id=patient)
        record(tx, actor, "view_images", patient_id=uuid4())
        record(tx, actor, "break_glass", patient_id=patient, outcome="refused")
    with platform.database.read(platform.tenant) as tx:
        accesses = list_accesses(tx, patient_id=patient)
    assert [(access.action, access.outcome) for access in accesses] == [("break_glass", "refused"), ("view_images", "success")]


def test_search_pages_through_everything_once(platform: Platform) -> None:
    actor = a_subject(Role.RADIOLOGIST, tenant=platform.tenant).actor
    with platform.database.transaction(platform.tenant) as tx:
        written = [record(tx, actor, "view_images") for _ in range(7)]
        record(tx, actor, "login")
    found: list[UUID] = []
    after: EntryPosition | None = None
    while True:
        with platform.database.read(platform.tenant) as tx:
            page = search_entries(tx, EntryFilter(action="view_images", actor_name="dr JEAN"), after=after, limit=3)
        found.extend(sealed.entry.entry_id for sealed in page.entries)
        after = page.next
        if after is None:
            break
    assert found == list(reversed(written))


def test_search_takes_wildcards_for_text(platform: Platform) -> None:
    with platform.database.transaction(platform.tenant) as tx:
        record(tx, a_subject(Role.RADIOLOGIST, tenant=platform.tenant).actor, "login")
    with platform.database.read(platform.tenant) as tx:
        assert search_entries(tx, EntryFilter(actor_name="%")).entries == ()


def test_trail_of_another_tenant_is_not_there(platform: Platform) -> None:
    with platform.database.transaction(platform.tenant) as tx:
        record(tx, a_subject(Role.RADIOLOGIST, tenant=platform.tenant).actor, "login")
    with platform.database.read(TenantId(uuid4())) as tx:
        assert search_entries(tx, EntryFilter()).entries == ()
