"""The reading list in words: chips with points, waiting times, sides, reasons for a prior."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from negatoscope.doors.web.formatting import format_datetime, format_number, format_time, local_time
from negatoscope.doors.web.language import N_, current_language, gettext, ngettext
from negatoscope.reading.listing import TaskRow, View
from negatoscope.reading.relevance import Prior, Reason
from negatoscope.reading.urgency import Band, Component

VIEW_WORDS: Final[Mapping[View, str]] = MappingProxyType({
    View.TO_READ: N_("To read"),
    View.MINE: N_("Mine"),
    View.TO_SIGN: N_("To sign"),
    View.URGENT: N_("Urgent"),
    View.READ: N_("Read"),
    View.ALL: N_("All"),
})  # fmt: skip

BAND_WORDS: Final[Mapping[Band, str]] = MappingProxyType({
    Band.CRITICAL: N_("Immediate, or critical for a model"),
    Band.OVERDUE: N_("Past the target time"),
    Band.WAITING: N_("In the order of the points"),
    Band.READ: N_("Read"),
})  # fmt: skip

_ORDER: Final = MappingProxyType({"STAT": N_("Immediate"), "urgent": N_("Urgent"), "routine": N_("Routine")})
_ORIGIN: Final = MappingProxyType({
    "ED": N_("Emergency department"), "ICU": N_("Intensive care"), "IP": N_("Inpatient"), "OP": N_("Outpatient"),
})  # fmt: skip
AI_WORDS: Final = MappingProxyType({
    "none": N_("AI: not run"),
    "pending": N_("AI: running"),
    "no_model": N_("AI: no model"),
    "refused": N_("AI: image not suitable"),
    "failed": N_("AI: failed"),
    "succeeded": N_("AI: nothing reported"),
    "not_critical": N_("AI: finding, not critical"),
    "set_aside": N_("AI: set aside by the reader"),
})  # fmt: skip
_SIDES: Final = MappingProxyType({"R": N_("right"), "L": N_("left"), "B": N_("both sides")})
_REASONS: Final = MappingProxyType({
    "same_region": N_("same region"),
    "overlapping_region": N_("overlapping region"),
    "adjacent_region": N_("adjacent region"),
    "other_region": N_("other region"),
    "unknown_region": N_("region unknown"),
    "same_procedure": N_("same procedure"),
    "same_side": N_("same side"),
    "opposite_side": N_("opposite side"),
    "both_sides": N_("both sides"),
    "same_modality": N_("same modality"),
    "related_modality": N_("related modality"),
    "other_modality": N_("other modality"),
    "age_unknown": N_("date unknown"),
    "has_report": N_("with report"),
    "baseline": N_("oldest, as a baseline"),
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Chip:
    """One chip: its word, its points, its tone, and what stands behind it."""

    word: str
    points: int
    tone: str
    detail: str


def chips(row: TaskRow) -> list[Chip]:
    """Return the chips of a row; their points add up to the score. What is worth nothing is left out, but for the AI."""
    return [
        _chip(component, row) for component in row.task.urgency.components if component.points != 0 or component.name == "ai"
    ]


def _chip(component: Component, row: TaskRow) -> Chip:
    match component.name:
        case "order":
            tone = "danger" if component.detail == "STAT" else "warning"
            return Chip(gettext(_ORDER[component.detail]), component.points, tone, gettext("Priority of the order"))
        case "origin":
            return Chip(gettext(_ORIGIN[component.detail]), component.points, "info", gettext("Where the patient comes from"))
        case "ai":
            return _ai_chip(component, row)
        case "waiting":
            minutes = int(component.detail)
            tone = "danger" if row.task.urgency.band is Band.OVERDUE else "neutral"
            return Chip(waiting_words(minutes), component.points, tone, gettext("Time waited against the target"))
        case _:
            return Chip(gettext("By hand"), component.points, "active", component.detail)


def _ai_chip(component: Component, row: TaskRow) -> Chip:
    if component.points == 0:
        word = gettext(AI_WORDS.get(component.detail, N_("AI: not run")))
        return Chip(word, 0, "neutral", gettext("The AI only ever adds points"))
    label, _, probability = component.detail.rpartition(" ")
    titles = next((one.titles for one in row.result.findings if one.label == label), {})
    title = titles.get(current_language(), label)
    number = format_number(float(probability), 2)
    sign = gettext("AI")
    word = f"{sign} {title.lower()} {number}"
    return Chip(word, component.points, "active", gettext("Finding of a model, to be checked"))


def waiting_words(minutes: int) -> str:
    """Return a wait in its two largest units, short: 45 min, 3 h 20, 2 d 4 h."""
    if minutes < 60:
        return gettext("%(minutes)s min") % {"minutes": minutes}
    hours, rest = divmod(minutes, 60)
    if hours < 24:
        return gettext("%(hours)s h %(minutes)02d") % {"hours": hours, "minutes": rest}
    days, hours = divmod(hours, 24)
    return gettext("%(days)s d %(hours)s h") % {"days": days, "hours": hours}


def since_words(at: datetime, now: datetime) -> str:
    """Return since when a study waits: the time today, with the day before that."""
    return format_time(at) if local_time(at).date() == local_time(now).date() else format_datetime(at)


def side_word(side: str) -> str:
    """Return a side in words, empty where none is meant."""
    return gettext(_SIDES[side]) if side in _SIDES else ""


def procedure_words(row: TaskRow) -> str:
    """Return what was asked for with its side, or what the modality calls it."""
    if row.procedure is None:
        return row.study_description
    side = side_word(row.procedure.laterality.value) if row.procedure.laterality is not None else ""
    described = row.procedure.description(current_language()) or row.study_description
    return f"{described}, {side}" if side else described


def explanation_words(prior: Prior) -> str:
    """Return why a prior was chosen: same region, same procedure, 8 months."""
    return ", ".join(_reason(reason) for reason in prior.explanation)


def _reason(reason: Reason) -> str:
    if reason.name != "age_days" or reason.value is None:
        return gettext(_REASONS[reason.name])
    days = reason.value
    if days < 60:
        return ngettext("%(num)s day", "%(num)s days", days) % {"num": days}
    if days < 730:
        months = round(days / 30.44)
        return ngettext("%(num)s month", "%(num)s months", months) % {"num": months}
    years = round(days / 365.25)
    return ngettext("%(num)s year", "%(num)s years", years) % {"num": years}
