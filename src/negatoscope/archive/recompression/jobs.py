"""Recompress in the background once a study is complete, behind everything that somebody waits for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection

from negatoscope.access.model import system_subject
from negatoscope.archive.metadata import cache_study_metadata
from negatoscope.archive.model import Instance
from negatoscope.archive.recompression import store
from negatoscope.archive.recompression.model import Codec, Result
from negatoscope.archive.recompression.rewriting import recompress
from negatoscope.archive.study_store import list_instances
from negatoscope.audit.trail import record
from negatoscope.platform.errors import CorruptObject, Refused
from negatoscope.platform.events import Event
from negatoscope.platform.job_worker import JobDefinition, JobRun
from negatoscope.platform.logs import get_logger
from negatoscope.platform.reactions import Reaction
from negatoscope.platform.runtime import Platform

_PRIORITY: Final = 1000


def recompress_study(platform: Platform, study_uid: str) -> int:
    """Recompress what the rules say of a study; return how many objects changed their form. Harmless twice."""
    with platform.database.read(platform.tenant) as tx:
        wanted = store.list_series_to_recompress(tx, study_uid)
    changed = 0
    for series_uid, codec in wanted:
        changed += _recompress_series(platform, study_uid, series_uid, codec)
    if wanted:  # even if nothing changed: a run before this one may have died right here
        with platform.database.transaction(platform.tenant) as tx:
            store.forget_metadata(tx, study_uid, [series_uid for series_uid, _ in wanted])
        cache_study_metadata(platform, study_uid)
    return changed


def _recompress_series(platform: Platform, study_uid: str, series_uid: str, codec: Codec) -> int:
    with platform.database.read(platform.tenant) as tx:
        found = list_instances(tx, study_uid, series_uid)
    trail = _Trail(platform, codec)
    for instance in found:
        try:
            result = recompress(platform, instance, codec.transfer_syntax_uid, trace=trail.note)
        except (CorruptObject, Refused) as error:
            get_logger().warning("recompression_failed", reason=error.reason)
            continue
        if result is Result.RECOMPRESSED:
            trail.changed += 1
        elif result is Result.NOT_IDENTICAL:
            get_logger().error("recompression_not_identical", reason=codec.value)
    return trail.changed


@dataclass(slots=True)
class _Trail:
    """Leave one entry a series and run, with the first of its objects."""

    platform: Platform
    codec: Codec
    changed: int = field(default=0)

    def note(self, tx: Connection, instance: Instance) -> None:
        if self.changed:
            return
        record(
            tx,
            system_subject(self.platform.tenant, "archive").actor,
            "images_recompressed",
            study_uid=instance.study_uid,
            objects={"codec": self.codec.value, "first_sop_instance_uid": instance.sop_instance_uid},
        )


def _run(platform: Platform, run: JobRun) -> None:
    recompress_study(platform, str(run.arguments["study_uid"]))


RECOMPRESS = JobDefinition(name="archive.recompress", run=_run)


def _enqueue(platform: Platform, tx: Connection, event: Event) -> None:
    if store.list_series_to_recompress(tx, str(event.subject)):
        key = f"{event.subject}/{event.sequence}"
        platform.jobs.enqueue(tx, RECOMPRESS, key=key, arguments={"study_uid": event.subject}, priority=_PRIORITY)


RECOMPRESS_STABLE = Reaction(name="archive.recompress_stable", kinds=frozenset({"study_stable"}), handle=_enqueue)
