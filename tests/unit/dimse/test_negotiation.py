"""Negotiation: what is accepted, what is refused and why."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import pytest
from pydicom import uid as known

from negatoscope.doors.dimse.extended_negotiation import BASELINE, Options
from negatoscope.doors.dimse.negotiation import find_refusal, negotiate
from negatoscope.doors.dimse.pdu import (
    AssociateRequest,
    AsynchronousWindow,
    ContextResult,
    ProposedContext,
    Rejection,
    RoleSelection,
    UserIdentity,
    UserInformation,
)
from negatoscope.doors.dimse.sop_classes import SERVED, STORAGE_CLASSES, Family, family_of

DX = "1.2.840.10008.5.1.4.1.1.1.1"
ECHO = "1.2.840.10008.1.1"
FIND = "1.2.840.10008.5.1.4.1.2.2.1"
MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
NOTHING: Mapping[str, bytes] = MappingProxyType({})


def a_request(
    *proposals: tuple[str, tuple[str, ...]],
    version: int = 1,
    application_context: str = "1.2.840.10008.3.1.1.1",
    maximum_length: int = 16384,
    roles: tuple[RoleSelection, ...] = (),
    window: AsynchronousWindow | None = None,
    storage: frozenset[str] = frozenset(),
    extended: Mapping[str, bytes] = NOTHING,
    identity: UserIdentity | None = None,
) -> AssociateRequest:
    return AssociateRequest(
        protocol_version=version,
        called_ae_title="NEGATOSCOPE",
        calling_ae_title="MODALITY",
        application_context=application_context,
        contexts=tuple(
            ProposedContext(context_id=2 * index + 1, abstract_syntax=abstract, transfer_syntaxes=syntaxes)
            for index, (abstract, syntaxes) in enumerate(proposals)
        ),
        user_information=UserInformation(
            maximum_length=maximum_length,
            implementation_class_uid="1.2.3",
            roles=roles,
            asynchronous_window=window,
            storage_classes=storage,
            extended=extended,
            user_identity=identity,
        ),
    )


@pytest.mark.parametrize(
    "syntax",
    [
        known.ImplicitVRLittleEndian,
        known.ExplicitVRLittleEndian,
        known.JPEGBaseline8Bit,
        known.JPEGExtended12Bit,
        known.JPEGLossless,
        known.JPEGLosslessSV1,
        known.JPEGLSLossless,
        known.JPEGLSNearLossless,
        known.JPEG2000Lossless,
        known.JPEG2000,
        known.HTJ2KLossless,
        known.HTJ2KLosslessRPCL,
        known.HTJ2K,
        known.RLELossless,
        known.MPEG2MPML,
        known.MPEG4HP41,
        known.HEVCMP51,
    ],
)
def test_a_storage_context_takes_each_syntax_of_the_list(syntax: str) -> None:
    accept, negotiated = negotiate(a_request((DX, (syntax,))), maximum_length=1)
    assert accept.contexts[0].result is ContextResult.ACCEPTANCE
    assert negotiated.contexts[1].transfer_syntax == syntax


@pytest.mark.parametrize("syntax", [known.ExplicitVRBigEndian, known.DeflatedExplicitVRLittleEndian, "1.2.3.4"])
def test_big_endian_deflated_and_unknown_syntaxes_are_refused(syntax: str) -> None:
    accept, negotiated = negotiate(a_request((DX, (syntax,))), maximum_length=1)
    assert accept.contexts[0].result is ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED
    assert not negotiated.contexts


def test_the_first_syntax_that_we_take_is_chosen() -> None:
    proposed = (known.ExplicitVRBigEndian, known.JPEGLSLossless, known.ExplicitVRLittleEndian)
    _, negotiated = negotiate(a_request((DX, proposed)), maximum_length=1)
    assert negotiated.contexts[1].transfer_syntax == known.JPEGLSLossless


def test_a_query_context_takes_no_pixel_syntax() -> None:
    accept, _ = negotiate(a_request(("1.2.840.10008.5.1.4.1.2.2.1", (known.JPEGBaseline8Bit,))), maximum_length=1)
    assert accept.contexts[0].result is ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED


def test_every_storage_class_of_the_dictionary_is_a_storage_class() -> None:
    assert {family_of(uid) for uid in STORAGE_CLASSES} == {Family.STORAGE}
    assert {"1.2.840.10008.5.1.4.1.1.1.1", "1.2.840.10008.5.1.4.1.1.88.67", "1.2.840.10008.5.1.4.1.1.104.1"} <= set(
        STORAGE_CLASSES
    )


@pytest.mark.parametrize(
    ("abstract_syntax", "family"),
    [
        ("1.3.12.2.1107.5.9.1", Family.STORAGE),
        ("1.2.840.10008.5.1.4.1.1.999.1", Family.STORAGE),
        ("1.2.840.10008.1.3.10", None),
        ("1.2.840.10008.5.1.1.9", None),
        ("1.2.840.10008.5.1.4.1.1.200.4", None),
        ("1.2.840.10008.1.20.2", None),
        ("1.2.840.10008.5.1.4.1.2.3.1", None),
    ],
)
def test_what_an_abstract_syntax_is_for(abstract_syntax: str, family: Family | None) -> None:
    assert family_of(abstract_syntax) is family


def test_a_class_declared_as_storage_is_one() -> None:
    assert family_of("1.2.840.10008.5.1.4.39.1", frozenset({"1.2.840.10008.5.1.4.39.1"})) is Family.STORAGE


def test_no_served_class_is_a_storage_class() -> None:
    assert not set(SERVED) & set(STORAGE_CLASSES)


def test_a_family_that_this_door_does_not_serve_is_refused() -> None:
    accept, _ = negotiate(a_request((DX, (known.ImplicitVRLittleEndian,))), maximum_length=1, families={Family.VERIFICATION})
    assert accept.contexts[0].result is ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED


def test_the_peer_may_be_provider_of_storage_only() -> None:
    roles = (
        RoleSelection(sop_class_uid=DX, scu=False, scp=True),
        RoleSelection(sop_class_uid=ECHO, scu=True, scp=True),
        RoleSelection(sop_class_uid="1.2.3", scu=True, scp=True),
    )
    little = (known.ImplicitVRLittleEndian,)
    accept, negotiated = negotiate(a_request((DX, little), (ECHO, little), roles=roles), maximum_length=1)
    assert accept.user_information.roles == (
        RoleSelection(sop_class_uid=DX, scu=False, scp=True),
        RoleSelection(sop_class_uid=ECHO, scu=True, scp=False),
    )
    assert negotiated.contexts[1].peer_is_scp
    assert not negotiated.contexts[3].peer_is_scp


def test_one_operation_at_a_time_whatever_window_is_proposed() -> None:
    request = a_request((ECHO, (known.ImplicitVRLittleEndian,)), window=AsynchronousWindow(invoked=65535, performed=0))
    accept, _ = negotiate(request, maximum_length=1)
    assert accept.user_information.asynchronous_window == AsynchronousWindow(invoked=1, performed=1)


@pytest.mark.parametrize(("proposed", "sent"), [(0, 262144), (16384, 16384), (2**32 - 1, 262144)])
def test_we_never_send_more_than_the_peer_and_we_ourselves_allow(proposed: int, sent: int) -> None:
    _, negotiated = negotiate(a_request((ECHO, (known.ImplicitVRLittleEndian,)), maximum_length=proposed), maximum_length=1)
    assert negotiated.peer_maximum_length == sent


def test_a_wrong_version_context_or_length_is_refused() -> None:
    assert find_refusal(a_request(version=2)) == Rejection.PROTOCOL_VERSION
    assert find_refusal(a_request(application_context="1.2.3")) == Rejection.APPLICATION_CONTEXT
    assert find_refusal(a_request(maximum_length=1)) == Rejection.NO_REASON
    assert find_refusal(a_request()) is None


@pytest.mark.parametrize(
    ("abstract_syntax", "proposed", "answer", "options"),
    [
        (FIND, b"\x01", b"\x01", Options(is_relational=True)),
        (FIND, b"\x00\x01", b"\x00\x01", Options(combines_date_time=True)),
        (
            FIND,
            b"\x01" * 9,
            b"\x01\x01\x00\x00\x00\x01\x00",
            Options(is_relational=True, combines_date_time=True, matches_empty=True),
        ),
        (FIND, b"\xff", b"\x01", Options(is_relational=True)),
        (FIND, b"", None, BASELINE),
        (MOVE, b"\x01\x01", b"\x01\x00", Options(is_relational=True)),
        (DX, b"\x02", None, BASELINE),
    ],
)
def test_extended_negotiation_promises_what_both_can(
    abstract_syntax: str, proposed: bytes, answer: bytes | None, options: Options
) -> None:
    request = a_request(
        (abstract_syntax, (known.ImplicitVRLittleEndian,)), extended={abstract_syntax: proposed, "1.2.3": b"\x01"}
    )
    accept, negotiated = negotiate(request, maximum_length=1)
    assert accept.user_information.extended == ({} if answer is None else {abstract_syntax: answer})
    assert negotiated.contexts[1].options == options


@pytest.mark.parametrize(("is_confirmed", "is_wanted"), [(True, True), (True, False), (False, True)])
def test_a_user_is_confirmed_only_when_checked_and_asked(is_confirmed: bool, is_wanted: bool) -> None:
    identity = UserIdentity(kind=2, response_requested=is_wanted, primary=b"a", secondary=b"b")
    request = a_request((ECHO, (known.ImplicitVRLittleEndian,)), identity=identity)
    accept, _ = negotiate(request, maximum_length=1, user_is_confirmed=is_confirmed)
    assert accept.user_information.user_is_confirmed == (is_confirmed and is_wanted)
