"""The SQL of the trail."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Text,
    and_,
    bindparam,
    cast,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.dialects import postgresql

from negatoscope.audit import chain
from negatoscope.audit.model import Actor, ChainHead, Entry, JsonValue, Link, Outcome
from negatoscope.audit.tables import Xid8, audit_chain, audit_entries, audit_heads
from negatoscope.platform.database import TenantId, written_out

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

_INSERT = written_out(
    insert(audit_entries).values({column.name: bindparam(column.name) for column in ENTRY_COLUMNS if column.name != "at"})
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
        _INSERT,
        {
            "entry_id": entry_id,
            "actor_kind": actor.kind,
            "actor_user_id": actor.user_id,
            "actor_name": actor.name,
            "actor_roles": list(actor.roles),
            "actor_auth_level": actor.auth_level,
            "actor_address": actor.address,
            "action": action,
            "outcome": outcome.value,
            "patient_id": patient_id,
            "study_uid": study_uid,
            "objects": json.dumps(objects, ensure_ascii=False),
            "reason": reason,
            "request_id": request_id,
        },
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


def current_tenant(tx: Connection) -> UUID:
    """Return the tenant of this transaction."""
    tenant: UUID = tx.execute(select(func.current_tenant(type_=audit_entries.c.tenant.type))).scalar_one()
    return tenant


def _unsealed(tenant: ColumnElement[UUID] | TenantId, mark: str) -> ColumnElement[bool]:
    """Select entries of the tenant, not older than its mark, that no link names.

    The mark is given as a value: as a subquery it would hide from the planner how few entries lie behind it, and every look
    for work would read the whole month.
    """
    link = exists().where(audit_chain.c.tenant == tenant, audit_chain.c.entry_id == audit_entries.c.entry_id)
    return and_(audit_entries.c.tenant == tenant, audit_entries.c.transaction_id >= _xid(mark), ~link)


def get_mark(tx: Connection, tenant: ColumnElement[UUID] | TenantId) -> str:
    """Return the transaction below which every entry of the tenant is sealed."""
    mark = tx.execute(select(cast(audit_heads.c.sealed_below, Text)).where(audit_heads.c.tenant == tenant)).scalar_one_or_none()
    return mark or "0"


def _xid(value: str) -> ColumnElement[str]:
    return cast(cast(literal(value), Text), Xid8)


def has_unsealed(tx: Connection, tenant: TenantId) -> bool:
    """Tell whether the sealer has work; also true once after the server's transaction numbers started anew."""
    mark = get_mark(tx, tenant)
    waiting = select(audit_entries.c.entry_id).where(_unsealed(tenant, mark)).order_by(audit_entries.c.transaction_id).limit(1)
    if tx.execute(waiting).first() is not None:
        return True
    return bool(tx.execute(select(_xid(mark) > _newest_transaction())).scalar_one())


def _newest_transaction() -> ColumnElement[str]:
    return func.pg_snapshot_xmax(func.pg_current_snapshot(), type_=Xid8)


def lock_head(tx: Connection, tenant: TenantId) -> ChainHead:
    """Return the end of the chain, held until the transaction ends.

    A mark from the future means that the database was loaded into a server whose transaction numbers are younger: the mark
    is taken back, and every entry is looked at again.
    """
    tx.execute(
        postgresql.insert(audit_heads)
        .values(tenant=tenant, sequence=0, hash=chain.FIRST, sealed_below=_xid("0"))
        .on_conflict_do_nothing()
    )
    row = tx.execute(
        select(audit_heads.c.sequence, audit_heads.c.hash).where(audit_heads.c.tenant == tenant).with_for_update()
    ).one()
    tx.execute(
        update(audit_heads)
        .where(audit_heads.c.tenant == tenant, audit_heads.c.sealed_below > _newest_transaction())
        .values(sealed_below=_xid("0"))
    )
    return ChainHead(sequence=row.sequence, hash=bytes(row.hash))


def oldest_running_transaction(tx: Connection) -> str:
    """Return the transaction below which all have ended."""
    value: str = tx.execute(select(cast(func.pg_snapshot_xmin(func.pg_current_snapshot(), type_=Xid8), Text))).scalar_one()
    return value


def list_unsealed(tx: Connection, tenant: TenantId, *, limit: int) -> list[Entry]:
    """Return committed entries without a link, oldest transaction first."""
    rows = tx.execute(
        select(*ENTRY_COLUMNS)
        .where(_unsealed(tenant, get_mark(tx, tenant)))
        .order_by(audit_entries.c.transaction_id, audit_entries.c.at, audit_entries.c.entry_id)
        .limit(limit)
    )
    return [entry_of(row) for row in rows.mappings()]


