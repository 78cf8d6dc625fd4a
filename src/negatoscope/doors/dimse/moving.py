"""C-MOVE: the objects go to a destination that an administrator listed, and to no other (PS3.4 C.4.2)."""

from __future__ import annotations

from negatoscope.access.devices import RetrieveDestination, retrieve_destination
from negatoscope.access.model import Subject
from negatoscope.archive.open import OpenInstance
from negatoscope.archive.studies import get_study
from negatoscope.audit.trail import record
from negatoscope.doors.dimse.association import Association
from negatoscope.doors.dimse.messages import Message
from negatoscope.doors.dimse.outgoing import OutgoingAssociation, propose_contexts
from negatoscope.doors.dimse.retrieval import find_objects
from negatoscope.doors.dimse.sop_classes import Family
from negatoscope.doors.dimse.suboperations import send_objects
from negatoscope.platform.errors import NotFound
from negatoscope.platform.runtime import Platform


async def answer_c_move(association: Association, message: Message) -> None:
    """Send what is asked for to the destination."""
    door, subject = association.door, association.subject
    command = message.command
    destination = await door.in_thread(find_destination, door.platform, command.move_destination or "")
    objects = await door.in_thread(find_objects, door.platform, subject, message)
    if not objects:
        await send_objects(association, message, association, [])
        return
    await door.in_thread(_record, door.platform, subject, destination, objects)
    originator = (association.negotiated.calling_ae_title, command.message_id or 0)
    outgoing = OutgoingAssociation(
        destination,
        settings=door.platform.settings,
        limits=door.limits,
        proposed=propose_contexts(objects),
        family=Family.STORAGE,
    )
    async with outgoing as peer:
        await send_objects(association, message, peer, objects, originator=originator)


def find_destination(platform: Platform, ae_title: str) -> RetrieveDestination:
    """Return a listed destination; NotFound (A801) for every other AE title, our own included."""
    destination: RetrieveDestination | None = None
    if ae_title != platform.settings.ae_title:
        with platform.database.read(platform.tenant) as tx:
            destination = retrieve_destination(tx, ae_title)
    if destination is None:
        raise NotFound("The move destination is not known.", reason="move_destination_unknown")
    return destination


def _record(platform: Platform, subject: Subject, destination: RetrieveDestination, objects: list[OpenInstance]) -> None:
    with platform.database.transaction(platform.tenant) as tx:
        for study_uid in sorted({opened.study_uid for opened in objects}):
            count = sum(opened.study_uid == study_uid for opened in objects)
            record(
                tx,
                subject.actor,
                "images_sent",
                patient_id=get_study(tx, study_uid).patient_id,
                study_uid=study_uid,
                objects={"destination": destination.ae_title, "images": count},
            )
