"""Storage commitment, push model: we say which objects are kept, after reading their bytes again (PS3.4 annex J).

A device with an address is answered by a job on an association of our own, retried until it listens; one without an
address is answered on the association that asked.
"""

from __future__ import annotations

from typing import Final

from pydicom.dataset import Dataset

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.devices import RetrieveDestination, retrieve_destination
from negatoscope.access.model import Subject
from negatoscope.audit.trail import record
from negatoscope.doors.dimse.association import Association
from negatoscope.doors.dimse.commitment_job import REPORT_COMMITMENT
from negatoscope.doors.dimse.commitment_report import (
    CommitmentRequest,
    FailureReason,
    Reference,
    check_references,
    encode_report,
    one_chunk,
    report_command,
)
from negatoscope.doors.dimse.identifiers import decode_data_set, text_of
from negatoscope.doors.dimse.messages import Message
from negatoscope.doors.dimse.sop_classes import STORAGE_COMMITMENT_INSTANCE, STORAGE_COMMITMENT_PUSH
from negatoscope.doors.dimse.statuses import SUCCESS
from negatoscope.formats.dicom.uids import is_uid
from negatoscope.platform.errors import InvalidInput, Unavailable
from negatoscope.platform.logs import get_logger
from negatoscope.platform.runtime import Platform

logger = get_logger()

REQUEST_COMMITMENT: Final = 1
MOST_REFERENCES: Final = 20_000
REREAD_AT_ONCE: Final = 16


async def answer_n_action(association: Association, message: Message) -> None:
    """Take the request; the report follows, from here or from a job."""
    door = association.door
    request = await door.in_thread(read_request, message)
    destination = await door.in_thread(take_request, door.platform, association.subject, request)
    await association.respond(message, SUCCESS)
    if destination is None:
        await _report_here(association, message, request)


def read_request(message: Message) -> CommitmentRequest:
    """Return what is to be confirmed; InvalidInput with the reason that names the fault."""
    command = message.command
    if command.requested_sop_class_uid != STORAGE_COMMITMENT_PUSH:
        raise InvalidInput("The SOP class is not that of the presentation context.", reason="no_such_sop_class")
    if command.requested_sop_instance_uid != STORAGE_COMMITMENT_INSTANCE:
        raise InvalidInput("Storage commitment has one well-known instance.", reason="no_such_object_instance")
    if command.action_type_id != REQUEST_COMMITMENT:
        raise InvalidInput("The action is none of storage commitment.", reason="no_such_action")
    information = decode_data_set(message.content, message.context.transfer_syntax)
    transaction_uid = text_of(information, "TransactionUID").strip(" \0")
    if not is_uid(transaction_uid):
        raise InvalidInput("The request names no transaction.", reason="missing_attribute", field="TransactionUID")
    items = information.get("ReferencedSOPSequence") or ()
    if not items:
        raise InvalidInput("The request names no object.", reason="missing_attribute", field="ReferencedSOPSequence")
    if len(items) > MOST_REFERENCES:
        raise InvalidInput(
            "The request names too many objects.", reason="invalid_attribute_value", field="ReferencedSOPSequence"
        )
    return CommitmentRequest(transaction_uid=transaction_uid, references=tuple(_reference(item) for item in items))


def _reference(item: Dataset) -> Reference:
    class_uid = text_of(item, "ReferencedSOPClassUID").strip(" \0")
    instance_uid = text_of(item, "ReferencedSOPInstanceUID").strip(" \0")
    if not is_uid(class_uid) or not is_uid(instance_uid):
        raise InvalidInput(
            "A reference does not name an object.", reason="invalid_attribute_value", field="ReferencedSOPSequence"
        )
    return Reference(sop_class_uid=class_uid, sop_instance_uid=instance_uid)


def take_request(platform: Platform, subject: Subject, request: CommitmentRequest) -> RetrieveDestination | None:
    """Leave a trace, and a job where the device has an address, which is returned; the same request twice is one job."""
    ae_title = subject.ae_title or ""
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.STORE_IMAGES)
        record(
            tx,
            subject.actor,
            "storage_commitment_requested",
            objects={"transaction": request.transaction_uid, "images": len(request.references)},
        )
        destination = retrieve_destination(tx, ae_title)
        if destination is not None:
            key = f"{ae_title}:{request.transaction_uid}"
            platform.jobs.enqueue(tx, REPORT_COMMITMENT, key=key, arguments=request.arguments(ae_title))
    return destination


async def _report_here(association: Association, message: Message, request: CommitmentRequest) -> None:
    door = association.door
    results = await _check(association, request)
    if results is None or not association.may_go_on():
        logger.warning("dimse_commitment_not_reported", reason="association_ended", ae_title=association.subject.ae_title)
        return
    event_type_id, content = await door.in_thread(encode_report, request, results, message.context.transfer_syntax)
    command = report_command(event_type_id, association.new_message_id())
    try:
        response = await association.request(message.context, command, one_chunk(content))
    except Unavailable as error:
        logger.warning("dimse_commitment_not_reported", reason=error.reason, ae_title=association.subject.ae_title)
        return
    logger.info("dimse_commitment_reported", status=f"{response.status or 0:04X}", ae_title=association.subject.ae_title)


async def _check(association: Association, request: CommitmentRequest) -> list[FailureReason | None] | None:
    """Read the objects again, a few at a time and in turn with other devices; None once the device has left."""
    door = association.door
    results: list[FailureReason | None] = []
    for start in range(0, len(request.references), REREAD_AT_ONCE):
        async with door.rereading:
            if not association.may_go_on():
                return None
            some = request.references[start : start + REREAD_AT_ONCE]
            results += await door.in_thread(check_references, door.platform, some)
    return results
