"""The reading list as it is looked at: filtered, in order, page after page by key, with what each row shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    any_,
    case,
    func,
    literal,
    or_,
    select,
    true,
)

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise, visible_patients
from negatoscope.access.model import Subject
from negatoscope.ai.results import StudyResult, results_of_studies
from negatoscope.archive.tables import studies
from negatoscope.orders.lookup import procedures_for_studies
from negatoscope.orders.model import RequestedProcedure
from negatoscope.patients.names import key_range, name_key
from negatoscope.platform.errors import InvalidInput
from negatoscope.reading.model import OPEN_STATES, ReadingTask, TaskState
from negatoscope.reading.store import task_of
from negatoscope.reading.tables import reading_tasks
from negatoscope.reading.urgency import Band

LONGEST_PAGE = 200
MOST_COUNTED = 1000
MOST_FOUND = 1000
_MINE = (TaskState.CLAIMED, TaskState.DRAFT, TaskState.PRELIMINARY, TaskState.ADDENDUM_DRAFT)
_TO_READ = (TaskState.UNASSIGNED, TaskState.CLAIMED, TaskState.DRAFT, TaskState.ON_HOLD)


class View(StrEnum):
    """Which part of the list is looked at."""

    TO_READ = "to_read"
    MINE = "mine"
    TO_SIGN = "to_sign"
    URGENT = "urgent"
    READ = "read"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFilter:
    """What narrows the list. `text` is the start of a name, an accession number or a patient identifier."""

    view: View = View.TO_READ
    text: str = ""
    modality: str = ""
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a row stands on the list: the key that the next page starts after."""

    band: int
    rank: float
    available_at: datetime
    study_uid: str

    def __str__(self) -> str:
        return f"{self.band}~{self.rank!r}~{self.available_at.isoformat()}~{self.study_uid}"

    @classmethod
    def parse(cls, text: str) -> Place:
        """Read what `str()` wrote; InvalidInput for anything else."""
        try:
            band, rank, available_at, study_uid = text.split("~")
            place = cls(
                band=int(band),
                rank=float(rank),
                available_at=datetime.fromisoformat(available_at),
                study_uid=study_uid,
            )
        except ValueError as error:
            raise InvalidInput("The page key is not one of ours.", field="after") from error
        if place.available_at.tzinfo is None:
            raise InvalidInput("The page key is not one of ours.", field="after")
        return place


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRow:
    """One row: the task, whose study it is, what was asked for, what the models said."""

    task: ReadingTask
    patient_id: UUID
    patient_name: str
    patient_birth_date: date | None
    patient_sex: str
    patient_identifier: str
    accession_number: str
    study_date: date | None
    study_description: str
    modalities: tuple[str, ...]
    image_count: int
    is_arriving: bool
    procedure: RequestedProcedure | None
    result: StudyResult

    @property
    def place(self) -> Place:
        """Return the key of this row."""
        urgency = self.task.urgency
        return Place(
            band=int(urgency.band),
            rank=urgency.rank,
            available_at=self.task.available_at,
            study_uid=self.task.study_uid,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of rows, and the key of the next one (None at the end)."""

    rows: tuple[TaskRow, ...]
    next_after: Place | None


def list_tasks(tx: Connection, subject: Subject, wanted: TaskFilter, *, after: Place | None = None, limit: int = 50) -> Page:
    """Return a page of the list, the most urgent first; what was read comes last, the latest first."""
    authorise(tx, subject, Action.CLAIM_READING)
    limit = min(limit, LONGEST_PAGE)
    query = _rows().where(*_conditions(subject, wanted)).limit(limit + 1)
    if after is not None:
        query = query.where(_comes_after(after))
    found = list(tx.execute(query).mappings())
    rows = _complete(tx, found[:limit])
    return Page(rows=rows, next_after=rows[-1].place if len(found) > limit and rows else None)


def get_row(tx: Connection, subject: Subject, study_uid: str) -> TaskRow | None:
    """Return the row of one study, None when it is not on the list."""
    authorise(tx, subject, Action.CLAIM_READING)
    found = list(tx.execute(_rows().where(reading_tasks.c.study_uid == study_uid)).mappings())
    rows = _complete(tx, found)
    return rows[0] if rows else None


def find_next(tx: Connection, subject: Subject, *, except_study: str = "") -> TaskRow | None:
    """Return the study that should be read next: the most urgent that nobody has."""
    authorise(tx, subject, Action.CLAIM_READING)
    query = (
        _rows()
        .where(
            reading_tasks.c.state == TaskState.UNASSIGNED.value,
            reading_tasks.c.study_uid != except_study,
            visible_patients(subject, studies.c.patient_id),
        )
        .limit(1)
    )
    rows = _complete(tx, list(tx.execute(query).mappings()))
    return rows[0] if rows else None


def count_tasks(tx: Connection, subject: Subject) -> dict[View, int]:
    """Count the rows of each view that waits for somebody, up to a thousand."""
    authorise(tx, subject, Action.CLAIM_READING)
    counts = {}
    for view in (View.TO_READ, View.MINE, View.TO_SIGN, View.URGENT):
        inner = select(literal(1)).select_from(reading_tasks).where(_view(subject, view)).limit(MOST_COUNTED)
        counts[view] = tx.execute(select(func.count()).select_from(inner.subquery())).scalar_one()
    return counts


def _rows() -> Select[tuple[object, ...]]:
    columns = reading_tasks.c
    return (
        select(
            reading_tasks,
            studies.c.patient_id,
            studies.c.patient_name,
            studies.c.patient_birth_date,
            studies.c.patient_sex,
            studies.c.patient_identifier,
            studies.c.accession_number,
            studies.c.study_date,
            studies.c.study_description,
            studies.c.modalities,
            case((studies.c.state == "receiving", true()), else_=~true()).label("is_arriving"),
        )
        .join(studies, studies.c.study_uid == columns.study_uid)
        .order_by(columns.band, columns.rank.desc(), columns.available_at, columns.study_uid)
    )


def _conditions(subject: Subject, wanted: TaskFilter) -> list[ColumnElement[bool]]:
    conditions = [visible_patients(subject, studies.c.patient_id), _view(subject, wanted.view)]
    if wanted.modality:
        conditions.append(literal(wanted.modality) == any_(studies.c.modalities))
    if wanted.since is not None:
        conditions.append(studies.c.study_date >= wanted.since)
    if wanted.until is not None:
        conditions.append(studies.c.study_date <= wanted.until)
    text = wanted.text.strip()
    if text:
        # Found among the studies first, by their own keys, so that a rare name does not walk the whole list.
        found = select(studies.c.study_uid).where(_named(text)).limit(MOST_FOUND)
        conditions.append(reading_tasks.c.study_uid.in_(found))
    return conditions


def _named(text: str) -> ColumnElement[bool]:
    """Match the start of a name as typed ("martin je", "MARTIN^JE"), an accession number or a patient identifier."""
    exact = or_(studies.c.accession_number == text, studies.c.patient_identifier == text)
    spoken = name_key(text)
    split = name_key(text.replace(" ", "^", 1)) if "^" not in text else spoken
    ranges = [key_range(key) for key in dict.fromkeys((spoken, split)) if key]
    key = studies.c.patient_name_key
    return or_(exact, *(and_(key >= low, key < high) for low, high in ranges))


def _view(subject: Subject, view: View) -> ColumnElement[bool]:
    columns = reading_tasks.c
    match view:
        case View.TO_READ:
            return columns.state.in_([state.value for state in _TO_READ])
        case View.MINE:
            mine = columns.state.in_([state.value for state in _MINE]) | columns.new_images_after_final
            return and_(columns.owner_id == subject.user_id, mine)
        case View.TO_SIGN:
            return columns.state == TaskState.PRELIMINARY.value
        case View.URGENT:
            urgent = columns.band.in_([int(Band.CRITICAL), int(Band.OVERDUE)])
            return and_(columns.state.in_([state.value for state in OPEN_STATES]), urgent)
        case View.READ:
            return columns.band == int(Band.READ)
        case View.ALL:
            return true()


def _comes_after(place: Place) -> ColumnElement[bool]:
    columns = reading_tasks.c
    same_band, same_rank = columns.band == place.band, columns.rank == place.rank
    return or_(
        columns.band > place.band,
        and_(same_band, columns.rank < place.rank),
        and_(same_band, same_rank, columns.available_at > place.available_at),
        and_(same_band, same_rank, columns.available_at == place.available_at, columns.study_uid > place.study_uid),
    )


def _complete(tx: Connection, found: list[RowMapping]) -> tuple[TaskRow, ...]:
    study_uids = [row["study_uid"] for row in found]
    procedures = procedures_for_studies(tx, study_uids)
    results = results_of_studies(tx, study_uids)
    return tuple(
        TaskRow(
            task=task_of(row),
            patient_id=row["patient_id"],
            patient_name=row["patient_name"],
            patient_birth_date=row["patient_birth_date"],
            patient_sex=row["patient_sex"],
            patient_identifier=row["patient_identifier"],
            accession_number=row["accession_number"],
            study_date=row["study_date"],
            study_description=row["study_description"],
            modalities=tuple(one for one in row["modalities"] if one != "DOC"),
            image_count=row["image_count"],
            is_arriving=row["is_arriving"],
            procedure=procedures.get(row["study_uid"]),
            result=results[row["study_uid"]],
        )
        for row in found
    )
