"""The modality worklist: which steps a station is shown, and which of them a query matches (PS3.4 K.6.1.2)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Text, Time, and_, cast, func, or_, select

from negatoscope.access.authorisation import authorise, visible_patients
from negatoscope.access.model import Action, Subject
from negatoscope.orders import planning_store, store
from negatoscope.orders.model import ScheduledStep
from negatoscope.orders.states import UNSTARTED_STEPS, OrderState, StepState
from negatoscope.orders.tables import orders, requested_procedures, scheduled_steps
from negatoscope.patients.names import name_key, name_pattern
from negatoscope.patients.store import get_patients
from negatoscope.patients.tables import patient_identifiers, patients

STARTED_VISIBLE_FOR = timedelta(hours=4)  # the modality may need the entry again for a second acquisition
USUAL_DAYS = 1
MOST_MATCHES = 500
MOST_SCANNED = 5_000
SHOWN_ORDERS = (OrderState.SCHEDULED, OrderState.IN_PROGRESS)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorklistQuery:
    """Matching keys; what is empty matches everything. `*` and `?` are wildcards in texts and names.

    `at` is the present, `time_zone` that of the site: dates and times of a worklist are local. Without `starts_from` and
    `starts_until` (inclusive, exclusive) the steps of yesterday, today and tomorrow are shown. `time_of_day` (both ends
    included) stands for a time key without a date key.
    """

    at: datetime
    time_zone: str
    station_ae_title: str = ""
    station_name: str = ""
    starts_from: datetime | None = None
    starts_until: datetime | None = None
    time_of_day: tuple[time, time] | None = None
    modality: str = ""
    performing_physician: str = ""
    step_description: str = ""
    scheduled_step_id: str = ""
    requested_procedure_id: str = ""
    study_uids: tuple[str, ...] = ()
    accession_number: str = ""
    requesting_physician: str = ""
    visit_number: str = ""
    patient_name: str = ""
    patient_identifier: str = ""
    patient_issuer: str = ""
    patient_birth_date: date | None = None
    patient_sex: str = ""
    states: frozenset[StepState] = field(default_factory=frozenset)
    limit: int = MOST_MATCHES


def find_scheduled_steps(tx: Connection, subject: Subject, query: WorklistQuery) -> list[ScheduledStep]:
    """Return the steps that the worklist shows and the query matches, earliest first, with procedure, order and patient.

    Shown are steps that wait, and those started less than four hours ago, of orders that are scheduled or under way; a
    step without a station belongs to every station.
    """
    authorise(tx, subject, Action.QUERY_WORKLIST)
    where = [visible_patients(subject, orders.c.patient_id), *_shown(query), *_matching(query)]
    names_physician = query.performing_physician.strip("*") or query.requesting_physician.strip("*")
    found = with_context(tx, planning_store.find_steps(tx, where, limit=MOST_SCANNED if names_physician else query.limit))
    return [step for step in found if _has_physicians(step, query)][: query.limit]


def list_day(tx: Connection, subject: Subject, *, day: date, time_zone: str, room_code: str = "") -> list[ScheduledStep]:
    """Return every step of a day, whatever its state, for the list of a room; all rooms where none is named."""
    authorise(tx, subject, Action.QUERY_WORKLIST)
    zone = ZoneInfo(time_zone)
    start = datetime.combine(day, time(), zone)
    end = datetime.combine(day + timedelta(days=1), time(), zone)
    where = [
        visible_patients(subject, orders.c.patient_id),
        orders.c.state.not_in([OrderState.RECEIVED.value, OrderState.ACCEPTED.value, OrderState.ON_HOLD.value]),
        scheduled_steps.c.starts_at >= start,
        scheduled_steps.c.starts_at < end,
    ]
    if room_code:
        where.append(scheduled_steps.c.room_code == room_code)
    return with_context(tx, planning_store.find_steps(tx, where, limit=MOST_MATCHES))


def with_context(tx: Connection, steps: list[ScheduledStep]) -> list[ScheduledStep]:
    """Return the steps with their procedures, orders and patients, in a few queries whatever their number."""
    procedures = store.procedures_planned(tx, {step.study_uid for step in steps})
    found = store.get_orders(tx, {procedure.order_id for procedure in procedures.values()})
    people = get_patients(tx, {order.patient_id for order in found.values()})
    complete = []
    for step in steps:
        procedure = procedures[step.study_uid]
        order = found[procedure.order_id]
        complete.append(replace(step, procedure=procedure, order=order, patient=people[order.patient_id]))
    return complete


def _shown(query: WorklistQuery) -> list[ColumnElement[bool]]:
    table = scheduled_steps.c
    waiting = table.state.in_(sorted(state.value for state in UNSTARTED_STEPS))
    under_way = and_(table.state == StepState.STARTED.value, table.started_at > query.at - STARTED_VISIBLE_FOR)
    conditions = [orders.c.state.in_([state.value for state in SHOWN_ORDERS]), or_(waiting, under_way)]
    if query.starts_from is None and query.starts_until is None:
        zone = ZoneInfo(query.time_zone)
        today = query.at.astimezone(zone).date()
        first = datetime.combine(today - timedelta(days=USUAL_DAYS), time(), zone)
        last = datetime.combine(today + timedelta(days=USUAL_DAYS + 1), time(), zone)
        conditions += [table.starts_at >= first, table.starts_at < last]
    return conditions


def _matching(query: WorklistQuery) -> list[ColumnElement[bool]]:
    step, procedure = scheduled_steps.c, requested_procedures.c
    conditions: list[ColumnElement[bool]] = []
    if query.station_ae_title.strip("*"):
        conditions.append(or_(_text(step.station_ae_title, query.station_ae_title), step.station_ae_title == ""))
    if query.starts_from is not None:
        conditions.append(step.starts_at >= query.starts_from)
    if query.starts_until is not None:
        conditions.append(step.starts_at < query.starts_until)
    if query.time_of_day is not None:
        local = cast(func.timezone(query.time_zone, step.starts_at), Time)
        conditions.append(local.between(*query.time_of_day))
    if query.study_uids:
        conditions.append(procedure.study_uid.in_(query.study_uids))
    if query.states:
        conditions.append(step.state.in_(sorted(state.value for state in query.states)))
    texts = (
        (step.modality, query.modality),
        (step.station_name, query.station_name),
        (step.protocol_meaning, query.step_description),
        (step.scheduled_step_id, query.scheduled_step_id),
        (procedure.requested_procedure_id, query.requested_procedure_id),
        (procedure.accession_number, query.accession_number),
        (orders.c.visit_number, query.visit_number),
    )
    conditions += [_text(column, wanted) for column, wanted in texts if wanted.strip("*")]
    return [*conditions, *_of_person(query)]


def _of_person(query: WorklistQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    pattern = name_pattern(query.patient_name)
    if pattern.strip("%"):
        conditions.append(or_(_like(patients.c.name_key, pattern), _like(patients.c.birth_name_key, pattern)))
    if query.patient_identifier.strip("*"):
        borne = select(patient_identifiers.c.patient_id).where(_text(patient_identifiers.c.value, query.patient_identifier))
        if query.patient_issuer:
            borne = borne.where(patient_identifiers.c.issuer == query.patient_issuer)
        conditions.append(patients.c.patient_id.in_(borne))
    if query.patient_birth_date is not None:
        conditions.append(patients.c.birth_date == query.patient_birth_date)
    if query.patient_sex:
        conditions.append(patients.c.sex == query.patient_sex)
    return conditions


def _has_physicians(step: ScheduledStep, query: WorklistQuery) -> bool:
    """Match the names of professionals here: they are not indexed folded, and few steps are left."""
    requester = step.order.requesting_physician if step.order is not None else None
    pairs = (
        (query.performing_physician, step.performing_physician),
        (query.requesting_physician, requester.person_name if requester else ""),
    )
    return all(
        fnmatchcase(name_key(name), name_pattern(wanted).replace("%", "*").replace("_", "?"))
        for wanted, name in pairs
        if wanted.strip("*")
    )


def _text(column: ColumnElement[str], wanted: str) -> ColumnElement[bool]:
    """Match a text: as it is, or by its wildcards (PS3.4 C.2.2.2.1 and C.2.2.2.4); of several values any one."""
    if "\\" in wanted:
        return or_(*(_text(column, part) for part in wanted.split("\\")))
    if "*" not in wanted and "?" not in wanted:
        return column == wanted
    escaped = wanted.replace("%", "\\%").replace("_", "\\_")
    return _like(column, escaped.replace("*", "%").replace("?", "_"))


def _like(column: ColumnElement[str], pattern: str) -> ColumnElement[bool]:
    return cast(column, Text).like(pattern, escape="\\") if "%" in pattern or "_" in pattern else column == pattern
