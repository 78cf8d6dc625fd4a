"""What subscribers are told of workitems: reports written in the transaction of the change, sent afterwards (PS3.4 CC.2.4).

`workitem_reported` says that reports wait: the DICOM door sends to devices, the web door to open channels, each in order
and at least once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from negatoscope.formats.dicom.json_values import JsonDataSet
from negatoscope.orders.workitems import subscription_store
from negatoscope.orders.workitems.attributes import copy, has_value, items_of, put, tag_of, values_of
from negatoscope.orders.workitems.model import (
    GLOBAL_SUBSCRIPTION,
    ReportType,
    Subscriber,
    Wire,
    Workitem,
    WorkitemState,
    WorkitemUid,
)
from negatoscope.platform.events import publish

REPORTED: Final = "workitem_reported"
WITHOUT_AE_TITLE: Final = "UPS_RS"
"""Requesting AE of a request that came by HTTP, where nobody has an AE title."""
_PROGRESS: Final = "ProcedureStepProgressInformationSequence"
_STATION: Final = "ScheduledStationNameCodeSequence"
_PERFORMERS: Final = "ScheduledHumanPerformersSequence"
_TOLD_PROGRESS: Final = (
    "ProcedureStepProgress",
    "ProcedureStepProgressDescription",
    "ProcedureStepCommunicationsURISequence",
)


def report_state(tx: Connection, workitem: Workitem, subscribers: Sequence[Subscriber], *, at: datetime) -> None:
    """Tell the state, and why it was canceled where somebody said so."""
    content: JsonDataSet = {}
    copy(workitem.attributes, content, "ProcedureStepState", "InputReadinessState")
    if workitem.state is WorkitemState.CANCELED:
        for progress in items_of(workitem.attributes, _PROGRESS)[:1]:
            copy(progress, content, "ReasonForCancellation", "ProcedureStepDiscontinuationReasonCodeSequence")
    _report(tx, workitem.sop_instance_uid, ReportType.STATE, content, subscribers, at=at)


def report_cancel_request(
    tx: Connection,
    workitem: Workitem,
    subscribers: Sequence[Subscriber],
    *,
    requesting_ae_title: str | None,
    request: JsonDataSet,
    at: datetime,
) -> None:
    """Tell that somebody asks for the cancellation, and what was said with it."""
    content: JsonDataSet = {}
    put(content, "RequestingAE", requesting_ae_title or WITHOUT_AE_TITLE)
    copy(
        request,
        content,
        "ReasonForCancellation",
        "ProcedureStepDiscontinuationReasonCodeSequence",
        "ContactURI",
        "ContactDisplayName",
    )
    _report(tx, workitem.sop_instance_uid, ReportType.CANCEL_REQUESTED, content, subscribers, at=at)


def report_changes(
    tx: Connection, before: Workitem, after: Workitem, subscribers: Sequence[Subscriber], *, at: datetime
) -> None:
    """Tell what an N-SET changed that subscribers are to know: readiness, progress, assignment."""
    if _differ(before.attributes, after.attributes, "InputReadinessState"):
        report_state(tx, after, subscribers, at=at)
    if _told_progress(before.attributes) != _told_progress(after.attributes):
        content: JsonDataSet = {}
        copy(after.attributes, content, _PROGRESS)
        _report(tx, after.sop_instance_uid, ReportType.PROGRESS, content, subscribers, at=at)
    if _differ(before.attributes, after.attributes, _STATION) or _differ(before.attributes, after.attributes, _PERFORMERS):
        report_assignment(tx, after, subscribers, at=at)


def is_assigned(attributes: JsonDataSet) -> bool:
    """Tell whether a station or a person is named."""
    return has_value(attributes, _STATION) or has_value(attributes, _PERFORMERS)


def report_assignment(tx: Connection, workitem: Workitem, subscribers: Sequence[Subscriber], *, at: datetime) -> None:
    """Tell for which station and whom the workitem is meant."""
    content: JsonDataSet = {}
    copy(workitem.attributes, content, _STATION, _PERFORMERS)
    performers = items_of(workitem.attributes, _PERFORMERS)
    codes = [code for performer in performers for code in items_of(performer, "HumanPerformerCodeSequence")]
    if codes:
        put(content, "HumanPerformerCodeSequence", *codes)
    for performer in performers[:1]:
        copy(performer, content, "HumanPerformerOrganization")
    _report(tx, workitem.sop_instance_uid, ReportType.ASSIGNED, content, subscribers, at=at)


def report_restart(tx: Connection, subscribers: Sequence[Subscriber], *, at: datetime) -> None:
    """Tell that the service started again, with its list and its subscriptions as they were."""
    content: JsonDataSet = {}
    put(content, "SCPStatus", "RESTARTED")
    put(content, "SubscriptionListStatus", "WARM START")
    put(content, "UnifiedProcedureStepListStatus", "WARM START")
    _report(tx, WorkitemUid(GLOBAL_SUBSCRIPTION), ReportType.PROVIDER_STATUS, content, subscribers, at=at)


def _report(
    tx: Connection,
    uid: WorkitemUid,
    report_type: ReportType,
    content: JsonDataSet,
    subscribers: Sequence[Subscriber],
    *,
    at: datetime,
) -> None:
    if not subscribers:
        return
    subscriber_ids = [subscriber.subscriber_id for subscriber in subscribers]
    subscription_store.insert_reports(tx, subscriber_ids, uid, report_type, content, at=at)
    by_wire = {
        wire.value: [str(entry.subscriber_id) for entry in subscribers if entry.wire is wire]
        for wire in Wire
    }  # fmt: skip
    publish(tx, REPORTED, subject=uid, payload={wire: list(told) for wire, told in by_wire.items()})


def _differ(before: JsonDataSet, after: JsonDataSet, keyword: str) -> bool:
    first, second = before.get(tag_of(keyword)), after.get(tag_of(keyword))
    return list(values_of(first)) != list(values_of(second))


def _told_progress(attributes: JsonDataSet) -> list[list[object]]:
    progress = items_of(attributes, _PROGRESS)
    return [[list(values_of(item.get(tag_of(keyword)))) for keyword in _TOLD_PROGRESS] for item in progress]
