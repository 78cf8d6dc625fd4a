"""Read what another archive says of a study; what it says wrongly says nothing. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from negatoscope.archive.prefetch.model import RemoteStudy
from negatoscope.formats.dicom.uids import is_uid
from negatoscope.formats.dicom.values import parse_date, parse_integer
from negatoscope.patients.model import Demographics, Sex
from negatoscope.platform.errors import InvalidInput


def remote_study(values: Mapping[str, str]) -> RemoteStudy | None:
    """Return the study that these values describe, by keyword as DICOM writes them; None without an identifier or a name."""
    study_uid = values.get("StudyInstanceUID", "").strip(" \0")
    if not is_uid(study_uid):
        return None
    group = next((part for part in values.get("PatientName", "").split("=") if part.strip(" ^")), "")
    family, _, given = group.partition("^")
    sexes = {"M": Sex.MALE, "F": Sex.FEMALE, "O": Sex.OTHER}
    try:
        demographics = Demographics(
            family_name=family,
            given_names=" ".join(given.split("^")[:2]),
            birth_date=parse_date(values.get("PatientBirthDate", "").strip()),
            sex=sexes.get(values.get("PatientSex", "").strip(), Sex.UNKNOWN),
        )
    except InvalidInput:
        return None
    return RemoteStudy(
        study_uid=study_uid,
        patient_identifier=values.get("PatientID", "").strip(),
        patient_issuer=values.get("IssuerOfPatientID", "").strip(),
        demographics=demographics,
        study_date=parse_date(values.get("StudyDate", "").strip()),
        modalities=tuple(part.strip() for part in values.get("ModalitiesInStudy", "").split("\\") if part.strip()),
        objects=parse_integer(values.get("NumberOfStudyRelatedInstances", "").strip()),
    )
