"""Find what was done to the trail behind our back, and name the very rows."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import Connection

from negatoscope.audit import chain, store
from negatoscope.audit.model import ChainHead, ChainStatus, Entry, Fault, FaultKind, Link

PAGE = 2000


def verify_chain(tx: Connection, *, noted_head: ChainHead | None = None) -> list[Fault]:
    """Recompute the chain of the tenant of this transaction and return every fault, in order; none means intact.

    Entries that wait for their seal are no fault: `chain_status` counts them. Whoever can rewrite the whole database can
    also recompute every hash after his change; only a head noted elsewhere (`noted_head`, printed by each verification)
    shows that.
    """
    faults: list[Fault] = []
    tenant = store.current_tenant(tx)
    expected_sequence, expected_previous = 1, chain.FIRST
    noted_seen = noted_head is None or noted_head.sequence == 0
    for link, entry in _pages(tx):
        if link.sequence != expected_sequence:
            faults.append(_gap(expected_sequence, link.sequence - 1))
        elif link.previous_hash != expected_previous:
            faults.append(_link_fault(link, "its previous hash is not the hash of the link before"))
        faults.extend(_entry_faults(tx, tenant, link, entry))
        if noted_head is not None and link.sequence == noted_head.sequence:
            noted_seen = link.hash == noted_head.hash
        expected_sequence, expected_previous = link.sequence + 1, link.hash
    faults.extend(_head_faults(tx, expected_sequence - 1, expected_previous))
    faults.extend(_inserted(tx))
    if not noted_seen and noted_head is not None:
        faults.append(
            Fault(
                kind=FaultKind.HEAD_ALTERED,
                sequence=noted_head.sequence,
                entry_id=None,
                detail="the chain does not contain the head that was noted",
            )
        )
    return faults


def chain_status(tx: Connection) -> ChainStatus:
    """Return where the chain of this tenant stands, without checking it."""
    head, sealed_at = store.get_head(tx)
    return ChainStatus(head=head, sealed_at=sealed_at, pending=store.count_unsealed(tx))


def _pages(tx: Connection) -> Iterator[tuple[Link, Entry | None]]:
    after = 0
    while True:
        page = store.list_links_with_entries(tx, after=after, limit=PAGE)
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1][0].sequence


def _entry_faults(tx: Connection, tenant: UUID, link: Link, entry: Entry | None) -> list[Fault]:
    """Return what is wrong between one link and the entry it names."""
    if chain.hash_link(link.previous_hash, link.sequence, link.entry_hash) != link.hash:
        return [_link_fault(link, "its hash does not follow from its parts")]
    if entry is None:
        if store.has_entry(tx, link.entry_id):
            return [_fault(FaultKind.EDITED, link, "its time was changed")]
        return [_fault(FaultKind.REMOVED, link, "the entry is gone")]
    found = chain.hash_entry(tenant, entry)
    if found == link.entry_hash:
        return []
    other = store.find_sequence_by_entry_hash(tx, found)
    if other is not None and other != link.sequence:
        return [_fault(FaultKind.REORDERED, link, f"the entry was sealed as number {other}")]
    return [_fault(FaultKind.EDITED, link, "the entry differs from what was sealed")]


def _head_faults(tx: Connection, sequence: int, link_hash: bytes) -> list[Fault]:
    head, _ = store.get_head(tx)
    if head.sequence > sequence:
        return [_gap(sequence + 1, head.sequence)]
    if head.sequence != sequence or head.hash != link_hash:
        return [
            Fault(
                kind=FaultKind.HEAD_ALTERED,
                sequence=head.sequence,
                entry_id=None,
                detail="the noted end of the chain is not its last link",
            )
        ]
    return []


def _inserted(tx: Connection) -> list[Fault]:
    """Return entries without a link although everything of their age was sealed: they were put in afterwards."""
    return [
        Fault(
            kind=FaultKind.INSERTED,
            sequence=None,
            entry_id=entry_id,
            detail="the entry was never sealed although all of its age were",
        )
        for entry_id in store.list_never_sealed(tx)
    ]


def _gap(first: int, last: int) -> Fault:
    numbers = f"number {first}" if first == last else f"numbers {first} to {last}"
    return Fault(kind=FaultKind.LINK_REMOVED, sequence=first, entry_id=None, detail=f"{numbers} of the chain gone")


def _link_fault(link: Link, detail: str) -> Fault:
    return _fault(FaultKind.LINK_ALTERED, link, detail)


def _fault(kind: FaultKind, link: Link, detail: str) -> Fault:
    return Fault(kind=kind, sequence=link.sequence, entry_id=link.entry_id, detail=detail)
