"""Routing and prefetch in words: triggers, operators, forms, and why something did not arrive."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeVar

from negatoscope.archive.routing.model import Operator, Parcel, TransferPriority, Trigger
from negatoscope.doors.web.language import N_, gettext, ngettext
from negatoscope.formats.dicom.transfer_syntaxes import TRANSFER_SYNTAXES

W = TypeVar("W", bound=StrEnum)

TRIGGERS: Final[Mapping[Trigger, str]] = MappingProxyType({
    Trigger.RECEIVED: N_("As each image comes"),
    Trigger.SERIES_COMPLETE: N_("Once a series is complete"),
    Trigger.STUDY_COMPLETE: N_("Once the study is complete"),
})  # fmt: skip
PARCELS: Final[Mapping[Parcel, str]] = MappingProxyType({
    Parcel.OBJECTS: N_("The images themselves"),
    Parcel.NOTICE: N_("Word that they can be had (availability notification)"),
})  # fmt: skip
OPERATORS: Final[Mapping[Operator, str]] = MappingProxyType({
    Operator.EQUALS: N_("is"),
    Operator.ONE_OF: N_("is one of"),
    Operator.MATCHES: N_("looks like"),
    Operator.RANGE: N_("lies between"),
    Operator.PRESENT: N_("is given"),
})  # fmt: skip
PRIORITIES: Final[Mapping[TransferPriority, str]] = MappingProxyType({
    TransferPriority.HIGH: N_("Before the others"),
    TransferPriority.MEDIUM: N_("In turn"),
    TransferPriority.LOW: N_("After the others"),
})  # fmt: skip
MEMBERS: Final[Mapping[str, str]] = MappingProxyType({
    "trigger": N_("When"),
    "parcel": N_("What is sent"),
    "conditions": N_("Conditions"),
    "destination": N_("Destination"),
    "hours": N_("Hours"),
    "transfer_syntax_uid": N_("Form wished for"),
    "priority": N_("Place in the queue"),
    "most_attempts": N_("Attempts"),
    "with_fetched": N_("Images from other archives too"),
})  # fmt: skip
"""The members of a rule, for telling which of them somebody changed."""

REASONS: Final[Mapping[str, str]] = MappingProxyType({
    "destination_unreachable": N_("The receiver does not answer"),
    "destination_disabled": N_("The receiver is switched off or has no address"),
    "association_refused": N_("The receiver refuses our connection"),
    "association_ended": N_("The connection broke off"),
    "no_context": N_("The receiver takes it in no form that we can give"),
    "some_objects_refused": N_("Some objects were refused"),
    "sandbox_busy": N_("No process was free to change the form"),
    "http_401": N_("The server does not know us"),
    "http_403": N_("The server does not allow it"),
    "http_404": N_("There is no such service on the server"),
    "status_A700": N_("The receiver is out of resources"),
    "status_0124": N_("The receiver does not allow it"),
    "status_0122": N_("The receiver does not take this kind of object"),
    "status_0110": N_("The receiver failed to process it"),
    "status_A801": N_("The archive does not know our AE title as a destination"),
    "nothing_came": N_("Nothing came"),
    "no_patient_number": N_("The patient has no number of this issuer"),
    "source_off": N_("The source was switched off meanwhile"),
    "status_0111": N_("The receiver keeps other bytes under this identifier"),
})  # fmt: skip
"""The frequent reasons in words; for the others the machine word has to do."""

SUGGESTED_KEYWORDS: Final = (
    "Modality",
    "BodyPartExamined",
    "StudyDescription",
    "SeriesDescription",
    "StationName",
    "SourceApplicationEntityTitle",
    "InstitutionName",
    "InstitutionalDepartmentName",
    "Manufacturer",
    "ManufacturerModelName",
    "ProtocolName",
    "SOPClassUID",
    "TransferSyntaxUID",
    "ImageType",
    "PresentationIntentType",
    "ViewPosition",
    "StudyDate",
    "PatientSex",
    "ReferringPhysicianName",
)
"""What rules mostly ask about; any attribute of the dictionary may be named."""


def reason_word(reason: str) -> str:
    """Return why something did not arrive, in words where we have them."""
    return gettext(REASONS[reason]) if reason in REASONS else reason


def syntax_name(transfer_syntax_uid: str) -> str:
    """Return the name of a transfer syntax."""
    return TRANSFER_SYNTAXES[transfer_syntax_uid].name


def pairs(words: Mapping[W, str]) -> list[tuple[str, str]]:
    """Return the choices of a list on the screen: machine word and word."""
    return [(value.value, gettext(word)) for value, word in words.items()]


def counted(numbers: Iterable[int]) -> list[tuple[int, str]]:
    """Return the choices of a number of studies."""
    return [(number, ngettext("%(num)s study", "%(num)s studies", number) % {"num": number}) for number in numbers]
