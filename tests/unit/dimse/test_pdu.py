"""Protocol data units: round trips, the peer's encoder as an oracle, and lengths that lie."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom import pdu as peer_pdu

from negatoscope.doors.dimse.pdu import (
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
from negatoscope.doors.dimse.pdu_decoding import decode_pdu, parse_ae_title
from negatoscope.doors.dimse.pdu_encoding import data_transfer_header, encode_pdu
from negatoscope.platform.errors import InvalidInput

uids = st.from_regex(r"[1-2](\.(0|[1-9][0-9]{0,6})){2,6}", fullmatch=True)
ae_titles = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="\\"), min_size=1, max_size=16)
user_information = st.builds(
    UserInformation,
    maximum_length=st.integers(0, 2**32 - 1),
    implementation_class_uid=uids,
    implementation_version_name=st.none() | st.from_regex(r"[A-Z0-9_]{1,16}", fullmatch=True),
    asynchronous_window=st.none()
    | st.builds(AsynchronousWindow, invoked=st.integers(0, 65535), performed=st.integers(0, 65535)),
    roles=st.lists(st.builds(RoleSelection, sop_class_uid=uids, scu=st.booleans(), scp=st.booleans()), max_size=3).map(tuple),
    user_identity=st.none()
    | st.builds(
        UserIdentity,
        kind=st.integers(1, 5),
        response_requested=st.booleans(),
        primary=st.binary(max_size=64),
        secondary=st.binary(max_size=64),
    ),
)
context_ids = st.integers(0, 127).map(lambda number: 2 * number + 1)
requests = st.builds(
    AssociateRequest,
    protocol_version=st.just(1),
    called_ae_title=ae_titles,
    calling_ae_title=ae_titles,
    application_context=uids,
    contexts=st.lists(
        st.builds(
            ProposedContext,
            context_id=context_ids,
            abstract_syntax=uids,
            transfer_syntaxes=st.lists(uids, min_size=1, max_size=4).map(tuple),
        ),
        min_size=1,
        max_size=128,
        unique_by=lambda context: context.context_id,
    ).map(tuple),
    user_information=user_information,
)
accepts = st.builds(
    AssociateAccept,
    called_ae_title=ae_titles,
    calling_ae_title=ae_titles,
    application_context=uids,
    contexts=st.lists(
        st.builds(AnsweredContext, context_id=context_ids, result=st.just(ContextResult.ACCEPTANCE), transfer_syntax=uids)
        | st.builds(
            AnsweredContext,
            context_id=context_ids,
            result=st.sampled_from(ContextResult).filter(lambda result: result is not ContextResult.ACCEPTANCE),
            transfer_syntax=st.just(""),
        ),
        max_size=20,
        unique_by=lambda context: context.context_id,
    ).map(tuple),
    user_information=user_information,
)
octets = st.integers(0, 255)
transfers = st.lists(
    st.builds(DataValue, context_ids, st.booleans(), st.booleans(), st.binary(max_size=64)), min_size=1, max_size=5
).map(lambda values: DataTransfer(tuple(values)))
pdus: st.SearchStrategy[Pdu] = st.one_of(
    requests,
    accepts,
    st.builds(AssociateReject, result=octets, source=octets, reason=octets),
    st.builds(Abort, source=octets, reason=octets),
    st.just(ReleaseRequest()),
    st.just(ReleaseResponse()),
    transfers,
)


def decode_whole(raw: bytes) -> Pdu:
    kind, length = struct.unpack_from(">BxI", raw)
    assert length == len(raw) - 6
    return decode_pdu(kind, memoryview(raw)[6:])


def refusal_of(kind: int, body: bytes) -> str | None:
    try:
        decode_pdu(kind, memoryview(body))
    except InvalidInput as error:
        return error.reason
    return None


@given(pdus)
def test_decoding_gives_back_what_was_encoded(pdu: Pdu) -> None:
    assert decode_whole(encode_pdu(pdu)) == pdu


@given(pdus, st.data())
def test_any_cut_or_changed_unit_is_refused_or_read_but_never_breaks_the_decoder(pdu: Pdu, data: st.DataObject) -> None:
    body = bytearray(encode_pdu(pdu)[6:])
    kind = encode_pdu(pdu)[0]
    for _ in range(data.draw(st.integers(1, 4))):
        if body:
            body[data.draw(st.integers(0, len(body) - 1))] = data.draw(octets)
    del body[data.draw(st.integers(0, len(body))) :]
    assert refusal_of(kind, bytes(body)) in {None, "invalid_parameter", "unrecognized_parameter"}


@given(st.integers(0, 255), st.binary(max_size=300))
def test_noise_is_refused_or_read_but_never_breaks_the_decoder(kind: int, body: bytes) -> None:
    assert refusal_of(kind, body) in {None, "unrecognized_pdu", "invalid_parameter", "unrecognized_parameter"}


@given(requests.filter(lambda request: request.user_information.user_identity is None))
def test_the_peers_decoder_reads_our_request(request: AssociateRequest) -> None:
    peer = peer_pdu.A_ASSOCIATE_RQ()
    peer.decode(encode_pdu(request))
    assert peer.called_ae_title == request.called_ae_title
    assert [(c.context_id, c.abstract_syntax, tuple(c.transfer_syntax)) for c in peer.presentation_context] == [
        (c.context_id, c.abstract_syntax, c.transfer_syntaxes) for c in request.contexts
    ]


@given(accepts)
def test_the_peers_decoder_reads_our_answer(accept: AssociateAccept) -> None:
    peer = peer_pdu.A_ASSOCIATE_AC()
    peer.decode(encode_pdu(accept))
    assert [(c.context_id, c.result) for c in peer.presentation_context] == [(c.context_id, c.result) for c in accept.contexts]


@given(st.binary(max_size=64), context_ids, st.booleans(), st.booleans())
def test_the_lone_header_and_its_fragment_are_one_data_transfer(
    fragment: bytes, context_id: int, is_command: bool, is_last: bool
) -> None:
    raw = data_transfer_header(context_id, len(fragment), is_command=is_command, is_last=is_last) + fragment
    assert raw == encode_pdu(DataTransfer((DataValue(context_id, is_command, is_last, fragment),)))


@pytest.mark.parametrize(
    "raw",
    [b"", b" " * 16, b"A\\B", b"A\nB", b"A\x00B", "é".encode("latin-1"), b"X" * 17, b"\x7f"],
)
def test_an_ae_title_with_forbidden_characters_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse_ae_title(raw)


def test_an_ae_title_loses_its_padding_on_both_sides() -> None:
    assert parse_ae_title(b"  DX ROOM 1     ") == "DX ROOM 1"


def a_request(*contexts: ProposedContext) -> AssociateRequest:
    return AssociateRequest(
        protocol_version=1,
        called_ae_title="NEGATOSCOPE",
        calling_ae_title="MODALITY",
        application_context="1.2.840.10008.3.1.1.1",
        contexts=contexts,
        user_information=UserInformation(maximum_length=16384, implementation_class_uid="1.2.3"),
    )


def a_context(context_id: int) -> ProposedContext:
    return ProposedContext(context_id=context_id, abstract_syntax="1.2.840.10008.1.1", transfer_syntaxes=("1.2.840.10008.1.2",))


@pytest.mark.parametrize("context_ids", [(1, 1), (2,), (0,), (1, 3, 254)])
def test_repeated_and_even_context_ids_are_refused(context_ids: tuple[int, ...]) -> None:
    raw = encode_pdu(a_request(*map(a_context, context_ids)))
    with pytest.raises(InvalidInput, match="resentation context identifier"):
        decode_pdu(PduType.ASSOCIATE_RQ, memoryview(raw)[6:])


def test_a_request_without_context_is_refused() -> None:
    with pytest.raises(InvalidInput, match="absent"):
        decode_pdu(PduType.ASSOCIATE_RQ, memoryview(encode_pdu(a_request()))[6:])


def test_a_data_value_longer_than_its_unit_is_refused() -> None:
    with pytest.raises(InvalidInput, match="does not fit"):
        decode_pdu(PduType.DATA_TF, memoryview(struct.pack(">IBB", 0x7FFFFFFF, 1, 0) + bytes(10)))


def test_an_empty_data_transfer_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no presentation data value"):
        decode_pdu(PduType.DATA_TF, memoryview(b""))
