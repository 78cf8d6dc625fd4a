"""Keep what the studies show of a patient in step with the identity on record."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection

from negatoscope.archive import store
from negatoscope.archive.corrections.marks import mark_corrected
from negatoscope.archive.study_store import list_studies_of_patient
from negatoscope.patients.store import get_patient
from negatoscope.platform.events import Event, publish
from negatoscope.platform.reactions import Reaction
from negatoscope.platform.runtime import Platform


def _follow(_: Platform, tx: Connection, event: Event) -> None:
    patient = get_patient(tx, UUID(event.subject))
    for study in list_studies_of_patient(tx, patient.patient_id):
        store.update_patient(tx, study.study_uid, patient, accession_number=None)
        mark_corrected(tx, study.study_uid)
        publish(tx, "study_updated", subject=study.study_uid, payload={"study_uid": study.study_uid})


FOLLOW_PATIENT = Reaction(
    name="archive.follow_patient", kinds=frozenset({"patient_edited", "patient_completed"}), handle=_follow
)
