"""Whether a study came from elsewhere because we asked for it, and whose it then is: what the rest of the house must know."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection

from negatoscope.archive.prefetch import store
from negatoscope.archive.sent_identity import demographics_of
from negatoscope.formats.dicom.attributes import InstanceAttributes
from negatoscope.patients.model import differing_traits
from negatoscope.patients.store import get_patient


def is_fetched(tx: Connection, study_uid: str) -> bool:
    """Tell whether a study is one that we asked another archive for: not work of this house, to be read or counted here."""
    return store.find_fetch(tx, study_uid) is not None


def expected_patient(tx: Connection, attributes: InstanceAttributes) -> UUID | None:
    """Return for whom this study was asked for, if what the object says is what the other archive said of that patient.

    An object that names somebody else takes the usual way, on which identities are compared and doubts are flagged.
    """
    fetch = store.find_fetch(tx, attributes.study_instance_uid)
    if fetch is None or attributes.patient_id != fetch.sent_patient_id:
        return None
    known = get_patient(tx, fetch.patient_id).demographics
    told = demographics_of(attributes)
    is_told = bool(told.family_name) and told.birth_date is not None
    return fetch.patient_id if is_told and not differing_traits(known, told) else None
