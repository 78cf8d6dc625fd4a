"""Workitems: N-ACTION, to change the state, ask for a cancellation, follow and follow no longer (PS3.4 CC.2.1 to CC.2.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from pydicom.dataset import Dataset

from negatoscope.access.model import Subject
from negatoscope.doors.dimse.association import Association
from negatoscope.doors.dimse.identifiers import decode_data_set, text_of
from negatoscope.doors.dimse.messages import Message
from negatoscope.doors.dimse.sop_classes import Family
from negatoscope.doors.dimse.workitems import NOTICE_STATUSES, instance_uid, must_be_workitem
from negatoscope.orders.workitems import service, subscriptions
from negatoscope.orders.workitems.attributes import read_attributes, tag_of
from negatoscope.orders.workitems.matching import keys_of
from negatoscope.orders.workitems.model import Wire
from negatoscope.orders.workitems.moments import zone_of
from negatoscope.orders.workitems.refusals import Notice
from negatoscope.orders.workitems.subscriptions import Receiver
from negatoscope.platform.errors import InvalidInput
from negatoscope.platform.runtime import Platform


class ActionType(IntEnum):
    """Action Type ID."""

    CHANGE_STATE = 1
    REQUEST_CANCEL = 2
    SUBSCRIBE = 3
    UNSUBSCRIBE = 4
    SUSPEND = 5


ACTIONS: Final[Mapping[Family, frozenset[ActionType]]] = MappingProxyType({
    Family.WORKITEM_PUSH: frozenset({ActionType.REQUEST_CANCEL}),
    Family.WORKITEM_PULL: frozenset({ActionType.CHANGE_STATE}),
    Family.WORKITEM_WATCH: frozenset({
        ActionType.REQUEST_CANCEL, ActionType.SUBSCRIBE, ActionType.UNSUBSCRIBE, ActionType.SUSPEND,
    }),
})  # fmt: skip
"""Which actions each class has (PS3.4 Tables CC.2-1 to CC.2-3)."""
LOCKS: Final[Mapping[str, bool]] = MappingProxyType({"TRUE": True, "FALSE": False})
_NO_KEYS: Final = (tag_of("ReceivingAE"), tag_of("DeletionLock"))


async def answer_workitem_action(association: Association, message: Message) -> None:
    """Perform the action and say how it went."""
    command = message.command
    must_be_workitem(command.requested_sop_class_uid)
    uid = instance_uid(command.requested_sop_instance_uid)
    if command.action_type_id not in ACTIONS[message.context.family]:
        raise InvalidInput("The class has no such action.", reason="no_such_action")
    perform = _PERFORMERS[ActionType(command.action_type_id)]
    door = association.door
    notice = await door.in_thread(_perform, perform, door.platform, association.subject, uid, message)
    await association.respond(message, NOTICE_STATUSES[notice])


Performer = Callable[[Platform, Subject, str, Dataset], "Notice | None"]


def _perform(perform: Performer, platform: Platform, subject: Subject, uid: str, message: Message) -> Notice | None:
    content = message.content
    information = decode_data_set(content, message.context.transfer_syntax) if content else Dataset()
    return perform(platform, subject, uid, information)


def _change_state(platform: Platform, subject: Subject, uid: str, information: Dataset) -> Notice | None:
    state = _required(information, "ProcedureStepState")
    transaction_uid = text_of(information, "TransactionUID").strip(" \0")
    return service.change_state(platform, subject, uid, state, transaction_uid).notice


def _request_cancel(platform: Platform, subject: Subject, uid: str, information: Dataset) -> Notice | None:
    return service.request_cancel(platform, subject, uid, read_attributes(information)).notice


def _subscribe(platform: Platform, subject: Subject, uid: str, information: Dataset) -> Notice | None:
    lock = LOCKS.get(_required(information, "DeletionLock"))
    if lock is None:
        sentence = "A deletion lock is TRUE or FALSE."
        raise InvalidInput(sentence, reason="invalid_attribute_value", field="DeletionLock")
    keys = {tag: key for tag, key in keys_of(information).items() if tag not in _NO_KEYS}
    zone = zone_of(read_attributes(information), platform.settings.time_zone)
    return subscriptions.subscribe(platform, subject, uid, _receiver(information), deletion_lock=lock, keys=keys, zone=zone)


def _unsubscribe(platform: Platform, subject: Subject, uid: str, information: Dataset) -> None:
    subscriptions.unsubscribe(platform, subject, uid, _receiver(information))


def _suspend(platform: Platform, subject: Subject, uid: str, information: Dataset) -> None:
    subscriptions.suspend(platform, subject, uid, _receiver(information))


_PERFORMERS: Final[Mapping[ActionType, Performer]] = MappingProxyType({
    ActionType.CHANGE_STATE: _change_state,
    ActionType.REQUEST_CANCEL: _request_cancel,
    ActionType.SUBSCRIBE: _subscribe,
    ActionType.UNSUBSCRIBE: _unsubscribe,
    ActionType.SUSPEND: _suspend,
})  # fmt: skip


def _receiver(information: Dataset) -> Receiver:
    return Receiver(ae_title=_required(information, "ReceivingAE"), wire=Wire.DIMSE)


def _required(information: Dataset, keyword: str) -> str:
    if keyword not in information:
        raise InvalidInput("A required attribute is missing.", reason="missing_attribute", field=keyword)
    text = text_of(information, keyword).strip(" \0")
    if not text:
        raise InvalidInput("A required attribute has no value.", reason="missing_attribute_value", field=keyword)
    return text
