"""Has this been asked for already, or done just now? Few, specific warnings (rules R1 and R2). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from negatoscope.orders.catalogue import ABDOMEN_PELVIS, CHEST, LOWER_LIMB, SPINE, UPPER_LIMB
from negatoscope.orders.model import Laterality, Origin, Priority
from negatoscope.orders.states import OrderState


class OrderWarning(StrEnum):
    """What an order is warned of; kept with it and shown as a sentence."""

    DUPLICATE_ORDER = "duplicate_order"
    SAME_EXAMINATION_DONE = "same_examination_done"
    LATERALITY_MISSING = "laterality_missing"


ACTIVE = frozenset({
    OrderState.RECEIVED, OrderState.ACCEPTED, OrderState.SCHEDULED, OrderState.IN_PROGRESS, OrderState.ON_HOLD,
})  # fmt: skip
DUPLICATE_WITHIN = timedelta(hours=24)
DONE_WITHIN_DAYS = {CHEST: 7, ABDOMEN_PELVIS: 7, SPINE: 90, UPPER_LIMB: 10, LOWER_LIMB: 10}
PELVIS_CODES = frozenset({"PELVIS-AP", "PELVIS-3V", "HIP-2V"})
PELVIS_DAYS = 14
INPATIENT_CHEST_DAYS = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What is asked for now."""

    code: str
    body_region: str
    laterality: Laterality | None
    priority: Priority
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What the same patient had or waits for. `done_at`: when the first step started."""

    code: str
    laterality: Laterality | None
    state: OrderState
    received_at: datetime
    done_at: datetime | None


def find_redundancies(candidate: Candidate, history: Iterable[Past], now: datetime) -> tuple[OrderWarning, ...]:
    """Return what the order is to be warned of."""
    same = [past for past in history if past.code == candidate.code and past.laterality == candidate.laterality]
    warnings = []
    if any(past.state in ACTIVE and now - past.received_at <= DUPLICATE_WITHIN for past in same):
        warnings.append(OrderWarning.DUPLICATE_ORDER)
    days = _days(candidate)
    if (
        days
        and candidate.origin not in (Origin.EMERGENCY, Origin.INTENSIVE_CARE)
        and any(
            past.done_at is not None
            and past.state in (OrderState.COMPLETED, OrderState.REPORTED)
            and now - past.done_at <= timedelta(days=days)
            for past in same
        )
    ):
        warnings.append(OrderWarning.SAME_EXAMINATION_DONE)
    return tuple(warnings)


def blocks(warnings: Iterable[OrderWarning], priority: Priority) -> bool:
    """Say whether somebody must decide before this order goes on; what is wanted at once is never held back."""
    return OrderWarning.DUPLICATE_ORDER in warnings and priority is not Priority.STAT


def _days(candidate: Candidate) -> int:
    if candidate.code in PELVIS_CODES:
        return PELVIS_DAYS
    if candidate.body_region == CHEST and candidate.origin is Origin.INPATIENT:
        return INPATIENT_CHEST_DAYS
    return DONE_WITHIN_DAYS.get(candidate.body_region, 0)
