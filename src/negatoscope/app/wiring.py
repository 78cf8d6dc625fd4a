"""The explicit lists of what happens without being asked for: reactions to facts, periodic work, kinds of jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from negatoscope.access.sweeping import sweep_access
from negatoscope.ai.jobs import RUN_MODEL
from negatoscope.ai.requests import REQUEST_RUNS
from negatoscope.ai.results import SETTLE_FINDINGS
from negatoscope.archive import scrubbing, stability
from negatoscope.archive.discs.expiring import EXPIRE_CHANGED_DISCS, expire_discs
from negatoscope.archive.discs.writing import WRITE_DISC
from negatoscope.archive.following import FOLLOW_PATIENT
from negatoscope.archive.imports.archives import READ_ARCHIVES
from negatoscope.archive.jobs import BUILD_METADATA, READY_METADATA
from negatoscope.archive.orphans import sweep_orphans
from negatoscope.archive.prefetch.fetching import fetch_job
from negatoscope.archive.prefetch.peers import Speaker, Speakers
from negatoscope.archive.prefetch.searching import search_job
from negatoscope.archive.recompression.jobs import RECOMPRESS, RECOMPRESS_STABLE
from negatoscope.archive.retention.erasing import ERASE
from negatoscope.archive.retention.keeping import propose_due
from negatoscope.archive.routing.choosing import CONSIDER, ROUTE, notice_quiet_series, release_waiting
from negatoscope.archive.routing.consignments import Carriers
from negatoscope.archive.routing.sending import send_job
from negatoscope.audit.sealing import seal_pending
from negatoscope.doors.dicomweb import fetching as dicomweb_fetching
from negatoscope.doors.dicomweb.sending import send_to_server
from negatoscope.doors.dimse import fetching as dimse_fetching
from negatoscope.doors.dimse.commitment_job import REPORT_COMMITMENT
from negatoscope.doors.dimse.sending import notify_device, send_to_device
from negatoscope.doors.dimse.workitem_reports import REPORT_WORKITEMS, SEND_WORKITEM_REPORTS
from negatoscope.dose.register import RECORD_EXPOSURES
from negatoscope.exchange.deliveries import DELIVER, QUEUE_RESULTS
from negatoscope.orders import matching
from negatoscope.orders.prefetching import PREFETCH
from negatoscope.orders.workitems.retention import sweep_workitems
from negatoscope.platform.job_worker import JobDefinition
from negatoscope.platform.reactions import Reaction
from negatoscope.platform.runtime import Platform
from negatoscope.reading.refresh import REFRESH_URGENCY, refresh_all
from negatoscope.reading.tasks import FOLLOW_REPORT, OPEN_TASK
from negatoscope.reporting.reports import is_signed_for
from negatoscope.sharing.reactions import END_SHARES_OF_MOVED_STUDY, END_THIRD_PARTY_SHARES


@dataclass(frozen=True, slots=True, kw_only=True)
class Periodic:
    """Work done for each tenant every so many seconds; it must be harmless when two workers do it at once."""

    name: str
    period_s: float
    run: Callable[[Platform], object]


def seal(platform: Platform) -> None:
    """Chain the audit entries of this tenant that were committed since the last call."""
    seal_pending(platform.database, platform.clock, tenants=[platform.tenant])


# In the order of who waits for it: the reading list first.
REACTIONS: tuple[Reaction, ...] = (
    *matching.reactions(is_signed_for),
    OPEN_TASK,
    FOLLOW_REPORT,
    REFRESH_URGENCY,
    QUEUE_RESULTS,
    REQUEST_RUNS,
    SETTLE_FINDINGS,
    RECORD_EXPOSURES,
    READY_METADATA,
    RECOMPRESS_STABLE,
    FOLLOW_PATIENT,
    ROUTE,
    PREFETCH,
    REPORT_WORKITEMS,
    END_THIRD_PARTY_SHARES,
    END_SHARES_OF_MOVED_STUDY,
    EXPIRE_CHANGED_DISCS,
)

CARRIERS = Carriers(to_device=send_to_device, to_server=send_to_server, notify=notify_device)
SPEAKERS = Speakers(
    device=Speaker(
        find_studies=dimse_fetching.find_studies, find_parts=dimse_fetching.find_parts, fetch=dimse_fetching.fetch_study
    ),
    server=Speaker(
        find_studies=dicomweb_fetching.find_studies,
        find_parts=dicomweb_fetching.find_parts,
        fetch=dicomweb_fetching.fetch_study,
    ),
)

JOBS: tuple[JobDefinition, ...] = (
    RUN_MODEL,
    DELIVER,
    REPORT_COMMITMENT,
    BUILD_METADATA,
    RECOMPRESS,
    ERASE,
    CONSIDER,
    send_job(CARRIERS),
    search_job(SPEAKERS),
    fetch_job(SPEAKERS),
    SEND_WORKITEM_REPORTS,
    WRITE_DISC,
    READ_ARCHIVES,
)

PERIODIC: tuple[Periodic, ...] = (
    Periodic(name="studies", period_s=1.0, run=stability.sweep),
    Periodic(name="quiet_series", period_s=5.0, run=notice_quiet_series),
    Periodic(name="routing_hours", period_s=30.0, run=release_waiting),
    Periodic(name="urgency", period_s=60.0, run=refresh_all),
    Periodic(name="retention", period_s=86_400.0, run=propose_due),
    Periodic(name="orphans", period_s=86_400.0, run=sweep_orphans),
    Periodic(name="scrub", period_s=scrubbing.PERIOD_S, run=scrubbing.scrub),
    Periodic(name="workitems", period_s=3600.0, run=sweep_workitems),
    Periodic(name="discs", period_s=3600.0, run=expire_discs),
    Periodic(name="sessions", period_s=3600.0, run=sweep_access),
    Periodic(name="audit", period_s=0.5, run=seal),
)
