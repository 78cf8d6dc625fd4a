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
from negatoscope.archive.discs.model import Disc, DiscEvent, DiscState, next_state
from negatoscope.archive.discs.projects import project_key
from negatoscope.archive.discs.standing import find_standing
from negatoscope.archive.store import lock_study
from negatoscope.archive.study_store import get_study, list_known_instances
from negatoscope.formats.dicom.deidentification.profile import Profile
from negatoscope.platform.blobs.port import BlobRef
from negatoscope.platform.errors import Conflict, InvalidTransition, NegatoscopeError
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
    content, standing = _content(platform, disc)
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
    _finish(platform, disc, content, standing, blob)


def _content(platform: Platform, disc: Disc) -> tuple[DiscContent, str]:
    """Return what goes on the disc of what was asked for, and the digest of what that is."""
    with platform.database.read(platform.tenant) as tx:
        standing = find_standing(tx, disc.disc_id)
        uids = [uid for uid in store.list_objects(tx, disc.disc_id) if uid in standing.sop_instance_uids]
        if not uids:
            raise Conflict("Nothing of what was chosen may be given any more.", reason="nothing_left")
        known = list_known_instances(tx, uids)
        studies = {found.study_uid for found in known.values()}
        patients = {uid: str(get_study(tx, uid).patient_id) for uid in studies}
        corrected = {uid: find_corrected(tx, uid) for uid in studies}
        project = disc.request.project
        key = project_key(platform, tx, project) if project is not None else None
    found = [known[uid] for uid in known if uid in set(uids)]
    order = {uid: place for place, uid in enumerate(uids)}
    found.sort(key=lambda instance: order[instance.sop_instance_uid])
    content = DiscContent(
        platform=platform,
        objects=[
            DiscObject(instance=one, patient=patients[one.study_uid], corrected=corrected[one.study_uid]) for one in found
        ],
        disguise=Disguise(profile=Profile(options=disc.request.options), key=key) if key is not None else None,
        language=disc.request.language,
    )
    return content, standing.digest


def _tell_progress(platform: Platform, disc_id: UUID, written: int) -> None:
    with platform.database.transaction(platform.tenant) as tx:
        if store.get_disc(tx, disc_id, lock=True).state is not DiscState.WRITING:
            raise _Stopped
        store.update_disc(tx, disc_id, written=written)
        tell(tx, disc_id, DiscState.WRITING)


def _finish(platform: Platform, disc: Disc, content: DiscContent, standing: str, blob: BlobRef) -> None:
    """Make the disc ready; one that was cancelled at the last moment, or written by another worker, keeps no bytes.

    Raises Conflict when something on it was rejected, moved or erased meanwhile: it is written anew.
    """
    with platform.database.transaction(platform.tenant) as tx:
        for study_uid in sorted({one.instance.study_uid for one in content.objects}):
            lock_study(tx, study_uid)
        held = store.get_disc(tx, disc.disc_id, lock=True)
        is_wanted = held.state is DiscState.WRITING
        is_current = find_standing(tx, disc.disc_id).digest == standing
        if is_wanted and is_current:
            store.insert_file(tx, disc.disc_id, blob, standing)
            remarks = [list(remark) for remark in content.remarks]
            count = len(content.objects)
            store.update_disc(tx, disc.disc_id, objects=count, written=count, remarks=remarks)
            end_disc(tx, disc.disc_id, next_state(held.state, DiscEvent.FINISH), at=platform.clock.now())
    if is_wanted and is_current:
        return
    platform.blobs.delete(blob)
    if is_wanted:
        raise Conflict("Something on the disc changed while it was written.", reason="disc_changed")


def end_disc(tx: Connection, disc_id: UUID, state: DiscState, *, at: datetime) -> None:
    """Write down that a disc will not change any more by itself, and tell it."""
    store.update_disc(tx, disc_id, state=state.value, ended_at=at)
    tell(tx, disc_id, state)


def tell(tx: Connection, disc_id: UUID, state: DiscState) -> None:
    """Publish where a disc stands."""
    publish(tx, "disc_changed", subject=str(disc_id), payload={"state": state.value})
