"""The C-STORE sub-operations of a retrieval: which context each object takes, its bytes, and the counts (PS3.4 C.4.2.3)."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from pydicom.dataset import Dataset

from negatoscope.archive.open import OpenInstance, may_still_go, transcoded
from negatoscope.doors.dimse.association import Association, Extra
from negatoscope.doors.dimse.command_set import DATA_SET_FOLLOWS, Command, CommandField
from negatoscope.doors.dimse.messages import Message
from negatoscope.doors.dimse.negotiation import AcceptedContext
from negatoscope.doors.dimse.sop_classes import NETWORK_NATIVE
from negatoscope.doors.dimse.statuses import (
    CANCELLED,
    OUT_OF_RESOURCES_SUBOPERATIONS,
    PENDING,
    SUBOPERATIONS_FAILED,
    SUCCESS,
)
from negatoscope.formats.dicom.files import encode_data_set
from negatoscope.platform.errors import NegatoscopeError, Refused
from negatoscope.platform.logs import get_logger
from negatoscope.platform.runtime import Platform

logger = get_logger()

T = TypeVar("T")

MEDIUM_PRIORITY: Final = 0
GROUP_LENGTH_VALUE: Final = 128 + 4 + 8
WARNING_CLASS: Final = 0xB000
NO_CONTEXT: Final = "no_context"


class StorePeer(Protocol):
    """Where objects are sent: the association that asked (C-GET), or one that we opened (C-MOVE)."""

    @property
    def storage_contexts(self) -> list[AcceptedContext]:
        """Return the contexts on which the peer takes objects."""

    def new_message_id(self) -> int:
        """Return a message identifier for a request of ours."""

    async def request(self, context: AcceptedContext, command: Command, chunks: AsyncIterator[bytes]) -> Command:
        """Send a request with its data set and return the response."""


class InThread(Protocol):
    """How work that waits for disk or sandbox is kept out of the event loop: the door's threads, or those of a job."""

    def __call__(self, work: Callable[..., T], /, *args: object) -> Awaitable[T]:
        """Run the work elsewhere and return what it returns."""


@dataclass(slots=True)
class Counts:
    """How the sub-operations went so far."""

    remaining: int
    completed: int = 0
    warning: int = 0
    failed: list[str] = field(default_factory=list)

    @property
    def extra(self) -> Extra:
        """Return the counts as a response carries them."""
        return Extra(remaining=self.remaining, completed=self.completed, failed=len(self.failed), warning=self.warning)

    @property
    def final_extra(self) -> Extra:
        """Return the counts of a final response, which has no remaining sub-operations unless it was cancelled."""
        return Extra(completed=self.completed, failed=len(self.failed), warning=self.warning)


async def send_objects(
    association: Association,
    message: Message,
    peer: StorePeer,
    objects: list[OpenInstance],
    *,
    originator: tuple[str, int] | None = None,
) -> None:
    """Send every object to the peer with a pending response after each, then the end with its counts."""
    counts = Counts(remaining=len(objects))
    for opened in objects:
        if not association.may_go_on():
            await association.respond(message, CANCELLED, extra=counts.extra, data=_failed_list(message, counts))
            return
        status = await _send_one(association, peer, opened, originator)
        counts.remaining -= 1
        if status == SUCCESS.code:
            counts.completed += 1
        elif status is not None and status & 0xF000 == WARNING_CLASS:
            counts.warning += 1
        else:
            counts.failed.append(opened.sop_instance_uid)
        if counts.remaining:
            await association.respond(message, PENDING, extra=counts.extra)
    if not counts.failed and not counts.warning:
        await association.respond(message, SUCCESS, extra=counts.final_extra)
        return
    nothing_arrived = not counts.completed and not counts.warning
    status_of_all = OUT_OF_RESOURCES_SUBOPERATIONS if nothing_arrived else SUBOPERATIONS_FAILED
    await association.respond(message, status_of_all, extra=counts.final_extra, data=_failed_list(message, counts))


def _failed_list(message: Message, counts: Counts) -> bytes | None:
    if not counts.failed:
        return None
    identifier = Dataset()
    identifier.FailedSOPInstanceUIDList = counts.failed
    return encode_data_set(identifier, message.context.transfer_syntax)


async def _send_one(
    association: Association, peer: StorePeer, opened: OpenInstance, originator: tuple[str, int] | None
) -> int | None:
    """Return the status with which the peer answered, None when the object could not be sent, or may not be any more."""
    platform, in_thread = association.door.platform, association.door.in_thread
    try:
        if not await in_thread(may_still_go, platform, association.subject, opened):
            return None
        return await send_object(platform, in_thread, peer, opened, originator=originator)
    except NegatoscopeError as error:
        logger.warning("dimse_suboperation_failed", reason=error.reason, sop_class=opened.sop_class_uid)
        return None


async def send_object(
    platform: Platform,
    in_thread: InThread,
    peer: StorePeer,
    opened: OpenInstance,
    *,
    wished: str = "",
    priority: int = MEDIUM_PRIORITY,
    originator: tuple[str, int] | None = None,
) -> int | None:
    """Send one object by C-STORE and return the status with which the peer answered.

    Refused with reason `no_context` when the peer takes it in no form that we can give; Unavailable when it goes away.
    """
    context = choose_context(peer.storage_contexts, opened, wished)
    if context is None:
        raise Refused("The receiver takes this object in no form that we can give.", reason=NO_CONTEXT)
    command = Command(
        command_field=CommandField.C_STORE_RQ,
        message_id=peer.new_message_id(),
        affected_sop_class_uid=opened.sop_class_uid,
        affected_sop_instance_uid=opened.sop_instance_uid,
        priority=priority,
        data_set_type=DATA_SET_FOLLOWS,
        move_originator_ae_title=originator[0] if originator is not None else None,
        move_originator_message_id=originator[1] if originator is not None else None,
    )
    response = await peer.request(context, command, _data_set(platform, in_thread, opened, context.transfer_syntax))
    return response.status


def choose_context(contexts: Iterable[AcceptedContext], opened: OpenInstance, wished: str = "") -> AcceptedContext | None:
    """Return the context in the syntax wished for, else in the object's own, else one into which it can be decoded.

    A wish is for images: what has no pixels is the same in every syntax and goes as it is kept.
    """
    of_class = [context for context in contexts if context.abstract_syntax == opened.sop_class_uid]
    if wished and opened.frames:
        preferred = next((context for context in of_class if context.transfer_syntax == wished), None)
        if preferred is not None:
            return preferred
    own = next((context for context in of_class if context.transfer_syntax == opened.transfer_syntax_uid), None)
    return own or next((context for context in of_class if context.transfer_syntax in NETWORK_NATIVE), None)


async def _data_set(
    platform: Platform, in_thread: InThread, opened: OpenInstance, transfer_syntax_uid: str
) -> AsyncIterator[bytes]:
    """Yield the data set without file meta information, as kept or decoded; disk and sandbox are waited for in a thread."""
    if transfer_syntax_uid != opened.transfer_syntax_uid:
        file = await in_thread(transcoded, platform, opened, transfer_syntax_uid)
        yield file[_data_set_offset(file) :]
        return
    chunks = opened.chunks(opened.data_set_offset)
    while (chunk := await in_thread(next, chunks, None)) is not None:
        yield chunk


def _data_set_offset(file: bytes) -> int:
    """Return where the data set of a Part 10 file of ours begins: after preamble, prefix and group 0002."""
    (group_length,) = struct.unpack_from("<I", file, GROUP_LENGTH_VALUE)
    return GROUP_LENGTH_VALUE + 4 + int(group_length)
