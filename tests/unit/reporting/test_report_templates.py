"""The packaged templates are the same set in both languages, and begin a report that can be finished."""

from __future__ import annotations

import pytest

from negatoscope.platform.errors import NotFound
from negatoscope.reporting.checks import BLANK, sides_in
from negatoscope.reporting.model import Body
from negatoscope.reporting.report_templates import CATALOGUES, begin_from, templates_for


def test_both_languages_have_the_same_templates() -> None:
    described = {
        language: [(one.name, one.regions, one.assessment) for one in catalogue] for language, catalogue in CATALOGUES.items()
    }
    assert described["fr"] == described["en"]


def test_templates_of_the_region_come_first_and_free_text_before_other_regions_is_last() -> None:
    names = [template.name for template in templates_for("fr", "Pelvis")]
    assert names[0] == "pelvis_hip"
    assert names[-1] == "blank"
    assert len(names) == len(CATALOGUES["fr"])


def test_side_of_the_order_is_written_and_an_unknown_one_stays_a_blank() -> None:
    known = begin_from(Body(), "limb_trauma_normal", language="fr", side="L")
    assert sides_in(known.conclusion) == {"L"}
    assert not BLANK.search(known.findings + known.conclusion + known.technique)
    unknown = begin_from(Body(), "limb_trauma_normal", language="fr")
    assert BLANK.search(unknown.conclusion)


def test_normal_chest_can_be_signed_as_it_is() -> None:
    body = begin_from(Body(), "chest_pa_normal", language="en", indication="Cough.")
    assert body.indication == "Cough."
    assert body.assessment == "normal"
    assert not BLANK.search(body.findings + body.conclusion + body.technique)


def test_what_the_author_wrote_as_indication_and_comparison_is_kept() -> None:
    begun = begin_from(Body(indication="Toux.", comparison="2024."), "chest_pa", language="fr", indication="autre")
    assert (begun.indication, begun.comparison) == ("Toux.", "2024.")


def test_unknown_template_is_not_found() -> None:
    with pytest.raises(NotFound):
        begin_from(Body(), "../blank", language="fr")
