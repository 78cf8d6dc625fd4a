"""Tell when a study is complete: nothing new for a while, or the modality said that the step is done."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection

from negatoscope.archive import store
from negatoscope.archive.model import StudyEvent, StudyState, next_study_state
from negatoscope.archive.study_store import Arrival, get_study, list_arrivals, update_arrival
from negatoscope.formats.dicom.uids import StudyUid
from negatoscope.platform.events import publish
from negatoscope.platform.runtime import Platform

QUIET = "quiet"


def sweep(platform: Platform) -> int:
    """Announce what has arrived since the last call and which studies fell quiet; return how many became stable.

    Called each second, so that a study is announced as updated at most once a second whatever its rate of arrival.
    """
    with platform.database.read(platform.tenant) as tx:
        arrivals = list_arrivals(tx)
    now = platform.clock.now()
    quiet_since = now - timedelta(seconds=platform.settings.study_quiet_s)
    stable = 0
    for arrival in arrivals:
        if arrival.instances != arrival.announced_instances:
            with platform.database.transaction(platform.tenant) as tx:
                _announce(tx, arrival)
        if arrival.last_received_at <= quiet_since:
            with platform.database.transaction(platform.tenant) as tx:
                stable += _settle(tx, arrival.study_uid, quiet_since, now)
    return stable


def mark_stable(tx: Connection, study_uid: str, reason: str, *, at: datetime | None = None) -> bool:
    """Declare a study complete, because its performed step is; False when it is stable already.

    Waits for associations that are storing into the study just now.
    """
    store.lock_study(tx, study_uid)
    study = get_study(tx, study_uid)
    if study.state is StudyState.STABLE:
        return False
    arrival = list_arrivals(tx, study_uid)[0]
    return _make_stable(tx, arrival, StudyEvent.STEP_COMPLETED, reason, at or store.present(tx))


def _announce(tx: Connection, arrival: Arrival) -> None:
    if update_arrival(tx, arrival):
        publish(
            tx,
            "study_updated",
            subject=arrival.study_uid,
            payload={"study_uid": arrival.study_uid, "instances": arrival.instances},
        )


def _settle(tx: Connection, study_uid: StudyUid, quiet_since: datetime, now: datetime) -> bool:
    """Make a study stable unless somebody is storing into it, or did so since it was looked at."""
    if not store.try_lock_study(tx, study_uid):
        return False
    arrival = list_arrivals(tx, study_uid)[0]
    if arrival.last_received_at > quiet_since or get_study(tx, study_uid).state is StudyState.STABLE:
        return False
    return _make_stable(tx, arrival, StudyEvent.QUIET, QUIET, now)


def _make_stable(tx: Connection, arrival: Arrival, event: StudyEvent, reason: str, at: datetime) -> bool:
    _announce(tx, arrival)
    store.update_state(tx, arrival.study_uid, next_study_state(StudyState.RECEIVING, event), reason=reason, at=at)
    publish(
        tx,
        "study_stable",
        subject=arrival.study_uid,
        payload={"study_uid": arrival.study_uid, "instances": arrival.instances, "reason": reason},
    )
    return True
