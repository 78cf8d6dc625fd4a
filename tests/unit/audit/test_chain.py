"""The written form and the hashes, against values computed by hand."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from negatoscope.audit.chain import FIRST, hash_entry, hash_link, written_form
from negatoscope.audit.model import Actor, Entry

TENANT = UUID("00000000-0000-4000-8000-000000000001")
ENTRY = Entry(
    entry_id=UUID("00000000-0000-4000-8000-0000000000e1"),
    at=datetime(2026, 3, 1, 9, 0, 0, 120, tzinfo=UTC),
    actor=Actor(
        kind="user",
        user_id=UUID("00000000-0000-4000-8000-0000000000a1"),
        name='Dr É. "Œil"',
        roles=("lead_radiologist", "radiologist"),
        auth_level="password",
        address=None,
    ),
    action="view_images",
    outcome="success",
    patient_id=None,
    study_uid="1.2.3",
    objects={"b": 2, "a": ["x", True, None], "B": {"z": 1, "y": "\u2028\x1f/"}},
    reason=None,
    request_id="r-1",
)
WRITTEN = (
    '{"action":"view_images","actor_address":null,"actor_auth_level":"password","actor_kind":"user",'
    '"actor_name":"Dr É. \\"Œil\\"","actor_roles":["lead_radiologist","radiologist"],'
    '"actor_user_id":"00000000-0000-4000-8000-0000000000a1","at":"2026-03-01T09:00:00.000120Z",'
    '"entry_id":"00000000-0000-4000-8000-0000000000e1",'
    '"objects":{"B":{"y":"\u2028\\u001f/","z":1},"a":["x",true,null],"b":2},"outcome":"success","patient_id":null,'
    '"reason":null,"request_id":"r-1","study_uid":"1.2.3","tenant":"00000000-0000-4000-8000-000000000001"}'
)


def test_written_form_is_canonical_json() -> None:
    assert written_form(TENANT, ENTRY).decode() == WRITTEN


def test_time_zone_of_the_reader_changes_nothing() -> None:
    paris = replace(ENTRY, at=ENTRY.at.astimezone(timezone(timedelta(hours=1))))
    assert hash_entry(TENANT, paris) == hash_entry(TENANT, ENTRY) == hashlib.sha256(WRITTEN.encode()).digest()


def test_link_binds_what_came_before_its_number_and_its_entry() -> None:
    entry_hash = hash_entry(TENANT, ENTRY)
    link = hash_link(FIRST, 1, entry_hash)
    assert link == hashlib.sha256(bytes(32) + b"\0\0\0\0\0\0\0\1" + entry_hash).digest()
    assert len({link, hash_link(FIRST, 2, entry_hash), hash_link(link, 1, entry_hash), hash_link(FIRST, 1, link)}) == 4


def test_same_entry_of_another_tenant_is_another_entry() -> None:
    assert hash_entry(UUID(int=2), ENTRY) != hash_entry(TENANT, ENTRY)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_has_no_written_form_is_our_fault(value: float) -> None:
    with pytest.raises(ValueError, match="JSON"):
        written_form(TENANT, replace(ENTRY, objects={"a": value}))  # type: ignore[dict-item] # what may not happen
