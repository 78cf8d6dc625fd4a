"""The explicit list of what the door serves: one line a DIMSE request."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from negatoscope.doors.dimse.association import Association, Operation
from negatoscope.doors.dimse.command_set import Command, CommandField
from negatoscope.doors.dimse.commitment import answer_n_action
from negatoscope.doors.dimse.echo import answer_c_echo
from negatoscope.doors.dimse.finding import answer_c_find
from negatoscope.doors.dimse.getting import answer_c_get
from negatoscope.doors.dimse.messages import DataSink, GatheredDataSet, Message
from negatoscope.doors.dimse.moving import answer_c_move
from negatoscope.doors.dimse.negotiation import AcceptedContext
from negatoscope.doors.dimse.performed_steps import answer_n_create, answer_n_set
from negatoscope.doors.dimse.sop_classes import Family
from negatoscope.doors.dimse.statuses import Service
from negatoscope.doors.dimse.storage import InstanceStream, answer_c_store
from negatoscope.doors.dimse.workitem_actions import answer_workitem_action
from negatoscope.doors.dimse.workitem_find import WORKITEM_FAMILIES, answer_workitem_find
from negatoscope.doors.dimse.workitems import answer_workitem_create, answer_workitem_get, answer_workitem_set
from negatoscope.doors.dimse.worklist import answer_worklist_find


async def answer_find(association: Association, message: Message) -> None:
    """Answer a C-FIND by the information model of its presentation context."""
    if message.context.family is Family.WORKLIST:
        await answer_worklist_find(association, message)
    elif message.context.family in WORKITEM_FAMILIES:
        await answer_workitem_find(association, message)
    else:
        await answer_c_find(association, message)


async def answer_create(association: Association, message: Message) -> None:
    """Open a performed step or a workitem."""
    is_step = message.context.family is Family.PERFORMED_STEP
    await (answer_n_create if is_step else answer_workitem_create)(association, message)


async def answer_set(association: Association, message: Message) -> None:
    """Change a performed step or a workitem."""
    is_step = message.context.family is Family.PERFORMED_STEP
    await (answer_n_set if is_step else answer_workitem_set)(association, message)


async def answer_action(association: Association, message: Message) -> None:
    """Take an action of storage commitment or on workitems."""
    is_commitment = message.context.family is Family.COMMITMENT
    await (answer_n_action if is_commitment else answer_workitem_action)(association, message)


OPERATIONS: Final[Mapping[int, Operation]] = MappingProxyType({
    CommandField.C_ECHO_RQ: Operation(
        service=Service.VERIFICATION, families=frozenset({Family.VERIFICATION}), perform=answer_c_echo
    ),
    CommandField.C_STORE_RQ: Operation(
        service=Service.STORAGE, families=frozenset({Family.STORAGE}), perform=answer_c_store
    ),
    CommandField.C_FIND_RQ: Operation(
        service=Service.QUERY, families=frozenset({
            Family.FIND, Family.WORKLIST, Family.WORKITEM_PULL, Family.WORKITEM_WATCH, Family.WORKITEM_QUERY,
        }), perform=answer_find
    ),
    CommandField.C_MOVE_RQ: Operation(
        service=Service.RETRIEVAL, families=frozenset({Family.MOVE}), perform=answer_c_move
    ),
    CommandField.C_GET_RQ: Operation(
        service=Service.RETRIEVAL, families=frozenset({Family.GET}), perform=answer_c_get
    ),
    CommandField.N_CREATE_RQ: Operation(
        service=Service.NORMALIZED, families=frozenset({Family.PERFORMED_STEP, Family.WORKITEM_PUSH}), perform=answer_create
    ),
    CommandField.N_SET_RQ: Operation(
        service=Service.NORMALIZED, families=frozenset({Family.PERFORMED_STEP, Family.WORKITEM_PULL}), perform=answer_set
    ),
    CommandField.N_ACTION_RQ: Operation(
        service=Service.NORMALIZED, families=frozenset({
            Family.COMMITMENT, Family.WORKITEM_PUSH, Family.WORKITEM_PULL, Family.WORKITEM_WATCH,
        }), perform=answer_action
    ),
    CommandField.N_GET_RQ: Operation(
        service=Service.NORMALIZED,
        families=frozenset({Family.WORKITEM_PUSH, Family.WORKITEM_PULL, Family.WORKITEM_WATCH}),
        perform=answer_workitem_get,
    ),
})  # fmt: skip


def open_sink(association: Association, context: AcceptedContext, command: Command) -> DataSink:
    """Return where the data set of a message goes: an object to the archive, anything else to memory, up to a limit."""
    if command.command_field == CommandField.C_STORE_RQ and context.family is Family.STORAGE:
        return InstanceStream(association, context, command, association.source)
    limits = association.door.limits
    is_list = command.command_field in {CommandField.N_CREATE_RQ, CommandField.N_SET_RQ, CommandField.N_ACTION_RQ}
    return GatheredDataSet(limits.attribute_list_bytes if is_list else limits.identifier_bytes)
