"""What storage commitment says of each object: kept, with bytes that are what was written, or why not (PS3.4 J.3.3)."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DataSetSequence

from negatoscope.archive.model import Instance
from negatoscope.archive.studies import list_known_instances
from negatoscope.doors.dimse.command_set import DATA_SET_FOLLOWS, Command, CommandField
from negatoscope.doors.dimse.sop_classes import STORAGE_COMMITMENT_INSTANCE, STORAGE_COMMITMENT_PUSH
from negatoscope.formats.dicom.files import encode_data_set
from negatoscope.platform.errors import CorruptObject, NotFound
from negatoscope.platform.json_value import JsonValue
from negatoscope.platform.runtime import Platform


class FailureReason(IntEnum):
    """Failure Reason (0008,1197), PS3.3 C.14.1.1."""

    PROCESSING_FAILURE = 0x0110
    NO_SUCH_OBJECT_INSTANCE = 0x0112
    CLASS_INSTANCE_CONFLICT = 0x0119


class EventType(IntEnum):
    """What the report says in all (PS3.4 table J.3-3)."""

    ALL_KEPT = 1
    SOME_FAILED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One object that a device wants to be sure of."""

    sop_class_uid: str
    sop_instance_uid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitmentRequest:
    """One transaction of storage commitment."""

    transaction_uid: str
    references: tuple[Reference, ...]

    def arguments(self, ae_title: str) -> dict[str, JsonValue]:
        """Return the request as a job keeps it."""
        pairs: list[JsonValue] = [[entry.sop_class_uid, entry.sop_instance_uid] for entry in self.references]
        return {"ae_title": ae_title, "transaction_uid": self.transaction_uid, "references": pairs}


def request_of(arguments: Mapping[str, JsonValue]) -> CommitmentRequest:
    """Return the request that a job keeps."""
    pairs = arguments["references"]
    if not isinstance(pairs, list):
        raise TypeError("a commitment job keeps a list of references")
    references = [
        Reference(sop_class_uid=str(pair[0]), sop_instance_uid=str(pair[1])) for pair in pairs if isinstance(pair, list)
    ]
    return CommitmentRequest(transaction_uid=str(arguments["transaction_uid"]), references=tuple(references))


def check_references(platform: Platform, references: Sequence[Reference]) -> list[FailureReason | None]:
    """Return for each reference None when the object is kept and its bytes hash to what was written, else why not."""
    with platform.database.read(platform.tenant) as tx:
        known = list_known_instances(tx, [reference.sop_instance_uid for reference in references])
    by_uid = {str(uid): instance for uid, instance in known.items()}
    return [_check(platform, reference, by_uid.get(reference.sop_instance_uid)) for reference in references]


def _check(platform: Platform, reference: Reference, instance: Instance | None) -> FailureReason | None:
    if instance is None:
        return FailureReason.NO_SUCH_OBJECT_INSTANCE
    if instance.sop_class_uid != reference.sop_class_uid:
        return FailureReason.CLASS_INSTANCE_CONFLICT
    digest = hashlib.sha256()
    try:
        with platform.blobs.open(instance.blob) as reader:
            for chunk in reader.chunks():
                digest.update(chunk)
    except (CorruptObject, NotFound):
        return FailureReason.PROCESSING_FAILURE
    return None if digest.hexdigest() == instance.blob.sha256 else FailureReason.PROCESSING_FAILURE


def encode_report(
    request: CommitmentRequest, results: Sequence[FailureReason | None], transfer_syntax_uid: str
) -> tuple[EventType, bytes]:
    """Return the event type and the encoded event information of an N-EVENT-REPORT."""
    kept: list[Dataset] = []
    failed: list[Dataset] = []
    for reference, failure in zip(request.references, results, strict=True):
        item = Dataset()
        item.ReferencedSOPClassUID = reference.sop_class_uid
        item.ReferencedSOPInstanceUID = reference.sop_instance_uid
        if failure is None:
            kept.append(item)
        else:
            item.FailureReason = int(failure)
            failed.append(item)
    information = Dataset()
    information.TransactionUID = request.transaction_uid
    if kept:
        information.ReferencedSOPSequence = DataSetSequence(kept)
    if failed:
        information.FailedSOPSequence = DataSetSequence(failed)
    event_type = EventType.SOME_FAILED if failed else EventType.ALL_KEPT
    return event_type, encode_data_set(information, transfer_syntax_uid)


def report_command(event_type_id: EventType, message_id: int) -> Command:
    """Return the command set of the report."""
    return Command(
        command_field=CommandField.N_EVENT_REPORT_RQ,
        message_id=message_id,
        affected_sop_class_uid=STORAGE_COMMITMENT_PUSH,
        affected_sop_instance_uid=STORAGE_COMMITMENT_INSTANCE,
        event_type_id=event_type_id,
        data_set_type=DATA_SET_FOLLOWS,
    )


async def one_chunk(content: bytes) -> AsyncIterator[bytes]:
    """Yield a data set that is whole in memory."""
    yield content
