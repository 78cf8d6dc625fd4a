"""Hashes that bind each entry to all before it. Pure, and small enough to be written again by whoever doubts it.

The written form of an entry is the JSON Canonicalization Scheme (RFC 8785) of one object with exactly the members

    action, actor_address, actor_auth_level, actor_kind, actor_name, actor_roles, actor_user_id, at, entry_id, objects,
    outcome, patient_id, reason, request_id, study_uid, tenant

in that order at the top (JCS sorts members by code unit), without white space, in UTF-8, with every character as itself
except those that JSON must escape. Absent values are null. Identifiers are lower-case text, `at` is UTC with six digits
of fraction and a Z (`2026-11-24T06:00:00.000000Z`). `objects` holds whole numbers only and ASCII keys only, so that
sorting by code point and by code unit agree and no number has two spellings.

    entry_hash = SHA-256(written form)
    hash       = SHA-256(previous hash ‖ sequence as 8 bytes, most significant first ‖ entry_hash)

The first link has sequence 1 and a previous hash of 32 zero bytes.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from uuid import UUID

from negatoscope.audit.model import Entry, JsonValue

FIRST = bytes(32)


def written_form(tenant: UUID, entry: Entry) -> bytes:
    """Return the bytes of an entry that are hashed."""
    document: dict[str, JsonValue] = {
        "action": entry.action,
        "actor_address": entry.actor.address,
        "actor_auth_level": entry.actor.auth_level,
        "actor_kind": entry.actor.kind,
        "actor_name": entry.actor.name,
        "actor_roles": list(entry.actor.roles),
        "actor_user_id": str(entry.actor.user_id) if entry.actor.user_id is not None else None,
        "at": written_time(entry.at),
        "entry_id": str(entry.entry_id),
        "objects": entry.objects,
        "outcome": entry.outcome,
        "patient_id": str(entry.patient_id) if entry.patient_id is not None else None,
        "reason": entry.reason,
        "request_id": entry.request_id,
        "study_uid": entry.study_uid,
        "tenant": str(tenant),
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def written_time(at: datetime) -> str:
    """Return a moment as it stands in the written form."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def hash_entry(tenant: UUID, entry: Entry) -> bytes:
    """Return the 32 bytes that stand for an entry alone."""
    return hashlib.sha256(written_form(tenant, entry)).digest()


def hash_link(previous_hash: bytes, sequence: int, entry_hash: bytes) -> bytes:
    """Return the 32 bytes that stand for an entry and all before it."""
    return hashlib.sha256(previous_hash + sequence.to_bytes(8, "big") + entry_hash).digest()
