"""Chain what was committed, in batches, off the path of those who wait for an answer."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from negatoscope.audit import chain, store
from negatoscope.audit.model import Link
from negatoscope.platform.clock import Clock
from negatoscope.platform.database import Database, TenantId

BATCH = 1000


def seal_pending(database: Database, clock: Clock, *, tenants: list[TenantId] | None = None, batch: int = BATCH) -> int:
    """Seal every committed entry that has no link yet, of all tenants or of these; return how many were sealed.

    Each batch is one transaction that holds the head of the chain, so any number of processes may call this. The order of
    the chain is the order of sealing. An entry that commits late, after younger ones were sealed, is simply sealed later:
    a tenant's mark (`sealed_below`) only passes a transaction once the server says that none so old is still running.
    """
    sealed = 0
    for tenant in database.tenants() if tenants is None else tenants:
        if not _has_work(database, tenant):
            continue
        count = batch
        while count == batch:  # the last, smaller batch is what moves the mark
            with database.owner_transaction() as tx:
                count = seal_batch(tx, tenant, clock.now(), limit=batch)
            sealed += count
    return sealed


def _has_work(database: Database, tenant: TenantId) -> bool:
    """Ask over a pooled connection: most of the time there is nothing to seal, and that must cost next to nothing."""
    with database.read(tenant) as tx:
        return store.has_unsealed(tx, tenant)


def seal_batch(tx: Connection, tenant: TenantId, now: datetime, *, limit: int = BATCH) -> int:
    """Seal at most `limit` entries of one tenant; return how many."""
    head = store.lock_head(tx, tenant)
    oldest_running = store.oldest_running_transaction(tx)
    entries = store.list_unsealed(tx, tenant, limit=limit)
    links: list[Link] = []
    sequence, previous = head.sequence, head.hash
    for entry in entries:
        sequence += 1
        entry_hash = chain.hash_entry(tenant, entry)
        link = chain.hash_link(previous, sequence, entry_hash)
        links.append(
            Link(
                sequence=sequence,
                entry_id=entry.entry_id,
                entry_at=entry.at,
                entry_hash=entry_hash,
                previous_hash=previous,
                hash=link,
            )
        )
        previous = link
    store.insert_links(tx, tenant, links)
    store.update_head(
        tx,
        tenant,
        sequence=sequence,
        link_hash=previous,
        sealed_at=now if links else None,
        sealed_below=oldest_running if len(entries) < limit else None,
    )
    return len(entries)
