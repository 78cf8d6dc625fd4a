"""Choose a report template and begin a text from it. Pure."""

from __future__ import annotations

from dataclasses import replace

from negatoscope.platform.errors import NotFound
from negatoscope.reporting.catalogue import english, french
from negatoscope.reporting.catalogue.template import ReportTemplate
from negatoscope.reporting.model import Assessment, Body

CATALOGUES = {"fr": french.TEMPLATES, "en": english.TEMPLATES}

SIDES = {
    "fr": {"R": "droit", "L": "gauche", "B": "bilatéral", "": "[droit | gauche]"},
    "en": {"R": "right", "L": "left", "B": "both", "": "[right | left]"},
}


def templates_for(language: str, body_part: str) -> list[ReportTemplate]:
    """Return every template of the language, those for this region first."""
    region = body_part.upper()
    return sorted(CATALOGUES[language], key=lambda template: (region not in template.regions, bool(template.regions) is False))


def begin_from(body: Body, name: str, *, language: str, side: str = "", indication: str = "") -> Body:
    """Return the body with the sections of a template; indication and comparison already written are kept."""
    template = next((one for one in CATALOGUES[language] if one.name == name), None)
    if template is None:
        raise NotFound("There is no such report template.", reason="unknown_template")

    def filled(text: str) -> str:
        return text.replace("{side}", SIDES[language].get(side, SIDES[language][""]))

    return replace(
        body,
        template=template.name,
        assessment=Assessment(template.assessment),
        indication=body.indication or indication,
        technique=filled(template.technique),
        findings=filled(template.findings),
        conclusion=filled(template.conclusion),
    )
