"""Every DIMSE status that we answer, and which error of the tree becomes which, as data (PS3.7 annex C, PS3.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

from negatoscope.formats.dicom.verdict import Refusal
from negatoscope.platform.errors import (
    Conflict,
    CorruptObject,
    Forbidden,
    InvalidInput,
    InvalidTransition,
    NegatoscopeError,
    NotFound,
    OutOfResources,
    Refused,
    SettingsError,
    StaleVersion,
    Unauthenticated,
    Unavailable,
)


class Service(Enum):
    """A family of DIMSE services with its own meaning of the status codes."""

    VERIFICATION = "C-ECHO"
    STORAGE = "C-STORE"
    QUERY = "C-FIND"
    RETRIEVAL = "C-MOVE, C-GET"
    NORMALIZED = "N-CREATE, N-SET, N-GET, N-ACTION"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One status code; `error_id` goes with some failures of the normalized services."""

    code: int
    meaning: str
    error_id: int | None = None


SUCCESS: Final = Status(code=0x0000, meaning="Success")
PENDING: Final = Status(code=0xFF00, meaning="Matches or sub-operations are continuing")
PENDING_UNSUPPORTED_KEYS: Final = Status(code=0xFF01, meaning="Matches are continuing; an optional key was not supported")
CANCELLED: Final = Status(code=0xFE00, meaning="Terminated by a cancel request")

SUBOPERATIONS_FAILED: Final = Status(code=0xB000, meaning="Sub-operations complete, one or more failed or with a warning")

INVALID_ATTRIBUTE_VALUE: Final = Status(code=0x0106, meaning="Invalid attribute value")
PROCESSING_FAILURE: Final = Status(code=0x0110, meaning="Processing failure")
MAY_NO_LONGER_BE_UPDATED: Final = Status(
    code=0x0110, meaning="Performed procedure step object may no longer be updated", error_id=0xA710
)
DUPLICATE_SOP_INSTANCE: Final = Status(code=0x0111, meaning="Duplicate SOP instance")
NO_SUCH_OBJECT_INSTANCE: Final = Status(code=0x0112, meaning="No such SOP instance")
INVALID_SOP_INSTANCE: Final = Status(code=0x0117, meaning="Invalid SOP instance")
NO_SUCH_SOP_CLASS: Final = Status(code=0x0118, meaning="No such SOP class")
MISSING_ATTRIBUTE: Final = Status(code=0x0120, meaning="Missing attribute")
MISSING_ATTRIBUTE_VALUE: Final = Status(code=0x0121, meaning="Missing attribute value")
NO_SUCH_ACTION: Final = Status(code=0x0123, meaning="No such action type")
NOT_AUTHORIZED: Final = Status(code=0x0124, meaning="Not authorized")
UNRECOGNIZED_OPERATION: Final = Status(code=0x0211, meaning="Unrecognized operation")
RESOURCE_LIMITATION: Final = Status(code=0x0213, meaning="Resource limitation")

ATTRIBUTES_NOT_SUPPORTED: Final = Status(code=0x0001, meaning="Requested optional attributes are not supported")
WORKITEM_CREATED_WITH_CHANGES: Final = Status(code=0xB300, meaning="The UPS was created with modifications")
DELETION_LOCK_NOT_GRANTED: Final = Status(code=0xB301, meaning="Deletion lock not granted")
WORKITEM_ALREADY_CANCELED: Final = Status(code=0xB304, meaning="The UPS is already in the requested state of CANCELED")
WORKITEM_ALREADY_COMPLETED: Final = Status(code=0xB306, meaning="The UPS is already in the requested state of COMPLETED")
WORKITEM_IS_FINAL: Final = Status(code=0xC300, meaning="The UPS may no longer be updated")
WRONG_TRANSACTION_UID: Final = Status(code=0xC301, meaning="The correct Transaction UID was not provided")
WORKITEM_IN_PROGRESS: Final = Status(code=0xC302, meaning="The UPS is already IN PROGRESS")
ONLY_CREATED_SCHEDULED: Final = Status(code=0xC303, meaning="The UPS may only become SCHEDULED via N-CREATE")
FINAL_STATE_NOT_MET: Final = Status(code=0xC304, meaning="The UPS has not met final state requirements")
WORKITEM_UNKNOWN: Final = Status(code=0xC307, meaning="The SOP instance does not exist or is not a UPS managed here")
RECEIVING_AE_UNKNOWN: Final = Status(code=0xC308, meaning="The receiving AE title is unknown")
NOT_CREATED_SCHEDULED: Final = Status(code=0xC309, meaning="The provided value of UPS State was not SCHEDULED")
WORKITEM_NOT_IN_PROGRESS: Final = Status(code=0xC310, meaning="The UPS is not in the IN PROGRESS state")
WORKITEM_COMPLETED: Final = Status(code=0xC311, meaning="The UPS is already COMPLETED")
PERFORMER_NOT_REACHABLE: Final = Status(code=0xC312, meaning="The performer cannot be contacted")
ACTION_NOT_APPROPRIATE: Final = Status(code=0xC314, meaning="The action is not appropriate for the specified instance")

