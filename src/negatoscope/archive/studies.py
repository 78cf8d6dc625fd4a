"""Studies as the other areas see them: read, listed, attached to another patient."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection

from negatoscope.archive import store
from negatoscope.archive.corrections.marks import mark_corrected
from negatoscope.archive.retention import store as retention_store
from negatoscope.archive.study_store import (
    find_instance,
    get_study,
    list_instances,
    list_known_instances,
    list_series,
    list_studies,
    list_studies_of_patient,
)
from negatoscope.patients.store import get_patient
from negatoscope.platform.errors import Conflict
from negatoscope.platform.events import publish

__all__ = [
    "attach_to_patient",
    "find_instance",
    "get_study",
    "list_instances",
    "list_known_instances",
    "list_series",
    "list_studies",
    "list_studies_of_patient",
]


def attach_to_patient(tx: Connection, study_uid: str, patient_id: UUID, *, accession_number: str | None = None) -> bool:
    """Make the study that of this patient, in every query; the objects stay as sent. False when it was so already.

    `accession_number` is that of the order, for a modality that sent none. The caller says who did it, in the trail.
    Conflict where a legal hold on the patient keeps the study.
    """
    study = get_study(tx, study_uid)
    is_named = study.accession_number != "" or not accession_number
    if study.patient_id == patient_id and is_named:
        return False
    if retention_store.loses_hold(tx, study, to_study_uid=study_uid, to_patient_id=patient_id):
        raise Conflict("A legal hold keeps this study.", reason="legal_hold")
    patient = get_patient(tx, patient_id)
    store.update_patient(tx, study.study_uid, patient, accession_number=None if is_named else accession_number)
    if study.patient_id != patient_id:
        mark_corrected(tx, study_uid)
    publish(tx, "study_updated", subject=study_uid, payload={"study_uid": study_uid})
    return True
