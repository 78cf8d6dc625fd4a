"""Write a disc in the background: progress as it goes, cancelled at its next object, begun again after a crash."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from negatoscope.archive.corrections.marks import find_corrected
from negatoscope.archive.discs import store
from negatoscope.archive.discs.content import DiscContent, DiscObject
from negatoscope.archive.discs.disguise import Disguise
from negatoscope.archive.discs.media import zip_pieces
from negatoscope.archive.discs.model import KEPT, Disc, DiscEvent, DiscState, next_state
from negatoscope.archive.discs.projects import project_key
from negatoscope.archive.study_store import get_study, list_known_instances
from negatoscope.formats.dicom.deidentification.profile import Profile
from negatoscope.platform.blobs.port import BlobRef
from negatoscope.platform.errors import InvalidTransition, NegatoscopeError
from negatoscope.platform.events import publish
from negatoscope.platform.job_worker import JobDefinition, JobRun
from negatoscope.platform.runtime import Platform

MOST_ATTEMPTS: Final = 4
_TOLD_EACH: Final = 20
"""A disc tells of its progress in as many steps as this, so that a large one costs no more than a small one."""


class _Stopped(Exception):
    """Somebody cancelled the disc while it was written."""


def write_disc(platform: Platform, run: JobRun) -> None:
    """Write one disc. A disc that was cancelled, or is ready already, is left as it is."""
    disc_id = UUID(str(run.arguments["disc_id"]))
    disc = _start(platform, disc_id)
    if disc is None:
        return
    try:
        _write(platform, disc)
    except _Stopped:
        return
    except NegatoscopeError:
        if run.attempt >= MOST_ATTEMPTS:
            with platform.database.transaction(platform.tenant) as tx:
                held = store.get_disc(tx, disc_id, lock=True)
                if held.state is DiscState.WRITING:
                    end_disc(tx, disc_id, next_state(held.state, DiscEvent.FAIL), at=platform.clock.now())
        raise


WRITE_DISC: Final = JobDefinition(name="archive.write_disc", run=write_disc, max_attempts=MOST_ATTEMPTS, first_retry_s=10.0)


def _start(platform: Platform, disc_id: UUID) -> Disc | None:
    with platform.database.transaction(platform.tenant) as tx:
        disc = store.get_disc(tx, disc_id, lock=True)
        try:
            state = next_state(disc.state, DiscEvent.START)
        except InvalidTransition:
            return None
        store.update_disc(tx, disc_id, state=state.value, written=0)
        tell(tx, disc_id, state)
    return disc


def _write(platform: Platform, disc: Disc) -> None:
    content = _content(platform, disc)
    step = max(1, disc.objects // _TOLD_EACH)

    def progress(written: int) -> None:
        if written % step == 0:
            _tell_progress(platform, disc.disc_id, written)

    writer = platform.blobs.begin()
    try:
        for piece in zip_pieces(content.files(), progress):
            writer.write(piece)
        blob = writer.commit()
    finally:
        writer.discard()
    _finish(platform, disc, content, blob)


def _content(platform: Platform, disc: Disc) -> DiscContent:
    with platform.database.read(platform.tenant) as tx:
        uids = store.list_objects(tx, disc.disc_id)
        known = list_known_instances(tx, uids)
        studies = {found.study_uid for found in known.values()}
        patients = {uid: str(get_study(tx, uid).patient_id) for uid in studies}
        corrected = {uid: find_corrected(tx, uid) for uid in studies}
        project = disc.request.project
        key = project_key(platform, tx, project) if project is not None else None
    found = [known[uid] for uid in known if uid in set(uids)]
    order = {uid: place for place, uid in enumerate(uids)}
    found.sort(key=lambda instance: order[instance.sop_instance_uid])
    return DiscContent(
        platform=platform,
        objects=[
            DiscObject(instance=one, patient=patients[one.study_uid], corrected=corrected[one.study_uid]) for one in found
        ],
        disguise=Disguise(profile=Profile(options=disc.request.options), key=key) if key is not None else None,
        language=disc.request.language,
    )


def _tell_progress(platform: Platform, disc_id: UUID, written: int) -> None:
    with platform.database.transaction(platform.tenant) as tx:
        if store.get_disc(tx, disc_id, lock=True).state is not DiscState.WRITING:
            raise _Stopped
        store.update_disc(tx, disc_id, written=written)
        tell(tx, disc_id, DiscState.WRITING)


def _finish(platform: Platform, disc: Disc, content: DiscContent, blob: BlobRef) -> None:
    """Make the disc ready; one that was cancelled at the last moment, or written by another worker, keeps no bytes."""
    with platform.database.transaction(platform.tenant) as tx:
        held = store.get_disc(tx, disc.disc_id, lock=True)
        is_wanted = held.state is DiscState.WRITING
        if is_wanted:
            store.insert_file(tx, disc.disc_id, blob)
            store.update_disc(tx, disc.disc_id, written=disc.objects, remarks=[list(remark) for remark in content.remarks])
            end_disc(tx, disc.disc_id, next_state(held.state, DiscEvent.FINISH), at=platform.clock.now())
    if not is_wanted:
        platform.blobs.delete(blob)


def end_disc(tx: Connection, disc_id: UUID, state: DiscState, *, at: datetime) -> None:
    """Write down that a disc will not change any more by itself, and tell it."""
    store.update_disc(tx, disc_id, state=state.value, ended_at=at)
    tell(tx, disc_id, state)


def tell(tx: Connection, disc_id: UUID, state: DiscState) -> None:
    """Publish where a disc stands."""
    publish(tx, "disc_changed", subject=str(disc_id), payload={"state": state.value})


def expire_discs(platform: Platform) -> int:
    """Let go of the discs that were ready long enough; return how many.

    Their bytes go with the next sweep of what no row names: a scrub or a backup may be reading them just now.
    """
    with platform.database.read(platform.tenant) as tx:
        old = store.list_ready_since(tx, platform.clock.now() - KEPT)
    for disc_id in old:
        with platform.database.transaction(platform.tenant) as tx:
            disc = store.get_disc(tx, disc_id, lock=True)
            if disc.state is not DiscState.READY:
                continue
            store.delete_file(tx, disc_id)
            end_disc(tx, disc_id, next_state(disc.state, DiscEvent.EXPIRE), at=platform.clock.now())
    return len(old)
