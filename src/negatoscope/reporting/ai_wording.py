"""How a report says that models helped: only what its reader agreed with."""

from __future__ import annotations

from sqlalchemy import Connection

from negatoscope.ai.model import FindingState
from negatoscope.ai.results import findings_of_study

AGREED = {"fr": "confirmé par le lecteur", "en": "confirmed by the reader"}
PROBABILITY = {"fr": "probabilité", "en": "probability"}


def ai_lines_of_study(tx: Connection, study_uid: str, language: str) -> tuple[str, ...]:
    """Return a line for each finding that was agreed with; nothing about the others."""
    return tuple(
        f"{finding.titles.get(language, finding.label)}, {PROBABILITY[language]} {_number(finding.probability, language)}, "
        f"{finding.model}, {AGREED[language]}"
        for finding in findings_of_study(tx, study_uid)
        if finding.status is FindingState.ACCEPTED
    )


def _number(value: float, language: str) -> str:
    written = f"{value:.2f}"
    return written.replace(".", ",") if language == "fr" else written
