"""Protocol data units to bytes (PS3.8 section 9.3)."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from negatoscope.doors.dimse.pdu import (
    AE_TITLE_LENGTH,
    PROTOCOL_VERSION,
    Abort,
    AssociateAccept,
    AssociateReject,
    AssociateRequest,
    ContextResult,
    DataTransfer,
    Pdu,
    PduType,
    ReleaseRequest,
    ReleaseResponse,
    RoleSelection,
    UserIdentity,
    UserInformation,
)


def encode_pdu(pdu: Pdu) -> bytes:
    """Encode one protocol data unit whole, header included."""
    match pdu:
        case AssociateRequest():
            return _framed(PduType.ASSOCIATE_RQ, _request_body(pdu))
        case AssociateAccept():
            return _framed(PduType.ASSOCIATE_AC, _accept_body(pdu))
        case AssociateReject():
            return _framed(PduType.ASSOCIATE_RJ, bytes((0, pdu.result, pdu.source, pdu.reason)))
        case DataTransfer():
            return _framed(PduType.DATA_TF, _data_body(pdu))
        case ReleaseRequest():
            return _framed(PduType.RELEASE_RQ, bytes(4))
        case ReleaseResponse():
            return _framed(PduType.RELEASE_RP, bytes(4))
        case Abort():
            return _framed(PduType.ABORT, bytes((0, 0, pdu.source, pdu.reason)))


def data_transfer_header(context_id: int, length: int, *, is_command: bool, is_last: bool) -> bytes:
    """Return the 12 bytes that precede a lone fragment of `length` bytes, so that it need not be copied to be sent."""
    control = (1 if is_command else 0) | (2 if is_last else 0)
    return struct.pack(">BxIIBB", PduType.DATA_TF, length + 6, length + 2, context_id, control)


def _framed(kind: PduType, body: bytes) -> bytes:
    return struct.pack(">BxI", kind, len(body)) + body


def _item(kind: int, content: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(content)) + content


def _counted(content: bytes) -> bytes:
    return struct.pack(">H", len(content)) + content


def _fixed_part(called: str, calling: str) -> bytes:
    titles = b"".join(title.encode("ascii").ljust(AE_TITLE_LENGTH) for title in (called, calling))
    return struct.pack(">Hxx", PROTOCOL_VERSION) + titles + bytes(32)


def _request_body(request: AssociateRequest) -> bytes:
    contexts = (
        _item(
            0x20,
            bytes((context.context_id, 0, 0, 0))
            + _item(0x30, context.abstract_syntax.encode("ascii"))
            + b"".join(_item(0x40, syntax.encode("ascii")) for syntax in context.transfer_syntaxes),
        )
        for context in request.contexts
    )
    return _association_body(
        request.called_ae_title,
        request.calling_ae_title,
        request.application_context,
        contexts,
        request.user_information,
    )


def _accept_body(accept: AssociateAccept) -> bytes:
    contexts = (
        _item(
            0x21,
            bytes((context.context_id, 0, context.result, 0))
            + _item(0x40, context.transfer_syntax.encode("ascii") if context.result is ContextResult.ACCEPTANCE else b""),
        )
        for context in accept.contexts
    )
    return _association_body(
        accept.called_ae_title,
        accept.calling_ae_title,
        accept.application_context,
        contexts,
        accept.user_information,
    )


def _association_body(
    called: str, calling: str, application_context: str, contexts: Iterable[bytes], user_information: UserInformation
) -> bytes:
    return (
        _fixed_part(called, calling)
        + _item(0x10, application_context.encode("ascii"))
        + b"".join(contexts)
        + _item(0x50, _user_information(user_information))
    )


def _user_information(information: UserInformation) -> bytes:
    parts = [
        _item(0x51, struct.pack(">I", information.maximum_length)),
        _item(0x52, information.implementation_class_uid.encode("ascii")),
    ]
    window = information.asynchronous_window
    if window is not None:
        parts.append(_item(0x53, struct.pack(">HH", window.invoked, window.performed)))
    parts.extend(_item(0x54, _role(role)) for role in information.roles)
    if information.implementation_version_name is not None:
        parts.append(_item(0x55, information.implementation_version_name.encode("ascii")))
    parts.extend(_item(0x56, _counted(uid.encode("ascii")) + told) for uid, told in information.extended.items())
    if information.user_is_confirmed:
        parts.append(_item(0x59, _counted(b"")))  # what the response holds for a user name and passcode: nothing
    if information.user_identity is not None:
        parts.append(_item(0x58, _identity(information.user_identity)))
    return b"".join(parts)


def _role(role: RoleSelection) -> bytes:
    return _counted(role.sop_class_uid.encode("ascii")) + bytes((role.scu, role.scp))


def _identity(identity: UserIdentity) -> bytes:
    return bytes((identity.kind, identity.response_requested)) + _counted(identity.primary) + _counted(identity.secondary)


def _data_body(transfer: DataTransfer) -> bytes:
    parts: list[bytes] = []
    for value in transfer.values:
        control = (1 if value.is_command else 0) | (2 if value.is_last else 0)
        parts.append(struct.pack(">IBB", len(value.fragment) + 2, value.context_id, control))
        parts.append(bytes(value.fragment))
    return b"".join(parts)
