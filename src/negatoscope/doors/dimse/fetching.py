"""Fetch from another archive as its client: C-FIND for what it has of a patient, C-MOVE of a study to ourselves (PS3.4 annex C).

The objects come in by the storage door, as from anybody, so that the same gate judges them.
"""

from __future__ import annotations

import asyncio
from typing import Final

from pydicom.dataset import Dataset

from negatoscope.access.devices import RetrieveDestination
from negatoscope.archive.prefetch.model import PriorSource, RemoteStudy
from negatoscope.archive.prefetch.remote_studies import remote_study
from negatoscope.doors.dimse.command_set import DATA_SET_FOLLOWS, Command, CommandField
from negatoscope.doors.dimse.identifiers import decode_data_set, text_of
from negatoscope.doors.dimse.limits import Limits
from negatoscope.doors.dimse.outgoing import PENDING_STATUSES, OutgoingAssociation
from negatoscope.doors.dimse.pdu import ProposedContext
from negatoscope.doors.dimse.sop_classes import NETWORK_NATIVE, STUDY_ROOT_FIND, STUDY_ROOT_MOVE, Family
from negatoscope.doors.dimse.suboperations import MEDIUM_PRIORITY
from negatoscope.formats.dicom.files import encode_data_set
from negatoscope.platform.errors import InvalidInput, Unavailable
from negatoscope.platform.runtime import Platform

MOST_ANSWERS: Final = 1000
MOVE_PATIENCE_S: Final = 600.0
STUDY_KEYS: Final = (
    "StudyInstanceUID",
    "StudyDate",
    "ModalitiesInStudy",
    "NumberOfStudyRelatedInstances",
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "IssuerOfPatientID",
)


def find_studies(platform: Platform, device: RetrieveDestination, identifier: str, issuer: str) -> list[RemoteStudy]:
    """Return the studies that an archive has of the patient with this number; what it answers wrongly is passed over."""
    asked = _question("STUDY", STUDY_KEYS)
    asked.PatientID = identifier
    asked.SpecificCharacterSet = "ISO_IR 192"
    answers = asyncio.run(_find(platform, device, asked))
    found = [remote_study({keyword: text_of(one, keyword) for keyword in (*STUDY_KEYS, "PatientID")}) for one in answers]
    return [one for one in found if one is not None]


def find_parts(platform: Platform, device: RetrieveDestination, study_uid: str) -> list[str]:
    """Return the body parts that the series of a study name."""
    asked = _question("SERIES", ("SeriesInstanceUID", "BodyPartExamined"))
    asked.StudyInstanceUID = study_uid
    return [text_of(one, "BodyPartExamined") for one in asyncio.run(_find(platform, device, asked))]


def fetch_study(platform: Platform, device: RetrieveDestination, source: PriorSource, study_uid: str) -> None:
    """Have a study sent to ourselves; Unavailable when it did not come whole."""
    asked = _question("STUDY", ())
    asked.StudyInstanceUID = study_uid
    asyncio.run(_move(platform, device, asked))


def _question(level: str, keywords: tuple[str, ...]) -> Dataset:
    asked = Dataset()
    asked.QueryRetrieveLevel = level
    for keyword in keywords:
        setattr(asked, keyword, None)
    return asked


async def _find(platform: Platform, device: RetrieveDestination, asked: Dataset) -> list[Dataset]:
    found: list[Dataset] = []
    async with _associated(platform, device, STUDY_ROOT_FIND, Family.FIND) as peer:
        context = next(iter(peer.contexts), None)
        if context is None:
            raise Unavailable("The archive answers no such question.", reason="no_context")
        command = Command(
            command_field=CommandField.C_FIND_RQ,
            message_id=peer.new_message_id(),
            affected_sop_class_uid=STUDY_ROOT_FIND,
            priority=MEDIUM_PRIORITY,
            data_set_type=DATA_SET_FOLLOWS,
        )
        content = encode_data_set(asked, context.transfer_syntax)
        async for response, data in peer.exchange(context, command, content):
            if response.status in PENDING_STATUSES:
                found.append(_decoded(data, context.transfer_syntax))
                if len(found) > MOST_ANSWERS:
                    raise Unavailable("The archive answers without end.", reason="too_many_answers")
            elif response.status != 0:
                raise Unavailable("The archive cannot answer.", reason=f"status_{response.status or 0:04X}")
    return found


def _decoded(data: bytes, transfer_syntax_uid: str) -> Dataset:
    try:
        return decode_data_set(data, transfer_syntax_uid)
    except InvalidInput:
        return Dataset()  # one answer that cannot be read says nothing, and the others still do


async def _move(platform: Platform, device: RetrieveDestination, asked: Dataset) -> None:
    async with _associated(platform, device, STUDY_ROOT_MOVE, Family.MOVE) as peer:
        context = next(iter(peer.contexts), None)
        if context is None:
            raise Unavailable("The archive sends nothing.", reason="no_context")
        command = Command(
            command_field=CommandField.C_MOVE_RQ,
            message_id=peer.new_message_id(),
            affected_sop_class_uid=STUDY_ROOT_MOVE,
            priority=MEDIUM_PRIORITY,
            move_destination=platform.settings.ae_title,
            data_set_type=DATA_SET_FOLLOWS,
        )
        content = encode_data_set(asked, context.transfer_syntax)
        async for response, _ in peer.exchange(context, command, content, patience_s=MOVE_PATIENCE_S):
            if response.status in PENDING_STATUSES:
                continue
            if response.status != 0 or response.failed_suboperations:
                raise Unavailable("The archive did not send all of it.", reason=f"status_{response.status or 0:04X}")


def _associated(platform: Platform, device: RetrieveDestination, sop_class_uid: str, family: Family) -> OutgoingAssociation:
    context = ProposedContext(context_id=1, abstract_syntax=sop_class_uid, transfer_syntaxes=NETWORK_NATIVE)
    return OutgoingAssociation(device, settings=platform.settings, limits=Limits(), proposed=(context,), family=family)
