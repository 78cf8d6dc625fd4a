"""The explicit lists of what happens without being asked for: reactions to facts, periodic work, kinds of jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from negatoscope.ai.jobs import RUN_MODEL
from negatoscope.ai.requests import REQUEST_RUNS
from negatoscope.ai.results import SETTLE_FINDINGS
from negatoscope.archive import stability
from negatoscope.audit.sealing import seal_pending
from negatoscope.dose.register import RECORD_EXPOSURES
from negatoscope.orders import matching
from negatoscope.platform.events import Reaction
from negatoscope.platform.jobs import JobDefinition
from negatoscope.platform.runtime import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Periodic:
    """Work done for each tenant every so many seconds; it must be harmless when two workers do it at once."""

    name: str
    period_s: float
    run: Callable[[Platform], object]


REACTIONS: tuple[Reaction, ...] = (
    *matching.REACTIONS,
    RECORD_EXPOSURES,
    REQUEST_RUNS,
    SETTLE_FINDINGS,
)

JOBS: tuple[JobDefinition, ...] = (RUN_MODEL,)

PERIODIC: tuple[Periodic, ...] = (
    Periodic(name="studies", period_s=1.0, run=stability.sweep),
    Periodic(name="audit", period_s=0.5, run=lambda platform: seal_pending(platform.database, platform.clock)),
)
