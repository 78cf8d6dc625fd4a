"""The seven protocol data units of the upper layer as types (PS3.8 section 9.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

APPLICATION_CONTEXT: Final = "1.2.840.10008.3.1.1.1"
PROTOCOL_VERSION: Final = 1
HEADER_LENGTH: Final = 6
AE_TITLE_LENGTH: Final = 16
MAXIMUM_CONTEXTS: Final = 128
DATA_VALUE_OVERHEAD: Final = 6


class PduType(IntEnum):
    """The first byte of a protocol data unit."""

    ASSOCIATE_RQ = 0x01
    ASSOCIATE_AC = 0x02
    ASSOCIATE_RJ = 0x03
    DATA_TF = 0x04
    RELEASE_RQ = 0x05
    RELEASE_RP = 0x06
    ABORT = 0x07


class ContextResult(IntEnum):
    """The answer to one proposed presentation context (PS3.8 table 9-18)."""

    ACCEPTANCE = 0
    USER_REJECTION = 1
    NO_REASON = 2
    ABSTRACT_SYNTAX_NOT_SUPPORTED = 3
    TRANSFER_SYNTAXES_NOT_SUPPORTED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedContext:
    """One presentation context as the requestor proposes it."""

    context_id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredContext:
    """The answer to one proposed presentation context; the transfer syntax counts only on acceptance."""

    context_id: int
    result: ContextResult
    transfer_syntax: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSelection:
    """Which roles the requestor proposes, or the acceptor grants, for one SOP class (PS3.7 D.3.3.4)."""

    sop_class_uid: str
    scu: bool
    scp: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AsynchronousWindow:
    """How many operations may be outstanding each way; 0 means unlimited (PS3.7 D.3.3.3)."""

    invoked: int
    performed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UserIdentity:
    """Who the requestor says is behind it (PS3.7 D.3.3.7). Shown to nobody and written nowhere."""

    kind: int
    response_requested: bool
    primary: bytes
    secondary: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class UserInformation:
    """The sub-items of the user information item that we read or write."""

    maximum_length: int
    implementation_class_uid: str
    implementation_version_name: str | None = None
    asynchronous_window: AsynchronousWindow | None = None
    roles: tuple[RoleSelection, ...] = ()
    storage_classes: frozenset[str] = frozenset()
    user_identity: UserIdentity | None = None
    user_is_confirmed: bool = False
    extended: Mapping[str, bytes] = field(default_factory=dict)
    """By SOP class, the service class application information of extended negotiation (PS3.7 D.3.3.5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociateRequest:
    """A-ASSOCIATE-RQ."""

    protocol_version: int
    called_ae_title: str
    calling_ae_title: str
    application_context: str
    contexts: tuple[ProposedContext, ...]
    user_information: UserInformation


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociateAccept:
    """A-ASSOCIATE-AC."""

    called_ae_title: str
    calling_ae_title: str
    application_context: str
    contexts: tuple[AnsweredContext, ...]
    user_information: UserInformation


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociateReject:
    """A-ASSOCIATE-RJ (PS3.8 table 9-21)."""

    result: int
    source: int
    reason: int


class Rejection:
    """The refusals that we give, by name."""

    NO_REASON: Final = AssociateReject(result=1, source=1, reason=1)
    APPLICATION_CONTEXT: Final = AssociateReject(result=1, source=1, reason=2)
    CALLING_AE_TITLE: Final = AssociateReject(result=1, source=1, reason=3)
    CALLED_AE_TITLE: Final = AssociateReject(result=1, source=1, reason=7)
    PROTOCOL_VERSION: Final = AssociateReject(result=1, source=2, reason=2)
    TEMPORARY_CONGESTION: Final = AssociateReject(result=2, source=3, reason=1)
    LOCAL_LIMIT: Final = AssociateReject(result=2, source=3, reason=2)


class AbortReason(IntEnum):
    """Why the service provider aborts (PS3.8 table 9-26)."""

    NOT_SPECIFIED = 0
    UNRECOGNIZED_PDU = 1
    UNEXPECTED_PDU = 2
    UNRECOGNIZED_PARAMETER = 4
    UNEXPECTED_PARAMETER = 5
    INVALID_PARAMETER = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Abort:
    """A-ABORT; source 0 is the service user, 2 the service provider."""

    source: int
    reason: int


@dataclass(frozen=True, slots=True)
class ReleaseRequest:
    """A-RELEASE-RQ."""


@dataclass(frozen=True, slots=True)
class ReleaseResponse:
    """A-RELEASE-RP."""


@dataclass(frozen=True, slots=True)
class DataValue:
    """One presentation data value: a fragment of a command set or of a data set (PS3.8 annex E).

    The fragment of a received value is a view into the receive buffer: it is good until more bytes are read.
    """

    context_id: int
    is_command: bool
    is_last: bool
    fragment: memoryview | bytes


@dataclass(frozen=True, slots=True)
class DataTransfer:
    """P-DATA-TF."""

    values: tuple[DataValue, ...]


Pdu = AssociateRequest | AssociateAccept | AssociateReject | DataTransfer | ReleaseRequest | ReleaseResponse | Abort
