"""What STOW-RS answers for each object, and the status of the whole (PS3.18 10.5.3, PS3.3 C.34). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from negatoscope.archive.model import Outcome, StoredInstance
from negatoscope.platform.json_value import JsonValue

OUT_OF_RESOURCES: Final = 0xA700
DATA_SET_MISMATCH: Final = 0xA900
CANNOT_UNDERSTAND: Final = 0xC000
PROCESSING_FAILURE: Final = 0x0110
DUPLICATE_INSTANCE: Final = 0x0111
ELEMENTS_DISCARDED_OR_ODD: Final = 0xB007

_MISMATCHES: Final = frozenset({"uid_mismatch", "sop_class_mismatch", "patient_mismatch", "study_mismatch"})


@dataclass(frozen=True, slots=True)
class Failure:
    """One object that did not become current; UIDs are None where it never told them."""

    reason: int
    sop_class_uid: str | None = None
    sop_instance_uid: str | None = None


@dataclass(slots=True)
class Results:
    """What became of the objects of one request."""

    stored: list[StoredInstance] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    def add(self, stored: StoredInstance) -> None:
        """Take what the archive said of an object."""
        failure = failure_of(stored)
        if failure is None:
            self.stored.append(stored)
        else:
            self.failures.append(failure)

    def fail(self, reason: int, sop_class_uid: str | None = None, sop_instance_uid: str | None = None) -> None:
        """Note an object that never reached the archive."""
        self.failures.append(Failure(reason, sop_class_uid or None, sop_instance_uid or None))


def failure_of(stored: StoredInstance) -> Failure | None:
    """Return why this object counts as failed, None when it was stored.

    An object in quarantine or conflict is kept, but the sender must not believe that readers see it.
    """
    if stored.outcome in {Outcome.STORED, Outcome.DUPLICATE}:
        return None
    if stored.outcome is Outcome.CONFLICT:
        reason = DUPLICATE_INSTANCE
    else:
        reason = DATA_SET_MISMATCH if stored.refusal in _MISMATCHES else CANNOT_UNDERSTAND
    return Failure(reason, stored.sop_class_uid, stored.sop_instance_uid)


def status_of(stored: Sequence[StoredInstance], failures: Sequence[Failure]) -> HTTPStatus:
    """Return 200 when all is stored, 202 when something is, 409 when nothing is; 507 when only room was missing."""
    if not failures:
        return HTTPStatus.OK
    if stored:
        return HTTPStatus.ACCEPTED
    if all(failure.reason == OUT_OF_RESOURCES for failure in failures):
        return HTTPStatus.INSUFFICIENT_STORAGE
    return HTTPStatus.CONFLICT


def answer_of(stored: Sequence[StoredInstance], failures: Sequence[Failure], root: str) -> dict[str, JsonValue]:
    """Return the Store Instances Response as DICOM JSON."""
    answer: dict[str, JsonValue] = {}
    studies = sorted({str(entry.study_uid) for entry in stored})
    if len(studies) == 1:
        answer["00081190"] = _value("UR", f"{root}/studies/{studies[0]}")
    if stored:
        answer["00081199"] = {"vr": "SQ", "Value": [_reference(entry, root) for entry in stored]}
    named = [failure for failure in failures if failure.sop_instance_uid]
    if named:
        answer["00081198"] = {"vr": "SQ", "Value": [_failed(failure) for failure in named]}
    others: list[JsonValue] = [
        {"00081197": _value("US", failure.reason)} for failure in failures if not failure.sop_instance_uid
    ]
    if others:
        answer["0008119A"] = {"vr": "SQ", "Value": others}
    return answer


def _reference(entry: StoredInstance, root: str) -> JsonValue:
    url = f"{root}/studies/{entry.study_uid}/series/{entry.series_uid}/instances/{entry.sop_instance_uid}"
    reference: dict[str, JsonValue] = {
        "00081150": _value("UI", str(entry.sop_class_uid)),
        "00081155": _value("UI", str(entry.sop_instance_uid)),
        "00081190": _value("UR", url),
    }
    if entry.warnings:
        reference["00081196"] = _value("US", ELEMENTS_DISCARDED_OR_ODD)
    return reference


def _failed(failure: Failure) -> JsonValue:
    item: dict[str, JsonValue] = {
        "00081155": _value("UI", str(failure.sop_instance_uid)),
        "00081197": _value("US", failure.reason),
    }
    if failure.sop_class_uid:
        item["00081150"] = _value("UI", failure.sop_class_uid)
    return item


def _value(vr: str, value: JsonValue) -> JsonValue:
    return {"vr": vr, "Value": [value]}
