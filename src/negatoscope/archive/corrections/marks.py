"""Which studies are given out as the archive knows them rather than as they were sent."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select, update
from sqlalchemy.dialects.postgresql import insert as insert_or_update

from negatoscope.archive.corrections.tables import corrected_studies
from negatoscope.archive.tables import series, studies


class CorrectedStudy(NamedTuple):
    """What the objects of a corrected study are to say."""

    study_uid: str
    patient_name: str
    patient_identifier: str
    patient_issuer: str
    patient_birth_date: Any
    patient_sex: str
    accession_number: str
    corrected_at: datetime


def mark_corrected(tx: Connection, study_uid: str) -> None:
    """Give the objects of this study out as its rows say, from now on; what was computed of them is made again."""
    statement = insert_or_update(corrected_studies).values(study_uid=study_uid, corrected_at=func.now())
    tx.execute(statement.on_conflict_do_update(constraint="corrected_studies_pkey", set_={"corrected_at": func.now()}))
    tx.execute(update(series).where(series.c.study_uid == study_uid).values(revision=series.c.revision + 1))


def find_corrected(tx: Connection, study_uid: str) -> CorrectedStudy | None:
    """Return what the objects of a study are to say, None where they are given out as sent."""
    same = corrected_studies.c.study_uid == studies.c.study_uid
    columns = [studies.c[name] for name in CorrectedStudy._fields[:-1]]
    query = select(*columns, corrected_studies.c.corrected_at).join(corrected_studies, same)
    row = tx.execute(query.where(studies.c.study_uid == study_uid)).one_or_none()
    return CorrectedStudy._make(row) if row is not None else None
