"""The SQL of the trail."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import Connection, RowMapping, insert

from negatoscope.audit.model import Actor, Entry, JsonValue, Outcome
from negatoscope.audit.tables import audit_entries

ENTRY_COLUMNS = (
    audit_entries.c.entry_id,
    audit_entries.c.at,
    audit_entries.c.actor_kind,
    audit_entries.c.actor_user_id,
    audit_entries.c.actor_name,
    audit_entries.c.actor_roles,
    audit_entries.c.actor_auth_level,
    audit_entries.c.actor_address,
    audit_entries.c.action,
    audit_entries.c.outcome,
    audit_entries.c.patient_id,
    audit_entries.c.study_uid,
    audit_entries.c.objects,
    audit_entries.c.reason,
    audit_entries.c.request_id,
)


def insert_entry(
    tx: Connection,
    *,
    entry_id: UUID,
    actor: Actor,
    action: str,
    outcome: Outcome,
    patient_id: UUID | None,
    study_uid: str | None,
    objects: Mapping[str, JsonValue],
    reason: str | None,
    request_id: str | None,
) -> None:
    """Append one entry; the server gives it its time, its transaction and its tenant."""
    tx.execute(
        insert(audit_entries).values(
            entry_id=entry_id,
            actor_kind=actor.kind,
            actor_user_id=actor.user_id,
            actor_name=actor.name,
            actor_roles=list(actor.roles),
            actor_auth_level=actor.auth_level,
            actor_address=actor.address,
            action=action,
            outcome=outcome.value,
            patient_id=patient_id,
            study_uid=study_uid,
            objects=objects,
            reason=reason,
            request_id=request_id,
        )
    )


def entry_of(row: RowMapping) -> Entry:
    """Return the entry that a row of `ENTRY_COLUMNS` holds."""
    return Entry(
        entry_id=row.entry_id,
        at=row.at,
        actor=Actor(
            kind=row.actor_kind,
            user_id=row.actor_user_id,
            name=row.actor_name,
            roles=tuple(row.actor_roles),
            auth_level=row.actor_auth_level,
            address=row.actor_address,
        ),
        action=row.action,
        outcome=row.outcome,
        patient_id=row.patient_id,
        study_uid=row.study_uid,
        objects=row.objects,
        reason=row.reason,
        request_id=row.request_id,
    )
