"""What the data protection officer does with the trail: search it and check its chain. Both leave their own trace."""

from __future__ import annotations

from dataclasses import dataclass

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Subject
from negatoscope.audit.model import ChainStatus, Fault
from negatoscope.audit.reading import EntryFilter, EntryPage, EntryPosition, search_entries
from negatoscope.audit.trail import record
from negatoscope.audit.verification import chain_status, verify_chain
from negatoscope.platform.runtime import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The result of checking the chain: where it stood, and every fault."""

    status: ChainStatus
    faults: tuple[Fault, ...]


def search_trail(
    platform: Platform,
    subject: Subject,
    wanted: EntryFilter,
    *,
    after: EntryPosition | None = None,
    limit: int = 50,
    reason: str | None = None,
) -> tuple[EntryPage, ChainStatus]:
    """Return one page of the trail and where its chain stands; a search that names somebody is itself traced."""
    named = {
        "patient": str(wanted.patient_id) if wanted.patient_id is not None else None,
        "study": wanted.study_uid,
        "user": str(wanted.actor_user_id) if wanted.actor_user_id is not None else None,
        "name": wanted.actor_name,
    }
    searched = {key: value for key, value in named.items() if value is not None}
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.SEARCH_AUDIT, reason=reason)
        found = search_entries(tx, wanted, after=after, limit=limit)
        status = chain_status(tx)
        if searched and after is None:
            record(tx, subject.actor, Action.SEARCH_AUDIT.value, objects=searched, reason=reason)
    return found, status


def verify_trail(platform: Platform, subject: Subject, *, reason: str | None = None) -> Verification:
    """Recompute the whole chain of the tenant; what was found is traced."""
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.SEARCH_AUDIT, reason=reason)
        status = chain_status(tx)
        faults = verify_chain(tx)
        record(
            tx,
            subject.actor,
            "verify_audit",
            outcome="success" if not faults else "failure",
            objects={"sequence": status.head.sequence, "faults": len(faults)},
            reason=reason,
        )
    return Verification(status=status, faults=tuple(faults))
