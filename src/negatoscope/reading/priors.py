"""Find the earlier studies that help to read one, and say why."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from negatoscope.access.actions import Action
from negatoscope.access.authorisation import authorise
from negatoscope.access.model import Subject
from negatoscope.archive.model import Study
from negatoscope.archive.studies import get_study, list_studies_of_patient
from negatoscope.dose.store import list_sides
from negatoscope.orders.lookup import procedures_for_studies
from negatoscope.orders.model import RequestedProcedure
from negatoscope.reading.relevance import Prior, SeriesFacts, StudyFacts, choose_priors
from negatoscope.reading.store import list_image_series
from negatoscope.reporting.reports import latest_versions

MOST_CANDIDATES = 60


def find_priors(tx: Connection, subject: Subject, study_uid: str) -> list[Prior]:
    """Return the priors to show beside a study, best first, each with its score and the reasons for it."""
    study = get_study(tx, study_uid)
    authorise(tx, subject, Action.VIEW_IMAGES, patient_id=study.patient_id, study_uid=study_uid)
    others = [one for one in list_studies_of_patient(tx, study.patient_id) if one.study_uid != study_uid]
    candidates = others[:MOST_CANDIDATES]
    uids = [str(one.study_uid) for one in candidates]
    procedures = procedures_for_studies(tx, [study_uid, *uids])
    reported = latest_versions(tx, uids)
    images = list_image_series(tx, [study_uid, *uids])
    sides = list_sides(tx, [study_uid, *uids])

    def facts_of(one: Study) -> StudyFacts:
        uid = str(one.study_uid)
        return study_facts(one, images[uid], sides[uid], procedures.get(uid), has_report=uid in reported)

    facts = [facts_of(one) for one in candidates]
    current = facts_of(study)
    return choose_priors(current, facts)


def study_facts(
    study: Study,
    images: Sequence[SeriesFacts],
    image_sides: frozenset[str],
    procedure: RequestedProcedure | None,
    *,
    has_report: bool,
) -> StudyFacts:
    """Return what relevance looks at: the first series with images speaks for the study, its images for the side."""
    sides = set(image_sides) or {one.laterality for one in images if one.laterality in {"R", "L", "B"}}
    ordered = procedure.laterality.value if procedure is not None and procedure.laterality is not None else ""
    return StudyFacts(
        study_uid=study.study_uid,
        study_date=study.study_date,
        modality=images[0].modality if images else "",
        body_part=next((one.body_part for one in images if one.body_part), ""),
        laterality=ordered or (sides.pop() if len(sides) == 1 else "B" if sides == {"R", "L"} else ""),
        procedure=f"{procedure.code}^{procedure.code_scheme}" if procedure is not None else "",
        has_report=has_report,
    )
