"""Leave a trace of who looks at which study: once for each viewing, not for each image of it.

A viewing is one subject, one study and one kind of access within a quarter of an hour in one process. The first request
writes the entry in the transaction that decides; those that follow find it done and cost no write.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy import Connection

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Subject
from negatoscope.archive.model import Instance
from negatoscope.archive.report_visibility import visible_instances
from negatoscope.archive.study_store import list_instances_and_patient
from negatoscope.audit.model import JsonValue
from negatoscope.audit.trail import record
from negatoscope.platform.database import TenantId
from negatoscope.platform.errors import NotFound
from negatoscope.platform.runtime import Platform

VIEWING_S: Final = 900.0
_MOST_REMEMBERED: Final = 20_000

Found = TypeVar("Found")
_Key = tuple[object, ...]
_seen: OrderedDict[_Key, float] = OrderedDict()
_lock: Final = threading.Lock()


def authorised_instances(
    platform: Platform,
    subject: Subject,
    action: Action,
    *,
    study_uid: str,
    series_uid: str | None = None,
    sop_instance_uid: str | None = None,
    objects: Mapping[str, JsonValue] | None = None,
) -> list[Instance]:
    """Return these instances if the policy lets the subject do this to them; raise NotFound when there are none.

    `objects` forces an entry of its own that names them: for what leaves the archive whole.
    """

    def find(tx: Connection) -> tuple[UUID | None, list[Instance]]:
        where = visible_instances(subject, named=sop_instance_uid is not None)
        return list_instances_and_patient(tx, study_uid, series_uid, sop_instance_uid, where=where)

    return authorised(platform, subject, action, study_uid=study_uid, find=find, objects=objects)


def authorised(
    platform: Platform,
    subject: Subject,
    action: Action,
    *,
    study_uid: str,
    find: Callable[[Connection], tuple[UUID | None, Found]],
    objects: Mapping[str, JsonValue] | None = None,
) -> Found:
    """Return what `find` finds of a study, with the patient whose it is; NotFound when it finds no patient."""
    key = (subject.tenant, subject.kind, subject.user_id, subject.display_name, subject.address, action, study_uid)
    is_new = objects is not None or not _is_seen(key, platform.clock.monotonic())
    open_transaction = platform.database.transaction if is_new else platform.database.read
    with open_transaction(TenantId(subject.tenant)) as tx:
        patient_id, found = find(tx)
        if patient_id is None:
            raise NotFound("Nothing is here.", reason="no_such_instance")
        authorise(tx, subject, action, patient_id=patient_id, study_uid=study_uid)
        if is_new:
            record(tx, subject.actor, action.value, patient_id=patient_id, study_uid=study_uid, objects=objects)
    if objects is None:
        _remember(key, platform.clock.monotonic())
    return found


def _is_seen(key: _Key, now: float) -> bool:
    with _lock:
        at = _seen.get(key)
    return at is not None and 0 <= now - at < VIEWING_S


def _remember(key: _Key, now: float) -> None:
    with _lock:
        if key not in _seen:
            _seen[key] = now
            while len(_seen) > _MOST_REMEMBERED:
                _seen.popitem(last=False)
        elif now - _seen[key] >= VIEWING_S or now < _seen[key]:
            _seen[key] = now
            _seen.move_to_end(key)
