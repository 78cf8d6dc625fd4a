"""The gate's explicit stack: what the parser is inside of, so that no nesting can exhaust the interpreter's own."""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple

from negatoscope.formats.dicom.elements import (
    DOUBLE_FLOAT_PIXEL_DATA,
    FLOAT_PIXEL_DATA,
    INDEXED_KEYWORDS,
    INDEXED_SEQUENCES,
    PIXEL_DATA,
)

MAXIMUM_DEPTH: Final = 64
UNBOUNDED: Final = 1 << 62

Indexed = dict[int, tuple[str, bytes]]
NOTHING_INDEXED: Final[Indexed] = {}


class Coding(Enum):
    """Name how the elements of one data set are encoded."""

    IMPLICIT_LITTLE = "implicit_little"
    EXPLICIT_LITTLE = "explicit_little"
    EXPLICIT_BIG = "explicit_big"


class Kind(Enum):
    """Name what a container holds: elements, items, or compressed fragments."""

    DATA_SET = "data_set"
    SEQUENCE = "sequence"
    FRAGMENTS = "fragments"


class ElementHeader(NamedTuple):
    """Hold one decoded element header; ``at`` and ``value_at`` index the piece in hand."""

    tag: int
    vr: bytes
    length: int
    at: int
    value_at: int


class Container:
    """Hold the state of one open data set, sequence or fragment list. ``limit`` is an absolute position."""

    __slots__ = ("coding", "has_defined_length", "indexed", "keyword", "kind", "limit", "seen", "values")

    def __init__(self, kind: Kind, coding: Coding, limit: int, *, has_defined_length: bool) -> None:
        self.kind = kind
        self.coding = coding
        self.limit = limit
        self.has_defined_length = has_defined_length
        self.seen: set[int] = set()
        self.indexed = NOTHING_INDEXED
        self.values: dict[str, bytes] = {}
        self.keyword = ""


def root_container(coding: Coding) -> Container:
    """Open the outermost data set."""
    root = Container(Kind.DATA_SET, coding, UNBOUNDED, has_defined_length=False)
    root.indexed = INDEXED_KEYWORDS
    return root


def item_keys(keyword: str) -> Indexed:
    """Return what the index keeps of each item of a top-level sequence."""
    return _ITEM_KEYS.get(keyword, NOTHING_INDEXED)


_ITEM_KEYS: Final = dict(INDEXED_SEQUENCES.values())
FIRST_ORDINARY_TAG: Final = 0x00080000
FIRST_SPECIAL_TAG: Final = min(PIXEL_DATA, FLOAT_PIXEL_DATA, DOUBLE_FLOAT_PIXEL_DATA)
