"""Reports that we stored in a study ourselves are images to nobody: whoever reads only final reports reads them elsewhere.

The Encapsulated PDF of a signed report stands in its study, preliminary and superseded versions too. The reporting area
decides who may read which of them; through the archive they are open only to those who may read them all.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, and_, not_, true

from negatoscope.access.actions import Action
from negatoscope.access.model import Subject, SubjectKind
from negatoscope.access.policy import may_ever
from negatoscope.archive.model import SourceKind
from negatoscope.archive.tables import instances

ENCAPSULATED_PDF: Final = "1.2.840.10008.5.1.4.1.1.104.1"
_OWN: Final = f"{SourceKind.PRODUCT.value}:"


def sees_stored_reports(subject: Subject) -> bool:
    """Tell whether every version of a report is open to the subject; a listed device holds whole studies."""
    if subject.kind is SubjectKind.DEVICE:
        return True
    if subject.kind is SubjectKind.SHARE or subject.is_restricted:
        return False
    return may_ever(subject, Action.READ_PRELIMINARY_REPORT)


def visible_instances(subject: Subject) -> ColumnElement[bool]:
    """Return the condition that keeps the objects which the archive may show to the subject."""
    if sees_stored_reports(subject):
        return true()
    is_document = instances.c.sop_class_uid == ENCAPSULATED_PDF
    return not_(and_(is_document, instances.c.source.startswith(_OWN, autoescape=True)))
