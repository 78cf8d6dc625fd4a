"""Ask for a disc, follow it, fetch it: policy and trace first, the writing itself in the background."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID, uuid4

from sqlalchemy import Connection

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Subject
from negatoscope.archive.discs import store
from negatoscope.archive.discs.model import MOST_STUDIES, Disc, DiscEvent, DiscRequest, DiscState, next_state
from negatoscope.archive.discs.projects import keep_project
from negatoscope.archive.discs.standing import find_standing, is_as_written
from negatoscope.archive.discs.writing import WRITE_DISC, end_disc, tell
from negatoscope.archive.rejections.store import rejected_instances
from negatoscope.archive.report_visibility import visible_instances
from negatoscope.archive.study_store import list_instances_and_patient
from negatoscope.audit.trail import record
from negatoscope.formats.dicom.deidentification.profile import Profile
from negatoscope.platform.errors import Conflict, InvalidInput, NotFound
from negatoscope.platform.runtime import Platform


def request_disc(platform: Platform, subject: Subject, request: DiscRequest) -> Disc:
    """Enqueue a disc of these studies. Raises NotFound, Forbidden, or InvalidInput for options that contradict each other."""
    Profile(options=request.options)
    if not 0 < len(request.study_uids) <= MOST_STUDIES:
        raise InvalidInput("Choose between one and a hundred studies.", reason="studies_missing", field="study")
    if subject.user_id is None:
        raise InvalidInput("A disc is asked for by a person.", reason="no_person")
    disc_id = uuid4()
    with platform.database.transaction(platform.tenant) as tx:
        sop_instance_uids = _authorised_objects(tx, subject, request, disc_id)
        project = keep_project(platform, tx, subject, request.project) if request.project is not None else None
        disc = Disc(
            disc_id=disc_id,
            state=DiscState.REQUESTED,
            request=DiscRequest(
                study_uids=request.study_uids,
                project=project,
                options=request.options if project is not None else frozenset(),
                language=request.language,
                reason=request.reason,
            ),
            requested_by=subject.user_id,
            requested_by_name=subject.display_name,
            requested_at=platform.clock.now(),
            objects=len(sop_instance_uids),
            written=0,
            remarks=(),
            ended_at=None,
            size=None,
        )
        store.insert_disc(tx, disc, sop_instance_uids)
        platform.jobs.enqueue(tx, WRITE_DISC, key=str(disc_id), arguments={"disc_id": str(disc_id)})
        tell(tx, disc_id, DiscState.REQUESTED)
    return disc


def _authorised_objects(tx: Connection, subject: Subject, request: DiscRequest, disc_id: UUID) -> Sequence[str]:
    """Return what belongs on the disc, study by study, each asked of the policy and traced; what is rejected lies on none."""
    found: list[str] = []
    for study_uid in dict.fromkeys(request.study_uids):
        patient_id, instances = list_instances_and_patient(tx, study_uid, None, None, where=visible_instances(subject))
        if patient_id is None:
            raise NotFound("Nothing is here.", reason="no_such_study")
        _authorise(tx, subject, request, patient_id, study_uid)
        rejected = rejected_instances(tx, study_uid)
        given = [str(one.sop_instance_uid) for one in instances if one.sop_instance_uid not in rejected]
        record(
            tx, subject.actor, Action.DOWNLOAD_DICOM.value, patient_id=patient_id, study_uid=study_uid,
            objects={"disc": str(disc_id), "objects": len(given), "without_identity": request.project is not None},
            reason=request.reason,
        )  # fmt: skip
        found += given
    if not found:
        raise NotFound("Nothing is here.", reason="no_such_study")
    return found


def _authorise(tx: Connection, subject: Subject, request: DiscRequest, patient_id: UUID, study_uid: str) -> None:
    authorise(
        tx, subject, Action.DOWNLOAD_DICOM, patient_id=patient_id, study_uid=study_uid,
        without_identity=request.project is not None, reason=request.reason,
    )  # fmt: skip


def get_own_disc(tx: Connection, subject: Subject, disc_id: UUID, *, lock: bool = False) -> Disc:
    """Return a disc to the person who asked for it; NotFound to everybody else."""
    disc = store.get_disc(tx, disc_id, lock=lock)
    if disc.requested_by != subject.user_id:
        raise NotFound("There is no such disc.", reason="no_such_disc")
    return disc


def cancel_disc(platform: Platform, subject: Subject, disc_id: UUID) -> None:
    """Stop a disc that is not ready yet: the writing ends at its next object, and nothing of it is kept."""
    with platform.database.transaction(platform.tenant) as tx:
        disc = get_own_disc(tx, subject, disc_id, lock=True)
        state = next_state(disc.state, DiscEvent.CANCEL)
        end_disc(tx, disc_id, state, at=platform.clock.now())
        record(tx, subject.actor, "cancel_disc", objects={"disc": str(disc_id)})


def open_disc(platform: Platform, subject: Subject, disc_id: UUID) -> tuple[Disc, Iterator[bytes]]:
    """Return a ready disc and its bytes; the policy is asked again for each study, and the fetching is traced.

    Conflict when something on it was rejected, moved, erased or given another identity since, or is not for this person to see.
    """
    with platform.database.transaction(platform.tenant) as tx:
        disc = get_own_disc(tx, subject, disc_id)
        blob = store.find_file(tx, disc_id)
        standing = find_standing(tx, disc_id)
        if disc.state is not DiscState.READY or blob is None or not is_as_written(tx, disc_id, standing):
            raise _not_given(disc.state)
        visible: set[str] = set()
        for study_uid in disc.request.study_uids:
            patient_id, instances = list_instances_and_patient(tx, study_uid, None, None, where=visible_instances(subject))
            if patient_id is None:
                raise NotFound("Nothing is here.", reason="no_such_study")
            _authorise(tx, subject, disc.request, patient_id, study_uid)
            visible.update(one.sop_instance_uid for one in instances)
            record(
                tx, subject.actor, Action.DOWNLOAD_DICOM.value, patient_id=patient_id, study_uid=study_uid,
                objects={"disc": str(disc_id), "fetched": True},
            )  # fmt: skip
        if not standing.sop_instance_uids <= visible:
            raise _not_given(DiscState.EXPIRED)

    def pieces() -> Iterator[bytes]:
        with platform.blobs.open(blob) as reader:
            yield from reader.chunks()

    return disc, pieces()


def _not_given(state: DiscState) -> Conflict:
    state = DiscState.EXPIRED if state is DiscState.READY else state
    return Conflict("The disc is not ready, or is no longer kept.", reason=f"disc_{state.value}")
