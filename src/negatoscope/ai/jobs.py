"""Run a model on a study in the background, and keep what it said or why it said nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from sqlalchemy import Connection

from negatoscope.ai import store
from negatoscope.ai.catalogue import InstalledModel, installed_models
from negatoscope.ai.engines.choosing import engine_of
from negatoscope.ai.grey import read_grey
from negatoscope.ai.model import Finding, FindingState, Run, RunEvent, RunState, next_run_state
from negatoscope.ai.preparation import prepare
from negatoscope.ai.reading_outputs import Outcome, read_outcomes
from negatoscope.ai.suitability import refusal_of
from negatoscope.archive.rejections.shown import not_rejected
from negatoscope.archive.studies import list_instances
from negatoscope.dose.headers import read_attributes, read_header
from negatoscope.platform.errors import NegatoscopeError, Refused, Unavailable
from negatoscope.platform.events import publish
from negatoscope.platform.job_worker import JobDefinition, JobRun
from negatoscope.platform.runtime import Platform

MAX_ATTEMPTS = 4
MOST_IMAGE_BYTES = 256 << 20
MOST_IMAGES = 12
RESULT_STATES = {RunEvent.SUCCEED: RunState.SUCCEEDED, RunEvent.FAIL: RunState.FAILED, RunEvent.REFUSE: RunState.REFUSED}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What the model said of one image."""

    sop_instance_uid: str
    outcomes: tuple[Outcome, ...]


def run_model(platform: Platform, job: JobRun) -> None:
    """Carry out one run. Safe to repeat: what is finished stays finished."""
    run = _start(platform, UUID(str(job.arguments["run_id"])))
    if run is None:
        return
    began = platform.clock.monotonic()
    try:
        model = _installed(platform, run)
        seen = _look(platform, run, model)
    except Unavailable as error:
        if job.attempt < MAX_ATTEMPTS:
            raise
        _finish(platform, run, RunEvent.FAIL, reason=error.reason)
        return
    except _Unsuitable as unsuitable:
        _finish(platform, run, RunEvent.REFUSE, reason=unsuitable.reason)
        return
    except NegatoscopeError as error:
        _finish(platform, run, RunEvent.FAIL, reason=error.reason)
        return
    except Exception:  # the outermost loop of a run: a fault of ours may not leave it running for ever
        if job.attempt >= MAX_ATTEMPTS:
            _finish(platform, run, RunEvent.FAIL, reason="internal_error")
        raise
    elapsed_ms = round((platform.clock.monotonic() - began) * 1000)
    _finish(platform, run, RunEvent.SUCCEED, model=model, seen=seen, inference_ms=elapsed_ms)


RUN_MODEL = JobDefinition(name="run_model", run=run_model, max_attempts=MAX_ATTEMPTS, first_retry_s=5.0)


class _Unsuitable(Exception):
    """No image of the study suits the model."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _start(platform: Platform, run_id: UUID) -> Run | None:
    with platform.database.transaction(platform.tenant) as tx:
        run = store.get_run(tx, run_id, lock=True)
        if run.state not in {RunState.QUEUED, RunState.RUNNING}:
            return None
        to = next_run_state(run.state, RunEvent.START)
        return store.update_run(tx, replace(run, state=to, started_at=platform.clock.now()))


def _installed(platform: Platform, run: Run) -> InstalledModel:
    for model in installed_models(platform.settings):
        if (model.card.name, model.card.version, model.card.sha256) == (run.model_name, run.model_version, run.model_sha256):
            return model
    raise Refused("The model of this run is not installed any more.", reason="model_missing")


def _look(platform: Platform, run: Run, model: InstalledModel) -> list[_Seen]:
    """Show the model every image that suits it; _Unsuitable when none does."""
    with platform.database.read(platform.tenant) as tx:
        images = [
            instance for instance in list_instances(tx, run.study_uid, where=not_rejected()) if instance.pixels is not None
        ]
    engine = engine_of(platform)
    refusals: list[str] = []
    seen: list[_Seen] = []
    for instance in images:
        refusal = refusal_of(model.card.input, read_attributes(read_header(platform, instance)))
        if refusal is None and instance.blob.size > MOST_IMAGE_BYTES:
            refusal = "unsuitable_size"
        if refusal is not None:
            refusals.append(refusal)
            continue
        if len(seen) == MOST_IMAGES:
            break
        tensor, placement = prepare(read_grey(platform, instance), model.card.input)
        outcomes = read_outcomes(model.card, engine.infer(model, tensor), placement)
        seen.append(_Seen(sop_instance_uid=instance.sop_instance_uid, outcomes=outcomes))
    if not seen:
        raise _Unsuitable(refusals[0] if refusals else "unsuitable_no_image")
    return seen


def _finish(
    platform: Platform,
    run: Run,
    event: RunEvent,
    *,
    reason: str = "",
    model: InstalledModel | None = None,
    seen: Sequence[_Seen] = (),
    inference_ms: int | None = None,
) -> None:
    """Write the end of the run, its findings and the event in one transaction."""
    with platform.database.transaction(platform.tenant) as tx:
        current = store.get_run(tx, run.run_id, lock=True)
        if current.state is not RunState.RUNNING:
            return
        ended = store.update_run(
            tx,
            replace(
                current,
                state=next_run_state(current.state, event),
                reason=reason,
                probabilities=_greatest(seen),
                ended_at=platform.clock.now(),
                inference_ms=inference_ms,
            ),
        )
        if model is not None:
            store.insert_findings(tx, _findings(ended, model, seen))
        _set_aside_if_outdated(tx, ended)
        publish(
            tx,
            "ai_run_finished",
            subject=run.study_uid,
            payload={"study_uid": run.study_uid, "run_id": str(run.run_id), "state": RESULT_STATES[event].value},
        )


def _set_aside_if_outdated(tx: Connection, run: Run) -> None:
    """Supersede a run that ended after a newer one, on more images, was asked for."""
    newer = [
        other
        for other in store.list_runs(tx, [run.study_uid])
        if other.model_name == run.model_name and other.requested_at > run.requested_at
    ]
    if newer:
        store.update_run(tx, replace(run, state=next_run_state(run.state, RunEvent.SUPERSEDE)))


def _greatest(seen: Sequence[_Seen]) -> dict[str, float]:
    greatest: dict[str, float] = {}
    for image in seen:
        for outcome in image.outcomes:
            greatest[outcome.label] = max(greatest.get(outcome.label, 0.0), outcome.probability)
    return greatest


def _findings(run: Run, model: InstalledModel, seen: Sequence[_Seen]) -> list[Finding]:
    rules: Mapping[str, tuple[dict[str, str], float, bool]] = {
        rule.label: ({"fr": rule.title.fr, "en": rule.title.en}, rule.threshold, rule.critical)
        for rule in model.card.output.labels
    }
    return [
        Finding(
            finding_id=uuid4(),
            run_id=run.run_id,
            study_uid=run.study_uid,
            label=outcome.label,
            titles=rules[outcome.label][0],
            probability=outcome.probability,
            threshold=rules[outcome.label][1],
            critical=rules[outcome.label][2],
            region=outcome.region,
            sop_instance_uid=image.sop_instance_uid,
            frame=1,
            model=model.title,
            status=FindingState.PENDING_DISPLAY,
            judged_by="",
            judged_at=None,
            version=1,
        )
        for image in seen
        for outcome in image.outcomes
        if outcome.reached
    ]
