"""Event reports on workitems, sent to devices on associations of our own, in order and at least once (PS3.4 CC.2.4)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import Connection

from negatoscope.access.devices import RetrieveDestination, retrieve_destination
from negatoscope.doors.dimse.command_set import DATA_SET_FOLLOWS, Command, CommandField
from negatoscope.doors.dimse.commitment_report import one_chunk
from negatoscope.doors.dimse.limits import Limits
from negatoscope.doors.dimse.outgoing import OutgoingAssociation
from negatoscope.doors.dimse.pdu import ProposedContext, RoleSelection
from negatoscope.doors.dimse.sop_classes import NETWORK_NATIVE, WORKITEM_EVENT, Family
from negatoscope.doors.dimse.workitems import encode_attributes
from negatoscope.orders.workitems import subscription_store
from negatoscope.orders.workitems.events import REPORTED
from negatoscope.orders.workitems.model import WORKITEM_CLASS, Report, Wire
from negatoscope.platform.errors import Unavailable
from negatoscope.platform.events import Event
from negatoscope.platform.job_worker import JobDefinition, JobRun
from negatoscope.platform.logs import get_logger
from negatoscope.platform.reactions import Reaction
from negatoscope.platform.runtime import Platform

logger = get_logger()

CONTEXT: Final = ProposedContext(context_id=1, abstract_syntax=WORKITEM_EVENT, transfer_syntaxes=NETWORK_NATIVE)
WE_ARE_PROVIDER: Final = RoleSelection(sop_class_uid=WORKITEM_EVENT, scu=False, scp=True)
AT_ONCE: Final = 50


def send_reports(platform: Platform, run: JobRun) -> None:
    """Send a subscriber what waits for it; Unavailable, so that it is tried again, while it does not listen."""
    subscriber_id = UUID(str(run.arguments["subscriber_id"]))
    with platform.database.read(platform.tenant) as guard:
        if not subscription_store.hold_delivery(guard, subscriber_id):
            raise Unavailable("This subscriber is being told already.", reason="delivery_under_way")
        destination = _destination_of(platform, subscriber_id)
        while destination is not None:
            with platform.database.read(platform.tenant) as tx:
                reports = subscription_store.list_open_reports(tx, subscriber_id, repeat_since=None, limit=AT_ONCE)
            if not reports:
                return
            asyncio.run(_send(platform, destination, reports))


def _destination_of(platform: Platform, subscriber_id: UUID) -> RetrieveDestination | None:
    with platform.database.read(platform.tenant) as tx:
        for subscriber in subscription_store.get_subscribers(tx, [subscriber_id]):
            return retrieve_destination(tx, subscriber.ae_title)
    return None


async def _send(platform: Platform, destination: RetrieveDestination, reports: Sequence[Report]) -> None:
    outgoing = OutgoingAssociation(
        destination,
        settings=platform.settings,
        limits=Limits(),
        proposed=(CONTEXT,),
        family=Family.WORKITEM_EVENT,
        roles=(WE_ARE_PROVIDER,),
    )
    async with outgoing:
        context = next(iter(outgoing.contexts), None)
        if context is None:
            raise Unavailable("The device does not take event reports.", reason="no_context")
        for report in reports:
            content = encode_attributes(report.content, context.transfer_syntax)
            command = report_command(report, outgoing.new_message_id())
            response = await outgoing.request(context, command, one_chunk(content))
            if response.status != 0:
                # The device has it and does not want it: to send the same again would help nobody (CC.2.4.3).
                logger.warning("workitem_report_refused", ae_title=destination.ae_title, status=f"{response.status or 0:04X}")
            await asyncio.to_thread(_mark, platform, report)


def _mark(platform: Platform, report: Report) -> None:
    with platform.database.transaction(platform.tenant) as tx:
        subscription_store.mark_delivered(tx, [report.sequence], at=platform.clock.now())


def report_command(report: Report, message_id: int) -> Command:
    """Return the command set of a report; its class is Push, as that of every workitem (PS3.4 CC.2.4.3)."""
    return Command(
        command_field=CommandField.N_EVENT_REPORT_RQ,
        message_id=message_id,
        affected_sop_class_uid=WORKITEM_CLASS,
        affected_sop_instance_uid=report.sop_instance_uid,
        event_type_id=int(report.report_type),
        data_set_type=DATA_SET_FOLLOWS,
    )


SEND_WORKITEM_REPORTS: Final = JobDefinition(name="send_workitem_reports", run=send_reports, max_attempts=12, first_retry_s=1.0)


def _enqueue(platform: Platform, tx: Connection, event: Event) -> None:
    subscriber_ids = event.payload.get(Wire.DIMSE.value)
    for subscriber_id in subscriber_ids if isinstance(subscriber_ids, list) else ():
        key = f"{subscriber_id}/{event.sequence}"
        platform.jobs.enqueue(tx, SEND_WORKITEM_REPORTS, key=key, arguments={"subscriber_id": subscriber_id})


REPORT_WORKITEMS: Final = Reaction(name="dimse.report_workitems", kinds=frozenset({REPORTED}), handle=_enqueue)
