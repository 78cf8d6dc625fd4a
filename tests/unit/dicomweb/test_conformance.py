"""The conformance statement says what the code does: its tables are made from the code's own."""

from __future__ import annotations

from negatoscope.archive.query_attributes import ATTRIBUTES, REQUEST_KEYS, Matching
from negatoscope.doors.dicomweb.application import ROUTES
from negatoscope.doors.dicomweb.negotiation import MEDIA_TYPES
from negatoscope.formats.dicom.transfer_syntaxes import TRANSFER_SYNTAXES
from tests.paths import ROOT

STATEMENT = ROOT / "docs" / "reference" / "conformance-dicomweb.md"

MATCHING = {
    Matching.UID: "list of UIDs",
    Matching.TEXT: "single value, wildcard",
    Matching.NAME: "single value, wildcard; case and accents folded",
    Matching.DATE: "single value, range",
    Matching.TIME: "single value, range",
    Matching.INTEGER: "single value",
    Matching.ANY_OF: "any of several values, wildcard",
    Matching.REQUEST: "single value of an item's " + ", ".join(REQUEST_KEYS),
    Matching.NONE: "returned only",
}


def resource_rows() -> list[str]:
    return [f"| {route.method} | `{route.path}` | `{route.action.value}` |" for route in ROUTES]


def attribute_rows() -> list[str]:
    return [
        f"| {attribute.level.value} | {attribute.keyword} | {attribute.tag[:4]},{attribute.tag[4:]}"
        f" | {MATCHING[attribute.matching]} | {'yes' if attribute.is_default else 'on request'} |"
        for attribute in ATTRIBUTES.values()
    ]


def media_type_rows() -> list[str]:
    return [
        f"| {media_type} | {', '.join(TRANSFER_SYNTAXES[uid].name for uid in syntaxes)} |"
        for media_type, syntaxes in MEDIA_TYPES.items()
    ]


def test_statement_lists_what_the_code_has() -> None:
    lines = STATEMENT.read_text("utf-8").splitlines()
    for expected in (resource_rows(), attribute_rows(), media_type_rows()):
        start = lines.index(expected[0])
        assert lines[start : start + len(expected)] == expected
        assert not lines[start + len(expected)].startswith("|")
