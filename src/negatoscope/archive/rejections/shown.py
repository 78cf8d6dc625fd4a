"""The one condition that keeps rejected objects from whoever is not to see them, and what it leaves to count."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from sqlalchemy import ColumnElement, and_, exists, not_, or_, true

from negatoscope.archive.rejections.model import EVERYTHING, RejectionTitle
from negatoscope.archive.rejections.tables import rejections
from negatoscope.archive.tables import instances, series, studies

_IN_FORCE = rejections.c.revoked_at.is_(None)


def not_rejected(hidden: AbstractSet[RejectionTitle] = EVERYTHING) -> ColumnElement[bool]:
    """Keep the instances that no note in force names under one of these titles."""
    if not hidden:
        return true()
    named = rejections.c.sop_instance_uid == instances.c.sop_instance_uid
    return not_(exists().where(named, rejections.c.study_uid == instances.c.study_uid, *_under(hidden)).correlate(instances))


def series_is_shown(hidden: AbstractSet[RejectionTitle], visible: ColumnElement[bool]) -> ColumnElement[bool]:
    """Keep the series in which something is left; where nothing is rejected, no instance is looked at."""
    of_series = and_(rejections.c.study_uid == series.c.study_uid, rejections.c.series_uid == series.c.series_uid)
    same = and_(instances.c.study_uid == series.c.study_uid, instances.c.series_uid == series.c.series_uid)
    return _is_shown(hidden, of_series, exists().where(same, visible).correlate(series))


def series_is_whole() -> ColumnElement[bool]:
    """Keep the series of which nothing is rejected: whoever sees rejected objects too sees the same of them."""
    of_series = and_(rejections.c.study_uid == series.c.study_uid, rejections.c.series_uid == series.c.series_uid)
    return not_(exists().where(of_series, _IN_FORCE).correlate(series))


def study_is_shown(hidden: AbstractSet[RejectionTitle], visible: ColumnElement[bool]) -> ColumnElement[bool]:
    """Keep the studies in which something is left: not those from which all was moved away."""
    of_study = rejections.c.study_uid == studies.c.study_uid
    left = exists().where(instances.c.study_uid == studies.c.study_uid, visible).correlate(studies)
    shown = _is_shown(hidden, of_study, left)
    # The number on the row of a stable study is what a reader sees of it.
    return or_(studies.c.state != "stable", studies.c.instances > 0) & shown if hidden == EVERYTHING else shown


def _is_shown(
    hidden: AbstractSet[RejectionTitle], named: ColumnElement[bool], something_left: ColumnElement[bool]
) -> ColumnElement[bool]:
    if not hidden:
        return true()
    return or_(not_(exists().where(named, *_under(hidden)).correlate(series, studies)), something_left)


def _under(hidden: AbstractSet[RejectionTitle]) -> list[ColumnElement[bool]]:
    if hidden == EVERYTHING:
        return [_IN_FORCE]
    return [_IN_FORCE, rejections.c.title.in_(sorted(hidden))]
