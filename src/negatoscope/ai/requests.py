"""Ask the models about a study that is complete, once for each version and set of images."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import Connection

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Subject
from negatoscope.ai import store
from negatoscope.ai.catalogue import InstalledModel, installed_models
from negatoscope.ai.engines.choosing import engine_of
from negatoscope.ai.jobs import RUN_MODEL
from negatoscope.ai.model import Run, RunEvent, RunState, next_run_state
from negatoscope.archive.model import Instance
from negatoscope.archive.prefetch.marks import is_fetched
from negatoscope.archive.rejections.shown import not_rejected
from negatoscope.archive.studies import get_study, list_instances
from negatoscope.audit.trail import record
from negatoscope.platform.errors import SettingsError
from negatoscope.platform.events import Event, publish
from negatoscope.platform.reactions import Reaction
from negatoscope.platform.runtime import Platform

LOST_AFTER = timedelta(minutes=15)
SUPERSEDABLE = frozenset({RunState.SUCCEEDED, RunState.FAILED, RunState.REFUSED, RunState.NO_MODEL})


def request_runs(platform: Platform, tx: Connection, study_uid: str) -> list[Run]:
    """Return the runs that were asked for now: none when everything was asked before, or the study has no image."""
    images = [instance for instance in list_instances(tx, study_uid, where=not_rejected()) if instance.pixels is not None]
    if not images:
        return []
    try:
        models = installed_models(platform.settings)
    except SettingsError as error:
        return _without_model(platform, tx, images, event=RunEvent.FAIL, reason=error.reason)
    if not models:
        return _without_model(platform, tx, images, event=RunEvent.FIND_NO_MODEL, reason="no_model_installed")
    asked = [_request(platform, tx, study_uid, images, model) for model in models]
    return [run for run in asked if run is not None]


def _request_on_stable(platform: Platform, tx: Connection, event: Event) -> None:
    if not is_fetched(tx, event.subject):  # a prior from elsewhere was read there
        request_runs(platform, tx, event.subject)


REQUEST_RUNS = Reaction(name="request_ai_runs", kinds=frozenset({"study_stable"}), handle=_request_on_stable)


def rerun(platform: Platform, subject: Subject, study_uid: str) -> int:
    """Ask again where a run failed, and ask models that were installed meanwhile; return how many runs will follow."""
    with platform.database.transaction(platform.tenant) as tx:
        study = get_study(tx, study_uid)
        authorise(tx, subject, Action.RERUN_AI, patient_id=study.patient_id, study_uid=study_uid)
        count = len([run for run in request_runs(platform, tx, study_uid) if run.state is RunState.QUEUED])
        for run in store.list_runs(tx, [study_uid]):
            if run.model_name and _may_be_asked_again(run, platform.clock.now()):
                queued = store.update_run(
                    tx, replace(run, state=next_run_state(run.state, RunEvent.RETRY), reason="", ended_at=None)
                )
                _enqueue(platform, tx, queued)
                count += 1
        record(
            tx,
            subject.actor,
            Action.RERUN_AI,
            patient_id=study.patient_id,
            study_uid=study_uid,
            objects={"runs": count},
        )
    return count


def _may_be_asked_again(run: Run, now: datetime) -> bool:
    """Tell whether a run failed, or has been under way for so long that its job must have been lost."""
    is_lost = now - (run.started_at or run.requested_at) > LOST_AFTER
    return run.state is RunState.FAILED or (run.state in {RunState.QUEUED, RunState.RUNNING} and is_lost)


def _request(
    platform: Platform, tx: Connection, study_uid: str, images: Sequence[Instance], model: InstalledModel
) -> Run | None:
    run = replace(
        _new_run(platform, study_uid, images),
        model_name=model.card.name,
        model_version=model.card.version,
        model_sha256=model.card.sha256,
        engine=engine_of(platform).name,
        state=next_run_state(RunState.REQUESTED, RunEvent.ENQUEUE),
    )
    if not store.insert_run(tx, run):
        return None
    _supersede(tx, study_uid, run)
    _enqueue(platform, tx, run)
    publish(tx, "ai_run_requested", subject=study_uid, payload={"study_uid": study_uid, "run_id": str(run.run_id)})
    return run


def _without_model(
    platform: Platform, tx: Connection, images: Sequence[Instance], *, event: RunEvent, reason: str
) -> list[Run]:
    study_uid = images[0].study_uid
    run = replace(
        _new_run(platform, study_uid, images),
        state=next_run_state(RunState.REQUESTED, event),
        reason=reason,
        ended_at=platform.clock.now(),
    )
    if not store.insert_run(tx, run):
        return []
    _supersede(tx, study_uid, run)
    publish(
        tx,
        "ai_run_finished",
        subject=study_uid,
        payload={"study_uid": study_uid, "run_id": str(run.run_id), "state": run.state.value},
    )
    return [run]


def _new_run(platform: Platform, study_uid: str, images: Sequence[Instance]) -> Run:
    return Run(
        run_id=uuid4(),
        study_uid=study_uid,
        model_name="",
        model_version="",
        model_sha256="",
        engine="",
        input_digest=input_digest(images),
        state=RunState.REQUESTED,
        reason="",
        probabilities={},
        requested_at=platform.clock.now(),
        started_at=None,
        ended_at=None,
        inference_ms=None,
        version=1,
    )


def input_digest(images: Sequence[Instance]) -> str:
    """Return one SHA-256 for a set of images, by their UIDs and the hashes of their bytes."""
    lines = sorted(f"{image.sop_instance_uid} {image.blob.sha256}" for image in images)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _supersede(tx: Connection, study_uid: str, by: Run) -> None:
    """Set aside what the new run replaces: its own model's earlier runs, and the note that there was no model."""
    for run in store.list_runs(tx, [study_uid]):
        replaced = run.model_name in {by.model_name, ""} and run.run_id != by.run_id
        if replaced and run.state in SUPERSEDABLE:
            store.update_run(tx, replace(run, state=next_run_state(run.state, RunEvent.SUPERSEDE)))


def _enqueue(platform: Platform, tx: Connection, run: Run) -> None:
    """Enqueue the run; its version is part of the key, so that a retry by hand is another job."""
    key = f"{run.run_id}/{run.version}"
    platform.jobs.enqueue(tx, RUN_MODEL, key=key, arguments={"run_id": str(run.run_id)})