OUT_OF_RESOURCES: Final = Status(code=0xA700, meaning="Out of resources")
OUT_OF_RESOURCES_SUBOPERATIONS: Final = Status(code=0xA702, meaning="Out of resources: sub-operations impossible")
MOVE_DESTINATION_UNKNOWN: Final = Status(code=0xA801, meaning="Move destination unknown")
DATA_SET_MISMATCH: Final = Status(code=0xA900, meaning="The data set or identifier does not match the SOP class")
CANNOT_UNDERSTAND: Final = Status(code=0xC000, meaning="Cannot understand the data set")
UNABLE_TO_PROCESS: Final = Status(code=0xC001, meaning="Unable to process")
CONTENT_REFUSED: Final = Status(code=0xC002, meaning="The content is refused")
UID_COLLISION: Final = Status(code=0xC003, meaning="The SOP Instance UID is known with other content")
TRY_AGAIN: Final = Status(code=0xC004, meaning="A needed part does not answer; send again later")

STATUSES: Final = tuple(value for value in list(globals().values()) if isinstance(value, Status))

ErrorTable = Mapping[type[NegatoscopeError], Status]

_SHARED: Final[ErrorTable] = MappingProxyType({
    Unauthenticated: NOT_AUTHORIZED,
    Forbidden: NOT_AUTHORIZED,
})  # fmt: skip

