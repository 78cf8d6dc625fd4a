"""The job that reports a storage commitment to the device's own address."""

from __future__ import annotations

import asyncio
from typing import Final

from negatoscope.access.devices import RetrieveDestination, retrieve_destination
from negatoscope.doors.dimse.commitment_report import (
    CommitmentRequest,
    check_references,
    encode_report,
    one_chunk,
    report_command,
    request_of,
)
from negatoscope.doors.dimse.limits import Limits
from negatoscope.doors.dimse.outgoing import OutgoingAssociation
from negatoscope.doors.dimse.pdu import ProposedContext, RoleSelection
from negatoscope.doors.dimse.sop_classes import (
    NETWORK_NATIVE,
    STORAGE_COMMITMENT_PUSH,
    Family,
)
from negatoscope.platform.errors import Unavailable
from negatoscope.platform.job_worker import JobDefinition, JobRun
from negatoscope.platform.logs import get_logger
from negatoscope.platform.runtime import Platform

logger = get_logger()

CONTEXT: Final = ProposedContext(context_id=1, abstract_syntax=STORAGE_COMMITMENT_PUSH, transfer_syntaxes=NETWORK_NATIVE)
WE_ARE_PROVIDER: Final = RoleSelection(sop_class_uid=STORAGE_COMMITMENT_PUSH, scu=False, scp=True)


def report_commitment(platform: Platform, run: JobRun) -> None:
    """Check the objects and report them; Unavailable, so that it is tried again, while the device does not listen."""
    ae_title = str(run.arguments["ae_title"])
    request = request_of(run.arguments)
    with platform.database.read(platform.tenant) as tx:
        destination = retrieve_destination(tx, ae_title)
    if destination is None:
        logger.warning("dimse_commitment_not_reported", reason="no_address", ae_title=ae_title)
        return
    status = asyncio.run(_send(platform, destination, request))
    if status != 0:
        raise Unavailable("The device did not take the commitment report.", reason="report_refused")
    logger.info("dimse_commitment_reported", ae_title=ae_title, status="0000")


async def _send(platform: Platform, destination: RetrieveDestination, request: CommitmentRequest) -> int | None:
    results = await asyncio.to_thread(check_references, platform, request.references)
    outgoing = OutgoingAssociation(
        destination,
        settings=platform.settings,
        limits=Limits(),
        proposed=(CONTEXT,),
        family=Family.COMMITMENT,
        roles=(WE_ARE_PROVIDER,),
    )
    async with outgoing:
        context = next(iter(outgoing.contexts), None)
        if context is None:
            raise Unavailable("The device does not take commitment reports.", reason="no_context")
        event_type_id, content = encode_report(request, results, context.transfer_syntax)
        command = report_command(event_type_id, outgoing.new_message_id())
        response = await outgoing.request(context, command, one_chunk(content))
        return response.status


REPORT_COMMITMENT: Final = JobDefinition(
    name="report_storage_commitment", run=report_commitment, max_attempts=12, first_retry_s=5.0
)
