"""What the models said: the findings for the viewer, the judgement of a reader, the runs of the department."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Action, Subject
from negatoscope.access.policy import may_ever
from negatoscope.ai.catalogue import InstalledModel, installed_models
from negatoscope.ai.model import Finding, RunState
from negatoscope.ai.requests import rerun
from negatoscope.ai.results import judge_finding, show_result
from negatoscope.ai.store import list_latest_runs
from negatoscope.doors.web.dependencies import platform_of, requires
from negatoscope.doors.web.language import N_, current_language, gettext, ngettext
from negatoscope.doors.web.templates import page, see_other
from negatoscope.platform.errors import InvalidInput, SettingsError

router = APIRouter(include_in_schema=False)

Uid = Annotated[str, Path(pattern=r"^[0-9.]{1,64}$")]
Viewer = Annotated[Subject, Depends(requires(Action.VIEW_AI_RESULT))]
PAGE_LENGTH: Final = 50

RUN_REASONS: Final[Mapping[str, str]] = MappingProxyType({
    "no_model_installed": N_("No model is installed. Studies are ordered without AI."),
    "models": N_("The folder of models is not in order; 'negatoscope doctor' says why."),
    "unsuitable_modality": N_("The model does not know this modality."),
    "unsuitable_raw_image": N_("The image is raw data and not for reading."),
    "unsuitable_secondary_image": N_("The image is a derived or secondary one."),
    "unsuitable_body_part": N_("The model does not know this body part, or the image does not name it."),
    "unsuitable_view": N_("The model does not know this view."),
    "unsuitable_age": N_("The patient is too young for the model."),
    "unsuitable_age_unknown": N_("The patient’s age is unknown and the model depends on it."),
    "unsuitable_size": N_("The image is too large."),
    "unsuitable_colour": N_("The image is in colour."),
    "unsuitable_no_image": N_("The study holds no image."),
    "engine_unavailable": N_("The inference server did not answer."),
    "engine_answer": N_("The inference server did not answer as its protocol says."),
    "engine_refused": N_("The inference server refused the image."),
    "model_missing": N_("This model is not installed any more."),
    "model_hash": N_("The model file is not the one of its card: it was not run."),
    "model_unreadable": N_("The model file cannot be read."),
    "model_shape": N_("The model does not have the inputs and outputs of its card."),
    "model_output": N_("The model gave values that are no probabilities."),
    "no_isolation": N_("This machine cannot shut the model off from the network: it was not run."),
    "sandbox_timeout": N_("The model took too long and was stopped."),
    "sandbox_crashed": N_("The model crashed; nothing else was touched."),
    "sandbox_failed": N_("The model failed."),
    "internal_error": N_("The model failed."),
    "grey_scale_unreadable": N_("The image cannot be decoded."),
    "too_many_bits": N_("The image cannot be decoded."),
    "undecodable_frame": N_("The image cannot be decoded."),
})  # fmt: skip


def reason_words(reason: str) -> str:
    """Return why a run gave no result, as a sentence; an unknown reason stays the word that it is."""
    return gettext(RUN_REASONS[reason]) if reason in RUN_REASONS else reason


@router.get("/studies/{study_uid}/findings")
def show_findings(request: Request, study_uid: Uid, subject: Viewer) -> Response:
    """Give the findings of a study to the viewer. From then on they count as seen."""
    result = show_result(platform_of(request), subject, study_uid)
    status = {"none": "waiting", "refused": "unsupported"}.get(result.status, result.status)
    return JSONResponse(
        {
            "status": status,
            "models": [
                {"name": run.model_name, "version": run.model_version, "sha256": run.model_sha256}
                for run in result.runs
                if run.model_name
            ],
            "findings": [finding_json(one) for one in result.findings],
        },
        headers={"Cache-Control": "no-store"},
    )


@router.post("/findings/{finding_id}/judge")
def judge(
    request: Request,
    finding_id: UUID,
    subject: Annotated[Subject, Depends(requires(Action.JUDGE_AI_FINDING))],
    version: Annotated[int, Form(ge=1)],
    verdict: Annotated[str, Form(pattern="^(agree|reject)$")],
) -> RedirectResponse:
    """Agree with a finding or reject it."""
    finding = judge_finding(platform_of(request), subject, finding_id, version, agree=verdict == "agree")
    return see_other(request, f"/reading/{finding.study_uid}")


@router.post("/studies/{study_uid}/ai/rerun")
def ask_again(
    request: Request, study_uid: Uid, subject: Annotated[Subject, Depends(requires(Action.RERUN_AI))]
) -> RedirectResponse:
    """Ask the models again."""
    count = rerun(platform_of(request), subject, study_uid)
    words = ngettext("%(num)s run will follow.", "%(num)s runs will follow.", count) % {"num": count}
    return see_other(request, f"/reading/{study_uid}", status=words)


@router.get("/ai")
def show_runs(
    request: Request,
    subject: Annotated[Subject, Depends(requires(Action.RERUN_AI))],
    state: Annotated[str, Query(pattern="^[a-z_]{0,20}$")] = "",
    after: Annotated[str, Query(max_length=100)] = "",
) -> HTMLResponse:
    """Show the models that may run here, and their latest runs. No patient is named."""
    platform = platform_of(request)
    with platform.database.read(platform.tenant) as tx:
        authorise(tx, subject, Action.RERUN_AI)
        runs = list_latest_runs(tx, state=state, after=_key(after) if after else None, limit=PAGE_LENGTH + 1)
    shown = runs[:PAGE_LENGTH]
    try:
        models, fault = installed_models(platform.settings), ""
    except SettingsError as error:
        models, fault = (), str(error)
    next_href = None
    if len(runs) > PAGE_LENGTH:
        last = shown[-1]
        next_href = f"/ai?{urlencode({'state': state, 'after': f'{last.requested_at.isoformat()}~{last.run_id}'})}"
    return page(
        request,
        "ai/runs.html",
        runs=shown,
        models=models,
        fault=fault,
        state=state,
        states=[(one.value, one) for one in RunState],
        next_href=next_href,
        first_href="/ai" if after else None,
        reason_words=reason_words,
        titles=_titles(models),
        language=current_language(),
        may_open=may_ever(subject, Action.CLAIM_READING),
        remote=platform.settings.inference_url is not None,
    )


def _titles(models: tuple[InstalledModel, ...]) -> dict[str, str]:
    """Return the title of each label that an installed model knows, in the language of the page."""
    labels = [rule for model in models for rule in model.card.output.labels]
    return {rule.label: rule.title.fr if current_language() == "fr" else rule.title.en for rule in labels}


def _key(text: str) -> tuple[datetime, UUID]:
    try:
        at, run_id = text.split("~")
        moment = datetime.fromisoformat(at)
        key = (moment, UUID(run_id))
    except ValueError as error:
        raise InvalidInput("The page key is not one of ours.", field="after") from error
    if moment.tzinfo is None:
        raise InvalidInput("The page key is not one of ours.", field="after")
    return key


def finding_json(finding: Finding) -> dict[str, object]:
    """Return a finding as the viewer reads it."""
    return {
        "finding_id": str(finding.finding_id),
        "label": finding.titles.get(current_language(), finding.label),
        "probability": finding.probability,
        "sop_instance_uid": finding.sop_instance_uid,
        "frame": finding.frame,
        "region": [list(point) for point in finding.region] if finding.region is not None else None,
        "model": finding.model,
        "status": finding.status.value,
    }
