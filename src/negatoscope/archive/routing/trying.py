"""Try a rule on studies that are here: which objects it would send, and why each condition holds or not. Nothing leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Subject, system_subject
from negatoscope.archive.model import Instance, Study
from negatoscope.archive.report_visibility import visible_instances
from negatoscope.archive.routing import transfer_store
from negatoscope.archive.routing.choosing import NAME, origin_of
from negatoscope.archive.routing.conditions import examine, names_somebody
from negatoscope.archive.routing.facts import StudyFacts
from negatoscope.archive.routing.model import Condition, RuleContent
from negatoscope.archive.routing.rules import check_content
from negatoscope.archive.study_store import list_instances
from negatoscope.platform.errors import CorruptObject
from negatoscope.platform.runtime import Platform

MOST_STUDIES: Final = 50
MOST_OBJECTS: Final = 40
MOST_VALUES: Final = 4


@dataclass(slots=True, kw_only=True)
class Verdict:
    """For how many of the objects looked at a condition holds, and which values they have, the most frequent first.

    `is_veiled`: the attribute may name a person, so its values are not told.
    """

    condition: Condition
    is_veiled: bool
    holds: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def values(self) -> list[str]:
        """Return the values to show."""
        return [value for value, _ in self.counts.most_common(MOST_VALUES)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a rule would do with one study. `looked_at` of its objects were read, at most forty, spread over its series.

    `returning`: how many came from the destination itself, and would not go back. `unreadable`: damaged ones.
    """

    study: Study
    looked_at: int
    going: int
    returning: int
    unreadable: int
    verdicts: tuple[Verdict, ...]


def try_rule(platform: Platform, subject: Subject, content: RuleContent, *, studies: int) -> list[Trial]:
    """Return what a rule, kept or not, would have sent of the newest studies."""
    with platform.database.read(platform.tenant) as tx:
        authorise(tx, subject, Action.MANAGE_DEVICES)
        check_content(tx, content)
        origin = origin_of(tx, content)
        newest = transfer_store.list_newest_studies(tx, max(1, min(studies, MOST_STUDIES)))
        found = [(StudyFacts(platform, tx, uid), _shown(platform, tx, uid)) for uid in newest]
    return [_try_on(content, facts, _spread(shown), origin) for facts, shown in found]


def _shown(platform: Platform, tx: Connection, study_uid: str) -> list[Instance]:
    return list_instances(tx, study_uid, where=visible_instances(system_subject(platform.tenant, NAME)))


def _spread(found: Sequence[Instance]) -> Sequence[Instance]:
    """Return at most forty objects at even distances, so that each series has its say."""
    step = max(1, -(-len(found) // MOST_OBJECTS))
    return found[::step]


def _try_on(content: RuleContent, facts: StudyFacts, objects: Sequence[Instance], origin: str) -> Trial:
    verdicts = tuple(Verdict(condition=one, is_veiled=names_somebody(one.keyword)) for one in content.conditions)
    going = returning = unreadable = 0
    for instance in objects:
        try:
            findings = list(examine(content.conditions, facts.of(instance).values))
        except CorruptObject:
            unreadable += 1
            continue
        for verdict, finding in zip(verdicts, findings, strict=True):
            verdict.holds += finding.holds
            verdict.counts.update([] if verdict.is_veiled else [value for value in finding.values if value])
        fits = all(finding.holds for finding in findings)
        comes_from_there = instance.source == origin
        going += fits and not comes_from_there
        returning += fits and comes_from_there
    return Trial(
        study=facts.study,
        looked_at=len(objects),
        going=going,
        returning=returning,
        unreadable=unreadable,
        verdicts=verdicts,
    )
