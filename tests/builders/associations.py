"""Builders of association requests and DIMSE messages, as a peer sends them."""

from __future__ import annotations

from negatoscope.doors.dimse.command_set import Command, CommandField
from negatoscope.doors.dimse.messages import command_units, whole_units
from negatoscope.doors.dimse.pdu import AssociateRequest, ProposedContext, UserInformation

VERIFICATION = "1.2.840.10008.1.1"
IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"


def a_request(
    *proposals: tuple[str, tuple[str, ...]], called: str = "NEGATOSCOPE", calling: str = "MODALITY", maximum_length: int = 16384
) -> AssociateRequest:
    """Build a request; contexts are numbered 1, 3, 5… in the order of the proposals (verification when there is none)."""
    return AssociateRequest(
        protocol_version=1,
        called_ae_title=called,
        calling_ae_title=calling,
        application_context="1.2.840.10008.3.1.1.1",
        contexts=tuple(
            ProposedContext(context_id=2 * index + 1, abstract_syntax=abstract, transfer_syntaxes=syntaxes)
            for index, (abstract, syntaxes) in enumerate(proposals or ((VERIFICATION, (IMPLICIT,)),))
        ),
        user_information=UserInformation(maximum_length=maximum_length, implementation_class_uid="1.2.3"),
    )


def an_echo(*, message_id: int = 1, context_id: int = 1) -> bytes:
    """Encode a C-ECHO request as P-DATA-TF."""
    command = Command(command_field=CommandField.C_ECHO_RQ, message_id=message_id, affected_sop_class_uid=VERIFICATION)
    return b"".join(command_units(context_id, command, 16384))


def a_message(command: Command, content: bytes, *, context_id: int = 1, maximum_length: int = 16384) -> bytes:
    """Encode a request with its data set as P-DATA-TF units."""
    return b"".join([*command_units(context_id, command, maximum_length), *whole_units(context_id, content, maximum_length)])