ERROR_STATUSES: Final[Mapping[Service, ErrorTable]] = MappingProxyType({
    Service.VERIFICATION: MappingProxyType({
        **_SHARED,
        InvalidInput: PROCESSING_FAILURE,
        NotFound: PROCESSING_FAILURE,
        Conflict: PROCESSING_FAILURE,
        InvalidTransition: PROCESSING_FAILURE,
        StaleVersion: PROCESSING_FAILURE,
        Refused: PROCESSING_FAILURE,
        OutOfResources: RESOURCE_LIMITATION,
        Unavailable: RESOURCE_LIMITATION,
        CorruptObject: PROCESSING_FAILURE,
        SettingsError: PROCESSING_FAILURE,
    }),
    Service.STORAGE: MappingProxyType({
        **_SHARED,
        InvalidInput: CANNOT_UNDERSTAND,
        NotFound: UNABLE_TO_PROCESS,
        Conflict: UID_COLLISION,
        InvalidTransition: UNABLE_TO_PROCESS,
        StaleVersion: TRY_AGAIN,
        Refused: CONTENT_REFUSED,
        OutOfResources: OUT_OF_RESOURCES,
        Unavailable: OUT_OF_RESOURCES,
        CorruptObject: CANNOT_UNDERSTAND,
        SettingsError: UNABLE_TO_PROCESS,
    }),
    Service.QUERY: MappingProxyType({
        **_SHARED,
        InvalidInput: DATA_SET_MISMATCH,
        NotFound: UNABLE_TO_PROCESS,
        Conflict: UNABLE_TO_PROCESS,
        InvalidTransition: UNABLE_TO_PROCESS,
        StaleVersion: UNABLE_TO_PROCESS,
        Refused: UNABLE_TO_PROCESS,
        OutOfResources: OUT_OF_RESOURCES,
        Unavailable: OUT_OF_RESOURCES,
        CorruptObject: UNABLE_TO_PROCESS,
        SettingsError: UNABLE_TO_PROCESS,
    }),
    Service.RETRIEVAL: MappingProxyType({
        **_SHARED,
        InvalidInput: DATA_SET_MISMATCH,
        NotFound: UNABLE_TO_PROCESS,
        Conflict: UNABLE_TO_PROCESS,
        InvalidTransition: UNABLE_TO_PROCESS,
        StaleVersion: UNABLE_TO_PROCESS,
        Refused: UNABLE_TO_PROCESS,
        OutOfResources: OUT_OF_RESOURCES_SUBOPERATIONS,
        Unavailable: OUT_OF_RESOURCES_SUBOPERATIONS,
        CorruptObject: UNABLE_TO_PROCESS,
        SettingsError: UNABLE_TO_PROCESS,
    }),
    Service.NORMALIZED: MappingProxyType({
        **_SHARED,
        InvalidInput: INVALID_ATTRIBUTE_VALUE,
        NotFound: NO_SUCH_OBJECT_INSTANCE,
        Conflict: DUPLICATE_SOP_INSTANCE,
        InvalidTransition: MAY_NO_LONGER_BE_UPDATED,
        StaleVersion: PROCESSING_FAILURE,
        Refused: PROCESSING_FAILURE,
        OutOfResources: RESOURCE_LIMITATION,
        Unavailable: RESOURCE_LIMITATION,
        CorruptObject: PROCESSING_FAILURE,
        SettingsError: PROCESSING_FAILURE,
    }),
})  # fmt: skip

REASON_STATUSES: Final[Mapping[tuple[Service, str], Status]] = MappingProxyType({
    (Service.STORAGE, "sop_class_mismatch"): DATA_SET_MISMATCH,
    (Service.STORAGE, "sop_instance_mismatch"): DATA_SET_MISMATCH,
    (Service.STORAGE, "uid_collision"): UID_COLLISION,
    (Service.NORMALIZED, "duplicate_sop_instance"): DUPLICATE_SOP_INSTANCE,
    (Service.NORMALIZED, "no_such_object_instance"): NO_SUCH_OBJECT_INSTANCE,
    (Service.NORMALIZED, "may_no_longer_be_updated"): MAY_NO_LONGER_BE_UPDATED,
    (Service.NORMALIZED, "invalid_attribute_value"): INVALID_ATTRIBUTE_VALUE,
    (Service.NORMALIZED, "missing_attribute"): MISSING_ATTRIBUTE,
    (Service.NORMALIZED, "missing_attribute_value"): MISSING_ATTRIBUTE_VALUE,
    (Service.NORMALIZED, "invalid_sop_instance"): INVALID_SOP_INSTANCE,
    (Service.NORMALIZED, "no_such_sop_class"): NO_SUCH_SOP_CLASS,
    (Service.NORMALIZED, "no_such_action"): NO_SUCH_ACTION,
    (Service.NORMALIZED, "workitem_exists"): DUPLICATE_SOP_INSTANCE,
    (Service.NORMALIZED, "workitem_unknown"): WORKITEM_UNKNOWN,
    (Service.NORMALIZED, "workitem_gone"): WORKITEM_UNKNOWN,
    (Service.NORMALIZED, "workitem_is_final"): WORKITEM_IS_FINAL,
    (Service.NORMALIZED, "wrong_transaction_uid"): WRONG_TRANSACTION_UID,
    (Service.NORMALIZED, "workitem_in_progress"): WORKITEM_IN_PROGRESS,
    (Service.NORMALIZED, "only_created_scheduled"): ONLY_CREATED_SCHEDULED,
    (Service.NORMALIZED, "final_state_not_met"): FINAL_STATE_NOT_MET,
    (Service.NORMALIZED, "receiving_ae_unknown"): RECEIVING_AE_UNKNOWN,
    (Service.NORMALIZED, "not_created_scheduled"): NOT_CREATED_SCHEDULED,
    (Service.NORMALIZED, "workitem_not_in_progress"): WORKITEM_NOT_IN_PROGRESS,
    (Service.NORMALIZED, "workitem_completed"): WORKITEM_COMPLETED,
    (Service.NORMALIZED, "performer_not_reachable"): PERFORMER_NOT_REACHABLE,
    (Service.NORMALIZED, "action_not_appropriate"): ACTION_NOT_APPROPRIATE,
    (Service.RETRIEVAL, "move_destination_unknown"): MOVE_DESTINATION_UNKNOWN,
})  # fmt: skip

