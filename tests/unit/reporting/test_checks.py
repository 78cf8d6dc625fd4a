"""What blocks a signature, and what must be confirmed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from negatoscope.reporting.checks import Level, SigningFacts, check, sides_in
from negatoscope.reporting.model import Body

IN_ORDER = SigningFacts(
    patient_name="ESSAI Zoé",
    has_birth_date=True,
    to_reconcile=False,
    act="Radiographie du poignet",
    signer_name="Dr Jean Valjean",
    has_order=True,
    is_stable=True,
    order_side="R",
    image_sides=frozenset({"R"}),
)
BODY = Body(findings="Pas de fracture du poignet droit.", conclusion="Radiographie normale.")


def names(body: Body, facts: SigningFacts, level: Level) -> list[str]:
    """Return the names of the faults of a level."""
    return [fault.name for fault in check(body, facts) if fault.level is level]


def test_report_in_order_has_no_fault() -> None:
    assert check(BODY, IN_ORDER) == ()


@pytest.mark.parametrize(
    ("body", "facts", "expected"),
    [
        (replace(BODY, conclusion=" "), IN_ORDER, "conclusion_empty"),
        (replace(BODY, findings="Taille : [normale | augmentée]"), IN_ORDER, "blank_left"),
        (replace(BODY, findings="Taille : ____ mm"), IN_ORDER, "blank_left"),
        (BODY, replace(IN_ORDER, patient_name=""), "patient_missing"),
        (BODY, replace(IN_ORDER, act=""), "act_missing"),
        (BODY, replace(IN_ORDER, signer_name=""), "signer_missing"),
        (BODY, replace(IN_ORDER, is_addendum=True), "addendum_empty"),
    ],
)
def test_mandatory_parts_block(body: Body, facts: SigningFacts, expected: str) -> None:
    assert names(body, facts, Level.BLOCK) == [expected]


@pytest.mark.parametrize(
    ("findings", "order", "images", "conflict"),
    [
        ("fracture du radius gauche", "R", {"R"}, True),
        ("fracture of the left radius", "R", set(), True),
        ("fracture du radius droit, comparée à la gauche", "R", {"R"}, False),
        ("pas de fracture", "R", {"R"}, False),
        ("pas de fracture", "R", {"L"}, True),
        ("fracture du radius gauche", "", {"L", "R"}, False),
        ("fracture du radius gauche", "B", set(), False),
        ("ventricule gauche dilaté", "", set(), False),
    ],
)
def test_sides_are_compared(findings: str, order: str, images: set[str], conflict: bool) -> None:
    facts = replace(IN_ORDER, order_side=order, image_sides=frozenset(images))
    found = names(replace(BODY, findings=findings), facts, Level.CONFIRM)
    assert found == (["side_conflict"] if conflict else [])


def test_words_that_only_contain_a_side_do_not_count() -> None:
    assert sides_in("l’endroit est brightly rendu, adroitement") == frozenset()


def test_uncertain_circumstances_must_be_confirmed() -> None:
    facts = replace(IN_ORDER, has_birth_date=False, to_reconcile=True, has_order=False, is_stable=False)
    expected = ["birth_date_missing", "identity_to_reconcile", "no_order", "images_arriving"]
    assert names(BODY, facts, Level.CONFIRM) == expected