def insert_links(tx: Connection, tenant: TenantId, links: Sequence[Link]) -> None:
    """Append links to the chain."""
    if not links:
        return
    tx.execute(
        insert(audit_chain),
        [
            {
                "tenant": tenant,
                "sequence": link.sequence,
                "entry_id": link.entry_id,
                "entry_at": link.entry_at,
                "entry_hash": link.entry_hash,
                "previous_hash": link.previous_hash,
                "hash": link.hash,
            }
            for link in links
        ],
    )


def update_head(
    tx: Connection,
    tenant: TenantId,
    *,
    sequence: int,
    link_hash: bytes,
    sealed_at: datetime | None,
    sealed_below: str | None,
) -> None:
    """Move the end of the chain; the mark and the time stay where None is given."""
    tx.execute(
        update(audit_heads)
        .where(audit_heads.c.tenant == tenant)
        .values(
            sequence=sequence,
            hash=link_hash,
            sealed_at=sealed_at if sealed_at is not None else audit_heads.c.sealed_at,
            sealed_below=_xid(sealed_below) if sealed_below is not None else audit_heads.c.sealed_below,
        )
    )


def get_head(tx: Connection) -> tuple[ChainHead, datetime | None]:
    """Return the end of this tenant's chain as noted, and when it grew last."""
    row = tx.execute(select(audit_heads.c.sequence, audit_heads.c.hash, audit_heads.c.sealed_at)).one_or_none()
    if row is None:
        return ChainHead(sequence=0, hash=chain.FIRST), None
    return ChainHead(sequence=row.sequence, hash=bytes(row.hash)), row.sealed_at


def count_unsealed(tx: Connection) -> int:
    """Return how many entries of this tenant wait for their seal."""
    waiting = _unsealed(_this_tenant(), get_mark(tx, _this_tenant()))
    return tx.execute(select(func.count()).select_from(audit_entries).where(waiting)).scalar_one()


def list_links_with_entries(tx: Connection, *, after: int, limit: int) -> list[tuple[Link, Entry | None]]:
    """Return links of this tenant in order, each with the entry it names at the time it names."""
    rows = tx.execute(
        select(*(column.label(f"link_{column.name}") for column in audit_chain.c), *ENTRY_COLUMNS)
        .outerjoin(
            audit_entries,
            and_(
                audit_entries.c.tenant == audit_chain.c.tenant,
                audit_entries.c.entry_id == audit_chain.c.entry_id,
                audit_entries.c.at == audit_chain.c.entry_at,
            ),
        )
        .where(audit_chain.c.tenant == _this_tenant(), audit_chain.c.sequence > after)
        .order_by(audit_chain.c.sequence)
        .limit(limit)
    )
    return [(_link_of(row), entry_of(row) if row["entry_id"] is not None else None) for row in rows.mappings()]


def _link_of(row: RowMapping) -> Link:
    return Link(
        sequence=row["link_sequence"],
        entry_id=row["link_entry_id"],
        entry_at=row["link_entry_at"],
        entry_hash=bytes(row["link_entry_hash"]),
        previous_hash=bytes(row["link_previous_hash"]),
        hash=bytes(row["link_hash"]),
    )


def has_entry(tx: Connection, entry_id: UUID) -> bool:
    """Tell whether an entry of this identifier exists at any time."""
    return bool(
        tx.execute(
            select(exists().where(audit_entries.c.tenant == _this_tenant(), audit_entries.c.entry_id == entry_id))
        ).scalar_one()
    )


def find_sequence_by_entry_hash(tx: Connection, entry_hash: bytes) -> int | None:
    """Return the number under which an entry of this hash was sealed."""
    return tx.execute(
        select(audit_chain.c.sequence)
        .where(audit_chain.c.tenant == _this_tenant(), audit_chain.c.entry_hash == entry_hash)
        .limit(1)
    ).scalar_one_or_none()


def list_never_sealed(tx: Connection) -> list[UUID]:
    """Return entries older than the mark that no link names, and entries that stand beside another of the same identifier."""
    mark = select(audit_heads.c.sealed_below).where(
        audit_heads.c.tenant == _this_tenant(), audit_heads.c.sealed_below <= _newest_transaction()
    )
    link = exists().where(audit_chain.c.tenant == audit_entries.c.tenant, audit_chain.c.entry_id == audit_entries.c.entry_id)
    strangers = (
        select(audit_entries.c.entry_id)
        .where(audit_entries.c.tenant == _this_tenant(), audit_entries.c.transaction_id < mark.scalar_subquery(), ~link)
        .order_by(audit_entries.c.at)
    )
    doubles = (
        select(audit_entries.c.entry_id)
        .where(audit_entries.c.tenant == _this_tenant())
        .group_by(audit_entries.c.entry_id)
        .having(func.count() > 1)
    )
    return [*tx.scalars(strangers), *tx.scalars(doubles)]


def _this_tenant() -> ColumnElement[UUID]:
    return func.current_tenant(type_=audit_entries.c.tenant.type)
