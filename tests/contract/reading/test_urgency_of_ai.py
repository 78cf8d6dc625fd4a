"""A finding of a model moves a study up the list; its rejection takes the points away, and no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from negatoscope.access.model import Role
from negatoscope.ai.jobs import RUN_MODEL
from negatoscope.ai.requests import REQUEST_RUNS
from negatoscope.ai.results import judge_finding, show_result
from negatoscope.platform.events import publish
from negatoscope.platform.job_worker import JobRun, perform
from negatoscope.platform.reactions import Reactor
from negatoscope.platform.runtime import Platform
from negatoscope.reading import store
from negatoscope.reading.refresh import REFRESH_URGENCY
from negatoscope.reading.tasks import OPEN_TASK
from negatoscope.reading.urgency import Band, Urgency
from tests.builders.blob_model import write_models
from tests.builders.dicom import a_dx_image
from tests.builders.reading import a_stored_study
from tests.builders.subjects import a_user


def urgency_of(platform: Platform, study_uid: str) -> Urgency:
    """Return the urgency as it is stored."""
    with platform.database.read(platform.tenant) as tx:
        task = store.find_task_of_study(tx, study_uid)
    assert task is not None
    return task.urgency


def ai_component(urgency: Urgency) -> tuple[int, str]:
    """Return points and detail of the models' component."""
    (component,) = [one for one in urgency.components if one.name == "ai"]
    return component.points, component.detail


def test_finding_raises_and_its_rejection_takes_the_points_away(
    platform: Platform, tmp_path: Path, react: Callable[..., int]
) -> None:
    folder = write_models(tmp_path / "models")
    equipped = replace(platform, settings=platform.settings.model_copy(update={"models": folder}))
    image = a_dx_image(rows=200, columns=160)
    values = np.full((200, 160), 1000, np.uint16)
    values[60:90, 60:90] = 4000
    image.PixelData = values.tobytes()
    study_uid = a_stored_study(equipped, [image])
    react(OPEN_TASK)
    assert ai_component(urgency_of(platform, study_uid)) == (0, "none")
    with platform.database.transaction(platform.tenant) as tx:
        publish(tx, "study_stable", subject=study_uid, payload={"study_uid": study_uid})
    Reactor(equipped, (REQUEST_RUNS, REFRESH_URGENCY)).run_once(platform.tenant)
    react(REFRESH_URGENCY)
    assert ai_component(urgency_of(platform, study_uid)) == (0, "pending")
    for name, key, attempt, arguments in platform.jobs.waiting(platform.tenant):
        platform.jobs.withdraw(platform.tenant, name, key, attempt)
        perform(equipped, RUN_MODEL, JobRun(key=key, attempt=attempt, arguments=arguments, step=lambda _, work: work()))
    react(REFRESH_URGENCY)
    raised = urgency_of(platform, study_uid)
    points, detail = ai_component(raised)
    assert detail.startswith("bright_blob ")
    assert points > 30
    assert (raised.band, raised.total) == (Band.CRITICAL, sum(one.points for one in raised.components))
    reader = a_user(platform, Role.RADIOLOGIST)
    (finding,) = show_result(equipped, reader, study_uid).findings
    judge_finding(equipped, reader, finding.finding_id, finding.version, agree=False)
    react(REFRESH_URGENCY)
    lowered = urgency_of(platform, study_uid)
    assert ai_component(lowered) == (0, "set_aside")
    assert lowered.total == raised.total - points
