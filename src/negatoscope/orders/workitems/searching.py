"""Search for workitems: by index as far as the keys allow, then by every key (PS3.4 CC.2.8)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from negatoscope.access.authorisation import authorise, visible_patients
from negatoscope.access.model import Action, Subject
from negatoscope.audit.trail import record
from negatoscope.orders.workitems import store
from negatoscope.orders.workitems.attributes import tag_of
from negatoscope.orders.workitems.matching import Keys, Zone, check_keys, matches
from negatoscope.orders.workitems.model import Workitem, WorkitemState
from negatoscope.orders.workitems.moments import parse_span, zone_of
from negatoscope.orders.workitems.store import Narrowing
from negatoscope.orders.workitems.tables import workitems
from negatoscope.platform.errors import OutOfResources

_UID, _STATE = tag_of("SOPInstanceUID"), tag_of("ProcedureStepState")
_PATIENT, _LABEL = tag_of("PatientID"), tag_of("WorklistLabel")
_START = tag_of("ScheduledProcedureStepStartDateTime")
MOST_MISSES: Final = 20_000
"""How many workitems one request looks at that do not match or are passed over."""
_WILDCARDS = frozenset("*?\\")


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkitemQuery:
    """What is searched for. `zone` is that of moments without an offset in the keys, `time_zone` that of the site.

    `after`, the place of the last one seen, or `offset` tells what was given out already.
    """

    zone: Zone
    time_zone: str
    keys: Keys = field(default_factory=dict)
    limit: int
    offset: int = 0
    after: tuple[datetime, str] | None = None


def site_zone(time_zone: str) -> Zone:
    """Return the zone of the site."""
    return ZoneInfo(time_zone)


def find_workitems(tx: Connection, subject: Subject, query: WorkitemQuery) -> list[Workitem]:
    """Return the workitems that match and that the subject may see, by their planned start; leave a trace."""
    authorise(tx, subject, Action.QUERY_WORKITEMS)
    check_keys(query.keys, query.zone)
    if query.offset > MOST_MISSES:
        raise _too_many()
    found = list(islice(iterate_matches(tx, subject, query), query.offset, query.offset + query.limit))
    record(
        tx,
        subject.actor,
        Action.QUERY_WORKITEMS.value,
        objects={"keys": [tag for tag, key in query.keys.items() if key], "matches": len(found)},
    )
    return found


def list_workitems(
    tx: Connection,
    subject: Subject,
    *,
    states: Sequence[WorkitemState],
    before: tuple[datetime, str] | None = None,
    limit: int,
) -> list[Workitem]:
    """Return workitems by their planned start, the last first, for those who look after the list and not after patients."""
    authorise(tx, subject, Action.OVERSEE_WORKITEMS)
    return store.list_workitems(tx, states, before=before, limit=limit)


def iterate_matches(tx: Connection, subject: Subject, query: WorkitemQuery, *, hold: bool = False) -> Iterator[Workitem]:
    """Yield what matches, one after the other; `hold`: none of them changes until the transaction ends.

    OutOfResources once more was looked at in vain than one request may.
    """
    # Without a patient there is nobody who could object.
    visible = workitems.c.patient_id.is_(None) | visible_patients(subject, workitems.c.patient_id)
    narrowing, misses = narrowing_of(query.keys, query.zone), 0
    for workitem in store.iterate_workitems(tx, narrowing, visible=visible, after=query.after, hold=hold):
        # A moment of the workitem without an offset is in its own zone, else in that of the site.
        if matches(workitem.attributes, query.keys, zone_of(workitem.attributes, query.time_zone)):
            yield workitem
            continue
        misses += 1
        if misses > MOST_MISSES:
            raise _too_many()


def _too_many() -> OutOfResources:
    return OutOfResources("The query asks for more than is looked at; narrow it.", reason="too_many_matches")


def narrowing_of(keys: Keys, zone: Zone) -> Narrowing:
    """Return the part of the keys that an index serves; never more narrow than the keys themselves."""
    start = _text(keys, _START)
    span = parse_span(start, zone) if start.strip("*") else None
    return Narrowing(
        uids=tuple(part for part in _text(keys, _UID).split("\\") if part.strip("*")),
        states=tuple(_text(keys, _STATE).split("\\")) if _is_plain(keys, _STATE, but="\\") else (),
        patient_identifier=_text(keys, _PATIENT) if _is_plain(keys, _PATIENT) else "",
        worklist_label=_text(keys, _LABEL) if _is_plain(keys, _LABEL) else "",
        starts_from=span.first if span is not None else None,
        starts_until=span.last if span is not None else None,
    )


def _text(keys: Keys, tag: str) -> str:
    key = keys.get(tag, "")
    return key.strip(" \0") if isinstance(key, str) else ""


def _is_plain(keys: Keys, tag: str, *, but: str = "") -> bool:
    text = _text(keys, tag)
    return bool(text) and not (_WILDCARDS - set(but)) & set(text)
