"""Write routing rules: checked, versioned, traced."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy import Connection

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Subject
from negatoscope.access.policy import may_ever
from negatoscope.access.store.devices import get_device
from negatoscope.archive.routing import rule_store
from negatoscope.archive.routing.conditions import can_order, is_comparable, is_ordered
from negatoscope.archive.routing.model import (
    LONGEST_NAME,
    LONGEST_VALUE,
    MOST_ATTEMPTS,
    MOST_CONDITIONS,
    MOST_VALUES,
    Condition,
    DestinationKind,
    Operator,
    Parcel,
    Rule,
    RuleContent,
)
from negatoscope.audit.trail import record
from negatoscope.formats.dicom.transfer_syntaxes import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    HTJ2K_LOSSLESS_RPCL,
    IMPLICIT_VR_LITTLE_ENDIAN,
    JPEG_2000_LOSSLESS,
    JPEG_LS_LOSSLESS,
    RLE_LOSSLESS,
)
from negatoscope.platform.errors import InvalidInput, NotFound
from negatoscope.platform.runtime import Platform

WISHABLE_SYNTAXES: Final = (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    JPEG_LS_LOSSLESS,
    JPEG_2000_LOSSLESS,
    HTJ2K_LOSSLESS_RPCL,
    RLE_LOSSLESS,
)
"""The transfer syntaxes that a rule may wish for: all without loss."""


def add_rule(platform: Platform, subject: Subject, *, name: str, content: RuleContent, is_enabled: bool) -> Rule:
    """Add a rule."""
    now = platform.clock.now()
    rule = Rule(
        rule_id=uuid4(),
        name=_checked_name(name),
        is_enabled=is_enabled,
        content=content,
        changed_at=now,
        changed_by=subject.display_name,
        version=1,
        on_since=now if is_enabled else None,
    )
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.MANAGE_DEVICES)
        check_content(tx, content)
        rule_store.insert_rule(tx, rule)
        _trace(tx, subject, rule)
    return rule


def change_rule(
    platform: Platform, subject: Subject, rule_id: UUID, *, version: int, name: str, content: RuleContent, is_enabled: bool
) -> Rule:
    """Keep a changed rule as its next version; StaleVersion when somebody changed it since `version`."""
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.MANAGE_DEVICES)
        check_content(tx, content)
        before, now = rule_store.get_rule(tx, rule_id), platform.clock.now()
        rule = replace(
            before,
            name=_checked_name(name),
            content=content,
            is_enabled=is_enabled,
            changed_at=now,
            changed_by=subject.display_name,
            version=version,
            on_since=(before.on_since or now) if is_enabled else None,
        )
        rule_store.update_rule(tx, rule)
        _trace(tx, subject, rule)
        return rule_store.get_rule(tx, rule_id)


def switch_rule(platform: Platform, subject: Subject, rule_id: UUID, *, version: int, is_enabled: bool) -> Rule:
    """Switch a rule on or off. What waits under a rule that is off stays where it is."""
    with platform.database.read(platform.tenant) as tx:
        rule = rule_store.get_rule(tx, rule_id)
    return change_rule(platform, subject, rule_id, version=version, name=rule.name, content=rule.content, is_enabled=is_enabled)


def get_rule(tx: Connection, subject: Subject, rule_id: UUID) -> Rule:
    """Return one rule, for those who manage devices."""
    _require_manager(subject)
    return rule_store.get_rule(tx, rule_id)


def list_rules(tx: Connection, subject: Subject) -> list[Rule]:
    """Return the rules by name, for those who manage devices."""
    _require_manager(subject)
    return rule_store.list_rules(tx)


def list_rule_versions(tx: Connection, subject: Subject, rule_id: UUID) -> list[Rule]:
    """Return what a rule was, the newest first, for those who manage devices."""
    _require_manager(subject)
    return rule_store.list_rule_versions(tx, rule_id)


def check_content(tx: Connection, content: RuleContent) -> None:
    """Raise InvalidInput for a rule that cannot mean what it says."""
    if len(content.conditions) > MOST_CONDITIONS:
        raise InvalidInput("A rule has at most 12 conditions.", reason="too_many_conditions", field="conditions")
    for condition in content.conditions:
        _check_condition(condition)
    if content.transfer_syntax_uid and content.transfer_syntax_uid not in WISHABLE_SYNTAXES:
        raise InvalidInput("Objects are not sent in this form.", reason="form_unknown", field="transfer_syntax_uid")
    if not 1 <= content.most_attempts <= MOST_ATTEMPTS:
        raise InvalidInput("A rule tries between 1 and 200 times.", reason="attempts_not_valid", field="most_attempts")
    if content.hours is not None and content.hours.start == content.hours.end:
        raise InvalidInput("The hours begin and end at the same time.", reason="hours_empty", field="hours_end")
    if content.parcel is Parcel.NOTICE and content.destination.kind is not DestinationKind.DEVICE:
        raise InvalidInput("Only a DICOM device is notified.", reason="notice_needs_device", field="destination")
    _check_destination(tx, content)


def _check_condition(condition: Condition) -> None:
    if not is_comparable(condition.keyword):
        raise InvalidInput(
            "A condition names an attribute by its DICOM keyword, such as Modality.",
            reason="keyword_unknown",
            field="conditions",
        )
    values = condition.values
    if any(len(value) > LONGEST_VALUE for value in values) or len(values) > MOST_VALUES:
        raise InvalidInput("A condition has too many or too long values.", reason="values_too_long", field="conditions")
    match condition.operator:
        case Operator.PRESENT:
            is_whole = not values
        case Operator.RANGE:
            is_whole = len(values) == 2 and any(values) and is_ordered(condition.keyword)
            is_whole = is_whole and all(not value or can_order(condition.keyword, value) for value in values)
        case Operator.EQUALS:
            is_whole = len(values) == 1 and bool(values[0].strip())
        case Operator.ONE_OF | Operator.MATCHES:
            is_whole = bool(values) and all(value.strip() for value in values)
    if not is_whole:
        raise InvalidInput("A condition lacks the values that it needs.", reason="values_missing", field="conditions")


def _check_destination(tx: Connection, content: RuleContent) -> None:
    destination = content.destination
    try:
        if destination.kind is DestinationKind.SERVER:
            rule_store.get_server(tx, destination.destination_id)
            return
        device = get_device(tx, destination.destination_id)
    except NotFound as error:
        raise InvalidInput("Choose a destination.", reason="destination_missing", field="destination") from error
    if device.host is None:
        raise InvalidInput("This device has no address to send to.", reason="destination_without_address", field="destination")


def _checked_name(name: str) -> str:
    cleaned = " ".join(name.split())
    if not 1 <= len(cleaned) <= LONGEST_NAME or not cleaned.isprintable():
        raise InvalidInput("Name the rule in 1 to 100 characters.", reason="rule_name_missing", field="name")
    return cleaned


def _require_manager(subject: Subject) -> None:
    if not may_ever(subject, Action.MANAGE_DEVICES):
        raise NotFound("Nothing is here.")


def _trace(tx: Connection, subject: Subject, rule: Rule) -> None:
    record(
        tx,
        subject.actor,
        Action.MANAGE_DEVICES.value,
        objects={
            "rule": str(rule.rule_id),
            "name": rule.name,
            "enabled": rule.is_enabled,
            "parcel": rule.content.parcel.value,
            "destination": str(rule.content.destination.destination_id),
        },
    )
