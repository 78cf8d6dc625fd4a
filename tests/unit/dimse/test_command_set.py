"""Command sets: round trips, the peer's encoder as an oracle, and what is refused."""

from __future__ import annotations

import struct
from dataclasses import fields
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.filereader import read_dataset
from pynetdicom import dimse_messages, dimse_primitives

from negatoscope.doors.dimse.command_set import (
    DATA_SET_FOLLOWS,
    ELEMENTS,
    MUST_CARRY_DATA,
    MUST_NOT_CARRY_DATA,
    NO_DATA_SET,
    REQUIRED,
    Command,
    CommandField,
    decode_command,
    encode_command,
)
from negatoscope.platform.errors import InvalidInput

numbers = st.integers(0, 65535)
uids = st.from_regex(r"[1-2](\.(0|[1-9][0-9]{0,6})){2,6}", fullmatch=True)
ae_titles = st.from_regex(r"[A-Z0-9_]{1,16}", fullmatch=True)
VALUES = {"US": numbers, "UI": uids, "AE": ae_titles, "LO": st.from_regex(r"[a-z]{1,64}", fullmatch=True)}


@st.composite
def commands(draw: st.DrawFn) -> Command:
    field = draw(st.sampled_from(CommandField))
    values: dict[str, object] = {}
    needed = set(REQUIRED.get(field, ()))
    if field & 0x8000:
        needed |= {"message_id_being_responded_to", "status"}
    for element in ELEMENTS:
        if element.name in {"command_field", "data_set_type"} or (element.name not in needed and draw(st.booleans())):
            continue
        tags = st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=4).map(tuple)
        values[element.name] = draw(VALUES.get(element.vr, tags))
    kinds = (
        [DATA_SET_FOLLOWS, 1]
        if field in MUST_CARRY_DATA
        else [NO_DATA_SET]
        if field in MUST_NOT_CARRY_DATA
        else [0, NO_DATA_SET]
    )
    return Command(command_field=field, data_set_type=draw(st.sampled_from(kinds)), **values)  # type: ignore[arg-type]  # drawn by VR


def refusal_of(raw: bytes) -> str | None:
    try:
        decode_command(raw)
    except InvalidInput as error:
        return error.reason
    return None


@given(commands())
def test_decoding_gives_back_what_was_encoded(command: Command) -> None:
    assert decode_command(encode_command(command)) == command


@given(commands())
def test_another_implementation_reads_our_command_set(command: Command) -> None:
    dataset = read_dataset(BytesIO(encode_command(command)), is_implicit_VR=True, is_little_endian=True)
    assert dataset.CommandGroupLength == len(encode_command(command)) - 12
    assert dataset.CommandField == command.command_field
    assert dataset.get("MessageID") == command.message_id
    assert dataset.get("AffectedSOPInstanceUID") == command.affected_sop_instance_uid


@given(commands(), st.data())
def test_any_cut_or_changed_command_set_is_refused_or_read_but_never_breaks(command: Command, data: st.DataObject) -> None:
    raw = bytearray(encode_command(command))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    del raw[data.draw(st.integers(0, len(raw))) :]
    assert refusal_of(bytes(raw)) in {None, "bad_command_set", "invalid_parameter"}


def test_elements_and_command_name_the_same_fields() -> None:
    assert {field.name for field in fields(Command)} == {element.name for element in ELEMENTS}
    assert [element.tag for element in ELEMENTS] == sorted(element.tag for element in ELEMENTS)


def test_a_peers_store_request_is_read() -> None:
    primitive = dimse_primitives.C_STORE()
    primitive.MessageID = 7
    primitive.AffectedSOPClassUID = "1.2.840.10008.5.1.4.1.1.1.1"
    primitive.AffectedSOPInstanceUID = "1.2.3"
    primitive.MoveOriginatorApplicationEntityTitle = "PACS"
    message = dimse_messages.C_STORE_RQ()
    message.primitive_to_message(primitive)
    message.command_set.CommandDataSetType = 1
    fragment = next(iter(message.encode_msg(1, 16384))).presentation_data_value_list[0][1]
    command = decode_command(fragment[1:])
    assert command.message_id == 7
    assert command.affected_sop_instance_uid == "1.2.3"
    assert command.move_originator_ae_title == "PACS"


def an_element(tag: int, content: bytes, *, group: int = 0, length: int | None = None) -> bytes:
    return struct.pack("<HHI", group, tag, len(content) if length is None else length) + content


ECHO = (
    an_element(0x0002, b"1.2.840.10008.1.1\0")
    + an_element(0x0100, b"\x30\x00")
    + an_element(0x0110, b"\x01\x00")
    + an_element(0x0800, b"\x01\x01")
)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        an_element(0, struct.pack("<I", 4)) + ECHO,
        an_element(0x0110, b"\x01\x00") + ECHO,
        ECHO + an_element(0x0900, b"", length=0x7FFFFFF0),
        ECHO + an_element(0x0010, b"AB", group=8),
        ECHO.replace(b"\x01\x01", b"\x00\x00"),
        ECHO.replace(an_element(0x0110, b"\x01\x00"), b""),
        an_element(0x0100, b"\x30\x00\x00") + an_element(0x0800, b"\x01\x01"),
        ECHO + b"\x00",
    ],
    ids=["empty", "group length", "order", "length", "group", "data set", "message id", "number", "rest"],
)
def test_a_wrong_command_set_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        decode_command(raw)
    assert caught.value.reason == "bad_command_set"


def test_elements_we_do_not_know_are_passed_over() -> None:
    raw = an_element(0x0001, b"\x00\x00\x00\x00") + ECHO
    assert decode_command(raw).command_field == CommandField.C_ECHO_RQ


def test_a_long_error_comment_is_cut_to_what_the_element_holds() -> None:
    command = Command(command_field=0x8001, message_id_being_responded_to=1, status=0xC000, error_comment="x" * 100)
    assert decode_command(encode_command(command)).error_comment == "x" * 64
