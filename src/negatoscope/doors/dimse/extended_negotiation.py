"""SOP class extended negotiation of query and retrieval: what is proposed, what we do (PS3.4 C.5.1.1, C.5.2.1, C.5.3.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from negatoscope.doors.dimse.sop_classes import Family

QUERY_FIELDS: Final = (
    "Relational queries",
    "Combined date-time matching",
    "Fuzzy semantic matching of person names",
    "Timezone query adjustment",
    "Enhanced multi-frame image conversion",
    "Empty value matching",
    "Multiple value matching",
)
QUERY_ABILITIES: Final = bytes((1, 1, 0, 0, 0, 1, 0))
RETRIEVAL_FIELDS: Final = ("Relational retrieval", "Enhanced multi-frame image conversion")
RETRIEVAL_ABILITIES: Final = bytes((1, 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was agreed on for one SOP class beyond the baseline."""

    is_relational: bool = False
    combines_date_time: bool = False
    matches_empty: bool = False


BASELINE: Final = Options()


def answer_of(family: Family, proposed: bytes) -> bytes | None:
    """Return the answer, as long as the proposal: what both sides can; None for a class that has no such negotiation."""
    ours = {Family.FIND: QUERY_ABILITIES, Family.MOVE: RETRIEVAL_ABILITIES, Family.GET: RETRIEVAL_ABILITIES}.get(family)
    return None if ours is None or not proposed else bytes(theirs & mine for theirs, mine in zip(proposed, ours, strict=False))


def options_of(family: Family, answer: bytes | None) -> Options:
    """Return what an answer of ours promises."""
    if answer is None:
        return BASELINE
    promised = answer.ljust(len(QUERY_FIELDS), b"\0")
    is_query = family is Family.FIND
    return Options(
        is_relational=bool(promised[0]),
        combines_date_time=is_query and bool(promised[1]),
        matches_empty=is_query and bool(promised[5]),
    )
