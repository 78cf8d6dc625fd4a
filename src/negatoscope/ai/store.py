"""SQL of the runs and findings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, and_, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from negatoscope.ai.model import Finding, FindingState, Run, RunState
from negatoscope.ai.tables import ai_findings, ai_runs
from negatoscope.platform.errors import NotFound, StaleVersion


def insert_run(tx: Connection, run: Run) -> bool:
    """Add a run; False when this model version was asked about the same images before."""
    values: dict[str, Any] = asdict(run) | {"state": run.state.value}
    query = insert(ai_runs).values(values).on_conflict_do_nothing().returning(ai_runs.c.run_id)
    return tx.execute(query).one_or_none() is not None


def get_run(tx: Connection, run_id: UUID, *, lock: bool = False) -> Run:
    """Return a run, held until the end of the transaction when `lock` is set."""
    query = select(ai_runs).where(ai_runs.c.run_id == run_id)
    row = tx.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such run.")
    return _run(row)


def update_run(tx: Connection, run: Run) -> Run:
    """Write the changed run over the version it was read at."""
    changed = ("state", "reason", "probabilities", "started_at", "ended_at", "inference_ms")
    values = {name: value for name, value in asdict(run).items() if name in changed}
    query = (
        update(ai_runs)
        .where(ai_runs.c.run_id == run.run_id, ai_runs.c.version == run.version)
        .values(values | {"state": run.state.value, "version": run.version + 1})
        .returning(*ai_runs.c)
    )
    row = tx.execute(query).mappings().one_or_none()
    if row is None:
        raise StaleVersion("The run was changed meanwhile.")
    return _run(row)


def list_runs(tx: Connection, study_uids: Sequence[str]) -> list[Run]:
    """Return the runs on these studies, oldest first."""
    if not study_uids:
        return []
    query = select(ai_runs).where(ai_runs.c.study_uid.in_(study_uids)).order_by(ai_runs.c.requested_at, ai_runs.c.run_id)
    return [_run(row) for row in tx.execute(query).mappings()]


def list_latest_runs(
    tx: Connection, *, state: str = "", after: tuple[datetime, UUID] | None = None, limit: int = 50
) -> list[Run]:
    """Return runs of the whole department, newest first."""
    query = select(ai_runs).order_by(ai_runs.c.requested_at.desc(), ai_runs.c.run_id.desc()).limit(limit)
    if state:
        query = query.where(ai_runs.c.state == state)
    if after is not None:
        at, run_id = after
        query = query.where(or_(ai_runs.c.requested_at < at, and_(ai_runs.c.requested_at == at, ai_runs.c.run_id < run_id)))
    return [_run(row) for row in tx.execute(query).mappings()]


def insert_findings(tx: Connection, findings: Sequence[Finding]) -> None:
    """Add the findings of a run."""
    if findings:
        rows: list[dict[str, Any]] = [
            asdict(finding)
            | {
                "status": finding.status.value,
                "region": [list(point) for point in finding.region] if finding.region is not None else None,
            }
            for finding in findings
        ]
        tx.execute(insert(ai_findings), rows)


def list_findings(tx: Connection, study_uids: Sequence[str], *, lock: bool = False) -> list[Finding]:
    """Return the findings of succeeded runs on these studies, the most probable first."""
    if not study_uids:
        return []
    query = (
        select(ai_findings)
        .join(ai_runs, ai_runs.c.run_id == ai_findings.c.run_id)
        .where(ai_findings.c.study_uid.in_(study_uids), ai_runs.c.state == RunState.SUCCEEDED.value)
        .order_by(ai_findings.c.probability.desc(), ai_findings.c.finding_id)
    )
    rows = tx.execute(query.with_for_update(of=ai_findings) if lock else query).mappings()
    return [_finding(row) for row in rows]


def get_finding(tx: Connection, finding_id: UUID) -> Finding:
    """Return a finding, held until the end of the transaction."""
    query = select(ai_findings).where(ai_findings.c.finding_id == finding_id).with_for_update()
    row = tx.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such finding.")
    return _finding(row)


def update_finding(tx: Connection, finding: Finding, *, judged_by_id: UUID | None = None) -> None:
    """Write status and judge over the version the finding was read at."""
    values: dict[str, Any] = {
        "status": finding.status.value,
        "judged_by": finding.judged_by,
        "judged_at": finding.judged_at,
        "version": finding.version + 1,
    }
    if judged_by_id is not None:
        values["judged_by_id"] = judged_by_id
    done = tx.execute(
        update(ai_findings)
        .where(ai_findings.c.finding_id == finding.finding_id, ai_findings.c.version == finding.version)
        .values(values)
    )
    if done.rowcount != 1:
        raise StaleVersion("The finding was changed meanwhile.")


def _run(row: RowMapping) -> Run:
    return Run(
        run_id=row["run_id"],
        study_uid=row["study_uid"],
        model_name=row["model_name"],
        model_version=row["model_version"],
        model_sha256=row["model_sha256"],
        engine=row["engine"],
        input_digest=row["input_digest"],
        state=RunState(row["state"]),
        reason=row["reason"],
        probabilities={str(label): float(value) for label, value in row["probabilities"].items()},
        requested_at=row["requested_at"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        inference_ms=row["inference_ms"],
        version=row["version"],
    )


def _finding(row: RowMapping) -> Finding:
    region = row["region"]
    return Finding(
        finding_id=row["finding_id"],
        run_id=row["run_id"],
        study_uid=row["study_uid"],
        label=row["label"],
        titles=dict(row["titles"]),
        probability=row["probability"],
        threshold=row["threshold"],
        critical=row["critical"],
        region=tuple((float(column), float(line)) for column, line in region) if region is not None else None,
        sop_instance_uid=row["sop_instance_uid"],
        frame=row["frame"],
        model=row["model"],
        status=FindingState(row["status"]),
        judged_by=row["judged_by"],
        judged_at=row["judged_at"],
        version=row["version"],
    )
