"""Whether the time of keeping of a study is over: asked again at each step, since a patient may have come back."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection

from negatoscope.archive.retention import store
from negatoscope.archive.retention.model import RetentionRule
from negatoscope.platform.runtime import Platform


def find_rule(platform: Platform) -> RetentionRule | None:
    """Return the rule in force; None where everything is kept."""
    settings = platform.settings
    if settings.retention_years == 0:
        return None
    return RetentionRule(years=settings.retention_years, age=settings.retention_age)


def find_due_day(platform: Platform, tx: Connection, study_uid: str) -> date | None:
    """Return since when no rule keeps a study; None where its time is not over as things are now."""
    rule = find_rule(platform)
    if rule is None:
        return None
    due_on = rule.due_on(*store.get_last_passage(tx, study_uid))
    return due_on if due_on <= platform.clock.now().date() else None
