"""Modality performed procedure steps: N-CREATE opens one, N-SET goes on and closes it (PS3.4 annex F.7)."""

from __future__ import annotations

from negatoscope.doors.dimse.association import Association, Extra
from negatoscope.doors.dimse.identifiers import decode_data_set
from negatoscope.doors.dimse.messages import Message
from negatoscope.doors.dimse.sop_classes import PERFORMED_STEP
from negatoscope.doors.dimse.statuses import SUCCESS
from negatoscope.formats.dicom.uids import SopInstanceUid, is_uid, new_uid
from negatoscope.orders.performed_steps import create, update
from negatoscope.platform.errors import InvalidInput


async def answer_n_create(association: Association, message: Message) -> None:
    """Open a performed step; the instance UID is ours to give when the modality gave none (PS3.7 10.1.5)."""
    _must_be_performed_step(message.command.affected_sop_class_uid)
    attributes = await association.door.in_thread(decode_data_set, message.content, message.context.transfer_syntax)
    instance_uid = _instance_uid(message.command.affected_sop_instance_uid or new_uid())
    await association.door.in_thread(create, association.door.platform, association.subject, instance_uid, attributes)
    await association.respond(message, SUCCESS, extra=Extra(sop_instance_uid=instance_uid))


async def answer_n_set(association: Association, message: Message) -> None:
    """Change or close a performed step."""
    _must_be_performed_step(message.command.requested_sop_class_uid)
    attributes = await association.door.in_thread(decode_data_set, message.content, message.context.transfer_syntax)
    instance_uid = _instance_uid(message.command.requested_sop_instance_uid or "")
    await association.door.in_thread(update, association.door.platform, association.subject, instance_uid, attributes)
    await association.respond(message, SUCCESS)


def _must_be_performed_step(sop_class_uid: str | None) -> None:
    if sop_class_uid != PERFORMED_STEP:
        raise InvalidInput("The SOP class is not that of the presentation context.", reason="no_such_sop_class")


def _instance_uid(text: str) -> SopInstanceUid:
    if not is_uid(text):
        raise InvalidInput("The SOP Instance UID does not follow the grammar.", reason="invalid_sop_instance")
    return SopInstanceUid(text)
