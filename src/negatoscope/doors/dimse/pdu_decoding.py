"""Bytes to protocol data units. Strict, without I/O: every length is checked against what is really there.

Whatever is wrong raises InvalidInput, whose reason is the name of an AbortReason in lower case.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from typing import Final

from negatoscope.doors.dimse.pdu import (
    AE_TITLE_LENGTH,
    DATA_VALUE_OVERHEAD,
    MAXIMUM_CONTEXTS,
    Abort,
    AnsweredContext,
    AssociateAccept,
    AssociateReject,
    AssociateRequest,
    AsynchronousWindow,
    ContextResult,
    DataTransfer,
    DataValue,
    Pdu,
    PduType,
    ProposedContext,
    ReleaseRequest,
    ReleaseResponse,
    RoleSelection,
    UserIdentity,
    UserInformation,
)
from negatoscope.platform.errors import InvalidInput

STORAGE_SERVICE_CLASS: Final = "1.2.840.10008.4.2"
FIXED_PART: Final = 68

_UID: Final = re.compile(r"[0-9]+(?:\.[0-9]+)*", re.ASCII)
_DATA_HEADER: Final = struct.Struct(">IBB")
_ITEM_HEADER: Final = struct.Struct(">BxH")


def invalid(message: str) -> InvalidInput:
    """Return the error for a parameter that is not valid."""
    return InvalidInput(message, reason="invalid_parameter")


def decode_pdu(kind: int, body: memoryview) -> Pdu:
    """Decode the variable field of one protocol data unit; `kind` is its first byte."""
    decoder = _DECODERS.get(kind)
    if decoder is None:
        raise InvalidInput("The type of the protocol data unit is unknown.", reason="unrecognized_pdu")
    return decoder(body)


def decode_data_transfer(body: memoryview) -> DataTransfer:
    """Decode P-DATA-TF; the fragments are views into `body`."""
    values: list[DataValue] = []
    position, end = 0, len(body)
    while position < end:
        if end - position < DATA_VALUE_OVERHEAD:
            raise invalid("A presentation data value is cut short.")
        length, context_id, control = _DATA_HEADER.unpack_from(body, position)
        stop = position + 4 + length
        if length < 2 or stop > end:
            raise invalid("The length of a presentation data value does not fit its protocol data unit.")
        if control > 3:
            raise invalid("The control header of a presentation data value has reserved bits set.")
        values.append(DataValue(context_id, bool(control & 1), bool(control & 2), body[position + 6 : stop]))
        position = stop
    if not values:
        raise invalid("A data transfer holds no presentation data value.")
    return DataTransfer(tuple(values))


def _decode_request(body: memoryview) -> AssociateRequest:
    version, called, calling = _fixed_part(body)
    application_context: str | None = None
    contexts: list[ProposedContext] = []
    user_information: UserInformation | None = None
    for kind, value in _items(body, FIXED_PART):
        if kind == 0x10 and application_context is None:
            application_context = _uid(value)
        elif kind == 0x20:
            contexts.append(_proposed_context(value))
        elif kind == 0x50 and user_information is None:
            user_information = _user_information(value)
        else:
            raise InvalidInput("An item of the association request is unknown or repeated.", reason="unrecognized_parameter")
    if application_context is None or user_information is None or not contexts:
        raise invalid("An item that the association request must have is absent.")
    _check_context_ids([context.context_id for context in contexts])
    return AssociateRequest(
        protocol_version=version,
        called_ae_title=called,
        calling_ae_title=calling,
        application_context=application_context,
        contexts=tuple(contexts),
        user_information=user_information,
    )


def _decode_accept(body: memoryview) -> AssociateAccept:
    _, called, calling = _fixed_part(body, check_titles=False)
    application_context: str | None = None
    contexts: list[AnsweredContext] = []
    user_information: UserInformation | None = None
    for kind, value in _items(body, FIXED_PART):
        if kind == 0x10 and application_context is None:
            application_context = _uid(value)
        elif kind == 0x21:
            contexts.append(_answered_context(value))
        elif kind == 0x50 and user_information is None:
            user_information = _user_information(value)
        else:
            raise InvalidInput("An item of the association answer is unknown or repeated.", reason="unrecognized_parameter")
    if application_context is None or user_information is None:
        raise invalid("An item that the association answer must have is absent.")
    _check_context_ids([context.context_id for context in contexts])
    return AssociateAccept(
        called_ae_title=called,
        calling_ae_title=calling,
        application_context=application_context,
        contexts=tuple(contexts),
        user_information=user_information,
    )


def _decode_reject(body: memoryview) -> AssociateReject:
    _must_be_four_bytes(body)
    return AssociateReject(result=body[1], source=body[2], reason=body[3])


def _decode_abort(body: memoryview) -> Abort:
    _must_be_four_bytes(body)
    return Abort(source=body[2], reason=body[3])


def _decode_release_request(body: memoryview) -> ReleaseRequest:
    _must_be_four_bytes(body)
    return ReleaseRequest()


def _decode_release_response(body: memoryview) -> ReleaseResponse:
    _must_be_four_bytes(body)
    return ReleaseResponse()


_DECODERS: Final[dict[int, Callable[[memoryview], Pdu]]] = {
    PduType.ASSOCIATE_RQ: _decode_request,
    PduType.ASSOCIATE_AC: _decode_accept,
    PduType.ASSOCIATE_RJ: _decode_reject,
    PduType.DATA_TF: decode_data_transfer,
    PduType.RELEASE_RQ: _decode_release_request,
    PduType.RELEASE_RP: _decode_release_response,
    PduType.ABORT: _decode_abort,
}


def _must_be_four_bytes(body: memoryview) -> None:
    if len(body) != 4:
        raise invalid("The length of a fixed protocol data unit is wrong.")


def _fixed_part(body: memoryview, *, check_titles: bool = True) -> tuple[int, str, str]:
    if len(body) < FIXED_PART:
        raise invalid("The fixed part of an association item is cut short.")
    (version,) = struct.unpack_from(">H", body, 0)
    called, calling = bytes(body[4:20]), bytes(body[20:36])
    if not check_titles:
        return version, called.decode("ascii", "replace").strip(), calling.decode("ascii", "replace").strip()
    return version, parse_ae_title(called), parse_ae_title(calling)


def parse_ae_title(raw: bytes) -> str:
    """Return an AE title without its padding spaces: 1 to 16 printable ASCII characters, no backslash (PS3.5 6.2)."""
    if len(raw) > AE_TITLE_LENGTH:
        raise invalid("An application entity title is too long.")
    title = raw.rstrip(b"\0 ").lstrip(b" ")
    if not title or any(byte < 0x20 or byte > 0x7E or byte == 0x5C for byte in title):
        raise invalid("An application entity title holds characters that none may have.")
    return title.decode("ascii")


def _items(body: memoryview, position: int = 0) -> Iterator[tuple[int, memoryview]]:
    end = len(body)
    while position < end:
        if end - position < 4:
            raise invalid("An item header is cut short.")
        kind, length = _ITEM_HEADER.unpack_from(body, position)
        start = position + 4
        position = start + length
        if position > end:
            raise invalid("The length of an item does not fit what holds it.")
        yield kind, body[start:position]


def _uid(raw: memoryview) -> str:
    value = bytes(raw).rstrip(b"\0 ")
    text = value.decode("ascii", "replace")
    if len(text) > 64 or not _UID.fullmatch(text):
        raise invalid("A unique identifier of the association does not follow the grammar.")
    return text


def _check_context_ids(context_ids: list[int]) -> None:
    if len(context_ids) > MAXIMUM_CONTEXTS or len(set(context_ids)) != len(context_ids):
        raise invalid("Presentation context identifiers are repeated, or there are too many.")
    if any(context_id % 2 == 0 for context_id in context_ids):
        raise invalid("A presentation context identifier is even.")


def _proposed_context(value: memoryview) -> ProposedContext:
    if len(value) < 4:
        raise invalid("A presentation context is cut short.")
    abstract_syntax: str | None = None
    transfer_syntaxes: list[str] = []
    for kind, content in _items(value, 4):
        if kind == 0x30 and abstract_syntax is None:
            abstract_syntax = _uid(content)
        elif kind == 0x40:
            transfer_syntaxes.append(_uid(content))
        else:
            raise InvalidInput("A presentation context holds an unknown item.", reason="unrecognized_parameter")
    if abstract_syntax is None or not transfer_syntaxes:
        raise invalid("A presentation context lacks its abstract or transfer syntax.")
    return ProposedContext(context_id=value[0], abstract_syntax=abstract_syntax, transfer_syntaxes=tuple(transfer_syntaxes))


def _answered_context(value: memoryview) -> AnsweredContext:
    if len(value) < 4 or value[2] > ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED:
        raise invalid("The answer to a presentation context is not valid.")
    result = ContextResult(value[2])
    syntaxes = [bytes(content) for kind, content in _items(value, 4) if kind == 0x40]
    if result is not ContextResult.ACCEPTANCE:
        return AnsweredContext(context_id=value[0], result=result, transfer_syntax="")
    if len(syntaxes) != 1:
        raise invalid("An accepted presentation context must name one transfer syntax.")
    return AnsweredContext(context_id=value[0], result=result, transfer_syntax=_uid(memoryview(syntaxes[0])))


def _user_information(value: memoryview) -> UserInformation:
    maximum_length: int | None = None
    implementation_class_uid = ""
    version_name: str | None = None
    window: AsynchronousWindow | None = None
    roles: list[RoleSelection] = []
    storage_classes: set[str] = set()
    identity: UserIdentity | None = None
    is_confirmed = False
    extended: dict[str, bytes] = {}
    for kind, content in _items(value):
        match kind:
            case 0x51:
                maximum_length = _unsigned(content, ">I")
            case 0x52:
                implementation_class_uid = _uid(content)
            case 0x53:
                window = _window(content)
            case 0x54:
                roles.append(_role(content))
            case 0x55:
                version_name = bytes(content[:16]).decode("ascii", "replace").strip()
            case 0x56:
                sop_class, told = _counted(content, 0)
                extended[_uid(sop_class)] = bytes(content[told:])
            case 0x57:
                storage_classes |= _declared_storage_class(content)
            case 0x58:
                identity = _identity(content)
            case 0x59:
                is_confirmed = True
            case _:  # items of later editions: not ours, so not read
                pass
    if maximum_length is None:
        raise invalid("The user information does not say how long a protocol data unit may be.")
    return UserInformation(
        maximum_length=maximum_length,
        implementation_class_uid=implementation_class_uid,
        implementation_version_name=version_name,
        asynchronous_window=window,
        roles=tuple(roles),
        storage_classes=frozenset(storage_classes),
        user_identity=identity,
        user_is_confirmed=is_confirmed,
        extended=extended,
    )


def _unsigned(content: memoryview, layout: str) -> int:
    if len(content) != struct.calcsize(layout):
        raise invalid("A sub-item of the user information has a wrong length.")
    (value,) = struct.unpack(layout, content)
    return int(value)


def _window(content: memoryview) -> AsynchronousWindow:
    both = _unsigned(content, ">I")
    return AsynchronousWindow(invoked=both >> 16, performed=both & 0xFFFF)


def _counted(content: memoryview, position: int) -> tuple[memoryview, int]:
    if len(content) - position < 2:
        raise invalid("A sub-item of the user information is cut short.")
    (length,) = struct.unpack_from(">H", content, position)
    start = position + 2
    if len(content) - start < length:
        raise invalid("A length in a sub-item of the user information does not fit it.")
    return content[start : start + length], start + length


def _role(content: memoryview) -> RoleSelection:
    uid, position = _counted(content, 0)
    if len(content) - position != 2 or content[position] > 1 or content[position + 1] > 1:
        raise invalid("A role selection is not valid.")
    return RoleSelection(sop_class_uid=_uid(uid), scu=bool(content[position]), scp=bool(content[position + 1]))


def _declared_storage_class(content: memoryview) -> set[str]:
    """Return the SOP class that a common extended negotiation declares as storage (PS3.7 D.3.3.6)."""
    sop_class, position = _counted(content, 0)
    service_class, _ = _counted(content, position)
    return {_uid(sop_class)} if _uid(service_class) == STORAGE_SERVICE_CLASS else set()


def _identity(content: memoryview) -> UserIdentity:
    if len(content) < 2:
        raise invalid("A user identity is cut short.")
    primary, position = _counted(content, 2)
    secondary, _ = _counted(content, position)
    return UserIdentity(kind=content[0], response_requested=content[1] == 1, primary=bytes(primary), secondary=bytes(secondary))
