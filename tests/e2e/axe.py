"""The accessibility checker axe-core in a page of the browser: rules of WCAG 2.2, levels A and AA."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page

AXE: Final = Path(__file__).parents[2] / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One rule broken at one place."""

    rule: str
    impact: str
    place: str
    summary: str

    def __str__(self) -> str:
        return f"{self.rule} ({self.impact}) at {self.place}: {self.summary}"


@lru_cache
def checker(program: Path = AXE) -> str:
    """Return the program of the checker; without it the test fails, for a walk that checks nothing proves nothing."""
    if not program.is_file():
        pytest.fail("The accessibility checker axe-core is not installed: run 'npm ci' in the folder frontend.")
    return program.read_text(encoding="utf-8")


def faults_of(page: Page) -> list[Fault]:
    """Return what axe finds wrong in the page as it stands. The page's own script policy does not hinder it."""
    page.evaluate(checker())
    found = page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})"
        ".then(result => result.violations.flatMap(v => v.nodes.map(n =>"
        " [v.id, v.impact ?? 'unknown', n.target.join(' '), n.failureSummary ?? ''])))",
        RULES,
    )
    return [Fault(rule, impact, place, " ".join(summary.split())) for rule, impact, place, summary in found]


def rules_run(page: Page) -> set[str]:
    """Return the rules that found something to judge: a run that judged nothing proves nothing."""
    page.evaluate(checker())
    names = page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}}).then(r => r.passes.map(p => p.id))", RULES
    )
    return set(names)
