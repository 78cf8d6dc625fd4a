"""SQL of the teaching sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, RowMapping, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from negatoscope.archive.tables import series, studies
from negatoscope.platform.errors import NotFound
from negatoscope.reporting.model import VersionStatus
from negatoscope.reporting.tables import report_versions
from negatoscope.training.model import SessionState, TrainingCase, TrainingSession, Verdict
from negatoscope.training.tables import training_cases, training_sessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A signed report whose study may become a case."""

    study_uid: str
    version_id: UUID
    truth: Verdict


def list_candidates(
    tx: Connection, visible: ColumnElement[bool], *, reader_id: UUID, region: str, limit: int
) -> list[Candidate]:
    """Return the latest studies with a signed verdict that this reader neither signed nor met in a session before."""
    version = report_versions.c
    verdict = version.body["assessment"].astext
    newer = report_versions.alias()
    met = (
        select(training_cases.c.case_id)
        .join(training_sessions, training_sessions.c.session_id == training_cases.c.session_id)
        .where(training_cases.c.study_uid == version.study_uid, training_sessions.c.reader_id == reader_id)
    )
    query = (
        select(version.study_uid, version.version_id, verdict.label("verdict"))
        .join(studies, studies.c.study_uid == version.study_uid)
        .where(
            visible,
            version.status != VersionStatus.PRELIMINARY.value,
            verdict.in_([one.value for one in Verdict]),
            ~exists(
                select(newer.c.version_id).where(
                    newer.c.study_uid == version.study_uid,
                    or_(newer.c.number > version.number, newer.c.signer_id == reader_id),
                )
            ),
            ~exists(met),
        )
        .order_by(version.signed_at.desc(), version.version_id)
        .limit(limit)
    )
    if region:
        of_region = select(series.c.series_uid).where(series.c.study_uid == version.study_uid, series.c.body_part == region)
        query = query.where(exists(of_region))
    return [
        Candidate(study_uid=row.study_uid, version_id=row.version_id, truth=Verdict(row.verdict)) for row in tx.execute(query)
    ]


def insert_session(tx: Connection, session: TrainingSession, cases: Sequence[TrainingCase]) -> None:
    """Add a session with its cases."""
    values: dict[str, Any] = asdict(session) | {"state": session.state.value}
    tx.execute(insert(training_sessions).values(values))
    rows: list[dict[str, Any]] = [asdict(case) | {"truth": case.truth.value, "answer": ""} for case in cases]
    tx.execute(insert(training_cases), rows)


def get_session(tx: Connection, session_id: UUID, *, lock: bool = False) -> TrainingSession:
    """Return a session, held until the end of the transaction when `lock` is set."""
    query = select(training_sessions).where(training_sessions.c.session_id == session_id)
    row = tx.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such session.")
    return _session(row)


def list_sessions(tx: Connection, reader_id: UUID, *, limit: int = 50) -> list[tuple[TrainingSession, int, int, int]]:
    """Return the reader's latest sessions, each with its numbers of cases, of answers and of right answers."""
    right = func.count().filter(training_cases.c.answer == training_cases.c.truth)
    query = (
        select(
            training_sessions,
            func.count().label("cases"),
            func.count(training_cases.c.answered_at).label("answered"),
            right.label("right"),
        )
        .join(training_cases, training_cases.c.session_id == training_sessions.c.session_id)
        .where(training_sessions.c.reader_id == reader_id)
        .group_by(*training_sessions.c)
        .order_by(training_sessions.c.started_at.desc())
        .limit(limit)
    )
    return [(_session(row), row["cases"], row["answered"], row["right"]) for row in tx.execute(query).mappings()]


def list_cases(tx: Connection, session_id: UUID) -> list[TrainingCase]:
    """Return the cases of a session in their order."""
    query = select(training_cases).where(training_cases.c.session_id == session_id).order_by(training_cases.c.number)
    return [_case(row) for row in tx.execute(query).mappings()]


def get_case(tx: Connection, case_id: UUID) -> TrainingCase:
    """Return one case."""
    row = tx.execute(select(training_cases).where(training_cases.c.case_id == case_id)).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such case.")
    return _case(row)


def update_answer(tx: Connection, case_id: UUID, answer: Verdict, free_answer: str, at: datetime) -> bool:
    """Write the answer of a case that has none; False when it has."""
    query = (
        update(training_cases)
        .where(training_cases.c.case_id == case_id, training_cases.c.answered_at.is_(None))
        .values(answer=answer.value, free_answer=free_answer, answered_at=at)
    )
    return tx.execute(query).rowcount == 1


def update_session(tx: Connection, session_id: UUID, state: SessionState, *, ended_at: datetime | None) -> None:
    """Write the state of a session that is held."""
    tx.execute(
        update(training_sessions)
        .where(training_sessions.c.session_id == session_id)
        .values(state=state.value, ended_at=ended_at)
    )


def _session(row: RowMapping) -> TrainingSession:
    return TrainingSession(
        session_id=row["session_id"],
        reader_id=row["reader_id"],
        reader_name=row["reader_name"],
        region=row["region"],
        with_ai=row["with_ai"],
        state=SessionState(row["state"]),
        started_at=row["started_at"],
        ended_at=row["ended_at"],
    )


def _case(row: RowMapping) -> TrainingCase:
    return TrainingCase(
        case_id=row["case_id"],
        session_id=row["session_id"],
        number=row["number"],
        study_uid=row["study_uid"],
        version_id=row["version_id"],
        truth=Verdict(row["truth"]),
        answer=Verdict(row["answer"]) if row["answer"] else None,
        free_answer=row["free_answer"],
        answered_at=row["answered_at"],
    )
