"""Ask each source what it has of a patient, choose what helps, and have it fetched. A source that fails holds up nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from negatoscope.access.devices import RetrieveDestination, retrieve_destination
from negatoscope.access.model import system_subject
from negatoscope.access.store.devices import get_device
from negatoscope.archive.prefetch import store
from negatoscope.archive.prefetch.model import (
    Fetch,
    FetchState,
    PriorSource,
    RemoteStudy,
    SourceKind,
    Wanted,
    is_of_region,
    is_same_person,
    narrow,
)
from negatoscope.archive.prefetch.peers import Speakers
from negatoscope.archive.routing.servers import WebDestination, web_destination
from negatoscope.archive.study_store import list_studies
from negatoscope.audit.trail import record
from negatoscope.patients.model import Patient
from negatoscope.patients.store import get_patient
from negatoscope.platform.errors import NegatoscopeError, Unavailable
from negatoscope.platform.job_worker import JobDefinition, JobRun
from negatoscope.platform.json_value import JsonValue
from negatoscope.platform.logs import get_logger
from negatoscope.platform.runtime import Platform

NAME: Final = "prefetch"
QUEUE_PLACE: Final = 2
NO_NUMBER: Final = "no_patient_number"


@dataclass(frozen=True, slots=True)
class _Job:
    """A job by its name alone: what it does is known where the doors are."""

    name: str


SEARCH: Final = _Job("archive.prefetch.search")
FETCH: Final = _Job("archive.prefetch.fetch")


def ask_for_priors(platform: Platform, tx: Connection, wanted: Wanted, *, occasion: str) -> int:
    """Have each source that is on asked, once for each occasion; return how many. Nothing waits for the answers."""
    sources = store.list_sources(tx, enabled_only=True)
    for source in sources:
        arguments: dict[str, JsonValue] = {
            "source_id": str(source.source_id),
            "study_uid": wanted.study_uid,
            "patient_id": str(wanted.patient_id),
            "modality": wanted.modality,
            "body_parts": [*sorted(wanted.body_parts)],
        }
        key = f"{source.source_id}/{wanted.study_uid}/{occasion}"
        platform.jobs.enqueue(tx, SEARCH, key=key, arguments=arguments, priority=QUEUE_PLACE)
        store.save_search(tx, source.source_id, wanted, platform.clock.now(), {"state": store.ASKED})
    return len(sources)


def search_job(speakers: Speakers) -> JobDefinition:
    """Return the job that asks a source, with those who speak with archives."""

    def run(platform: Platform, job: JobRun) -> None:
        parts = job.arguments["body_parts"]
        wanted = Wanted(
            study_uid=str(job.arguments["study_uid"]),
            patient_id=UUID(str(job.arguments["patient_id"])),
            modality=str(job.arguments["modality"]),
            body_parts=frozenset(map(str, parts if isinstance(parts, list) else ())),
        )
        search(platform, speakers, UUID(str(job.arguments["source_id"])), wanted)

    return JobDefinition(name=SEARCH.name, run=run, max_attempts=4, first_retry_s=10.0)


def search(platform: Platform, speakers: Speakers, source_id: UUID, wanted: Wanted) -> int:
    """Ask one source and queue what is chosen; return how many studies. NegatoscopeError when the source fails, noted."""
    with platform.database.read(platform.tenant) as tx:
        source = store.get_source(tx, source_id)
        patient = get_patient(tx, wanted.patient_id)
    number = next((one.value for one in patient.identifiers if one.issuer == source.patient_issuer), None)
    if number is None or not source.is_enabled:
        _note(platform, source, wanted, {"state": store.ANSWERED, "reason": NO_NUMBER if number is None else "source_off"})
        return 0
    try:
        with platform.database.read(platform.tenant) as tx:
            find_studies, find_parts = _questions(platform, tx, speakers, source)
        found = find_studies(number)
        own = [one for one in found if is_same_person(patient.demographics, one, number, source.patient_issuer)]
        chosen = _choose(platform, source, wanted, own, find_parts)
    except NegatoscopeError as error:
        get_logger().warning("prior_search_failed", reason=error.reason)
        _note(platform, source, wanted, {"state": store.FAILED, "reason": error.reason})
        raise
    return _queue(platform, source, wanted, patient, chosen, found=len(found), strangers=len(found) - len(own))


def _questions(
    platform: Platform, tx: Connection, speakers: Speakers, source: PriorSource
) -> tuple[Callable[[str], list[RemoteStudy]], Callable[[str], list[str]]]:
    """Return the two questions that a source can be asked."""
    issuer = source.patient_issuer
    if source.kind is SourceKind.SERVER:
        server = web_destination(platform, tx, source.peer_id)
        web = speakers.server
        return (
            lambda number: web.find_studies(platform, server, number, issuer),
            lambda study_uid: web.find_parts(platform, server, study_uid),
        )
    device = device_of(tx, source)
    dimse = speakers.device
    return (
        lambda number: dimse.find_studies(platform, device, number, issuer),
        lambda study_uid: dimse.find_parts(platform, device, study_uid),
    )


def device_of(tx: Connection, source: PriorSource) -> RetrieveDestination:
    """Return where a DICOM source listens, or raise Unavailable when it is switched off."""
    found = retrieve_destination(tx, get_device(tx, source.peer_id).ae_title)
    if found is None:
        raise Unavailable("The archive is switched off or has no address.", reason="destination_disabled")
    return found


def server_of(platform: Platform, tx: Connection, source: PriorSource) -> WebDestination:
    """Return what is needed to speak with a DICOMweb source."""
    return web_destination(platform, tx, source.peer_id)


def _choose(
    platform: Platform,
    source: PriorSource,
    wanted: Wanted,
    own: list[RemoteStudy],
    find_parts: Callable[[str], list[str]],
) -> list[RemoteStudy]:
    """Return what is to be fetched. Studies that are here count among the most that are wanted."""
    today = platform.clock.now().astimezone(ZoneInfo(platform.settings.time_zone)).date()
    chosen: list[RemoteStudy] = []
    for one in narrow(source, wanted, own, today):
        if len(chosen) == source.most_studies:
            break
        if not source.same_region or is_of_region(wanted, find_parts(one.study_uid)):
            chosen.append(one)
    return chosen


def _queue(
    platform: Platform,
    source: PriorSource,
    wanted: Wanted,
    patient: Patient,
    chosen: list[RemoteStudy],
    *,
    found: int,
    strangers: int,
) -> int:
    """Queue what is neither here nor asked for before, in one transaction with the note of the search."""
    now = platform.clock.now()
    with platform.database.transaction(platform.tenant) as tx:
        here = {str(one.study_uid) for one in list_studies(tx, [one.study_uid for one in chosen])}
        queued = 0
        for one in chosen:
            fetch = Fetch(
                study_uid=one.study_uid,
                source_id=source.source_id,
                patient_id=patient.patient_id,
                sent_patient_id=one.patient_identifier,
                for_study_uid=wanted.study_uid,
                state=FetchState.QUEUED,
                attempts=0,
                round=1,
                objects=0,
                reason="",
                asked_at=now,
                ended_at=None,
                version=1,
            )
            if one.study_uid not in here and store.insert_fetch(tx, fetch):
                enqueue_fetch(platform, tx, one.study_uid, 1)
                queued += 1
        values = {"state": store.ANSWERED, "found": found, "chosen": queued, "strangers": strangers}
        store.save_search(tx, source.source_id, wanted, now, values)
        record(
            tx,
            system_subject(platform.tenant, NAME).actor,
            "priors_searched",
            patient_id=patient.patient_id,
            study_uid=wanted.study_uid,
            objects={"source": source.name, "found": found, "chosen": queued, "strangers": strangers},
        )
    return queued


def enqueue_fetch(platform: Platform, tx: Connection, study_uid: str, number: int, *, wait_s: float = 0.0) -> None:
    """Enqueue the job of one round of a fetch."""
    arguments: dict[str, JsonValue] = {"study_uid": study_uid, "round": number}
    platform.jobs.enqueue(tx, FETCH, key=f"{study_uid}/{number}", arguments=arguments, wait_s=wait_s, priority=QUEUE_PLACE)


def _note(platform: Platform, source: PriorSource, wanted: Wanted, values: dict[str, object]) -> None:
    with platform.database.transaction(platform.tenant) as tx:
        store.save_search(tx, source.source_id, wanted, platform.clock.now(), values)
