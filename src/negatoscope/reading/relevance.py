"""How much a prior study helps to read the current one: a score in five parts, and the words that explain it. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

from negatoscope.reading.anatomy import nearness, region_of

REGION_WEIGHT, LATERALITY_WEIGHT, MODALITY_WEIGHT, AGE_WEIGHT, REPORT_WEIGHT = 0.45, 0.15, 0.20, 0.15, 0.05
AGE_SCALE_DAYS = 730.0
LEAST_SCORE = 0.45
MOST_PRIORS = 3
BASELINE_DAYS = 730

RADIOGRAPHY = frozenset({"DX", "CR", "DR", "RG", "XA", "RF"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyFacts:
    """What relevance looks at. `modality` is that of the images, `laterality` one of R, L, B or empty."""

    study_uid: str
    study_date: date | None
    modality: str
    body_part: str
    laterality: str = ""
    procedure: str = ""
    has_report: bool = False


@dataclass(frozen=True, slots=True)
class SeriesFacts:
    """What a series of images says of itself."""

    modality: str
    body_part: str
    laterality: str


@dataclass(frozen=True, slots=True)
class Reason:
    """One part of the explanation: a machine word, and a number where the word needs one."""

    name: str
    value: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """A prior study, how relevant it is (0 to 1), and why, the weightiest reason first."""

    study_uid: str
    score: float
    explanation: tuple[Reason, ...]


def rate_prior(current: StudyFacts, prior: StudyFacts) -> Prior:
    """Rate one prior study against the current one."""
    region, region_word = nearness(current.body_part, prior.body_part)
    laterality, laterality_word = _laterality(current.laterality, prior.laterality)
    modality, modality_word = _modality(current, prior)
    age_days = _age_days(current, prior)
    age = 0.0 if age_days is None else math.exp(-age_days / AGE_SCALE_DAYS)
    score = (
        REGION_WEIGHT * region
        + LATERALITY_WEIGHT * laterality
        + MODALITY_WEIGHT * modality
        + AGE_WEIGHT * age
        + REPORT_WEIGHT * prior.has_report
    )
    reasons = [Reason(region_word)]
    if _same_procedure(current, prior):
        reasons.append(Reason("same_procedure"))
    if laterality_word:
        reasons.append(Reason(laterality_word))
    reasons.append(Reason(modality_word))
    reasons.append(Reason("age_unknown") if age_days is None else Reason("age_days", age_days))
    if prior.has_report:
        reasons.append(Reason("has_report"))
    return Prior(study_uid=prior.study_uid, score=round(score, 4), explanation=tuple(reasons))


def choose_priors(current: StudyFacts, candidates: list[StudyFacts], *, most: int = MOST_PRIORS) -> list[Prior]:
    """Return the priors to show, best first.

    The latest study of the same procedure leads; then those that score enough; and the oldest study of the same
    procedure, when it is more than two years older, is kept as a baseline. A study of the future is no prior, nor is
    one of another region: a foot of yesterday would otherwise reach the least score on its date alone.
    """
    older = [prior for prior in candidates if prior.study_uid != current.study_uid and _is_older(current, prior)]
    rated = {prior.study_uid: rate_prior(current, prior) for prior in older}
    same = sorted((prior for prior in older if _same_procedure(current, prior)), key=_day, reverse=True)
    chosen = [rated[same[0].study_uid]] if same else []
    by_score = sorted(rated.values(), key=lambda prior: (-prior.score, prior.study_uid))
    chosen += [
        prior
        for prior in by_score
        if prior.score >= LEAST_SCORE and prior not in chosen and prior.explanation[0].name != "other_region"
    ]
    chosen = chosen[:most]
    baseline = same[-1] if same else None
    if baseline is not None and (_age_days(current, baseline) or 0) > BASELINE_DAYS:
        found = rated[baseline.study_uid]
        if found not in chosen:
            labelled = Prior(study_uid=found.study_uid, score=found.score, explanation=(*found.explanation, Reason("baseline")))
            chosen.append(labelled)
    return chosen


def _laterality(current: str, prior: str) -> tuple[float, str]:
    if not current or not prior:
        return 1.0, ""
    if current == prior:
        return 1.0, "same_side"
    if "B" in {current, prior}:
        return 0.7, "both_sides"
    return 0.4, "opposite_side"


def _modality(current: StudyFacts, prior: StudyFacts) -> tuple[float, str]:
    if current.modality == prior.modality or {current.modality, prior.modality} <= RADIOGRAPHY:
        return 1.0, "same_modality"
    sectional = {current.modality, prior.modality} & {"CT"}
    plain = {current.modality, prior.modality} & RADIOGRAPHY
    if sectional and plain and region_of(current.body_part) == region_of(prior.body_part) == "CHEST":
        return 0.8, "related_modality"
    if {current.modality, prior.modality} <= RADIOGRAPHY | {"CT", "MR"}:
        return 0.6, "related_modality"
    return 0.3, "other_modality"


def _same_procedure(current: StudyFacts, prior: StudyFacts) -> bool:
    if current.procedure and prior.procedure:
        return current.procedure == prior.procedure
    same_region = nearness(current.body_part, prior.body_part)[0] == 1.0
    same_side = not current.laterality or not prior.laterality or current.laterality == prior.laterality
    return same_region and same_side and _modality(current, prior)[1] == "same_modality"


def _age_days(current: StudyFacts, prior: StudyFacts) -> int | None:
    if current.study_date is None or prior.study_date is None:
        return None
    return max(0, (current.study_date - prior.study_date).days)


def _is_older(current: StudyFacts, prior: StudyFacts) -> bool:
    return current.study_date is None or prior.study_date is None or prior.study_date <= current.study_date


def _day(prior: StudyFacts) -> date:
    return prior.study_date or date.min
