"""The results of a referring physician: the studies of the patients in the own care, with their signed reports."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Subject
from negatoscope.archive.model import Study
from negatoscope.archive.studies import list_studies
from negatoscope.reporting.model import ReportVersion
from negatoscope.reporting.reports import latest_versions
from negatoscope.sharing import store


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One study of a patient in care, and its latest signed version; None while nothing is signed."""

    study: Study
    version: ReportVersion | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultPage:
    """Some results, the newest first, and the key to ask for the next ones with (None at the end)."""

    results: tuple[Result, ...]
    next_after: store.StudyKey | None


def list_results(tx: Connection, subject: Subject, *, after: store.StudyKey | None = None, limit: int = 50) -> ResultPage:
    """Return the studies of the patients whom the subject may find, the last received first."""
    authorise(tx, subject, Action.READ_FINAL_REPORT)
    keys = store.list_visible_studies(tx, subject, after=after, limit=limit + 1)
    uids = [key.study_uid for key in keys[:limit]]
    studies = {str(study.study_uid): study for study in list_studies(tx, uids)}
    signed = latest_versions(tx, uids)
    results = tuple(Result(study=studies[uid], version=signed.get(uid)) for uid in uids if uid in studies)
    return ResultPage(results=results, next_after=keys[limit - 1] if len(keys) > limit else None)
