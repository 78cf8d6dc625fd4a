"""Append to the trail, in the transaction of the act: both happen or neither does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID, uuid4

from sqlalchemy import Connection

from negatoscope.audit import store
from negatoscope.audit.model import Actor, JsonValue, Outcome
from negatoscope.platform.logs import request_id

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
MOST_EXACT_INTEGER = 2**53 - 1


def record(
    tx: Connection,
    actor: Actor,
    action: str,
    *,
    outcome: str = "success",
    patient_id: UUID | None = None,
    study_uid: str | None = None,
    objects: Mapping[str, JsonValue] | None = None,
    reason: str | None = None,
) -> UUID:
    """Append one entry and return its identifier.

    One entry for each study and association, not for each image. `objects` names what was touched (identifiers,
    counts): whole numbers, text, lists and objects with ASCII keys, never a floating point number. Characters that
    cannot be stored are replaced rather than refused, so that a hostile text cannot prevent its own trace.
    """
    entry_id = uuid4()
    store.insert_entry(
        tx,
        entry_id=entry_id,
        actor=actor,
        action=action,
        outcome=Outcome(outcome),
        patient_id=patient_id,
        study_uid=_clean(study_uid) if study_uid is not None else None,
        objects={key: _checked(value) for key, value in (objects or {}).items()},
        reason=_clean(reason) if reason is not None else None,
        request_id=request_id.get(),
    )
    return entry_id


def _clean(value: str) -> str:
    return value.encode("utf-8", "replace").decode("utf-8").replace("\x00", REPLACEMENT)


def _checked(value: JsonValue) -> JsonValue:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= MOST_EXACT_INTEGER else str(value)
    if isinstance(value, str):
        return _clean(value)
    if isinstance(value, Mapping):
        if not all(key.isascii() for key in value):
            raise ValueError("audit objects have ASCII keys")
        return {key: _checked(member) for key, member in value.items()}
    if isinstance(value, Sequence):
        return [_checked(member) for member in value]
    raise ValueError(f"audit objects hold no {type(value).__name__}")
