"""Which priors are shown, in which order, and why."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from negatoscope.reading.anatomy import nearness
from negatoscope.reading.relevance import Reason, StudyFacts, choose_priors, rate_prior

TODAY = date(2026, 3, 2)


def facts(
    uid: str, *, days: int = 0, part: str = "CHEST", modality: str = "DX", side: str = "", report: bool = False
) -> StudyFacts:
    """Return a study `days` before today."""
    return StudyFacts(
        study_uid=uid,
        study_date=TODAY - timedelta(days=days),
        modality=modality,
        body_part=part,
        laterality=side,
        has_report=report,
    )


CURRENT = facts("1.1")


def test_same_study_yesterday_with_a_report_is_worth_all_but_a_day() -> None:
    prior = rate_prior(CURRENT, facts("1.2", days=1, report=True))
    assert prior.score == pytest.approx(1.0, abs=0.001)
    assert prior.explanation[0] == Reason("same_region")
    assert Reason("age_days", 1) in prior.explanation


def test_score_is_the_weighted_sum_of_its_parts() -> None:
    prior = rate_prior(facts("1.1", part="HAND", side="R"), facts("1.2", days=730, part="WRIST", side="L", modality="MR"))
    assert prior.score == pytest.approx(0.45 * 0.3 + 0.15 * 0.4 + 0.20 * 0.6 + 0.15 * 0.36788, abs=0.0002)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("CHEST", "thorax", 1.0),
        ("RIB", "CHEST", 0.7),
        ("CHEST", "RIB", 0.7),
        ("HIP", "PELVIS", 0.7),
        ("WRIST", "HAND", 0.3),
        ("CHEST", "FOOT", 0.0),
        ("", "CHEST", 0.0),
    ],
)
def test_nearness_of_regions(one: str, other: str, expected: float) -> None:
    assert nearness(one, other)[0] == expected


def test_latest_study_of_the_same_procedure_leads_even_when_old() -> None:
    chest = facts("1.2", days=3000)
    abdomen = facts("1.3", days=1, part="ABDOMEN", report=True)
    assert [prior.study_uid for prior in choose_priors(CURRENT, [abdomen, chest])] == ["1.2", "1.3"]


def test_oldest_same_procedure_is_kept_as_baseline() -> None:
    candidates = [facts(f"1.{n}", days=n) for n in (10, 20, 30, 40)] + [facts("1.9999", days=1500)]
    chosen = choose_priors(CURRENT, candidates)
    assert [prior.study_uid for prior in chosen] == ["1.10", "1.20", "1.30", "1.9999"]
    assert chosen[-1].explanation[-1] == Reason("baseline")


def test_irrelevant_and_later_studies_are_left_out() -> None:
    foot = facts("1.2", days=1, part="FOOT", report=True)
    later = facts("1.3", days=-2)
    assert choose_priors(CURRENT, [foot, later, CURRENT]) == []


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_younger_prior_never_scores_less(first: int, second: int) -> None:
    younger, older = sorted((first, second))
    assert rate_prior(CURRENT, facts("1.2", days=younger)).score >= rate_prior(CURRENT, facts("1.2", days=older)).score
