"""Rules as the documents that the database keeps, and back. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any
from uuid import UUID

from negatoscope.archive.routing.model import (
    Condition,
    Destination,
    DestinationKind,
    Hours,
    Operator,
    Parcel,
    RuleContent,
    TransferPriority,
    Trigger,
)
from negatoscope.platform.json_value import JsonValue


def document_of(content: RuleContent) -> dict[str, JsonValue]:
    """Return a rule as a document; equal rules give equal documents."""
    hours = content.hours
    return {
        "trigger": content.trigger.value,
        "parcel": content.parcel.value,
        "conditions": [
            {"keyword": one.keyword, "operator": one.operator.value, "values": list(one.values)} for one in content.conditions
        ],
        "destination": {"kind": content.destination.kind.value, "id": str(content.destination.destination_id)},
        "hours": [f"{hours.start:%H:%M}", f"{hours.end:%H:%M}"] if hours is not None else None,
        "transfer_syntax_uid": content.transfer_syntax_uid,
        "priority": content.priority.value,
        "most_attempts": content.most_attempts,
        "with_fetched": content.with_fetched,
    }


def content_of(document: Mapping[str, Any]) -> RuleContent:
    """Return the rule that a document of ours describes."""
    hours = document["hours"]
    return RuleContent(
        trigger=Trigger(document["trigger"]),
        parcel=Parcel(document["parcel"]),
        conditions=tuple(
            Condition(keyword=one["keyword"], operator=Operator(one["operator"]), values=tuple(one["values"]))
            for one in document["conditions"]
        ),
        destination=Destination(
            kind=DestinationKind(document["destination"]["kind"]), destination_id=UUID(document["destination"]["id"])
        ),
        hours=Hours(start=time.fromisoformat(hours[0]), end=time.fromisoformat(hours[1])) if hours is not None else None,
        transfer_syntax_uid=document["transfer_syntax_uid"],
        priority=TransferPriority(document["priority"]),
        most_attempts=document["most_attempts"],
        with_fetched=document["with_fetched"],
    )


def changed_members(before: RuleContent, after: RuleContent) -> list[str]:
    """Return the members of the content that differ."""
    old, new = document_of(before), document_of(after)
    return [name for name in new if old[name] != new[name]]
