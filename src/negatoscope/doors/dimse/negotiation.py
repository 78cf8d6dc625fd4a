"""What is answered to an association request: pure, from the request and what we serve (PS3.8 section 7.1, PS3.7 annex D)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from negatoscope import __version__
from negatoscope.doors.dimse.extended_negotiation import BASELINE, Options, answer_of, options_of
from negatoscope.doors.dimse.pdu import (
    APPLICATION_CONTEXT,
    PROTOCOL_VERSION,
    AnsweredContext,
    AssociateAccept,
    AssociateReject,
    AssociateRequest,
    AsynchronousWindow,
    ContextResult,
    ProposedContext,
    Rejection,
    RoleSelection,
    UserInformation,
)
from negatoscope.doors.dimse.sop_classes import Family, family_of, transfer_syntaxes_of

IMPLEMENTATION_CLASS_UID: Final = "2.25.302042158413021853301917421836216271901"
IMPLEMENTATION_VERSION_NAME: Final = f"NEGATOSCOPE_{__version__.replace('.', '')[:4]}"
LEAST_MAXIMUM_LENGTH: Final = 128
LONGEST_SENT_PDU: Final = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedContext:
    """One presentation context of an established association."""

    context_id: int
    abstract_syntax: str
    transfer_syntax: str
    family: Family
    peer_is_scp: bool
    options: Options = BASELINE


@dataclass(frozen=True, slots=True, kw_only=True)
class Negotiated:
    """What both sides agreed on."""

    called_ae_title: str
    calling_ae_title: str
    contexts: Mapping[int, AcceptedContext]
    peer_maximum_length: int


def find_refusal(request: AssociateRequest) -> AssociateReject | None:
    """Return why the request cannot be accepted whoever sent it; None when it can."""
    if not request.protocol_version & PROTOCOL_VERSION:
        return Rejection.PROTOCOL_VERSION
    if request.application_context != APPLICATION_CONTEXT:
        return Rejection.APPLICATION_CONTEXT
    if 0 < request.user_information.maximum_length < LEAST_MAXIMUM_LENGTH:
        return Rejection.NO_REASON
    return None


def negotiate(
    request: AssociateRequest,
    *,
    maximum_length: int,
    families: Collection[Family] = tuple(Family),
    user_is_confirmed: bool = False,
) -> tuple[AssociateAccept, Negotiated]:
    """Return the answer to a request and what holds after it. `families` are those this door serves."""
    information = request.user_information
    roles = {role.sop_class_uid: role for role in information.roles}
    answers: list[AnsweredContext] = []
    accepted: dict[int, AcceptedContext] = {}
    for proposed in request.contexts:
        family = family_of(proposed.abstract_syntax, information.storage_classes)
        if family is None or family not in families:
            answers.append(_refused(proposed, ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED))
            continue
        syntax = _choose_transfer_syntax(proposed, family)
        if syntax is None:
            answers.append(_refused(proposed, ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED))
            continue
        answers.append(AnsweredContext(context_id=proposed.context_id, result=ContextResult.ACCEPTANCE, transfer_syntax=syntax))
        role = roles.get(proposed.abstract_syntax)
        accepted[proposed.context_id] = AcceptedContext(
            context_id=proposed.context_id,
            abstract_syntax=proposed.abstract_syntax,
            transfer_syntax=syntax,
            family=family,
            peer_is_scp=family is Family.STORAGE and role is not None and role.scp,
            options=options_of(family, answer_of(family, information.extended.get(proposed.abstract_syntax, b""))),
        )
    accept = AssociateAccept(
        called_ae_title=request.called_ae_title,
        calling_ae_title=request.calling_ae_title,
        application_context=APPLICATION_CONTEXT,
        contexts=tuple(answers),
        user_information=_our_information(information, accepted, maximum_length, user_is_confirmed),
    )
    negotiated = Negotiated(
        called_ae_title=request.called_ae_title,
        calling_ae_title=request.calling_ae_title,
        contexts=accepted,
        peer_maximum_length=min(information.maximum_length or LONGEST_SENT_PDU, LONGEST_SENT_PDU),
    )
    return accept, negotiated


def _choose_transfer_syntax(proposed: ProposedContext, family: Family) -> str | None:
    """Return the first proposed syntax that we take: the sender knows best in which one its objects lie."""
    ours = transfer_syntaxes_of(family)
    return next((syntax for syntax in proposed.transfer_syntaxes if syntax in ours), None)


def _refused(proposed: ProposedContext, result: ContextResult) -> AnsweredContext:
    return AnsweredContext(context_id=proposed.context_id, result=result, transfer_syntax="")


def _our_information(
    theirs: UserInformation, accepted: Mapping[int, AcceptedContext], maximum_length: int, user_is_confirmed: bool
) -> UserInformation:
    families = {context.abstract_syntax: context.family for context in accepted.values()}
    roles = tuple(
        RoleSelection(
            sop_class_uid=role.sop_class_uid,
            scu=role.scu,
            scp=role.scp and families[role.sop_class_uid] is Family.STORAGE,
        )
        for role in theirs.roles
        if role.sop_class_uid in families
    )
    extended = {uid: answer_of(families[uid], told) for uid, told in theirs.extended.items() if uid in families}
    wants_response = theirs.user_identity is not None and theirs.user_identity.response_requested
    one_at_a_time = AsynchronousWindow(invoked=1, performed=1)
    return UserInformation(
        maximum_length=maximum_length,
        implementation_class_uid=IMPLEMENTATION_CLASS_UID,
        implementation_version_name=IMPLEMENTATION_VERSION_NAME,
        asynchronous_window=one_at_a_time if theirs.asynchronous_window is not None else None,
        roles=roles,
        user_is_confirmed=user_is_confirmed and wants_response,
        extended={uid: answer for uid, answer in extended.items() if answer is not None},
    )
