"""Workitems: N-CREATE, N-SET and N-GET of unified procedure steps (PS3.4 CC.2.5 to CC.2.7)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from pydicom.dataset import Dataset

from negatoscope.doors.dimse.association import Association, Extra
from negatoscope.doors.dimse.identifiers import UTF_8, decode_data_set, encode_answer
from negatoscope.doors.dimse.messages import Message
from negatoscope.doors.dimse.statuses import (
    ATTRIBUTES_NOT_SUPPORTED,
    DELETION_LOCK_NOT_GRANTED,
    SUCCESS,
    WORKITEM_ALREADY_CANCELED,
    WORKITEM_ALREADY_COMPLETED,
    WORKITEM_CREATED_WITH_CHANGES,
    Status,
)
from negatoscope.formats.dicom.json_values import JsonDataSet
from negatoscope.formats.dicom.uids import is_uid, new_uid
from negatoscope.orders.workitems import service
from negatoscope.orders.workitems.attributes import read_attributes, tag_of, text_of, write_attributes
from negatoscope.orders.workitems.model import WORKITEM_CLASS
from negatoscope.orders.workitems.refusals import Notice
from negatoscope.platform.errors import InvalidInput

NOTICE_STATUSES: Final[Mapping[Notice | None, Status]] = MappingProxyType({
    None: SUCCESS,
    Notice.CREATED_WITH_CHANGES: WORKITEM_CREATED_WITH_CHANGES,
    Notice.DELETION_LOCK_NOT_GRANTED: DELETION_LOCK_NOT_GRANTED,
    Notice.ALREADY_CANCELED: WORKITEM_ALREADY_CANCELED,
    Notice.ALREADY_COMPLETED: WORKITEM_ALREADY_COMPLETED,
})  # fmt: skip
_CHARACTER_SET: Final = tag_of("SpecificCharacterSet")


async def answer_workitem_create(association: Association, message: Message) -> None:
    """Add a workitem; the instance UID is ours to give when the scheduler gave none (PS3.7 10.1.5)."""
    must_be_workitem(message.command.affected_sop_class_uid)
    uid = instance_uid(message.command.affected_sop_instance_uid or new_uid())
    door = association.door
    attributes = await door.in_thread(attributes_of, message)
    done = await door.in_thread(service.create, door.platform, association.subject, uid, attributes)
    await association.respond(message, NOTICE_STATUSES[done.notice], extra=Extra(sop_instance_uid=uid))


async def answer_workitem_set(association: Association, message: Message) -> None:
    """Set attributes; the Transaction UID among them is the lock."""
    must_be_workitem(message.command.requested_sop_class_uid)
    uid = instance_uid(message.command.requested_sop_instance_uid)
    door = association.door
    changes = await door.in_thread(attributes_of, message)
    transaction_uid = text_of(changes, "TransactionUID")
    await door.in_thread(service.update, door.platform, association.subject, uid, changes, transaction_uid)
    await association.respond(message, SUCCESS)


async def answer_workitem_get(association: Association, message: Message) -> None:
    """Give the attributes that were asked for, all of them where none was named."""
    must_be_workitem(message.command.requested_sop_class_uid)
    uid = instance_uid(message.command.requested_sop_instance_uid)
    door = association.door
    workitem = await door.in_thread(service.get, door.platform, association.subject, uid)
    asked = [f"{tag:08X}" for tag in message.command.attribute_identifiers or ()]
    chosen = {tag: element for tag, element in workitem.attributes.items() if not asked or tag in asked}
    is_whole = set(asked) - {_CHARACTER_SET} <= set(chosen)
    content = await door.in_thread(encode_attributes, chosen, message.context.transfer_syntax)
    await association.respond(message, SUCCESS if is_whole else ATTRIBUTES_NOT_SUPPORTED, data=content)


def attributes_of(message: Message) -> JsonDataSet:
    """Return the data set of a request; an absent one is empty."""
    if not message.content:
        return {}
    return read_attributes(decode_data_set(message.content, message.context.transfer_syntax))


def encode_attributes(attributes: JsonDataSet, transfer_syntax_uid: str) -> bytes:
    """Encode a data set of ours, in UTF-8 where ASCII is not enough."""
    data_set: Dataset = write_attributes(attributes)
    return encode_answer(data_set, transfer_syntax_uid, asked_character_set=UTF_8)


def must_be_workitem(sop_class_uid: str | None) -> None:
    """Raise InvalidInput unless the class is Push, whatever was negotiated (PS3.4 CC.3.1)."""
    if sop_class_uid != WORKITEM_CLASS:
        raise InvalidInput("Workitems are instances of the UPS Push class.", reason="no_such_sop_class")


def instance_uid(text: str | None) -> str:
    """Return the UID of the instance, or raise InvalidInput."""
    if text is None or not is_uid(text):
        raise InvalidInput("The SOP Instance UID does not follow the grammar.", reason="invalid_sop_instance")
    return text
