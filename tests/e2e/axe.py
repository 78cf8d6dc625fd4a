"""The accessibility checker axe-core in a page of the browser: rules of WCAG 2.2, levels A and AA."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

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


def faults_of(page: Page) -> list[Fault]:
    """Return what axe finds wrong in the page as it stands. The page's own script policy does not hinder it."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})"
        ".then(result => result.violations.flatMap(v => v.nodes.map(n =>"
        " [v.id, v.impact ?? 'unknown', n.target.join(' '), n.failureSummary ?? ''])))",
        RULES,
    )
    return [Fault(rule, impact, place, " ".join(summary.split())) for rule, impact, place, summary in found]


def rules_run(page: Page) -> set[str]:
    """Return the rules that found something to judge: a run that judged nothing proves nothing."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    names = page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}}).then(r => r.passes.map(p => p.id))", RULES
    )
    return set(names)
