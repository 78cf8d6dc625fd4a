"""What leaves for a device by itself: objects by C-STORE, and word of what can be had by N-CREATE (PS3.4 annexes B and R)."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Mapping
from typing import Final

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DataSetSequence
from pydicom.uid import generate_uid

from negatoscope.access.devices import RetrieveDestination
from negatoscope.archive.open import OpenInstance
from negatoscope.archive.routing.consignments import Consignment, Note
from negatoscope.archive.routing.model import TransferPriority
from negatoscope.archive.routing.notices import Availability, Notice
from negatoscope.doors.dimse.command_set import DATA_SET_FOLLOWS, Command, CommandField
from negatoscope.doors.dimse.limits import Limits
from negatoscope.doors.dimse.outgoing import OutgoingAssociation, propose_contexts
from negatoscope.doors.dimse.pdu import ProposedContext
from negatoscope.doors.dimse.sop_classes import NETWORK_NATIVE, Family
from negatoscope.doors.dimse.suboperations import NO_CONTEXT, WARNING_CLASS, send_object
from negatoscope.formats.dicom.files import encode_data_set
from negatoscope.platform.errors import CorruptObject, InvalidInput, Refused, Unavailable
from negatoscope.platform.runtime import Platform

AVAILABILITY_NOTIFICATION: Final = "1.2.840.10008.5.1.4.33"
NOTICE_CONTEXT: Final = ProposedContext(
    context_id=1, abstract_syntax=AVAILABILITY_NOTIFICATION, transfer_syntaxes=NETWORK_NATIVE
)
PRIORITIES: Final[Mapping[TransferPriority, int]] = {
    TransferPriority.MEDIUM: 0x0000,
    TransferPriority.HIGH: 0x0001,
    TransferPriority.LOW: 0x0002,
}
"""Priority (0000,0700), PS3.7 table 9.3-1."""


def send_to_device(platform: Platform, destination: RetrieveDestination, consignment: Consignment, note: Note) -> None:
    """Send each object on one association and note what the device answered; Unavailable when it goes away."""
    asyncio.run(_send(platform, destination, consignment, note))


async def _send(platform: Platform, destination: RetrieveDestination, consignment: Consignment, note: Note) -> None:
    """Send on one association; on another where an object broke off in the midst of its bytes, which ends the first."""
    remaining = deque(consignment.objects)
    while remaining:
        outgoing = OutgoingAssociation(
            destination,
            settings=platform.settings,
            limits=Limits(),
            proposed=propose_contexts(list(remaining), consignment.transfer_syntax_uid),
            family=Family.STORAGE,
        )
        async with outgoing as peer:
            has_broken_off = False
            while remaining and not has_broken_off:
                opened = remaining.popleft()
                if not await asyncio.to_thread(consignment.may_go, opened):
                    continue
                failure, has_broken_off = await _send_one(platform, peer, opened, consignment)
                await asyncio.to_thread(note, str(opened.sop_instance_uid), failure)


async def _send_one(
    platform: Platform, peer: OutgoingAssociation, opened: OpenInstance, consignment: Consignment
) -> tuple[str, bool]:
    """Return why the device does not have the object, '' when it has, and whether the association ended with it."""
    try:
        status = await send_object(
            platform,
            asyncio.to_thread,
            peer,
            opened,
            wished=consignment.transfer_syntax_uid,
            priority=PRIORITIES[consignment.priority],
        )
    except (CorruptObject, Refused, InvalidInput) as error:
        return error.reason, error.reason != NO_CONTEXT
    return ("" if _is_taken(status) else f"status_{status or 0:04X}"), False


def _is_taken(status: int | None) -> bool:
    return status is not None and (status == 0 or status & 0xF000 == WARNING_CLASS)


def notify_device(platform: Platform, destination: RetrieveDestination, notice: Notice) -> None:
    """Tell a device which objects of a study can be had from us; Unavailable when it did not take the word."""
    asyncio.run(_notify(platform, destination, notice))


async def _notify(platform: Platform, destination: RetrieveDestination, notice: Notice) -> None:
    outgoing = OutgoingAssociation(
        destination,
        settings=platform.settings,
        limits=Limits(),
        proposed=(NOTICE_CONTEXT,),
        family=Family.AVAILABILITY,
    )
    async with outgoing:
        context = next(iter(outgoing.contexts), None)
        if context is None:
            raise Unavailable("The device takes no notices of availability.", reason="no_context")
        command = Command(
            command_field=CommandField.N_CREATE_RQ,
            message_id=outgoing.new_message_id(),
            affected_sop_class_uid=AVAILABILITY_NOTIFICATION,
            affected_sop_instance_uid=generate_uid(prefix=None),
            data_set_type=DATA_SET_FOLLOWS,
        )
        content = encode_data_set(notice_data_set(notice, platform.settings.ae_title), context.transfer_syntax)
        async for response, _ in outgoing.exchange(context, command, content):
            if not _is_taken(response.status):
                raise Unavailable("The device did not take the notice.", reason=f"status_{response.status or 0:04X}")


def notice_data_set(notice: Notice, ae_title: str) -> Dataset:
    """Return the attributes of a notification: those of PS3.4 table R.3.2-1 and, as it demands, no other."""
    by_series: dict[str, list[Availability]] = defaultdict(list)
    for one in notice.objects:
        by_series[str(one.instance.series_uid)].append(one)
    data_set = Dataset()
    data_set.ReferencedPerformedProcedureStepSequence = DataSetSequence()
    data_set.StudyInstanceUID = notice.study_uid
    data_set.ReferencedSeriesSequence = DataSetSequence(
        [_series_item(uid, objects, ae_title) for uid, objects in by_series.items()]
    )
    return data_set


def _series_item(series_uid: str, objects: list[Availability], ae_title: str) -> Dataset:
    references = []
    for one in objects:
        reference = Dataset()
        reference.ReferencedSOPClassUID = one.instance.sop_class_uid
        reference.ReferencedSOPInstanceUID = one.instance.sop_instance_uid
        reference.InstanceAvailability = one.value
        reference.RetrieveAETitle = ae_title
        references.append(reference)
    item = Dataset()
    item.SeriesInstanceUID = series_uid
    item.ReferencedSOPSequence = DataSetSequence(references)
    return item
