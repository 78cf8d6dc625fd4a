"""DIMSE command sets: implicit VR little endian, group 0000 (PS3.7 section 6.3.1 and annex E). Strict, without I/O."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from negatoscope.doors.dimse.pdu_decoding import parse_ae_title
from negatoscope.platform.errors import InvalidInput

NO_DATA_SET: Final = 0x0101
DATA_SET_FOLLOWS: Final = 0x0000
MAXIMUM_COMMAND_LENGTH: Final = 16 * 1024
RESPONSE: Final = 0x8000
ERROR_COMMENT_LENGTH: Final = 64


class CommandField(IntEnum):
    """The DIMSE messages; a response has the bit 8000H (PS3.7 table E.1-1)."""

    C_STORE_RQ = 0x0001
    C_STORE_RSP = 0x8001
    C_GET_RQ = 0x0010
    C_GET_RSP = 0x8010
    C_FIND_RQ = 0x0020
    C_FIND_RSP = 0x8020
    C_MOVE_RQ = 0x0021
    C_MOVE_RSP = 0x8021
    C_ECHO_RQ = 0x0030
    C_ECHO_RSP = 0x8030
    N_EVENT_REPORT_RQ = 0x0100
    N_EVENT_REPORT_RSP = 0x8100
    N_GET_RQ = 0x0110
    N_GET_RSP = 0x8110
    N_SET_RQ = 0x0120
    N_SET_RSP = 0x8120
    N_ACTION_RQ = 0x0130
    N_ACTION_RSP = 0x8130
    N_CREATE_RQ = 0x0140
    N_CREATE_RSP = 0x8140
    N_DELETE_RQ = 0x0150
    N_DELETE_RSP = 0x8150
    C_CANCEL_RQ = 0x0FFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """The elements of one command set; None where the element is absent."""

    command_field: int
    data_set_type: int = NO_DATA_SET
    affected_sop_class_uid: str | None = None
    requested_sop_class_uid: str | None = None
    message_id: int | None = None
    message_id_being_responded_to: int | None = None
    move_destination: str | None = None
    priority: int | None = None
    status: int | None = None
    offending_elements: tuple[int, ...] | None = None
    error_comment: str | None = None
    error_id: int | None = None
    affected_sop_instance_uid: str | None = None
    requested_sop_instance_uid: str | None = None
    event_type_id: int | None = None
    attribute_identifiers: tuple[int, ...] | None = None
    action_type_id: int | None = None
    remaining_suboperations: int | None = None
    completed_suboperations: int | None = None
    failed_suboperations: int | None = None
    warning_suboperations: int | None = None
    move_originator_ae_title: str | None = None
    move_originator_message_id: int | None = None

    @property
    def has_data_set(self) -> bool:
        """Tell whether a data set follows."""
        return self.data_set_type != NO_DATA_SET

    @property
    def is_response(self) -> bool:
        """Tell whether this answers a request of ours."""
        return bool(self.command_field & RESPONSE)


@dataclass(frozen=True, slots=True)
class Element:
    """Where one field of a Command stands on the wire."""

    tag: int
    vr: str
    name: str


ELEMENTS: Final = (
    Element(0x0002, "UI", "affected_sop_class_uid"),
    Element(0x0003, "UI", "requested_sop_class_uid"),
    Element(0x0100, "US", "command_field"),
    Element(0x0110, "US", "message_id"),
    Element(0x0120, "US", "message_id_being_responded_to"),
    Element(0x0600, "AE", "move_destination"),
    Element(0x0700, "US", "priority"),
    Element(0x0800, "US", "data_set_type"),
    Element(0x0900, "US", "status"),
    Element(0x0901, "AT", "offending_elements"),
    Element(0x0902, "LO", "error_comment"),
    Element(0x0903, "US", "error_id"),
    Element(0x1000, "UI", "affected_sop_instance_uid"),
    Element(0x1001, "UI", "requested_sop_instance_uid"),
    Element(0x1002, "US", "event_type_id"),
    Element(0x1005, "AT", "attribute_identifiers"),
    Element(0x1008, "US", "action_type_id"),
    Element(0x1020, "US", "remaining_suboperations"),
    Element(0x1021, "US", "completed_suboperations"),
    Element(0x1022, "US", "failed_suboperations"),
    Element(0x1023, "US", "warning_suboperations"),
    Element(0x1030, "AE", "move_originator_ae_title"),
    Element(0x1031, "US", "move_originator_message_id"),
)

_BY_TAG: Final[Mapping[int, Element]] = {element.tag: element for element in ELEMENTS}
_HEADER: Final = struct.Struct("<HHI")
_SHORT: Final = struct.Struct("<H")

_OPERATION: Final = ("message_id", "affected_sop_class_uid")
_REQUESTED: Final = ("message_id", "requested_sop_class_uid", "requested_sop_instance_uid")
REQUIRED: Final[Mapping[int, tuple[str, ...]]] = {
    CommandField.C_STORE_RQ: (*_OPERATION, "affected_sop_instance_uid"),
    CommandField.C_FIND_RQ: _OPERATION,
    CommandField.C_GET_RQ: _OPERATION,
    CommandField.C_MOVE_RQ: (*_OPERATION, "move_destination"),
    CommandField.C_ECHO_RQ: _OPERATION,
    CommandField.C_CANCEL_RQ: ("message_id_being_responded_to",),
    CommandField.N_EVENT_REPORT_RQ: (*_OPERATION, "affected_sop_instance_uid", "event_type_id"),
    CommandField.N_GET_RQ: _REQUESTED,
    CommandField.N_SET_RQ: _REQUESTED,
    CommandField.N_ACTION_RQ: (*_REQUESTED, "action_type_id"),
    CommandField.N_CREATE_RQ: _OPERATION,
    CommandField.N_DELETE_RQ: _REQUESTED,
}
MUST_CARRY_DATA: Final = frozenset({
    CommandField.C_STORE_RQ, CommandField.C_FIND_RQ, CommandField.C_GET_RQ, CommandField.C_MOVE_RQ, CommandField.N_SET_RQ,
})  # fmt: skip
MUST_NOT_CARRY_DATA: Final = frozenset({CommandField.C_ECHO_RQ, CommandField.C_CANCEL_RQ})


def decode_command(raw: bytes) -> Command:
    """Decode one command set, or raise InvalidInput with the reason ``bad_command_set``."""
    values: dict[str, int | str | tuple[int, ...]] = {}
    position, end, last = 0, len(raw), -1
    while position < end:
        if end - position < _HEADER.size:
            raise _bad("An element of the command set is cut short.")
        group, tag, length = _HEADER.unpack_from(raw, position)
        start = position + _HEADER.size
        position = start + length
        if group != 0 or tag <= last or position > end:
            raise _bad("The elements of the command set are out of order or do not fit it.")
        last = tag
        if tag == 0:
            _check_group_length(raw[start:position], end - position)
        element = _BY_TAG.get(tag)
        if element is not None and length:
            values[element.name] = _decode_value(element, raw[start:position])
    return _checked(values)


def encode_command(command: Command) -> bytes:
    """Encode one command set with its group length."""
    parts: list[bytes] = []
    for element in ELEMENTS:
        value = getattr(command, element.name)
        if value is None:
            continue
        content = _encode_value(element, value)
        parts.append(_HEADER.pack(0, element.tag, len(content)))
        parts.append(content)
    body = b"".join(parts)
    return _HEADER.pack(0, 0, 4) + struct.pack("<I", len(body)) + body


def _bad(message: str) -> InvalidInput:
    return InvalidInput(message, reason="bad_command_set")


def _check_group_length(content: bytes, rest: int) -> None:
    if len(content) != 4 or struct.unpack("<I", content)[0] != rest:
        raise _bad("The group length of the command set is wrong.")


def _decode_value(element: Element, content: bytes) -> int | str | tuple[int, ...]:
    match element.vr:
        case "US":
            if len(content) != 2:
                raise _bad("A number of the command set has a wrong length.")
            return int(_SHORT.unpack(content)[0])
        case "AT":
            if len(content) % 4:
                raise _bad("A list of tags in the command set has a wrong length.")
            pairs = struct.unpack(f"<{len(content) // 2}H", content)
            return tuple(group << 16 | tag for group, tag in zip(pairs[::2], pairs[1::2], strict=True))
        case "AE":
            return parse_ae_title(content)
        case "UI":
            return _decode_uid(content)
        case _:
            return content.decode("ascii", "replace").strip("\0 ")


def _decode_uid(content: bytes) -> str:
    text = content.rstrip(b"\0 ").decode("ascii", "replace")
    if len(text) > 64 or any(character not in "0123456789." for character in text):
        raise _bad("A unique identifier of the command set does not follow the grammar.")
    return text


def _checked(values: dict[str, int | str | tuple[int, ...]]) -> Command:
    if "command_field" not in values or "data_set_type" not in values:
        raise _bad("The command set lacks its command field or data set type.")
    command = Command(**values)  # type: ignore[arg-type]  # the names and types come from ELEMENTS, checked by a test
    missing = [name for name in REQUIRED.get(command.command_field, ()) if getattr(command, name) is None]
    if missing:
        raise _bad("The command set lacks an element that its kind must have.")
    if command.is_response and (command.message_id_being_responded_to is None or command.status is None):
        raise _bad("The response lacks its status or the message it answers.")
    if command.command_field in MUST_CARRY_DATA and not command.has_data_set:
        raise _bad("The command must have a data set and has none.")
    if command.command_field in MUST_NOT_CARRY_DATA and command.has_data_set:
        raise _bad("The command must not have a data set and has one.")
    return command


def _encode_value(element: Element, value: int | str | tuple[int, ...]) -> bytes:
    if isinstance(value, int):
        return _SHORT.pack(value)
    if isinstance(value, tuple):
        return b"".join(struct.pack("<HH", tag >> 16, tag & 0xFFFF) for tag in value)
    content = value.encode("ascii", "replace")
    if element.vr == "LO":
        content = content[:ERROR_COMMENT_LENGTH]
    if len(content) % 2:
        content += b"\0" if element.vr == "UI" else b" "
    return content