REFUSAL_STATUSES: Final[Mapping[str, Status]] = MappingProxyType({
    Refusal.NOT_PART10: CANNOT_UNDERSTAND,
    Refusal.TRUNCATED: CANNOT_UNDERSTAND,
    Refusal.DEPTH_LIMIT: CONTENT_REFUSED,
    Refusal.ELEMENT_LIMIT: CONTENT_REFUSED,
    Refusal.DUPLICATE_TAG: CONTENT_REFUSED,
    Refusal.UNKNOWN_VR: CANNOT_UNDERSTAND,
    Refusal.WRONG_VR: CONTENT_REFUSED,
    Refusal.VALUE_TOO_LONG: CONTENT_REFUSED,
    Refusal.UNDEFINED_LENGTH_NOT_ALLOWED: CANNOT_UNDERSTAND,
    Refusal.LENGTH_EXCEEDS_PARENT: CANNOT_UNDERSTAND,
    Refusal.MALFORMED_SEQUENCE: CANNOT_UNDERSTAND,
    Refusal.MALFORMED_FRAGMENTS: CANNOT_UNDERSTAND,
    Refusal.FORBIDDEN_GROUP: CONTENT_REFUSED,
    Refusal.MISSING_TRANSFER_SYNTAX: CANNOT_UNDERSTAND,
    Refusal.UNKNOWN_TRANSFER_SYNTAX: CANNOT_UNDERSTAND,
    Refusal.MISSING_UID: DATA_SET_MISMATCH,
    Refusal.BAD_UID: DATA_SET_MISMATCH,
    Refusal.UID_MISMATCH: DATA_SET_MISMATCH,
    Refusal.SOP_CLASS_MISMATCH: DATA_SET_MISMATCH,
    Refusal.MISSING_PIXEL_DATA: DATA_SET_MISMATCH,
    Refusal.MISSING_PIXEL_DESCRIPTION: DATA_SET_MISMATCH,
    Refusal.BAD_PIXEL_DESCRIPTION: CONTENT_REFUSED,
    Refusal.PIXEL_SIZE_MISMATCH: CONTENT_REFUSED,
    Refusal.PIXEL_ENCODING_MISMATCH: CONTENT_REFUSED,
    Refusal.FRAME_COUNT_MISMATCH: CONTENT_REFUSED,
    Refusal.INFLATE_LIMIT: CONTENT_REFUSED,
    Refusal.BAD_DEFLATE: CANNOT_UNDERSTAND,
})  # fmt: skip

UNFORESEEN: Final[Mapping[Service, Status]] = MappingProxyType({
    Service.VERIFICATION: PROCESSING_FAILURE,
    Service.STORAGE: UNABLE_TO_PROCESS,
    Service.QUERY: UNABLE_TO_PROCESS,
    Service.RETRIEVAL: UNABLE_TO_PROCESS,
    Service.NORMALIZED: PROCESSING_FAILURE,
})  # fmt: skip


def status_of(service: Service, error: Exception) -> Status:
    """Return the status for an error: by its reason where that says more, else by its kind, else our own fault."""
    if not isinstance(error, NegatoscopeError):
        return UNFORESEEN[service]
    by_reason = REASON_STATUSES.get((service, error.reason))
    if by_reason is not None:
        return by_reason
    table = ERROR_STATUSES[service]
    return next((table[kind] for kind in type(error).__mro__ if kind in table), UNFORESEEN[service])
