"""From a complete study to findings, and every way in which a model says nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from pydicom.dataset import Dataset

from negatoscope.access.model import Role
from negatoscope.ai.jobs import RUN_MODEL
from negatoscope.ai.model import FindingState, RunState
from negatoscope.ai.requests import REQUEST_RUNS, rerun
from negatoscope.ai.results import SETTLE_FINDINGS, judge_finding, results_of_studies, runs_of_study, show_result
from negatoscope.platform.clock import TurnedClock
from negatoscope.platform.errors import Forbidden, InvalidTransition, StaleVersion
from negatoscope.platform.events import publish
from negatoscope.platform.job_worker import JobRun, perform
from negatoscope.platform.reactions import Reactor
from negatoscope.platform.runtime import Platform
from tests.builders.blob_model import NAME, VERSION, blob_network, write_models
from tests.builders.dicom import a_dx_image
from tests.builders.kserve_server import serving
from tests.builders.reading import a_stored_study, store
from tests.builders.subjects import a_user


@pytest.fixture(scope="module")
def network() -> bytes:
    """Return the test network."""
    return blob_network()


@pytest.fixture
def equipped(platform: Platform, network: bytes, tmp_path: Path) -> Platform:
    """Return a platform whose operator installed the blob detector."""
    folder = write_models(tmp_path / "models", network=network)
    return replace(platform, settings=platform.settings.model_copy(update={"models": folder}))


def a_film(*, blob_at: tuple[int, int] | None, photometric: str = "MONOCHROME2") -> Dataset:
    """Return a chest image of 200 x 160, grey, with a bright square of 30 x 30 centred at (column, row)."""
    data_set = a_dx_image(rows=200, columns=160, photometric=photometric)
    values = np.full((200, 160), 1000, np.uint16)
    if blob_at is not None:
        column, row = blob_at
        values[row - 15 : row + 15, column - 15 : column + 15] = 4000
    data_set.PixelData = ((4095 - values) if photometric == "MONOCHROME1" else values).tobytes()
    return data_set


def make_stable(platform: Platform, study_uid: str) -> None:
    """Announce the study as complete."""
    with platform.database.transaction(platform.tenant) as tx:
        publish(tx, "study_stable", subject=study_uid, payload={"study_uid": study_uid})


@pytest.fixture
def ask() -> SimpleNamespace:
    """Return what asks the models about a study and runs the jobs, as the worker does."""

    def run(platform: Platform) -> int:
        Reactor(platform, (REQUEST_RUNS,)).run_once(platform.tenant)
        count = 0
        for name, key, attempt, arguments in platform.jobs.waiting(platform.tenant):
            platform.jobs.withdraw(platform.tenant, name, key, attempt)
            perform(platform, RUN_MODEL, JobRun(key=key, attempt=attempt, arguments=arguments, step=lambda _, work: work()))
            count += 1
        return count

    return SimpleNamespace(run=run)


def states(platform: Platform, study_uid: str) -> list[tuple[RunState, str]]:
    """Return state and reason of each run."""
    with platform.database.read(platform.tenant) as tx:
        return [(run.state, run.reason) for run in runs_of_study(tx, study_uid)]


def test_without_a_model_the_run_says_so_once(platform: Platform, ask: SimpleNamespace) -> None:
    study_uid = a_stored_study(platform)
    for _ in range(2):
        make_stable(platform, study_uid)
        ask.run(platform)
    assert states(platform, study_uid) == [(RunState.NO_MODEL, "no_model_installed")]
    with platform.database.read(platform.tenant) as tx:
        result = results_of_studies(tx, [study_uid])[study_uid]
    assert (result.status, result.findings) == ("no_model", ())


@pytest.mark.parametrize("photometric", ["MONOCHROME2", "MONOCHROME1"])
def test_blob_becomes_a_finding_where_it_is(equipped: Platform, ask: SimpleNamespace, photometric: str) -> None:
    study_uid = a_stored_study(equipped, [a_film(blob_at=(100, 60), photometric=photometric)])
    make_stable(equipped, study_uid)
    assert ask.run(equipped) == 1
    with equipped.database.read(equipped.tenant) as tx:
        result = results_of_studies(tx, [study_uid])[study_uid]
    assert result.status == "done"
    (finding,) = result.findings
    assert (finding.label, finding.critical, finding.model) == ("bright_blob", True, f"{NAME} {VERSION}")
    assert finding.probability > 0.9
    assert finding.region is not None
    columns, rows = [x for x, _ in finding.region], [y for _, y in finding.region]
    assert 60 < min(columns) < 100 < max(columns) < 140
    assert 20 < min(rows) < 60 < max(rows) < 100
    assert set(result.runs[0].probabilities) == {"bright_blob", "dark_blob"}


def test_plain_film_gives_a_result_without_findings(equipped: Platform, ask: SimpleNamespace) -> None:
    study_uid = a_stored_study(equipped, [a_film(blob_at=None)])
    make_stable(equipped, study_uid)
    ask.run(equipped)
    with equipped.database.read(equipped.tenant) as tx:
        result = results_of_studies(tx, [study_uid])[study_uid]
    assert (result.status, result.findings) == ("done", ())


def test_announced_twice_runs_once(equipped: Platform, ask: SimpleNamespace) -> None:
    study_uid = a_stored_study(equipped, [a_film(blob_at=(80, 80))])
    make_stable(equipped, study_uid)
    make_stable(equipped, study_uid)
    assert ask.run(equipped) == 1
    make_stable(equipped, study_uid)
    assert ask.run(equipped) == 0


def test_late_image_asks_again_and_sets_the_first_result_aside(
    equipped: Platform, ask: SimpleNamespace, clock: TurnedClock
) -> None:
    study_uid = a_stored_study(equipped, [a_film(blob_at=(80, 80))])
    make_stable(equipped, study_uid)
    ask.run(equipped)
    clock.turn(timedelta(minutes=5))
    late = a_film(blob_at=None)
    late.StudyInstanceUID = study_uid
    store(equipped, late)
    make_stable(equipped, study_uid)
    ask.run(equipped)
    assert [state for state, _ in states(equipped, study_uid)] == [RunState.SUPERSEDED, RunState.SUCCEEDED]
    with equipped.database.read(equipped.tenant) as tx:
        assert len(results_of_studies(tx, [study_uid])[study_uid].findings) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"BodyPartExamined": "HAND"}, "unsuitable_body_part"),
        ({"BodyPartExamined": ""}, "unsuitable_body_part"),
        ({"Modality": "MG"}, "unsuitable_modality"),
        ({"ImageType": ["DERIVED", "SECONDARY"]}, "unsuitable_secondary_image"),
        ({"PresentationIntentType": "FOR PROCESSING"}, "unsuitable_raw_image"),
    ],
)
def test_unsuitable_image_is_refused_with_its_reason(
    equipped: Platform, ask: SimpleNamespace, change: dict[str, object], reason: str
) -> None:
    study_uid = a_stored_study(equipped, [a_film(blob_at=(80, 80))], **change)
    make_stable(equipped, study_uid)
    ask.run(equipped)
    assert states(equipped, study_uid) == [(RunState.REFUSED, reason)]
    with equipped.database.read(equipped.tenant) as tx:
        assert results_of_studies(tx, [study_uid])[study_uid].findings == ()


def test_exchanged_model_file_never_runs(equipped: Platform, ask: SimpleNamespace) -> None:
    models = equipped.settings.models
    assert models is not None
    study_uid = a_stored_study(equipped, [a_film(blob_at=(80, 80))])
    (models / "blob" / "model.onnx").write_bytes(b"something else")
    make_stable(equipped, study_uid)
    ask.run(equipped)
    assert states(equipped, study_uid) == [(RunState.FAILED, "model_hash")]


def test_folder_out_of_order_fails_the_run_and_not_the_reaction(equipped: Platform, ask: SimpleNamespace) -> None:
    models = equipped.settings.models
    assert models is not None
    (models / "SHA256SUMS").write_text("nonsense")
    study_uid = a_stored_study(equipped)
    make_stable(equipped, study_uid)
    ask.run(equipped)
    assert states(equipped, study_uid) == [(RunState.FAILED, "models")]


def test_remote_server_finds_the_same(equipped: Platform, network: bytes, ask: SimpleNamespace) -> None:
    study_uid = a_stored_study(equipped, [a_film(blob_at=(100, 60))])
    make_stable(equipped, study_uid)
    with serving(NAME, VERSION, network) as url:
        remote = replace(equipped, settings=equipped.settings.model_copy(update={"inference_url": url}))
        ask.run(remote)
    with equipped.database.read(equipped.tenant) as tx:
        result = results_of_studies(tx, [study_uid])[study_uid]
    assert [run.engine for run in result.runs] == ["kserve"]
    assert [finding.label for finding in result.findings] == ["bright_blob"]


def test_absent_server_is_asked_again_and_then_given_up(equipped: Platform, ask: SimpleNamespace) -> None:
    study_uid = a_stored_study(equipped, [a_film(blob_at=(100, 60))])
    make_stable(equipped, study_uid)
    gone = replace(equipped, settings=equipped.settings.model_copy(update={"inference_url": "http://127.0.0.1:9"}))
    for attempt in range(4):
        assert ask.run(gone) == 1, attempt
    assert states(equipped, study_uid) == [(RunState.FAILED, "engine_unavailable")]
    lead = a_user(equipped, Role.LEAD_RADIOLOGIST)
    assert rerun(equipped, lead, study_uid) == 1
    assert ask.run(equipped) == 1
    assert [state for state, _ in states(equipped, study_uid)] == [RunState.SUCCEEDED]


def test_run_whose_job_was_lost_can_be_asked_again_after_a_while(
    equipped: Platform, ask: SimpleNamespace, clock: TurnedClock
) -> None:
    study_uid = a_stored_study(equipped, [a_film(blob_at=(100, 60))])
    make_stable(equipped, study_uid)
    Reactor(equipped, (REQUEST_RUNS,)).run_once(equipped.tenant)
    for name, key, attempt, _ in equipped.jobs.waiting(equipped.tenant):
        equipped.jobs.withdraw(equipped.tenant, name, key, attempt)
    reader = a_user(equipped, Role.RADIOLOGIST)
    assert rerun(equipped, reader, study_uid) == 0
    clock.turn(timedelta(minutes=16))
    assert rerun(equipped, replace(reader, seen_at=clock.now()), study_uid) == 1
    assert ask.run(equipped) == 1
    assert [state for state, _ in states(equipped, study_uid)] == [RunState.SUCCEEDED]


def test_model_installed_later_replaces_the_note_that_there_was_none(
    platform: Platform, equipped: Platform, ask: SimpleNamespace, clock: TurnedClock
) -> None:
    study_uid = a_stored_study(platform, [a_film(blob_at=(100, 60))])
    make_stable(platform, study_uid)
    ask.run(platform)
    clock.turn(timedelta(minutes=5))
    rerun(equipped, a_user(equipped, Role.RADIOLOGIST), study_uid)
    ask.run(equipped)
    assert [state for state, _ in states(equipped, study_uid)] == [RunState.SUPERSEDED, RunState.SUCCEEDED]


def test_reader_sees_judges_and_the_signature_settles(
    equipped: Platform, ask: SimpleNamespace, react: Callable[..., int]
) -> None:
    study_uid = a_stored_study(equipped, [a_film(blob_at=(100, 60)), a_film(blob_at=(50, 100))])
    make_stable(equipped, study_uid)
    ask.run(equipped)
    resident = a_user(equipped, Role.RESIDENT)
    first, second = show_result(equipped, resident, study_uid).findings
    assert {first.status, second.status} == {FindingState.DISPLAYED}
    judged = judge_finding(equipped, resident, first.finding_id, first.version, agree=True)
    assert (judged.status, judged.judged_by) == (FindingState.ACCEPTED, resident.display_name)
    with pytest.raises(StaleVersion):
        judge_finding(equipped, resident, first.finding_id, first.version, agree=False)
    with equipped.database.transaction(equipped.tenant) as tx:
        publish(tx, "report_signed", subject=study_uid, payload={"status": "final"})
    react(SETTLE_FINDINGS)
    settled = {one.finding_id: one for one in show_result(equipped, resident, study_uid).findings}
    assert settled[first.finding_id].status is FindingState.ACCEPTED
    ignored = settled[second.finding_id]
    assert ignored.status is FindingState.IGNORED
    with pytest.raises(InvalidTransition):
        judge_finding(equipped, resident, ignored.finding_id, ignored.version, agree=True)


def test_secretary_may_neither_see_nor_judge(equipped: Platform, ask: SimpleNamespace) -> None:
    study_uid = a_stored_study(equipped, [a_film(blob_at=(100, 60))])
    make_stable(equipped, study_uid)
    ask.run(equipped)
    secretary = a_user(equipped, Role.SECRETARY)
    with pytest.raises(Forbidden):
        show_result(equipped, secretary, study_uid)
    with equipped.database.read(equipped.tenant) as tx:
        (finding,) = results_of_studies(tx, [study_uid])[study_uid].findings
    with pytest.raises(Forbidden):
        judge_finding(equipped, secretary, finding.finding_id, finding.version, agree=True)
