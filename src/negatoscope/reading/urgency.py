"""Urgency of a study that waits to be read: points that add up, and a guard so that nothing waits for ever. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from negatoscope.orders.model import Origin, Priority

AI_MOST_POINTS = 35
WAITING_POINTS_AT_TARGET = 30
WAITING_RATIO_LIMIT = 2.0
MANUAL_LIMIT = 15
OVERDUE_RATIO = 1.0


class AiOutcome(StrEnum):
    """What the models had to say about the study, silence included."""

    NONE = "none"
    PENDING = "pending"
    NO_MODEL = "no_model"
    REFUSED = "refused"
    FAILED = "failed"
    SUCCEEDED = "succeeded"
    NOT_CRITICAL = "not_critical"
    SET_ASIDE = "set_aside"


class Band(IntEnum):
    """Rows of a lower band stand above all rows of a higher one."""

    CRITICAL = 0
    OVERDUE = 1
    WAITING = 2
    READ = 3


PRIORITY_POINTS = {Priority.STAT: 40, Priority.URGENT: 25, Priority.ROUTINE: 0}
ORIGIN_POINTS = {Origin.EMERGENCY: 20, Origin.INTENSIVE_CARE: 20, Origin.INPATIENT: 10, Origin.OUTPATIENT: 0}

# Time in which a study should be read. Intensive care has no value of its own in the source and reads as the emergencies.
TARGETS = {
    Origin.EMERGENCY: timedelta(minutes=120),
    Origin.INTENSIVE_CARE: timedelta(minutes=120),
    Origin.INPATIENT: timedelta(hours=6),
    Origin.OUTPATIENT: timedelta(hours=24),
}
STAT_TARGET = timedelta(minutes=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class AiSignal:
    """The strongest finding of the models, if there is one that counts.

    `counts` is true when the result is valid, the finding is on the critical list, and its threshold is reached.
    """

    outcome: AiOutcome = AiOutcome.NONE
    label: str | None = None
    probability: float | None = None
    counts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class UrgencyInputs:
    """All that the score depends on, besides the time."""

    available_at: datetime
    priority: Priority = Priority.ROUTINE
    origin: Origin = Origin.OUTPATIENT
    ai: AiSignal = AiSignal()
    manual_points: int = 0
    manual_reason: str = ""


@dataclass(frozen=True, slots=True)
class Component:
    """One chip on the screen: `detail` is a machine word or number that the screen puts into words."""

    name: str
    points: int
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Urgency:
    """The score of one study at one time; `total` is the sum of the points of `components`.

    `rank` orders rows inside a band, the greatest first.
    """

    components: tuple[Component, ...]
    total: int
    band: Band
    rank: float


def target(priority: Priority, origin: Origin) -> timedelta:
    """Return the time in which the study should be read."""
    return min(STAT_TARGET, TARGETS[origin]) if priority is Priority.STAT else TARGETS[origin]


def score(inputs: UrgencyInputs, now: datetime) -> Urgency:
    """Score one study.

    The artificial intelligence only ever adds: absent, pending, refused, failed or below its threshold it is worth
    0 points and leaves a neutral component. A study past its target stands above all that is neither STAT nor critical
    for the models. An overdue STAT study stays in the first band, where its waiting points raise it further: to
    move it down because it waited longer would turn the guard round.
    """
    waited = max(now - inputs.available_at, timedelta())
    ratio = waited / target(inputs.priority, inputs.origin)
    components = (
        Component("order", PRIORITY_POINTS[inputs.priority], inputs.priority.value),
        Component("origin", ORIGIN_POINTS[inputs.origin], inputs.origin.value),
        _ai_component(inputs.ai),
        Component(
            "waiting",
            math.floor(WAITING_POINTS_AT_TARGET * min(WAITING_RATIO_LIMIT, ratio) + 0.5),
            str(int(waited.total_seconds() // 60)),
        ),
        Component("manual", max(-MANUAL_LIMIT, min(MANUAL_LIMIT, inputs.manual_points)), inputs.manual_reason),
    )
    total = sum(component.points for component in components)
    if inputs.priority is Priority.STAT or inputs.ai.counts:
        return Urgency(components=components, total=total, band=Band.CRITICAL, rank=float(total))
    if ratio > OVERDUE_RATIO:
        return Urgency(components=components, total=total, band=Band.OVERDUE, rank=ratio)
    return Urgency(components=components, total=total, band=Band.WAITING, rank=float(total))


def _ai_component(ai: AiSignal) -> Component:
    if ai.outcome is AiOutcome.SUCCEEDED and ai.counts and ai.label is not None and ai.probability is not None:
        points = math.floor(AI_MOST_POINTS * min(1.0, max(0.0, ai.probability)) + 0.5)
        return Component("ai", points, f"{ai.label} {ai.probability:.2f}")
    return Component("ai", 0, ai.outcome.value)
