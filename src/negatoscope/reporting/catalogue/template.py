"""A report template: the text to begin with, for a region and a language.

`{side}` is filled in when the template is inserted. What stands in square brackets is a blank to be filled or chosen
by the author, `[normale | augmentée]`; a report with a blank left cannot be signed.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportTemplate:
    """One template. `regions` are Body Part Examined terms; none means that it suits any region."""

    name: str
    title: str
    regions: tuple[str, ...] = ()
    assessment: str = ""
    technique: str = ""
    findings: str = ""
    conclusion: str = ""
