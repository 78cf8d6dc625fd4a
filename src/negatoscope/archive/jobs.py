"""What the archive does in the background when a study is complete: make its metadata ready for the first viewer."""

from __future__ import annotations

from sqlalchemy import Connection

from negatoscope.archive.metadata import cache_study_metadata
from negatoscope.platform.events import Event
from negatoscope.platform.job_worker import JobDefinition, JobRun
from negatoscope.platform.reactions import Reaction
from negatoscope.platform.runtime import Platform


def _build(platform: Platform, run: JobRun) -> None:
    cache_study_metadata(platform, str(run.arguments["study_uid"]))


BUILD_METADATA = JobDefinition(name="archive.build_metadata", run=_build)


def _enqueue(platform: Platform, tx: Connection, event: Event) -> None:
    platform.jobs.enqueue(tx, BUILD_METADATA, key=f"{event.subject}/{event.sequence}", arguments={"study_uid": event.subject})


READY_METADATA = Reaction(name="archive.ready_metadata", kinds=frozenset({"study_stable"}), handle=_enqueue)
