"""Start a session, answer its cases one after the other, and see the signed report only afterwards."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import Connection

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise, visible_patients
from negatoscope.access.model import Subject
from negatoscope.archive.studies import get_study
from negatoscope.archive.tables import studies
from negatoscope.audit.trail import record
from negatoscope.patients.store import get_patient
from negatoscope.platform.errors import Conflict, Forbidden, InvalidInput, NotFound
from negatoscope.platform.runtime import Platform
from negatoscope.reporting.reports import get_version
from negatoscope.training import store
from negatoscope.training.identity import struck
from negatoscope.training.model import (
    LONGEST_ANSWER,
    Score,
    SessionEvent,
    SessionState,
    TrainingCase,
    TrainingSession,
    Verdict,
    next_state,
    score,
)

MOST_CASES = 50
POOL = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedAnswer:
    """What the signed report of a case says, without identity."""

    findings: str
    conclusion: str
    addenda: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """A session as its reader sees it: the signed answers of the answered cases alone."""

    session: TrainingSession
    cases: tuple[TrainingCase, ...]
    score: Score
    signed: dict[UUID, SignedAnswer]

    @property
    def following(self) -> TrainingCase | None:
        """Return the first case that waits for an answer."""
        return next((case for case in self.cases if case.answer is None), None)


def start_session(
    platform: Platform, subject: Subject, *, size: int, region: str = "", with_ai: bool = False
) -> TrainingSession:
    """Draw cases by lot from the latest signed studies with a verdict; Conflict when there are none new to the reader."""
    if not 1 <= size <= MOST_CASES:
        raise InvalidInput("A session has 1 to 50 cases.", field="size")
    reader_id = _reader(subject)
    with platform.database.transaction(platform.tenant) as tx:
        authorise(tx, subject, Action.TRAIN)
        pool = store.list_candidates(
            tx,
            visible_patients(subject, studies.c.patient_id),
            reader_id=reader_id,
            region=region.strip().upper(),
            limit=POOL,
        )
        if not pool:
            raise Conflict("No signed study is left that you do not know.", reason="no_cases")
        drawn = secrets.SystemRandom().sample(pool, min(size, len(pool)))
        session = TrainingSession(
            session_id=uuid4(),
            reader_id=reader_id,
            reader_name=subject.display_name,
            region=region.strip().upper(),
            with_ai=with_ai,
            state=SessionState.OPEN,
            started_at=platform.clock.now(),
            ended_at=None,
        )
        cases = [
            TrainingCase(
                case_id=uuid4(),
                session_id=session.session_id,
                number=number,
                study_uid=one.study_uid,
                version_id=one.version_id,
                truth=one.truth,
                answer=None,
                free_answer="",
                answered_at=None,
            )
            for number, one in enumerate(drawn, start=1)
        ]
        store.insert_session(tx, session, cases)
        record(
            tx,
            subject.actor,
            Action.TRAIN,
            objects={"session": str(session.session_id), "studies": [case.study_uid for case in cases]},
        )
    return session


def answer_case(platform: Platform, subject: Subject, case_id: UUID, answer: Verdict, *, free_answer: str = "") -> TrainingCase:
    """Answer a case, once. Only then may its report be seen."""
    if len(free_answer) > LONGEST_ANSWER:
        raise InvalidInput("The answer is too long.", field="free_answer")
    with platform.database.transaction(platform.tenant) as tx:
        case = open_case(tx, subject, case_id)
        session = store.get_session(tx, case.session_id, lock=True)
        waiting = [one for one in store.list_cases(tx, case.session_id) if one.answer is None]
        is_last = len(waiting) == 1 and waiting[0].case_id == case_id
        state = next_state(session.state, SessionEvent.ANSWER_LAST if is_last else SessionEvent.ANSWER)
        now = platform.clock.now()
        if not store.update_answer(tx, case_id, answer, free_answer.strip(), now):
            raise Conflict("This case was answered before.", reason="answered_already")
        store.update_session(tx, session.session_id, state, ended_at=now if is_last else None)
        return store.get_case(tx, case_id)


def give_up(platform: Platform, subject: Subject, session_id: UUID) -> None:
    """End a session before its last case."""
    with platform.database.transaction(platform.tenant) as tx:
        session = store.get_session(tx, session_id, lock=True)
        _check_reader(tx, subject, session)
        state = next_state(session.state, SessionEvent.GIVE_UP)
        store.update_session(tx, session_id, state, ended_at=platform.clock.now())


def show_session(platform: Platform, subject: Subject, session_id: UUID) -> SessionView:
    """Return the session with the signed reports of what was answered."""
    with platform.database.read(platform.tenant) as tx:
        session = store.get_session(tx, session_id)
        _check_reader(tx, subject, session)
        cases = tuple(store.list_cases(tx, session_id))
        signed = {case.case_id: _signed(tx, case) for case in cases if case.answer is not None}
    return SessionView(session=session, cases=cases, score=score(cases), signed=signed)


def show_case(platform: Platform, subject: Subject, case_id: UUID) -> tuple[SessionView, TrainingCase]:
    """Return a case with the session it belongs to."""
    with platform.database.read(platform.tenant) as tx:
        session_id = open_case(tx, subject, case_id).session_id
    view = show_session(platform, subject, session_id)
    return view, next(case for case in view.cases if case.case_id == case_id)


def list_sessions(platform: Platform, subject: Subject) -> list[tuple[TrainingSession, int, int, int]]:
    """Return the reader's own sessions, the latest first, with numbers of cases, answers and right answers."""
    with platform.database.read(platform.tenant) as tx:
        authorise(tx, subject, Action.TRAIN)
        return store.list_sessions(tx, _reader(subject))


def open_case(tx: Connection, subject: Subject, case_id: UUID) -> TrainingCase:
    """Return a case to its own reader; NotFound for everybody else."""
    case = store.get_case(tx, case_id)
    _check_reader(tx, subject, store.get_session(tx, case.session_id))
    return case


def _signed(tx: Connection, case: TrainingCase) -> SignedAnswer:
    version = get_version(tx, case.version_id)
    patient = get_patient(tx, get_study(tx, case.study_uid).patient_id)
    traits = patient.demographics
    names = (traits.family_name, traits.given_names, traits.birth_family_name, traits.birth_given_names, version.signer_name)
    return SignedAnswer(
        findings=struck(version.body.findings, names),
        conclusion=struck(version.body.conclusion, names),
        addenda=struck(version.body.addendum, names),
    )


def _check_reader(tx: Connection, subject: Subject, session: TrainingSession) -> None:
    authorise(tx, subject, Action.TRAIN)
    if session.reader_id != subject.user_id:
        raise NotFound("There is no such session.")


def _reader(subject: Subject) -> UUID:
    if subject.user_id is None:
        raise Forbidden("Only a person trains.", reason="not_a_person")
    return subject.user_id
