"""What we write into a workitem ourselves: at its creation, with each change, and when it is canceled. Pure.

What is done here is declared in docs/reference/ups.md, as PS3.4 CC.2.5.3 asks.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from negatoscope.formats.dicom.json_values import JsonDataSet
from negatoscope.orders.workitems.attributes import code_item, copy, has_value, items_of, put, tag_of, text_of
from negatoscope.orders.workitems.model import WORKITEM_CLASS, WorkitemState, WorkitemUid
from negatoscope.orders.workitems.moments import write_moment
from negatoscope.platform.errors import InvalidInput

DEFAULT_WORKLIST: Final = "DEFAULT"
UNSPECIFIED_REASON: Final = ("110513", "DCM", "Discontinued for unspecified reason")  # CID 9300
_PROGRESS: Final = "ProcedureStepProgressInformationSequence"
_PERFORMED: Final = "UnifiedProcedureStepPerformedProcedureSequence"
_OURS: Final = ("TransactionUID", "SpecificCharacterSet")


def complete_creation(attributes: JsonDataSet, uid: WorkitemUid, *, at: datetime) -> tuple[JsonDataSet, bool]:
    """Return a new workitem as it is kept, and whether something of it is not as it was sent."""
    told = text_of(attributes, "SOPInstanceUID")
    if told and told != uid:
        sentence = "The data set names another instance than the request."
        raise InvalidInput(sentence, reason="invalid_attribute_value", field="SOPInstanceUID")
    kept = {tag: element for tag, element in attributes.items() if tag not in _tags(_OURS)}
    is_changed = not has_value(attributes, "WorklistLabel")
    if is_changed:
        put(kept, "WorklistLabel", DEFAULT_WORKLIST)
    put(kept, "SOPClassUID", WORKITEM_CLASS)
    put(kept, "SOPInstanceUID", uid)
    put(kept, "ProcedureStepState", WorkitemState.SCHEDULED.value)
    put(kept, "ScheduledProcedureStepModificationDateTime", write_moment(at))
    put(kept, _PROGRESS)
    put(kept, _PERFORMED)
    return kept, is_changed


def merge_changes(attributes: JsonDataSet, changes: JsonDataSet, *, at: datetime) -> JsonDataSet:
    """Return the workitem with the attributes of an N-SET laid over its own; a sequence replaces the sequence before."""
    merged = attributes | {tag: element for tag, element in changes.items() if tag not in _tags(_OURS)}
    put(merged, "ScheduledProcedureStepModificationDateTime", write_moment(at))
    return merged


def with_state(attributes: JsonDataSet, state: WorkitemState) -> JsonDataSet:
    """Return the workitem in another state."""
    changed = dict(attributes)
    put(changed, "ProcedureStepState", state.value)
    return changed


def complete_cancellation(attributes: JsonDataSet, request: JsonDataSet, *, at: datetime) -> JsonDataSet:
    """Return the workitem with what CANCELED requires: when (Table CC.2.5-3 asks it of us), and why.

    What the request to cancel says is noted; where nobody gave a reason, the code says just that.
    """
    items = items_of(attributes, _PROGRESS)
    progress = dict(items[0]) if items else {}
    copy(request, progress, "ReasonForCancellation", "ProcedureStepDiscontinuationReasonCodeSequence")
    if has_value(request, "ContactURI"):
        contact: JsonDataSet = {}
        copy(request, contact, "ContactURI", "ContactDisplayName")
        put(progress, "ProcedureStepCommunicationsURISequence", contact)
    if not has_value(progress, "ProcedureStepCancellationDateTime"):
        put(progress, "ProcedureStepCancellationDateTime", write_moment(at))
    if not has_value(progress, "ProcedureStepDiscontinuationReasonCodeSequence"):
        put(progress, "ProcedureStepDiscontinuationReasonCodeSequence", code_item(*UNSPECIFIED_REASON))
    changed = dict(attributes)
    put(changed, _PROGRESS, progress, *items[1:])
    return changed


def _tags(keywords: tuple[str, ...]) -> frozenset[str]:
    return frozenset(tag_of(keyword) for keyword in keywords)
