"""The DICOMweb conformance statement, its tables made from what the code serves (PS3.2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from negatoscope.archive.query_attributes import ATTRIBUTES, REQUEST_KEYS
from negatoscope.doors.dicomweb import conformance_words as words
from negatoscope.doors.dicomweb.application import ROUTES
from negatoscope.doors.dicomweb.negotiation import MEDIA_TYPES
from negatoscope.doors.dicomweb.pictures import MOST_PICTURES
from negatoscope.doors.dicomweb.qido import MOST_INSTANCES, MOST_STUDIES, REFUSED_MATCHING
from negatoscope.doors.dicomweb.stow_metadata import LONGEST_INLINED, LONGEST_METADATA, MOST_INLINED, MOST_SIGNS
from negatoscope.doors.dimse.conformance_words import MATCHING_WORDS
from negatoscope.formats.dicom.presentation import GREYSCALE_STATE
from negatoscope.formats.dicom.rendering import MEDIA_TYPES as PICTURE_TYPES
from negatoscope.formats.dicom.transfer_syntaxes import TRANSFER_SYNTAXES


def dicomweb_statement() -> str:
    """Return the whole page in Markdown."""
    parts = (
        words.OVERVIEW,
        _resources(),
        words.CAPABILITIES,
        words.STORING.format(
            metadata_mib=LONGEST_METADATA >> 20,
            signs=MOST_SIGNS,
            inlined_mib=LONGEST_INLINED >> 20,
            object_mib=MOST_INLINED >> 20,
        ),
        _table(("Status", "Meaning"), words.STATUSES),
        _table(("Failure reason", "Meaning"), ((f"{code:04X}", meaning) for code, meaning in words.FAILURES.items())),
        words.AFTER_FAILURES,
        words.SEARCHING.format(
            studies=MOST_STUDIES, instances=MOST_INSTANCES, refused=", ".join(f"`{name}`" for name in REFUSED_MATCHING)
        ),
        _attributes(),
        words.AFTER_ATTRIBUTES,
        words.RETRIEVING,
        _media_types(),
        words.RENDERING.format(
            pictures=", ".join(f"`{name}`" for name in PICTURE_TYPES), most=MOST_PICTURES, state=GREYSCALE_STATE
        ),
    )
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, *rows)]
    return "\n".join([lines[0], "|---" * len(header) + "|", *lines[1:]])


def _resources() -> str:
    rows = ((route.method, f"`{route.path}`", f"`{route.action.value}`") for route in ROUTES)
    return _table(("Method", "Resource", "Action"), rows)


def _attributes() -> str:
    rows = (
        (
            attribute.level.value,
            attribute.keyword,
            f"{attribute.tag[:4]},{attribute.tag[4:]}",
            MATCHING_WORDS[attribute.matching],
            "yes" if attribute.is_default else "on request",
        )
        for attribute in ATTRIBUTES.values()
    )
    inside = ", ".join(f"`{keyword}`" for keyword in REQUEST_KEYS)
    return f"{_table(('Level', 'Attribute', 'Tag', 'Matching', 'Returned'), rows)}\n\nKeys inside the item: {inside}."


def _media_types() -> str:
    rows = (
        (media_type, ", ".join(TRANSFER_SYNTAXES[uid].name for uid in syntaxes)) for media_type, syntaxes in MEDIA_TYPES.items()
    )
    return _table(("Media type", "Transfer syntaxes"), rows)
