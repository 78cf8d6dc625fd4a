"""What the archive shows to whom: neither what is rejected, nor the reports that we stored in a study ourselves.

What is rejected is hidden by the title of the note (rejections.model). Stored reports are images to nobody: whoever reads
only final reports reads them elsewhere.
The Encapsulated PDF of a signed report stands in its study, preliminary and superseded versions too. The reporting area
decides who may read which of them; through the archive they are open only to those who may read them all.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from functools import cache
from typing import Final

from sqlalchemy import ColumnElement, and_, false, not_, true

from negatoscope.access.actions import Action
from negatoscope.access.model import Subject, SubjectKind
from negatoscope.access.policy import may_ever
from negatoscope.archive.model import SourceKind
from negatoscope.archive.rejections.model import EVERYTHING, RejectionTitle, hidden_titles
from negatoscope.archive.rejections.shown import not_rejected, series_is_whole
from negatoscope.archive.tables import instances, series

ENCAPSULATED_PDF: Final = "1.2.840.10008.5.1.4.1.1.104.1"
_OWN: Final = f"{SourceKind.PRODUCT.value}:"
_NO_SERIES: Final = false()
_EVERY_SERIES: Final = true()
_WHOLE_SERIES: Final = series_is_whole()
_SERIES_OF_IMAGES: Final = series.c.modality != "DOC"


def sees_stored_reports(subject: Subject) -> bool:
    """Tell whether every version of a report is open to the subject; a listed device holds whole studies."""
    if subject.kind is SubjectKind.DEVICE:
        return True
    if subject.kind is SubjectKind.SHARE or subject.is_restricted:
        return False
    return may_ever(subject, Action.READ_PRELIMINARY_REPORT)


def uses_kept_blocks(subject: Subject) -> ColumnElement[bool]:
    """Return which series the subject may read from the blocks that are kept for most: those of which it sees as much."""
    if hidden_titles(subject) != EVERYTHING:
        return _WHOLE_SERIES if sees_stored_reports(subject) else _NO_SERIES
    return _EVERY_SERIES if sees_stored_reports(subject) else _SERIES_OF_IMAGES


def visible_instances(subject: Subject, *, named: bool = False) -> ColumnElement[bool]:
    """Return the condition that keeps the objects which the archive may show to the subject.

    `named`: one object is asked for by its own identifier, as whoever looks at rejected images does. Who sees as much gets
    the same condition, by which statements are remembered.
    """
    return _visible(hidden_titles(subject, named=named), sees_stored_reports(subject))


@cache
def _visible(hidden: AbstractSet[RejectionTitle], reads_reports: bool) -> ColumnElement[bool]:
    return and_(not_rejected(hidden), _readable(reads_reports))


def _readable(reads_reports: bool) -> ColumnElement[bool]:
    if reads_reports:
        return true()
    is_document = instances.c.sop_class_uid == ENCAPSULATED_PDF
    return not_(and_(is_document, instances.c.source.startswith(_OWN, autoescape=True)))
