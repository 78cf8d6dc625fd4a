"""What the models said about a study, for those who read it: shown, judged, and settled by the final signature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sqlalchemy import Connection

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Subject
from negatoscope.ai import store
from negatoscope.ai.model import Finding, FindingEvent, FindingState, Run, RunState, next_finding_state
from negatoscope.archive.studies import get_study
from negatoscope.audit.trail import record
from negatoscope.platform.errors import StaleVersion
from negatoscope.platform.events import Event, publish
from negatoscope.platform.reactions import Reaction
from negatoscope.platform.runtime import Platform

SET_ASIDE = frozenset({RunState.SUPERSEDED, RunState.WITHDRAWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyResult:
    """The present result of a study. `status` is one word for all its runs: none, no_model, waiting, running, failed,
    refused or done; the runs that were set aside are not among `runs`."""

    status: str
    runs: tuple[Run, ...]
    findings: tuple[Finding, ...]

    @property
    def strongest(self) -> Finding | None:
        """Return the most probable finding that counts for urgency and was not rejected."""
        return next((one for one in self.findings if one.critical and one.status is not FindingState.REJECTED), None)


def runs_of_study(tx: Connection, study_uid: str) -> list[Run]:
    """Return every run on the study, oldest first, those set aside too."""
    return store.list_runs(tx, [study_uid])


def findings_of_study(tx: Connection, study_uid: str) -> list[Finding]:
    """Return the findings that stand, the most probable first."""
    return store.list_findings(tx, [study_uid])


def results_of_studies(tx: Connection, study_uids: Sequence[str]) -> dict[str, StudyResult]:
    """Return the result of each of these studies, in two queries."""
    runs: dict[str, list[Run]] = {study_uid: [] for study_uid in study_uids}
    findings: dict[str, list[Finding]] = {study_uid: [] for study_uid in study_uids}
    for run in store.list_runs(tx, study_uids):
        if run.state not in SET_ASIDE:
            runs[run.study_uid].append(run)
    for finding in store.list_findings(tx, study_uids):
        findings[finding.study_uid].append(finding)
    return {
        study_uid: StudyResult(
            status=overall_status(runs[study_uid]), runs=tuple(runs[study_uid]), findings=tuple(findings[study_uid])
        )
        for study_uid in study_uids
    }


def overall_status(runs: Sequence[Run]) -> str:
    """Return one word for several runs: what still moves first, then what went well, then what did not."""
    states = {run.state for run in runs}
    words = [
        (RunState.RUNNING, "running"),
        (RunState.QUEUED, "waiting"),
        (RunState.REQUESTED, "waiting"),
        (RunState.SUCCEEDED, "done"),
        (RunState.FAILED, "failed"),
        (RunState.REFUSED, "refused"),
        (RunState.NO_MODEL, "no_model"),
    ]
    return next((word for state, word in words if state in states), "none")


def show_result(platform: Platform, subject: Subject, study_uid: str) -> StudyResult:
    """Return the result to somebody who reads the study; what was shown is known from then on."""
    with platform.database.transaction(platform.tenant) as tx:
        study = get_study(tx, study_uid)
        authorise(tx, subject, Action.VIEW_AI_RESULT, patient_id=study.patient_id, study_uid=study_uid)
        fresh = [one for one in store.list_findings(tx, [study_uid], lock=True) if one.status is FindingState.PENDING_DISPLAY]
        for finding in fresh:
            to = next_finding_state(finding.status, FindingEvent.DISPLAY)
            store.update_finding(tx, replace(finding, status=to))
        if fresh:
            record(
                tx,
                subject.actor,
                Action.VIEW_AI_RESULT,
                patient_id=study.patient_id,
                study_uid=study_uid,
                objects={"findings": [str(finding.finding_id) for finding in fresh]},
            )
        return results_of_studies(tx, [study_uid])[study_uid]


def judge_finding(platform: Platform, subject: Subject, finding_id: UUID, version: int, *, agree: bool) -> Finding:
    """Say whether one finding is right. It can be said again, otherwise, until a final report settles it."""
    with platform.database.transaction(platform.tenant) as tx:
        finding = store.get_finding(tx, finding_id)
        study = get_study(tx, finding.study_uid)
        authorise(tx, subject, Action.JUDGE_AI_FINDING, patient_id=study.patient_id, study_uid=finding.study_uid)
        if finding.version != version:
            raise StaleVersion("The finding was judged meanwhile.", field="version")
        to = next_finding_state(finding.status, FindingEvent.AGREE if agree else FindingEvent.REJECT)
        judged = replace(finding, status=to, judged_by=subject.display_name, judged_at=platform.clock.now())
        store.update_finding(tx, judged, judged_by_id=subject.user_id)
        publish(
            tx,
            "ai_finding_judged",
            subject=finding.study_uid,
            payload={"study_uid": finding.study_uid, "finding_id": str(finding_id), "status": to.value},
        )
        record(
            tx,
            subject.actor,
            Action.JUDGE_AI_FINDING,
            patient_id=study.patient_id,
            study_uid=finding.study_uid,
            objects={"finding": str(finding_id), "status": to.value, "model": finding.model},
        )
    return replace(judged, version=finding.version + 1)


def _settle(platform: Platform, tx: Connection, event: Event) -> None:
    if event.payload.get("status") != "final":
        return
    for finding in store.list_findings(tx, [event.subject], lock=True):
        to = next_finding_state(finding.status, FindingEvent.FINAL_SIGNED)
        if to is not finding.status:
            store.update_finding(tx, replace(finding, status=to))


SETTLE_FINDINGS = Reaction(name="settle_ai_findings", kinds=frozenset({"report_signed"}), handle=_settle)
