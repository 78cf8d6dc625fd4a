"""Which SOP classes the door serves, in which role, and with which transfer syntaxes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from pydicom._uid_dict import UID_dictionary

from negatoscope.formats.dicom.transfer_syntaxes import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    TRANSFER_SYNTAXES,
)

VERIFICATION: Final = "1.2.840.10008.1.1"
STORAGE_COMMITMENT_PUSH: Final = "1.2.840.10008.1.20.1"
STORAGE_COMMITMENT_INSTANCE: Final = "1.2.840.10008.1.20.1.1"
MODALITY_WORKLIST: Final = "1.2.840.10008.5.1.4.31"
PERFORMED_STEP: Final = "1.2.840.10008.3.1.2.3.3"
WORKITEM_PUSH: Final = "1.2.840.10008.5.1.4.34.6.1"
WORKITEM_WATCH: Final = "1.2.840.10008.5.1.4.34.6.2"
WORKITEM_PULL: Final = "1.2.840.10008.5.1.4.34.6.3"
WORKITEM_EVENT: Final = "1.2.840.10008.5.1.4.34.6.4"
WORKITEM_QUERY: Final = "1.2.840.10008.5.1.4.34.6.5"
PATIENT_ROOT_FIND: Final = "1.2.840.10008.5.1.4.1.2.1.1"
PATIENT_ROOT_MOVE: Final = "1.2.840.10008.5.1.4.1.2.1.2"
PATIENT_ROOT_GET: Final = "1.2.840.10008.5.1.4.1.2.1.3"
STUDY_ROOT_FIND: Final = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_ROOT_MOVE: Final = "1.2.840.10008.5.1.4.1.2.2.2"
STUDY_ROOT_GET: Final = "1.2.840.10008.5.1.4.1.2.2.3"

DICOM_ROOT: Final = "1.2.840.10008."
STORAGE_ARC: Final = "1.2.840.10008.5.1.4.1.1."
MEDIA_DIRECTORY: Final = "1.2.840.10008.1.3.10"


class Family(Enum):
    """What a presentation context is for."""

    VERIFICATION = "verification"
    STORAGE = "storage"
    FIND = "find"
    MOVE = "move"
    GET = "get"
    WORKLIST = "worklist"
    PERFORMED_STEP = "performed step"
    COMMITMENT = "storage commitment"
    WORKITEM_PUSH = "workitem push"
    WORKITEM_WATCH = "workitem watch"
    WORKITEM_PULL = "workitem pull"
    WORKITEM_QUERY = "workitem query"
    WORKITEM_EVENT = "workitem event, on associations of our own"
    AVAILABILITY = "instance availability"


@dataclass(frozen=True, slots=True, kw_only=True)
class SopClass:
    """A SOP class that is not a storage class."""

    uid: str
    name: str
    family: Family


_SERVED: Final = (
    SopClass(uid=VERIFICATION, name="Verification", family=Family.VERIFICATION),
    SopClass(uid=PATIENT_ROOT_FIND, name="Patient Root Query/Retrieve - FIND", family=Family.FIND),
    SopClass(uid=STUDY_ROOT_FIND, name="Study Root Query/Retrieve - FIND", family=Family.FIND),
    SopClass(uid=PATIENT_ROOT_MOVE, name="Patient Root Query/Retrieve - MOVE", family=Family.MOVE),
    SopClass(uid=STUDY_ROOT_MOVE, name="Study Root Query/Retrieve - MOVE", family=Family.MOVE),
    SopClass(uid=PATIENT_ROOT_GET, name="Patient Root Query/Retrieve - GET", family=Family.GET),
    SopClass(uid=STUDY_ROOT_GET, name="Study Root Query/Retrieve - GET", family=Family.GET),
    SopClass(uid=MODALITY_WORKLIST, name="Modality Worklist - FIND", family=Family.WORKLIST),
    SopClass(uid=PERFORMED_STEP, name="Modality Performed Procedure Step", family=Family.PERFORMED_STEP),
    SopClass(uid=STORAGE_COMMITMENT_PUSH, name="Storage Commitment Push Model", family=Family.COMMITMENT),
    SopClass(uid=WORKITEM_PUSH, name="Unified Procedure Step - Push", family=Family.WORKITEM_PUSH),
    SopClass(uid=WORKITEM_WATCH, name="Unified Procedure Step - Watch", family=Family.WORKITEM_WATCH),
    SopClass(uid=WORKITEM_PULL, name="Unified Procedure Step - Pull", family=Family.WORKITEM_PULL),
    SopClass(uid=WORKITEM_QUERY, name="Unified Procedure Step - Query", family=Family.WORKITEM_QUERY),
)

SERVED: Final[Mapping[str, SopClass]] = MappingProxyType({sop_class.uid: sop_class for sop_class in _SERVED})

STORAGE_CLASSES: Final[Mapping[str, str]] = MappingProxyType({
    uid: entry[0]
    for uid, entry in UID_dictionary.items()
    if entry[1] == "SOP Class" and uid.startswith(STORAGE_ARC) and "Storage" in entry[0]
})  # fmt: skip

NETWORK_NATIVE: Final = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN)

STORAGE_TRANSFER_SYNTAXES: Final = tuple(
    syntax.uid for syntax in TRANSFER_SYNTAXES.values() if syntax.little_endian and not syntax.deflated
)


def family_of(abstract_syntax: str, declared_storage: frozenset[str] = frozenset()) -> Family | None:
    """Return what a proposed abstract syntax is for, None when it is not served.

    A class outside the DICOM root is private: nothing says what it is, so it is taken for what senders propose privately,
    storage. So is a class on the storage arc that is younger than our dictionary, or declared as storage by the requestor.
    """
    served = SERVED.get(abstract_syntax)
    if served is not None:
        return served.family
    if abstract_syntax in STORAGE_CLASSES or abstract_syntax in declared_storage:
        return Family.STORAGE
    if not abstract_syntax.startswith(DICOM_ROOT):
        return Family.STORAGE
    is_young_storage_class = abstract_syntax.startswith(STORAGE_ARC) and abstract_syntax not in UID_dictionary
    return Family.STORAGE if is_young_storage_class else None


def transfer_syntaxes_of(family: Family) -> tuple[str, ...]:
    """Return the transfer syntaxes that a presentation context of this family may have."""
    return STORAGE_TRANSFER_SYNTAXES if family is Family.STORAGE else NETWORK_NATIVE
