"""Erase what two people let go: first the rows become tombstones, then the bytes go, then the certificate is sealed.

A process that ends in between is followed by the next attempt, which finds how far it came: bytes that no row names any
more, never a row without its bytes.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Final
from uuid import UUID

import orjson
from sqlalchemy import Connection

from negatoscope.access.actions import Action
from negatoscope.access.model import system_subject
from negatoscope.archive import store as archive_store
from negatoscope.archive.discs.expiring import drop_discs_holding
from negatoscope.archive.kept_store import try_release_objects
from negatoscope.archive.rejections.notes import tell
from negatoscope.archive.retention import store
from negatoscope.archive.retention.due import find_due_day
from negatoscope.archive.retention.model import Erasure, ErasureEvent, ErasureState, next_erasure_state
from negatoscope.audit.trail import record
from negatoscope.platform.errors import Conflict, Unavailable
from negatoscope.platform.events import publish
from negatoscope.platform.job_worker import JobDefinition, JobRun
from negatoscope.platform.json_value import JsonValue
from negatoscope.platform.runtime import Platform

NAME = "archive.erase"
_APPROVALS: Final = tuple(f"{which}_{what}" for which in ("first", "second") for what in ("by", "name", "at", "reason"))


def erase(platform: Platform, erasure_id: UUID) -> None:
    """Erase a study that was approved twice; goes on where an earlier attempt ended, and does nothing once it is done."""
    with platform.database.transaction(platform.tenant) as tx:
        erasure = store.get_erasure(tx, erasure_id, lock=True)
        if erasure.state in {ErasureState.ERASED, ErasureState.REFUSED}:
            return
        if erasure.state is ErasureState.APPROVED and not _bury(platform, tx, erasure):
            return
    with platform.database.transaction(platform.tenant) as tx:
        if not try_release_objects(tx):
            raise Unavailable("A backup is being taken: the bytes go when it is done.", reason="objects_held")
        tombstones = store.list_tombstones(tx, erasure_id)
        for key in store.list_unclaimed(tx, [key for one in tombstones for key in (one.blob_key, *one.other_keys) if key]):
            platform.blobs.delete_key(key)
        drop_discs_holding(platform, tx, [one.sop_instance_uid for one in tombstones])
        store.forget_keys(tx, erasure_id)
        _certify(platform, tx, store.get_erasure(tx, erasure_id, lock=True))


def certificate_bytes(certificate: JsonValue) -> bytes:
    """Return a certificate in its one written form, over which its hash is taken."""
    return orjson.dumps(certificate, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2)


def _bury(platform: Platform, tx: Connection, erasure: Erasure) -> bool:
    """Remove the rows; False where the time is not over any more: the approvals are void then, and it waits for new ones."""
    archive_store.lock_study(tx, erasure.study_uid)
    if store.is_held(tx, erasure.study_uid):
        raise Conflict("A legal hold keeps this study.", reason="legal_hold")
    if find_due_day(platform, tx, erasure.study_uid) is None:
        _withdraw(platform, tx, erasure)
        return False
    store.bury(tx, erasure, platform.clock.now())
    store.update_erasure(tx, erasure, replace(erasure, state=next_erasure_state(erasure.state, ErasureEvent.BEGIN)))
    tell(tx, erasure.study_uid)
    publish(tx, "study_updated", subject=erasure.study_uid, payload={"study_uid": erasure.study_uid})
    return True


def _withdraw(platform: Platform, tx: Connection, erasure: Erasure) -> None:
    proposed = replace(
        erasure,
        state=next_erasure_state(erasure.state, ErasureEvent.WITHDRAW),
        **dict.fromkeys(_APPROVALS),  # type: ignore[arg-type]  # each of these may be None
    )
    store.update_erasure(tx, erasure, proposed)
    record(
        tx,
        system_subject(platform.tenant, NAME).actor,
        "erasure_withdrawn",
        patient_id=erasure.patient_id,
        study_uid=erasure.study_uid,
        objects={"erasure": str(erasure.erasure_id), "rule": erasure.rule, "due_on": erasure.due_on.isoformat()},
    )
    publish(tx, "erasure_changed", subject=str(erasure.erasure_id), payload={"study_uid": erasure.study_uid})


def _certify(platform: Platform, tx: Connection, erasure: Erasure) -> None:
    now = platform.clock.now()
    certificate: dict[str, JsonValue] = {
        "erasure": str(erasure.erasure_id),
        "study_instance_uid": erasure.study_uid,
        "patient_record": str(erasure.patient_id),
        "rule": erasure.rule,
        "due_on": erasure.due_on.isoformat(),
        "approved": [
            {"by": erasure.first_name, "at": erasure.first_at.isoformat() if erasure.first_at else None, "reason": erasure.first_reason},
            {"by": erasure.second_name, "at": erasure.second_at.isoformat() if erasure.second_at else None, "reason": erasure.second_reason},
        ],
        "erased_at": now.isoformat(),
        "objects": [
            {"sop_instance_uid": one.sop_instance_uid, "sop_class_uid": one.sop_class_uid, "sha256": one.sha256, "size": one.size}
            for one in store.list_tombstones(tx, erasure.erasure_id)
        ],
    }  # fmt: skip
    digest = sha256(certificate_bytes(certificate)).hexdigest()
    erased = replace(
        erasure,
        state=next_erasure_state(erasure.state, ErasureEvent.FINISH),
        erased_at=now,
        certificate=certificate,
        certificate_sha256=digest,
    )
    store.update_erasure(tx, erasure, erased)
    record(
        tx,
        system_subject(platform.tenant, NAME).actor,
        Action.DELETE_BY_RETENTION.value,
        patient_id=erasure.patient_id,
        study_uid=erasure.study_uid,
        objects={"erasure": str(erasure.erasure_id), "certificate_sha256": digest, "rule": erasure.rule},
    )
    publish(tx, "study_erased", subject=erasure.study_uid, payload={"study_uid": erasure.study_uid})


def _run(platform: Platform, run: JobRun) -> None:
    erase(platform, UUID(str(run.arguments["erasure_id"])))


ERASE = JobDefinition(name=NAME, run=_run, max_attempts=None, first_retry_s=30.0)
