"""Bring the studies here that were chosen; tried again when they do not come whole, then left with the reason."""

from __future__ import annotations

from sqlalchemy import Connection

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Subject, system_subject
from negatoscope.archive.prefetch import store
from negatoscope.archive.prefetch.model import (
    MOST_ATTEMPTS,
    Fetch,
    FetchEvent,
    FetchState,
    PriorSource,
    Search,
    SourceKind,
    next_fetch_state,
    wait_s,
)
from negatoscope.archive.prefetch.peers import Speakers
from negatoscope.archive.prefetch.searching import FETCH, NAME, device_of, enqueue_fetch, server_of
from negatoscope.audit.trail import record
from negatoscope.platform.errors import NegatoscopeError, NotFound, StaleVersion, Unavailable
from negatoscope.platform.events import publish
from negatoscope.platform.job_worker import JobDefinition, JobRun
from negatoscope.platform.logs import get_logger
from negatoscope.platform.runtime import Platform

NOTHING_CAME = "nothing_came"


def fetch_job(speakers: Speakers) -> JobDefinition:
    """Return the job that fetches a study, with those who speak with archives."""

    def run(platform: Platform, job: JobRun) -> None:
        fetch(platform, speakers, str(job.arguments["study_uid"]), int(str(job.arguments["round"])))

    return JobDefinition(name=FETCH.name, run=run, max_attempts=None)


def fetch(platform: Platform, speakers: Speakers, study_uid: str, number: int) -> None:
    """Try once. What arrived of a study that broke off stays here, and is no second copy when it comes again."""
    with platform.database.read(platform.tenant) as tx:
        wanted = store.find_fetch(tx, study_uid)
        source = store.get_source(tx, wanted.source_id) if wanted is not None else None
    if wanted is None or source is None or wanted.state is not FetchState.QUEUED or wanted.round != number:
        return
    try:
        _bring(platform, speakers, source, study_uid)
        reason = ""
    except NegatoscopeError as error:
        reason = error.reason
        get_logger().warning("prior_fetch_failed", reason=reason, attempt=wanted.attempts + 1)
    _settle(platform, source, wanted, reason)


def _bring(platform: Platform, speakers: Speakers, source: PriorSource, study_uid: str) -> None:
    if not source.is_enabled:
        raise Unavailable("The source is switched off.", reason="destination_disabled")
    if source.kind is SourceKind.SERVER:
        with platform.database.read(platform.tenant) as tx:
            server = server_of(platform, tx, source)
        speakers.server.fetch(platform, server, source, study_uid)
    else:
        with platform.database.read(platform.tenant) as tx:
            device = device_of(tx, source)
        speakers.device.fetch(platform, device, source, study_uid)


def _settle(platform: Platform, source: PriorSource, wanted: Fetch, reason: str) -> None:
    now = platform.clock.now()
    with platform.database.transaction(platform.tenant) as tx:
        current = store.find_fetch(tx, wanted.study_uid, lock=True)
        if current is None or current.state is not FetchState.QUEUED or current.round != wanted.round:
            return
        objects = store.count_objects(tx, wanted.study_uid)
        fault = reason or ("" if objects else NOTHING_CAME)
        attempts = current.attempts + 1
        event = FetchEvent.SUCCEED if not fault else FetchEvent.EXHAUST if attempts >= MOST_ATTEMPTS else FetchEvent.FAIL
        state = next_fetch_state(current.state, event)
        values = {
            "state": state.value,
            "attempts": attempts,
            "round": current.round + 1,
            "objects": objects,
            "reason": fault,
            "ended_at": None if state is FetchState.QUEUED else now,
        }
        store.update_fetch(tx, current, values)
        if state is FetchState.QUEUED:
            enqueue_fetch(platform, tx, wanted.study_uid, current.round + 1, wait_s=wait_s(attempts))
            return
        _tell(platform, tx, source, current, state, objects)


def _tell(platform: Platform, tx: Connection, source: PriorSource, fetched: Fetch, state: FetchState, objects: int) -> None:
    publish(tx, "prior_fetched", subject=fetched.study_uid, payload={"study_uid": fetched.study_uid, "state": state.value})
    record(
        tx,
        system_subject(platform.tenant, NAME).actor,
        "prior_fetched",
        outcome="success" if state is FetchState.FETCHED else "failure",
        patient_id=fetched.patient_id,
        study_uid=fetched.study_uid,
        objects={"source": source.name, "images": objects, "for_study": fetched.for_study_uid},
    )


def retry_fetch(platform: Platform, subject: Subject, study_uid: str, *, version: int) -> None:
    """Try a study again that could not be fetched."""
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.REPLAY_MESSAGES)
        current = store.find_fetch(tx, study_uid, lock=True)
        if current is None:
            raise NotFound("Nothing is here.", reason="no_such_fetch")
        if current.version != version:
            raise StaleVersion("Somebody else changed this first.")
        state = next_fetch_state(current.state, FetchEvent.RETRY)
        number = current.round + 1
        values = {"state": state.value, "round": number, "attempts": 0, "ended_at": None}
        store.update_fetch(tx, current, values)
        enqueue_fetch(platform, tx, study_uid, number)
        record(
            tx,
            subject.actor,
            "prior_retried",
            patient_id=current.patient_id,
            study_uid=study_uid,
            objects={"source": str(current.source_id)},
        )


def list_latest(tx: Connection, subject: Subject, *, limit: int = 50) -> tuple[list[Search], list[Fetch]]:
    """Return the latest searches and fetches to those who look after what comes from other systems."""
    authorise(tx, subject, Action.REPLAY_MESSAGES)
    return store.list_searches(tx, limit=limit), store.list_fetches(tx, limit=limit)
