"""What must be in order before a signature: what blocks it, and what the signer must say she has seen. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from negatoscope.reporting.model import Body

BLANK = re.compile(r"\[[^\[\]\n]{0,80}\]|_{3,}")

_SIDES = {
    "R": re.compile(r"\b(droite?s?|right)\b", re.IGNORECASE),
    "L": re.compile(r"\b(gauches?|left)\b", re.IGNORECASE),
}


class Level(StrEnum):
    """Whether a fault forbids the signature, or wants to be confirmed."""

    BLOCK = "block"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not in order: a machine word, put into words by the screens."""

    name: str
    level: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningFacts:
    """What the checks look at, besides the text. Sides are R, L, B or empty."""

    patient_name: str
    has_birth_date: bool
    to_reconcile: bool
    act: str
    signer_name: str
    has_order: bool
    is_stable: bool
    order_side: str = ""
    image_sides: frozenset[str] = frozenset()
    is_addendum: bool = False


def check(body: Body, facts: SigningFacts) -> tuple[Fault, ...]:
    """Return every fault, those that block first (arrêté of 22 September 2006, article 1, for the mandatory parts)."""
    blocking = [
        ("patient_missing", not facts.patient_name.strip()),
        ("act_missing", not facts.act.strip()),
        ("signer_missing", not facts.signer_name.strip()),
        ("addendum_empty", facts.is_addendum and not body.addendum.strip()),
        ("conclusion_empty", not facts.is_addendum and not body.conclusion.strip()),
        ("blank_left", _has_blank(body)),
    ]
    confirming = [
        ("side_conflict", _sides_conflict(body, facts)),
        ("birth_date_missing", not facts.has_birth_date),
        ("identity_to_reconcile", facts.to_reconcile),
        ("no_order", not facts.has_order),
        ("images_arriving", not facts.is_stable),
    ]
    return (
        *(Fault(name, Level.BLOCK) for name, wrong in blocking if wrong),
        *(Fault(name, Level.CONFIRM) for name, wrong in confirming if wrong),
    )


def sides_in(text: str) -> frozenset[str]:
    """Return the sides that a text names, in French or English."""
    return frozenset(side for side, words in _SIDES.items() if words.search(text))


def _has_blank(body: Body) -> bool:
    texts = (body.indication, body.technique, body.comparison, body.findings, body.conclusion, body.addendum)
    return any(BLANK.search(text) for text in texts)


def _sides_conflict(body: Body, facts: SigningFacts) -> bool:
    """Compare what was ordered, what was imaged and what is written, where one side is meant."""
    single = facts.image_sides if len(facts.image_sides) == 1 else frozenset[str]()
    known = {side for side in (facts.order_side, *single) if side in {"R", "L"}}
    if len(known) > 1:
        return True
    if not known:
        return False
    written = sides_in(f"{body.findings}\n{body.conclusion}\n{body.addendum}")
    return bool(written) and not known & written
