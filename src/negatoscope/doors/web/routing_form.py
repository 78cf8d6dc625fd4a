"""The form of a routing rule: its fields, read into a rule and filled from one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from typing import Final, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from negatoscope.archive.routing.model import (
    MOST_CONDITIONS,
    Condition,
    Destination,
    DestinationKind,
    Hours,
    Operator,
    Parcel,
    Rule,
    RuleContent,
    TransferPriority,
    Trigger,
)
from negatoscope.platform.errors import InvalidInput

LONGEST: Final = 2000
EMPTY_ROWS: Final = 2
SEPARATOR: Final = ";"
TRIED: Final = (5, 10, 20, 50)

Texts = list[str]


class RuleForm(BaseModel):
    """The fields of a rule. The four lists are the columns of the table of conditions; a row without keyword is empty."""

    model_config = ConfigDict(extra="forbid")

    rule_id: UUID | None = None
    version: int = 0
    name: str = Field(default="", max_length=LONGEST)
    is_enabled: bool = False
    trigger: Trigger = Trigger.STUDY_COMPLETE
    parcel: Parcel = Parcel.OBJECTS
    keyword: Texts = Field(default_factory=list, max_length=MOST_CONDITIONS)
    operator: list[Operator] = Field(default_factory=list, max_length=MOST_CONDITIONS)
    value: Texts = Field(default_factory=list, max_length=MOST_CONDITIONS)
    upper: Texts = Field(default_factory=list, max_length=MOST_CONDITIONS)
    destination: str = Field(default="", max_length=64)
    hours_start: str = Field(default="", max_length=5)
    hours_end: str = Field(default="", max_length=5)
    transfer_syntax_uid: str = Field(default="", max_length=64)
    priority: TransferPriority = TransferPriority.MEDIUM
    most_attempts: str = Field(default="24", max_length=4)
    with_fetched: bool = False
    studies: int = 10

    @classmethod
    def of(cls, rule: Rule) -> Self:
        """Return the form filled with a rule."""
        content = rule.content
        rows = [_row_of(condition) for condition in content.conditions]
        return cls(
            rule_id=rule.rule_id,
            version=rule.version,
            name=rule.name,
            is_enabled=rule.is_enabled,
            trigger=content.trigger,
            parcel=content.parcel,
            keyword=[row[0] for row in rows],
            operator=[row[1] for row in rows],
            value=[row[2] for row in rows],
            upper=[row[3] for row in rows],
            destination=destination_key(content.destination),
            hours_start=f"{content.hours.start:%H:%M}" if content.hours is not None else "",
            hours_end=f"{content.hours.end:%H:%M}" if content.hours is not None else "",
            transfer_syntax_uid=content.transfer_syntax_uid,
            priority=content.priority,
            most_attempts=str(content.most_attempts),
            with_fetched=content.with_fetched,
        )

    def rows(self) -> list[tuple[str, Operator, str, str]]:
        """Return the rows of the table: what was filled, and two empty ones as long as there is room."""
        filled = [row for row in self._columns() if row[0].strip() or row[2].strip()]
        empty = [("", Operator.EQUALS, "", "")] * min(EMPTY_ROWS, MOST_CONDITIONS - len(filled))
        return [*filled, *empty]

    def content(self) -> RuleContent:
        """Return what the rule says, or raise InvalidInput for what cannot be read."""
        return RuleContent(
            trigger=self.trigger,
            parcel=self.parcel,
            conditions=tuple(_condition_of(*row) for row in self._columns() if row[0].strip() or row[2].strip()),
            destination=_destination_of(self.destination),
            hours=self._hours(),
            transfer_syntax_uid=self.transfer_syntax_uid,
            priority=self.priority,
            most_attempts=int(self.most_attempts) if self.most_attempts.isascii() and self.most_attempts.isdigit() else 0,
            with_fetched=self.with_fetched,
        )

    def _columns(self) -> Sequence[tuple[str, Operator, str, str]]:
        columns = (self.keyword, self.operator, self.value, self.upper)
        if len({len(column) for column in columns}) != 1:
            raise InvalidInput("The table of conditions is not whole.", reason="values_missing", field="conditions")
        return list(zip(*columns, strict=True))

    def _hours(self) -> Hours | None:
        if not self.hours_start.strip() and not self.hours_end.strip():
            return None
        try:
            return Hours(start=time.fromisoformat(self.hours_start.strip()), end=time.fromisoformat(self.hours_end.strip()))
        except ValueError as error:
            raise InvalidInput("Hours read like 22:00.", reason="hours_not_valid", field="hours_start") from error


def destination_key(destination: Destination) -> str:
    """Return how the form names a destination."""
    return f"{destination.kind.value}:{destination.destination_id}"


def _row_of(condition: Condition) -> tuple[str, Operator, str, str]:
    if condition.operator is Operator.RANGE:
        return condition.keyword, condition.operator, condition.values[0], condition.values[1]
    return condition.keyword, condition.operator, f"{SEPARATOR} ".join(condition.values), ""


def _condition_of(keyword: str, operator: Operator, value: str, upper: str) -> Condition:
    match operator:
        case Operator.PRESENT:
            values: tuple[str, ...] = ()
        case Operator.RANGE:
            values = (value.strip(), upper.strip())
        case Operator.EQUALS:
            values = (value.strip(),)
        case Operator.ONE_OF | Operator.MATCHES:
            values = tuple(part.strip() for part in value.split(SEPARATOR) if part.strip())
    return Condition(keyword=keyword.strip(), operator=operator, values=values)


def _destination_of(key: str) -> Destination:
    kind, _, identifier = key.partition(":")
    try:
        return Destination(kind=DestinationKind(kind), destination_id=UUID(identifier))
    except ValueError as error:
        raise InvalidInput("Choose a destination.", reason="destination_missing", field="destination") from error
