"""Search the archive as C-FIND and QIDO-RS ask it, at each level, under the policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from pydicom.dataset import Dataset
from sqlalchemy import ColumnElement, Connection, FromClause, Row, Select, and_, exists, select
from sqlalchemy.dialects.postgresql import distinct_on

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise, visible_studies
from negatoscope.access.model import Subject
from negatoscope.archive.answers import dataset_of, json_of
from negatoscope.archive.matching import Shown, conditions_of, unsupported_keys
from negatoscope.archive.query_attributes import ATTRIBUTES, UNIQUE_KEYS, Attribute, Level, level_of
from negatoscope.archive.rejections.model import RejectionTitle, hidden_titles
from negatoscope.archive.rejections.shown import series_is_shown, study_is_shown
from negatoscope.archive.report_visibility import sees_stored_reports, visible_instances
from negatoscope.archive.tables import instances, series, studies
from negatoscope.audit.trail import record
from negatoscope.platform.database import TenantId
from negatoscope.platform.json_value import JsonValue
from negatoscope.platform.runtime import Platform

__all__ = ["FindQuery", "Level", "find", "find_json", "level_of", "search_json", "unsupported_keys"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FindQuery:
    """What is asked.

    `filters`: by keyword (`RequestAttributesSequence.ScheduledProcedureStepID` for an item), values as DICOM writes
    them. `include`: keywords to return besides. `with_defaults`: return what QIDO-RS lists for the level; otherwise only
    filters, `include` and the unique keys, as C-FIND does. `combines_date_time`: a range of dates with a range of times is
    one span (PS3.4 C.2.2.2.5); otherwise each is matched by itself. `matches_empty`: two quotation marks ask for no value.
    """

    level: Level
    filters: Mapping[str, str] = field(default_factory=dict)
    include: frozenset[str] = frozenset()
    with_defaults: bool = True
    combines_date_time: bool = True
    matches_empty: bool = False
    limit: int | None = None
    offset: int = 0


def find(tx: Connection, subject: Subject, query: FindQuery) -> list[Dataset]:
    """Return one data set a match, in UTF-8 (ISO_IR 192): studies newest first, series and images by number."""
    attributes = _attributes(query)
    return [dataset_of(attributes, row) for row in _rows(tx, subject, query, attributes)]


def find_json(tx: Connection, subject: Subject, query: FindQuery) -> list[dict[str, JsonValue]]:
    """Return one object of the DICOM JSON model (PS3.18 F) a match."""
    attributes = _attributes(query)
    return json_of(attributes, _rows(tx, subject, query, attributes))


def search_json(platform: Platform, subject: Subject, query: FindQuery) -> list[dict[str, JsonValue]]:
    """Search as `find_json` and leave a trace of it: which keys were asked, not what was looked for."""
    with platform.database.transaction(TenantId(subject.tenant)) as tx:
        matches = find_json(tx, subject, query)
        asked = [keyword for keyword, value in query.filters.items() if value]
        record(
            tx,
            subject.actor,
            "images_queried",
            objects={"level": query.level.value, "keys": asked, "matches": len(matches)},
        )
    return matches


def _attributes(query: FindQuery) -> list[Attribute]:
    wanted = {keyword.partition(".")[0] for keyword in (*query.filters, *query.include)}
    wanted.update(UNIQUE_KEYS[query.level])
    found = []
    for attribute in ATTRIBUTES.values():
        is_default = query.with_defaults and attribute.is_default and _is_default_at(attribute, query)
        if attribute.level.depth <= query.level.depth and (is_default or attribute.keyword in wanted):
            found.append(attribute)
    return found


def _is_default_at(attribute: Attribute, query: FindQuery) -> bool:
    """Tell whether the level returns the attribute: those of the levels above only where the path does not name them."""
    if attribute.level is query.level:
        return True
    is_study_named = "StudyInstanceUID" in query.filters
    if query.level is Level.STUDY:
        return True
    if query.level is Level.IMAGE and attribute.level is Level.SERIES:
        return "SeriesInstanceUID" not in query.filters
    return not is_study_named


def _rows(tx: Connection, subject: Subject, query: FindQuery, attributes: Sequence[Attribute]) -> list[Row[*tuple[Any, ...]]]:
    authorise(tx, subject, Action.QUERY_IMAGES)
    keywords = tuple(attribute.keyword for attribute in attributes)
    shown = (visible_instances(subject), hidden_titles(subject), sees_stored_reports(subject))
    statement = _selected(query.level, keywords, *shown)
    statement = statement.where(visible_studies(subject, studies.c.study_uid, studies.c.patient_id))
    conditions = conditions_of(
        query.filters,
        query.level,
        Shown(series=_visible_parts(Level.SERIES, *shown), instances=visible_instances(subject)),
        combines_date_time=query.combines_date_time,
        matches_empty=query.matches_empty,
    )
    statement = statement.where(*conditions)
    if query.limit is not None:
        statement = statement.limit(query.limit)
    if query.offset:
        statement = statement.offset(query.offset)
    return list(tx.execute(statement))


@lru_cache(maxsize=256)
def _selected(
    level: Level,
    keywords: tuple[str, ...],
    visible: ColumnElement[bool],
    hidden: AbstractSet[RejectionTitle],
    reads_reports: bool,
) -> Select[*tuple[Any, ...]]:
    """Return the part of the statement that many searches share: what is asked, of what is shown, in which order."""
    statement = select(*[ATTRIBUTES[keyword].value.label(keyword) for keyword in keywords]).select_from(_tables(level))
    if level is Level.PATIENT:
        statement = statement.ext(distinct_on(studies.c.patient_id))
    return statement.where(_visible_parts(level, visible, hidden, reads_reports)).order_by(*_order(level))


@lru_cache(maxsize=64)
def _visible_parts(
    level: Level, visible: ColumnElement[bool], hidden: AbstractSet[RejectionTitle], reads_reports: bool
) -> ColumnElement[bool]:
    """Keep what the archive may show to the subject, and the series and studies in which something of it is left."""
    if level is Level.IMAGE:
        return visible
    if level is not Level.SERIES:
        return study_is_shown(hidden, visible)
    if reads_reports:
        return series_is_shown(hidden, visible)
    same = and_(instances.c.study_uid == series.c.study_uid, instances.c.series_uid == series.c.series_uid)
    return exists().where(same, visible)


def _tables(level: Level) -> FromClause:
    if level.depth <= Level.STUDY.depth:
        return studies
    joined = studies.join(series, series.c.study_uid == studies.c.study_uid)
    if level is Level.SERIES:
        return joined
    same = (instances.c.study_uid == series.c.study_uid) & (instances.c.series_uid == series.c.series_uid)
    return joined.join(instances, same)


def _order(level: Level) -> list[ColumnElement[object]]:
    if level is Level.PATIENT:
        return [studies.c.patient_id, studies.c.study_date.desc().nulls_last()]
    newest_first = [studies.c.study_date.desc().nulls_last(), studies.c.study_uid]
    by_series = [series.c.series_number.asc().nulls_last(), series.c.series_uid]
    by_instance = [instances.c.instance_number.asc().nulls_last(), instances.c.sop_instance_uid]
    if level is Level.STUDY:
        return newest_first
    if level is Level.SERIES:
        return [*newest_first, *by_series]
    return [*newest_first, *by_series, *by_instance]
