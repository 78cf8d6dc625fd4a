"""What shares do when something changes elsewhere: a patient objects, or a study turns out to be another patient's."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection

from negatoscope.access.model import system_subject
from negatoscope.archive.studies import get_study
from negatoscope.platform.errors import InvalidTransition
from negatoscope.platform.events import Event
from negatoscope.platform.reactions import Reaction
from negatoscope.platform.runtime import Platform
from negatoscope.sharing import store
from negatoscope.sharing.links import end_share
from negatoscope.sharing.model import TRANSITIONS, RecipientKind, Share, ShareEvent, ShareState
from negatoscope.sharing.tables import shares

REVOCABLE = tuple(sorted(state.value for state in ShareState if (state, ShareEvent.REVOKE) in TRANSITIONS))
"""Links that no longer open are among them: a session that began before may still run."""


def _end_all(platform: Platform, tx: Connection, found: list[Share], because: str) -> None:
    subject = system_subject(platform.tenant, "shares")
    for share in found:
        held = store.get_share(tx, share.share_id, lock=True)
        try:
            end_share(tx, held, platform.clock.now(), subject=subject, because=because)
        except InvalidTransition:
            continue  # it ended by itself meanwhile


def _end_third_party_shares(platform: Platform, tx: Connection, event: Event) -> None:
    where = [
        shares.c.patient_id == UUID(event.subject),
        shares.c.recipient_kind != RecipientKind.PATIENT.value,
        shares.c.state.in_(REVOCABLE),
    ]
    if event.payload.get("to") == "shares":
        _end_all(platform, tx, store.list_shares(tx, where, limit=1000), "patient_objects")


def _end_shares_of_moved_study(platform: Platform, tx: Connection, event: Event) -> None:
    found = store.list_shares(tx, [shares.c.study_uid == event.subject, shares.c.state.in_(REVOCABLE)], limit=1000)
    if found:
        patient_id = get_study(tx, event.subject).patient_id
        _end_all(platform, tx, [share for share in found if share.patient_id != patient_id], "study_of_another_patient")


END_THIRD_PARTY_SHARES = Reaction(
    name="sharing.end_third_party_shares", kinds=frozenset({"opposition_recorded"}), handle=_end_third_party_shares
)
END_SHARES_OF_MOVED_STUDY = Reaction(
    name="sharing.end_shares_of_moved_study", kinds=frozenset({"study_updated"}), handle=_end_shares_of_moved_study
)
