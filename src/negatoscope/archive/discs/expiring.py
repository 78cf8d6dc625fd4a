"""Let go of discs: after their time, when what lies on them is no longer theirs to give, and with a study that is erased."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from negatoscope.archive.discs import store
from negatoscope.archive.discs.model import KEPT, DiscEvent, DiscState, next_state
from negatoscope.archive.discs.standing import find_standing, is_as_written, list_discs_holding, list_ready_naming
from negatoscope.archive.discs.writing import end_disc
from negatoscope.archive.kept_store import try_release_objects
from negatoscope.platform.events import Event
from negatoscope.platform.reactions import Reaction
from negatoscope.platform.runtime import Platform


def expire_discs(platform: Platform) -> int:
    """Let go of the discs that were ready long enough, and of the bytes of those that are given no more; return how many ended."""
    with platform.database.read(platform.tenant) as tx:
        old = store.list_ready_since(tx, platform.clock.now() - KEPT)
    for disc_id in old:
        with platform.database.transaction(platform.tenant) as tx:
            _expire(platform, tx, disc_id)
    with platform.database.transaction(platform.tenant) as tx:
        if try_release_objects(tx):  # a backup that runs has the bytes to copy: they go the next time
            for disc_id in store.list_ended_with_file(tx):
                _drop(platform, tx, disc_id)
    return len(old)


def drop_discs_holding(platform: Platform, tx: Connection, sop_instance_uids: Sequence[str]) -> None:
    """Delete every disc with one of these objects, bytes and all; the caller has asked that objects may be released."""
    for disc_id in list_discs_holding(tx, sop_instance_uids):
        _expire(platform, tx, disc_id)
        _drop(platform, tx, disc_id)


def _expire_changed(platform: Platform, tx: Connection, event: Event) -> None:
    for disc_id in list_ready_naming(tx, event.subject):
        if not is_as_written(tx, disc_id, find_standing(tx, disc_id)):
            _expire(platform, tx, disc_id)


EXPIRE_CHANGED_DISCS: Final = Reaction(
    name="archive.expire_changed_discs",
    kinds=frozenset({"study_updated", "study_rejection_changed"}),
    handle=_expire_changed,
)


def _expire(platform: Platform, tx: Connection, disc_id: UUID) -> None:
    disc = store.get_disc(tx, disc_id, lock=True)
    if disc.state is DiscState.READY:
        end_disc(tx, disc_id, next_state(disc.state, DiscEvent.EXPIRE), at=platform.clock.now())


def _drop(platform: Platform, tx: Connection, disc_id: UUID) -> None:
    """Delete the bytes, then the row that names them: who is killed in between deletes them once more."""
    blob = store.find_file(tx, disc_id)
    if blob is not None:
        platform.blobs.delete_key(blob.key)
    store.delete_file(tx, disc_id)
