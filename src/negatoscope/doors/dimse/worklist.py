"""Modality worklist: the scheduled steps asked by C-FIND (PS3.4 annex K)."""

from __future__ import annotations

from pydicom.dataset import Dataset

from negatoscope.access.model import Subject
from negatoscope.audit.trail import record
from negatoscope.doors.dimse.association import Association
from negatoscope.doors.dimse.identifiers import decode_data_set, text_of
from negatoscope.doors.dimse.matches import answer_matches
from negatoscope.doors.dimse.messages import Message
from negatoscope.doors.dimse.statuses import PENDING, PENDING_UNSUPPORTED_KEYS
from negatoscope.orders.worklist import find_scheduled_steps
from negatoscope.orders.worklist_attributes import has_unsupported_keys, read_query, worklist_dataset
from negatoscope.platform.runtime import Platform


async def answer_worklist_find(association: Association, message: Message) -> None:
    """Send one pending response a scheduled step, then the end."""
    identifier = await association.door.in_thread(decode_data_set, message.content, message.context.transfer_syntax)
    platform, subject = association.door.platform, association.subject
    pages = iter((identifier,))

    def next_page() -> list[Dataset] | None:
        asked = next(pages, None)
        return None if asked is None else find_worklist(platform, subject, asked)

    await answer_matches(
        association,
        message,
        next_page,
        pending=PENDING_UNSUPPORTED_KEYS if has_unsupported_keys(identifier) else PENDING,
        character_set=text_of(identifier, "SpecificCharacterSet"),
    )


def find_worklist(platform: Platform, subject: Subject, identifier: Dataset) -> list[Dataset]:
    """Return the answers to a worklist identifier, and leave a trace of the query."""
    time_zone = platform.settings.time_zone
    query = read_query(identifier, at=platform.clock.now(), time_zone=time_zone)
    with platform.database.transaction(platform.tenant) as tx:
        steps = find_scheduled_steps(tx, subject, query)
        record(tx, subject.actor, "worklist_queried", objects={"matches": len(steps)})
    return [worklist_dataset(step, identifier, time_zone=time_zone, calling_ae_title=subject.ae_title or "") for step in steps]
